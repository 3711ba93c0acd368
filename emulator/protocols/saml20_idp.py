"""SAML 2.0 as an identity provider of any application speaks it: what requests say, and answers in canonical form.

Source: federation.md section 6 and published captures of Okta's responses: prefixes `saml2p` and `saml2`, ids of `id`
and digits, Issuers with Format entity, typed attribute values, the signature behind the Issuer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.protocols.saml20 import BEARER, PROTOCOL, SUCCESS, Attribute
from emulator.protocols.xmldsig_shape import SAML20
from emulator.protocols.xmlparse import Document, XmlRejected, children, only_child, parse, whole_text
from emulator.protocols.xmltext import attribute, instant, is_ncname, parse_instant, text

if TYPE_CHECKING:
    from lxml.etree import _Element

ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"
NO_PASSIVE = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
_XS, _XSI = "http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class SignOnRequest:
    """An AuthnRequest; "" and None: the request does not say. issued_ms: epoch milliseconds."""

    document: Document = field(repr=False)
    id: str
    issuer: str
    issued_ms: int
    destination: str
    acs_url: str
    acs_index: int | None
    binding: str
    force: bool
    passive: bool
    name_id_format: str
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A LogoutRequest of a service provider."""

    document: Document = field(repr=False)
    id: str
    issuer: str
    issued_ms: int
    destination: str
    name_id: str
    session_indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """What an assertion says. Instants are epoch milliseconds; `recipient` is where it is posted."""

    id: str
    issuer: str
    issued_ms: int
    until_ms: int
    confirmed_until_ms: int
    before_ms: int
    audience: str
    recipient: str
    name_id: str
    name_id_format: str
    authn_context: str
    authn_instant_ms: int
    session_index: str
    in_response_to: str = ""
    attributes: tuple[Attribute, ...] = ()


def read_sign_on_request(body: bytes) -> SignOnRequest:
    """Parse an AuthnRequest once; XmlRejected when it is none."""
    document = parse(body)
    root = document.root
    _check_root(root, "AuthnRequest")
    policy = children(root, f"{{{PROTOCOL}}}NameIDPolicy")
    wanted = children(root, f"{{{PROTOCOL}}}RequestedAuthnContext")
    index = root.get("AssertionConsumerServiceIndex")
    if index is not None and not (index.isascii() and index.isdigit() and len(index) < 6):
        raise XmlRejected("AssertionConsumerServiceIndex is no number", details={"found": index[:40]})
    return SignOnRequest(
        document=document, id=root.get("ID", ""), issuer=_issuer(root), issued_ms=_issued(root),
        destination=root.get("Destination", ""), acs_url=root.get("AssertionConsumerServiceURL", ""),
        acs_index=int(index) if index is not None else None, binding=root.get("ProtocolBinding", ""),
        force=_flag(root, "ForceAuthn"), passive=_flag(root, "IsPassive"),
        name_id_format=policy[0].get("Format", "") if policy else "",
        contexts=tuple(
            whole_text(each) for item in wanted[:1] for each in children(item, f"{{{SAML20}}}AuthnContextClassRef")
        ),
    )  # fmt: skip


def read_logout_request(body: bytes) -> LogoutRequest:
    """Parse a LogoutRequest once; XmlRejected when it is none."""
    document = parse(body)
    root = document.root
    _check_root(root, "LogoutRequest")
    return LogoutRequest(
        document=document, id=root.get("ID", ""), issuer=_issuer(root), issued_ms=_issued(root),
        destination=root.get("Destination", ""), name_id=whole_text(only_child(root, f"{{{SAML20}}}NameID")),
        session_indexes=tuple(whole_text(each) for each in children(root, f"{{{PROTOCOL}}}SessionIndex")),
    )  # fmt: skip


def _check_root(root: _Element, name: str) -> None:
    if root.tag != f"{{{PROTOCOL}}}{name}" or root.get("Version") != "2.0":
        found = {"root": str(root.tag)[:200], "version": root.get("Version", "")[:20]}
        raise XmlRejected(f"not a SAML 2.0 {name}", details=found)
    if not is_ncname(root.get("ID", "")):
        raise XmlRejected("the message has no usable ID", details={"ID": root.get("ID", "")[:100]})


def _issuer(root: _Element) -> str:
    return whole_text(only_child(root, f"{{{SAML20}}}Issuer")).strip()


def _issued(root: _Element) -> int:
    try:
        return parse_instant(root.get("IssueInstant", ""))
    except ValueError as error:
        raise XmlRejected("IssueInstant cannot be read", details={"cause": str(error)}) from error


def _flag(root: _Element, name: str) -> bool:
    return root.get(name, "") in ("true", "1")


