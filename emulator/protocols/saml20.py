"""SAML 2.0 as Entra takes it from the identity provider of a domain whose `preferredAuthenticationProtocol`
is `saml`.

reference/federation.md section 6: HTTP-POST both ways, a persistent NameID with the immutable id, attribute
IDPEmail, the assertion signed (the Response may be too), multi-factor only through AuthnContextClassRef.
Okta's extras as a generic SAML provider are not here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from emulator.protocols import saml
from emulator.protocols.keys import SigningKey
from emulator.protocols.saml import reject
from emulator.protocols.xmldsig import sign_template
from emulator.protocols.xmldsig_shape import SAML20
from emulator.protocols.xmlparse import XmlRejected, children, only_child, whole_text
from emulator.protocols.xmltext import attribute, instant, text

if TYPE_CHECKING:
    from lxml.etree import _Element

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
RESPONSE_PATHS = ((f"{{{PROTOCOL}}}Response",),)
"""Where the assertion stands in a SAMLResponse; pass it to `xmldsig.verify(within=...)`."""
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
IDP_EMAIL = "IDPEmail"
_CONFIRMATION_MS = 5 * 60_000
_PLAIN = re.compile(r"[A-Za-z0-9]")
_ESCAPED = re.compile(r"\.([0-9A-Fa-f]{2})")


class Attribute(NamedTuple):
    """One saml2:Attribute."""

    name: str
    values: tuple[str, ...]
    name_format: str = BASIC


@dataclass(frozen=True, slots=True)
class Assertion20:
    """A SAML 2.0 assertion about one subject. Instants are epoch milliseconds; "" means absent."""

    assertion_id: str
    issuer: str
    issued_ms: int
    not_before_ms: int
    not_on_or_after_ms: int
    audience: str
    name_id: str
    recipient: str
    confirmation_until_ms: int
    authn_context: str
    authn_instant_ms: int
    attributes: tuple[Attribute, ...] = ()
    in_response_to: str = ""
    session_index: str = ""
    name_id_format: str = PERSISTENT
    confirmation: str = BEARER

    @property
    def immutable_id(self) -> str:
        """The NameID with its escapes undone."""
        return decode_name_id(self.name_id)

    @property
    def upn(self) -> str:
        """The IDPEmail attribute or ""."""
        return next((value for each in self.attributes if each.name == IDP_EMAIL for value in each.values), "")

    @property
    def mfa(self) -> bool:
        """Whether the authentication context says that several factors were used; attributes do not count."""
        return self.authn_context in saml.MFA_METHODS


def encode_name_id(immutable_id: str) -> str:
    """Write an immutable id as NameID: other characters than letters and digits become `.` and their hex code
    (`+` is `.2B`).
    """
    return "".join(
        char if _PLAIN.fullmatch(char) else "".join(f".{byte:02X}" for byte in char.encode()) for char in immutable_id
    )


def decode_name_id(name_id: str) -> str:
    """Undo `encode_name_id`; text without valid escapes is returned as it is."""
    data = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name_id)
    try:
        return data.encode("latin-1").decode() if data != name_id else name_id
    except UnicodeError:
        return name_id


def office365_assertion(
    *,
    assertion_id: str,
    issuer: str,
    now_ms: int,
    upn: str,
    immutable_id: str,
    authn_instant_ms: int,
    mfa: bool = False,
    in_response_to: str = "",
    recipient: str = saml.LOGIN_SRF,
    audience: str = saml.MICROSOFT_ONLINE,
) -> Assertion20:
    """The assertion for one user of a domain federated over SAML; the subject is confirmed for 5 minutes, the
    session for 60.
    """
    return Assertion20(
        assertion_id=assertion_id,
        issuer=issuer,
        issued_ms=now_ms,
        not_before_ms=now_ms - saml.BEFORE_MS,
        not_on_or_after_ms=now_ms + saml.LIFETIME_MS,
        audience=audience,
        name_id=encode_name_id(immutable_id),
        recipient=recipient,
        confirmation_until_ms=now_ms + _CONFIRMATION_MS,
        authn_context=saml.MULTIPLE_AUTHN if mfa else saml.PASSWORD_PROTECTED_TRANSPORT,
        authn_instant_ms=authn_instant_ms,
        attributes=(Attribute(IDP_EMAIL, (upn,)),),
        in_response_to=in_response_to,
        session_index=assertion_id,
    )


def issue(assertion: Assertion20, key: SigningKey) -> bytes:
    """The signed assertion, UTF-8, without an XML declaration; the signature stands second, behind the
    Issuer.
    """
    before, after = render(assertion)
    return sign_template(before, after, reference_id=assertion.assertion_id, key=key)


def render(assertion: Assertion20) -> tuple[str, str]:
    """The unsigned assertion in exclusive canonical form, cut where the signature goes."""
    before = (
        f'<saml2:Assertion xmlns:saml2="{SAML20}" ID="{attribute(assertion.assertion_id)}"'
        f' IssueInstant="{instant(assertion.issued_ms)}" Version="2.0">'
        f"<saml2:Issuer>{text(assertion.issuer)}</saml2:Issuer>"
    )
    session = f' SessionIndex="{attribute(assertion.session_index)}"' if assertion.session_index else ""
    after = (
        f"{_render_subject(assertion)}"
        f'<saml2:Conditions NotBefore="{instant(assertion.not_before_ms)}"'
        f' NotOnOrAfter="{instant(assertion.not_on_or_after_ms)}"><saml2:AudienceRestriction>'
        f"<saml2:Audience>{text(assertion.audience)}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
        f'<saml2:AuthnStatement AuthnInstant="{instant(assertion.authn_instant_ms)}"{session}>'
        f"<saml2:AuthnContext><saml2:AuthnContextClassRef>{text(assertion.authn_context)}</saml2:AuthnContextClassRef>"
        f"</saml2:AuthnContext></saml2:AuthnStatement>{_render_attributes(assertion.attributes)}</saml2:Assertion>"
    )
    return before, after


def _render_subject(assertion: Assertion20) -> str:
    request = f' InResponseTo="{attribute(assertion.in_response_to)}"' if assertion.in_response_to else ""
    return (
        f'<saml2:Subject><saml2:NameID Format="{attribute(assertion.name_id_format)}">'
        f"{text(assertion.name_id)}</saml2:NameID>"
        f'<saml2:SubjectConfirmation Method="{attribute(assertion.confirmation)}">'
        f'<saml2:SubjectConfirmationData{request} NotOnOrAfter="{instant(assertion.confirmation_until_ms)}"'
        f' Recipient="{attribute(assertion.recipient)}"></saml2:SubjectConfirmationData>'
        "</saml2:SubjectConfirmation></saml2:Subject>"
    )


def _render_attributes(attributes: tuple[Attribute, ...]) -> str:
    if not attributes:
        return ""
    parts = []
    for item in attributes:
        values = "".join(f"<saml2:AttributeValue>{text(value)}</saml2:AttributeValue>" for value in item.values)
        names = f'Name="{attribute(item.name)}" NameFormat="{attribute(item.name_format)}"'
        parts.append(f"<saml2:Attribute {names}>{values}</saml2:Attribute>")
    return f"<saml2:AttributeStatement>{''.join(parts)}</saml2:AttributeStatement>"


def read(element: _Element) -> Assertion20:
    """Read a *verified* assertion (`Verified.element`); AssertionRejected when a part is missing, doubled or
    unreadable.
    """
    try:
        return _read(element)
    except XmlRejected as error:
        raise saml.AssertionRejected(error.reason, kind="malformed", details=error.details) from error


def check(
    assertion: Assertion20,
    *,
    now_ms: int,
    in_response_to: str | None,
    recipient: str = saml.LOGIN_SRF,
    audience: str = saml.MICROSOFT_ONLINE,
    skew_ms: int = saml.SKEW_MS,
) -> None:
    """The relying party's checks of time, audience and confirmation; AssertionRejected names the first that
    fails.

    `in_response_to` is the id of our AuthnRequest, "" for a sign-in nobody asked for, None to leave it
    unchecked.
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
    if assertion.recipient != recipient:
        reject(
            "the confirmation names another recipient",
            "confirmation",
            found=assertion.recipient,
            expected=recipient,
        )
    if in_response_to is not None and assertion.in_response_to != in_response_to:
        found, expected = assertion.in_response_to or "(none)", in_response_to or "(none)"
        reject("the assertion answers another request", "confirmation", found=found, expected=expected)
    if now_ms >= assertion.confirmation_until_ms + skew_ms:
        until = instant(assertion.confirmation_until_ms)
        reject("the subject confirmation has expired", "time", now=instant(now_ms), not_on_or_after=until)


