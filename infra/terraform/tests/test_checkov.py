"""checkov finds nothing in the complete example but what checkov-skips.toml names, with a reason each."""
import fnmatch
import json
import pathlib
import subprocess
import tomllib

import pytest

import terraform
from conftest import EXAMPLES, STACKS, TESTS, not_run

CHECKOV = terraform.WORK / "checkov/bin/checkov"
SKIPS = TESTS / "checkov-skips.toml"
COMPLETE = [path for path in EXAMPLES if path.name == "complete"]


def read_skips():
    skips = tomllib.loads(SKIPS.read_text()).get("skip", [])
    for skip in skips:
        assert set(skip) == {"check", "resource", "reason"} and len(skip["reason"]) > 20, f"{skip}: check, resource (a pattern) and reason"
    return skips


@pytest.fixture(scope="module")
def findings(directory, applied, tmp_path_factory):
    """{(check, address): what checkov says} of the complete example, planned on its own state, so that everything in it is known"""
    if not COMPLETE:
        not_run("there is no examples/complete")
    if not CHECKOV.exists():
        not_run("checkov is not installed: scripts/setup_infra.sh")
    path = COMPLETE[0]
    applied(path)
    plan = tmp_path_factory.mktemp("checkov") / "plan.json"
    plan.write_text(json.dumps(directory(path).plan()))
    return scan(plan)


def scan(plan: pathlib.Path):
    command = [CHECKOV, "--file", plan, "--framework", "terraform_plan", "--compact", "--quiet", "--skip-download", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=plan.parent)
    assert done.returncode in (0, 1) and done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report.get("summary", {}).get("passed", 0) > 0, f"checkov looked at nothing: {done.stdout[:500]}"
    return {(check["check_id"], check["resource"]): check["check_name"] for check in report["results"]["failed_checks"]}


def covers(skip, finding):
    check, resource = finding
    return check == skip["check"] and fnmatch.fnmatchcase(resource.replace("[", "("), skip["resource"].replace("[", "("))


def test_checkov_finds_nothing_that_is_not_explained(findings):
    unexplained = [f"{check} {resource}: {name}" for (check, resource), name in sorted(findings.items()) if not any(covers(s, (check, resource)) for s in read_skips())]
    assert not unexplained, "\n".join(unexplained)


def test_every_explanation_is_still_needed(findings):
    idle = [f"{skip['check']} {skip['resource']}" for skip in read_skips() if not any(covers(skip, finding) for finding in findings)]
    assert not idle, "take these out of checkov-skips.toml"


def test_checkov_sees_what_is_wrong(directory, applied, tmp_path):
    """The scan itself works: the small fixture lacks what checkov asks of a bucket."""
    if not CHECKOV.exists():
        not_run("checkov is not installed: scripts/setup_infra.sh")
    path = TESTS / "fixtures/example"
    applied(path)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(directory(path).plan()))
    assert ("CKV_AWS_21", "aws_s3_bucket.this") in scan(plan)
