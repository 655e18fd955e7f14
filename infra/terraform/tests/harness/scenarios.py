"""Reads scenario files: sentences on who may do what, checked against the policies of an applied root module.

{
  "about":     "one sentence",
  "root":      "fixtures/complete",                                  // directory below infra/terraform/tests, or ../examples/…
  "members":   ["444455556666"],                                     // accounts of the organization, the applied one included by itself
  "managed":   ["444455556666"],                                     // those bound by its service control policies
  "names":     {"bucket": "@module.archive.aws_s3_bucket.this.arn",  // @address.attribute or @output.name is looked up in the state
                "collector": "arn:aws:iam::111122223333:role/x"},    // names may be used as {name} in every string below
  "scenarios": [
    {"name": "the trail writes below its organization's prefix",
     "who": "cloudtrail.amazonaws.com",                              // a role's ARN, a service, "anonymous"
     "action": "s3:PutObject", "resource": "{bucket}/AWSLogs/x",
     "context": {"aws:SourceArn": "{trail}"},                        // null takes away a key that every request has
     "expect": "allow",                                              // allow, deny (nothing allows), explicit-deny
     "by": "TrailWrites"}                                            // optional: the Sid of the statement that decides
  ]
}

`context` beside `scenarios` holds keys that all of the file share."""
import json
import re
from dataclasses import dataclass

from policy_world import World

FIELDS = {"name", "who", "action", "resource", "context", "expect", "by"}
EXPECTATIONS = ("allow", "deny", "explicit-deny")


class Unreadable(ValueError):
    """A scenario file that does not say what it means."""


@dataclass(frozen=True)
class Scenario:
    name: str
    who: str
    action: str
    resource: str
    context: dict
    expect: str
    by: str | None = None


@dataclass(frozen=True)
class ScenarioFile:
    root: str
    members: tuple
    managed: tuple
    names: dict
    scenarios: tuple


def read(path):
    document = json.loads(path.read_text())
    shared = document.get("context", {})
    scenarios = []
    for entry in document["scenarios"]:
        wrong = set(entry) - FIELDS or FIELDS - {"context", "by"} - set(entry)
        if wrong:
            raise Unreadable(f"{path.name}: {entry.get('name', entry)}: unknown or missing {sorted(wrong)}")
        if entry["expect"] not in EXPECTATIONS:
            raise Unreadable(f"{path.name}: {entry['name']}: expect is one of {EXPECTATIONS}")
        scenarios.append(Scenario(**{**entry, "context": {**shared, **entry.get("context", {})}}))
    names = [scenario.name for scenario in scenarios]
    if len(names) != len(set(names)):
        raise Unreadable(f"{path.name}: two scenarios have the same name: {sorted({n for n in names if names.count(n) > 1})}")
    return ScenarioFile(
        document["root"], tuple(document.get("members", ())), tuple(document.get("managed", ())), document.get("names", {}), tuple(scenarios))


class Stage:
    """An applied root module with the names of one scenario file: plays its scenarios."""

    def __init__(self, file, state, resources):
        self._state, self._resources = state, resources
        world = World(resources)
        self.world = World(resources, members=(*file.members, world.account), managed=file.managed)
        self.names = {}
        for name, value in file.names.items():
            self.names[name] = self._look_up(value[1:]) if value.startswith("@") else self._fill(value)

    def play(self, scenario):
        context = {key: self._fill(value) for key, value in scenario.context.items()}
        return self.world.decide(self._principal(self._fill(scenario.who)), scenario.action, self._fill(scenario.resource), context)

    def _principal(self, who):
        if who == "anonymous":
            return {}
        return {"Service": who} if re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", who) else {"AWS": who}

    def _fill(self, value):
        if isinstance(value, list):
            return [self._fill(one) for one in value]
        if not isinstance(value, str):
            return value
        missing = set(re.findall(r"\{(\w+)\}", value)) - set(self.names)
        if missing:
            raise Unreadable(f"{value!r} names {sorted(missing)}, which `names` does not have")
        return re.sub(r"\{(\w+)\}", lambda found: self.names[found.group(1)], value)

    def _look_up(self, reference):
        if reference.startswith("output."):
            value = {name: output["value"] for name, output in self._state["values"].get("outputs", {}).items()}
            for step in reference.split(".")[1:]:
                value = value.get(step) if isinstance(value, dict) else None
        else:
            address, _, attribute = reference.rpartition(".")
            value = self._resources.get(address, (None, {}))[1].get(attribute)
        if not isinstance(value, str):
            raise Unreadable(f"@{reference} is not a string in the state")
        return value
