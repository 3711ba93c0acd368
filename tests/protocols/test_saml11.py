"""saml11: the assertion of the Office 365 app, written and read."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from emulator.protocols import saml, saml11
from emulator.protocols.saml import AssertionRejected

from .relying_party import DANA, ISSUER, KEY, NOW, SAML, VICTIM, make


def read(assertion: saml11.Assertion11) -> saml11.Assertion11:
    return saml11.read(etree.fromstring("".join(saml11.render(assertion)).encode()))


def test_comes_back_as_it_went() -> None:
    marked = saml11.Attribute(*saml11.INSIDE_CORPORATE_NETWORK, ("true",), original_issuer="CLIENT CONTEXT")
    several = saml11.Attribute(*saml11.AUTHENTICATION_METHOD, ("a", "b"))
    assertion = make(attributes=(*make().attributes, marked, several))
    assert read(assertion) == assertion
    assert read(assertion).values(saml11.AUTHENTICATION_METHOD) == ("a", "b")


def test_the_claims_of_office_365() -> None:
    assertion = make()
    assert (assertion.upn, assertion.immutable_id, assertion.mfa) == ("dana@acme.example", DANA, True)
    assert assertion.name_identifier == DANA and assertion.audience == saml.MICROSOFT_ONLINE
    assert assertion.not_before_ms == NOW - 300_000 and assertion.not_on_or_after_ms == NOW + 3_600_000
    assert assertion.values(saml11.AUTHENTICATION_INSTANT) == ("2026-11-22T09:59:59.123Z",)


def test_multi_factor_is_read_from_three_places() -> None:
    plain = make(attributes=())
    assert not plain.mfa
    assert make(attributes=(), authn_method=saml.MULTIPLE_AUTHN).mfa
    for claim in (saml11.AUTHENTICATION_METHOD, saml11.AUTHN_METHODS_REFERENCES):
        assert make(attributes=(saml11.Attribute(*claim, ("x", saml.WIA_OR_MULTI_AUTHN)),)).mfa
    assert not make(attributes=(saml11.Attribute("urn:x", "authenticationmethod", (saml.MULTIPLE_AUTHN,)),)).mfa


def test_the_form_that_clients_parse() -> None:
    token = saml11.issue(make(), KEY).decode()
    assert token.startswith(f'<saml:Assertion xmlns:saml="{SAML}" AssertionID="_dana" IssueInstant=')
    assert token.endswith("</ds:Signature></saml:Assertion>")
    assert re.search(r"<ds:X509Certificate>[A-Za-z0-9+/=]+</ds:X509Certificate>", token)
    order = [str(child.tag).rpartition("}")[2] for child in etree.fromstring(token)]
    assert order == ["Conditions", "AttributeStatement", "AuthenticationStatement", "Signature"]


def test_the_immutable_id_wins_over_the_upn_and_the_name_identifier() -> None:
    """S26: the user is the owner of the ImmutableID."""
    assert make(name_identifier=VICTIM).immutable_id == DANA
    assert make(attributes=(saml11.Attribute(*saml11.UPN, ("victim@acme.example",)),)).immutable_id == DANA


def test_text_is_kept_exactly() -> None:
    assert read(make(name_identifier=" A\u00a0b ")).name_identifier == " A\u00a0b "


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('MinorVersion="1"', 'MinorVersion="0"', "malformed"),
        ("saml:Audience>", "saml:Other>", "audience"),
        (
            "<saml:AudienceRestrictionCondition>",
            "<saml:DoNotCacheCondition/><saml:AudienceRestrictionCondition>",
            "malformed",
        ),
        (
            "<saml:SubjectConfirmation>",
            '<saml:NameIdentifier Format="x">y</saml:NameIdentifier><saml:SubjectConfirmation>',
            "subject",
        ),
        (
            "<saml:ConfirmationMethod>",
            "<saml:ConfirmationMethod>x</saml:ConfirmationMethod><saml:ConfirmationMethod>",
            "confirmation",
        ),
        ("IssueInstant=", "Issued=", "time"),
        ("AuthenticationInstant=", "Then=", "time"),
        (f">{ISSUER[0:0]}dana@acme.example<", "><b>dana</b><", "malformed"),
    ],
)
def test_refuses_what_is_missing_or_doubled(old: str, new: str, kind: str) -> None:
    text = "".join(saml11.render(make()))
    assert old in text
    with pytest.raises(AssertionRejected) as refused:
        saml11.read(etree.fromstring(text.replace(old, new)))
    assert refused.value.kind == kind


def test_checks_time_then_audience_then_confirmation() -> None:
    wrong = make(audience="urn:x", confirmation="urn:y")
    for now, kind, assertion in (
        (NOW + 10**8, "time", wrong),
        (NOW, "audience", wrong),
        (NOW, "confirmation", make(confirmation="urn:y")),
    ):
        with pytest.raises(AssertionRejected) as refused:
            saml11.check(assertion, now_ms=now)
        assert refused.value.kind == kind
    saml11.check(make(), now_ms=NOW + 3_600_000 + 299_999)