def _q(name: str) -> str:
    return f"{{{SAML20}}}{name}"


def _read(element: _Element) -> Assertion20:
    if element.tag != _q("Assertion") or element.get("Version") != "2.0":
        reject("not a SAML 2.0 assertion", "malformed", version=element.get("Version", ""))
    subject = only_child(element, _q("Subject"))
    name_id = only_child(subject, _q("NameID"))
    confirmation = only_child(subject, _q("SubjectConfirmation"))
    data = only_child(confirmation, _q("SubjectConfirmationData"))
    conditions = only_child(element, _q("Conditions"))
    statement = only_child(element, _q("AuthnStatement"))
    context = only_child(only_child(statement, _q("AuthnContext")), _q("AuthnContextClassRef"))
    restriction = only_child(conditions, _q("AudienceRestriction"))
    return Assertion20(
        assertion_id=element.get("ID", ""),
        issuer=whole_text(only_child(element, _q("Issuer"))),
        issued_ms=saml.read_instant(element.get("IssueInstant"), "IssueInstant"),
        not_before_ms=saml.read_instant(conditions.get("NotBefore"), "NotBefore"),
        not_on_or_after_ms=saml.read_instant(conditions.get("NotOnOrAfter"), "NotOnOrAfter"),
        audience=whole_text(only_child(restriction, _q("Audience"))),
        name_id=whole_text(name_id),
        name_id_format=name_id.get("Format", ""),
        confirmation=confirmation.get("Method", ""),
        recipient=data.get("Recipient", ""),
        in_response_to=data.get("InResponseTo", ""),
        confirmation_until_ms=saml.read_instant(data.get("NotOnOrAfter"), "SubjectConfirmationData NotOnOrAfter"),
        authn_context=whole_text(context),
        authn_instant_ms=saml.read_instant(statement.get("AuthnInstant"), "AuthnInstant"),
        session_index=statement.get("SessionIndex", ""),
        attributes=_read_attributes(element),
    )


def _read_attributes(element: _Element) -> tuple[Attribute, ...]:
    found = [
        Attribute(
            each.get("Name", ""),
            tuple(whole_text(value) for value in children(each, _q("AttributeValue"))),
            each.get("NameFormat", ""),
        )
        for statement in children(element, _q("AttributeStatement"))
        for each in children(statement, _q("Attribute"))
    ]
    emails = [value for each in found if each.name == IDP_EMAIL for value in each.values]
    if len(emails) > 1:
        reject("an identity claim is given more than once", "attribute", claim=IDP_EMAIL, found=str(len(emails)))
    return tuple(found)
