"""What an apply made, out of terraform's state, and what its policies say of the requests that a role made."""
import json

import policy_sim
import policy_world


def listed(value):
    return value if isinstance(value, list) else [value]


class Applied:
    """Attributes of resources by type, outputs, and all policies together."""

    def __init__(self, state, organization, members):
        self.outputs = {name: output["value"] for name, output in state["values"]["outputs"].items()}
        self.policies = policy_world.World(policy_world.resources_of(state), organization_id=organization, members=members)

    def all(self, kind):
        return [values for type_name, values in self.policies.resources.values() if type_name == kind]

    def keys(self):
        """Which customer key encrypts what, by ARN."""
        arns = {key["key_id"]: key["arn"] for key in self.all("aws_kms_key")}
        keys = {one["arn"]: one["kms_master_key_id"] for kind in ("aws_sqs_queue", "aws_sns_topic") for one in self.all(kind)}
        keys |= {table["arn"]: encrypted["kms_key_arn"] for table in self.all("aws_dynamodb_table") for encrypted in table["server_side_encryption"]}
        buckets = {bucket["bucket"]: bucket["arn"] for bucket in self.all("aws_s3_bucket")}
        for default in self.all("aws_s3_bucket_server_side_encryption_configuration"):
            [encrypted] = default["rule"][0]["apply_server_side_encryption_by_default"]
            keys[buckets[default["bucket"]]] = encrypted["kms_master_key_id"]
        return {arn: arns.get(key, key) for arn, key in keys.items() if key}

    def endpoints(self):
        """Policies of VPC endpoints by service."""
        return {endpoint["service_name"].rpartition(".")[2]: json.loads(endpoint["policy"]) for endpoint in self.all("aws_vpc_endpoint")}

    def judge(self, role_arn):
        documents = self.policies.identity_documents(role_arn)
        attached = [one["policy_arn"] for one in self.all("aws_iam_role_policy_attachment") if one["role"] == role_arn.rpartition("/")[2]]
        ours = [policy["arn"] for policy in self.all("aws_iam_policy")]
        assert set(attached) <= set(ours), f"{role_arn} has a policy that is not made here: {attached}"
        return Judge(role_arn, [statement for document in documents.values() for statement in listed(document["Statement"])], self.policies, self.endpoints())


class Judge:
    """Says of requests of one role what its own policy and everything else says."""

    def __init__(self, role_arn, statements, policies, endpoints):
        self.who, self.statements, self.policies, self.endpoints = {"AWS": role_arn}, statements, policies, endpoints

    def of_role(self, request, statements=None):
        document = {"Statement": self.statements if statements is None else statements}
        return policy_sim.evaluate(document, self.who, request.action, request.resource, request.conditions())

    def refused(self, request):
        """Why a request is refused; None where it is allowed."""
        said, sid = self.of_role(request)
        if said != policy_sim.ALLOW:
            return f"the role's policy says {said} ({sid})"
        verdict = self.policies.decide(self.who, request.action, request.resource, request.conditions())
        if verdict.effect != policy_sim.ALLOW:
            return f"the role's policy allows it, and with the policy of the resource it is {verdict.effect} ({verdict.sid})"
        # KMS is asked by the other services, not by way of the VPC.
        endpoint = self.endpoints.get(request.action.partition(":")[0])
        said, sid = (policy_sim.ALLOW, None) if endpoint is None else self.of_role(request, endpoint["Statement"])
        return None if said == policy_sim.ALLOW else f"the policy of the VPC endpoint says {said} ({sid})"

    def unneeded(self, requests):
        """What the role's policy allows and no request needs: (sid, action, resource)."""
        for statement in self.statements:
            for action in listed(statement["Action"]):
                of_action = [request for request in requests if request.action.lower() == action.lower()]
                for resource in listed(statement["Resource"]):
                    narrow = [{**statement, "Action": action, "Resource": resource}]
                    if statement["Effect"] == "Allow" and not any(self.of_role(request, narrow)[0] == policy_sim.ALLOW for request in of_action):
                        yield statement.get("Sid"), action, resource
