"""The whole road: what `terraform apply` of the audit account's stack makes, in an emulator; collectors in the environment that it tells; an organization's
trail into the log bucket that it made. The archive is complete, and the collectors' role may do what they did, and nothing else.

What is rare is provoked, so that its calls are seen, too: one collector is killed when it has staged a Batch and not committed it, one in the midst of
publishing; an object cannot be read, one is gone before it is read, and of some the notification is lost and `trailkeep backfill` tells.
"""
import contextlib
import dataclasses
import datetime
import functools
import json
import os
import pathlib
import shutil
import subprocess
import time

import boto3
import pytest

import terraform
from conftest import STACKS, not_run
from road import emulator
from road.calls import Calls, Unknown, World
from road.emulator import ACCOUNT, REGION, ROOT
from road.fleet import CREDENTIALS, Collector, environment_for_commands, round_of_the_auditor
from road.organization import Organization
from road.policies import Applied, Judge, listed
from road.proxy import Proxy

[STACK] = [path for path in STACKS if path.name == "audit-account"]
ORGANIZATION = "o-exampleorg"
WITHIN_S = 60
# When the trail's days are attested.
LATER = datetime.timedelta(days=2)
CATEGORIES = ("management", "data", "insight", "network", "aggregated")
ENCRYPTION = ("server-side-encryption", "server-side-encryption-aws-kms-key-id", "server-side-encryption-bucket-key-enabled")

