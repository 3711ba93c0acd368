"""S29: hostile requests to the org as SAML identity provider of a custom app whose requests must be signed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.protocols.saml20_messages import encode_message
from emulator.wire.browser import Form
from tests.okta.sso import samlapp
from tests.okta.sso.worlds import sign_in, why
from tests.security.lines import covers

EVIL = "https://evil.example/acs"
SP = {"x5c": [samlapp.key().certificate_b64]}
SHA1 = b"http://www.w3.org/2000/09/xmldsig#rsa-sha1"
SHA256 = b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


@pytest.fixture(scope="module")
def place() -> Any:
    with samlapp.made(samlSignedRequestEnabled=True, spCertificate=SP) as world:
        sign_in(browser := world.browser, "dana@acme.example")
        browser.stop_at = lambda url: not url.startswith(samlapp.ORG)
        yield world, browser, samlapp.url(world)
        assert world.engine.crashes == []


def good(world: World, id: str = "_g", **more: Any) -> bytes:
    signed: bytes = samlapp.signed_message(samlapp.request(world, id=id, **more), samlapp.key(), id)
    return signed


def fire(place: Any, message: bytes, relay: str = "") -> Any:
    _, browser, url = place
    form = {"SAMLRequest": encode_message(message), "RelayState": relay}
    return browser.submit(Form(url, "POST", form))


def signature(message: bytes) -> bytes:
    found = re.search(rb"<ds:Signature .*</ds:Signature>", message, re.S)
    assert found is not None
    return found[0]


def evil(world: World) -> bytes:
    """A request of the attacker's, unsigned."""
    return samlapp.request(world, id="_evil", AssertionConsumerServiceURL=EVIL)


def inside(outer: bytes, inner: bytes, name: bytes = b"p:Extensions") -> bytes:
    return outer.replace(b"</a:Issuer>", b"</a:Issuer><" + name + b">" + inner + b"</" + name + b">", 1)


ATTACKS: dict[str, Callable[[World], bytes]] = {
    "unsigned": evil,
    "signature of another request": lambda w: inside(evil(w), b"").replace(b"<p:Extensions></p:Extensions>", signature(good(w))),
    "original in extensions": lambda w: inside(evil(w), good(w)),
    "original in extensions, its signature outside": lambda w: inside(evil(w), good(w).replace(signature(good(w)), b"")).replace(
        b"</a:Issuer>", b"</a:Issuer>" + signature(good(w)), 1),
    "original in the signature": lambda w: evil(w).replace(
        b"</a:Issuer>", b"</a:Issuer>" + signature(good(w)).replace(b"</ds:Signature>", b"<ds:Object>" + good(w) + b"</ds:Object></ds:Signature>"), 1),
    "same id": lambda w: inside(evil(w).replace(b"_evil", b"_g"), good(w)),
    "address changed": lambda w: good(w, AssertionConsumerServiceURL=samlapp.ACS).replace(b"sp.example/saml/acs", b"evil.example/a/acs"),
    "force changed": lambda w: good(w, ForceAuthn="true").replace(b'ForceAuthn="true"', b'ForceAuthn="0"'),
    "issuer changed": lambda w: good(w).replace(samlapp.AUDIENCE.encode(), b"https://evil.example/metadata"),
    "comment": lambda w: good(w).replace(b"sp.example/metadata", b"sp.example/<!-- x -->metadata"),
    "instruction": lambda w: good(w).replace(b"sp.example/metadata", b"sp.example/<?x y?>metadata"),
    "two signatures": lambda w: good(w).replace(signature(good(w)), signature(good(w)) * 2),
    "signature first": lambda w: re.sub(rb"(<a:Issuer.*</a:Issuer>)(<ds:Signature .*</ds:Signature>)", rb"\2\1", good(w)),
    "no value": lambda w: re.sub(rb"<ds:SignatureValue>.*</ds:SignatureValue>", b"<ds:SignatureValue></ds:SignatureValue>", good(w)),
    "no digest": lambda w: re.sub(rb"<ds:DigestValue>.*</ds:DigestValue>", b"<ds:DigestValue></ds:DigestValue>", good(w)),
    "reference to nothing": lambda w: good(w).replace(b'URI="#_g"', b'URI=""'),
    "reference outside": lambda w: good(w).replace(b'URI="#_g"', b'URI="http://127.0.0.1:9/x"'),
    "sha1": lambda w: good(w).replace(SHA256, SHA1),
    "hmac": lambda w: good(w).replace(SHA256, b"http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
    "xslt": lambda w: good(w).replace(b"http://www.w3.org/2000/09/xmldsig#enveloped-signature", b"http://www.w3.org/TR/1999/REC-xslt-19991116"),
    "foreign key": lambda w: samlapp.signed_message(samlapp.request(w, id="_f"), samlapp.key("okta-acme-next"), "_f"),
    "own key of the org": lambda w: samlapp.signed_message(samlapp.request(w, id="_o"), samlapp.key("okta-acme-saml"), "_o"),
    "doctype": lambda w: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + good(w),
    "billion laughs": lambda w: b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]>' + good(w),
    "relative namespace": lambda w: good(w).replace(b"<p:AuthnRequest ", b'<p:AuthnRequest xmlns:x="1" ', 1),
    "deep": lambda w: b"<a>" * 20_000 + b"</a>" * 20_000,
    "large": lambda w: good(w).replace(b"</a:Issuer>", b"</a:Issuer><x>" + b"y" * 300_000 + b"</x>"),
    "a response": lambda w: good(w).replace(b"AuthnRequest", b"Response"),
    "a logout": lambda w: good(w).replace(b"AuthnRequest", b"LogoutRequest"),
    "utf-16": lambda w: good(w).decode().encode("utf-16"),
}  # fmt: skip


