"""SAML 1.1 assertions as Okta's Office 365 app issues them and Entra takes them.

Source: reference/federation.md section 3. Captured tokens and two clients' parsers fix the form: the literal
prefix `saml`, declared on the Assertion element itself (msal-go looks for an attribute of that name),
everything the assertion uses declared inside it (MSAL Python cuts it out as text), the signature last.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from emulator.protocols import saml
from emulator.protocols.keys import SigningKey
from emulator.protocols.saml import reject
from emulator.protocols.xmldsig import sign_template
from emulator.protocols.xmldsig_shape import SAML11
from emulator.protocols.xmlparse import XmlRejected, children, elements, local_name, only_child, whole_text
from emulator.protocols.xmltext import attribute, instant, text

if TYPE_CHECKING:
    from lxml.etree import _Element

BEARER = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
PASSWORD = "urn:oasis:names:tc:SAML:1.0:am:password"

_CLAIMS = "http://schemas.xmlsoap.org/claims"
_LIVE_ID = "http://schemas.microsoft.com/LiveID/Federation/2008/05"
_MICROSOFT_CLAIMS = "http://schemas.microsoft.com/claims"
_IDENTITY_CLAIMS = "http://schemas.microsoft.com/ws/2008/06/identity/claims"
_ORIGINAL_ISSUER = "http://schemas.xmlsoap.org/ws/2009/09/identity/claims"

UPN = (_CLAIMS, "UPN")
IMMUTABLE_ID = (_LIVE_ID, "ImmutableID")
AUTHN_METHODS_REFERENCES = (_MICROSOFT_CLAIMS, "authnmethodsreferences")
AUTHENTICATION_METHOD = (_IDENTITY_CLAIMS, "authenticationmethod")
AUTHENTICATION_INSTANT = (_IDENTITY_CLAIMS, "authenticationinstant")
PRIMARY_SID = (_IDENTITY_CLAIMS, "primarysid")
INSIDE_CORPORATE_NETWORK = ("http://schemas.microsoft.com/ws/2012/01", "insidecorporatenetwork")
ACCOUNT_TYPE = ("http://schemas.microsoft.com/ws/2012/01", "accounttype")
ON_PREM_OBJECT_GUID = ("http://schemas.microsoft.com/identity/claims", "onpremobjectguid")
PERSISTENT_SSO = ("http://schemas.microsoft.com/2014/03", "psso")
"""(AttributeNamespace, AttributeName) of the claims that Entra reads."""

_SINGLE_VALUED = frozenset({UPN, IMMUTABLE_ID})


class Attribute(NamedTuple):
    """One saml:Attribute."""

    namespace: str
    name: str
    values: tuple[str, ...]
    original_issuer: str = ""
    """ADFS and Okta mark claims about the client, such as insidecorporatenetwork, with "CLIENT CONTEXT"."""


@dataclass(frozen=True, slots=True)
class Assertion11:
    """A SAML 1.1 assertion with one subject. Instants are epoch milliseconds, `assertion_id` an NCName."""

    assertion_id: str
    issuer: str
    issued_ms: int
    not_before_ms: int
    not_on_or_after_ms: int
    audience: str
    name_identifier: str
    attributes: tuple[Attribute, ...]
    authn_method: str
    authn_instant_ms: int
    confirmation: str = BEARER
    name_format: str = UNSPECIFIED

    def values(self, claim: tuple[str, str]) -> tuple[str, ...]:
        """All values of a claim, given as (namespace, name); empty when absent."""
        return tuple(value for each in self.attributes if each[:2] == claim for value in each.values)

    @property
    def immutable_id(self) -> str:
        """The key by which Entra finds the user: the ImmutableID attribute, else the NameIdentifier."""
        return next(iter(self.values(IMMUTABLE_ID)), self.name_identifier)

    @property
    def upn(self) -> str:
        """The UPN claim or "". Entra does not look users up by it."""
        return next(iter(self.values(UPN)), "")

    @property
    def mfa(self) -> bool:
        """Whether any of the three places says that several factors were used (graph-entra.md 2.8)."""
        said = {
            self.authn_method,
            *self.values(AUTHENTICATION_METHOD),
            *self.values(AUTHN_METHODS_REFERENCES),
        }
        return not said.isdisjoint(saml.MFA_METHODS)


def office365_assertion(
    *,
    assertion_id: str,
    issuer: str,
    now_ms: int,
    upn: str,
    immutable_id: str,
    authn_instant_ms: int,
    mfa: bool = False,
    authn_method: str = PASSWORD,
    audience: str = saml.MICROSOFT_ONLINE,
    extra: tuple[Attribute, ...] = (),
) -> Assertion11:
    """The assertion of Okta's Office 365 app for one user: UPN, ImmutableID, the MFA claim when `mfa`, the
    authentication instant.
    """
    attributes = _office365_attributes(upn, immutable_id, authn_instant_ms, mfa)
    return Assertion11(
        assertion_id=assertion_id,
        issuer=issuer,
        issued_ms=now_ms,
        not_before_ms=now_ms - saml.BEFORE_MS,
        not_on_or_after_ms=now_ms + saml.LIFETIME_MS,
        audience=audience,
        name_identifier=immutable_id,
        attributes=attributes + extra,
        authn_method=authn_method,
        authn_instant_ms=authn_instant_ms,
    )


@lru_cache(maxsize=2048)
def _office365_attributes(upn: str, immutable_id: str, authn_instant_ms: int, mfa: bool) -> tuple[Attribute, ...]:  # noqa: FBT001
    """The same object for the same session, so that `_statements` finds what it has written before."""
    said = (Attribute(*AUTHN_METHODS_REFERENCES, (saml.MULTIPLE_AUTHN,)),) if mfa else ()
    at = Attribute(*AUTHENTICATION_INSTANT, (instant(authn_instant_ms),))
    return (Attribute(*UPN, (upn,)), Attribute(*IMMUTABLE_ID, (immutable_id,)), *said, at)


def issue(assertion: Assertion11, key: SigningKey) -> bytes:
    """The signed assertion, UTF-8, without an XML declaration."""
    before, after = render(assertion)
    return sign_template(before, after, reference_id=assertion.assertion_id, key=key)


def render(assertion: Assertion11) -> tuple[str, str]:
    """The unsigned assertion in exclusive canonical form, cut where the signature goes: (all but the end tag,
    the end tag).
    """
    before = (
        f'<saml:Assertion xmlns:saml="{SAML11}" AssertionID="{attribute(assertion.assertion_id)}"'
        f' IssueInstant="{instant(assertion.issued_ms)}" Issuer="{_issuer(assertion.issuer)}"'
        ' MajorVersion="1" MinorVersion="1">'
        f'<saml:Conditions NotBefore="{instant(assertion.not_before_ms)}"'
        f' NotOnOrAfter="{instant(assertion.not_on_or_after_ms)}">'
    )
    statements = _statements(
        assertion.audience, assertion.name_identifier, assertion.confirmation, assertion.attributes,
        assertion.authn_method, assertion.authn_instant_ms, assertion.name_format,
    )  # fmt: skip
    return before + statements, "</saml:Assertion>"


@lru_cache(maxsize=2048)
def _statements(
    audience: str, name: str, confirmation: str, attributes: tuple[Attribute, ...], method: str, authn_instant_ms: int,
    name_format: str,
) -> str:  # fmt: skip
    """All that does not change from one of a session's assertions to the next."""
    subject = (
        f'<saml:Subject><saml:NameIdentifier Format="{attribute(name_format)}">{text(name)}'
        f"</saml:NameIdentifier><saml:SubjectConfirmation><saml:ConfirmationMethod>{text(confirmation)}</saml:ConfirmationMethod>"
        "</saml:SubjectConfirmation></saml:Subject>"
    )
    rendered = "".join(map(_render_attribute, attributes))
    return (
        f"<saml:AudienceRestrictionCondition><saml:Audience>{text(audience)}</saml:Audience>"
        "</saml:AudienceRestrictionCondition></saml:Conditions>"
        f"<saml:AttributeStatement>{subject}{rendered}</saml:AttributeStatement>"
        f'<saml:AuthenticationStatement AuthenticationInstant="{instant(authn_instant_ms)}"'
        f' AuthenticationMethod="{attribute(method)}">{subject}</saml:AuthenticationStatement>'
    )


_issuer = lru_cache(maxsize=512)(attribute)


def _render_attribute(item: Attribute) -> str:
    declared = f' xmlns:a="{_ORIGINAL_ISSUER}"' if item.original_issuer else ""
    marked = f' a:OriginalIssuer="{attribute(item.original_issuer)}"' if item.original_issuer else ""
    values = "".join(f"<saml:AttributeValue>{text(value)}</saml:AttributeValue>" for value in item.values)
    return (
        f'<saml:Attribute{declared} AttributeName="{attribute(item.name)}"'
        f' AttributeNamespace="{attribute(item.namespace)}"{marked}>{values}</saml:Attribute>'
    )


def read(element: _Element) -> Assertion11:
    """Read a *verified* assertion (`Verified.element`); AssertionRejected when a part is missing, doubled or
    contradicts another.
    """
    try:
        return _read(element)
    except XmlRejected as error:
        raise saml.AssertionRejected(error.reason, kind="malformed", details=error.details) from error


def check(
    assertion: Assertion11,
    *,
    now_ms: int,
    audience: str = saml.MICROSOFT_ONLINE,
    skew_ms: int = saml.SKEW_MS,
) -> None:
    """The relying party's checks of time, audience and confirmation, in that order; AssertionRejected names
    the first that fails.
    """
    saml.check_window(assertion.not_before_ms, assertion.not_on_or_after_ms, now_ms=now_ms, skew_ms=skew_ms)
    saml.check_audience(assertion.audience, expected=audience)
    if assertion.confirmation != BEARER:
        reject(
            "the subject is not confirmed as bearer",
            "confirmation",
            found=assertion.confirmation,
            expected=BEARER,
        )


