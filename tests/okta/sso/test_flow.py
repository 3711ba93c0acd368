"""Signed flow state and targets that stay on the org, without a world."""

from dataclasses import replace
from itertools import count

import pytest

from emulator.kernel.call import Call
from emulator.kernel.exchange import Exchange
from emulator.kernel.ids import Ids
from emulator.kernel.operations import DOCUMENTED, Operation
from emulator.okta.sso import flow

NOW = 1_768_467_600_000


def make_call(secret: bytes = b"secret", scope: str = "okta:test") -> Call:
    numbers = count(1)
    return Call(
        exchange=Exchange("GET", "https", "test.okta.com", "/login/login.htm"),
        operation=Operation("test", "GET", "/", lambda call: None, DOCUMENTED), store=None,
        ids=Ids(b"seed", secret, lambda kind: next(numbers), scope=scope), now=NOW, request_id="r", party="okta:test",
        settings={}, info={"host": "test.okta.com"},
    )  # fmt: skip


def test_sealed_state_comes_back():
    call = make_call()
    state = flow.unseal(call, "signin", flow.seal(call, "signin", {"to": "/app/UserHome?a=ä"}))
    assert state is not None
    assert state["to"] == "/app/UserHome?a=ä"


def test_sealed_state_expires():
    call = make_call()
    text = flow.seal(call, "signin", {"to": "/"})
    assert flow.unseal(replace(call, now=NOW + flow.LIFE), "signin", text) is not None
    assert flow.unseal(replace(call, now=NOW + flow.LIFE + 1), "signin", text) is None


def test_sealed_state_is_bound_to_purpose_and_org():
    call = make_call()
    text = flow.seal(call, "signin", {"to": "/"})
    assert flow.unseal(call, "fresh", text) is None
    assert flow.unseal(make_call(secret=b"other"), "signin", text) is None
    assert flow.unseal(make_call(scope="okta:other"), "signin", text) is None


@pytest.mark.parametrize("text", ["", ".", "a.b", "e30.", "ä.ä", "x" * 20_000, "e30.e30", "\x00.\x00"])
def test_what_we_never_signed_is_nothing(text):
    assert flow.unseal(make_call(), "signin", text) is None


def test_each_changed_character_of_sealed_state_is_seen():
    call = make_call()
    text = flow.seal(call, "signin", {"to": "/"})
    for at, char in enumerate(text):
        other = "A" if char != "A" else "B"
        changed = text[:at] + other + text[at + 1 :]
        found = flow.unseal(call, "signin", changed)
        assert found is None, at


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/app/UserHome", "/app/UserHome"),
        ("/a?b=c&d=%2F%2Fevil.example", "/a?b=c&d=%2F%2Fevil.example"),
        ("https://test.okta.com/app/UserHome?x=1", "/app/UserHome?x=1"),
        ("/%2f%2fevil.example", "/%2f%2fevil.example"),
    ],
)
def test_targets_on_this_org(target, path):
    assert flow.local(make_call(), target) == path


@pytest.mark.parametrize(
    "target",
    [
        "", "evil", "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example/",
        "https://test.okta.com.evil.example/", "https://test.okta.com@evil.example/", "https://test.okta.com//evil.example",
        "javascript:alert(1)", "/\t/evil.example", "/ok\r\nSet-Cookie: a=b", " /ok", "http:///evil.example", "/ü",
        "data:text/html,x", "/" + "x" * 20_000, "https://test.okta.com", "/\x7f",
    ],
)  # fmt: skip
def test_targets_elsewhere(target):
    assert flow.local(make_call(), target) is None


def test_sign_in_url_quotes_its_target():
    assert flow.sign_in_url("/a?b=c&d=e") == "/login/login.htm?fromURI=%2Fa%3Fb%3Dc%26d%3De"
