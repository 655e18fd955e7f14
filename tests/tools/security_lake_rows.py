"""Compares the rows that AWS's own Security Lake made of 16 Records with the events of an archive that holds the same Records.

security_lake_rows.py EXPECTED_DIR < EVENTS (one JSON object a line)

AWS's rows are OCSF 1.0.0-rc.2 (source version 1). What MAPPING.md section 3 says has moved since is looked for in its new place.
Prints a line a Record; ends with 1 where anything differs.
"""

import glob
import json
import os
import sys

# API Activity was class 3005 before OCSF 1.0 and is 6003 since.
CLASSES = {3005: 6003}


def at(event, path):
    for step in path.split("."):
        event = (event or {}).get(step)
    return event


def request_pairs(event):
    """What source version 1 flattened into `unmapped` and source version 2 keeps as JSON text."""
    pairs = {}
    for name, text in (("requestParameters", at(event, "api.request.data")), ("responseElements", at(event, "api.response.data"))):
        if text and text.startswith("{"):
            flatten(name, json.loads(text), pairs)
    return {key: ",".join(values) for key, values in pairs.items()}


def flatten(path, value, pairs):
    if isinstance(value, dict):
        for name, inner in value.items():
            flatten(f"{path}.{name}", inner, pairs)
    elif isinstance(value, list):
        for inner in value:
            flatten(f"{path}[]", inner, pairs)
    elif value is not None:
        text = value if isinstance(value, str) else json.dumps(value)
        pairs.setdefault(path, []).append(text)


def joined(event, member):
    values = [at(resource, member) for resource in event.get("resources") or []]
    return ",".join(value for value in values if value)


def found(event, key):
    """The value of one of AWS's unmapped pairs in our event, in `unmapped` or where it has moved to."""
    moved = {
        "eventType": lambda: at(event, "metadata.event_code"),
        "resources[].ARN": lambda: joined(event, "uid"),
        "resources[].accountId": lambda: joined(event, "owner.account.uid"),
        "resources[].type": lambda: joined(event, "type"),
        "sharedEventID": lambda: at(event, "metadata.correlation_uid"),
    }
    unmapped = event.get("unmapped") or {}
    if key in unmapped:
        return unmapped[key]
    if key in moved:
        return moved[key]()
    return request_pairs(event).get(key)


def differences(expected, event):
    wanted_class = CLASSES.get(expected["class_uid"], expected["class_uid"])
    if event.get("class_uid") != wanted_class:
        yield f"class {event.get('class_uid')}, expected {wanted_class}"
    if event.get("activity_id") != expected["activity_id"]:
        yield f"activity {event.get('activity_id')}, expected {expected['activity_id']}"
    for key, value in expected["unmapped"]:
        ours = found(event, key)
        if ours != value:
            yield f"unmapped {key}: {ours!r}, expected {value!r}"


def main():
    events = {os.path.basename(event["source_key"]).split(".")[0]: event for event in map(json.loads, sys.stdin)}
    rows, pairs, wrong = 0, 0, 0
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*", "*.expected.json"))):
        with open(path) as text:
            for expected in json.load(text):
                rows, pairs = rows + 1, pairs + len(expected["unmapped"])
                event = events.get(os.path.basename(path).split(".")[0])
                found_wrong = list(differences(expected, event)) if event else ["no such event"]
                wrong += bool(found_wrong)
                print("differs" if found_wrong else "agrees", os.path.basename(path), *found_wrong, sep="\n    " if found_wrong else " ")
    print(f"{rows} rows, {pairs} unmapped pairs, {wrong} rows differ")
    return 1 if wrong or rows != 16 else 0


sys.exit(main())
