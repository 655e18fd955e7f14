"""The auditor's part of the whole road: its rounds in the environment that the stack tells it, and what its policy lets it do: that, and nothing else."""
import json

import pytest

from test_whole_road import notices_one_too_many_and_one_too_few


@pytest.fixture(name="role")
def role_of_the_auditor(road):
    return road.outputs["auditor_role_arn"]


def test_its_rounds_come_to_their_end(road):
    rounds_come_to_their_end(road)


def rounds_come_to_their_end(road):
    for name, codes in (("as-told", {2}), ("as-told-again", {2}), ("with-keys", {0, 1})):
        code, said = road.rounds[name]
        assert code in codes and '"the last round"' in said, f"{name}: {code}\n{said}"
    # moto does not know ListPublicKeys: that step fails, and no other.
    steps = {name: json.loads(line)["fields"].get("steps_failed") for name, (_, said) in road.rounds.items() for line in said.splitlines() if '"the last round"' in line}
    assert steps["as-told"] == "keys" and not steps["with-keys"], steps


def test_it_has_fetched_what_nobody_announced(road):
    has_fetched_what_nobody_announced(road)


def has_fetched_what_nobody_announced(road):
    assert road.asked_for == 1
    changes = road.query(f"SELECT change FROM findings WHERE key = '{road.unannounced}' AND name LIKE 'missing%' ORDER BY at")
    assert [row["change"] for row in changes] == ["opened", "healing", "healed"]


def test_its_policy_allows_each_call_that_was_made_and_no_other_policy_stands_in_its_way(road, role):
    judge, requests = road.judge(role), road.audit_requests(role)
    # What is asked for in another account is decided there, too: by stacks/management-account, which test_auditor_elsewhere.py applies.
    elsewhere = [request for request in requests if request.action == "sts:AssumeRole"]
    assert elsewhere and all(judge.of_role(request)[0] == "allow" for request in elsewhere)
    refused = road.refused(role, [request for request in requests if request not in elsewhere])
    assert not refused, refused


def test_its_policy_has_no_action_that_no_call_needs(road, role):
    left = road.unneeded(role, road.audit_requests(role))
    assert not left, left


def test_the_proof_notices_an_action_too_many_and_one_too_few(road, role):
    notices_one_too_many_and_one_too_few(road, role, road.audit_requests(role))


def test_it_does_in_its_rounds_what_its_policy_is_for(road, role):
    """Or the policy would be judged by calls that are not the ones that matter."""
    made = {request.call for request in road.audit_requests(role)}
    assert {"ListPublicKeys", "AssumeRole", "GetObject", "ListObjectsV2", "PutObject", "UpdateItem", "Sign", "GetPublicKey", "ReceiveMessage"} <= made, sorted(made)
    written = {call.path.lstrip("/").partition("/")[2].partition("/")[0] for call in road.at_audit.calls if call.service == "s3" and call.method == "PUT"}
    assert written == {"findings", "keys", "outcomes", "attest", "accounts"}, sorted(written)
