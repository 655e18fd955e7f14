"""A recording proxy before an emulator of AWS: forwards what processes ask, and keeps what the call was and how it was answered.

Each process has a door (a port) of its own, so that it is known who asked, and a door may ring: something is done when a certain call was answered,
before the process hears of it. Bodies are passed on in pieces. S3's are not kept; other services have the call's arguments in there.
"""
import dataclasses
import datetime
import http.client
import http.server
import json
import re
import threading
import urllib.parse

PIECE = 1 << 16
KEPT_BYTES = 4 << 20
ASSUMED = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclasses.dataclass
class Call:
    """One request and the head of its answer; header names are lower case."""
    door: str
    service: str
    method: str
    path: str
    query: dict
    headers: dict
    body: dict
    at: datetime.datetime
    status: int = 0
    answered: dict = dataclasses.field(default_factory=dict)
    # The access key that signed it.
    key: str = ""

    def __str__(self):
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.service} {self.headers.get('x-amz-target', '')} {self.method} {self.path}?{query} -> {self.status}"


def signed(headers):
    """Access key and service that the signature names: Credential=ID/DAY/REGION/SERVICE/aws4_request."""
    credential = headers.get("authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
    return (credential[0], credential[3]) if len(credential) == 5 else ("", "unsigned")


def arguments(body, headers):
    """What a service other than S3 was asked, which sends JSON or a form."""
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        return dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    return json.loads(body) if body else {}


class Door(http.server.ThreadingHTTPServer):
    """Where one process asks."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, name, upstream, calls, given):
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.upstream, self.calls, self.given = name, upstream, calls, given
        self.bell, self.rung, self.lock = None, threading.Event(), threading.Lock()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def ring(self, when, do):
        """Does something once, after the first call of this kind was answered and before its answer is passed on."""
        self.bell = (when, do)

    def keep(self, call):
        with self.lock:
            self.calls.append(call)
            bell = self.bell if self.bell and self.bell[0](call) else None
            if bell:
                self.bell = None
        if bell:
            bell[1]()
            self.rung.set()

    def handle_error(self, request, client_address):
        """A process that was killed leaves its connections; nothing is to be told of it."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream = None

    def log_message(self, *_):
        """The calls are the log."""

    def forward(self):
        url = urllib.parse.urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        now = datetime.datetime.now(datetime.timezone.utc)
        key, service = signed(headers)
        call = Call(self.server.name, service, self.command, urllib.parse.unquote(url.path), query, headers, {}, now, key=key)
        kept = self.send(headers, call.service != "s3")
        answer = self.upstream.getresponse()
        call.body = arguments(kept, headers)
        call.status, call.answered = answer.status, {name.lower(): value for name, value in answer.getheaders()}
        whole = answer.read() if service == "sts" else None
        if whole and (found := ASSUMED.search(whole)):
            self.server.given[found[1].decode()] = call.body.get("RoleArn")
        self.server.keep(call)
        self.pass_on(answer, call.answered, whole)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward

    def send(self, headers, keep):
        """Sends head and body to the emulator, over the one connection that this one has there. Answers the body, if it is to be kept."""
        if "chunked" in headers.get("transfer-encoding", ""):
            raise ValueError(f"{self.command} {self.path}: a chunked body, which the proxy does not read")
        self.upstream = self.upstream or http.client.HTTPConnection(self.server.upstream, timeout=60)
        self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if name not in HOP_BY_HOP and name != "expect":
                self.upstream.putheader(name, value)
        self.upstream.endheaders()
        kept, left = bytearray(), int(headers.get("content-length", 0))
        while left:
            piece = self.rfile.read(min(left, PIECE))
            if not piece:
                raise ConnectionError("the process went away")
            self.upstream.send(piece)
            left -= len(piece)
            if keep and len(kept) < KEPT_BYTES:
                kept += piece
        return bytes(kept)

    def pass_on(self, answer, headers, whole):
        """Passes the answer on as it comes; one whose length is not told is read first."""
        if whole is None and "content-length" not in headers and self.command != "HEAD":
            whole = answer.read()
            headers = {**headers, "content-length": str(len(whole))}
        self.send_response_only(answer.status)
        for name, value in headers.items():
            if name not in HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        if whole is not None:
            self.wfile.write(whole)
        while piece := answer.read(PIECE):
            self.wfile.write(piece)

    def finish(self):
        if self.upstream:
            self.upstream.close()
        super().finish()


class Proxy:
    """Doors to one emulator, and all that was asked through them."""

    def __init__(self, upstream):
        # given: access key → role, of each role that was assumed through these doors.
        self.upstream, self.calls, self.doors, self.given = upstream, [], [], {}

    def door(self, name):
        self.doors.append(Door(name, self.upstream, self.calls, self.given))
        return self.doors[-1]

    def close(self):
        for door in self.doors:
            door.shutdown()
            door.server_close()
