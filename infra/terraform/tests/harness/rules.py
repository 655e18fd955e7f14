"""What the provider or AWS refuses beyond the schema: values out of range, names too long, JSON that is none, and what the services' rules say.

Each rule yields (path, sentence, detail). Values that are not known yet are passed over; an apply asks again."""
import json
import re

import policy_rules
import s3_rules
import service_rules

# (type, attribute at any depth) → allowed values
ENUMS = {
    ("aws_cloudwatch_metric_alarm", "treat_missing_data"): "breaching notBreaching ignore missing",
    ("aws_cloudwatch_metric_alarm", "statistic"): "SampleCount Average Sum Minimum Maximum",
    ("aws_cloudwatch_metric_alarm", "comparison_operator"): (
        "GreaterThanOrEqualToThreshold GreaterThanThreshold LessThanThreshold LessThanOrEqualToThreshold "
        "GreaterThanUpperThreshold LessThanLowerThreshold LessThanLowerOrGreaterThanUpperThreshold"),
    ("aws_dynamodb_table", "billing_mode"): "PROVISIONED PAY_PER_REQUEST",
    ("aws_ecr_repository", "image_tag_mutability"): "MUTABLE IMMUTABLE MUTABLE_WITH_EXCLUSION IMMUTABLE_WITH_EXCLUSION",
    ("aws_ecs_service", "launch_type"): "EC2 FARGATE EXTERNAL",
    ("aws_ecs_task_definition", "cpu_architecture"): "X86_64 ARM64",
    ("aws_ecs_task_definition", "network_mode"): "awsvpc bridge host none",
    ("aws_kms_key", "key_usage"): "ENCRYPT_DECRYPT SIGN_VERIFY GENERATE_VERIFY_MAC KEY_AGREEMENT",
    ("aws_s3_bucket_inventory", "included_object_versions"): "All Current",
    ("aws_s3_bucket_inventory", "frequency"): "Daily Weekly",
    ("aws_s3_bucket_lifecycle_configuration", "storage_class"): "GLACIER STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING DEEP_ARCHIVE GLACIER_IR",
    ("aws_s3_bucket_object_lock_configuration", "mode"): "COMPLIANCE GOVERNANCE",
    ("aws_s3_bucket_ownership_controls", "object_ownership"): "BucketOwnerPreferred ObjectWriter BucketOwnerEnforced",
    ("aws_s3_bucket_versioning", "status"): "Enabled Suspended Disabled",
    ("data.aws_iam_policy_document", "effect"): "Allow Deny",
}
RANGES = {
    ("aws_dynamodb_table", "recovery_period_in_days"): (1, 35),
    ("aws_iam_role", "max_session_duration"): (3600, 43200),
    ("aws_kms_key", "deletion_window_in_days"): (7, 30),
    ("aws_kms_key", "rotation_period_in_days"): (90, 2560),
    ("aws_sqs_queue", "delay_seconds"): (0, 900),
    ("aws_sqs_queue", "kms_data_key_reuse_period_seconds"): (60, 86400),
    ("aws_sqs_queue", "max_message_size"): (1024, 1048576),
    ("aws_sqs_queue", "message_retention_seconds"): (60, 1209600),
    ("aws_sqs_queue", "receive_wait_time_seconds"): (0, 20),
    ("aws_sqs_queue", "visibility_timeout_seconds"): (0, 43200),
}
NAMES = {
    ("aws_athena_workgroup", "name"): r"[A-Za-z0-9._-]{1,128}",
    ("aws_cloudtrail", "name"): r"(?=.{3,128}$)[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*",
    ("aws_cloudwatch_composite_alarm", "alarm_name"): r".{1,255}",
    ("aws_cloudwatch_dashboard", "dashboard_name"): r"[A-Za-z0-9_-]{1,255}",
    ("aws_cloudwatch_event_rule", "name"): r"[A-Za-z0-9._-]{1,64}",
    ("aws_cloudwatch_log_group", "name"): r"[A-Za-z0-9._/#-]{1,512}",
    ("aws_cloudwatch_metric_alarm", "alarm_name"): r".{1,255}",
    ("aws_dynamodb_table", "name"): r"[A-Za-z0-9._-]{3,255}",
    ("aws_ecr_repository", "name"): r"(?=.{2,256}$)[a-z0-9]+(?:[._/-][a-z0-9]+)*",
    ("aws_ecs_cluster", "name"): r"[A-Za-z0-9_-]{1,255}",
    ("aws_ecs_service", "name"): r"[A-Za-z0-9_-]{1,255}",
    ("aws_ecs_task_definition", "family"): r"[A-Za-z0-9_-]{1,255}",
    ("aws_glue_catalog_database", "name"): r"[^A-Z]{1,255}",
    ("aws_glue_catalog_table", "name"): r"[^A-Z]{1,255}",
    ("aws_iam_policy", "name"): r"[\w+=,.@-]{1,128}",
    ("aws_iam_role", "name"): r"[\w+=,.@-]{1,64}",
    ("aws_iam_role", "path"): r"/|/[\x21-\x7e]{1,510}/",
    ("aws_iam_role", "permissions_boundary"): r"arn:[^:]+:iam::(\d{12}|aws):policy/.+",
    ("aws_iam_role_policy", "name"): r"[\w+=,.@-]{1,128}",
    ("aws_kms_alias", "name"): r"alias/(?!aws/)[A-Za-z0-9/_-]{1,250}",
    ("aws_s3_bucket", "bucket"): r"(?!xn--|sthree-)(?!.*(?:-s3alias|--ol-s3)$)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    ("aws_security_group", "name"): r"(?!sg-).{1,255}",
    ("aws_sns_topic", "name"): r"[A-Za-z0-9_-]{1,256}(\.fifo)?",
    ("aws_sqs_queue", "name"): r"(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?",
}
JSON = {
    ("aws_cloudwatch_dashboard", "dashboard_body"), ("aws_cloudwatch_event_rule", "event_pattern"), ("aws_ecr_lifecycle_policy", "policy"),
    ("aws_ecs_task_definition", "container_definitions"), ("aws_sns_topic_subscription", "filter_policy"), ("aws_sns_topic_subscription", "redrive_policy"),
    ("aws_sqs_queue", "redrive_allow_policy"), ("aws_sqs_queue", "redrive_policy"),
    ("aws_sqs_queue_redrive_allow_policy", "redrive_allow_policy"),
}


