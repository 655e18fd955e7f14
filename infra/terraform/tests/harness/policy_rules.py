"""What services refuse in a policy document: its size, its elements, principals, actions and resources that are not theirs."""
import json
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A place where a policy stands. `service` is whose actions alone may be named there; no service, no such limit."""

    attribute: str
    most_bytes: int
    has_principal: bool
    service: str = ""


# Sizes: the services' quota pages; without white space, as the provider and IAM compact documents (Organizations counts what is sent).
KINDS = {
    "aws_iam_policy": Kind("policy", 6144, False),
    "aws_iam_role": Kind("assume_role_policy", 2048, True, "sts"),
    "aws_iam_role_policy": Kind("policy", 10240, False),
    "aws_kms_key": Kind("policy", 32768, True, "kms"),
    "aws_kms_key_policy": Kind("policy", 32768, True, "kms"),
    "aws_organizations_policy": Kind("content", 5120, False),
    "aws_s3_bucket_policy": Kind("policy", 20480, True, "s3"),
    "aws_sns_topic": Kind("policy", 30720, True, "sns"),
    "aws_sns_topic_policy": Kind("policy", 30720, True, "sns"),
    "aws_sqs_queue": Kind("policy", 8192, True, "sqs"),
    "aws_sqs_queue_policy": Kind("policy", 8192, True, "sqs"),
    "aws_vpc_endpoint": Kind("policy", 20480, True),
}
ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}
OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?"
    r"(String(Not)?(Equals(IgnoreCase)?|Like)|Arn(Not)?(Equals|Like)|Numeric(Not)?Equals|(Numeric|Date)(LessThan|GreaterThan)(Equals)?"
    r"|Date(Not)?Equals|Bool|BinaryEquals|(Not)?IpAddress)(IfExists)?|Null")
# SNS Developer Guide, "Amazon SNS API permissions": nothing else may be named in a topic's policy, no wildcard either.
TOPIC_ACTIONS = {
    f"sns:{name}".lower() for name in (
        "AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource",
        "Publish", "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes", "Subscribe")}
# SQS Developer Guide, "Amazon SQS policy quotas".
QUEUE_LIMITS = {"statements": 20, "principals": 50, "conditions": 10, "actions in a statement": 7}
BUCKETS_THOUGH_NAMED_OBJECT = {"s3:putbucketobjectlockconfiguration", "s3:getbucketobjectlockconfiguration", "s3:listbucketmultipartuploads"}
OBJECTS_THOUGH_NOT = {
    "s3:abortmultipartupload", "s3:bypassgovernanceretention", "s3:initiatereplication", "s3:listmultipartuploadparts", "s3:replicatedelete", "s3:replicatetags",
}


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def check(type_name, config):
    kind = KINDS.get(type_name)
    text = config.get(kind.attribute) if kind else None
    if not isinstance(text, str) or text == "":
        return
    path = (kind.attribute,)
    try:
        document = json.loads(text)
        statements = as_list(document["Statement"])
    except (ValueError, KeyError, TypeError) as error:
        yield path, f'"{kind.attribute}" contains an invalid JSON policy: {error!r}', ""
        return
    size = len(text if type_name == "aws_organizations_policy" else json.dumps(document, separators=(",", ":")))
    if size > kind.most_bytes:
        yield path, f"policy document too large: {size} bytes, the service takes {kind.most_bytes}", ""
    sids = [s["Sid"] for s in statements if s.get("Sid")]
    for sid in sorted({sid for sid in sids if sids.count(sid) > 1}):
        yield path, f"two statements have the Sid {sid}", ""
    for index, statement in enumerate(statements):
        for sentence in _statement(statement, kind):
            yield path, f"statement {statement.get('Sid', index)}: {sentence}", ""
    if kind.service == "sqs":
        for sentence in _queue_limits(statements):
            yield path, sentence, ""


def _statement(statement, kind):
    unknown = sorted(set(statement) - ELEMENTS)
    if unknown:
        yield f"unknown elements {unknown}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect must be Allow or Deny"
    if ("Action" in statement) == ("NotAction" in statement):
        yield "exactly one of Action and NotAction"
    has_resource = "Resource" in statement or "NotResource" in statement
    if has_resource == (kind.service == "sts"):
        yield "a trust policy names no Resource" if has_resource else "neither Resource nor NotResource"
    has_principal = "Principal" in statement or "NotPrincipal" in statement
    if has_principal != kind.has_principal:
        yield "a policy of a resource wants a Principal" if kind.has_principal else "a policy of an identity takes no Principal"
    if kind.attribute != "content" and not kind.has_principal and not re.fullmatch(r"[A-Za-z0-9]*", statement.get("Sid", "")):
        yield "IAM takes letters and digits only in a Sid"
    yield from _principals(statement)
    yield from _actions(statement, kind)
    for operator, keys in statement.get("Condition", {}).items():
        if not OPERATOR.fullmatch(operator):
            yield f"unknown condition operator {operator}"
        for key, values in keys.items():
            if not as_list(values):
                yield f"condition on {key} has no value"


def _principals(statement):
    named = statement.get("Principal", statement.get("NotPrincipal", {}))
    if named == "*":
        return
    for kind, identifiers in named.items():
        for identifier in as_list(identifiers):
            if kind == "AWS" and not re.fullmatch(r"\*|\d{12}|arn:[^:]+:(iam|sts)::\d{12}:[^*?]+|arn:[^:]+:iam::cloudfront:.+", identifier):
                yield f"invalid principal {identifier!r}: an account, an ARN without wildcards, or * (use a condition on aws:PrincipalArn for patterns)"
            if kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", identifier):
                yield f"invalid service principal {identifier!r}"
            if kind not in ("AWS", "Service", "Federated", "CanonicalUser", "*"):
                yield f"unknown kind of principal {kind}"


def _actions(statement, kind):
    for action in as_list(statement.get("Action", statement.get("NotAction"))):
        if action != "*" and not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*?]+", action):
            yield f"malformed action {action!r}"
        elif kind.service and action != "*" and not action.startswith(kind.service + ":"):
            yield f"action {action} does not belong to {kind.service}"
        elif kind.service == "sns" and "Action" in statement and action.lower() not in TOPIC_ACTIONS:
            yield f"action {action} is out of service scope: SNS takes only those of its list, and no wildcard"
        elif kind.service == "s3" and "Action" in statement and "Resource" in statement:
            yield from _bucket_action(action, as_list(statement["Resource"]))


def _bucket_action(action, resources):
    """S3 refuses an action that applies to none of the statement's resources."""
    if "*" in action or "?" in action or "*" in resources:
        return
    low = action.lower()
    of_objects = ("object" in low and low not in BUCKETS_THOUGH_NAMED_OBJECT) or low in OBJECTS_THOUGH_NOT
    if not any(("/" in resource) == of_objects for resource in resources):
        yield f"action {action} does not apply to any resource of the statement"


def _queue_limits(statements):
    counts = {
        "statements": len(statements),
        "principals": sum(len(as_list(ids)) for s in statements for ids in (s["Principal"].values() if isinstance(s.get("Principal"), dict) else ["*"])),
        "conditions": sum(len(keys) for s in statements for keys in s.get("Condition", {}).values()),
        "actions in a statement": max((len(as_list(s.get("Action"))) for s in statements), default=0),
    }
    for what, most in QUEUE_LIMITS.items():
        if counts[what] > most:
            yield f"a queue's policy may have {most} {what}, this one has {counts[what]}"
