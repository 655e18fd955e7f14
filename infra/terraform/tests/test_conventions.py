"""What DESIGN.md asks of each module, and what must not be in the repository."""
import pathlib
import re
import subprocess

import pytest

import hcl
import schema
import tfdoc
from conftest import EXAMPLES, FIXTURES, MODULES, STACKS, TERRAFORM, TESTS, short

DOCUMENTED = MODULES + STACKS
ALL = DOCUMENTED + EXAMPLES + FIXTURES
MOST_LINES = 400
FILES = ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md")
modules = pytest.mark.parametrize("path", MODULES, ids=short)
documented = pytest.mark.parametrize("path", DOCUMENTED, ids=short)
everywhere = pytest.mark.parametrize("path", ALL, ids=short)


def variables_of(found):
    return {block.labels[0] for block in found if block.kind == "variable"}


def terraform_files(path):
    return sorted(path.glob("*.tf")) + sorted(path.glob("tests/*.tftest.hcl"))


@documented
def test_has_its_files(path):
    wanted = [*FILES, *(["policies.tf"] if "data.aws_iam_policy_document" in hcl.types_of(hcl.read(path)) else [])]
    missing = [name for name in wanted if not (path / name).exists()]
    assert not missing
    assert path in STACKS or list(path.glob("tests/*.tftest.hcl")), "a module has tests of its own"


@documented
def test_readme_is_up_to_date_and_inputs_and_outputs_are_described(path):
    wrong = tfdoc.check(path, write=False)
    assert not wrong, "\n".join(wrong)


@documented
def test_readme_says_something_in_prose(path):
    prose = (path / "README.md").read_text().split(tfdoc.BEGIN)[0]
    assert len(prose.splitlines()) > 10 and "```" in prose, "what it makes, costs and protects, and an example of its use"


@modules
def test_takes_tags_where_there_is_something_to_tag(path):
    found = hcl.read(path)
    taggable = [name for name in hcl.types_of(found) if "tags" in schema.RESOURCES.get(name, {"attributes": ()})["attributes"]]
    assert not taggable or "tags" in variables_of(found)


@modules
def test_takes_a_name_or_that_of_its_bucket(path):
    assert variables_of(hcl.read(path)) & {"name", "bucket_name"}


@modules
def test_takes_path_and_boundary_of_its_roles(path):
    found = hcl.read(path)
    assert "aws_iam_role" not in hcl.types_of(found) or {"permissions_boundary", "role_path"} <= variables_of(found)


@documented
def test_brings_no_provider_and_no_backend(path):
    found = hcl.read(path)
    assert not [block for block in found if block.kind == "provider"]
    assert not [block for block in found if block.kind == "terraform" and re.search(r"^  (backend|cloud)\b", block.body, re.M)]


@everywhere
def test_needs_no_provider_but_aws(path):
    found = hcl.read(path)
    assert hcl.provider_requirements(found) in ({"aws": ("hashicorp/aws", ">= 6.25, < 7.0")}, {}) or path in MODULES
    assert {source for source, _ in hcl.provider_requirements(found).values()} <= {"hashicorp/aws"}
    assert not [name for name in hcl.types_of(found) if not name.removeprefix("data.").startswith("aws_")]
    sources = [block.text("source") for block in found if block.kind == "module"]
    assert all(source.startswith(("./", "../")) for source in sources), "a module from elsewhere is fetched when it is applied"


@everywhere
def test_knows_more_partitions_than_one(path):
    named = [f"{file.name}:{number}" for file in sorted(path.glob("*.tf"))
             for number, line in enumerate(file.read_text().splitlines(), 1) if "arn:aws:" in line and path not in EXAMPLES + FIXTURES
             and not re.match(r"\s*(#|description|error_message)", line)]
    assert not named, "build ARNs with data.aws_partition"


@everywhere
def test_files_can_be_read_in_one_go(path):
    long = [f"{file.name}: {count} lines" for file in terraform_files(path) if (count := len(file.read_text().splitlines())) > MOST_LINES]
    assert not long


def test_harness_files_can_be_read_in_one_go():
    files = [path for path in TESTS.rglob("*.py") if "__pycache__" not in path.parts]
    assert not [path.name for path in files if len(path.read_text().splitlines()) > MOST_LINES]


def test_no_lock_file_state_or_plan_is_tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TERRAFORM, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stderr
    kept_out = re.compile(r"\.terraform\.lock\.hcl|terraform\.tfstate.*|.*\.tfstate(\..*)?|.*\.tfplan|crash\.log")
    tracked = [name for name in listed.stdout.split("\0") if kept_out.fullmatch(pathlib.PurePath(name).name) or ".terraform" in pathlib.PurePath(name).parts]
    assert not tracked


def test_the_schema_holds_the_types_that_are_used_and_no_others():
    listed = {line.split("#")[0].strip() for line in (TESTS / "harness/types.txt").read_text().splitlines()} - {""}
    used = set().union(*(hcl.types_of(hcl.blocks(file.read_text())) for path in ALL for file in path.rglob("*.tf")))
    assert used - listed == set(), "add these to harness/types.txt"
    assert listed - used == set(), "take these out of harness/types.txt"
