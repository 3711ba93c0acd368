"""What nobody should send, sent to every listening port: the vendor's answer or one sentence, never a 500, and the
server stays well. Raw sockets, because no HTTP client sends such things.

The sweep over operations (`test_no_operation_fails_...`) sends each of them bodies, parameters and paths that are
wrong in ways that handlers trip over.
"""

import base64
import json
import os
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from emulator.kernel.exchange import Exchange
from emulator.kernel.operations import Operation
from emulator.protocols.wstrust_client import build_rst
from emulator.serving import listen
from emulator.serving.lab import Lab
from emulator.serving.minting import mint
from emulator.serving.world import World
from emulator.wire.client import Http, Tcp, json_of

HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
SERVICES = ("front", "okta", "graph", "login", "control")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("acme") as running:
        yield running
        assert running.world.engine.crashes == []


@pytest.fixture(autouse=True)
def well(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test that spoke to the lab every port answers, and quickly."""
    yield
    if "lab" not in request.node.funcargs:
        return
    lab: Lab = request.getfixturevalue("lab")
    for service in SERVICES:
        began = time.monotonic()
        assert Http(Tcp(timeout=5)).request("GET", f"{lab.url(service)}/_lab/health").status == 200
        assert time.monotonic() - began < 5


@dataclass
class Reply:
    status: int
    headers: bytes
    body: bytes


def send(url: str, *data: bytes, end: bool = False, ca: str | None = None) -> Reply | None:
    """Bytes to a port, and what comes back: None when the connection was closed without an answer.

    end: close our side after sending.
    """
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as plain:
        stream = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname="localhost") if ca else plain
        try:
            for part in data:
                stream.sendall(part)
            if end:
                stream.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all of it was sent: the answer says why
        found = receive(stream)
        stream.close()
        return found


def receive(stream: socket.socket) -> Reply | None:
    got = b""
    try:
        while (found := whole(got)) is None:
            part = stream.recv(65_536)
            if not part:
                break
            got += part
    except ConnectionError:
        found = whole(got)
    if found is None and got:
        pytest.fail(f"half an answer: {got[:300]!r}")
    return found


def whole(got: bytes) -> Reply | None:
    """The answer, when all of it is there."""
    head, blank, body = got.partition(b"\r\n\r\n")
    if not blank:
        return None
    status = int(head.split(b" ", 2)[1])
    if status == 100:
        return whole(body)
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length is not None and len(body) < int(length[1]) and status != 304:
        return None
    return Reply(status, head, body)


def assert_plain_refusal(found: Reply | None, *statuses: int) -> None:
    """A status of those, and nothing or one sentence or the vendor's envelope; no traceback, nothing of ours."""
    assert found is not None
    assert found.status in statuses, (found.status, found.body[:300])
    assert b"Traceback" not in found.body and b'File "' not in found.body
    if b"text/plain" in found.headers:
        assert found.body.count(b"\n") == 1 and found.body.startswith(b"%d: " % found.status)


def get(path: bytes, *headers: bytes, host: bytes = HOST) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + host + b"".join(headers) + b"\r\n"


def post(path: bytes, body: bytes, *headers: bytes, length: bytes | None = None) -> bytes:
    size = b"Content-Length: %d\r\n" % len(body) if length is None else length
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"".join(headers) + size + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"

LINES = {
    "garbage": b"\x00\x01\x02\xff\xfe\r\n\r\n", "no version": b"GET / \r\n\r\n", "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/3": b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
    "TLS on a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100 + b"\r\n\r\n",
    "a path of bytes": get(b"/api/v1/users/\xff\xfe"), "a query of bytes": get(b"/api/v1/users?q=\xff"),
    "a path that is not UTF-8": get(b"/api/v1/users/%ff%fe"),
    "a header without colon": get(b"/", b"nocolon\r\n"), "a space before the colon": get(b"/", b"A : b\r\n"),
    "a folded header": get(b"/", b"A: b\r\n c\r\n"), "NUL in a header": get(b"/", b"A: b\x00c\r\n"),
    "two hosts": get(b"/_lab/health", b"Host: evil.example\r\n"),
    "two hosts, ours last": get(b"/_lab/health", HOST, host=b"Host: evil.example\r\n"),
    "two lengths": post(b"/x", b"{}", b"Content-Length: 3\r\n"),
    "a negative length": post(b"/x", b"{}", length=b"Content-Length: -2\r\n"),
    "a signed length": post(b"/x", b"{}", length=b"Content-Length: +2\r\n"),
    "a length in words": post(b"/x", b"{}", length=b"Content-Length: two\r\n"),
    "a length of 23 digits": post(b"/x", b"{}", length=b"Content-Length: 99999999999999999999999\r\n"),
    "an unknown transfer coding": post(b"/x", b"0\r\n\r\n", length=b"Transfer-Encoding: xchunked\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("service", SERVICES)
def test_malformed_requests(lab: Lab, service: str, name: str):
    assert_plain_refusal(send(lab.url(service), LINES[name]), 400, 505)


LARGE = {
    "a header of 64 kB": (get(b"/_lab/health", b"X-A: " + b"a" * 65_536 + b"\r\n"), 431),
    "a header of 1 MB": (get(b"/_lab/health", b"X-A: " + b"a" * 1_000_000 + b"\r\n"), 431),
    "a cookie of 64 kB": (get(b"/", b"Cookie: sid=" + b"a" * 65_536 + b"\r\n"), 431),
    "1,000 headers": (get(b"/", b"".join(b"X-%d: a\r\n" % n for n in range(1000))), 431),
    "a path of 20 kB": (get(b"/" + b"a" * 20_000), 414), "a path of 200 kB": (get(b"/" + b"a" * 200_000), 414),
    "10,000 parameters": (get(b"/api/v1/users?" + b"a=1&" * 10_000), 414),
    "1,100 short parameters": (get(b"/api/v1/users?" + b"a&" * 1_100), 400),
    "10,000 form fields": (post(b"/login/login.htm", b"a=1&" * 10_000, FORM), 400),
    "10,000 form fields of a token request": (post(b"/common/oauth2/v2.0/token", b"a=1&" * 10_000, FORM), 400),
    "a body of 10 MB": (post(b"/api/v1/authn", b"a" * 10_000_000, JSON), 413),
    "a body of 10 MB announced": (post(b"/login.srf", b"{}", FORM, length=b"Content-Length: 10000000\r\n"), 413),
    "chunks of 10 MB": (
        post(b"/v1.0/users", (b"100000\r\n" + b"a" * 1_048_576 + b"\r\n") * 10 + b"0\r\n\r\n", JSON, length=CHUNKED), 413,
    ),
    "JSON 100,000 deep": (post(b"/api/v1/authn", b"[" * 100_000, JSON), 400),
    "objects 50,000 deep": (post(b"/_lab/clock", b'{"a":' * 50_000, JSON), 400),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("service", ["okta", "graph", "login", "control"])
def test_too_much_of_something(lab: Lab, service: str, name: str):
    data, status = LARGE[name]
    began = time.monotonic()
    assert_plain_refusal(send(lab.url(service), data), status)
    assert time.monotonic() - began < 5


def test_too_much_over_tls(lab: Lab):
    url = lab.url("okta", "https")
    assert_plain_refusal(send(url, LARGE["a body of 10 MB"][0], ca=lab.info["ca_file"]), 413)
    assert_plain_refusal(send(url, LARGE["a header of 64 kB"][0], ca=lab.info["ca_file"]), 431)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("host", [b"evil.example", b"localhost.evil.example", b"127.0.0.1.nip.io", b"", b"\xff", b"a b", b"localhost:x"])  # fmt: skip
def test_foreign_hosts(lab: Lab, service: str, host: bytes):
    for path in (b"/", b"/_lab/health", b"/api/v1/users", b"/v1.0/users", b"/login.srf"):
        assert_plain_refusal(send(lab.url(service), get(path, host=b"Host: " + host + b"\r\n")), 421)
    assert_plain_refusal(send(lab.url(service), b"GET /_lab/health HTTP/1.0\r\n\r\n"), 421)


def test_a_target_with_a_host_of_its_own(lab: Lab):
    for url in (lab.url("front"), lab.url("okta")):
        assert_plain_refusal(send(url, get(b"http://evil.example/_lab/health")), 400)
        assert_plain_refusal(send(url, get(b"http://localhost/_lab/health", host=b"Host: evil.example\r\n")), 400)
        found = send(url, get(b"http://localhost/_lab/health"))
        assert found is not None and found.status == 200
        assert_plain_refusal(send(url, b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n"), 421)


@pytest.mark.parametrize("service", SERVICES)
def test_foreign_origins_reach_no_control_route(lab: Lab, service: str):
    epoch = json_of(Http(Tcp()).request("GET", f"{lab.url('control')}/_lab/health"))["epoch"]
    for header in (b"Origin: https://evil.example\r\n", b"Origin: null\r\n", b"Sec-Fetch-Site: cross-site\r\n"):
        assert_plain_refusal(send(lab.url(service), post(b"/_lab/reset", b"", header)), 403)
    for header in (b"Content-Type: text/plain\r\n", FORM):
        assert_plain_refusal(send(lab.url(service), post(b"/_lab/reset", b"{}", header)), 415)
    assert json_of(Http(Tcp()).request("GET", f"{lab.url('control')}/_lab/health"))["epoch"] == epoch


def test_no_service_opens_itself_to_a_foreign_origin(lab: Lab):
    """Nothing reflects an origin together with credentials."""
    for service in ("okta", "graph", "login"):
        found = send(lab.url(service), get(b"/api/v1/users", b"Origin: https://evil.example\r\nCookie: sid=x\r\n"))
        assert found is not None
        assert not re.search(rb"(?i)access-control-allow-origin: https://evil", found.headers)
        assert not re.search(rb"(?i)access-control-allow-credentials: true", found.headers)


# -- bodies that end early, late or never ---------------------------------------------------------------------------


def create_group(lab: Lab, name: str) -> tuple[bytes, bytes]:
    body = json.dumps({"profile": {"name": name}}).encode()
    return body, b"Authorization: SSWS " + lab.info["okta"]["token"].encode() + b"\r\n" + JSON


def group_names(lab: Lab) -> list[str]:
    headers = {"authorization": f"SSWS {lab.info['okta']['token']}"}
    found = json_of(Http(Tcp()).request("GET", f"{lab.url('okta')}/api/v1/groups", headers=headers))
    return [group["profile"]["name"] for group in found]


def test_a_body_that_was_cut_off_does_nothing(lab: Lab):
    body, headers = create_group(lab, "Half a request")
    chunk = b"%x\r\n%s\r\n" % (len(body), body)
    cut = {
        "shorter than announced": post(b"/api/v1/groups", body, headers, length=b"Content-Length: 500\r\n"),
        "no last chunk": post(b"/api/v1/groups", chunk, headers, length=CHUNKED),
        "half a chunk": post(b"/api/v1/groups", chunk + b"ff\r\nabc", headers, length=CHUNKED),
        "a bad chunk": post(b"/api/v1/groups", chunk + b"zz\r\n", headers, length=CHUNKED),
    }  # fmt: skip
    for name, data in cut.items():
        found = send(lab.url("okta"), data, end=True)
        assert found is None or found.status == 400, name
    assert "Half a request" not in group_names(lab)
    assert_plain_refusal(send(lab.url("okta"), cut["a bad chunk"]), 400)


def test_length_and_chunks_together(lab: Lab):
    """The chunks count, as RFC 9112 has it, and what follows them is no second request of somebody else's making."""
    body, headers = create_group(lab, "Framed twice")
    smuggled = get(b"/_lab/health")
    data = post(
        b"/api/v1/groups",
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
        headers,
        CHUNKED,
        length=b"Content-Length: 5\r\n",
    )
    found = send(lab.url("okta"), data + smuggled)
    assert found is not None and found.status in (200, 400)
    assert group_names(lab).count("Framed twice") == (found.status == 200)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "SLOWEST_BODY", 0.3)


@pytest.mark.parametrize(
    "start",
    [
        post(b"/x", b"{", JSON, length=b"Content-Length: 50\r\n"),
        post(b"/x", b"1\r\n{\r\n", JSON, length=CHUNKED),
    ],
    ids=["announced", "chunked"],
)
def test_a_body_without_end(lab: Lab, impatient: None, start: bytes):
    for service in ("okta", "graph", "login", "control"):
        assert_plain_refusal(send(lab.url(service), start), 408)


def test_slow_bodies_hold_nobody_up(lab: Lab, impatient: None):
    """Fifty of them, a byte now and then, and another caller in between."""
    url = urlsplit(lab.url("okta"))
    slow = [socket.create_connection((url.hostname or "", url.port or 0), timeout=10) for _ in range(50)]
    for stream in slow:
        stream.sendall(post(b"/api/v1/authn", b"{", JSON, length=b"Content-Length: 5000\r\n"))
    began = time.monotonic()
    for _ in range(10):
        assert Http(Tcp(timeout=5)).request("GET", f"{lab.url('okta')}/_lab/health").status == 200
    assert time.monotonic() - began < 5
    for stream in slow:
        assert_plain_refusal(receive(stream), 408)
        stream.close()


def test_requests_that_never_come_hold_nobody_up(lab: Lab):
    url = urlsplit(lab.url("okta"))
    idle = [socket.create_connection((url.hostname or "", url.port or 0), timeout=10) for _ in range(100)]
    for number, stream in enumerate(idle):
        stream.sendall(b"GET / HTTP/1.1\r\nHost: loc"[: number % 26])
    assert Http(Tcp(timeout=5)).request("GET", f"{lab.url('okta')}/_lab/health").status == 200
    for stream in idle:
        stream.close()


def test_the_proxy_takes_no_nonsense(lab: Lab):
    refused = [
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT login.microsoftonline.com:22 HTTP/1.1\r\n\r\n", b"CONNECT \xff\xfe HTTP/1.1\r\n\r\n",
        b"CONNECT login.microsoftonline.com.evil.example:443 HTTP/1.1\r\n\r\n", b"\x00\x01\r\n\r\n", b"\r\n\r\n",
        b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n", b"CONNECT 169.254.169.254:443 HTTP/1.1\r\n\r\n",
    ]  # fmt: skip
    for data in refused:
        assert_plain_refusal_of_proxy(send(lab.info["urls"]["proxy"], data))
    assert send(lab.info["urls"]["proxy"], b"CONNECT " + b"a" * 100_000, end=True) is None
    assert send(lab.info["urls"]["proxy"], b"", end=True) is None


def assert_plain_refusal_of_proxy(found: Reply | None) -> None:
    assert found is not None and found.status == 403
    assert found.body.count(b"\n") == 1


# -- every operation and page ---------------------------------------------------------------------------------------

VALUES: list[Any] = [
    None, True, -1, 0, 1e308, 10**19, "", " ", "\x00", "a" * 5_000, "\ud7ff\uffff", "' OR 1=1 --", "<script>", "%", "../..",
    [], {}, [[]], [None], [{}], {"a": {"b": {"c": None}}}, "2026-13-45T99:99:99Z", "\u202e", "$(id)", "{{7*7}}",
]  # fmt: skip
BODIES = [
    b"", b"{", b"[]", b"null", b"true", b'"text"', b"123", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}", b'{"":""}',
    b'{"a":NaN}', b'{"a":1e999}', b'{"a":' + b"9" * 5_000 + b"}", b'{"a":"\\ud800"}', b"{'a':1}", b"<a/>", b"\x00" * 100,
    b"a=%ff&b=%00&c", b"&&&===", b"[" * 99 + b"]" * 99,
]  # fmt: skip
PATHS = ["%00", "%ef%bf%be", "a" * 2_000, "'", "..", "%2f%2e%2e", "null", "-1", "{id}", "%F0%9F%92%A9", "a b", "$count"]
QUERY_VALUES = [
    "",
    "%00",
    "%ff",
    "-1",
    "0",
    "99999999999999999999",
    "a" * 3_000,
    "'",
    "((((",
    "%22",
    "null",
    "1e5",
    "[]",
]
NAMES = (
    "profile", "credentials", "name", "type", "status", "settings", "conditions", "actions", "id", "value", "displayName",
    "userPrincipalName", "passwordProfile", "@odata.id", "addLicenses", "removeLicenses", "username", "password", "users",
    "sessionToken", "stateToken", "kinds", "max", "lease", "outcome", "events", "properties", "keyCredential", "mailNickname",
    "signOnMode", "label", "licenses", "groupIds", "accountEnabled", "members", "scope", "expression", "gateways", "filter",
)  # fmt: skip
FORMS = (
    "grant_type",
    "client_id",
    "code",
    "scope",
    "wa",
    "wresult",
    "wctx",
    "ctx",
    "login",
    "passwd",
    "SAMLResponse",
    "redirect_uri",
)
WHOLE_FORM = {
    "grant_type": "authorization_code", "client_id": "x", "code": "x", "redirect_uri": "x", "wa": "wsignin1.0",
    "wresult": "<a/>", "ctx": "a.b", "login": "a@b", "passwd": "x",
}  # fmt: skip


class Sweep:
    """Asks one operation of an in-process world in many wrong ways; `failures` has every 5xx and every crash."""

    def __init__(self, known: "Known", service: str, operation: Operation, credentials: dict[str, str]) -> None:
        self.known, self.world, self.operation = known, known.world, operation
        self.service = self.world.hosts.service(service)
        self.headers = {"host": self.service.host, **credentials}
        self.failures: list[str] = []
        self.statuses: Counter[int] = Counter()
        self._turn = 0

    def run(self) -> None:
        method, path = self.operation.method, self.known.path(self.service.name, self.operation.path)
        for value in PATHS if "{" in self.operation.path else []:
            for wrong in {
                re.sub(r"\{\w+\}", lambda _, value=value: quote(value, safe="%"), self.operation.path),
                path + "/" + value,
            }:
                self.ask(method, wrong, b"")
        names = [
            *self.operation.query,
            "limit",
            "after",
            "filter",
            "search",
            "q",
            "$filter",
            "$top",
            "$select",
            "$skiptoken",
        ]
        for name in dict.fromkeys(names):
            for value in QUERY_VALUES:
                self.ask(method, path, b"", query=f"{quote(name, safe='$')}={value}")
        if method in ("POST", "PUT", "PATCH"):
            self.bodies(method, path)

    def bodies(self, method: str, path: str) -> None:
        for body in BODIES:
            for kind in ("application/json", "application/x-www-form-urlencoded", "application/soap+xml", ""):
                self.ask(method, path, body, kind=kind)
        for name in NAMES:
            for value in self.some():
                self.ask(method, path, json.dumps({name: value}).encode())
        for value in VALUES:
            everything = dict.fromkeys(NAMES, value)
            self.ask(method, path, json.dumps(everything).encode())
            self.ask(method, path, json.dumps({"profile": everything}).encode())
        example = self.known.example(self.service.name, path, self.headers)
        for changed in self.changed(example):
            self.ask(method, path, json.dumps(changed).encode())
        for name in FORMS:
            for value in QUERY_VALUES:
                fields = {**WHOLE_FORM, name: value}
                body = "&".join(f"{key}={text if key == name else quote(text)}" for key, text in fields.items())
                self.ask(method, path, body.encode(), kind="application/x-www-form-urlencoded")

    def some(self) -> Iterator[Any]:
        """The next few of the wrong values."""
        for _ in range(SOME):
            self._turn += 1
            yield VALUES[self._turn * 7 % len(VALUES)]

    def changed(self, example: Any, wrap: Any = lambda part: part, depth: int = 0) -> Iterator[Any]:
        """A document with one thing in it wrong: each of its values takes its turn, with some of the wrong ones."""
        if depth:
            for value in self.some():
                yield wrap(value)
        if isinstance(example, dict) and depth < 5:
            for key in example:
                yield wrap({name: value for name, value in example.items() if name != key})
                yield from self.changed(example[key], lambda part, key=key: wrap({**example, key: part}), depth + 1)
        elif isinstance(example, list) and example and depth < 5:
            yield from self.changed(example[0], lambda part: wrap([part, *example[1:]]), depth + 1)

    def ask(self, method: str, path: str, body: bytes, *, query: str = "", kind: str = "application/json") -> None:
        headers = dict(self.headers)
        if body and kind:
            headers["content-type"] = kind
        answer = self.world.entry(Exchange(method, "https", self.service.host, path, query, headers, body))
        crashes = self.world.engine.crashes
        assert answer is not None
        self.statuses[answer.status] += 1
        if answer.status >= 500 or crashes:
            told = crashes[-1].strip().splitlines()[-4:] if crashes else answer.body[:200]
            self.failures.append(f"{method} {path[:80]}?{query[:60]} {kind} {body[:2000]!r}: {answer.status} {told}")
            crashes.clear()


SOME = int(os.environ.get("TENANTLAB_SWEEP", "4"))
"""How many of the wrong values each value of an example is replaced with; 25 for all."""


class Known:
    """Things that are there in the acme world, so that requests reach the handlers behind the path."""

    def __init__(self, world: World) -> None:
        self.world = world
        okta, entra, lab = world.okta, world.entra, world.spec.lab
        user = okta.get("/api/v1/users/dana@acme.example")["id"]
        app = lab["okta"]["o365_app_id"]
        policy = next(item for item in okta.get("/api/v1/policies?type=ACCESS_POLICY") if item["status"] == "ACTIVE")[
            "id"
        ]
        self.names: dict[str, str] = {
            "userId": user, "appId": app, "appName": "office365", "externalKey": lab["okta"]["o365_external_key"],
            "groupId": okta.get(f"/api/v1/apps/{app}/groups")[0]["id"], "policyId": policy, "linkId": "login",
            "ruleId": okta.get(f"/api/v1/policies/{policy}/rules")[0]["id"], "zoneId": okta.get("/api/v1/zones")[0]["id"],
            "mappingId": okta.get("/api/v1/mappings")[0]["id"], "typeId": "default", "schemaId": "default",
            "keyId": okta.get(f"/api/v1/apps/{app}/credentials/keys")[0]["kid"], "featureName": "USER_PROVISIONING",
            "tenant": lab["entra"]["tenant_id"], "user": "dana@acme.example", "name": "dana",
            "configurationId": entra.get("/domains/acme.example/federationConfiguration")["value"][0]["id"],
            "memberId": entra.get("/users?$top=1")["value"][0]["id"],
        }  # fmt: skip

    def path(self, service: str, pattern: str) -> str:
        """A path whose names are those of things that exist, as far as such things exist."""
        found = pattern
        if service == "graph" and "{id}" in pattern:
            found = found.replace("{id}", self._graph_id(pattern.split("/")[2]), 1)
        return re.sub(r"\{(\w+)\}", lambda match: self.names.get(match[1], "x"), found)

    def _graph_id(self, collection: str) -> str:
        from emulator.serving.clients import ApiError

        if collection == "domains":
            return "acme.example"
        try:
            value = self.world.entra.get(f"/{collection}")["value"]
        except ApiError:
            return "x"
        return str(value[0]["id"]) if value else "x"

    def example(self, service: str, path: str, headers: dict[str, str]) -> Any:
        """What GET says of the thing or of the first one in the collection; nothing where it cannot be read."""
        host = self.world.hosts.service(service).host
        answer = self.world.entry(Exchange("GET", "https", host, path, "", dict(headers), b""))
        found = json_of(answer) if answer is not None and answer.status == 200 else None
        if isinstance(found, dict) and isinstance(found.get("value"), list):
            found = found["value"]
        if isinstance(found, list):
            found = found[0] if found else None
        return found if isinstance(found, dict) else {}


def operations() -> Iterator[tuple[str, Operation]]:
    from emulator.serving.parties import party_type

    for party in ("okta", "entra", "directory"):
        for service in party_type(party).services:
            for operation in service.operations:
                yield service.name, operation


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World("acme") as made:
        yield made


@pytest.fixture(scope="module")
def known(world: World) -> Known:
    return Known(world)


@pytest.fixture(scope="module")
def credentials(known: Known) -> dict[str, dict[str, str]]:
    """For each service the headers of somebody who may do everything."""
    clients = {"okta": known.world.okta, "graph": known.world.entra, "directory": known.world.directory}
    return {service: dict(client.http.headers) for service, client in clients.items()}


@pytest.mark.slow  # the contract tests send every operation bad input too, in a tenth of the time
@pytest.mark.parametrize(("service", "operation"), [pytest.param(*item, id=f"{item[0]}-{item[1].method}-{item[1].path}") for item in operations()])  # fmt: skip
def test_no_operation_fails_on_bad_input(
    known: Known, credentials: dict[str, dict[str, str]], service: str, operation: Operation
):
    sent = credentials.get(service, {})
    if operation.auth == "agent":
        sent = {"authorization": f"Bearer {known.world.agent_token}"}
    with known.world.rolled_back():
        sweep = Sweep(known, service, operation, sent)
        sweep.run()
    assert sweep.failures == []
    assert sweep.statuses


def damaged(message: bytes) -> Iterator[bytes]:
    """A message with one part missing, doubled, changed or cut off, or with something that is not XML in it."""
    step = max(1, len(message) // 60)
    for at in range(0, len(message), step):
        yield message[:at]
        yield message[:at] + message[at + step :]
        yield message[: at + step] + message[at:]
        yield message[:at] + bytes([message[at] ^ 0x15]) + message[at + 1 :]
        yield message[:at] + INSERTED[at // step % len(INSERTED)] + message[at:]


INSERTED = [
    b"&x;", b"\x00", b"\xff", b"<!--", b"]]>", b"<![CDATA[", b"&#0;", b"&#x110000;", b"<?x?>", b"<a>", b'"', b"\xef\xbf\xbf",
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', b"<a xmlns:b='" + b"c" * 5_000 + b"'/>", b"<a>" * 2_000,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["wresult", "saml2", "2005", "1.3"])
def test_no_damaged_message_is_a_failure(world: World, kind: str):
    login, lab = "https://login.microsoftonline.com/login.srf", world.spec.lab["okta"]
    service = next(user for user in world.spec.lab["users"] if user["role"] == "service" and user["federated"])
    http = Http(world.transport)
    with world.rolled_back():
        if kind in ("wresult", "saml2"):
            token = mint(world, kind, service["login"], {}, None).encode()
            name = "wresult" if kind == "wresult" else "SAMLResponse"
            for message in damaged(token):
                text = (base64.b64encode(message) if kind == "saml2" else message).decode("latin-1")
                found = http.request("POST", login, form={"wa": "wsignin1.0", name: text})
                assert found.status < 500, (message, found.text()[:500])
        else:
            end = "active" if kind == "2005" else "username13"
            url = f"https://{world.hosts.service('okta').host}/app/office365/{lab['o365_external_key']}/sso/wsfed/{end}"
            sent = {"password": service["password"], "url": url, "message_id": "m", "now_ms": world.clock.now()}
            for message in damaged(build_rst(kind, service["login"], **sent)):
                headers = {"content-type": "application/soap+xml; charset=utf-8"}
                found = http.request("POST", url, body=message, headers=headers)
                # A refused WS-Trust request is a SOAP fault with status 500 by the standard; a crash is not one.
                assert found.status < 500 or b"Fault>" in found.body, (message, found.text()[:500])
    assert world.engine.crashes == []


def test_every_service_is_swept(known: Known):
    assert {service for service, _ in operations()} == {service.name for service in known.world.services}


def test_parallel_nonsense(lab: Lab):
    """Everything above at once, from eight callers."""
    cases = [*LINES.values(), *(data for data, _ in LARGE.values())]
    found: list[str] = []

    def run(offset: int) -> None:
        for number in range(len(cases)):
            data = cases[(number + offset * 5) % len(cases)]
            reply = send(lab.url("okta"), data)
            if reply is None or not 400 <= reply.status < 500:
                found.append(f"{data[:60]!r}: {reply}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == []
