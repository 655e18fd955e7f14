#!/usr/bin/env python3
"""What a month of Trailkeep costs for 50, 500 and 5,000 accounts, as the table of infra/terraform/README.md.

    scripts/infra_costs.py           prints the table
    scripts/infra_costs.py --check   compares it with the one in the README

Measured: requests and units for a million objects (docs/costs.md, busy), bytes of the archive for each byte that was delivered (docs/benchmarks.md).
Assumed: how much an account delivers. `trailkeep estimate --from s3://…` counts yours.
Prices: us-east-1, US dollars, from the price table of `trailkeep estimate` (years there); CloudWatch's and interface endpoints' from memory.
"""

import pathlib
import sys

README = pathlib.Path(__file__).resolve().parent.parent / "infra/terraform/README.md"
BEGIN, END = "<!-- BEGIN_COSTS -->", "<!-- END_COSTS -->"

ACCOUNTS = (50, 500, 5_000)
DAYS = 365 / 12
GB = 2**30

# Assumed of each account and day.
LOG_FILES, LOG_BYTES = 1_200, 8_000
DIGESTS, DIGEST_BYTES = 408, 1_200  # 17 Regions, hourly

# Measured.
LANDING_USD_PER_MILLION = 1.13
RAW, EVENTS, INDEX = 1.003, 1.03, 0.033
BATCH_OBJECTS, LOCKED_OBJECTS_PER_BATCH, OTHER_OBJECTS_PER_BATCH = 5_000, 2, 8

# Prices.
KMS_USD_PER_MILLION = 3.00
KEY_USD = 1.00
STANDARD, STANDARD_IA, GLACIER_IR, DEEP_ARCHIVE = 0.023, 0.0125, 0.004, 0.00099
TO_IA, TO_GLACIER_IR, TO_DEEP_ARCHIVE = 10.0, 20.0, 50.0  # a million objects
FARGATE_TASK = 0.8 * (0.04048 + 2 * 0.004445) * 24 * DAYS  # 1 vCPU, 2 GB; ARM, taken as a fifth less than x86 (from memory)
CLOUDWATCH, CLOUDWATCH_OF_AUDITOR = 9.0, 5.0
LOG_BUCKET_DAYS = 400
# The auditor reads each Digest once, the sources of a Batch in some rounds, and writes the outcome of each file with the provisional and the final attestation.
GET_USD_PER_MILLION, LIST_USD_PER_MILLION = 0.40, 5.00
ROUNDS, LISTS_A_ROUND, READS_OF_A_BATCH, OUTCOME_BYTES, ATTESTATIONS_OF_A_DAY = 24, 40, 4, 60, 2
LEDGER_USD_PER_MILLION_WRITES, NOTE_UNITS, SIGN_USD_PER_MILLION = 0.625, 20, 15.0
KEYS = 12
TASKS_AT_LEAST, OBJECTS_PER_TASK_AND_SECOND = 2, 350  # the emulator-bound figure: far below what one core decodes


def stored(bytes_a_day, tiers, years):
    """Dollars a month once `years` have been kept: tiers are (days, price), the last without end."""
    left, dollars = years * 365, 0.0
    for days, price in tiers:
        held = min(left, days)
        dollars += bytes_a_day * held / GB * price
        left -= held
    return dollars


def auditing(digests, batches, accounts):
    """Requests of the auditor in a month: a note for each account and round, of some units each."""
    reads = (batches * READS_OF_A_BATCH + digests * DAYS / BATCH_OBJECTS) / 1e6 * GET_USD_PER_MILLION
    lists = ROUNDS * DAYS * LISTS_A_ROUND / 1e6 * LIST_USD_PER_MILLION
    notes = ROUNDS * DAYS * (accounts + 1) * NOTE_UNITS / 1e6 * LEDGER_USD_PER_MILLION_WRITES
    return reads + lists + notes + ATTESTATIONS_OF_A_DAY * DAYS / 1e6 * SIGN_USD_PER_MILLION


