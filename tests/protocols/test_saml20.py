"""saml20 and its messages: what passes between Entra and a domain federated over SAML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from emulator.protocols import saml, saml20, saml20_messages, xmldsig
from emulator.protocols.saml import AssertionRejected
from emulator.protocols.xmldsig import SignatureRejected
from emulator.protocols.xmldsig_shape import SAML20
from emulator.protocols.xmlparse import XmlRejected

from .relying_party import DANA, DS, FOREIGN, ISSUER, KEY, NOW, canonical
from .test_xmldsig import XML_TEXT

Q = f"{{{DS}}}"


def make(**changes: Any) -> saml20.Assertion20:
    assertion = saml20.office365_assertion(
        assertion_id="_a",
        issuer=ISSUER,
        now_ms=NOW,
        upn="dana@acme.example",
        immutable_id=DANA,
        authn_instant_ms=NOW - 1000,
        in_response_to="_request",
    )
    return replace(assertion, **changes)


def response(assertion: saml20.Assertion20 | None = None, *, key: object = KEY) -> bytes:
    return saml20_messages.issue_response(assertion or make(), key, response_id="_b")


def sign_in(body: bytes) -> saml20.Assertion20:
    outside = saml20_messages.read_response(body)
    verified = xmldsig.verify(
        outside.document, "saml20", within=saml20.RESPONSE_PATHS, certificates={ISSUER: [KEY.certificate]}
    )
    assertion = saml20.read(verified.element)
    saml20.check(assertion, now_ms=NOW, in_response_to="_request")
    return assertion


def test_comes_back_as_it_went() -> None:
    assertion = sign_in(response())
    assert assertion == make()
    assert (assertion.upn, assertion.immutable_id, assertion.mfa) == ("dana@acme.example", DANA, False)
    outside = saml20_messages.read_response(response())
    assert outside.success and outside.destination == saml.LOGIN_SRF and outside.issuer == ISSUER
    assert outside.in_response_to == "_request" and outside.response_id == "_b"


@settings(max_examples=60, deadline=None)
@given(texts=st.tuples(*[XML_TEXT] * 6))
def test_emitted_text_is_exclusive_canonical(texts: tuple[str, ...]) -> None:
    issuer, name, audience, recipient, value, session = texts
    assertion = make(
        issuer=issuer,
        name_id=name,
        audience=audience,
        recipient=recipient,
        session_index=session,
        attributes=(saml20.Attribute(name, (value, ""), session), saml20.Attribute("none", ())),
    )
    emitted = "".join(saml20.render(assertion)).encode()
    assert canonical(emitted) == emitted


def test_multi_factor_is_only_in_the_context() -> None:
    flagged = saml20.office365_assertion(
        assertion_id="_a",
        issuer=ISSUER,
        now_ms=NOW,
        upn="d",
        immutable_id="i",
        authn_instant_ms=NOW,
        mfa=True,
    )
    assert (
        flagged.mfa and not make(attributes=(saml20.Attribute("authnmethodsreferences", (saml.MULTIPLE_AUTHN,)),)).mfa
    )


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=30))
def test_name_ids_are_escaped(immutable_id: str) -> None:
    encoded = saml20.encode_name_id(immutable_id)
    assert saml20.decode_name_id(encoded) == immutable_id
    assert encoded.replace(".", "").isalnum() or not encoded
    assert saml20.encode_name_id("a+b==") == "a.2Bb.3D.3D"
    assert saml20.decode_name_id("a.zz") == "a.zz"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"recipient": "https://other.example/"}, "confirmation"),
        ({"recipient": ""}, "confirmation"),
        ({"in_response_to": ""}, "confirmation"),
        ({"in_response_to": "_other"}, "confirmation"),
        ({"confirmation": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"}, "confirmation"),
        ({"confirmation_until_ms": NOW - 300_000}, "time"),
        ({"not_on_or_after_ms": NOW - 300_000}, "time"),
        ({"audience": "urn:x"}, "audience"),
        ({"attributes": (saml20.Attribute(saml20.IDP_EMAIL, ("a", "b")),)}, "attribute"),
    ],
)
def test_refuses_signed_but_wrong(changes: dict[str, Any], kind: str) -> None:
    with pytest.raises(AssertionRejected) as refused:
        sign_in(response(make(**changes)))
    assert refused.value.kind == kind


@pytest.mark.parametrize("name", ["Subject", "Conditions", "AuthnStatement"])
def test_refuses_missing_parts(name: str) -> None:
    root = etree.fromstring("".join(saml20.render(make())))
    root.remove(root.find(f"{{{SAML20}}}{name}"))
    with pytest.raises(AssertionRejected):
        saml20.read(root)
    with pytest.raises(AssertionRejected):
        saml20.read(etree.fromstring(f'<a xmlns="{SAML20}"/>'))


def test_refuses_tampering_wrapping_and_foreign_keys() -> None:
    hostile = [
        response(key=FOREIGN),
        response().replace(b"dana@", b"dane@"),
        response().replace(b"<saml2p:Status>", saml20.issue(make(assertion_id="_evil"), FOREIGN) + b"<saml2p:Status>"),
        response().replace(b'ID="_b"', b'ID="_a"'),
        response().replace(b"saml2:Assertion", b"saml2:EncryptedAssertion"),
    ]
    unsigned = etree.fromstring(response())
    signature = unsigned[2].find(f"{Q}Signature")
    unsigned[2].remove(signature)
    hostile.append(etree.tostring(unsigned))
    unsigned.insert(1, signature)
    hostile.append(etree.tostring(unsigned))
    for body in hostile:
        with pytest.raises(SignatureRejected):
            sign_in(body)


def doubly_signed() -> bytes:
    """A Response signed as a whole, as Okta does by default."""
    body = response()
    cut = body.index(b"</saml2:Issuer>") + 15
    before, after = canonical(body)[:cut].decode(), canonical(body)[cut:].decode()
    return xmldsig.sign_template(before, after, reference_id="_b", key=KEY)


def test_a_signed_response_must_verify_too() -> None:
    assert sign_in(doubly_signed()) == make()
    for changed in (
        doubly_signed().replace(b'InResponseTo="_request"', b'InResponseTo="_changed"', 1),
        doubly_signed().replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", 1),
    ):
        with pytest.raises(SignatureRejected):
            sign_in(changed)


def test_requests_come_back_as_they_went() -> None:
    request = saml20_messages.AuthnRequest(
        request_id="_r",
        issuer=saml.MICROSOFT_ONLINE,
        destination="https://acme.okta.com/app/x?a=1&b=2",
        issued_ms=NOW,
        force_authn=True,
        authn_context=saml.MULTIPLE_AUTHN,
    )
    field = saml20_messages.encode_message(saml20_messages.authn_request(request))
    assert saml20_messages.read_authn_request(saml20_messages.decode_message(field)) == request
    plain = replace(request, force_authn=False, authn_context="")
    assert saml20_messages.read_authn_request(saml20_messages.authn_request(plain)) == plain


@pytest.mark.parametrize("body", [b"<x/>", b"x", saml20_messages.authn_request.__doc__.encode(), b"<!DOCTYPE x><x/>"])
def test_refuses_other_messages(body: bytes) -> None:
    with pytest.raises(XmlRejected):
        saml20_messages.read_response(body)
    with pytest.raises(XmlRejected):
        saml20_messages.read_authn_request(body)


def test_refuses_fields_that_are_not_base64() -> None:
    for value in ("%", "A", "A" * 500_000):
        with pytest.raises(XmlRejected):
            saml20_messages.decode_message(value)


def test_a_failed_status_is_told() -> None:
    body = response().replace(b"status:Success", b"status:Responder")
    assert not saml20_messages.read_response(body).success
