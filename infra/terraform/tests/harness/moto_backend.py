"""An apply that also makes the resources in moto (STUB_AWS_ENDPOINT), so that services can be run on what the modules declare.

What moto gives (ids, ARNs, URLs) goes into Terraform's state. Types that are not here live in the state alone."""
import os
import threading

import boto3

from values import is_unknown

_clients = {}
# Whose account the resource is made in, of the one that this thread makes.
_here = threading.local()
MAKERS = {}


def apply(type_name, state, plan, account, is_new):
    """→ (state, errors)"""
    make = MAKERS.get(type_name)
    if make is None:
        return state, []
    try:
        _here.account = account.id
        given = make(state, state.get("region") or account.region, is_new) or {}
    except Exception as error:  # whatever moto refuses is Terraform's to show
        return state, [f"{type_name}: {error}"]
    return {**state, **{key: value for key, value in given.items() if key in state and is_unknown(plan.get(key))}}, []


def makes(type_name):
    """Registers what makes (and, where it can, changes) a resource: (state, region, is_new) → values of the service."""

    def register(function):
        MAKERS[type_name] = function
        return function

    return register


def client(service, region):
    account = _here.account
    if (service, region, account) not in _clients:
        _clients[service, region, account] = boto3.client(service, endpoint_url=os.environ["STUB_AWS_ENDPOINT"], region_name=region, **_keys(account))
    return _clients[service, region, account]


