#!/usr/bin/env python3
"""Measures ingest and query of the release build beside their limit and DuckDB, in one run, and prints a table.

The limit is a bare loop of ours (bench/src/bare.rs); the peer is DuckDB with its best recipe. Every figure is the median of some
rounds, taken in turn. Data sets and archives are made once, in .bench; `make clean` throws them away.

usage: bench.py [--rounds N] [--markdown FILE] [SECTION ...]     sections: ingest tiny huge query collector audit from
"""

import argparse
import gzip
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
TRAILKEEP = TARGET / "trailkeep"
BENCH = TARGET / "trailkeep-bench"
MB = 1e6

ROWS = []


class Run:
    """A finished process: wall and CPU seconds, peak resident bytes, standard output and error."""

    def __init__(self, command, **options):
        start = time.perf_counter()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, **options)
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            self.out, self.err = out.read().decode(), err.read().decode()
        if process.returncode != 0:
            sys.exit(f"failed: {' '.join(map(str, command))}\n{self.err[-3000:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024

    def json(self):
        return json.loads(self.out)


def say(text):
    print(text, file=sys.stderr, flush=True)


def row(what, figure, beside, ratio, target, bound):
    """One line of the table; `ratio` and `target` are texts."""
    ROWS.append((what, figure, beside, ratio, target, bound))
    say(f"  {what}: {figure} | {beside} | {ratio} (target {target})")


def median(runs, of):
    return statistics.median(of(run) for run in runs)


def synth(name, *options):
    """A tree that `trailkeep synth` makes, once."""
    tree = WORK / name
    if not (tree / ".complete").exists():
        say(f"making {name} ...")
        shutil.rmtree(tree, ignore_errors=True)
        Run([TRAILKEEP, "synth", "--out", tree, "--seed", "1", *options])
        (tree / ".complete").write_text("")
    return tree


def log_objects(tree):
    return [path for path in tree.rglob("*.gz") if "CloudTrail-Digest" not in path.parts]


def fresh(name):
    path = WORK / name
    shutil.rmtree(path, ignore_errors=True)
    os.sync()
    return path


def ingest(tree, archive, *options):
    return Run([TRAILKEEP, "ingest", "--from", tree, "--archive", archive, "--output", "json", *options])


def size_of(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


DUCKDB = """
import duckdb, sys
tree, out = sys.argv[1:]
con = duckdb.connect()
con.execute("SET preserve_insertion_order = false")
con.execute("SET enable_progress_bar = false")
con.execute(f'''
COPY (
  SELECT r.eventVersion, r.eventTime, r.eventSource, r.eventName, r.awsRegion, r.sourceIPAddress, r.userAgent, r.errorCode, r.errorMessage,
         r.requestID, r.eventID, r.eventType, r.recipientAccountId, r.eventCategory, r.sharedEventID, r.vpcEndpointId, r.readOnly,
         r.managementEvent, r.userIdentity->>'$.type' AS identity_type, r.userIdentity->>'$.principalId' AS principal,
         r.userIdentity->>'$.arn' AS identity_arn, r.userIdentity->>'$.accountId' AS identity_account,
         r.userIdentity->>'$.accessKeyId' AS access_key, r.userIdentity->>'$.userName' AS user_name,
         r.userIdentity->>'$.invokedBy' AS invoked_by, r.userIdentity->'$.sessionContext' AS session, r.tlsDetails AS tls,
         r.requestParameters AS request, r.responseElements AS response, r.additionalEventData AS additional, r.resources AS resources
  FROM (SELECT unnest(Records) AS r
        FROM read_json('{tree}/AWSLogs/*/*/CloudTrail/**/*.json.gz', maximum_object_size = 33554432, maximum_depth = 3,
                       maximum_sample_files = 32))
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)''')
print(con.execute(f"SELECT count(*) FROM '{out}'").fetchone()[0])
"""


def duckdb(tree):
    out = fresh("duckdb.parquet")
    out.unlink(missing_ok=True)
    return Run([sys.executable, "-c", DUCKDB, tree, out])


def sizes(tree, archive):
    """Bytes of the log objects, and of the archive's prefixes."""
    stored = sum(path.stat().st_size for path in log_objects(tree))
    return stored, {prefix.name: size_of(prefix) for prefix in archive.iterdir() if prefix.is_dir()}


def bench_ingest(rounds):
    tree = synth("M", "--accounts", "10", "--regions", "4", "--hours", "24", "--target-inflated-bytes", "1GB")
    bare, one, two, peer = [], [], [], []
    for number in range(rounds):
        say(f"ingest, round {number + 1} of {rounds} ...")
        bare.append(Run([BENCH, "bare", tree, WORK / "bare.parquet"]))
        one.append(ingest(tree, fresh("archive-1"), "--threads", "1"))
        two.append(ingest(tree, fresh("archive-2"), "--threads", "2"))
        peer.append(duckdb(tree))
    inflated = bare[0].json()["inflated_bytes"]
    rate = lambda runs: inflated / MB / median(runs, lambda run: run.seconds)
    limit, at_one, at_two, other = rate(bare), rate(one), rate(two), rate(peer)
    seconds = lambda runs: median(runs, lambda run: run.seconds)
    records = bare[0].json()["rows"]
    say(f"M: {bare[0].json()['objects']} objects, {records} records, {inflated / MB:.0f} MB inflated, DuckDB rows {peer[0].out.strip()}")
    row("bare loop, one core", f"{limit:.0f} MB/s", "", "", "", "the limit: inflate, SHA-256, typed parse, 42 flat columns, zstd 1")
    row("ingest --threads 1", f"{at_one:.0f} MB/s", f"limit {limit:.0f} MB/s", f"{at_one / limit:.2f}", "≥ 150 MB/s, ≥ 0.5", "CPU: columns and Parquet encoding")
    row("ingest --threads 2", f"{at_two:.0f} MB/s, {seconds(two):.2f} s", f"one thread {at_one:.0f} MB/s", f"{at_two / at_one:.2f}", "≥ 1.8, ≤ 3.7 s", "as one thread; the ledger and the disk are shared")
    row("DuckDB, flat columns, 2 threads", f"{other:.0f} MB/s, {seconds(peer):.2f} s", f"ingest --threads 2 {at_two:.0f} MB/s", f"{at_two / other:.2f} × as fast", "", "JSON reading")
    row("CPU per GB inflated", f"{median(one, lambda r: r.cpu) / inflated * 1e9:.2f} s", f"DuckDB {median(peer, lambda r: r.cpu) / inflated * 1e9:.2f} s", f"{median(one, lambda r: r.cpu) / median(peer, lambda r: r.cpu):.2f}", "", "")
    row("peak memory, 2 threads", f"{median(two, lambda r: r.peak) / MB:.0f} MB", f"DuckDB {median(peer, lambda r: r.peak) / MB:.0f} MB", "", "≤ 400 MB", "builders 128 MiB, encoders, allocator")
    stored, parts = sizes(tree, WORK / "archive-1")
    derived = parts["events"] + parts["sources"]
    row("events/ + sources/", f"{derived / MB:.1f} MB", f"input {stored / MB:.1f} MB", f"{derived / stored:.3f}", "≤ 1.1", "ids and hashes do not compress")
    row("raw/", f"{parts['raw'] / MB:.1f} MB", f"input {stored / MB:.1f} MB", f"{parts['raw'] / stored:.3f}", "1 ± 0.01", "verbatim")
    if "index" in parts:
        row("index/", f"{parts['index'] / MB:.1f} MB", f"input {stored / MB:.1f} MB", f"{parts['index'] / stored:.3f}", "", "8 bytes a record")


def bench_tiny(rounds):
    tree = synth("T", "--accounts", "10", "--regions", "4", "--hours", "24", "--tiny", "20000")
    bare, one, two = [], [], []
    for _ in range(rounds):
        bare.append(Run([BENCH, "bare", tree, WORK / "bare.parquet"]))
        one.append(ingest(tree, fresh("archive-t1"), "--threads", "1"))
        two.append(ingest(tree, fresh("archive-t2"), "--threads", "2"))
    objects = bare[0].json()["objects"]
    rate = lambda runs: objects / median(runs, lambda run: run.seconds)
    row("tiny objects, bare loop", f"{rate(bare):.0f} objects/s", "", "", "", "the limit")
    row("tiny objects, --threads 1", f"{rate(one):.0f} objects/s", f"limit {rate(bare):.0f} objects/s", f"{rate(one) / rate(bare):.2f}", "≥ 4,000 objects/s", "per object: open, admit, source row")
    row("tiny objects, --threads 2", f"{rate(two):.0f} objects/s", f"one thread {rate(one):.0f}", f"{rate(two) / rate(one):.2f}", "", "")


def on_one_core():
    os.sched_setaffinity(0, {0})


def bench_collector(rounds):
    """The collector's loop in memory, ledgers alone, lag, a day's files, and the whole road over HTTP."""
    tiny = synth("T", "--accounts", "10", "--regions", "4", "--hours", "24", "--tiny", "20000")
    large = synth("M", "--accounts", "10", "--regions", "4", "--hours", "24", "--target-inflated-bytes", "1GB")
    loop = lambda tree: [Run([BENCH, "collector", tree, "1"], preexec_fn=on_one_core).json() for _ in range(rounds)]
    bare = lambda tree: [Run([BENCH, "bare", tree, WORK / "bare.parquet"], preexec_fn=on_one_core) for _ in range(rounds)]
    of_tiny, limit_tiny = loop(tiny), bare(tiny)
    rate = statistics.median(told["objects"] / told["seconds"] for told in of_tiny)
    limit = limit_tiny[0].json()["objects"] / median(limit_tiny, lambda run: run.seconds)
    row("collector, tiny objects, one core", f"{rate:.0f} objects/s", f"bare loop {limit:.0f} objects/s", f"{rate / limit:.2f}", "≥ 3,000 objects/s", "queue, buckets and ledger in memory; per object: decode, tickets, stages")
    of_large, limit_large = loop(large), bare(large)
    megabytes = statistics.median(told["inflated_bytes"] / MB / told["seconds"] for told in of_large)
    limit = limit_large[0].json()["inflated_bytes"] / MB / median(limit_large, lambda run: run.seconds)
    row("collector, 1 GB, one core", f"{megabytes:.0f} MB/s inflated", f"bare loop {limit:.0f} MB/s", f"{megabytes / limit:.2f}", "≥ 120 MB/s", "CPU: columns and Parquet encoding")
    for kind in ("memory", "sqlite"):
        rates = [Run([BENCH, "ledger", kind, "100000"], cwd=WORK).json() for _ in range(rounds)]
        both = statistics.median(told["sources_per_s"] for told in rates)
        marked = statistics.median(told["sources"] / (told["seconds"] + told["mark_seconds"]) for told in rates)
        row(f"ledger in {kind}: admit + commit", f"{both:.0f} sources/s", f"with marking {marked:.0f} sources/s", f"{both / 5_000:.1f} × the target", "≥ 5,000 sources/s", "the map's lock" if kind == "memory" else "SQLite's B-trees")
    seal = 5
    lag = Run([BENCH, "lag", tiny, f"{rate / 2:.0f}", str(seal), f"{20_000 / (rate / 2):.1f}"]).json()
    row(f"lag at half load, sealed every {seal} s", f"median {lag['median_s']:.2f} s, longest {lag['longest_s']:.2f} s", f"seal age {seal} s", f"{lag['median_s'] / seal:.2f}", "median ≤ seal age + 1 s", "the seal age")
    day = Run([BENCH, "day", synth("D20", "--accounts", "20", "--regions", "4", "--hours", "24")]).json()
    row("a day of 20 accounts, default settings", f"{day['events_objects']} events files", f"{day['objects']} log objects", f"{day['objects'] / day['events_objects']:.0f} objects a file", "≤ 300 files", f"{day['batches']} batches; median file {day['median_bytes'] / 1e3:.0f} kB")
    end_to_end(rounds)


def end_to_end(rounds):
    script = ROOT / "scripts" / "collector_bench.py"
    told = [Run([sys.executable, script, "--json"]).json() for _ in range(rounds)]
    middle = lambda key: statistics.median(one[key] for one in told)
    row("end to end on MiniStack, 20,000 tiny objects", f"{middle('objects_per_s'):.0f} objects/s", "Vector 0.58 with acknowledgements: 13 objects/s (measured earlier, same emulator)", f"{middle('objects_per_s') / 13:.0f} × as many", "≥ 400 objects/s", "the emulator, which shares the cores")
    row("... objects under events/", f"{max(one['events_objects'] for one in told)}", "20,000 log objects", "", "≤ 20", "")
    row("... CPU", f"collector {middle('collector_cpu_s'):.1f} s", f"emulator {middle('emulator_cpu_s'):.1f} s", f"{middle('collector_cpu_s') / middle('emulator_cpu_s'):.2f}", "", "HTTP, signatures, decoding")
    row("... peak memory of the collector", f"{max(one['collector_peak_mb'] for one in told):.0f} MB", "limit 512 MB", "", "≤ 512 MB", "builders of two batches")
    if all("idle_mb" in one for one in told):
        row("idle collector", f"{max(one['idle_mb'] for one in told):.0f} MB", "limit 60 MB", "", "≤ 60 MB", "")


def huge_object():
    """One object that inflates to 1 GB."""
    tree = WORK / "huge"
    name = "111122223333_CloudTrail_eu-west-1_20260115T0005Z_AAAAAAAAAAAAAAAA.json.gz"
    path = tree / "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/15" / name
    if not (tree / ".complete").exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        record = (
            '{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:%012d","arn":"arn:aws:sts::111122223333:'
            'assumed-role/app/%012d","accountId":"111122223333"},"eventTime":"2026-01-15T00:%02d:%02dZ","eventSource":"s3.amazonaws.com",'
            '"eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.%d","userAgent":"aws-sdk","requestParameters":'
            '{"bucketName":"example","key":"data/%012d"},"responseElements":null,"requestID":"%032x","eventID":"%08x-0000-4000-8000-%012x",'
            '"readOnly":true,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data"}'
        )
        with gzip.open(path, "wb", compresslevel=1) as out:
            out.write(b'{"Records":[')
            written, number = 12, 0
            while written < 1_000_000_000:
                chunk = ",".join(record % (n, n % 97, n // 60 % 60, n % 60, n % 250, n, n * 7919, n, n) for n in range(number, number + 1000))
                chunk = ("," if number else "") + chunk
                number += 1000
                written += out.write(chunk.encode())
            out.write(b"]}")
        (tree / ".complete").write_text("")
    return tree


def bench_huge(_rounds):
    tree = huge_object()
    run = ingest(tree, fresh("archive-huge"), "--bucket", "example-logs", "--key-prefix", "")
    row("one object of 1 GB, peak memory", f"{run.peak / MB:.0f} MB", "", "", "≤ 400 MB", f"streamed; took {run.seconds:.1f} s")


def ask(archive, sql):
    return Run([TRAILKEEP, "query", "--archive", archive, "--output", "json", "--timing", "--explain-io", sql])


def measured(archive, sql, rounds=7):
    """Median wall milliseconds of a fresh process, page cache warm, and what it would be on S3."""
    runs = [ask(archive, sql) for _ in range(rounds + 1)][1:]
    io = next(line for line in runs[0].err.splitlines() if line.startswith("S3 requests:"))
    return median(runs, lambda run: run.seconds) * 1000, io.removeprefix("S3 requests: "), len(runs[0].out.splitlines())


CATEGORY = "category = 'management'"


def demo_questions():
    """The questions of the demo, as they stand in its script."""
    return re.findall(r'^ask "(.*?)" \\\n"(.*?)"$', (ROOT / "scripts/demo.sh").read_text(), re.MULTILINE | re.DOTALL)


PEER = """
import duckdb, sys, time, statistics
files, sql = sys.argv[1:]
con = duckdb.connect()
con.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{files}', hive_partitioning = true)")
times = []
for _ in range(6):
    start = time.perf_counter()
    con.execute(sql).fetchall()
    times.append((time.perf_counter() - start) * 1000)
print(statistics.median(times[1:]))
"""


def peer_ms(archive, sql):
    """Median milliseconds of DuckDB over the same files, its process and its view already there."""
    return float(Run([sys.executable, "-c", PEER, archive / "events/**/*.parquet", sql]).out)


def archive_of(tree, name):
    archive = WORK / name
    if not (archive / ".complete").exists():
        ingest(tree, fresh(name), "--threads", "2")
        (archive / ".complete").write_text("")
    return archive


def sample(archive, columns, where):
    return json.loads(ask(archive, f"SELECT {columns} FROM events WHERE {where} LIMIT 1").out.splitlines()[0])


def bench_query(_rounds):
    day = archive_of(synth("M", "--accounts", "10", "--regions", "4", "--hours", "24", "--target-inflated-bytes", "1GB"), "archive-m")
    one = archive_of(synth("Q1", "--accounts", "2", "--regions", "2", "--hours", "96", "--target-inflated-bytes", "100MB"), "archive-q1")
    ten = archive_of(synth("Q10", "--accounts", "2", "--regions", "2", "--hours", "960", "--target-inflated-bytes", "1GB"), "archive-q10")
    files = lambda archive: sum(1 for _ in (archive / "events").rglob("*.parquet"))
    start = statistics.median([Run([TRAILKEEP, "--version"]).seconds for _ in range(9)]) * 1000
    hit = sample(day, "event_uid, principal_arn, eventday", f"{CATEGORY} AND principal_arn IS NOT NULL AND event_time > TIMESTAMP '2026-01-15 12:00:00'")
    def beside(archive, sql):
        return f"DuckDB, no process start {peer_ms(archive, sql):.0f} ms; our process alone {start:.0f} ms"

    needle = f"SELECT * FROM events WHERE eventday = '{hit['eventday']}' AND event_uid = '{hit['event_uid']}'"
    ms, io, _ = measured(day, needle)
    row("needle in an event day, every column", f"{ms:.0f} ms", beside(day, needle), "", "≤ 30 ms", io)
    ms, io, _ = measured(day, f"SELECT * FROM cloudtrail WHERE eventday = '{hit['eventday']}' AND eventid = '{hit['event_uid']}'")
    row("the same through the view cloudtrail", f"{ms:.0f} ms", "", "", "", io)
    if files(ten) < 200:
        sys.exit(f"the large archive has {files(ten)} files, fewer than the 200 that are asked for")
    times = []
    for archive in (one, ten):
        needle = f"SELECT * FROM events WHERE event_uid = '{sample(archive, 'event_uid', CATEGORY)['event_uid']}'"
        ms, io, _ = measured(archive, needle)
        times.append(ms)
        row(f"needle over all days, {files(archive)} files", f"{ms:.0f} ms", beside(archive, needle), f"{ms / times[0]:.2f}", "≤ 3 × for ten times the archive", io)
    sql = f"SELECT event_time, api.operation, src_endpoint.ip, status FROM events WHERE eventday = '{hit['eventday']}' AND principal_arn = '{hit['principal_arn']}'"
    ms, io, count = measured(day, sql)
    row(f"a principal's day, {count} rows", f"{ms:.0f} ms", beside(day, sql), "", "≤ 30 ms", io)
    for question, sql in demo_questions():
        ms, io, count = measured(day, sql)
        row(f"demo: {question} {count} rows", f"{ms:.0f} ms", "", "", "≤ 300 ms", io)


def bench_audit(rounds):
    """Verification: signatures, a large organization's day, the AWS command line."""
    sys.dont_write_bytecode = True
    import audit_bench

    audit_bench.run(sys.modules[__name__], rounds)


def bench_from(rounds):
    """A log bucket judged by itself, beside the AWS command line."""
    sys.dont_write_bytecode = True
    import from_bench

    from_bench.run(sys.modules[__name__], rounds)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def table():
    lines = ["| what | figure | beside | ratio | target | bound by, or what it reads |", "|---|---|---|---|---|---|"]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in ROWS])


def main():
    sections = {"ingest": bench_ingest, "tiny": bench_tiny, "huge": bench_huge, "query": bench_query, "collector": bench_collector, "audit": bench_audit, "from": bench_from}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(sections))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table there")
    options = parser.parse_args()
    unknown = set(options.sections) - set(sections)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    WORK.mkdir(exist_ok=True)
    say(machine())
    for name, section in sections.items():
        if not options.sections or name in options.sections:
            section(options.rounds)
    text = f"{machine()}; medians of {options.rounds} rounds, page cache warm; MB/s of inflated JSON.\n\n{table()}\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text)


if __name__ == "__main__":
    main()
