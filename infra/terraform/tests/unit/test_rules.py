"""What AWS would refuse is refused before apply, with a sentence; what it takes passes."""
import json

import pytest

import rules
from values import UNKNOWN

BUCKET = "arn:aws:s3:::archive"
BUCKET_POLICY, INLINE = "aws_s3_bucket_policy", "aws_iam_role_policy"


def sentences(type_name, **config):
    return " | ".join(sentence for _, sentence, _ in rules.check(type_name, config))


def policy(type_name, attribute="policy", **statement):
    whole = {"Sid": "Test", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", "Principal": "*", **statement}
    return sentences(type_name, **{attribute: json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in whole.items() if v is not None}]})})


def lifecycle(**rule):
    return sentences("aws_s3_bucket_lifecycle_configuration", rule=[{"id": "r", "status": "Enabled", **rule}])


def steps(*transitions):
    return [{"days": days, "storage_class": storage_class} for days, storage_class in transitions]


def alarm(**config):
    whole = {"alarm_name": "a", "metric_name": "m", "namespace": "n", "statistic": "Sum", "period": 60, "evaluation_periods": 5, "threshold": 1,
             "comparison_operator": "GreaterThanThreshold", **config}
    return sentences("aws_cloudwatch_metric_alarm", **whole)


def task(**config):
    whole = {"family": "f", "requires_compatibilities": ["FARGATE"], "network_mode": "awsvpc", "cpu": "1024", "memory": "2048",
             "container_definitions": json.dumps([{"name": "n", "image": "i"}]), **config}
    return sentences("aws_ecs_task_definition", **whole)