def _keys(account):
    """moto is in one account by itself, and in the others with keys of a role of theirs."""
    ours = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    if account == os.environ.get("STUB_AWS_ACCOUNT", account):
        return ours
    sts = boto3.client("sts", endpoint_url=os.environ["STUB_AWS_ENDPOINT"], region_name="us-east-1", **ours)
    given = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/terraform", RoleSessionName="terraform")["Credentials"]
    return {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"], "aws_session_token": given["SessionToken"]}


def first(value, block):
    return next(iter(value.get(block) or []), {})


def given(values):
    """Only what has a value: boto takes no nulls."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


@makes("aws_s3_bucket")
def bucket(state, region, is_new):
    if is_new:
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client("s3", region).create_bucket(Bucket=state["bucket"], ObjectLockEnabledForBucket=bool(state.get("object_lock_enabled")), **place)


@makes("aws_s3_bucket_versioning")
def bucket_versioning(state, region, is_new):
    status = first(state, "versioning_configuration")["status"]
    client("s3", region).put_bucket_versioning(Bucket=state["bucket"], VersioningConfiguration={"Status": status})


@makes("aws_s3_bucket_object_lock_configuration")
def bucket_object_lock(state, region, is_new):
    retention = first(first(state, "rule"), "default_retention")
    default = given({"Mode": retention.get("mode"), "Days": retention.get("days"), "Years": retention.get("years")})
    rule = {"Rule": {"DefaultRetention": default}} if default else {}
    client("s3", region).put_object_lock_configuration(Bucket=state["bucket"], ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule})


@makes("aws_s3_bucket_policy")
def bucket_policy(state, region, is_new):
    client("s3", region).put_bucket_policy(Bucket=state["bucket"], Policy=state["policy"])


@makes("aws_s3_bucket_server_side_encryption_configuration")
def bucket_encryption(state, region, is_new):
    rule = first(state, "rule")
    default = first(rule, "apply_server_side_encryption_by_default")
    algorithm = given({"SSEAlgorithm": default.get("sse_algorithm"), "KMSMasterKeyID": default.get("kms_master_key_id")})
    rules = [given({"BucketKeyEnabled": rule.get("bucket_key_enabled"), "ApplyServerSideEncryptionByDefault": algorithm})]
    client("s3", region).put_bucket_encryption(Bucket=state["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})


@makes("aws_s3_bucket_public_access_block")
def bucket_public_access(state, region, is_new):
    blocks = {
        "BlockPublicAcls": "block_public_acls", "IgnorePublicAcls": "ignore_public_acls",
        "BlockPublicPolicy": "block_public_policy", "RestrictPublicBuckets": "restrict_public_buckets",
    }
    wanted = {name: bool(state[attribute]) for name, attribute in blocks.items()}
    client("s3", region).put_public_access_block(Bucket=state["bucket"], PublicAccessBlockConfiguration=wanted)


@makes("aws_s3_bucket_lifecycle_configuration")
def bucket_lifecycle(state, region, is_new):
    rules = [_lifecycle_rule(rule) for rule in state["rule"]]
    client("s3", region).put_bucket_lifecycle_configuration(Bucket=state["bucket"], LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule):
    expiration = first(rule, "expiration")
    transitions = [given({"Days": t["days"], "Date": t["date"], "StorageClass": t["storage_class"]}) for t in rule.get("transition") or []]
    marker = {"ExpiredObjectDeleteMarker": True} if expiration.get("expired_object_delete_marker") else {}
    actions = given({
        "Transitions": transitions,
        "Expiration": given({"Days": expiration.get("days"), "Date": expiration.get("date")}) or marker,
        "NoncurrentVersionExpiration": given({"NoncurrentDays": first(rule, "noncurrent_version_expiration").get("noncurrent_days")}),
        "AbortIncompleteMultipartUpload": given({"DaysAfterInitiation": first(rule, "abort_incomplete_multipart_upload").get("days_after_initiation")}),
    })
    return {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": first(rule, "filter").get("prefix") or ""}, **actions}


@makes("aws_s3_bucket_notification")
def bucket_notification(state, region, is_new):
    wanted = given({
        "QueueConfigurations": _destinations(state, "queue", "QueueArn"),
        "TopicConfigurations": _destinations(state, "topic", "TopicArn"),
        "EventBridgeConfiguration": None,
    })
    if state.get("eventbridge"):
        wanted["EventBridgeConfiguration"] = {}
    client("s3", region).put_bucket_notification_configuration(Bucket=state["bucket"], NotificationConfiguration=wanted)


def _destinations(state, block, key):
    found = []
    for one in state.get(block) or []:
        affixes = [{"Name": end, "Value": one[f"filter_{end}"]} for end in ("prefix", "suffix") if one.get(f"filter_{end}")]
        filters = {"Filter": {"Key": {"FilterRules": affixes}}} if affixes else {}
        found.append({key: one[f"{block}_arn"], "Events": sorted(one["events"]), **filters})
    return found


@makes("aws_s3_bucket_replication_configuration")
def bucket_replication(state, region, is_new):
    rules = [
        {
            "ID": rule["id"], "Status": rule["status"], "Priority": int(rule.get("priority") or 0), "Filter": {"Prefix": first(rule, "filter").get("prefix") or ""},
            "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": first(rule, "destination")["bucket"]},
        }
        for rule in state["rule"]
    ]
    client("s3", region).put_bucket_replication(Bucket=state["bucket"], ReplicationConfiguration={"Role": state["role"], "Rules": rules})


@makes("aws_kms_key")
def key(state, region, is_new):
    if not is_new:
        return {}
    kms, policy = client("kms", region), state.get("policy")
    metadata = kms.create_key(**given({
        "Description": state.get("description"), "KeyUsage": state.get("key_usage"), "KeySpec": state.get("customer_master_key_spec"),
        "Policy": policy if isinstance(policy, str) and policy.startswith("{") else None,
    }))["KeyMetadata"]
    if state.get("enable_key_rotation"):
        kms.enable_key_rotation(KeyId=metadata["KeyId"])
    return {"key_id": metadata["KeyId"], "id": metadata["KeyId"], "arn": metadata["Arn"]}


@makes("aws_kms_key_policy")
def key_policy(state, region, is_new):
    client("kms", region).put_key_policy(KeyId=state["key_id"], PolicyName="default", Policy=state["policy"])


@makes("aws_kms_alias")
def alias(state, region, is_new):
    if is_new:
        client("kms", region).create_alias(AliasName=state["name"], TargetKeyId=state["target_key_id"])


QUEUE_ATTRIBUTES = {
    "visibility_timeout_seconds": "VisibilityTimeout", "message_retention_seconds": "MessageRetentionPeriod",
    "receive_wait_time_seconds": "ReceiveMessageWaitTimeSeconds", "kms_master_key_id": "KmsMasterKeyId", "policy": "Policy", "redrive_policy": "RedrivePolicy",
}


@makes("aws_sqs_queue")
def queue(state, region, is_new):
    sqs = client("sqs", region)
    wanted = {name: str(state[attribute]) for attribute, name in QUEUE_ATTRIBUTES.items() if state.get(attribute) is not None}
    # A policy that nobody gave is invented, and no JSON.
    wanted = {name: value for name, value in wanted.items() if not name.endswith("Policy") or value.startswith("{")}
    if not is_new:
        sqs.set_queue_attributes(QueueUrl=state["url"], Attributes=wanted)
        return {}
    url = sqs.create_queue(QueueName=state["name"], Attributes=wanted)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return {"url": url, "id": url, "arn": arn}


@makes("aws_sqs_queue_policy")
def queue_policy(state, region, is_new):
    client("sqs", region).set_queue_attributes(QueueUrl=state["queue_url"], Attributes={"Policy": state["policy"]})


@makes("aws_sns_topic")
def topic(state, region, is_new):
    if is_new:
        arn = client("sns", region).create_topic(Name=state["name"], Attributes=given({"KmsMasterKeyId": state.get("kms_master_key_id")}))["TopicArn"]
        return {"arn": arn, "id": arn}


@makes("aws_sns_topic_policy")
def topic_policy(state, region, is_new):
    client("sns", region).set_topic_attributes(TopicArn=state["arn"], AttributeName="Policy", AttributeValue=state["policy"])


@makes("aws_sns_topic_subscription")
def subscription(state, region, is_new):
    if not is_new:
        return {}
    scope = state.get("filter_policy_scope")
    attributes = given({
        "RawMessageDelivery": "true" if state.get("raw_message_delivery") else None,
        "FilterPolicy": state.get("filter_policy"),
        "FilterPolicyScope": scope if scope in ("MessageAttributes", "MessageBody") else None,
    })
    arn = client("sns", region).subscribe(
        TopicArn=state["topic_arn"], Protocol=state["protocol"], Endpoint=state["endpoint"], Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]
    return {"arn": arn, "id": arn}


@makes("aws_iam_role")
def role(state, region, is_new):
    if is_new:
        iam = client("iam", region)
        made = iam.create_role(RoleName=state["name"], AssumeRolePolicyDocument=state["assume_role_policy"], Path=state.get("path") or "/")["Role"]
        return {"arn": made["Arn"], "id": made["RoleName"], "unique_id": made["RoleId"]}


@makes("aws_iam_role_policy")
def role_policy(state, region, is_new):
    client("iam", region).put_role_policy(RoleName=state["role"], PolicyName=state["name"], PolicyDocument=state["policy"])


@makes("aws_dynamodb_table")
def table(state, region, is_new):
    if not is_new:
        return {}
    made = client("dynamodb", region).create_table(**given({
        "TableName": state["name"], "BillingMode": state.get("billing_mode") or "PAY_PER_REQUEST", "KeySchema": _key_schema(state),
        "AttributeDefinitions": [{"AttributeName": a["name"], "AttributeType": a["type"]} for a in state["attribute"]],
        "GlobalSecondaryIndexes": [_index(index) for index in state.get("global_secondary_index") or []],
    }))["TableDescription"]
    return {"arn": made["TableArn"], "id": state["name"]}


def _key_schema(keyed):
    keys = (("hash_key", "HASH"), ("range_key", "RANGE"))
    return [{"AttributeName": keyed[attribute], "KeyType": kind} for attribute, kind in keys if keyed.get(attribute)]


def _index(index):
    projection = given({"ProjectionType": index["projection_type"], "NonKeyAttributes": sorted(index.get("non_key_attributes") or [])})
    return {"IndexName": index["name"], "KeySchema": _key_schema(index), "Projection": projection}


@makes("aws_cloudwatch_log_group")
def log_group(state, region, is_new):
    logs = client("logs", region)
    if is_new:
        logs.create_log_group(logGroupName=state["name"])
    if state.get("retention_in_days"):
        logs.put_retention_policy(logGroupName=state["name"], retentionInDays=int(state["retention_in_days"]))


@makes("aws_glue_catalog_database")
def glue_database(state, region, is_new):
    if is_new:
        location = state.get("location_uri")
        place = location if isinstance(location, str) and "://" in location else None
        client("glue", region).create_database(DatabaseInput=given({"Name": state["name"], "LocationUri": place}))


@makes("aws_glue_catalog_table")
def glue_table(state, region, is_new):
    if not is_new:
        return
    storage = first(state, "storage_descriptor")
    client("glue", region).create_table(DatabaseName=state["database_name"], TableInput=given({
        "Name": state["name"], "TableType": state.get("table_type"), "Parameters": state.get("parameters"), "PartitionKeys": _columns(state, "partition_keys"),
        "ViewOriginalText": state.get("view_original_text"), "ViewExpandedText": state.get("view_expanded_text"),
        "StorageDescriptor": given({
            "Location": storage.get("location"), "Columns": _columns(storage, "columns"),
            "InputFormat": storage.get("input_format"), "OutputFormat": storage.get("output_format"),
        }),
    }))


def _columns(value, block):
    return [given({"Name": column["name"], "Type": column["type"]}) for column in value.get(block) or []]
