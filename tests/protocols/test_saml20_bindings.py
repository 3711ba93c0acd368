"""The redirect binding: what is packed comes back, bombs and doubled parameters do not, and a signature covers the octets."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.protocols.saml20_bindings import deflate, inflate, query_signed_by, raw_parameters, signed_query
from emulator.protocols.xmlparse import TOKEN_LIMIT, XmlRejected

from .relying_party import FOREIGN, KEY


@given(st.binary(max_size=2000))
def test_a_message_comes_back(message: bytes) -> None:
    assert inflate(deflate(message)) == message


def bomb() -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(b"\0" * 50_000_000) + packer.flush()).decode()


@pytest.mark.parametrize(
    "value",
    ["", "%%%", "AAAA", deflate(b"x" * 100)[:-8], bomb(), "A" * (TOKEN_LIMIT + 4), deflate(b"x" * (TOKEN_LIMIT + 1))],
)
def test_junk_and_bombs_are_refused(value: str) -> None:
    with pytest.raises(XmlRejected):
        inflate(value)


@pytest.mark.parametrize("relay", ["", "a b&c=<d>", "ü" * 40])
def test_a_signature_covers_the_query_as_it_was_written(relay: str) -> None:
    query = signed_query("SAMLRequest", b"<message/>", relay_state=relay, key=KEY)
    raw = raw_parameters(query)
    assert query_signed_by(raw, [KEY.certificate]) and query_signed_by(raw, [FOREIGN.certificate, KEY.certificate])
    assert not query_signed_by(raw, [FOREIGN.certificate]) and not query_signed_by(raw, [])
    for name in raw:
        changed = {**raw, name: raw[name][:-1] + ("A" if raw[name][-1] != "A" else "B")}
        assert not query_signed_by(changed, [KEY.certificate]), name
    assert not query_signed_by({**raw, "RelayState": "added"}, [KEY.certificate])


def test_sha1_is_not_taken_and_nothing_is_given_twice() -> None:
    query = signed_query("SAMLRequest", b"<message/>", relay_state="", key=KEY, digest="sha1")
    assert not query_signed_by(raw_parameters(query), [KEY.certificate])
    with pytest.raises(XmlRejected):
        raw_parameters("SAMLRequest=a&SAMLRequest=b")