FINE = {
    "a bucket's policy": policy(BUCKET_POLICY),
    "a deny on all actions": policy(BUCKET_POLICY, Effect="Deny", Action="s3:*", Resource=[BUCKET, f"{BUCKET}/*"]),
    "an inline policy": policy(INLINE, Principal=None),
    "a trust policy": policy("aws_iam_role", "assume_role_policy", Action="sts:AssumeRole", Resource=None, Principal={"Service": "ecs-tasks.amazonaws.com"}),
    "a topic's policy": policy("aws_sns_topic_policy", Action="sns:Publish", Resource="arn:aws:sns:us-east-1:111122223333:t"),
    "a policy that is not known yet": sentences(BUCKET_POLICY, policy=UNKNOWN),
    "tiers": lifecycle(transition=steps((30, "GLACIER_IR"), (120, "DEEP_ARCHIVE")), expiration=[{"days": 2555}]),
    "tiers in any order": lifecycle(transition=steps((120, "DEEP_ARCHIVE"), (30, "STANDARD_IA"))),
    "days that are not known yet": lifecycle(transition=[{"days": UNKNOWN, "storage_class": "STANDARD_IA"}]),
    "two prefixes": sentences("aws_s3_bucket_notification", queue=[
        {"queue_arn": "q", "events": ["s3:ObjectCreated:*"], "filter_prefix": "a/"}, {"queue_arn": "r", "events": ["s3:ObjectCreated:*"], "filter_prefix": "b/"}]),
    "one prefix, two suffixes": sentences("aws_s3_bucket_notification", queue=[
        {"queue_arn": "q", "events": ["s3:ObjectCreated:*"], "filter_suffix": ".gz"}, {"queue_arn": "r", "events": ["s3:ObjectCreated:*"], "filter_suffix": ".json"}]),
    "a signing key": sentences("aws_kms_key", customer_master_key_spec="ECC_NIST_P384", key_usage="SIGN_VERIFY"),
    "a rotated key": sentences("aws_kms_key", enable_key_rotation=True, rotation_period_in_days=365),
    "a queue": sentences("aws_sqs_queue", name="q", message_retention_seconds=1209600, redrive_policy=json.dumps({"deadLetterTargetArn": "d", "maxReceiveCount": 10})),
    "an alarm": alarm(),
    "an alarm on a formula": alarm(metric_name=None, namespace=None, statistic=None, period=None, metric_query=[
        {"id": "e1", "expression": "m1 / 2", "return_data": True}, {"id": "m1", "metric": [{"metric_name": "m", "period": 60}]}]),
    "a task": task(),
    "a table": sentences("aws_dynamodb_table", name="ledger", hash_key="pk", attribute=[{"name": "pk"}, {"name": "gsi"}], global_secondary_index=[{"hash_key": "gsi"}]),
}
REFUSED = {
    "a policy that is no JSON": (sentences(BUCKET_POLICY, policy="{"), "invalid JSON policy"),
    "a policy without statements": (sentences(BUCKET_POLICY, policy="{}"), "invalid JSON policy"),
    "a bucket's policy that is too long": (policy(BUCKET_POLICY, Resource=[f"{BUCKET}/{n:0200}" for n in range(110)]), "too large"),
    "an inline policy that is too long": (policy(INLINE, Principal=None, Resource=[f"{BUCKET}/{n:0200}" for n in range(60)]), "takes 10240"),
    "a trust policy that is too long": (
        policy("aws_iam_role", "assume_role_policy", Action="sts:AssumeRole", Resource=None, Principal={"AWS": [f"arn:aws:iam::111122223333:role/{n:060}" for n in range(30)]}), "takes 2048"),
    "an organization's policy that is too long": (policy("aws_organizations_policy", "content", Principal=None, Resource=[f"{BUCKET}/{n:0200}" for n in range(30)]), "takes 5120"),
    "an element that does not exist": (policy(BUCKET_POLICY, Conditions={}), "unknown elements"),
    "another effect": (policy(BUCKET_POLICY, Effect="allow"), "Allow or Deny"),
    "a bucket's policy that names nobody": (policy(BUCKET_POLICY, Principal=None), "wants a Principal"),
    "an identity's policy that names somebody": (policy(INLINE), "takes no Principal"),
    "a Sid with spaces in IAM": (policy(INLINE, Principal=None, Sid="a b"), "letters and digits"),
    "a pattern as principal": (policy(BUCKET_POLICY, Principal={"AWS": "arn:aws:iam::111122223333:role/*"}), "without wildcards"),
    "no service": (policy(BUCKET_POLICY, Principal={"Service": "cloudtrail"}), "invalid service principal"),
    "an action of another service": (policy(BUCKET_POLICY, Action="kms:Decrypt"), "does not belong to s3"),
    "an action that fits no resource": (policy(BUCKET_POLICY, Action="s3:ListBucket"), "does not apply to any resource"),
    "a wildcard in a topic's policy": (policy("aws_sns_topic_policy", Action="sns:*", Resource="t"), "out of service scope"),
    "eight actions in a queue's policy": (policy("aws_sqs_queue_policy", Resource="q", Action=[f"sqs:{a}" for a in "ABCDEFGH"]), "7 actions"),
    "an operator that does not exist": (policy(BUCKET_POLICY, Condition={"StringEqual": {"aws:SourceArn": "a"}}), "unknown condition operator"),
    "a condition without values": (policy(BUCKET_POLICY, Condition={"StringEquals": {"aws:SourceArn": []}}), "has no value"),
    "cold before warm": (lifecycle(transition=steps((30, "DEEP_ARCHIVE"), (90, "GLACIER_IR"))), "must come at least"),
    "infrequent too early": (lifecycle(transition=steps((10, "STANDARD_IA"))), "after 30 days"),
    "infrequent too short": (lifecycle(transition=steps((30, "STANDARD_IA"), (45, "GLACIER"))), "at least 30 days after"),
    "expiry before a tier": (lifecycle(transition=steps((30, "GLACIER_IR")), expiration=[{"days": 30}]), "not after GLACIER_IR"),
    "markers and days in one rule": (lifecycle(expiration=[{"days": 30, "expired_object_delete_marker": True}]), "cannot stand beside"),
    "a rule that does nothing": (lifecycle(), "does nothing"),
    "a class that does not exist": (lifecycle(transition=steps((30, "ICE"))), "expected storage_class"),
    "nested prefixes": (sentences("aws_s3_bucket_notification", queue=[{"events": ["s3:ObjectCreated:*"], "filter_prefix": "a/"}],
                                  topic=[{"events": ["s3:ObjectCreated:Put"], "filter_prefix": "a/b/"}]), "overlapping notifications"),
    "a signing key that encrypts": (sentences("aws_kms_key", customer_master_key_spec="ECC_NIST_P256"), "cannot be used for ENCRYPT_DECRYPT"),
    "a signing key that rotates": (sentences("aws_kms_key", customer_master_key_spec="RSA_2048", key_usage="SIGN_VERIFY", enable_key_rotation=True), "symmetric keys only"),
    "a period without rotation": (sentences("aws_kms_key", rotation_period_in_days=365), "needs enable_key_rotation"),
    "an alias of AWS": (sentences("aws_kms_alias", name="alias/aws/s3"), "invalid name"),
    "a retention that CloudWatch lacks": (sentences("aws_cloudwatch_log_group", name="l", retention_in_days=31), "expected retention_in_days"),
    "a queue that keeps too long": (sentences("aws_sqs_queue", name="q", message_retention_seconds=1209601), "in the range"),
    "a queue's name that is too long": (sentences("aws_sqs_queue", name="q" * 81), "invalid name"),
    "a role's name that is too long": (sentences("aws_iam_role", name="r" * 65), "invalid name"),
    "a bucket's name in capitals": (sentences("aws_s3_bucket", bucket="Archive"), "invalid bucket"),
    "a redrive as text": (sentences("aws_sqs_queue", redrive_policy=json.dumps({"deadLetterTargetArn": "d", "maxReceiveCount": "10"})), "from 1 to 1000"),
    "a task too large for its CPU": (task(memory="16384"), "no task of 1024"),
    "a task that drains too long": (task(container_definitions=json.dumps([{"name": "n", "image": "i", "stopTimeout": 121}])), "at most 120"),
    "a number in the environment": (task(container_definitions=json.dumps([{"name": "n", "image": "i", "environment": [{"name": "A", "value": 1}]}])), "not a string"),
    "more datapoints than periods": (alarm(datapoints_to_alarm=6), "cannot be"),
    "an odd period": (alarm(period=45), "multiple of 60"),
    "an alarm that looks back too far": (alarm(period=600, evaluation_periods=145), "longer than"),
    "two returned queries": (alarm(metric_name=None, metric_query=[{"id": "a", "return_data": True}, {"id": "b", "return_data": True}]), "exactly one"),
    "an alarm on nothing": (alarm(metric_name=None), "metric_name or metric_query"),
    "a key without attribute": (sentences("aws_dynamodb_table", name="ledger", hash_key="pk", attribute=[]), "has no attribute block"),
    "an attribute that is no key": (sentences("aws_dynamodb_table", name="ledger", hash_key="pk", attribute=[{"name": "pk"}, {"name": "x"}]), "is no key"),
}


@pytest.mark.parametrize("name", FINE)
def test_taken(name):
    assert FINE[name] == ""


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    said, expected = REFUSED[name]
    assert expected in said