def _q(name: str) -> str:
    return f"{{{SAML11}}}{name}"


def _read(element: _Element) -> Assertion11:
    version = (element.get("MajorVersion"), element.get("MinorVersion"))
    if element.tag != _q("Assertion") or version != ("1", "1"):
        reject("not a SAML 1.1 assertion", "malformed", version=str(version))
    conditions = only_child(element, _q("Conditions"))
    attributes = only_child(element, _q("AttributeStatement"))
    authentication = only_child(element, _q("AuthenticationStatement"))
    subjects = {_read_subject(each) for each in (attributes, authentication)}
    if len(subjects) != 1:
        reject("the statements name different subjects", "subject", found=str(sorted(subjects)))
    name_identifier, confirmation = subjects.pop()
    return Assertion11(
        assertion_id=element.get("AssertionID", ""),
        issuer=element.get("Issuer", ""),
        issued_ms=saml.read_instant(element.get("IssueInstant"), "IssueInstant"),
        not_before_ms=saml.read_instant(conditions.get("NotBefore"), "NotBefore"),
        not_on_or_after_ms=saml.read_instant(conditions.get("NotOnOrAfter"), "NotOnOrAfter"),
        audience=_read_audience(conditions),
        name_identifier=name_identifier,
        attributes=_read_attributes(attributes),
        authn_method=authentication.get("AuthenticationMethod", ""),
        authn_instant_ms=saml.read_instant(authentication.get("AuthenticationInstant"), "AuthenticationInstant"),
        confirmation=confirmation,
    )


def _read_audience(conditions: _Element) -> str:
    restrictions = elements(conditions)
    unknown = [each for each in restrictions if each.tag != _q("AudienceRestrictionCondition")]
    if unknown:
        reject("unknown condition", "malformed", found=local_name(unknown[0].tag))
    audiences = [whole_text(each) for part in restrictions for each in children(part, _q("Audience"))]
    if len(restrictions) != 1 or len(audiences) != 1:
        # Differs: SAML allows several (any in one restriction, all restrictions); no vendor sends it.
        reject("expected one audience restriction with one audience", "audience", found=" ".join(audiences))
    return audiences[0]


def _read_subject(statement: _Element) -> tuple[str, str]:
    subject = only_child(statement, _q("Subject"))
    identifiers = children(subject, _q("NameIdentifier"))
    if len(identifiers) != 1:
        reject("expected one NameIdentifier", "subject", found=str(len(identifiers)))
    confirmations = children(subject, _q("SubjectConfirmation"))
    methods = [whole_text(each) for part in confirmations for each in children(part, _q("ConfirmationMethod"))]
    if len(methods) != 1:
        reject("expected one ConfirmationMethod", "confirmation", found=" ".join(methods), expected=BEARER)
    return whole_text(identifiers[0]), methods[0]


def _read_attributes(statement: _Element) -> tuple[Attribute, ...]:
    found = []
    for each in children(statement, _q("Attribute")):
        values = tuple(whole_text(value) for value in children(each, _q("AttributeValue")))
        marked = each.get(f"{{{_ORIGINAL_ISSUER}}}OriginalIssuer", each.get("OriginalIssuer", ""))
        found.append(
            Attribute(
                each.get("AttributeNamespace", ""),
                each.get("AttributeName", ""),
                values,
                original_issuer=marked,
            )
        )
    counts = Counter((each.namespace, each.name) for each in found for _ in each.values or ("",))
    for claim in _SINGLE_VALUED:
        if counts[claim] > 1:
            reject(
                "an identity claim is given more than once",
                "attribute",
                claim=claim[1],
                found=str(counts[claim]),
            )
    return tuple(found)
