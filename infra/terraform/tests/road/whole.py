"""The whole road: the audit account's stack, collectors, an organization's trail, and an auditor in the same account.

What is rare is provoked, so that its calls are seen, too: one collector is killed when it has staged a Batch and not committed it, one in the midst of
publishing; an object cannot be read, one is gone before it is read, of some the notification is lost and `trailkeep backfill` tells, and of one the auditor.
"""
import datetime

from conftest import STACKS
from road.fleet import Collector, round_of_the_auditor
from road.organization import Organization
from road.road import QUICKLY, WITHIN_S, Road, image, program

# When the trail's days are attested.
LATER = datetime.timedelta(days=2)


class Audited(Road):
    """Rounds of an auditor, however it is applied."""

    def audit_with(self, environment, keys=None):
        """Rounds exactly as its tasks are told; then, when attestations are due, with the public keys that the emulator does not give."""
        ahead = {"TRAILKEEP_CLOCK_OFFSET_MS": str(LATER // datetime.timedelta(milliseconds=1))}
        known = {"TRAILKEEP_PUBLIC_KEYS": str(self.directory / "trail/public-keys.json"), "TRAILKEEP_SAMPLE": "100%", **ahead}
        environment = {**environment, **(keys or {})}
        self.environment, self.rounds = environment, {}
        self.ahead = dict.fromkeys(("with-keys", "woken"), LATER)
        self.round("as-told")
        self.round("as-told-again")
        self.organization.deliver(self.s3, [self.unannounced])
        self.sqs.purge_queue(QueueUrl=self.outputs["queue_url"])
        self.round("with-keys", **known)
        self.asked_for = self.depth("queue_url")
        self.exit_codes += self.landed_by(self.collector("healing"))
        woken = self.kept(Collector(program("trailkeep-auditor"), {**environment, **known, "TRAILKEEP_SETTLE": "1s", "TRAILKEEP_DISTANCE": "1s"}, self.at_audit.door("woken"), self.directory / "auditor-woken.log"))
        self.emptied(environment["TRAILKEEP_DIGEST_QUEUE"], [woken], self.sqs_of_the_auditor())
        self.exit_codes.append(woken.drained(WITHIN_S))

    def round(self, name, **more):
        door, log = self.at_audit.door(name), self.directory / f"auditor-{name}.log"
        self.rounds[name] = round_of_the_auditor(program("trailkeep-auditor"), self.environment, door, log, WITHIN_S, **more)

    def landed_by(self, *fleet):
        """Has them land what is in the queue, and answers their exit codes."""
        self.emptied("queue_url", fleet)
        return [one.drained(WITHIN_S) for one in fleet]

    def sqs_of_the_auditor(self):
        return self.sqs

    def hold_back(self):
        """An object that nobody announces: Digests list it, and the auditor has it fetched."""
        self.unannounced = next(key for key in self.organization.files if "/CloudTrail/" in key)


class WholeRoad(Audited):
    [ROOT] = [path for path in STACKS if path.name == "audit-account"]
    ORGANIZATION, MEMBERS, MANAGEMENT = "o-exampleorg", (), "999999999999"
    INPUTS = {
        "organization_id": ORGANIZATION,
        "management_account_id": MANAGEMENT,
        "object_lock_mode": "governance",
        "image": image("collector"),
        "network": {"vpc_id": "vpc-0123456789abcdef0", "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]},
        "object_lock_days": 1,
        # So that the endpoints' policies are judged, too.
        "endpoints": {"route_table_ids": ["rtb-0123456789abcdef0"]},
        "collector": {"options": QUICKLY},
    }

    def travel(self):
        self.organization = Organization(program("trailkeep"), self.directory / "trail", self.outputs["log_bucket_name"])
        self.hold_back()
        first, second, third = ([key for key in keys if key != self.unannounced] for keys in self.organization.thirds())
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
        self.exit_codes = self.landed_by(*fleet)
        self.organize(self.MANAGEMENT)
        self.audit_with(self.outputs["auditor_environment"])

    def backfill(self):
        places = ["--from", f"s3://{self.organization.bucket}", "--queue", self.outputs["queue_url"], "--archive", self.outputs["archive_url"]]
        self.trailkeep("backfill", *places, "--since", "2013-01-01", "--yes")
