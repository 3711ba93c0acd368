"""xmlparse: bombs, encodings and DOCTYPEs (X1 to X8 of reference/security.md)."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
from lxml import etree

from emulator.protocols.saml import AssertionRejected
from emulator.protocols.wsfed import RstrRejected
from emulator.protocols.xmldsig import SignatureRejected
from emulator.protocols.xmlparse import (
    TOKEN_LIMIT,
    XmlRejected,
    elements,
    only_child,
    parse,
    relative_namespaces,
    whole_text,
)

from .relying_party import DANA, genuine, sign, sign_in, unsigned, wrap

LAUGHS = b"<!DOCTYPE x [<!ENTITY a0 'ha'>" + b"".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>".encode() for n in range(1, 10)
)


def refused(data: bytes, *, limit: int = TOKEN_LIMIT) -> str:
    start = time.process_time()
    with pytest.raises(XmlRejected) as error:
        parse(data, limit=limit)
    assert time.process_time() - start < 2
    return error.value.reason


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://canary.example/e.dtd">%e;]><x/>',
        b'<!DOCTYPE x SYSTEM "http://canary.example/e.dtd"><x/>',
        b"<!DOCTYPE x><x/>",
        LAUGHS + b"]><x>&a9;</x>",
        b"<!DOCTYPE x [<!ENTITY a '" + b"a" * 50_000 + b"'>]><x>" + b"&a;" * 20_000 + b"</x>",
    ],
)
def test_refuses_doctypes_and_bombs(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))
    assert refused(data)


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" * 80_000,
        b"<a>" * 300 + b"</a>" * 300,
        b"<a/><a/>",
        b"",
        b" \n",
        b"text",
        b"<a>&undefined;</a>",
        b"<a>\0</a>",
        b"<a>\xff</a>",
        "<a>é</a>".encode("latin-1"),
        "<a/>".encode("utf-16"),
        "<a/>".encode("utf-32"),
        b"<?xml version='1.1'?><a/>",
        b"<p:a/>",
        b"<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>",
        b"<a><b xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/><c xmlns:z='1'/></a>",
        b"<a b='1' b='2'/>",
        b"<a>" + b"x" * TOKEN_LIMIT + b"</a>",
    ],
)
def test_refuses_what_is_no_document(data: bytes) -> None:
    assert refused(data)


def test_the_declared_encoding_does_not_matter() -> None:
    """The bytes are UTF-8 whatever the document says of itself: no differential with whoever decoded the form
    field.
    """
    for declared in ("utf-8", "utf-16", "utf-7", "iso-8859-1", "cp037"):
        root = parse(f"<?xml version='1.0' encoding='{declared}'?><a>+AGE-é</a>".encode()).root
        assert whole_text(root) == "+AGE-é"
    assert parse(b"\xef\xbb\xbf<a/>").root.tag == "a"


@pytest.mark.parametrize(
    "inside",
    [
        b"".join(b" a%d='1'" % n for n in range(20_000)).join([b"<x", b"/>"]),
        b"".join(b" xmlns:n%d='urn:%d'" % (n, n) for n in range(9_000)).join([b"<x", b"/>"]),
        b"<x/>" * 50_000,
        b"<x>" * 200 + b"</x>" * 200,
        b"<saml:Assertion/>" * 2_000,
        b"<x y='" + b"z" * 200_000 + b"'/>",
    ],
)
@pytest.mark.parametrize("where", ["claim", "wrapper"])
def test_heavy_documents_are_answered_quickly(inside: bytes, where: str) -> None:
    """X6: signed or not, within the size limit nothing takes long."""
    if where == "claim":
        body = unsigned().replace(DANA.encode(), inside, 1)
        token = wrap(sign(body))
    else:
        token = wrap(genuine()).replace(b"<t:Lifetime>", b"<t:Lifetime xmlns:saml='urn:x'>" + inside)
    start = time.process_time()
    with contextlib.suppress(RstrRejected, SignatureRejected, AssertionRejected):
        sign_in(token)
    assert time.process_time() - start < 1


def test_xinclude_is_text() -> None:
    include = b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    root = parse(b"<a>" + include + b"</a>").root
    assert etree.tostring(root) == b"<a>" + include + b"</a>"


def test_helpers() -> None:
    root = parse(b"<a xmlns:z='1' xmlns='urn:x'><b>x<!--y-->z</b><?p q?><c xmlns=''/><b/></a>").root
    assert [str(each.tag) for each in elements(root)] == ["{urn:x}b", "c", "{urn:x}b"]
    assert whole_text(elements(root)[0]) == "xz"
    assert list(relative_namespaces(root)) == ["1"]
    with pytest.raises(XmlRejected, match="expected one b in a"):
        only_child(root, "{urn:x}b")
    with pytest.raises(XmlRejected, match="markup"):
        whole_text(root)
