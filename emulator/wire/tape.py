"""The tape: what crossed the wire, as received, in world time.

A bounded ring in memory. It holds canonical host names, no ports and no durations, so the same requests give the
same bytes. Bodies keep their first 64 KiB. Secrets stay on the tape in memory (a test may need the token) and are
masked by `masked` wherever the tape leaves the process.
"""

import base64
import re
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange

BODY_LIMIT = 64 * 1024
RING_BYTES = 4 * 1024 * 1024
MASK = "***"
_SECRET_HEADERS = {"authorization", "cookie", "set-cookie", "dpop", "x-lab-token"}
_SECRET_FIELDS = {
    "password", "passwd", "client_secret", "client_assertion", "assertion", "code", "code_verifier", "refresh_token",
    "access_token", "id_token", "wresult", "samlresponse", "sessiontoken", "token", "statetoken", "device_code",
    "secrettext", "oldpassword", "newpassword", "currentpassword", "temppassword", "answer", "passcode",
    "activationtoken", "agent_token", "secret",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hop:
    """One exchange as recorded: `n` counts from 1 and never repeats within a process."""

    n: int
    at: int
    party: str
    service: str
    operation: str
    request_id: str
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    why: Doc | None

    def to_doc(self) -> Doc:
        """The hop as JSON; bodies as text, or base64 when they are none."""
        return {
            "n": self.n, "at": iso(self.at), "party": self.party, "service": self.service,
            "operation": self.operation, "requestId": self.request_id,
            "request": {"method": self.method, "url": self.url, "headers": [list(h) for h in self.request_headers],
                        "body": _text(self.request_body)},
            "response": {"status": self.status, "headers": [list(h) for h in self.response_headers],
                         "body": _text(self.response_body)},
            "why": self.why,
        }  # fmt: skip


class Tape:
    """A ring of hops; `most` None keeps all (in process).

    What is kept at once is what the exchange already holds; hops are made of it when somebody reads. A bounded ring
    also forgets its oldest hops when the bodies it holds grow beyond `RING_BYTES`.
    """

    def __init__(self, most: int | None = 5000) -> None:
        self._ring: deque[tuple[Any, ...]] = deque()
        self._most = most
        self._count = 0
        self._bytes = 0

    def record(
        self, exchange: Exchange, answer: Answer, *, at: int, party: str, service: str, host: str, operation: str,
        request_id: str, why: Doc | None,
    ) -> None:  # fmt: skip
        """Append one exchange under its canonical host."""
        self._count += 1
        self._ring.append((
            self._count, at, party, service, operation, request_id, exchange.method, host, exchange.path,
            exchange.query, exchange.headers, exchange.body[:BODY_LIMIT], answer.status, answer.headers,
            bytes(memoryview(answer.body)[:BODY_LIMIT]),  # a copy: what orjson made holds several times its length
            why,
        ))  # fmt: skip
        if self._most is not None:
            self._bytes += _size(self._ring[-1])
            while len(self._ring) > self._most or self._bytes > RING_BYTES:
                self._bytes -= _size(self._ring.popleft())

    def hops(self, after: int = 0) -> list[Hop]:
        """Recorded exchanges with `n` greater than `after`."""
        return [_hop(row) for row in self._ring if row[0] > after]

    def dump(self) -> bytes:
        """The tape as JSON lines, unmasked: equal runs give equal bytes."""
        return b"".join(orjson.dumps(hop.to_doc()) + b"\n" for hop in self.hops())

    def clear(self) -> None:
        self._ring.clear()
        self._bytes = 0


def _size(row: tuple[Any, ...]) -> int:
    return len(row[9]) + len(row[11]) + len(row[14])


def _hop(row: tuple[Any, ...]) -> Hop:
    (
        n,
        at,
        party,
        service,
        operation,
        request_id,
        method,
        host,
        path,
        query,
        headers,
        body,
        status,
        sent,
        answer,
        why,
    ) = row
    return Hop(
        n, at, party, service, operation, request_id, method, f"https://{host}{path}{'?' + query if query else ''}",
        tuple((key, host if key == "host" else value) for key, value in headers.items()), body, status, tuple(sent),
        answer, why,
    )  # fmt: skip


def masked(doc: Doc) -> Doc:
    """A hop's JSON with secrets replaced, in headers, query, form fields and JSON bodies."""
    copy = dict(doc)
    for side in ("request", "response"):
        part = dict(copy[side])
        part["headers"] = [[k, MASK if k.lower() in _SECRET_HEADERS else _masked_url(v)] for k, v in part["headers"]]
        if "url" in part:
            part["url"] = _masked_url(part["url"])
        part["body"] = masked_text(part["body"])
        copy[side] = part
    return copy


def masked_text(text: str) -> str:
    """A body with secret fields masked, whatever its format."""
    stripped = text.lstrip()
    if stripped.startswith(("{", "[")):
        try:
            return orjson.dumps(_masked_json(orjson.loads(text))).decode()
        except orjson.JSONDecodeError:
            return text
    if stripped.startswith("<"):
        return _XML_SECRET.sub(rf"\g<1>{MASK}\g<3>", _HTML_FIELD.sub(rf"\g<1>{MASK}\g<3>", text))
    if "=" in text and "\n" not in text and len(text) < BODY_LIMIT:
        return _masked_form(text)
    return text


_XML_SECRET = re.compile(r"(<(?:\w+:)?(?:Password|SignatureValue)\b[^>]*>)([^<]*)(</)")
_HTML_FIELD = re.compile(r'(name="(?:wresult|SAMLResponse|code|id_token|access_token)" value=")([^"]*)(")')


def _masked_form(text: str) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    if not any(key.lower() in _SECRET_FIELDS for key, _ in pairs):
        return text
    return urlencode([(key, MASK if key.lower() in _SECRET_FIELDS else value) for key, value in pairs], safe="*")


def _masked_url(url: str) -> str:
    base, mark, query = url.partition("?")
    if not mark or "=" not in query:
        return url
    query, hash_mark, fragment = query.partition("#")
    return base + "?" + _masked_form(query) + (hash_mark + _masked_form(fragment) if hash_mark else "")


def _masked_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: MASK if key.lower() in _SECRET_FIELDS and isinstance(item, (str, int)) else _masked_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_masked_json(item) for item in value]
    return value


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(body).decode()
