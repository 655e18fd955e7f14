"""What one stack puts out is what the other takes, under the same names."""
import json
import re

import pytest

import hcl
import terraform
from account import MANAGEMENT_ACCOUNT_ID
from conftest import EXAMPLES, TERRAFORM, short

MANAGEMENT = TERRAFORM / "stacks/management-account"
VARIABLES = {block.labels[0]: block for block in hcl.read(MANAGEMENT) if block.kind == "variable"}
# `create_trail` is among them where there is a trail already.
FROM_THE_AUDIT_ACCOUNT = {"organization_id", "audit_account_id", "log_bucket_name", "trail_kms_key_arn", "trail_name", "trail_arn", "key_prefix", "excluded_bucket_arns", "auditor", "protected_role_arns", "protected_topic_arns"}


def outputs_of(state):
    return {name: output["value"] for name, output in state["values"]["outputs"].items()}


@pytest.fixture(scope="module")
def handed_over(applied):
    return outputs_of(applied(TERRAFORM / "examples/minimal"))["for_management_account"]


def test_what_is_handed_over_are_inputs_of_the_management_account(handed_over):
    assert set(handed_over) == FROM_THE_AUDIT_ACCOUNT
    assert set(handed_over) <= set(VARIABLES)
    assert {name for name, block in VARIABLES.items() if block.attribute("default") is None} <= set(handed_over), "what it cannot do without"
    assert None not in handed_over.values()


def test_the_management_account_takes_it_as_it_is(handed_over, tmp_path):
    given = tmp_path / "audit-account.auto.tfvars.json"
    given.write_text(json.dumps(handed_over))
    with terraform.provider(STUB_AWS_ACCOUNT=MANAGEMENT_ACCOUNT_ID) as reattach:
        stack = terraform.Directory(MANAGEMENT, reattach, tmp_path)
        stack.init()
        planned = stack.plan(f"-var-file={given}")
    trail, = (change["change"]["after"] for change in planned["resource_changes"] if change["type"] == "aws_cloudtrail")
    assert (trail["s3_bucket_name"], trail["kms_key_id"]) == (handed_over["log_bucket_name"], handed_over["trail_kms_key_arn"])
    assert (trail["name"], planned["planned_values"]["outputs"]["home_region"]["value"]) == (handed_over["trail_name"], handed_over["trail_arn"].split(":")[3])


@pytest.mark.parametrize("path", [path for path in EXAMPLES if "stacks/management-account" in (path / "main.tf").read_text()], ids=short)
def test_examples_hand_over_all_of_it(path):
    module, = (block for block in hcl.read(path) if block.kind == "module" and block.text("source").endswith("stacks/management-account"))
    found = dict(re.findall(r"^  (\w+) += module\.audit_account\.for_management_account\.(\w+)$", module.body, re.M))
    assert found == {name: name for name in FROM_THE_AUDIT_ACCOUNT}


@pytest.mark.parametrize("path", [TERRAFORM / "README.md", *TERRAFORM.glob("stacks/*/README.md"), *TERRAFORM.glob("examples/*/README.md")], ids=short)
def test_no_readme_picks_outputs_by_hand(path):
    assert not re.search(r"jq .*log_bucket_name", path.read_text()), "for_management_account has them all"