INPUTS = {
    "organization_id": ORGANIZATION,
    "management_account_id": "999999999999",
    "object_lock_mode": "governance",
    "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/trailkeep/collector@sha256:{'0' * 64}",
    "network": {"vpc_id": "vpc-0123456789abcdef0", "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]},
    "object_lock_days": 1,
    # So that the endpoints' policies are judged, too.
    "endpoints": {"route_table_ids": ["rtb-0123456789abcdef0"]},
    # Times for a test; all else is as the stack has it.
    "collector": {"options": {
        "seal_age": "1s", "seal_small_age": "1s", "lease": "3s", "recover_every": "1s", "visibility": "6s", "receive_wait": "1s",
        "retry_first": "1s", "retry_longest": "3s", "look_again": "1s", "landers": "1",
    }},
}


def program(name):
    """One of the project's programs: beside TRAILKEEP_BIN, or as `make build` made it."""
    trailkeep = pathlib.Path(os.environ.get("TRAILKEEP_BIN") or ROOT / "target/debug/trailkeep")
    return trailkeep.parent / name


def missing():
    """What it takes to run this and is not here."""
    if not shutil.which("terraform"):
        return "no terraform"
    if not emulator.program():
        return "no moto_server: run make setup, or name its Python in TRAILKEEP_PYTHON"
    programs = [name for name in ("trailkeep", "trailkeep-collector", "trailkeep-auditor") if not program(name).exists()]
    return f"no {' and no '.join(programs)}: run make build, or name trailkeep in TRAILKEEP_BIN" if programs else None


def until(what, condition, said=str):
    """Waits until a condition holds, and answers what it found; `said` tells why it did not."""
    begun = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() - begun < WITHIN_S, f"not so after {WITHIN_S} s: {what}\n{said()}"
        time.sleep(0.1)
    return found


def apply(address, directory):
    """Applies the stack into the emulator."""
    inputs = directory / "inputs.tfvars.json"
    inputs.write_text(json.dumps(INPUTS))
    with terraform.provider(STUB_AWS_ENDPOINT=f"http://{address}", STUB_AWS_ACCOUNT=ACCOUNT) as reattach:
        stack = terraform.Directory(STACK, reattach, data=directory)
        stack.init()
        return Applied(stack.apply(f"-var-file={inputs}"), ORGANIZATION, ACCOUNT)


class Road:
    """All of it, once; the tests look at what came of it."""

    def __init__(self, directory, ends):
        self.directory, self.ends = directory, ends
        self.moto = self.kept(emulator.Moto(directory / "moto.log"))
        until("moto listens", self.moto.listening)
        self.applied = apply(self.moto.address, directory)
        self.outputs = self.applied.outputs
        self.s3, self.sqs = self.client("s3"), self.client("sqs")
        self.organization = Organization(program("trailkeep"), directory / "trail", self.outputs["log_bucket_name"])
        self.proxy = self.kept(Proxy(self.moto.address))
        self.exit_codes = self.travel()
        self.at_audit = self.kept(Proxy(self.moto.address))
        self.organize()
        self.rounds = self.audit()

    def kept(self, thing):
        """What is closed at the end, whatever happens."""
        return self.ends.enter_context(contextlib.closing(thing))

    def client(self, service):
        keys = {"aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"]}
        return boto3.client(service, endpoint_url=f"http://{self.moto.address}", region_name=REGION, **keys)

    def organize(self):
        """An organization, in the management account: what its role asks for there is not refused."""
        role = {"RoleArn": f"arn:aws:iam::{INPUTS['management_account_id']}:role/test", "RoleSessionName": "test"}
        keys = self.client("sts").assume_role(**role)["Credentials"]
        there = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"], "aws_session_token": keys["SessionToken"]}
        organizations = boto3.client("organizations", endpoint_url=f"http://{self.moto.address}", region_name=REGION, **there)
        organizations.create_organization(FeatureSet="ALL")
        for name in ("audit", "workload"):
            organizations.create_account(AccountName=name, Email=f"{name}@example.com")

    def collector(self, name):
        environment = self.outputs["collector_environment"]
        return self.kept(Collector(program("trailkeep-collector"), environment, self.proxy.door(name), self.directory / f"{name}.log"))

    def travel(self):
        first, second, third = self.organization.thirds()
        self.damaged = self.organization.damage()
        # Notifications of these are lost: only `backfill` tells of them, whose messages name no version.
        self.organization.deliver(self.s3, third[:3])
        self.sqs.purge_queue(QueueUrl=self.outputs["queue_url"])
        self.organization.deliver(self.s3, [*first, self.damaged])
        self.collector("staged").dies_at(lambda call: call.method == "PUT" and "/staging/" in call.path).died(WITHIN_S)
        self.organization.deliver(self.s3, second)
        self.collector("publishing").dies_at(lambda call: call.method == "POST" and "uploadId" in call.query).died(WITHIN_S)
        self.gone = self.organization.lose(self.s3)
        self.organization.deliver(self.s3, third[3:])
        fleet = [self.collector("one"), self.collector("two")]
        self.backfill()
        until("the queue is empty", lambda: self.depth("queue_url") == 0, lambda: "\n".join(one.said() for one in fleet))
        return [one.drained(WITHIN_S) for one in fleet]

    def audit(self):
        """Rounds of the auditor: exactly as its tasks are told; and with the keys that the emulator does not give, when attestations are due."""
        keys = {"TRAILKEEP_PUBLIC_KEYS": str(self.directory / "trail/public-keys.json"), "TRAILKEEP_SAMPLE": "100%"}
        later = {**keys, "TRAILKEEP_CLOCK_OFFSET_MS": str(LATER // datetime.timedelta(milliseconds=1))}
        environment, rounds = self.outputs["auditor_environment"], {}
        for name, more in (("as-told", {}), ("as-told-again", {}), ("with-keys", later)):
            door, log = self.at_audit.door(name), self.directory / f"auditor-{name}.log"
            rounds[name] = round_of_the_auditor(program("trailkeep-auditor"), environment, door, log, WITHIN_S, **more)
        return rounds

    def backfill(self):
        places = ["--from", f"s3://{self.organization.bucket}", "--queue", self.outputs["queue_url"], "--archive", self.outputs["archive_url"]]
        self.trailkeep("backfill", *places, "--since", "2013-01-01", "--yes")

    def depth(self, queue):
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=["All"])["Attributes"]
        return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))

    def trailkeep(self, *arguments):
        said = subprocess.run([program("trailkeep"), *arguments], env=environment_for_commands(self.moto.address), capture_output=True, text=True)
        assert said.returncode == 0, f"trailkeep {' '.join(arguments)}\n{said.stdout}{said.stderr}"
        return said.stdout

    def query(self, sql):
        said = self.trailkeep("query", "--archive", self.outputs["archive_url"], "--output", "json", sql)
        return [json.loads(line) for line in said.splitlines()]

    def world(self):
        return World("aws", REGION, ACCOUNT, ORGANIZATION, self.outputs["task_role_arn"], self.applied.keys())

    def calls_table(self):
        return {"unseen": [], **Calls(self.world()).table}

    @functools.cache
    def requests(self):
        """What the collectors asked for, each kind of it once."""
        calls = Calls(self.world())
        return list(dict.fromkeys(request for call in self.proxy.calls for request in calls.requests(call)))

    def judge(self):
        return self.applied.judge(self.outputs["task_role_arn"])

    @functools.cache
    def audit_requests(self):
        """What the auditor asked for in its own name; what it asked as a role of another account is judged there."""
        world = dataclasses.replace(self.world(), role=self.outputs["auditor_role_arn"], leading_keys=True)
        calls, own = Calls(world), f"Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/"
        asked = [call for call in self.at_audit.calls if own in call.headers.get("authorization", "")]
        # A lock is so long from when its process thinks that it is.
        asked = [dataclasses.replace(call, at=call.at + LATER) if call.door == "with-keys" else call for call in asked]
        return list(dict.fromkeys(request for call in asked for request in calls.requests(call)))

    def audit_judge(self):
        return self.applied.judge(self.outputs["auditor_role_arn"])


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    why = missing()
    if why:
        not_run(f"the whole road: {why}")
    with contextlib.ExitStack() as ends:
        yield Road(tmp_path_factory.mktemp("road"), ends)


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
    assert road.exit_codes == [0, 0]
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


