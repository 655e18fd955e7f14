"""What S3 refuses in a bucket's lifecycle, notifications and replication."""
import re
from itertools import combinations

WARM_TO_COLD = ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]
INFREQUENT = {"STANDARD_IA", "ONEZONE_IA"}
LEAST_DAYS_BEFORE_INFREQUENT = LEAST_DAYS_IN_INFREQUENT = 30
MOST_LIFECYCLE_RULES = 1000


def blocks(value, name):
    """Nested blocks that are known."""
    found = value.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def number(value):
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def lifecycle(config):
    rules = blocks(config, "rule")
    if len(rules) > MOST_LIFECYCLE_RULES:
        yield ("rule",), f"a bucket takes {MOST_LIFECYCLE_RULES} lifecycle rules, these are {len(rules)}", ""
    ids = [rule.get("id") for rule in rules]
    for name in sorted({i for i in ids if isinstance(i, str) and ids.count(i) > 1}):
        yield ("rule",), f"two lifecycle rules have the id {name}", ""
    for index, rule in enumerate(rules):
        for sentence in _lifecycle_rule(rule):
            yield ("rule", index), f"lifecycle rule {rule.get('id')}: {sentence}", ""


def _lifecycle_rule(rule):
    if rule.get("status") not in ("Enabled", "Disabled") and isinstance(rule.get("status"), str):
        yield "status is Enabled or Disabled"
    steps = _steps(blocks(rule, "transition"), "days")
    yield from _transitions(steps)
    yield from _transitions(_steps(blocks(rule, "noncurrent_version_transition"), "noncurrent_days"))
    for expiration in blocks(rule, "expiration"):
        days = number(expiration.get("days"))
        late = [f"{storage_class} at day {day}" for day, storage_class in steps if days and days <= day]
        if late:
            yield f"expiration at day {days} is not after {late[0]}"
        if expiration.get("expired_object_delete_marker") is True and (days or expiration.get("date")):
            yield "expired_object_delete_marker cannot stand beside days or date"
    acts = ("transition", "expiration", "noncurrent_version_transition", "noncurrent_version_expiration", "abort_incomplete_multipart_upload")
    if all(rule.get(act) in (None, []) for act in acts):
        yield "it does nothing: at least one action is needed"
    for condition in blocks(rule, "filter"):
        limited = condition.get("tag") or condition.get("and") or condition.get("object_size_greater_than") or condition.get("object_size_less_than")
        if limited and rule.get("abort_incomplete_multipart_upload"):
            yield "abort_incomplete_multipart_upload takes a prefix only, no tags or sizes"


def _steps(transitions, attribute):
    steps = [(number(t.get(attribute)), t.get("storage_class")) for t in transitions]
    return [(day, storage_class) for day, storage_class in steps if day is not None and storage_class in WARM_TO_COLD]


def _transitions(steps):
    for day, storage_class in steps:
        if storage_class in INFREQUENT and day < LEAST_DAYS_BEFORE_INFREQUENT:
            yield f"{storage_class} takes objects after {LEAST_DAYS_BEFORE_INFREQUENT} days, not at day {day}"
    by_warmth = sorted(steps, key=lambda step: WARM_TO_COLD.index(step[1]))
    for (day, warm), (next_day, cold) in combinations(by_warmth, 2):
        least = LEAST_DAYS_IN_INFREQUENT if warm in INFREQUENT else 1
        if warm == cold:
            yield f"two transitions to {warm}"
        elif next_day < day + least:
            yield f"{cold} at day {next_day} must come at least {least} days after {warm} at day {day}"


def notification(config):
    """Two destinations may not be told of the same object by the same event."""
    wanted = []
    for kind in ("topic", "queue", "lambda_function"):
        for block in blocks(config, kind):
            events = block.get("events")
            affixes = [block.get(f"filter_{end}") for end in ("prefix", "suffix")]
            if isinstance(events, list) and all(affix is None or isinstance(affix, str) for affix in affixes):
                wanted.append((kind, [e for e in events if isinstance(e, str)], affixes[0] or "", affixes[1] or ""))
    for (kind, events, prefix, suffix), (other, others, prefix2, suffix2) in combinations(wanted, 2):
        nested = _nested(prefix, prefix2, str.startswith) and _nested(suffix, suffix2, str.endswith)
        if nested and any(_same_event(a, b) for a in events for b in others):
            yield (), f"overlapping notifications: {kind} for {prefix + '*' + suffix!r} and {other} for {prefix2 + '*' + suffix2!r} share an event", ""


def _nested(a, b, test):
    return test(a, b) or test(b, a)


def _same_event(a, b):
    return a == b or (a.endswith("*") and b.startswith(a[:-1])) or (b.endswith("*") and a.startswith(b[:-1]))


def replication(config):
    rules = blocks(config, "rule")
    priorities = [number(rule.get("priority")) for rule in rules]
    for priority in sorted({p for p in priorities if p is not None and priorities.count(p) > 1}):
        yield ("rule",), f"two replication rules have the priority {priority}", ""
    for index, rule in enumerate(rules):
        path, name = ("rule", index), f"replication rule {rule.get('id')}"
        if rule.get("filter") and not rule.get("delete_marker_replication"):
            yield path, f"{name}: a rule with a filter says in delete_marker_replication what becomes of delete markers", ""
        for destination in blocks(rule, "destination"):
            key = blocks(destination, "encryption_configuration")
            if blocks(rule, "source_selection_criteria") and not key and destination.get("encryption_configuration") == []:
                yield path, f"{name}: objects under KMS keys need the destination's key in encryption_configuration", ""
            owner = blocks(destination, "access_control_translation")
            if owner and not destination.get("account"):
                yield path, f"{name}: access_control_translation needs the destination's account", ""
            if isinstance(destination.get("bucket"), str) and not re.fullmatch(r"arn:[^:]+:s3:::.+", destination["bucket"]):
                yield path, f"{name}: the destination's bucket is an ARN", ""


CHECKS = {
    "aws_s3_bucket_lifecycle_configuration": lifecycle,
    "aws_s3_bucket_notification": notification,
    "aws_s3_bucket_replication_configuration": replication,
}
