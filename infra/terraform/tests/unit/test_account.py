"""Which Region the provider is of."""
import pytest

from account import Account


@pytest.fixture(autouse=True)
def no_region(monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_configuration_names_the_region(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert Account.configured({"region": "us-gov-west-1"}).region == "us-gov-west-1"


@pytest.mark.parametrize("block", [{}, {"region": None}], ids=["absent", "null"])
def test_else_the_environment_names_it(block, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    assert (Account.configured(block).region, Account.configured(block).partition) == ("cn-north-1", "aws-cn")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert Account.configured(block).region == "eu-west-1"


def test_else_it_is_us_east_1():
    assert Account.configured({}).region == "us-east-1"
