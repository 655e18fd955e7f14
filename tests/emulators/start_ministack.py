"""Starts MiniStack with full-object checksums on multipart uploads, and with a count of the requests that it received.

MiniStack 1.5.33 knows composite checksums only and refuses the CRC32 of the full object that S3 verifies on completion. Here it compares none; sizes, parts
and entity tags are still checked.

GET /_requests answers a JSON object: how often each operation was asked for since the start, as {"S3 GetObject": 12, "SQS ReceiveMessage": 3}. The
statements of DynamoDB's BatchExecuteStatement are counted besides, as "DynamoDB Statement": each is paid for.
"""

import collections
import json
import urllib.parse

import ministack.app
import ministack.services.s3

COUNTS_PATH = "/_requests"
STATEMENTS = "DynamoDB BatchExecuteStatement"


class Unchecked(str):
    """A checksum that is as good as any. Its dash says that it is none of a full object."""

    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = str.__hash__


ministack.services.s3._composite_checksum = lambda algorithm, parts: Unchecked("unchecked-1") if algorithm else None


def s3_operation(method, path, query):
    """The S3 operation behind a request in path style, as S3's API reference names it; only those that tell requests apart by price."""
    of_object = "/" in path.strip("/")
    if "uploadId" in query:
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}.get(method, "ListParts")
    if method == "POST" and "uploads" in query:
        return "CreateMultipartUpload"
    if not of_object and method == "GET":
        return "GetBucketEncryption" if "encryption" in query else "ListObjectsV2"
    return method.title() + ("Object" if of_object else "Bucket")


def operation(scope):
    """`<service> <operation>` of a request; of those in the query protocol (SNS, STS) the path alone is known."""
    headers = dict(scope["headers"])
    target = headers.get(b"x-amz-target")
    if target:
        service, _, name = target.decode().partition(".")
        return f"{'SQS' if service == 'AmazonSQS' else service.partition('_')[0]} {name}"
    if headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        return f"query {scope['path']}"
    query = urllib.parse.parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    return "S3 " + s3_operation(scope["method"], scope["path"], query)


class Counted:
    """The emulator with a count in front of it."""

    def __init__(self, app):
        self.app = app
        self.counts = collections.Counter()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if scope["path"] == COUNTS_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
            return await send({"type": "http.response.body", "body": json.dumps(self.counts).encode()})
        name = operation(scope)
        self.counts[name] += 1
        await self.app(scope, self.counting_statements(receive) if name == STATEMENTS else receive, send)

    def counting_statements(self, receive):
        body = bytearray()

        async def count():
            message = await receive()
            if message["type"] == "http.request":
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    self.counts["DynamoDB Statement"] += len(json.loads(bytes(body))["Statements"])
                    body.clear()
            return message

        return count


if __name__ == "__main__":
    ministack.app.app = Counted(ministack.app.app)
    ministack.app.main()
