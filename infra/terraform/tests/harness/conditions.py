"""The Condition element of a policy: operators, quantifiers, policy variables."""
import re
from functools import lru_cache

VARIABLE = re.compile(r"\$\{([^}]*)\}")
# Wildcards that are meant literally, because a variable brought them, travel as characters that no policy has.
LITERAL = {"*": "\ue000", "?": "\ue001", "$": "$"}
PATTERN = {"*": ".*", "?": ".", LITERAL["*"]: re.escape("*"), LITERAL["?"]: re.escape("?")}


class UnknownOperator(ValueError):
    """A condition that this evaluator would have to guess at."""


@lru_cache(maxsize=4096)
def _pattern(glob):
    return re.compile("".join(PATTERN.get(c) or re.escape(c) for c in glob), re.S)


def matches(glob, text):
    return _pattern(glob).fullmatch(text) is not None


def arn_matches(glob, arn):
    """Part by part: a wildcard does not reach over a colon, except in the sixth part, the resource."""
    wanted, parts = glob.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(parts) == 6 and all(map(matches, wanted, parts))


class Context(dict):
    """The keys of a request, read in any case. A value is a string, a bool, a number or a list of them."""

    def __init__(self, values):
        super().__init__({key.lower(): value for key, value in values.items() if value is not None})

    def values_of(self, key):
        """Strings, or None where the request has no such key."""
        value = self.get(key.lower())
        if value is None:
            return None
        return [str(one).lower() if isinstance(one, bool) else str(one) for one in as_list(value)]


def as_list(value):
    return value if isinstance(value, list) else [value]


def resolve(text, context):
    """The pattern that a policy's string is for this request; None when it names a variable without value or default, and so matches nothing."""
    missing = []

    def value(found):
        name, _, default = (part.strip() for part in found.group(1).partition(","))
        if name in LITERAL:
            return LITERAL[name]
        values = context.values_of(name)
        if values is None and not default:
            missing.append(name)
            return ""
        return "".join(LITERAL.get(c, c) for c in (values[0] if values else default.strip("'")))

    pattern = VARIABLE.sub(value, text)
    return None if missing else pattern


def _plain(pattern):
    """For the operators that know no wildcards."""
    return pattern.replace(LITERAL["*"], "*").replace(LITERAL["?"], "?")


TESTS = {
    "StringEquals": lambda want, have: _plain(want) == have,
    "StringEqualsIgnoreCase": lambda want, have: _plain(want).lower() == have.lower(),
    "StringLike": matches,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda want, have: want.lower() == have.lower(),
    "NumericEquals": lambda want, have: float(have) == float(want),
    "NumericLessThan": lambda want, have: float(have) < float(want),
    "NumericLessThanEquals": lambda want, have: float(have) <= float(want),
    "NumericGreaterThan": lambda want, have: float(have) > float(want),
    "NumericGreaterThanEquals": lambda want, have: float(have) >= float(want),
}
NEGATABLE = {f"{family}Not{test}": f"{family}{test}" for family, tests in {
    "String": ("Equals", "EqualsIgnoreCase", "Like"), "Arn": ("Equals", "Like"), "Numeric": ("Equals",)}.items() for test in tests}


def holds(operator, key, wanted, context):
    """Does `{operator: {key: wanted}}` hold for the request?"""
    quantifier, _, test = operator.rpartition(":")
    if_exists = test.endswith("IfExists")
    test = test.removesuffix("IfExists")
    values = context.values_of(key)
    if test == "Null":
        return (values is None) == (str(as_list(wanted)[0]).lower() == "true")
    negated = test in NEGATABLE
    compare = TESTS.get(NEGATABLE.get(test, test))
    if compare is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnknownOperator(operator)
    if values is None:
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    patterns = [p for p in (resolve(str(want).lower() if isinstance(want, bool) else str(want), context) for want in as_list(wanted)) if p is not None]
    found = [any(_safely(compare, pattern, value) for pattern in patterns) != negated for value in values]
    return all(found) if quantifier == "ForAllValues" or (negated and not quantifier) else any(found)


def _safely(compare, want, have):
    try:
        return compare(want, have)
    except ValueError:  # no number: does not match
        return False


def all_hold(condition, context):
    return all(holds(operator, key, wanted, context) for operator, keys in condition.items() for key, wanted in keys.items())
