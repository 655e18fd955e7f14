"""A road over three accounts: the archive with its collector, the auditor in an account of its own, and the organization's; all of examples/auditor-elsewhere."""
from conftest import EXAMPLES
from road.organization import Organization
from road.road import QUICKLY, account_of, image, program
from road.whole import Audited


class ElsewhereRoad(Audited):
    [ROOT] = [path for path in EXAMPLES if path.name == "auditor-elsewhere"]
    ORGANIZATION, AUDITOR, MANAGEMENT = "o-exampleorg", "222233334444", "999999999999"
    MEMBERS = (AUDITOR, MANAGEMENT)
    INPUTS = {
        "organization_id": ORGANIZATION, "auditor_account_id": AUDITOR, "management_account_id": MANAGEMENT,
        "image": image("collector"), "auditor_image": image("auditor", AUDITOR), "collector_options": QUICKLY,
    }

    def travel(self):
        self.organization = Organization(program("trailkeep"), self.directory / "trail", self.outputs["log_bucket_name"])
        self.hold_back()
        self.organization.deliver(self.s3, [key for key in self.organization.files if key != self.unannounced])
        self.exit_codes = self.landed_by(self.collector("one"))
        self.organize(self.MANAGEMENT)
        self.task_role = self.outputs["auditor_role_arn"]
        assert account_of(self.task_role) == self.AUDITOR
        keys = self.keys_of(self.task_role)
        self.started_as = {keys["AWS_ACCESS_KEY_ID"]: self.task_role}
        self.audit_with(self.outputs["auditor_environment"], keys)

    def sqs_of_the_auditor(self):
        return self.client("sqs", self.task_role)
