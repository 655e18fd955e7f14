"""The module `collector` and `trailkeep-collector --help` name the same variables, and the program takes what the module gives it."""
import json
import os
import pathlib
import re
import subprocess

import pytest

import terraform

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULE = ROOT / "infra/terraform/modules/collector"
PREFIX = "TRAILKEEP_"

# Everything that the module can be given, so that it sets everything that it can set.
INPUTS = {
    "queue": {"queue_url": "https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep", "queue_arn": "arn:aws:sqs:us-east-1:111122223333:trailkeep", "queue_name": "trailkeep"},
    "archive": {"bucket_name": "audit", "prefix": "org/one"},
    "ledger": {
        "table_name": "trailkeep", "table_arn": "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep",
        "index_arn": "arn:aws:dynamodb:us-east-1:111122223333:table/trailkeep/index/unfinished", "ledger_url": "dynamodb://trailkeep",
    },
    "topic_arn": "arn:aws:sns:us-east-1:111122223333:trailkeep-landed",
    "announce_digests": True,
    "sources": {
        "buckets": [
            {"name": "org-logs", "account_id": "444455556666", "kms_key_arn": "arn:aws:kms:eu-west-1:444455556666:key/11111111-2222-3333-4444-555555555555"},
            {"name": "a-replica", "account_id": "444455556666", "replicates": "other-logs"},
        ],
        "role": {"arn": "arn:aws:iam::444455556666:role/trailkeep/trailkeep-reader", "external_id": "trailkeep-1"},
        "region": "eu-west-1",
    },
    "organization_ids": ["o-exampleorg1"],
    "account_ids": ["999999999999", "111122223333"],
    "kms_key_arns": {
        name: f"arn:aws:kms:us-east-1:111122223333:key/{number:08}-0000-0000-0000-000000000000"
        for number, name in enumerate(["raw", "events-management", "events-data", "events-insight", "events-network", "events-aggregated", "queue", "table", "logs"])
    },
    "object_lock_mode": "governance",
    "object_lock_days": 2557,
    "network": {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]},
}

# Values for options that have no default.
EXAMPLES = {
    "aws_endpoint": "http://127.0.0.1:4566", "aws_max_attempts": "5", "landers": "2", "only_accounts": "111122223333,444455556666", "only_regions": "us-east-1,eu-west-1",
    "redact_paths": "requestParameters.password", "without_accounts": "999999999999", "without_regions": "eu-north-1",
}


@pytest.fixture(scope="module", name="collector")
def collector_binary():
    trailkeep = pathlib.Path(os.environ.get("TRAILKEEP_BIN") or ROOT / "target/debug/trailkeep")
    program = trailkeep.parent / "trailkeep-collector"
    if not program.exists():
        why = f"not run: no {program}: run make build, or name trailkeep in TRAILKEEP_BIN"
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(why)
    return program


@pytest.fixture(scope="module", name="helped")
def variables_of_the_help(collector):
    """Every variable that the program tells of, in lower case and without its prefix."""
    text = subprocess.run([collector, "--help"], env={}, capture_output=True, text=True, check=True).stdout
    names = {name.lower() for name in re.findall(rf"\[env: {PREFIX}([A-Z0-9_]+)", text)}
    assert names, "the help names no variables"
    return names


@pytest.fixture(scope="module", name="environment_with")
def environment_of_the_module(reattach, tmp_path_factory):
    """options → the environment that the module gives its tasks with them"""
    place = tmp_path_factory.mktemp("collector")
    module = terraform.Directory(MODULE, reattach, data=place)
    module.init()

    def environment(options):
        given = place / "inputs.tfvars.json"
        given.write_text(json.dumps({**INPUTS, "options": options}))
        state = module.apply(f"-var-file={given}")
        return state["values"]["outputs"]["environment"]["value"]

    return environment


@pytest.fixture(scope="module", name="given")
def environment_without_options(environment_with):
    return environment_with({})


def names_in(environment):
    return {name.removeprefix(PREFIX).lower() for name in environment}


def printed(collector, environment):
    """The configuration that the program finds in an environment; fails where it refuses one."""
    done = subprocess.run([collector, "--print-config"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"the program refuses what the module gives it:\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def options_of(collector, given, helped):
    """Every option that the module does not set, with its default or an example."""
    defaults = printed(collector, given)
    values = {name: defaults.get(name) or EXAMPLES.get(name) for name in helped - names_in(given)}
    lacking = sorted(name for name, value in values.items() if not value)
    assert not lacking, f"options without a default: give EXAMPLES a value for {', '.join(lacking)}"
    return values


def test_what_the_module_sets_is_what_the_program_knows(given, helped):
    assert all(name.startswith(PREFIX) for name in given)
    assert names_in(given) <= helped, f"set by the module and not in --help: {sorted(names_in(given) - helped)}"


def test_the_options_are_the_rest_of_the_help(given, helped, environment_with):
    with pytest.raises(terraform.Refused) as refused:
        environment_with({"no_such_option": "1"})
    said = " ".join(re.sub(r"[│╷╵]", " ", str(refused.value)).split())
    told = re.search(r"does not know no_such_option\. It knows ([a-z0-9_, ]+)\.", said)
    assert told, said
    assert set(told.group(1).split(", ")) == helped - names_in(given)


def test_what_the_module_sets_is_no_option(given, environment_with):
    with pytest.raises(terraform.Refused) as refused:
        environment_with({name: "1" for name in names_in(given)})
    said = " ".join(re.sub(r"[│╷╵]", " ", str(refused.value)).split())
    told = re.search(r"options: ([a-z0-9_, ]+) is set by this module", said)
    assert told and set(told.group(1).split(", ")) == names_in(given), said


def test_the_program_takes_the_module_s_environment_as_it_is(collector, given):
    config = printed(collector, given)
    assert config.pop("source_external_id") == "redacted"
    want = {name.removeprefix(PREFIX).lower(): value for name, value in given.items() if name != f"{PREFIX}SOURCE_EXTERNAL_ID"}
    assert {name: config[name] for name in want} == want
    assert config["landers_in_use"] > 0, "the settings contradict each other"


def test_the_program_takes_every_option_through_the_module(collector, given, helped, environment_with):
    options = options_of(collector, given, helped)
    environment = environment_with(options)
    assert names_in(environment) == helped
    config = printed(collector, environment)
    assert {name: config[name] for name in options} == options
    assert config["landers_in_use"] > 0, "the settings contradict each other"


def test_each_class_of_events_has_its_key(given):
    keys = dict(pair.rsplit("=", 1) for pair in given[f"{PREFIX}KMS_KEYS"].split(","))
    categories = ["management", "data", "insight", "network", "aggregated"]
    assert keys == {f"events/category={category}/": INPUTS["kms_key_arns"][f"events-{category}"] for category in categories}
    assert given[f"{PREFIX}KMS_KEY_ID"] == INPUTS["kms_key_arns"]["raw"]
