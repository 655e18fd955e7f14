"""Scenario files that do not say what they mean are refused."""
import json

import pytest

import scenarios

SCENARIO = {"name": "n", "who": "{role}", "action": "s3:GetObject", "resource": "{bucket}/a", "expect": "deny"}
BUCKET = {"aws_s3_bucket.this": ("aws_s3_bucket", {"bucket": "b", "arn": "arn:aws:s3:::b"}), "aws_sqs_queue.this": ("aws_sqs_queue", {"arn": "arn:aws:sqs:us-east-1:1:q"})}
STATE = {"values": {"outputs": {"arns": {"value": {"queue": "arn:aws:sqs:us-east-1:1:q"}}}}}


def read(tmp_path, *entries, **document):
    path = tmp_path / "some.json"
    path.write_text(json.dumps({"root": "tests/fixtures/example", "scenarios": entries, **document}))
    return scenarios.read(path)


@pytest.mark.parametrize(("entries", "said"), [
    ([{**SCENARIO, "expects": "deny"}], "unknown or missing"), ([{k: v for k, v in SCENARIO.items() if k != "who"}], "unknown or missing"),
    ([{**SCENARIO, "expect": "no"}], "expect is one of"), ([SCENARIO, SCENARIO], "the same name"),
])
def test_refused(tmp_path, entries, said):
    with pytest.raises(scenarios.Unreadable, match=said):
        read(tmp_path, *entries)


def test_context_of_the_file_is_shared_and_may_be_taken_away(tmp_path):
    file = read(tmp_path, {**SCENARIO, "context": {"b": None}}, context={"a": "1", "b": "2"})
    assert file.scenarios[0].context == {"a": "1", "b": None}


def test_names_are_looked_up_in_the_state(tmp_path):
    file = read(tmp_path, SCENARIO, names={"bucket": "@aws_s3_bucket.this.arn", "queue": "@output.arns.queue", "below": "{bucket}/x", "role": "arn:aws:iam::1:role/r"})
    stage = scenarios.Stage(file, STATE, BUCKET)
    assert stage.names["queue"] == "arn:aws:sqs:us-east-1:1:q" and stage.names["below"] == "arn:aws:s3:::b/x"


@pytest.mark.parametrize("names", [{"bucket": "@aws_s3_bucket.that.arn"}, {"bucket": "@output.arns"}, {"bucket": "@output.nothing.here"}, {"bucket": "{unknown}"}])
def test_names_that_lead_nowhere_are_refused(tmp_path, names):
    with pytest.raises(scenarios.Unreadable):
        scenarios.Stage(read(tmp_path, SCENARIO, names=names), STATE, BUCKET)


def test_a_scenario_with_an_unknown_name_is_refused(tmp_path):
    file = read(tmp_path, SCENARIO, names={"role": "arn:aws:iam::1:role/r"})
    with pytest.raises(scenarios.Unreadable, match="bucket"):
        scenarios.Stage(file, STATE, BUCKET).play(file.scenarios[0])
