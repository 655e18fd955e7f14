"""Rows of the events table, one JSON object a line on standard input, as OCSF events, one a line on standard output.

Our own columns are left out, and `anomaly_analyses`, which is kept as JSON text, is unfolded.
"""

import json
import sys

OURS = {
    "event_uid", "event_time", "principal_arn", "access_key_id", "source_ip", "region", "accountid", "record_hash", "source_bucket", "source_key",
    "raw_segment", "raw_offset", "raw_length", "record_offset", "record_length", "record_index", "batch", "anomalies", "category", "eventday",
}


def without_nulls(value):
    if isinstance(value, dict):
        kept = ((name, without_nulls(inner)) for name, inner in value.items())
        return {name: inner for name, inner in kept if inner is not None and inner != {}} or None
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value] or None
    return value


for line in sys.stdin:
    event = {name: value for name, value in json.loads(line).items() if name not in OURS}
    if event.get("anomaly_analyses"):
        event["anomaly_analyses"] = json.loads(event["anomaly_analyses"])
    print(json.dumps(without_nulls(event)))
