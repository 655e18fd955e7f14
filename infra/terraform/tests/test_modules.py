"""Every module, stack and example: formatted, valid against the provider's schema, its own tests pass, and it can be applied where it stands alone."""
import re

import pytest

from conftest import EXAMPLES, FIXTURES, MODULES, STACKS, short

ALL = MODULES + STACKS + EXAMPLES + FIXTURES
ROOTS = EXAMPLES + FIXTURES
everywhere = pytest.mark.parametrize("path", ALL, ids=short)


def test_there_are_modules_to_test():
    assert MODULES and FIXTURES


@everywhere
def test_fmt(path, directory):
    directory(path).run("fmt", "-check", "-diff", "-recursive")


@everywhere
def test_init(path, directory):
    directory(path)


@everywhere
def test_validate(path, directory):
    directory(path).run("validate", "-no-color")


@pytest.mark.parametrize("path", [path for path in ALL if list(path.glob("tests/*.tftest.hcl"))], ids=short)
def test_test(path, directory):
    said = directory(path).run("test", "-no-color")
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", said), said


@pytest.mark.parametrize("path", ROOTS, ids=short)
def test_apply_and_nothing_left_to_change(path, applied, directory):
    applied(path)
    changes = directory(path).plan()["resource_changes"]
    changed = [change["address"] for change in changes if change["change"]["actions"] != ["no-op"]]
    assert not changed, "a second apply would change these again"