def test_the_roles_policy_allows_each_call_that_was_made_and_no_other_policy_stands_in_its_way(road):
    judge, requests = road.judge(), road.requests()
    # Of those that are refused for one reason, one is told.
    refused = {(request.call, request.action, why): request.resource for request in requests if (why := judge.refused(request))}
    assert not refused, "\n".join(f"{call}: {action} on {resource}: {why}" for (call, action, why), resource in refused.items())


def test_the_roles_policy_has_no_action_that_no_call_needs(road):
    unseen = road.calls_table()["unseen"]
    left = [entry for entry in road.judge().unneeded(road.requests()) if not any(row["action"] == entry[1] and row["on"] in entry[2] for row in unseen)]
    assert not left, "\n".join(f"{sid}: {action} on {resource}" for sid, action, resource in left)
    assert not [action for statement in road.judge().statements for action in listed(statement["Action"]) if "*" in action]


def test_a_call_that_the_table_does_not_have_is_noticed(road):
    stranger = dataclasses.replace(road.proxy.calls[0], service="s3", method="GET", path="/bucket/key", query={"acl": ""}, headers={})
    with pytest.raises(Unknown):
        list(Calls(road.world()).requests(stranger))


def test_the_proof_notices_an_action_too_many_and_one_too_few(road):
    judge, requests = road.judge(), road.requests()
    unseen = {row["action"] for row in road.calls_table()["unseen"]}
    for action in {action for statement in judge.statements for action in listed(statement["Action"])} - unseen:
        fewer = [{**statement, "Action": [other for other in listed(statement["Action"]) if other != action]} for statement in judge.statements]
        assert any(judge.of_role(request, fewer)[0] != "allow" for request in requests), action
    more = {"Sid": "More", "Effect": "Allow", "Action": "s3:DeleteObjectVersion", "Resource": "*"}
    assert ("More", "s3:DeleteObjectVersion", "*") in Judge(judge.who["AWS"], [*judge.statements, more], judge.policies, {}).unneeded(requests)


def test_the_auditor_s_rounds_come_to_their_end(road):
    for name, codes in (("as-told", {2}), ("as-told-again", {2}), ("with-keys", {0, 1})):
        code, said = road.rounds[name]
        assert code in codes and '"the last round"' in said, f"{name}: {code}\n{said}"
    # moto does not know ListPublicKeys: that step fails, and no other.
    steps = {name: json.loads(line)["fields"].get("steps_failed") for name, (_, said) in road.rounds.items() for line in said.splitlines() if '"the last round"' in line}
    assert steps["as-told"] == "keys" and not steps["with-keys"], steps


def test_the_auditor_s_policy_allows_each_call_that_was_made_and_no_other_policy_stands_in_its_way(road):
    judge, requests = road.audit_judge(), road.audit_requests()
    # What is asked for in another account is decided there, too: by stacks/management-account, which is not applied here.
    elsewhere = [request for request in requests if request.action == "sts:AssumeRole"]
    assert elsewhere and all(judge.of_role(request)[0] == "allow" for request in elsewhere)
    requests = [request for request in requests if request not in elsewhere]
    refused = {(request.call, request.action, why): (request.resource, dict(request.context).get("dynamodb:LeadingKeys")) for request in requests if (why := judge.refused(request))}
    assert not refused, "\n".join(f"{call}: {action} on {resource}: {why}" for (call, action, why), resource in refused.items())


def test_the_auditor_does_in_its_rounds_what_its_policy_is_for(road):
    """Or the policy would be judged by calls that are not the ones that matter."""
    made = {request.call for request in road.audit_requests()}
    assert {"ListPublicKeys", "AssumeRole", "GetObject", "ListObjectsV2", "PutObject", "UpdateItem", "Sign", "GetPublicKey"} <= made, sorted(made)
    written = {call.path.lstrip("/").partition("/")[2].partition("/")[0] for call in road.at_audit.calls if call.service == "s3" and call.method == "PUT"}
    assert written == {"findings", "keys", "outcomes", "attest", "accounts"}, sorted(written)
