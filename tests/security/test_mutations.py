"""Hypothesis changes valid tokens and requests: whoever is signed in is the one whom the provider signed."""

import base64
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.serving.minting import mint
from tests.security.firing import check_any, check_refused, fire
from tests.security.lines import covers

DANA, KWAME = "dana@acme.example", "kwame@acme.example"
QUICK = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
LONG = settings(QUICK, max_examples=3000)
PIECES = [
    b"", b"<!---->", b"<!--x-->", b"<?x y?>", b"&#x20;", b"\t", b"\n", b"\0", b"<![CDATA[x]]>", b'"', b"'", b"<x/>", b"&amp;", b" ",
    b"\xc2\xa0", b"\xef\xbb\xbf", b'xmlns:a="1"', b"kwame", b"Assertion", b"Signature", b"--", b"]]>", b"%00",
]  # fmt: skip


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, float, float, bytes]:
    """An edit: what, where (as shares of the length), with what."""
    kind = draw(st.sampled_from(["insert", "replace", "delete", "double", "move", "flip", "swap"]))
    return (
        kind,
        draw(st.floats(0, 1)),
        draw(st.floats(0, 0.2)),
        draw(st.sampled_from(PIECES) | st.binary(min_size=1, max_size=6)),
    )


def edited(token: bytes, edit: tuple[str, float, float, bytes]) -> bytes:
    kind, at, span, piece = edit
    start = int(at * (len(token) - 1))
    end = min(len(token), start + int(span * len(token)))
    part = token[start:end]
    if kind == "insert":
        return token[:start] + piece + token[start:]
    if kind == "replace":
        return token[:start] + piece + token[start + len(piece) :]
    if kind == "delete":
        return token[:start] + token[end:]
    if kind == "double":
        return token[:end] + part + token[end:]
    if kind == "move":
        rest = token[:start] + token[end:]
        return part + rest
    if kind == "flip":
        return token[:start] + bytes([token[start] ^ (1 << (len(piece) % 8))]) + token[start + 1 :]
    return token[:start] + token[start:end].swapcase() + token[end:]