def check(type_name, config):
    if not isinstance(config, dict):
        return []
    found = [*_enums(type_name, config), *_ranges(type_name, config)]
    for (of_type, attribute), pattern in NAMES.items():
        value = config.get(attribute)
        if of_type == type_name and isinstance(value, str) and not re.fullmatch(pattern, value):
            found.append(((attribute,), f"invalid {attribute} {value!r}: AWS wants {pattern}", ""))
    for of_type, attribute in JSON:
        if of_type == type_name and isinstance(config.get(attribute), str):
            found += _json(attribute, config[attribute])
    found += policy_rules.check(type_name, config)
    for own in (s3_rules.CHECKS.get(type_name), service_rules.CHECKS.get(type_name)):
        if own:
            found += own(config)
    return found


def _attributes(value, path=()):
    """Every attribute of the object and its blocks: (path, name, value)."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield path + (name,), name, inner
            yield from _attributes(inner, path + (name,))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _attributes(inner, path + (index,))


def _enums(type_name, config):
    for path, name, value in _attributes(config):
        allowed = ENUMS.get((type_name, name), "").split()
        if allowed and isinstance(value, str) and value not in allowed:
            yield path, f"expected {name} to be one of {allowed}, got {value}", ""


def _ranges(type_name, config):
    for path, name, value in _attributes(config):
        low, high = RANGES.get((type_name, name), (None, None))
        if low is not None and isinstance(value, (int, float)) and not isinstance(value, bool) and not low <= value <= high:
            yield path, f"expected {name} to be in the range ({low} - {high}), got {value}", ""


def _json(attribute, text):
    try:
        json.loads(text)
    except ValueError as error:
        yield (attribute,), f'"{attribute}" contains an invalid JSON: {error}', ""
