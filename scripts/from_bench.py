"""The section of bench.py on a log bucket judged by itself: `verify --from s3://…` and `aws cloudtrail validate-logs` on one emulated S3."""

import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import audit_bench
import collector_bench

DIGEST = re.compile(r"(\d{12})_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_\d{8}T\d{6}Z")


@contextlib.contextmanager
def served(bench, tree, digest, bucket):
    """The endpoint that answers for the trail of a Digest: its address, the trail's ARN, account and Region."""
    account, region, trail, home = DIGEST.match(digest.name).groups()
    organization = next((part for part in digest.parts if part.startswith("o-")), None)
    arn = f"arn:aws:cloudtrail:{home}:{account}:trail/{trail}"
    words = ["digest", "serve", "--listen", "127.0.0.1:0", "--public-key", tree / "public-keys.json", "--trail-arn", arn, "--s3-bucket", bucket]
    words += ["--organization", organization] if organization else []
    server = subprocess.Popen([str(word) for word in (bench.TRAILKEEP, *words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield server.stdout.readline().strip().split(" on ")[1], arn, account, region
    finally:
        server.terminate()
        server.wait()


def run(bench, rounds):
    """Both fetch, inflate and hash every log file of a thousand Digests over HTTP from an emulator that shares the cores."""
    aws = shutil.which("aws")
    if aws is None:
        sys.exit("no aws command: install the AWS CLI to measure it")
    tree = bench.synth("audit", "--accounts", "1", "--regions", "1", "--hours", str(audit_bench.HOURS), "--events-per-hour", "1500")
    digest = min(path for path in tree.rglob("*.json.gz") if "CloudTrail-Digest" in path.parts)
    bucket = json.loads(gzip.decompress(digest.read_bytes()))["digestS3Bucket"]
    keep = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    window = ["--until", "2026-02-25T16:00:00Z", "--as-of", "2026-02-25T21:00:00Z", "--output", "json"]
    verify = [bench.TRAILKEEP, "verify", "--from", f"s3://{bucket}", "--public-keys", tree / "public-keys.json", *window]
    with tempfile.TemporaryDirectory() as folder:
        emulator = collector_bench.Emulator(pathlib.Path(folder))
        environment = dict(
            keep, TRAILKEEP_S3_ENDPOINT=emulator.endpoint, TRAILKEEP_AWS_REGION=collector_bench.REGION, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
            AWS_SECRET_ACCESS_KEY="example", AWS_EC2_METADATA_DISABLED="true",
        )
        try:
            audit_bench.fill(emulator, tree, bucket)
            with served(bench, tree, digest, bucket) as (address, arn, account, region):
                theirs = [audit_bench.validate(bench, aws, emulator, address, arn, account, region) for _ in range(rounds)]
            ours = [bench.Run(verify, env=environment) for _ in range(rounds)]
        finally:
            emulator.stop()
    told = ours[0].json()
    if not told["verified"] or told["digests"]["verified"] < audit_bench.HOURS:
        sys.exit(f"the log bucket was not verified: {told['finding_counts']}")
    cli, own = (bench.median(runs, lambda run: run.seconds) for runs in (theirs, ours))
    cpu = bench.median(ours, lambda run: run.cpu)
    what = f"verify --from S3: {told['digests']['verified']:,} digests, {told['log_files']['verified']:,} log files"
    reads = f"all of them read over HTTP by both, from an emulator that shares the cores; ours: CPU {cpu:.1f} s, peak {max(run.peak for run in ours) / bench.MB:.0f} MB"
    bench.row(what, f"{own:.1f} s", f"validate-logs {cli:.1f} s", f"{cli / own:.1f} × as fast", "", reads)
