#!/usr/bin/env python3
"""The collector end to end over HTTP: objects in S3, announced in SQS, landed in an archive on S3 with a ledger on DynamoDB, all of it on MiniStack.

usage: collector_bench.py [--objects N] [--json] [--keep]

Prints objects a second from the first receive to a published archive with every message deleted, the CPU seconds of the collector and of the emulator, the
collector's peak memory, and how many objects lie under events/. The emulator shares the cores with the collector.
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
import time
import urllib.request

import boto3
import botocore.config

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


def announce(emulator, queue, bucket, objects):
    """One S3 event notification for each object, as S3 sends them."""
    sqs = emulator.client("sqs")

    def event(key, size, etag):
        s3 = {"s3SchemaVersion": "1.0", "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": {"key": key, "size": size, "eTag": etag}}
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": REGION, "eventTime": now, "eventName": "ObjectCreated:Put", "s3": s3}]}

    def send(some):
        entries = [{"Id": str(index), "MessageBody": json.dumps(event(*one))} for index, one in enumerate(some)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(send, [objects[at : at + 10] for at in range(0, len(objects), 10)]))


def depth(sqs, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


def fetched(port):
    """Objects that the collector has fetched, by its own metrics."""
    try:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    except OSError:
        return 0
    named = re.search(r'^trailkeep_collector_stage_duration_seconds_count\{[^}]*outcome="ok"[^}]*stage="fetch"[^}]*\} (\d+)', text, re.MULTILINE)
    return int(named.group(1)) if named else 0


def keys_below(s3, bucket, prefix):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("options", nargs="*", help="further options of the collector, after --")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="trailkeep-collector-bench-"))
    binary = TARGET / PROFILE
    tree = folder / "trail"
    run(binary / "trailkeep", "synth", "--out", tree, "--accounts", "10", "--regions", "4", "--hours", "24", "--tiny", arguments.objects, "--seed", "1")
    emulator = Emulator(folder)
    collector = None
    try:
        s3, sqs = emulator.client("s3"), emulator.client("sqs")
        for bucket in ("org-logs", "audit"):
            s3.create_bucket(Bucket=bucket)
        # MiniStack wants SSE-KMS to name its key.
        key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
        queue = sqs.create_queue(QueueName="trailkeep")["QueueUrl"]
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="example", AWS_REGION=REGION, AWS_EC2_METADATA_DISABLED="true", TRAILKEEP_AWS_ENDPOINT=emulator.endpoint)
        run(binary / "trailkeep", "ledger", "create", "--ledger", "dynamodb://trailkeep", env=environment)
        objects = fill(emulator, tree, "org-logs")
        announce(emulator, queue, "org-logs", objects)
        port = free_port()
        words = [binary / "trailkeep-collector", "--queue", queue, "--archive", "s3://audit", "--ledger", "dynamodb://trailkeep", "--bucket", "org-logs", "--kms-key-id", key, "--listen", f"127.0.0.1:{port}", *arguments.options]
        before_emulator = emulator.cpu_seconds()
        began = time.monotonic()
        log = open(folder / "collector.log", "wb")
        collector = subprocess.Popen([str(word) for word in words], env=environment, stdout=log, stderr=log)
        peak = 0
        while fetched(port) < len(objects):
            peak = max(peak, peak_mb(collector.pid))
            if collector.poll() is not None or time.monotonic() - began > PATIENCE_S:
                raise SystemExit(f"the collector did not come to its end: {depth(sqs, queue)} visible and hidden; see {folder}")
            time.sleep(0.2)
        received = time.monotonic() - began
        # Everything is fetched: the drain seals and publishes what is open, and deletes the messages.
        collector.send_signal(signal.SIGTERM)
        while collector.poll() is None:
            try:
                peak, cpu = max(peak, peak_mb(collector.pid)), cpu_seconds(collector.pid)
            except (FileNotFoundError, IndexError):
                pass
            if time.monotonic() - began > PATIENCE_S:
                raise SystemExit(f"the collector did not drain; see {folder}")
            time.sleep(0.02)
        total = time.monotonic() - began
        left = depth(sqs, queue)
        events = keys_below(s3, "audit", "events/")
        prefixes = collections.Counter(key.split("/", 1)[0] for key in keys_below(s3, "audit", ""))
        stats = json.loads(run(binary / "trailkeep", "stats", "--archive", "s3://audit", "--output", "json", env=environment))
        told = {
            "objects": len(objects), "seconds": round(total, 2), "objects_per_s": round(len(objects) / total), "fetched_s": round(received, 2),
            "collector_cpu_s": round(cpu, 2), "emulator_cpu_s": round(emulator.cpu_seconds() - before_emulator, 2), "collector_peak_mb": round(peak),
            "events_objects": len(events), "objects_by_prefix": prefixes, "left": left, "exit": collector.returncode, "stats": stats,
        }
        print(json.dumps(told, indent=None if arguments.json else 1))
    finally:
        if collector and collector.poll() is None:
            collector.kill()
            collector.wait()
        emulator.stop()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
