"""Policy documents come out as the provider renders them."""
import json

import iam_document


def statement(sid, *actions, **more):
    return {"sid": sid, "actions": list(actions), "resources": ["*"], **more}


def rendered(**config):
    text, minified, errors = iam_document.render(config)
    assert json.loads(text) == json.loads(minified)
    return json.loads(text), errors


def test_single_values_are_no_lists_and_several_are_sorted_downwards():
    document, errors = rendered(statement=[statement("One", "s3:GetObject"), statement("Two", "s3:A", "s3:B")])
    assert errors == [] and document["Version"] == "2012-10-17"
    assert [s["Action"] for s in document["Statement"]] == ["s3:GetObject", ["s3:B", "s3:A"]]


def test_everybody_is_a_star():
    document, _ = rendered(statement=[statement("One", "s3:*", principals=[{"type": "*", "identifiers": ["*"]}])])
    assert document["Statement"][0]["Principal"] == "*"


def test_principals_and_conditions_of_several_blocks_are_put_together():
    principals = [{"type": "AWS", "identifiers": ["1"]}, {"type": "AWS", "identifiers": ["2"]}, {"type": "Service", "identifiers": ["s"]}]
    conditions = [{"test": "StringEquals", "variable": "a", "values": ["&{b}"]}, {"test": "StringEquals", "variable": "c", "values": ["1", "2"]}]
    document, _ = rendered(statement=[statement("One", "s3:*", principals=principals, condition=conditions)])
    assert document["Statement"][0]["Principal"] == {"AWS": ["2", "1"], "Service": "s"}
    assert document["Statement"][0]["Condition"] == {"StringEquals": {"a": "${b}", "c": ["1", "2"]}}


def test_statements_override_those_of_sources_by_sid_and_overrides_override_both():
    source = json.dumps({"Statement": [{"Sid": "One", "Effect": "Allow"}, {"Sid": "Two", "Effect": "Allow"}]})
    override = json.dumps({"Statement": {"Sid": "Two", "Effect": "Deny"}})
    document, errors = rendered(source_policy_documents=[source], statement=[statement("One", "s3:*", effect="Deny")], override_policy_documents=[override])
    assert errors == [] and [(s["Sid"], s["Effect"]) for s in document["Statement"]] == [("One", "Deny"), ("Two", "Deny")]


def test_a_sid_twice_is_an_error():
    _, errors = rendered(statement=[statement("One", "s3:A"), statement("One", "s3:B")])
    assert "duplicate Sid (One)" in errors[0]
    source = json.dumps({"Statement": [{"Sid": "One", "Effect": "Allow"}]})
    _, errors = rendered(source_policy_documents=[source, source])
    assert "duplicate Sid (One)" in errors[0]
