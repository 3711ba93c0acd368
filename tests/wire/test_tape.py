"""The tape masks secrets wherever it leaves the process, whatever their format."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.exchange import Answer, Exchange
from emulator.wire.tape import BODY_LIMIT, Tape, masked, masked_text


def recorded(body: bytes, content_type: str, *, url: str = "/x", answer: bytes = b"", headers=None) -> dict:
    tape = Tape()
    path, _, query = url.partition("?")
    exchange = Exchange(
        "POST",
        "https",
        "127.0.0.1:99",
        path,
        query,
        {"host": "127.0.0.1:99", "content-type": content_type, **(headers or {})},
        body,
    )
    found = Answer(200, [("Set-Cookie", "sid=S3CR3T")], answer)
    named = {"party": "p", "service": "s", "host": "login.example", "operation": "o", "request_id": "r"}
    tape.record(exchange, found, at=0, why=None, **named)
    return masked(tape.hops()[0].to_doc())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"username=dana&password=S3CR3T", "application/x-www-form-urlencoded"),
        (
            b"grant_type=x&client_secret=S3CR3T&assertion=S3CR3T&refresh_token=S3CR3T",
            "application/x-www-form-urlencoded",
        ),
        (b'{"credentials":{"password":{"value":"x"}},"sessionToken":"S3CR3T"}', "application/json"),
        (b'{"deep":[{"client_secret":"S3CR3T"}]}', "application/json"),
        (b"<s:E xmlns:s='x' xmlns:o='y'><o:Password Type='t'>S3CR3T</o:Password></s:E>", "application/soap+xml"),
        (b'<form><input type="hidden" name="wresult" value="S3CR3T"></form>', "text/html"),
    ],
)
def test_bodies_are_masked(body, kind):
    doc = recorded(body, kind, answer=body)
    assert b"S3CR3T" not in orjson.dumps(doc)
    assert "***" in doc["request"]["body"]


def test_headers_and_urls_are_masked():
    doc = recorded(
        b"",
        "x/y",
        url="/callback?code=S3CR3T&state=ok",
        headers={"authorization": "SSWS S3CR3T", "cookie": "sid=S3CR3T"},
    )
    assert b"S3CR3T" not in orjson.dumps(doc)
    assert doc["request"]["url"] == "https://login.example/callback?code=***&state=ok"
    assert ["host", "login.example"] in doc["request"]["headers"]


def test_bodies_are_cut_and_the_ring_is_bounded():
    doc = recorded(b"x" * (BODY_LIMIT + 10), "text/plain")
    assert len(doc["request"]["body"]) == BODY_LIMIT
    tape = Tape(3)
    for n in range(10):
        tape.record(Exchange("GET", "https", "h", f"/{n}"), Answer(200), at=n, party="p", service="s", host="h",
                    operation="o", request_id=str(n), why=None)  # fmt: skip
    assert [hop.n for hop in tape.hops()] == [8, 9, 10]
    assert [hop.n for hop in tape.hops(after=9)] == [10]


@given(st.text(max_size=200))
def test_any_text_survives_masking_without_an_error(text):
    assert isinstance(masked_text(text), str)
