"""The metric filters of the observability module read fields that the collector writes."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_every_field_that_a_filter_reads_is_in_the_line_of_the_minute():
    line = (ROOT / "services/collector/src/metrics/minute.rs").read_text()
    written = set(re.findall(r"^\s+(\w+) = (?:since|stands)\(", line, re.MULTILINE))
    module = (ROOT / "infra/terraform/modules/observability/main.tf").read_text()
    block = re.search(r"fields = \{\n(.*?)\n  \}", module, re.DOTALL).group(1)
    read = set(re.findall(r"^\s+(\w+)\s+=", block, re.MULTILINE))
    assert read and read == written
    message = re.search(r'"(the [a-z ]+)"\n\s+\);', line).group(1)
    assert f'$.message = \\"{message}\\"' in module


def test_every_field_that_a_filter_of_the_auditor_reads_is_in_its_line_of_the_round():
    sources = {path: path.read_text() for path in (ROOT / "services/auditor/src").rglob("*.rs")}
    [line] = [text for path, text in sources.items() if re.search(r'"the last round"\s*,?\s*\);', text) and "outcome" in text]
    module = (ROOT / "infra/terraform/modules/observability/auditor.tf").read_text()
    block = re.search(r"round_fields = \{\n(.*?)\n  \}", module, re.DOTALL).group(1)
    read = set(re.findall(r"^\s+(\w+)\s+=", block, re.MULTILINE))
    assert read and not [field for field in read if not re.search(rf"\b{field}\b", line)]
    assert '$.message = \\"the last round\\"' in module
