"""What KMS, SQS, ECS, CloudWatch, CloudTrail and others refuse."""
import json
import re

from s3_rules import blocks, number

LOG_RETENTION_DAYS = {0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
# Key spec → what such a key may be used for. KMS Developer Guide, "Key spec reference".
KEY_USES = {
    "SYMMETRIC_DEFAULT": {"ENCRYPT_DECRYPT"},
    **{f"RSA_{bits}": {"ENCRYPT_DECRYPT", "SIGN_VERIFY"} for bits in (2048, 3072, 4096)},
    **{f"ECC_NIST_P{bits}": {"SIGN_VERIFY", "KEY_AGREEMENT"} for bits in (256, 384, 521)},
    **{spec: {"SIGN_VERIFY"} for spec in ("ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87")},
    **{f"HMAC_{bits}": {"GENERATE_VERIFY_MAC"} for bits in (224, 256, 384, 512)},
    "SM2": {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"},
}
# CPU units → MiB. ECS Developer Guide, "Task CPU and memory" on Fargate.
FARGATE = {
    256: {512, 1024, 2048}, 512: set(range(1024, 4097, 1024)), 1024: set(range(2048, 8193, 1024)), 2048: set(range(4096, 16385, 1024)),
    4096: set(range(8192, 30721, 1024)), 8192: set(range(16384, 61441, 4096)), 16384: set(range(32768, 122881, 8192)),
}
MOST_STOP_TIMEOUT_SECONDS = 120
ALARM_WINDOW_SECONDS = 86400
LONG_ALARM_WINDOW_SECONDS = 7 * 86400
LONG_PERIOD_SECONDS = 3600


def kms_key(config):
    spec, usage = config.get("customer_master_key_spec"), config.get("key_usage")
    spec = "SYMMETRIC_DEFAULT" if spec is None else spec
    usage = "ENCRYPT_DECRYPT" if usage is None else usage
    if isinstance(spec, str) and spec not in KEY_USES:
        yield ("customer_master_key_spec",), f"there is no key spec {spec}", ""
    elif isinstance(spec, str) and isinstance(usage, str) and usage not in KEY_USES[spec]:
        yield ("key_usage",), f"a key of spec {spec} cannot be used for {usage}", ""
    rotates = config.get("enable_key_rotation")
    if isinstance(spec, str) and spec != "SYMMETRIC_DEFAULT" and rotates is True:
        yield ("enable_key_rotation",), f"KMS rotates symmetric keys only, this one is {spec}", ""
    if number(config.get("rotation_period_in_days")) and rotates in (False, None):
        yield ("rotation_period_in_days",), "rotation_period_in_days needs enable_key_rotation", ""


def log_group(config):
    days = number(config.get("retention_in_days"))
    if days is not None and days not in LOG_RETENTION_DAYS:
        yield ("retention_in_days",), f"expected retention_in_days to be one of {sorted(LOG_RETENTION_DAYS)}, got {days}", ""


def queue(config):
    if isinstance(config.get("kms_master_key_id"), str) and config.get("sqs_managed_sse_enabled") is True:
        yield ("sqs_managed_sse_enabled",), "conflicts with kms_master_key_id", ""
    try:
        policy = json.loads(config["redrive_policy"]) if isinstance(config.get("redrive_policy"), str) else None
    except ValueError:
        return
    if policy is not None:
        count = policy.get("maxReceiveCount")
        if not isinstance(count, int) or not 1 <= count <= 1000:
            yield ("redrive_policy",), f"maxReceiveCount is a number from 1 to 1000, not {count!r}", ""
        if "deadLetterTargetArn" not in policy:
            yield ("redrive_policy",), "deadLetterTargetArn is missing", ""


def redrive_allow(config):
    text = config.get("redrive_allow_policy")
    policy = json.loads(text) if isinstance(text, str) and text.startswith("{") else {}
    if len(policy.get("sourceQueueArns", [])) > 10:
        yield ("redrive_allow_policy",), "at most 10 sourceQueueArns", ""


def task_definition(config):
    if "FARGATE" not in (config.get("requires_compatibilities") or []):
        return
    if isinstance(config.get("network_mode"), str) and config["network_mode"] != "awsvpc":
        yield ("network_mode",), "Fargate wants network_mode awsvpc", ""
    cpu, memory = (int(v) if isinstance(v, str) and v.isdigit() else v for v in (config.get("cpu"), config.get("memory")))
    if cpu is None or memory is None:
        yield (), "Fargate wants cpu and memory of the task", ""
    elif isinstance(cpu, int) and isinstance(memory, int) and memory not in FARGATE.get(cpu, set()):
        yield ("memory",), f"Fargate has no task of {cpu} CPU units and {memory} MiB: with {cpu} go {sorted(FARGATE.get(cpu, [])) or 'none'}", ""
    for container in _containers(config):
        if container.get("stopTimeout", 0) > MOST_STOP_TIMEOUT_SECONDS:
            yield ("container_definitions",), f"stopTimeout is at most {MOST_STOP_TIMEOUT_SECONDS} on Fargate", ""
        if not container.get("image") or not container.get("name"):
            yield ("container_definitions",), "a container has a name and an image", ""
        for pair in container.get("environment", []):
            if not isinstance(pair.get("value"), str):
                yield ("container_definitions",), f"the value of {pair.get('name')} is not a string", ""


def _containers(config):
    try:
        containers = json.loads(config["container_definitions"]) if isinstance(config.get("container_definitions"), str) else []
    except ValueError:
        return []
    return containers if isinstance(containers, list) else []


def metric_alarm(config):
    queries = blocks(config, "metric_query")
    metric = config.get("metric_name")
    if metric is None and config.get("metric_query") in (None, []):
        yield (), "an alarm needs metric_name or metric_query", ""
    if isinstance(metric, str) and config.get("metric_query"):
        yield ("metric_query",), "conflicts with metric_name", ""
    if isinstance(metric, str) and config.get("namespace") is None:
        yield ("namespace",), "metric_name needs a namespace", ""
    if isinstance(metric, str) and config.get("statistic") is None and config.get("extended_statistic") is None:
        yield ("statistic",), "metric_name needs statistic or extended_statistic", ""
    if config.get("threshold") is None and config.get("threshold_metric_id") is None:
        yield ("threshold",), "one of threshold and threshold_metric_id", ""
    yield from _metric_queries(queries)
    periods, enough = number(config.get("evaluation_periods")), number(config.get("datapoints_to_alarm"))
    if periods is not None and periods < 1:
        yield ("evaluation_periods",), "at least 1", ""
    if periods and enough and enough > periods:
        yield ("datapoints_to_alarm",), f"{enough} of {periods} evaluation_periods cannot be", ""
    yield from _window(config, queries, periods)


def _metric_queries(queries):
    returned = [query for query in queries if query.get("return_data") is True]
    if queries and not any(not isinstance(q.get("return_data"), (bool, type(None))) for q in queries) and len(returned) != 1:
        yield ("metric_query",), f"exactly one metric_query has return_data = true, here {len(returned)} have", ""
    ids = [query.get("id") for query in queries]
    for name in ids:
        if isinstance(name, str) and not re.fullmatch(r"[a-z][A-Za-z0-9_]*", name):
            yield ("metric_query",), f"the id {name!r} begins with a small letter and has letters, digits and underscores", ""
    if len([i for i in ids if isinstance(i, str)]) != len({i for i in ids if isinstance(i, str)}):
        yield ("metric_query",), "two metric_query have the same id", ""


def _window(config, queries, evaluation_periods):
    metrics = [metric for query in queries for metric in blocks(query, "metric")]
    for period in filter(None, (number(block.get("period")) for block in [config, *metrics, *queries])):
        if period not in (10, 20, 30) and period % 60:
            yield ("period",), f"a period is 10, 20, 30 or a multiple of 60 seconds, not {period}", ""
        most = LONG_ALARM_WINDOW_SECONDS if period >= LONG_PERIOD_SECONDS else ALARM_WINDOW_SECONDS
        if evaluation_periods and period * evaluation_periods > most:
            yield ("evaluation_periods",), f"{evaluation_periods} periods of {period} s are longer than CloudWatch's {most} s", ""


def composite_alarm(config):
    rule = config.get("alarm_rule")
    if isinstance(rule, str) and len(rule) > 10240:
        yield ("alarm_rule",), f"at most 10240 characters, these are {len(rule)}", ""


def trail(config):
    if config.get("event_selector") and config.get("advanced_event_selector"):
        yield ("advanced_event_selector",), "conflicts with event_selector", ""
    for index, selector in enumerate(blocks(config, "advanced_event_selector")):
        fields = [block.get("field") for block in blocks(selector, "field_selector")]
        if fields and all(isinstance(f, str) for f in fields) and "eventCategory" not in fields:
            yield ("advanced_event_selector", index), "an advanced event selector names its eventCategory", ""


def dynamodb_table(config):
    declared = {a.get("name") for a in blocks(config, "attribute")}
    indexes = blocks(config, "global_secondary_index") + blocks(config, "local_secondary_index")
    used = {block.get(key) for block in [config, *indexes] for key in ("hash_key", "range_key") if isinstance(block.get(key), str)}
    for name in sorted(used - declared):
        yield ("attribute",), f"the key {name} has no attribute block", ""
    for name in sorted(n for n in declared - used if isinstance(n, str)):
        if all(isinstance(i.get("hash_key"), (str, type(None))) for i in indexes):
            yield ("attribute",), f"the attribute {name} is no key: DynamoDB takes only keys here", ""


CHECKS = {
    "aws_cloudtrail": trail, "aws_cloudwatch_composite_alarm": composite_alarm, "aws_cloudwatch_log_group": log_group,
    "aws_cloudwatch_metric_alarm": metric_alarm, "aws_dynamodb_table": dynamodb_table, "aws_ecs_task_definition": task_definition,
    "aws_kms_key": kms_key, "aws_sqs_queue": queue, "aws_sqs_queue_redrive_allow_policy": redrive_allow,
}
