"""The audit section of bench.py: verification of a large organization's day, signatures, and the AWS command line beside ours."""

import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOURS = 1_000


# What the auditor's task has: infra/terraform/modules/auditor.
TASK_BYTES = 2 << 30
HOUR_S = 3_600


def signed(bench):
    """408,000 Digests that list 4.9 million log files, in an archive that is made once."""
    accounts = int(os.environ.get("AUDIT_ACCOUNTS", "1000"))
    archive = bench.WORK / f"signed-{accounts}"
    if not (archive / ".complete").exists():
        bench.say(f"making {archive.name} ...")
        shutil.rmtree(archive, ignore_errors=True)
        bench.Run([bench.BENCH, "signed", archive, accounts, 24, 12])
        (archive / ".complete").write_text("")
    return archive


def day(bench):
    """All of it, already local, held against `sources/`."""
    archive = signed(bench)
    window = ["--since", "2026-01-15", "--until", "2026-01-16", "--as-of", "2026-01-16T12:00:00Z"]
    run = bench.Run([bench.TRAILKEEP, "verify", "--archive", archive, "--public-keys", archive.with_suffix(".keys.json"), *window, "--output", "json"])
    told = run.json()
    digests, files = told["digests"]["verified"], told["log_files"]["verified"]
    if not told["verified"] or files != digests * 12:
        sys.exit(f"the day was not verified: {told['finding_counts']}")
    bench.row(f"verify a day: {digests:,} digests, {files:,} log files", f"{run.seconds:.0f} s", "limit 600 s", f"{run.seconds / 600:.2f}", "≤ 10 min", f"{files / run.seconds:,.0f} log files/s; CPU {run.cpu:.0f} s: signatures, JSON, decoding sources/")
    bench.row("... peak memory", f"{run.peak / bench.MB:.0f} MB", "limit 1,000 MB", f"{run.peak / 1e9:.2f}", "≤ 1 GB", "the join's entries, Links of a round's chains")


def rounds_of_the_auditor(bench):
    """Rounds and an attestation over the same day: on an archive whose objects are links to the other one's, since none is ever written over."""
    archive, keys = signed(bench), signed(bench).with_suffix(".keys.json")
    copy = bench.fresh("signed-copy")
    shutil.copytree(archive, copy, copy_function=os.link)
    try:
        # Until four hours before its clock: the first as the day ends, the next an hour later.
        moments = ["2026-01-16T00:00:00Z", "2026-01-16T01:00:00Z"]
        first, second = bench.Run([bench.BENCH, "rounds", copy, keys, *moments]).json()
        for what, told in (("the auditor's first round", first), ("... the one an hour later", second)):
            if told["failed"] or told["findings_open"]:
                sys.exit(f"{what}: {told}")
            bench.row(f"{what}: {told['digests']:,} digests, {told['log_files']:,} log files verified", f"{told['seconds']:.0f} s", "the hour between rounds", f"{told['seconds'] / HOUR_S:.3f}", "≤ 1 h", "reading `sources/`, for verification, coverage and segments")
            bench.row("... peak memory", f"{told['peak_mb']:.0f} MB", "its task: 2 GiB", f"{told['peak_mb'] * 1e6 / TASK_BYTES:.2f}", "≤ 2 GiB", "as verify")
        with tempfile.TemporaryDirectory() as folder:
            key = pathlib.Path(folder) / "attest.pem"
            subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key], check=True, capture_output=True)
            key.chmod(0o600)
            words = ["--signing-key", key, "--day", "2026-01-15", "--archive-name", "bench", "--public-keys", keys, "--sample", "0%"]
            run = bench.Run([bench.TRAILKEEP, "attest", "make", "--archive", copy, *words])
        outcomes = [path.stat().st_size for path in (copy / "outcomes").rglob("*.parquet")]
        leaves = json.loads(next((copy / "attest").rglob("*.json")).read_text())["statement"]["sources"]["count"]
        bench.row(f"attestation of a day: {leaves:,} leaves", f"{run.seconds:.0f} s", "the hour between rounds", f"{run.seconds / HOUR_S:.3f}", "≤ 1 h", f"CPU {run.cpu:.0f} s: verifies the day, reads `sources/` again for each leaf, sorts outside memory")
        bench.row("... peak memory", f"{run.peak / bench.MB:.0f} MB", "its task: 2 GiB", f"{run.peak / TASK_BYTES:.2f}", "≤ 2 GiB", "as verify, with 17 bytes for each file of a round")
        bench.row("... outcomes/", f"{sum(outcomes) / bench.MB:.0f} MB", f"{leaves:,} leaves", f"{sum(outcomes) / leaves:.0f} B a leaf", "", "hashes do not compress")
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def signatures(bench):
    told = bench.Run([bench.BENCH, "rsa", "5"], preexec_fn=bench.on_one_core).json()
    rate = told["checks"] / told["seconds"]
    bench.row("RSA-2048 signatures checked, one core", f"{rate:,.0f}/s", "limit 10,000/s", f"{rate / 10_000:.1f}", "≥ 10,000/s", "aws-lc")


