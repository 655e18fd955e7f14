#!/usr/bin/env python3
"""The collector end to end over HTTP: objects in S3, announced in SQS, landed in an archive on S3 with a ledger on DynamoDB, all of it on MiniStack.

usage: collector_bench.py [--objects N] [--json] [--keep] [-- OPTIONS OF THE COLLECTOR]
       collector_bench.py --costs [--objects N] [--quiet-objects N] [--quiet-s S]

Prints objects a second from the first receive to a published archive with every message deleted, the CPU seconds of the collector and of the emulator, the
collector's peak memory, how many objects lie under events/, and the requests that the emulator received. The emulator shares the cores with the collector.
With --costs it prints what a million objects cost in requests (collector_costs.py), from two loads: busy, all objects announced at once, and quiet, a few
objects announced one by one until their batch is sealed by its age, which takes as long as that.
Needs: make setup (MiniStack and boto3 in .venv), release builds of trailkeep and trailkeep-collector.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import boto3
import botocore.config

sys.dont_write_bytecode = True
import collector_costs  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROFILE = os.environ.get("TRAILKEEP_PROFILE", "release")
REGION = "us-east-1"
PATIENCE_S = 600


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator:
    """MiniStack on a free port of loopback."""

    def __init__(self, folder):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        environment = dict(os.environ, BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port), LOG_LEVEL="ERROR")
        program = [sys.executable, ROOT / "tests" / "emulators" / "start_ministack.py"]
        self.log = open(folder / "ministack.log", "wb")
        self.process = subprocess.Popen(program, env=environment, stdout=self.log, stderr=self.log, cwd=folder, start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit(f"MiniStack did not start; see {folder}/ministack.log")
                time.sleep(0.1)

    def client(self, service):
        settings = botocore.config.Config(max_pool_connections=32, retries={"max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="example", config=settings)

    def requests(self):
        """How often each operation was asked for since the start."""
        return collections.Counter(json.loads(urllib.request.urlopen(f"{self.endpoint}/_requests", timeout=10).read()))

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **more).stdout


def fill(emulator, tree, bucket):
    """Uploads the tree; answers (key, size, etag) of every log file."""
    s3 = emulator.client("s3")
    files = sorted(path for path in tree.rglob("*.json.gz") if "/CloudTrail/" in str(path))

    def put(path):
        key, body = str(path.relative_to(tree)), path.read_bytes()
        etag = s3.put_object(Bucket=bucket, Key=key, Body=body, ContentEncoding="gzip", ContentType="application/json")["ETag"]
        return key, len(body), etag.strip('"')

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(put, files))


def announcement(bucket, key, size, etag):
    """One S3 event notification, as S3 sends them."""
    s3 = {"s3SchemaVersion": "1.0", "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": {"key": key, "size": size, "eTag": etag}}
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return json.dumps({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": REGION, "eventTime": now, "eventName": "ObjectCreated:Put", "s3": s3}]})


def announce(emulator, queue, bucket, objects):
    """Announces all objects at once."""
    sqs = emulator.client("sqs")

    def send(some):
        entries = [{"Id": str(index), "MessageBody": announcement(bucket, *one)} for index, one in enumerate(some)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(send, [objects[at : at + 10] for at in range(0, len(objects), 10)]))


def trickle(emulator, queue, bucket, objects, seconds, stop):
    """Announces objects one by one, evenly over so many seconds, or until asked to stop."""
    sqs = emulator.client("sqs")
    for one in objects:
        sqs.send_message(QueueUrl=queue, MessageBody=announcement(bucket, *one))
        if stop.wait(seconds / len(objects)):
            return


def depth(sqs, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


def told_by(port, pattern):
    """A number of the collector's own metrics; 0 while there is none."""
    try:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    except OSError:
        return 0
    named = re.search(pattern, text, re.MULTILINE)
    return int(named.group(1)) if named else 0


def fetched(port):
    """Objects that the collector has fetched."""
    return told_by(port, r'^trailkeep_collector_stage_duration_seconds_count\{[^}]*outcome="ok"[^}]*stage="fetch"[^}]*\} (\d+)')


def deleted(port):
    """Messages that the collector has deleted."""
    return told_by(port, r"^trailkeep_collector_messages_deleted_total(?:\{[^}]*\})? (\d+)")


def is_ready(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5).status == 200
    except OSError:
        return False


def keys_below(s3, bucket, prefix):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