def assertion(said: Statement) -> tuple[str, str]:
    """The unsigned assertion in canonical form, cut where the signature goes; `xs` is an inclusive prefix in it."""
    before = (
        f'<saml2:Assertion xmlns:saml2="{SAML20}" ID="{attribute(said.id)}" IssueInstant="{instant(said.issued_ms)}"'
        f' Version="2.0">{_entity(said.issuer, declared=True)}'
    )
    request = f' InResponseTo="{attribute(said.in_response_to)}"' if said.in_response_to else ""
    after = (
        f'<saml2:Subject><saml2:NameID Format="{attribute(said.name_id_format)}">{text(said.name_id)}</saml2:NameID>'
        f'<saml2:SubjectConfirmation Method="{BEARER}"><saml2:SubjectConfirmationData{request}'
        f' NotOnOrAfter="{instant(said.confirmed_until_ms)}" Recipient="{attribute(said.recipient)}">'
        "</saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>"
        f'<saml2:Conditions NotBefore="{instant(said.before_ms)}" NotOnOrAfter="{instant(said.until_ms)}">'
        f"<saml2:AudienceRestriction><saml2:Audience>{text(said.audience)}</saml2:Audience>"
        "</saml2:AudienceRestriction></saml2:Conditions>"
        f'<saml2:AuthnStatement AuthnInstant="{instant(said.authn_instant_ms)}"'
        f' SessionIndex="{attribute(said.session_index)}"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
        f"{text(said.authn_context)}</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
        f"{_attributes(said.attributes)}</saml2:Assertion>"
    )
    return before, after


def _entity(issuer: str, *, declared: bool) -> str:
    space = "" if declared else f' xmlns:saml2="{SAML20}"'
    return f'<saml2:Issuer{space} Format="{ENTITY}">{text(issuer)}</saml2:Issuer>'


def _attributes(given: tuple[Attribute, ...]) -> str:
    if not given:
        return ""
    space = f'xmlns:xs="{_XS}" xmlns:xsi="{_XSI}" xsi:type="xs:string"'
    parts = []
    for item in given:
        values = "".join(f"<saml2:AttributeValue {space}>{text(value)}</saml2:AttributeValue>" for value in item.values)
        names = f'Name="{attribute(item.name)}" NameFormat="{attribute(item.name_format)}"'
        parts.append(f"<saml2:Attribute {names}>{values}</saml2:Attribute>")
    return f"<saml2:AttributeStatement>{''.join(parts)}</saml2:AttributeStatement>"


def response(
    content: str, *, id: str, issuer: str, issued_ms: int, destination: str, in_response_to: str = "",
    status: tuple[str, ...] = (SUCCESS,), name: str = "Response",
) -> tuple[str, str]:  # fmt: skip
    """A Response (or LogoutResponse) around an assertion, cut where its signature goes. status: outer, then inner."""
    request = f' InResponseTo="{attribute(in_response_to)}"' if in_response_to else ""
    before = (
        f'<saml2p:{name} xmlns:saml2p="{PROTOCOL}" Destination="{attribute(destination)}" ID="{attribute(id)}"'
        f'{request} IssueInstant="{instant(issued_ms)}" Version="2.0">{_entity(issuer, declared=False)}'
    )
    codes = "".join(f'<saml2p:StatusCode Value="{each}">' for each in status) + "</saml2p:StatusCode>" * len(status)
    return before, f"<saml2p:Status>{codes}</saml2p:Status>{content}</saml2p:{name}>"


def logout_request(
    *, id: str, issuer: str, issued_ms: int, destination: str, name_id: str, name_id_format: str, session_index: str
) -> tuple[str, str]:
    """A LogoutRequest about one person, cut where its signature goes. session_index: "" leaves it out."""
    before = (
        f'<saml2p:LogoutRequest xmlns:saml2p="{PROTOCOL}" Destination="{attribute(destination)}"'
        f' ID="{attribute(id)}" IssueInstant="{instant(issued_ms)}" Version="2.0">{_entity(issuer, declared=False)}'
    )
    index = f"<saml2p:SessionIndex>{text(session_index)}</saml2p:SessionIndex>" if session_index else ""
    name = f'<saml2:NameID xmlns:saml2="{SAML20}" Format="{attribute(name_id_format)}">{text(name_id)}</saml2:NameID>'
    return before, f"{name}{index}</saml2p:LogoutRequest>"


def encrypted_assertion(data: str) -> str:
    """`xmlenc.encrypted_data` where an assertion would stand."""
    return f'<saml2:EncryptedAssertion xmlns:saml2="{SAML20}">{data}</saml2:EncryptedAssertion>'
