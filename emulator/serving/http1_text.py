"""HTTP/1.1's bytes as the text that an exchange has, and back."""

import sys
from http import HTTPStatus

from emulator.serving import edge
from emulator.serving.edge import Refused

METHODS = {name.encode(): name for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")}
KNOWN: dict[tuple[bytes, bytes], tuple[str, str]] = {}
"""Headers as they came, to what `text_of` made of them."""
_MOST_KNOWN, _LONG = 2000, 300
_LINES = {item.value: f"HTTP/1.1 {item.value} {item.phrase}\r\n" for item in HTTPStatus}


def text_of(name: bytes, value: bytes) -> tuple[str, str]:
    """A header as text, lower-case name. Clients repeat themselves, and the tape keeps what they send: once, then."""
    found = (sys.intern(name.decode("latin-1").lower()), value.decode("utf-8", "replace"))
    if len(value) <= _LONG and len(name) <= _LONG:
        if len(KNOWN) >= _MOST_KNOWN:
            KNOWN.clear()
        KNOWN[name, value] = found
    return found


def head(status: int, lines: list[str]) -> bytes:
    """An answer's head. lines: its headers, each with its line's end; no header makes another one."""
    headers = "".join(lines)
    if headers.count("\n") != len(lines) or headers.count("\r") != len(lines):
        headers = "".join(line[:-2].replace("\r", " ").replace("\n", " ") + "\r\n" for line in lines)
    start = _LINES.get(status) or f"HTTP/1.1 {status} \r\n"
    return f"{start}{headers}\r\n".encode("utf-8", "replace")


def target(method: str, url: bytes) -> tuple[str | None, str, str]:
    """The host that a request's target names itself (or None), its decoded path, its raw query. Raises `Refused`."""
    try:
        text = url.decode()
    except UnicodeDecodeError:
        raise Refused(400, "the path is not UTF-8") from None
    authority = None
    if method == "CONNECT":
        authority, text = text, ""
    elif not text.startswith("/") and "://" in text:
        authority, slash, rest = text.partition("://")[2].partition("/")
        if not slash:
            authority, mark, rest = authority.partition("?")
            rest = mark + rest
        text = "/" + rest
    path, _, query = text.partition("#")[0].partition("?")
    return authority, edge.decoded(path) if "%" in path else path, query