def sample(bench, rounds):
    """A thousand Digests and what they list: `aws cloudtrail validate-logs` on an emulated S3, and ours on an archive of the same tree."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import collector_bench

    aws = shutil.which("aws")
    if aws is None:
        sys.exit("no aws command: install the AWS CLI to measure it")
    tree = bench.synth("audit", "--accounts", "1", "--regions", "1", "--hours", str(HOURS), "--events-per-hour", "1500")
    name = re.compile(r"(\d{12})_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_\d{8}T\d{6}Z")
    digests = sorted(path for path in tree.rglob("*.json.gz") if "CloudTrail-Digest" in path.parts)
    account, region, trail, home = name.match(digests[0].name).groups()
    organization = next((part for part in digests[0].parts if part.startswith("o-")), None)
    bucket = json.loads(gzip.decompress(digests[0].read_bytes()))["digestS3Bucket"]
    arn = f"arn:aws:cloudtrail:{home}:{account}:trail/{trail}"
    with tempfile.TemporaryDirectory() as folder:
        emulator = collector_bench.Emulator(pathlib.Path(folder))
        words = ["digest", "serve", "--listen", "127.0.0.1:0", "--public-key", tree / "public-keys.json", "--trail-arn", arn, "--s3-bucket", bucket]
        words += ["--organization", organization] if organization else []
        server = subprocess.Popen([str(word) for word in (bench.TRAILKEEP, *words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = server.stdout.readline().strip().split(" on ")[1]
            fill(emulator, tree, bucket)
            theirs = [validate(bench, aws, emulator, address, arn, account, region) for _ in range(rounds)]
        finally:
            server.terminate()
            server.wait()
            emulator.stop()
    archive = bench.fresh("audit-archive")
    bench.ingest(tree, archive)
    window = ["--until", "2026-02-25T16:00:00Z", "--as-of", "2026-02-25T21:00:00Z"]
    verify = [bench.TRAILKEEP, "verify", "--archive", archive, "--public-keys", tree / "public-keys.json", *window, "--output", "json"]
    ours = [bench.Run(verify) for _ in range(rounds)]
    deep = [bench.Run([*verify, "--deep"]) for _ in range(rounds)]
    cli, hashes, again = (bench.median(runs, lambda run: run.seconds) for runs in (theirs, ours, deep))
    count = ours[0].json()
    what = f"{count['digests']['verified']:,} digests, {count['log_files']['verified']:,} log files"
    bench.row(f"{what}: validate-logs", f"{cli:.1f} s", f"verify {hashes:.2f} s", f"{cli / hashes:.0f} × as long", "", "the AWS command line downloads and hashes every log file again, here from an emulator that shares the cores; ours joins hashes that were taken at landing")
    bench.row("... verify --deep, which hashes them again too", f"{again:.2f} s", f"validate-logs {cli:.1f} s", f"{cli / again:.0f} × as fast", "", "local archive: no HTTP")


def fill(emulator, tree, bucket):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=bucket)
    for path in sorted(tree.rglob("*.json.gz")):
        beside = path.with_name(path.name + ".metadata.json")
        metadata = json.loads(beside.read_text()) if beside.exists() else {}
        s3.put_object(Bucket=bucket, Key=str(path.relative_to(tree)), Body=path.read_bytes(), ContentEncoding="gzip", ContentType="application/json", Metadata=metadata)


def validate(bench, aws, emulator, address, arn, account, region):
    keep = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment = dict(keep, AWS_ENDPOINT_URL_S3=emulator.endpoint, AWS_ENDPOINT_URL_CLOUDTRAIL=address, AWS_ENDPOINT_URL_ORGANIZATIONS=address)
    environment |= dict(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="example", AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    words = ["cloudtrail", "validate-logs", "--trail-arn", arn, "--account-id", account, "--region", region]
    run = bench.Run([aws, *words, "--start-time", "2026-01-15T00:00:00Z", "--end-time", "2026-02-25T16:00:00Z"], env=environment)
    if f"{HOURS}/{HOURS} digest files valid" not in run.out:
        sys.exit(f"the AWS CLI did not validate the sample:\n{run.out[-2000:]}")
    return run


def run(bench, rounds):
    signatures(bench)
    day(bench)
    rounds_of_the_auditor(bench)
    sample(bench, rounds)