def month(accounts, years):
    """What each part costs in a month."""
    files, digests = accounts * LOG_FILES, accounts * DIGESTS
    log_bytes, digest_bytes = files * LOG_BYTES, digests * DIGEST_BYTES
    objects = (files + digests) * DAYS
    batches = max(objects / BATCH_OBJECTS, 96 * DAYS)
    forever = float("inf")
    tasks = max(TASKS_AT_LEAST, (files + digests) * 3 / 86_400 / OBJECTS_PER_TASK_AND_SECOND)
    events = log_bytes * (EVENTS + INDEX)
    return {
        "landing: requests to S3, SQS, DynamoDB": objects / 1e6 * LANDING_USD_PER_MILLION,
        "reading log files that CloudTrail encrypted: KMS Decrypt": files * DAYS / 1e6 * KMS_USD_PER_MILLION,
        "workers on Fargate (ARM), two at least": tasks * FARGATE_TASK,
        "customer keys": KEYS * KEY_USD,
        "alarms, dashboard, metrics": CLOUDWATCH + CLOUDWATCH_OF_AUDITOR,
        "auditor: a task on Fargate (ARM)": FARGATE_TASK,
        "auditor: reading, ledger notes, signatures, findings": auditing(digests, batches, accounts),
        "outcomes/: Standard 30 d, Standard-IA to 90 d, Glacier IR": stored((files + digests) * OUTCOME_BYTES * ATTESTATIONS_OF_A_DAY, [(30, STANDARD), (60, STANDARD_IA), (forever, GLACIER_IR)], years),
        "log bucket, 400 days in Standard": stored(log_bytes + digest_bytes, [(LOG_BUCKET_DAYS, STANDARD)], years),
        "raw/: Standard 30 d, Glacier IR to 120 d, Deep Archive": stored(log_bytes * RAW, [(30, STANDARD), (90, GLACIER_IR), (forever, DEEP_ARCHIVE)], years),
        "digests/: Standard 30 d, Standard-IA to 90 d, Glacier IR": stored(digest_bytes * RAW, [(30, STANDARD), (60, STANDARD_IA), (forever, GLACIER_IR)], years),
        "events/, sources/, index/: Standard 30 d, Standard-IA to 90 d, Glacier IR": stored(events, [(30, STANDARD), (60, STANDARD_IA), (forever, GLACIER_IR)], years),
        "lifecycle transitions": batches / 1e6 * (LOCKED_OBJECTS_PER_BATCH * (TO_GLACIER_IR + TO_DEEP_ARCHIVE) + OTHER_OBJECTS_PER_BATCH * (TO_IA + TO_GLACIER_IR)),
    }


def table():
    columns = [(accounts, years) for accounts in ACCOUNTS for years in (1, 7)]
    parts = [month(*column) for column in columns]
    head = "| USD a month, after | " + " | ".join(f"{accounts:,} accounts, {years} y" for accounts, years in columns) + " |"
    lines = [head, "| --- |" + " ---: |" * len(columns)]
    for name in parts[0]:
        lines.append(f"| {name} | " + " | ".join(f"{part[name]:,.2f}" for part in parts) + " |")
    lines.append("| **sum** | " + " | ".join(f"**{sum(part.values()):,.0f}**" for part in parts) + " |")
    objects = ", ".join(f"{accounts * (LOG_FILES + DIGESTS) / 1e6:.2f}" for accounts in ACCOUNTS)
    lines += ["", f"Assumed: {LOG_FILES:,} log files of {LOG_BYTES / 1000:.0f} kB and {DIGESTS} Digests of {DIGEST_BYTES / 1000:.1f} kB for each account and day ({objects} million objects a day)."]
    return "\n".join(lines)


def main():
    if "--check" not in sys.argv:
        print(table())
        return
    text = README.read_text()
    held = text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()
    if held != table():
        sys.exit(f"{README} is out of date: put the output of scripts/infra_costs.py between {BEGIN} and {END}")


main()
