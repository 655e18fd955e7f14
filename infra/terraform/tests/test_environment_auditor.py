"""The module `auditor` and `trailkeep-auditor --help` name the same variables, and the program takes what the module gives it."""
import json
import os
import pathlib
import re
import subprocess

import pytest

import terraform
from conftest import not_run
from test_environment import PREFIX, ROOT, names_in

MODULE = ROOT / "infra/terraform/modules/auditor"
KEY = "arn:aws:kms:us-east-1:111122223333:key/{:08}-0000-0000-0000-000000000000"

# Everything that the module can be given, so that it sets everything that it can set.
INPUTS = {
    "archive": {"bucket_name": "audit", "prefix": "org/one"},
    "ledger_url": "dynamodb://trailkeep-ledger",
    "access": {"role": {"arn": "arn:aws:iam::111122223333:role/trailkeep/trailkeep-auditor", "external_id": "trailkeep-1"}},
    "heal_queue_url": "https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep",
    "announcements": {"topic_arn": "arn:aws:sns:us-east-1:111122223333:trailkeep-landed"},
    "sources": {
        "buckets": [{"name": "org-logs", "account_id": "444455556666"}, {"name": "a-replica", "account_id": "444455556666", "replicates": "other-logs"}],
        "role": {"arn": "arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader", "external_id": "trailkeep-2"},
        "region": "eu-west-1",
    },
    "look_into_log_buckets": True,
    "organization": {"role_arn": "arn:aws:iam::999999999999:role/trailkeep/trailkeep-organization", "external_id": "trailkeep-3"},
    "attest_key_arn": KEY.format(9),
    "former_attest_key_arns": [KEY.format(7), KEY.format(8)],
    "archive_name": "Example Corp",
    "heads": {"bucket_name": "heads", "account_id": "777788889999", "prefix": "audit", "role_arn": "arn:aws:iam::777788889999:role/heads", "external_id": "trailkeep-4"},
    "kms_key_arns": {name: KEY.format(number) for number, name in enumerate(["raw", "queue", "logs"])},
    "object_lock_mode": "governance",
    "object_lock_days": 2557,
    "network": {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]},
}
# The only one that goes with no other way to ask Organizations.
INSTEAD = {"without_organization"}


@pytest.fixture(scope="module", name="auditor")
def auditor_binary():
    trailkeep = pathlib.Path(os.environ.get("TRAILKEEP_BIN") or ROOT / "target/debug/trailkeep")
    program = trailkeep.parent / "trailkeep-auditor"
    return program if program.exists() else not_run(f"no {program}: run make build, or name trailkeep in TRAILKEEP_BIN")


@pytest.fixture(scope="module", name="helped")
def variables_of_the_help(auditor):
    text = subprocess.run([auditor, "--help"], env={}, capture_output=True, text=True, check=True).stdout
    names = {name.lower() for name in re.findall(rf"\[env: {PREFIX}([A-Z0-9_]+)", text)}
    assert names, "the help names no variables"
    return names


@pytest.fixture(scope="module", name="environment_with")
def environment_of_the_module(reattach, tmp_path_factory):
    """inputs besides → the environment that the module gives its tasks with them"""
    place = tmp_path_factory.mktemp("auditor")
    module = terraform.Directory(MODULE, reattach, data=place)
    module.init()

    def environment(**more):
        given = place / "inputs.tfvars.json"
        given.write_text(json.dumps({**INPUTS, **more}))
        return module.apply(f"-var-file={given}")["values"]["outputs"]["environment"]["value"]

    return environment


def said_by(refused):
    return " ".join(re.sub(r"[│╷╵]", " ", str(refused.value)).split())


def printed(auditor, environment):
    done = subprocess.run([auditor, "--print-config"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"the program refuses what the module gives it:\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def test_the_module_s_lists_are_those_of_the_arguments(environment_with):
    """Against the source, so that it is seen before the program is built."""
    source = (ROOT / "services/auditor/src/service/args.rs").read_text()
    known = {name.lower() for options in re.findall(r"#\[arg\((.*?)\)\]\n", source, re.DOTALL) if "hide = true" not in options
             for name in re.findall(rf'env = "{PREFIX}(\w+)"', options)}
    given = names_in(environment_with()) | INSTEAD
    assert given <= known, f"set by the module and no option: {sorted(given - known)}"
    with pytest.raises(terraform.Refused) as refused:
        environment_with(options={"no_such_option": "1"})
    told = re.search(r"does not know no_such_option\. It knows ([a-z0-9_, ]+)\.", said_by(refused))
    assert told and set(told.group(1).split(", ")) == known - given


def test_the_help_tells_of_the_same(helped, environment_with):
    with pytest.raises(terraform.Refused) as refused:
        environment_with(options={"no_such_option": "1"})
    told = re.search(r"does not know no_such_option\. It knows ([a-z0-9_, ]+)\.", said_by(refused))
    assert helped == names_in(environment_with()) | INSTEAD | set(told.group(1).split(", "))


def test_what_the_module_sets_is_no_option(environment_with):
    names = names_in(environment_with()) | INSTEAD
    with pytest.raises(terraform.Refused) as refused:
        environment_with(options={name: "1" for name in names})
    told = re.search(r"options: ([a-z0-9_, ]+) is set by this module", said_by(refused))
    assert told and set(told.group(1).split(", ")) == names


@pytest.mark.parametrize("more", [{}, {"organization": None, "heads": None, "attest_key_arn": None, "former_attest_key_arns": []}], ids=["everything", "little"])
def test_the_program_takes_the_module_s_environment_as_it_is(auditor, environment_with, more):
    environment = environment_with(**more)
    config = printed(auditor, environment)
    want = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if not name.endswith("EXTERNAL_ID")}
    assert {name: config[name] for name in want} == want
