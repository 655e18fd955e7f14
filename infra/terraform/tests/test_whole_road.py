"""The whole road: what `terraform apply` of the audit account's stack makes, in an emulator; collectors in the environment that it tells; an organization's
trail into the log bucket that it made. The archive is complete, and the collectors' role may do what they did, and nothing else. How it is travelled, and what
is provoked on the way, stands in road/whole.py; the auditor's part of it in test_whole_road_auditor.py.
"""
import dataclasses
import json

import pytest

from road.calls import Calls, Unknown
from road.policies import Judge, listed

CATEGORIES = ("management", "data", "insight", "network", "aggregated")
ENCRYPTION = ("server-side-encryption", "server-side-encryption-aws-kms-key-id", "server-side-encryption-bucket-key-enabled")


@pytest.fixture(name="role")
def role_of_the_collectors(road):
    return road.outputs["task_role_arn"]


def test_every_delivered_object_is_in_the_archive_once_and_nothing_else_is(road):
    sources = road.query("SELECT bucket, key, count(*) AS n FROM sources GROUP BY ALL ORDER BY key")
    assert [(row["bucket"], row["key"], row["n"]) for row in sources] == [(road.organization.bucket, key, 1) for key in sorted(road.organization.files)]
    findings = {row["key"]: row["reason"] for row in road.query("SELECT reason, key FROM quarantine")}
    assert findings.pop(road.gone) == "object_missing" and list(findings) == [road.damaged]


def test_every_record_is_there_and_every_byte_comes_back(road):
    made = road.organization.made
    [[records]] = [list(row.values()) for row in road.query("SELECT sum(records) FROM sources WHERE quarantined = 0")]
    [[distinct]] = [list(row.values()) for row in road.query("SELECT count(DISTINCT record_hash) FROM events")]
    assert (records, distinct) == (made["records"], made["records"] - made["duplicates"])
    back = road.directory / "back"
    road.trailkeep("raw", "--archive", road.outputs["archive_url"], "--all", "--to", str(back))
    found = {str(file)[str(file).index("AWSLogs/"):]: file.read_bytes() for file in back.rglob("*.json.gz")}
    assert found == {key: file.read_bytes() for key, file in road.organization.files.items()}


def test_collectors_drain_and_leave_nothing_half_done(road):
    assert road.exit_codes == [0, 0, 0, 0]
    assert road.depth("dead_letter_queue_url") == 0
    bucket = road.outputs["archive_bucket_name"]
    assert "Contents" not in road.s3.list_objects_v2(Bucket=bucket, Prefix="staging/")
    assert "Uploads" not in road.s3.list_multipart_uploads(Bucket=bucket)


def test_tasks_have_the_environment_that_the_outputs_tell(road):
    [task] = road.applied.all("aws_ecs_task_definition")
    [container] = json.loads(task["container_definitions"])
    assert {entry["name"]: entry["value"] for entry in container["environment"]} == road.outputs["collector_environment"]


def test_every_object_is_begun_with_the_key_of_its_class_and_the_lock_of_its_prefix(road):
    keys, begun = road.outputs["key_arns"], set()
    for call in road.proxy.calls:
        bucket, _, key = call.path.lstrip("/").partition("/")
        if call.service != "s3" or not (call.query.get("x-id") == "PutObject" or "uploads" in call.query):
            continue
        prefix = "/".join(key.split("/")[: 2 if key.startswith("events/") else 1])
        begun.add(prefix)
        kms_key = keys[prefix.replace("events/category=", "events-") if prefix.startswith("events/") else "raw"]
        head = {name: call.headers.get(f"x-amz-{name}") for name in ENCRYPTION}
        assert (bucket, head) == (road.outputs["archive_bucket_name"], dict(zip(ENCRYPTION, ("aws:kms", kms_key, "true")))), str(call)
        locked = call.headers.get("x-amz-object-lock-mode"), "x-amz-object-lock-retain-until-date" in call.headers
        assert locked == (("GOVERNANCE", True) if prefix in ("raw", "digests", "sources") else (None, False)), str(call)
    assert begun == {"archive.json", "staging", "raw", "digests", "sources", "index", "quarantine"} | {f"events/category={name}" for name in CATEGORIES}


def test_the_roles_policy_allows_each_call_that_was_made_and_no_other_policy_stands_in_its_way(road, role):
    refused = road.refused(role, road.requests(role))
    assert not refused, refused


def test_the_roles_policy_has_no_action_that_no_call_needs(road, role):
    left = road.unneeded(role, road.requests(role))
    assert not left, left
    assert not [action for statement in road.judge(role).statements for action in listed(statement["Action"]) if "*" in action]


def test_a_call_that_the_table_does_not_have_is_noticed(road, role):
    stranger = dataclasses.replace(road.proxy.calls[0], service="s3", method="GET", path="/bucket/key", query={"acl": ""}, headers={})
    with pytest.raises(Unknown):
        list(Calls(road.world(role)).requests(stranger))


def test_the_proof_notices_an_action_too_many_and_one_too_few(road, role):
    notices_one_too_many_and_one_too_few(road, role, road.requests(role))


def notices_one_too_many_and_one_too_few(road, role, requests):
    """Of each action that a role's policy has: without it a call is refused. One that nobody needs is named."""
    judge, unseen = road.judge(role), {row["action"] for row in road.unseen} - {request.action for request in requests}
    for action in {action for statement in judge.statements for action in listed(statement["Action"])} - unseen:
        fewer = [{**statement, "Action": [other for other in listed(statement["Action"]) if other != action]} for statement in judge.statements]
        assert any(judge.of_role(request, fewer)[0] != "allow" for request in requests), action
    more = {"Sid": "More", "Effect": "Allow", "Action": "s3:DeleteObjectVersion", "Resource": "*"}
    assert ("More", "s3:DeleteObjectVersion", "*") in Judge(judge.who["AWS"], [*judge.statements, more], judge.policies, {}).unneeded(requests)
