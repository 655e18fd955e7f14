"""The auditor in another account than the archive: rounds of the real one over three accounts of the emulator, each of whose calls is judged by the policies of
the account that it is made in, and of the one that it is made from."""
import pytest

from road.elsewhere import ElsewhereRoad
from road.road import account_of, travelled
from test_whole_road import notices_one_too_many_and_one_too_few
from test_whole_road_auditor import has_fetched_what_nobody_announced, rounds_come_to_their_end

ROLES = {"its task role": "auditor_role_arn", "its role at the archive": "access_role_arn", "its role at the organization": "organization_role_arn"}
roles = pytest.mark.parametrize("output", ROLES.values(), ids=ROLES)


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    with travelled(ElsewhereRoad, tmp_path_factory.mktemp("elsewhere")) as there:
        yield there


def test_its_rounds_come_to_their_end_and_have_fetched_what_nobody_announced(road):
    rounds_come_to_their_end(road)
    has_fetched_what_nobody_announced(road)
    assert road.exit_codes == [0, 0, 0]


def test_it_asks_with_three_roles_and_each_for_what_is_in_its_account(road):
    assert set(road.asked_as) == {road.outputs[output] for output in ROLES.values()}
    of_service = {output: {call.service for call in road.asked_as[road.outputs[output]]} for output in ROLES.values()}
    assert of_service == {
        "auditor_role_arn": {"cloudtrail", "kms", "sns", "sqs", "sts"}, "access_role_arn": {"dynamodb", "s3", "sqs"}, "organization_role_arn": {"account", "organizations"},
    }
    assert account_of(road.outputs["auditor_role_arn"]) != account_of(road.outputs["access_role_arn"])


@roles
def test_policies_of_both_sides_allow_each_call_that_was_made(road, output):
    role = road.outputs[output]
    refused = road.refused(role, road.audit_requests(role))
    assert not refused, refused


@roles
def test_no_policy_has_an_action_that_no_call_needs(road, output):
    role = road.outputs[output]
    left = road.unneeded(role, road.audit_requests(role))
    assert not left, left


@roles
def test_the_proof_notices_an_action_too_many_and_one_too_few(road, output):
    notices_one_too_many_and_one_too_few(road, road.outputs[output], road.audit_requests(road.outputs[output]))


def test_attestations_are_signed_with_the_key_of_its_own_account(road):
    signed = {call.body["KeyId"] for call in road.asked_as[road.task_role] if call.headers.get("x-amz-target") == "TrentService.Sign"}
    assert signed == {road.outputs["attest_key_arn"]} and account_of(road.outputs["attest_key_arn"]) == road.AUDITOR
    assert road.s3.list_objects_v2(Bucket=road.outputs["archive_bucket_name"], Prefix="attest/").get("Contents")
