"""Every policy of an applied root module, by whom and what it is for, so that a scenario needs only who, action, resource and context."""
import json
import os
import re
from dataclasses import dataclass, field

from policy_sim import Request, account_of, decide

ADMINISTRATOR = {"Version": "2012-10-17", "Statement": [{"Sid": "AdministratorElsewhere", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
# type → attribute that holds a policy
OF_IDENTITIES = {"aws_iam_policy": "policy", "aws_iam_role_policy": "policy", "aws_organizations_policy": "content", "aws_vpc_endpoint": "policy"}
OF_RESOURCES = {
    "aws_iam_role": "assume_role_policy", "aws_kms_key": "policy", "aws_kms_key_policy": "policy", "aws_s3_bucket_policy": "policy",
    "aws_sns_topic": "policy", "aws_sns_topic_policy": "policy", "aws_sqs_queue": "policy", "aws_sqs_queue_policy": "policy",
}
DOCUMENTS = OF_IDENTITIES | OF_RESOURCES
BUCKET = re.compile(r"arn:[^:]+:s3:::([^/]+)")


def resources_of(state):
    """address → (type, values), of every managed resource in the state as `terraform show -json` tells it"""

    def walk(module):
        for resource in module.get("resources", []):
            if resource["mode"] == "managed":
                yield resource["address"], (resource["type"], resource["values"])
        for child in module.get("child_modules", []):
            yield from walk(child)

    return dict(walk(state["values"]["root_module"]))


def documents_of(resources):
    """address → rendered policy"""
    found = {}
    for address, (type_name, values) in resources.items():
        text = values.get(DOCUMENTS.get(type_name, ""))
        if isinstance(text, str) and text.startswith("{"):
            found[address] = json.loads(text)
    return found


@dataclass
class World:
    """The policies of one state. Principals that it does not hold are administrators of their own accounts: the worst that may come."""

    resources: dict
    organization_id: str = "o-exampleorg1"
    members: tuple = ()  # accounts of the organization
    managed: tuple = ()  # those that its service control policies bind
    documents: dict = field(init=False)

    def __post_init__(self):
        self.documents = documents_of(self.resources)

    def decide(self, who, action, resource, context):
        return decide(
            Request(who, action, resource, {**self._implied(who, action, resource), **context}),
            identity=self._identity(who),
            boundary=self._boundary(who),
            service_control=self._service_control(who),
            resource_policy=self.resource_policy(resource),
            resource_account=self.owner_of(resource),
        )

    def _implied(self, who, action, resource):
        """Keys that AWS puts into every request."""
        context = {"aws:SecureTransport": True, "aws:PrincipalIsAWSService": "Service" in who, "aws:ResourceAccount": self.owner_of(resource)}
        if action.startswith("s3:"):
            context["s3:TlsVersion"] = "1.3"
        if "AWS" in who:
            account = account_of(who["AWS"])
            organization = self.organization_id if account in self.members else None
            context |= {"aws:PrincipalArn": who["AWS"], "aws:PrincipalAccount": account, "aws:PrincipalOrgID": organization}
        if "Service" in who:
            context["aws:PrincipalServiceName"] = who["Service"]
        return context

    def _of_type(self, *types):
        return ((address, values) for address, (type_name, values) in self.resources.items() if type_name in types)

    def role(self, arn):
        return next((values for _, values in self._of_type("aws_iam_role") if values["arn"] == arn), None)

    def identity_documents(self, arn):
        """address → policy, of a role of this state: inline and attached"""
        role = self.role(arn)
        inline = {a for a, values in self._of_type("aws_iam_role_policy") if values["role"] in (role["name"], role["id"]) and self._nearest_role(a, values["role"]) == arn}
        attached = {values["policy_arn"] for _, values in self._of_type("aws_iam_role_policy_attachment") if values["role"] == role["name"]}
        managed = {a for a, values in self._of_type("aws_iam_policy") if values["arn"] in attached}
        return {address: self.documents[address] for address in sorted(inline | managed)}

    def _nearest_role(self, address, name):
        """Of roles of one name in several accounts the one that is made beside a policy: a policy names its role, and no account."""
        beside = {values["arn"]: len(os.path.commonprefix([address, other])) for other, values in self._of_type("aws_iam_role") if name in (values["name"], values["id"])}
        return max(beside, key=beside.get)

    def _identity(self, who):
        if "AWS" not in who:
            return ()
        return tuple(self.identity_documents(who["AWS"]).values()) if self.role(who["AWS"]) else (ADMINISTRATOR,)

    def _boundary(self, who):
        role = self.role(who.get("AWS"))
        arn = role.get("permissions_boundary") if role else None
        return next((self.documents[a] for a, values in self._of_type("aws_iam_policy") if values["arn"] == arn), None) if arn else None

    def _service_control(self, who):
        if "AWS" not in who or account_of(who["AWS"]) not in self.managed:
            return ()
        own = [self.documents[address] for address, _ in self._of_type("aws_organizations_policy")]
        # FullAWSAccess stands beside ours, as Organizations attaches it: together they are one level.
        return ({"Statement": ADMINISTRATOR["Statement"] + [s for document in own for s in document["Statement"]]},) if own else ()

    def resource_policy(self, resource):
        """The policy at the resource itself; None where it has none."""
        for address, document in self.documents.items():
            type_name, values = self.resources[address]
            if type_name in OF_RESOURCES and self._guards(type_name, values, resource):
                return document
        return None

    def _guards(self, type_name, values, resource):
        if type_name == "aws_s3_bucket_policy":
            bucket = BUCKET.match(resource)
            return bool(bucket) and values["bucket"] == bucket.group(1)
        if type_name == "aws_sqs_queue_policy":
            return any(queue["arn"] == resource for _, queue in self._of_type("aws_sqs_queue") if values["queue_url"] in (queue["url"], queue["id"]))
        if type_name == "aws_kms_key_policy":
            return resource.rpartition("/")[2] == values["key_id"].rpartition("/")[2]
        return values.get("arn") == resource

    def owner_of(self, resource):
        """The account of a resource: from its ARN, and a bucket's from the state. A bucket that is not here belongs to whoever asks."""
        named = resource.split(":")[4] if resource.count(":") >= 5 else ""
        bucket = BUCKET.match(resource)
        if named or not bucket:
            return named or None
        address = next((address for address, values in self._of_type("aws_s3_bucket") if values["bucket"] == bucket.group(1)), None)
        return self._account_around(address) if address else None

    def _account_around(self, address):
        """A bucket's ARN names no account: it is in that of its module's other resources."""
        module = address.rpartition(".aws_")[0]
        while module:
            account = self._account_below(module + ".")
            if account:
                return account
            module = module.rpartition(".module.")[0]
        return self.account

    def _account_below(self, prefix):
        arns = [str(values.get("arn", "")) for address, (_, values) in self.resources.items() if address.startswith(prefix)]
        accounts = [arn.split(":")[4] for arn in arns if arn.count(":") >= 5 and arn.split(":")[4].isdigit()]
        return max(set(accounts), key=accounts.count) if accounts else None

    @property
    def account(self):
        """The account of this state: the one in most of its ARNs."""
        return self._account_below("")
