"""One stand-in provider for the whole run, and root modules that are applied once each."""
import os
import pathlib
import shutil
import sys

import pytest

import terraform
from policy_world import resources_of

sys.dont_write_bytecode = True
# Tests are of us-east-1 where they name no Region, whatever the shell names.
for _variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
    os.environ.pop(_variable, None)
TESTS = pathlib.Path(__file__).resolve().parent
TERRAFORM = TESTS.parent
# What has a README of its own, and what can be applied as it stands.
MODULES = sorted(path.parent for path in TERRAFORM.glob("modules/*/main.tf"))
STACKS = sorted(path.parent for path in TERRAFORM.glob("stacks/*/main.tf"))
EXAMPLES = sorted(path.parent for path in TERRAFORM.glob("examples/*/main.tf"))
FIXTURES = sorted(path.parent for path in TESTS.glob("fixtures/*/main.tf"))


def short(path):
    """How a directory is called in the name of a test."""
    return str(path.relative_to(TERRAFORM))


def not_run(reason):
    """Shows a test as not run; fails it where everything must run."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"not run: {reason}", pytrace=False)
    pytest.skip(f"not run: {reason}")


@pytest.fixture(scope="session", autouse=True)
def _terraform_is_there():
    if not shutil.which("terraform"):
        not_run("terraform is missing")


@pytest.fixture(scope="session")
def reattach():
    with terraform.provider() as value:
        yield value


def once(make):
    """make, called once for each argument; what it raised is raised again."""
    made = {}

    def result(argument):
        __tracebackhide__ = True
        if argument not in made:
            try:
                made[argument] = make(argument), None
            except terraform.Refused as refused:
                made[argument] = None, refused
        value, refused = made[argument]
        if refused:
            raise refused.with_traceback(None)
        return value

    return result


@pytest.fixture(scope="session")
def directory(reattach, tmp_path_factory):
    """path → terraform.Directory, initialised"""
    data = tmp_path_factory.mktemp("terraform")

    def initialised(path):
        found = terraform.Directory(path, reattach, data)
        found.init()
        return found

    return once(initialised)


@pytest.fixture(scope="session")
def applied(directory):
    """path of a root module → its state as `terraform show -json` tells it"""
    return once(lambda path: directory(path).apply())


@pytest.fixture(scope="session")
def resources(applied):
    """path of a root module → address → (type, values)"""
    return lambda path: resources_of(applied(path))


@pytest.fixture(scope="session", name="road")
def whole_road(tmp_path_factory):
    """The whole road, once for all that look at what came of it."""
    from road.road import travelled
    from road.whole import WholeRoad

    with travelled(WholeRoad, tmp_path_factory.mktemp("road")) as road:
        yield road
