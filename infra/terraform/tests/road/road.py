"""A road that is travelled once: what `terraform apply` makes, in an emulator; processes in the environment that it tells, behind proxies that record their
calls; and those calls, by whose they are, beside the policies that judge them."""
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import shutil
import subprocess
import time

import boto3

import terraform
from conftest import not_run
from road import emulator
from road.calls import Calls, World
from road.emulator import ACCOUNT, REGION, ROOT
from road.fleet import CREDENTIALS, Collector, environment_for_commands
from road.policies import Applied
from road.proxy import Proxy

WITHIN_S = 120
OWN_KEY = CREDENTIALS["AWS_ACCESS_KEY_ID"]
# Times for a test; all else is as the stack has it.
QUICKLY = {
    "seal_age": "1s", "seal_small_age": "1s", "lease": "3s", "recover_every": "1s", "visibility": "6s", "receive_wait": "1s",
    "retry_first": "1s", "retry_longest": "3s", "look_again": "1s", "landers": "1",
}


def image(name, account=ACCOUNT):
    return f"{account}.dkr.ecr.{REGION}.amazonaws.com/trailkeep/{name}@sha256:{'0' * 64}"


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


@contextlib.contextmanager
def travelled(kind, directory):
    """A road of this kind, travelled to its end; what it started is ended."""
    if why := missing():
        not_run(f"the road: {why}")
    with contextlib.ExitStack() as ends:
        yield kind(directory, ends)


def until(what, condition, said=str):
    """Waits until a condition holds, and answers what it found; `said` tells why it did not."""
    begun = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() - begun < WITHIN_S, f"not so after {WITHIN_S} s: {what}\n{said()}"
        time.sleep(0.1)
    return found


def account_of(role):
    return role.split(":")[4]