@covers("S29", "X1", "X3", "X4")
@pytest.mark.parametrize("name", ATTACKS)
def test_no_hostile_request_is_answered(place: Any, name: str) -> None:
    world = place[0]
    message = ATTACKS[name](world)
    assert message not in (good(world), samlapp.request(world)), name
    view = fire(place, message)
    assert view.status in (400, 413), (name, view.url)
    assert view.url.startswith(samlapp.ORG) and not any("SAMLResponse" in form.fields for form in view.forms)
    if view.status == 400:
        assert why(world, view)["compared"], name
    assert "root:x:" not in view.text and "evil.example/acs" not in view.answer.text().partition("Lab:")[0]


@covers("S29")
def test_the_signed_one_is_answered_once(place: Any) -> None:
    view = fire(place, good(place[0], id="_once"), relay='"><script>canary()</script>')
    assert view.url == samlapp.ACS
    assert fire(place, good(place[0], id="_once")).status == 400


@covers("S29")
@settings(max_examples=60, deadline=None)
@given(spot=st.integers(0, 10_000), change=st.integers(1, 127))
def test_no_changed_byte_is_answered_elsewhere(place: Any, spot: int, change: int) -> None:
    """A change inside what is signed is refused; one outside (the certificate in KeyInfo) may pass, to the same address."""
    world = place[0]
    message = bytearray(good(world, id=f"_h{spot}-{change}"))
    message[spot % len(message)] ^= change
    view = fire(place, bytes(message))
    assert view.status in (400, 413) or view.url == samlapp.ACS
    key_info = bytes(message).find(b"<ds:KeyInfo>") <= spot % len(message) <= bytes(message).find(b"</ds:KeyInfo>")
    assert view.url != samlapp.ACS or key_info or bytes(message).split() == good(world, id=f"_h{spot}-{change}").split()


@covers("S29", "W2")
@pytest.mark.parametrize(
    "relay", ['"><img src=x onerror=canary()>', "javascript:canary()", "{{7*7}}", "\r\nX: y", "x" * 1_000_000]
)
def test_relay_state_is_carried_as_text_or_refused(place: Any, relay: str) -> None:
    world, browser, _ = place
    view = fire(place, good(world, id=f"_r{len(relay)}"), relay=relay)
    if len(relay) > 4096:
        assert view.status in (400, 413)
        return
    assert view.url == samlapp.ACS and browser.history[-2].forms[0].fields["RelayState"] == relay
    assert "<img" not in browser.history[-2].answer.text()
