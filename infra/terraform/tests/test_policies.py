"""Policies as they are rendered: what they allow and refuse (scenarios/*.json), and that what they name exists."""
import re

import parliament
import pytest

import scenarios
from conftest import EXAMPLES, FIXTURES, TERRAFORM, TESTS, once, short
from policy_rules import as_list
from policy_world import documents_of

FILES = {path.stem: scenarios.read(path) for path in sorted((TESTS / "scenarios").glob("*.json"))}
PLAYED = [pytest.param(name, scenario, id=f"{name}: {scenario.name}") for name, file in FILES.items() for scenario in file.scenarios]
ROOTS = EXAMPLES + FIXTURES
roots = pytest.mark.parametrize("path", ROOTS, ids=short)

# IAM User Guide, "AWS global condition context keys".
GLOBAL_KEYS = {f"aws:{name}".lower() for name in (
    "CalledVia", "CalledViaFirst", "CalledViaLast", "CurrentTime", "MultiFactorAuthAge", "MultiFactorAuthPresent", "PrincipalAccount", "PrincipalArn",
    "PrincipalIsAWSService", "PrincipalOrgID", "PrincipalOrgPaths", "PrincipalServiceName", "PrincipalServiceNamesList", "PrincipalType", "RequestedRegion",
    "ResourceAccount", "ResourceOrgID", "ResourceOrgPaths", "SecureTransport", "SourceAccount", "SourceArn", "SourceIp", "SourceOrgID", "SourceOrgPaths",
    "SourceVpc", "SourceVpce", "TagKeys", "UserAgent", "ViaAWSService", "VpcSourceIp")}
TAG_KEYS = re.compile(r"aws:(PrincipalTag|RequestTag|ResourceTag)/.+", re.I)
# Condition keys in lower case that parliament's list does not have, and AWS does: each with the page that says so.
UNKNOWN_TO_PARLIAMENT = {}
MOST_INLINE_BYTES = 10240


@pytest.fixture(scope="module")
def stage(applied, resources):
    """name of a scenario file → what it is played on"""

    def of(name):
        root = TERRAFORM / FILES[name].root
        return scenarios.Stage(FILES[name], applied(root), resources(root))

    return once(of)


@pytest.mark.parametrize(("name", "scenario"), PLAYED)
def test_scenario(name, scenario, stage):
    verdict = stage(name).play(scenario)
    assert verdict.effect == scenario.expect, f"decided by {verdict.sid}"
    assert scenario.by in (None, verdict.sid)


def statements_of(documents):
    for address, document in documents.items():
        for statement in as_list(document["Statement"]):
            yield f"{address}: {statement.get('Sid')}", statement


@roots
def test_every_action_that_a_policy_names_exists(path, resources):
    unknown = []
    for where, statement in statements_of(documents_of(resources(path))):
        for action in as_list(statement.get("Action", statement.get("NotAction"))):
            try:
                assert action == "*" or parliament.expand_action(action)
            except (parliament.UnknownActionException, parliament.UnknownPrefixException, AssertionError):
                unknown.append(f"{where}: {action}")
    assert not unknown


def keys_of(action):
    """The condition keys that AWS fills in for an action, as patterns in lower case."""
    prefix, _, name = action.lower().partition(":")
    pattern = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."))
    for service in parliament.iam_definition:
        if service["prefix"] == prefix:
            for privilege in service["privileges"]:
                if pattern.fullmatch(privilege["privilege"].lower()):
                    yield from (key.lower() for kind in privilege["resource_types"] for key in kind["condition_keys"])


def is_known(key, actions):
    if key in GLOBAL_KEYS or TAG_KEYS.fullmatch(key) or key in UNKNOWN_TO_PARLIAMENT or "*" in actions:
        return True
    patterns = {re.sub(r"\\\$\\\{[^}]*\}|<[^>]*>", ".+", re.escape(known)) for action in actions for known in keys_of(action)}
    return any(re.fullmatch(pattern, key) for pattern in patterns)


@roots
def test_every_condition_key_belongs_to_an_action_of_its_statement(path, resources):
    unknown = []
    for where, statement in statements_of(documents_of(resources(path))):
        actions = as_list(statement.get("Action", ["*"]))
        for key in {key.lower() for keys in statement.get("Condition", {}).values() for key in keys}:
            if not is_known(key, actions):
                unknown.append(f"{where}: {key}")
    assert not unknown


def test_exceptions_to_parliament_are_still_needed():
    known = {key.lower() for service in parliament.iam_definition for p in service["privileges"] for kind in p["resource_types"] for key in kind["condition_keys"]}
    assert not known & set(UNKNOWN_TO_PARLIAMENT), "parliament has learned these: take them out of UNKNOWN_TO_PARLIAMENT"


@roots
def test_inline_policies_of_a_role_stay_within_its_quota(path, resources):
    sizes = {}
    for type_name, values in resources(path).values():
        if type_name == "aws_iam_role_policy":
            sizes[values["role"]] = sizes.get(values["role"], 0) + len(re.sub(r"\s", "", values["policy"]))
    assert not {role: size for role, size in sizes.items() if size > MOST_INLINE_BYTES}