class Road:
    """What all roads have. One of a kind says what is applied (ROOT, INPUTS, ORGANIZATION, MEMBERS) and travels."""

    def __init__(self, directory, ends):
        self.directory, self.ends = directory, ends
        self.moto = self.kept(emulator.Moto(directory / "moto.log"))
        until("moto listens", self.moto.listening)
        self.applied = self.apply()
        self.outputs = self.applied.outputs
        self.s3, self.sqs = self.client("s3"), self.client("sqs")
        self.proxy, self.at_audit = self.kept(Proxy(self.moto.address)), self.kept(Proxy(self.moto.address))
        # How far a process's clock is ahead, by its door; and whose keys auditors are started with.
        self.ahead, self.started_as = {}, {OWN_KEY: self.outputs["auditor_role_arn"]}
        self.travel()

    def kept(self, thing):
        """What is closed at the end, whatever happens."""
        return self.ends.enter_context(contextlib.closing(thing))

    def apply(self):
        """Applies it into the emulator."""
        inputs = self.directory / "inputs.tfvars.json"
        inputs.write_text(json.dumps(self.INPUTS))
        # The trail that is made up is of this organization.
        told = self.directory / "organization.json"
        told.write_text(json.dumps({"data.aws_organizations_organization": {"id": self.ORGANIZATION}}))
        with terraform.provider(STUB_AWS_ENDPOINT=f"http://{self.moto.address}", STUB_AWS_ACCOUNT=ACCOUNT, STUB_AWS_FIXTURES=str(told)) as reattach:
            root = terraform.Directory(self.ROOT, reattach, data=self.directory)
            root.init()
            return Applied(root.apply(f"-var-file={inputs}"), self.ORGANIZATION, (ACCOUNT, *self.MEMBERS))

    def keys_of(self, role):
        """Keys of a role of any account, as a task of it has them."""
        given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return {"AWS_ACCESS_KEY_ID": given["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"], "AWS_SESSION_TOKEN": given["SessionToken"]}

    def client(self, service, role=None):
        """A client of the road's own account, or as a role."""
        keys = self.keys_of(role) if role else CREDENTIALS
        given = {name.lower(): value for name, value in keys.items() if name.startswith(("AWS_ACCESS", "AWS_SECRET", "AWS_SESSION"))}
        return boto3.client(service, endpoint_url=f"http://{self.moto.address}", region_name=REGION, **given)

    def organize(self, management):
        """An organization, in the management account: what its role asks for there is not refused."""
        organizations = self.client("organizations", f"arn:aws:iam::{management}:role/test")
        organizations.create_organization(FeatureSet="ALL")
        root = organizations.list_roots()["Roots"][0]["Id"]
        organizations.create_organizational_unit(ParentId=root, Name="workloads")
        for name in ("audit", "workload"):
            organizations.create_account(AccountName=name, Email=f"{name}@example.com")

    def collector(self, name):
        return self.kept(Collector(program("trailkeep-collector"), self.outputs["collector_environment"], self.proxy.door(name), self.directory / f"{name}.log"))

    def depth(self, queue, sqs=None):
        attributes = (sqs or self.sqs).get_queue_attributes(QueueUrl=self.outputs.get(queue, queue), AttributeNames=["All"])["Attributes"]
        return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))

    def emptied(self, queue, processes, sqs=None):
        """Waits until a queue is empty."""
        until(f"{queue} is empty", lambda: self.depth(queue, sqs) == 0, lambda: "\n".join(one.said() for one in processes))

    def trailkeep(self, *arguments):
        said = subprocess.run([program("trailkeep"), *arguments], env=environment_for_commands(self.moto.address), capture_output=True, text=True)
        assert said.returncode == 0, f"trailkeep {' '.join(arguments)}\n{said.stdout}{said.stderr}"
        return said.stdout

    def query(self, sql):
        said = self.trailkeep("query", "--archive", self.outputs["archive_url"], "--output", "json", sql)
        return [json.loads(line) for line in said.splitlines()]

    def world(self, role, **more):
        return World("aws", REGION, account_of(role), self.ORGANIZATION, role, self.applied.keys(), **more)

    @functools.cached_property
    def unseen(self):
        """What a policy may hold although no run shows the call, by role's name."""
        return {"unseen": [], **Calls(self.world(self.outputs["auditor_role_arn"])).table}["unseen"]

    @functools.cache
    def requests(self, role):
        """What the collectors asked for, each kind of it once."""
        calls = Calls(self.world(role))
        return list(dict.fromkeys(request for call in self.proxy.calls for request in calls.requests(call)))

    @functools.cached_property
    def asked_as(self):
        """Role → calls of auditors that were made as this role: the one whose keys they were started with, or one that they assumed."""
        roles, asked = {**self.started_as, **self.at_audit.given}, {}
        for call in self.at_audit.calls:
            ahead = self.ahead.get(call.door)
            # A lock is so long from when its process thinks that it is.
            asked.setdefault(roles[call.key], []).append(dataclasses.replace(call, at=call.at + ahead) if ahead else call)
        return asked

    @functools.cache
    def audit_requests(self, role):
        """What auditors asked for as a role."""
        calls = Calls(self.world(role, leading_keys=True))
        return list(dict.fromkeys(request for call in self.asked_as[role] for request in calls.requests(call)))

    def judge(self, role):
        return self.applied.judge(role)

    def refused(self, role, requests):
        """Of the requests that are refused for one reason, one, in words."""
        judge = self.judge(role)
        told = {(request.call, request.action, why): (request.resource, dict(request.context).get("dynamodb:LeadingKeys")) for request in requests if (why := judge.refused(request))}
        return "\n".join(f"{call}: {action} on {resource}: {why}" for (call, action, why), resource in told.items())

    def unneeded(self, role, requests):
        """What the role's policy allows, no request needs and the table of the unseen does not have, in words."""
        left = [entry for entry in self.judge(role).unneeded(requests) if not any(row["action"] == entry[1] and row["on"] in entry[2] for row in self.unseen)]
        return "\n".join(f"{sid}: {action} on {resource}" for sid, action, resource in left)
