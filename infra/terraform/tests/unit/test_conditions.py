"""Operators of conditions, with keys that are there, are not, and have many values."""
import pytest

from conditions import Context, UnknownOperator, all_hold, arn_matches, holds

TRAIL = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org"


@pytest.mark.parametrize(("operator", "wanted", "have", "expected"), [
    ("StringEquals", "a", "a", True), ("StringEquals", "a", "A", False), ("StringEquals", "a*", "ab", False), ("StringEquals", ["b", "a"], "a", True),
    ("StringEqualsIgnoreCase", "AB", "ab", True), ("StringNotEqualsIgnoreCase", "AB", "ab", False),
    ("StringNotEquals", "a", "b", True), ("StringNotEquals", ["a", "b"], "b", False), ("StringLike", "a*", "abc", True), ("StringNotLike", "a*", "abc", False),
    ("StringEqualsIfExists", "a", "b", False), ("Bool", "false", False, True), ("Bool", "false", "False", True), ("Bool", False, "false", True), ("Bool", "true", False, False),
    ("NumericLessThan", "1.2", "1.1", True), ("NumericLessThan", "1.2", 1.2, False), ("NumericLessThanEquals", "400", 400, True),
    ("NumericGreaterThan", "400", "401", True), ("NumericGreaterThanEquals", "400", "399", False), ("NumericEquals", "2", "2.0", True),
    ("NumericNotEquals", "2", "3", True), ("NumericLessThan", "2", "many", False),
    ("ArnEquals", TRAIL, TRAIL, True), ("ArnLike", "arn:aws:cloudtrail:*:999999999999:trail/*", TRAIL, True),
    ("ArnLike", "arn:aws:*:trail/*", TRAIL, False), ("ArnNotLike", "arn:aws:cloudtrail:*:999999999999:trail/*", TRAIL, False),
    ("Null", "true", "a", False), ("Null", "false", "a", True),
])
def test_a_key_that_the_request_has(operator, wanted, have, expected):
    assert holds(operator, "aws:Key", wanted, Context({"AWS:kEY": have})) is expected


@pytest.mark.parametrize(("operator", "expected"), [
    ("StringEquals", False), ("StringNotEquals", True), ("StringNotLike", True), ("ArnNotLike", True), ("NumericNotEquals", True), ("Bool", False),
    ("StringEqualsIfExists", True), ("NumericLessThanIfExists", True), ("BoolIfExists", True), ("ForAllValues:StringEquals", True),
    ("ForAnyValue:StringEquals", False), ("ForAnyValue:StringNotEquals", False), ("ArnLike", False),
])
def test_a_key_that_the_request_lacks(operator, expected):
    assert holds(operator, "aws:Key", "1", Context({})) is expected
    assert holds(operator, "aws:Key", "1", Context({"aws:Key": None})) is expected


def test_null_asks_whether_the_key_is_there():
    assert holds("Null", "aws:Key", "true", Context({})) and not holds("Null", "aws:Key", "false", Context({}))


@pytest.mark.parametrize(("operator", "wanted", "have", "expected"), [
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True), ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], True), ("ForAnyValue:StringEquals", ["a"], ["c", "b"], False),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "c"], True), ("ForAllValues:StringNotEquals", ["a"], ["a", "c"], False),
    ("ForAllValues:StringLike", ["o-1/*"], ["o-1/r/ou"], True), ("ForAllValues:StringEquals", ["a"], [], True), ("ForAnyValue:StringEquals", ["a"], [], False),
])
def test_keys_of_many_values(operator, wanted, have, expected):
    assert holds(operator, "aws:Key", wanted, Context({"aws:Key": have})) is expected


def test_wanted_values_may_be_variables():
    context = Context({"aws:SourceAccount": "111122223333", "aws:ResourceAccount": "111122223333"})
    assert holds("StringEquals", "aws:SourceAccount", "${aws:ResourceAccount}", context)
    assert not holds("StringEquals", "aws:SourceAccount", "${aws:PrincipalAccount}", context)
    assert holds("StringNotEquals", "aws:SourceAccount", "${aws:PrincipalAccount}", context), "what matches nothing differs from everything"


def test_all_conditions_of_a_statement_have_to_hold():
    condition = {"StringEquals": {"aws:A": "1", "aws:B": ["2", "3"]}, "Bool": {"aws:SecureTransport": "true"}}
    assert all_hold(condition, Context({"aws:A": "1", "aws:B": "3", "aws:SecureTransport": True}))
    assert not all_hold(condition, Context({"aws:A": "1", "aws:B": "4", "aws:SecureTransport": True}))
    assert not all_hold(condition, Context({"aws:A": "1", "aws:B": "3"}))


@pytest.mark.parametrize("operator", ["StringMatches", "DateLessThan", "IpAddress", "ForSomeValues:StringEquals", ""])
def test_an_operator_that_is_not_known_is_not_guessed_at(operator):
    with pytest.raises(UnknownOperator):
        holds(operator, "aws:Key", "a", Context({"aws:Key": "a"}))


@pytest.mark.parametrize(("glob", "arn", "expected"), [
    ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket", True), ("arn:aws:s3:::*", "arn:aws:s3:::a/b:c", True), ("*", "arn:aws:s3:::a", False),
    ("arn:*:iam::111122223333:role/a", "arn:aws-cn:iam::111122223333:role/a", True), ("arn:aws:iam::*:role/a", "arn:aws:iam::1:2:role/a", False),
])
def test_arns_match_part_by_part(glob, arn, expected):
    assert arn_matches(glob, arn) is expected
