"""What a million LogObjects cost in requests, from counts that the emulator kept: prices, the sum, and the table as Markdown.

Public prices of us-east-1 in US dollars, with the year that they were looked up for. Storage, traffic, KMS and the machines are left out.
"""

MILLION = 1_000_000

# class of requests -> (dollars for a million, year)
PRICES = {
    "S3 PUT": (5.00, "2024"),
    "S3 GET": (0.40, "2024"),
    "S3 free": (0.00, "2024"),
    "SQS": (0.40, "2024"),
    "DynamoDB write units": (0.625, "2025"),
    "DynamoDB read units": (0.125, "2025"),
}

# S3 asks the price of a PUT for each step of a multipart upload and for each page of a listing; deleting and aborting are free.
CLASSES = {
    "PutObject": "S3 PUT",
    "CreateMultipartUpload": "S3 PUT",
    "UploadPart": "S3 PUT",
    "CompleteMultipartUpload": "S3 PUT",
    "ListObjectsV2": "S3 PUT",
    "GetObject": "S3 GET",
    "HeadObject": "S3 GET",
    "GetBucketEncryption": "S3 GET",
    "DeleteObject": "S3 free",
    "AbortMultipartUpload": "S3 free",
}

# DynamoDB asks for units, not requests: those of shared/aws/src/dynamodb/design.md. Items are below 1 KB; a commit is a transaction of two, two units each.
# A batch of statements is paid for by its statements, which are counted besides.
UNITS = {
    "PutItem": ("DynamoDB write units", 1),
    "UpdateItem": ("DynamoDB write units", 1),
    "DeleteItem": ("DynamoDB write units", 1),
    "TransactWriteItems": ("DynamoDB write units", 4),
    "Statement": ("DynamoDB write units", 1),
    "BatchExecuteStatement": ("DynamoDB write units", 0),
    "GetItem": ("DynamoDB read units", 1),
    "BatchGetItem": ("DynamoDB read units", 1),
    "Query": ("DynamoDB read units", 0.5),
}
# The index of unfinished batches is written when one is opened and when it is published.
INDEX_UNITS_OF_A_BATCH = 2

# Each object by itself: its message received and deleted, the object read, its bytes and its Parquet file written, one conditional write to a ledger.
ONE_TO_ONE = {"SQS ReceiveMessage": 1, "SQS DeleteMessage": 1, "S3 GetObject": 1, "S3 PutObject": 2, "DynamoDB PutItem": 1}
# The same with messages received and deleted by ten.
ONE_TO_ONE_BY_TENS = ONE_TO_ONE | {"SQS ReceiveMessage": 0.1, "SQS DeleteMessage": 0.1}


def priced(requests, batches):
    """Class -> how many of it are paid for."""
    paid = dict.fromkeys(PRICES, 0.0)
    for name, count in requests.items():
        service, _, operation = name.partition(" ")
        if service == "S3":
            paid[CLASSES[operation]] += count
        elif service == "SQS":
            paid["SQS"] += count
        elif service == "DynamoDB":
            unit, units = UNITS[operation]
            paid[unit] += units * count
        else:
            raise SystemExit(f"nobody said what {name} costs")
    paid["DynamoDB write units"] += INDEX_UNITS_OF_A_BATCH * batches
    return paid


def dollars(paid):
    return sum(count / MILLION * PRICES[name][0] for name, count in paid.items())


def columns_of(busy, quiet):
    """Heading, requests and paid classes for a million objects, of every way to land them."""
    alone = [(heading, {name: count * MILLION for name, count in requests.items()}, 0) for heading, requests in (
        ("one to one", ONE_TO_ONE), ("one to one, messages by tens", ONE_TO_ONE_BY_TENS))]
    measured = []
    for heading, run in (("busy", busy), ("quiet", quiet)):
        scale = MILLION / run["objects"]
        measured.append((heading, {name: count * scale for name, count in run["requests"].items()}, run["batches"] * scale))
    return [(heading, requests, priced(requests, batches)) for heading, requests, batches in alone + measured]


def number(count):
    return f"{count:,.0f}" if count else "–"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def written_as(run):
    return ", ".join(f"{count} {prefix}" for prefix, count in sorted(run["objects_by_prefix"].items()))


def table(busy, quiet):
    """The counts, the sums and the ratio as Markdown."""
    columns = columns_of(busy, quiet)
    head = [heading for heading, _, _ in columns]
    rows = [line(["for a million objects", *head]), line(["---", *["---:"] * len(head)])]
    for name in sorted({name for _, requests, _ in columns for name in requests}):
        rows.append(line([name, *(number(requests.get(name, 0)) for _, requests, _ in columns)]))
    rows += ["", line(["paid for a million objects", "$ for a million, year", *head]), line(["---", "---:", *["---:"] * len(head)])]
    for name, (price, year) in PRICES.items():
        rows.append(line([name, f"{price:g}, {year}", *(number(paid[name]) for _, _, paid in columns)]))
    sums = [dollars(paid) for _, _, paid in columns]
    rows.append(line(["**$**", "", *(f"**{total:.2f}**" for total in sums)]))
    for heading, whole in zip(head[:2], sums[:2]):
        rows.append(line([f"of {heading}", "", "", "", *(f"1/{whole / total:.1f}" for total in sums[2:])]))
    for heading, run in (("busy", busy), ("quiet", quiet)):
        rows.append(f"\n{heading}: {run['objects']} objects in {run['batches']} batches, written as {written_as(run)}; {run['seconds']:.0f} s.")
    return "\n".join(rows)