@st.composite
def element_edits(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Edits of the tree: by number of the element."""
    one = st.tuples(
        st.sampled_from(["copy", "move", "drop", "rename", "wrap", "rename id"]), st.integers(0, 60), st.integers(0, 60)
    )
    return draw(st.lists(one, min_size=1, max_size=3))


def rearranged(token: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    import copy

    from lxml import etree

    root = etree.fromstring(token)
    for kind, first, second in changes:
        every = list(root.iter("*"))
        one, other = every[first % len(every)], every[second % len(every)]
        parent = one.getparent()
        if kind == "copy":
            other.append(copy.deepcopy(one))
        elif kind == "move" and one is not root and one not in other.iterancestors() and one is not other:
            other.insert(0, one)
        elif kind == "drop" and parent is not None:
            parent.remove(one)
        elif kind == "rename":
            one.tag = other.tag
        elif kind == "wrap" and parent is not None:
            wrapper = etree.Element(other.tag)
            parent.replace(one, wrapper)
            wrapper.append(one)
        elif kind == "rename id":
            for name in ("AssertionID", "ID", "Id"):
                if name in one.attrib:
                    one.set(name, "_other")
    return etree.tostring(root)


def with_victim(token: bytes, world: World) -> bytes:
    """Somewhere in the text, the victim's names instead of the person's."""
    return token.replace(DANA.encode(), KWAME.encode(), 1)


def judge(world: World, kind: str, token: bytes, original: bytes) -> None:
    shot = fire(world, kind, token)
    check_any(kind, shot)
    assert shot.who in (None, DANA), kind
    if shot.who is None:
        check_refused(kind, shot)


KINDS = st.sampled_from(["wresult", "saml2", "assertion"])


def bytes_case(world: World, kind: str, change: list[tuple[str, float, float, bytes]]) -> None:
    token = original = mint(world, kind, DANA, {}, None).encode()
    for each in change:
        token = edited(token, each)
    judge(world, kind, token or b"x", original)


def tree_case(world: World, kind: str, changes: list[tuple[str, int, int]], *, victim: bool) -> None:
    token = original = mint(world, kind, DANA, {}, None).encode()
    changed = rearranged(token, changes)
    judge(world, kind, with_victim(changed, world) if victim else changed, original)


@covers("S10", "S16")
@given(kind=KINDS, change=st.lists(edits(), min_size=1, max_size=3))
@QUICK
def test_changed_bytes(world: World, kind: str, change: list[Any]) -> None:
    bytes_case(world, kind, change)


@covers("S9")
@given(kind=KINDS, changes=element_edits(), victim=st.booleans())
@QUICK
def test_rearranged_elements(world: World, kind: str, changes: list[Any], victim: bool) -> None:
    tree_case(world, kind, changes, victim=victim)


@pytest.mark.slow
@given(kind=KINDS, change=st.lists(edits(), min_size=1, max_size=3))
@LONG
def test_changed_bytes_at_length(world: World, kind: str, change: list[Any]) -> None:
    bytes_case(world, kind, change)


@pytest.mark.slow
@given(kind=KINDS, changes=element_edits(), victim=st.booleans())
@LONG
def test_rearranged_elements_at_length(world: World, kind: str, changes: list[Any], victim: bool) -> None:
    tree_case(world, kind, changes, victim=victim)


@covers("J1", "J6")
@given(change=st.lists(edits(), min_size=1, max_size=2))
@QUICK
def test_changed_access_tokens(world: World, change: list[Any]) -> None:
    token = original = mint(world, "access", DANA, {}, None).encode()
    for each in change:
        token = edited(token, each)
    text = token.decode("latin-1")
    if token == original or not re.fullmatch(r"[\x21-\x7e]+", text):
        return  # no HTTP header
    check_refused("access", fire(world, "access", text))


# -- requests ------------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from([
    "", "wsignin1.0", "urn:federation:MicrosoftOnline", "code", "id_token", "form_post", "none", "login", "S256", "0", "-1", "9" * 40,
    DANA, "x" * 3000, "\u202e", "\x00", "%00", "{}", "[]", "true", "https://evil.example/", "openid", "\ud800".encode("utf-8", "replace").decode(),
])  # fmt: skip
FIELDS = st.dictionaries(
    st.sampled_from(["wa", "wtrealm", "wctx", "wfresh", "wauth", "whr", "username", "client_id", "response_type", "redirect_uri", "scope",
                     "state", "nonce", "prompt", "max_age", "claims", "code_challenge", "code_challenge_method", "grant_type", "assertion",
                     "code", "refresh_token", "client_secret", "client_assertion", "device_code", "wresult", "SAMLResponse", "RelayState"]),
    WORDS | st.text(max_size=30), max_size=8,
)  # fmt: skip
WHERE = st.sampled_from([
    ("login", "GET", "/{t}/oauth2/v2.0/authorize"), ("login", "POST", "/{t}/oauth2/v2.0/token"), ("login", "POST", "/login.srf"),
    ("login", "GET", "/getuserrealm.srf"), ("login", "POST", "/{t}/oauth2/v2.0/devicecode"), ("login", "GET", "/{t}/oauth2/v2.0/logout"),
    ("okta", "GET", "/app/office365/{k}/sso/wsfed/passive"), ("okta", "POST", "/app/office365/{k}/sso/wsfed/active"),
    ("okta", "GET", "/login/login.htm"), ("okta", "POST", "/login/login.htm"), ("okta", "GET", "/app/office365/{k}/sso/wsfed/signout"),
])  # fmt: skip


def request_case(world: World, where: tuple[str, str, str], fields: dict[str, str], *, encode: bool) -> None:
    from urllib.parse import urlencode

    service, method, path = where
    lab = world.spec.lab
    path = path.format(t=lab["entra"]["tenant_id"], k=lab["okta"]["o365_external_key"])
    host = world.hosts.service(service).host
    values = {
        name: base64.b64encode(value.encode("utf-8", "replace")).decode() if encode else value
        for name, value in fields.items()
    }
    text = urlencode(values, errors="replace")
    query, body = (text, b"") if method == "GET" else ("", text.encode())
    sent = {"host": host, "content-type": "application/x-www-form-urlencoded"}
    answer = world.entry(Exchange(method, "https", host, path, query, sent, body))
    assert answer.status < 500 or (answer.status == 500 and "soap" in (answer.header("content-type") or "")), (
        where,
        answer.status,
    )
    assert "evil.example" not in (answer.header("location") or "").partition("?")[0]


@covers("W11")
@given(where=WHERE, fields=FIELDS, encode=st.booleans())
@settings(QUICK, max_examples=150)
def test_changed_requests(world: World, where: tuple[str, str, str], fields: dict[str, str], encode: bool) -> None:
    request_case(world, where, fields, encode=encode)


@pytest.mark.slow
@given(where=WHERE, fields=FIELDS, encode=st.booleans())
@LONG
def test_changed_requests_at_length(
    world: World, where: tuple[str, str, str], fields: dict[str, str], encode: bool
) -> None:
    request_case(world, where, fields, encode=encode)
