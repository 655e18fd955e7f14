"""scripts/smoke.sh against an archive in moto: it finds a marked event, and says what does not hold."""

import datetime
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import time

import boto3
import pytest

from conftest import not_run
from road import emulator
from road.emulator import ROOT

MARK = "trailkeep-smoke-20260101000000-1"
KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
DEADLINE_S = 60


@pytest.fixture(name="binary")
def built_binary():
    path = pathlib.Path(os.environ.get("TRAILKEEP_BIN", ROOT / "target/debug/trailkeep"))
    return path if path.exists() else not_run(f"{path} was not built: make build")


@pytest.fixture(name="endpoint")
def moto_endpoint(tmp_path):
    for tool in ("aws", "jq"):
        if not shutil.which(tool):
            not_run(f"{tool} is not installed")
    if not emulator.program():
        not_run("moto is not installed: make setup")
    moto = emulator.Moto(tmp_path / "moto.log")
    try:
        begun = time.monotonic()
        while not moto.listening():
            assert time.monotonic() - begun < DEADLINE_S, "moto does not listen"
            time.sleep(0.05)
        yield f"http://{moto.address}"
    finally:
        moto.close()


@pytest.fixture(name="environment")
def environment_of_the_archive(endpoint, binary, tmp_path):
    """An archive in moto that holds one marked event."""
    now = datetime.datetime.now(datetime.UTC)
    record = {
        "eventVersion": "1.11", "userIdentity": {"type": "AssumedRole", "accountId": "111122223333"}, "eventTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ssm.amazonaws.com", "eventName": "GetParameter", "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.1", "userAgent": "smoke",
        "errorCode": "ParameterNotFound", "requestParameters": {"name": f"/{MARK}"}, "responseElements": None, "requestID": "r-1",
        "eventID": "3fb2a0c2-0000-4000-8000-000000000001", "readOnly": True, "eventType": "AwsApiCall", "managementEvent": True,
        "recipientAccountId": "111122223333", "eventCategory": "Management",
    }  # fmt: skip
    folder = tmp_path / f"trail/AWSLogs/111122223333/CloudTrail/us-east-1/{now:%Y/%m/%d}"
    folder.mkdir(parents=True)
    name = f"111122223333_CloudTrail_us-east-1_{now:%Y%m%dT%H%MZ}_abcdefGHIJ012345.json.gz"
    (folder / name).write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode()))
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": endpoint, "TRAILKEEP_AWS_ENDPOINT": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "PATH": f"{binary.parent}:{os.environ['PATH']}",
    }  # fmt: skip
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    s3.create_bucket(Bucket="audit", ObjectLockEnabledForBucket=True)
    ingest = [binary, "ingest", "--from", tmp_path / "trail", "--bucket", "org-logs", "--archive", "s3://audit", "--ledger", tmp_path / "ledger.db", "--kms-key-id", KEY]
    landed = subprocess.run(ingest, env=environment, check=False, capture_output=True, text=True, timeout=DEADLINE_S)
    assert landed.returncode == 0, landed.stdout + landed.stderr
    return environment, s3


def smoke(environment, mark):
    quick = {"SMOKE_MARK": mark, "SMOKE_MINUTES": "0", "SMOKE_EVERY": "0"}
    return subprocess.run([ROOT / "scripts/smoke.sh", "s3://audit"], env={**environment, **quick}, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def test_a_marked_event_is_found_and_what_does_not_hold_is_named(environment):
    environment, s3 = environment
    # moto drops lock and encryption of multipart uploads: that they are missing must be told.
    unlocked = smoke(environment, MARK)
    assert unlocked.returncode == 1 and "FAILS   its segment is locked" in unlocked.stderr, unlocked.stdout + unlocked.stderr
    assert "holds   CloudTrail's own record comes back byte for byte" in unlocked.stdout

    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    for held in s3.list_objects_v2(Bucket="audit").get("Contents", []):
        if held["Key"].startswith(("raw/", "sources/")):
            place = {"Bucket": "audit", "Key": held["Key"]}
            s3.copy_object(**place, CopySource=place, ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY, BucketKeyEnabled=True)
            s3.put_object_retention(**place, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})
    locked = smoke(environment, MARK)
    assert locked.returncode == 0, locked.stdout + locked.stderr
    assert "5 checks hold" in locked.stdout and "s3://audit/raw/" in locked.stdout and "GOVERNANCE" in locked.stdout


def test_an_event_that_does_not_come_is_told_with_where_to_look(environment):
    environment, _ = environment
    absent = smoke(environment, "trailkeep-smoke-absent")
    assert absent.returncode == 1 and "it did not come within 0 min" in absent.stderr and "docs/operating.md" in absent.stderr


@pytest.mark.parametrize(("arguments", "code", "words"), [([], 2, "give the directory"), (["s3://"], 1, "gives no archive"), (["--help"], 0, "scripts/smoke.sh STACK_DIRECTORY")])
def test_wrong_usage_is_told_before_anything_is_done(arguments, code, words, binary):
    for tool in ("aws", "jq"):
        if not shutil.which(tool):
            not_run(f"{tool} is not installed")
    environment = {**os.environ, "PATH": f"{binary.parent}:{os.environ['PATH']}"}
    said = subprocess.run([ROOT / "scripts/smoke.sh", *arguments], env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (said.returncode, words in said.stdout + said.stderr) == (code, True), said.stdout + said.stderr