class Run:
    """One run: an emulator with objects in a bucket, and a collector that lands them."""

    def __init__(self, folder, count, options):
        self.folder, self.binary = folder, TARGET / PROFILE
        self.peak = self.cpu = 0
        self.collector = None
        tree = folder / "trail"
        run(self.binary / "trailkeep", "synth", "--out", tree, "--accounts", "10", "--regions", "4", "--hours", "24", "--tiny", count, "--seed", "1")
        self.emulator = Emulator(folder)
        try:
            self.prepare(tree, options)
        except BaseException:
            self.stop()
            raise

    def prepare(self, tree, options):
        emulator = self.emulator
        self.s3, self.sqs = emulator.client("s3"), emulator.client("sqs")
        for bucket in ("org-logs", "audit"):
            self.s3.create_bucket(Bucket=bucket)
        # MiniStack wants SSE-KMS to name its key.
        key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.queue = self.sqs.create_queue(QueueName="trailkeep")["QueueUrl"]
        made_up = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
        self.environment = os.environ | made_up | {"TRAILKEEP_AWS_ENDPOINT": emulator.endpoint}
        run(self.binary / "trailkeep", "ledger", "create", "--ledger", "dynamodb://trailkeep", env=self.environment)
        self.objects = fill(emulator, tree, "org-logs")
        self.port = free_port()
        places = ["--queue", self.queue, "--archive", "s3://audit", "--ledger", "dynamodb://trailkeep", "--bucket", "org-logs", "--kms-key-id", key]
        self.words = [self.binary / "trailkeep-collector", *places, "--listen", f"127.0.0.1:{self.port}", *options]

    def start(self):
        self.began, self.before = time.monotonic(), self.emulator.requests()
        self.emulator_cpu = self.emulator.cpu_seconds()
        with open(self.folder / "collector.log", "wb") as log:
            self.collector = subprocess.Popen([str(word) for word in self.words], env=self.environment, stdout=log, stderr=log)

    def look(self, patience_s=PATIENCE_S):
        try:
            self.peak, self.cpu = max(self.peak, peak_mb(self.collector.pid)), cpu_seconds(self.collector.pid)
        except (FileNotFoundError, IndexError):
            pass
        if time.monotonic() - self.began > patience_s:
            raise SystemExit(f"the collector did not come to its end: {depth(self.sqs, self.queue)} visible and hidden; see {self.folder}")

    def until(self, done, patience_s=PATIENCE_S):
        while not done():
            if self.collector.poll() is not None:
                raise SystemExit(f"the collector ended by itself; see {self.folder}")
            self.look(patience_s)
            time.sleep(0.2)

    def drain(self):
        """Seals and publishes what is open, and deletes the messages."""
        self.collector.send_signal(signal.SIGTERM)
        self.settled = None
        while self.collector.poll() is None:
            # Done is when every message is deleted; the process itself then waits for its long polls to end.
            if self.settled is None and depth(self.sqs, self.queue) == (0, 0):
                self.settled = time.monotonic()
            self.look(float("inf"))
            time.sleep(0.1)
        self.settled = self.settled or time.monotonic()

    def told(self, seconds, requests, **more):
        events = keys_below(self.s3, "audit", "events/")
        keys = keys_below(self.s3, "audit", "")
        stats = json.loads(run(self.binary / "trailkeep", "stats", "--archive", "s3://audit", "--output", "json", env=self.environment))
        return {
            "objects": len(self.objects), "seconds": round(seconds, 2), "objects_per_s": round(len(self.objects) / seconds), **more,
            "collector_cpu_s": round(self.cpu, 2), "emulator_cpu_s": round(self.emulator.cpu_seconds() - self.emulator_cpu, 2), "collector_peak_mb": round(self.peak),
            "events_objects": len(events), "objects_by_prefix": collections.Counter(key.split("/", 1)[0] for key in keys),
            "batches": sum(key.startswith("sources/") for key in keys), "requests": requests, "left": depth(self.sqs, self.queue),
            "exit": self.collector.returncode, "stats": stats,
        }

    def stop(self):
        if self.collector and self.collector.poll() is None:
            self.collector.kill()
            self.collector.wait()
        self.emulator.stop()


def busy(of):
    """All objects wait in the queue; the drain publishes the last batches."""
    announce(of.emulator, of.queue, "org-logs", of.objects)
    of.start()
    of.until(lambda: fetched(of.port) >= len(of.objects))
    received = time.monotonic() - of.began
    of.drain()
    return of.told(of.settled - of.began, of.emulator.requests() - of.before, fetched_s=round(received, 2))


def quiet(of, seconds):
    """Objects come one by one; their batch is sealed by its age. Starting and stopping are not counted, the empty receives between are."""
    of.start()
    of.until(lambda: is_ready(of.port))
    before, began, stop = of.emulator.requests(), time.monotonic(), threading.Event()
    sender = threading.Thread(target=trickle, args=(of.emulator, of.queue, "org-logs", of.objects, seconds, stop))
    sender.start()
    try:
        of.until(lambda: deleted(of.port) >= len(of.objects), patience_s=3 * seconds + PATIENCE_S)
    finally:
        stop.set()
        sender.join()
    took, requests = time.monotonic() - began, of.emulator.requests() - before
    del requests["SQS SendMessage"]
    of.drain()
    return of.told(took, requests)


def measure(count, options, keep, load):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="trailkeep-collector-bench-"))
    try:
        one = Run(folder, count, options)
        try:
            return load(one)
        finally:
            one.stop()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("--costs", action="store_true", help="print what a million objects cost in requests, as Markdown")
    parser.add_argument("--quiet-objects", type=int, default=200, help="objects of the quiet load; a batch of them, at its default age")
    parser.add_argument("--quiet-s", type=float, default=880, help="seconds over which they are announced: a little less than --seal-small-age")
    parser.add_argument("options", nargs="*", help="further options of the collector, after --")
    arguments = parser.parse_args()
    told = measure(arguments.objects, arguments.options, arguments.keep, busy)
    if arguments.costs:
        slow = measure(arguments.quiet_objects, arguments.options, arguments.keep, lambda of: quiet(of, arguments.quiet_s))
        print(collector_costs.table(told, slow))
    else:
        print(json.dumps(told, indent=None if arguments.json else 1))


if __name__ == "__main__":
    main()
