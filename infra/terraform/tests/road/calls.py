"""Turns recorded calls into what IAM and KMS decide on: (action, resource, context), by the table in calls.toml."""
import dataclasses
import datetime
import math
import pathlib
import re
import tomllib

TABLE = pathlib.Path(__file__).parent / "calls.toml"
STATEMENT = re.compile(r'\s*(\w+)\s+INTO\s+"([^"]+)"', re.IGNORECASE)
ENCRYPTED_WITH = "x-amz-server-side-encryption-aws-kms-key-id"
LOCKED_UNTIL = "x-amz-object-lock-retain-until-date"


class Unknown(Exception):
    """A call, or something in it, that the table does not know."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What is decided on. Equal ones are decided once."""
    action: str
    resource: str
    context: tuple
    call: str

    def conditions(self):
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.context}


@dataclasses.dataclass
class World:
    """Where the calls were made: in whose name, and which customer key encrypts what (resource ARN → key ARN)."""
    partition: str
    region: str
    account: str
    organization: str
    role: str
    keys: dict
    # The partition keys that a call names, for a role whose policy asks for them: then hardly two requests are equal.
    leading_keys: bool = False


class Calls:
    """The table, and what is remembered from call to call: with which key an upload was begun, which its parts and its end do not say."""

    def __init__(self, world):
        self.world, self.table, self.begun = world, tomllib.loads(TABLE.read_text()), {}

    def requests(self, call):
        """All that a call needs. Calls are given in the order in which they were made."""
        row = self.row(call)
        of_service = {"s3": self.of_s3, "dynamodb": self.of_dynamodb, "sqs": self.of_sqs, "sns": self.of_sns, "kms": self.of_kms, "organizations": self.of_organizations, "account": self.of_account}
        words, facts, parts = of_service.get(call.service, self.of_another)(call)
        words |= {name: getattr(self.world, name) for name in ("partition", "region", "account", "organization", "role")}
        if "kms_key" not in words:
            words["kms_key"] = self.world.keys.get(self.table["resource"][row["on"]].format_map(words))
        if words["kms_key"]:
            facts.add("encrypted")
        of_parts = [{"action": self.part(row, part, call), "on": row["on"]} for part in sorted(parts)]
        for need in of_parts + row.get("needs", []) + self.table["keyed"].get(call.service, {}).get("needs", []):
            if set(need.get("when", [])) <= facts and not set(need.get("unless", [])) & facts:
                yield self.request(need, call, words, row["name"])

    def row(self, call):
        rows = [row for row in self.table["call"] if matches(row["match"], call)]
        if len(rows) != 1:
            raise Unknown(f"calls.toml has {len(rows)} rows for {call}, and needs one")
        return rows[0]

    def part(self, row, part, call):
        try:
            return row["parts"][part]
        except KeyError:
            raise Unknown(f"calls.toml, {row['name']}: no part {part}, which {call} has") from None

    def request(self, need, call, words, name):
        resource = self.table["resource"][need["on"]].format_map(words)
        named = resource.split(":")[4] if resource.count(":") > 4 else ""
        words = {**words, "owner": named if named.isdigit() else self.world.account}
        context = {}
        for part in ("every", *need.get("in", [])):
            context |= {key: filled(value, words) for key, value in self.table["context"][part].items()}
        if need["action"].startswith("s3:"):
            context |= self.of_headers(call)
        if need["action"].startswith("dynamodb:") and self.world.leading_keys and (leading := leading_keys(call.body)):
            context["dynamodb:LeadingKeys"] = leading
        return Request(need["action"], resource, tuple(sorted(context.items())), name)

    def of_headers(self, call):
        context = {key: call.headers[header] for header, key in self.table["header"].items() if header in call.headers}
        if LOCKED_UNTIL in call.headers:
            left = datetime.datetime.fromisoformat(call.headers[LOCKED_UNTIL]) - call.at
            context["s3:object-lock-remaining-retention-days"] = str(math.ceil(left / datetime.timedelta(days=1)))
        return context

    def of_s3(self, call):
        bucket, _, key = call.path.lstrip("/").partition("/")
        if call.method == "POST" and "uploads" in call.query:
            self.begun[bucket, key] = call.headers.get(ENCRYPTED_WITH)
        of_upload = self.begun.get((bucket, key)) if "uploadId" in call.query else None
        of_bucket = self.world.keys.get(f"arn:{self.world.partition}:s3:::{bucket}") if call.method == "PUT" else None
        kms_key = call.headers.get(ENCRYPTED_WITH) or of_upload or call.answered.get(ENCRYPTED_WITH) or of_bucket
        facts = {
            "version": "versionId" in call.query,
            "missing": call.status == 404 and call.method in ("GET", "HEAD"),
            "locked": "x-amz-object-lock-mode" in call.headers,
            "checksum": "x-amz-checksum-mode" in call.headers,
        }
        words = {"bucket": bucket, "key": key, "kms_key": kms_key, "prefix": call.query.get("prefix", "")}
        return words, {fact for fact, so in facts.items() if so}, ()

    def of_dynamodb(self, call):
        body = call.body
        statements = [STATEMENT.match(statement["Statement"]) for statement in body.get("Statements", [])]
        if None in statements:
            raise Unknown(f"{call}: a statement that is not INSERT INTO \"TABLE\"")
        parts = {part: argument for item in body.get("TransactItems", []) for part, argument in item.items()}
        tables = {argument["TableName"] for argument in parts.values()} | {found[2] for found in statements} | set(body.get("RequestItems", []))
        tables |= {body["TableName"]} if "TableName" in body else set()
        if len(tables) != 1:
            raise Unknown(f"{call}: of one table, not of {sorted(tables)}")
        words = {"table": tables.pop(), "index": body.get("IndexName")}
        return words, {"index"} if words["index"] else set(), set(parts) | {found[1].upper() for found in statements}

    def of_sqs(self, call):
        return {"queue": call.body["QueueUrl"].rsplit("/", 1)[-1]}, set(), ()

    def of_sns(self, call):
        return {"topic": call.body["TopicArn"]}, set(), ()

    def of_kms(self, call):
        """What is asked of KMS itself, not by way of another service."""
        words = {"kms_key": call.body["KeyId"], "message_type": call.body.get("MessageType"), "algorithm": call.body.get("SigningAlgorithm")}
        return words, set(), ()

    def of_organizations(self, call):
        """A root, a unit or an account; its ARN has the management account, in whose name is asked."""
        named = call.body.get("ParentId") or call.body.get("ResourceId") or ""
        kind = {"r-": "root", "ou": "ou"}.get(named[:2], "account")
        return {"node": f"{kind}/{self.world.organization}/{named}", "kms_key": None}, set(), ()

    def of_account(self, call):
        member = call.body.get("AccountId")
        return {"member": member, "kms_key": None}, {"member"} if member else set(), ()

    def of_another(self, call):
        return {"assumed": call.body.get("RoleArn"), "external_id": call.body.get("ExternalId", ""), "kms_key": None}, set(), ()


def matches(match, call):
    """Whether a row is this call's."""
    query = match.get("query", {})
    return all([
        match.get("service", call.service) == call.service,
        match.get("method", call.method) == call.method,
        match.get("target", call.headers.get("x-amz-target")) == call.headers.get("x-amz-target"),
        "action" not in match or match["action"] == call.body.get("Action"),
        "key" not in match or match["key"] == bool(call.path.lstrip("/").partition("/")[2]),
        all(name in call.query and value in ("", call.query[name]) for name, value in query.items()),
    ])


def leading_keys(body):
    """Partition keys of the items that a call of DynamoDB's names."""
    tables = body.get("RequestItems", {}).values()
    items = [body, *(argument for item in body.get("TransactItems", []) for argument in item.values())]
    named = [item[name] for item in items for name in ("Key", "Item") if name in item] + [key for table in tables for key in table.get("Keys", [])]
    return tuple(sorted({next(iter(key["pk"].values())) for key in named}))


def filled(value, words):
    return tuple(value) if isinstance(value, list) else value.format_map(words)
