"""SAML 2.0 protocol messages between Entra and the identity provider of a domain: AuthnRequest and Response,
both by HTTP-POST.

The field values are base64 of the XML. reference/federation.md section 6, graph-entra.md section 2.6.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from emulator.protocols import saml
from emulator.protocols.keys import SigningKey
from emulator.protocols.saml20 import PERSISTENT, PROTOCOL, SUCCESS, Assertion20, issue
from emulator.protocols.xmldsig_shape import SAML20
from emulator.protocols.xmlparse import (
    TOKEN_LIMIT,
    Document,
    XmlRejected,
    children,
    only_child,
    parse,
    whole_text,
)
from emulator.protocols.xmltext import attribute, instant, parse_instant, text


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """What Entra asks of a SAML identity provider. It names no reply address: that is configuration."""

    request_id: str
    issuer: str
    destination: str
    issued_ms: int
    force_authn: bool = False
    authn_context: str = ""
    """A wanted AuthnContextClassRef, such as multipleauthn, or ""."""


@dataclass(frozen=True, slots=True)
class Response20:
    """The outside of a SAMLResponse: not covered by the assertion's signature."""

    document: Document
    response_id: str
    destination: str
    in_response_to: str
    issuer: str
    status: str

    @property
    def success(self) -> bool:
        return self.status == SUCCESS


def authn_request(request: AuthnRequest) -> bytes:
    """The unsigned AuthnRequest. Differs: never signed, whatever `isSignedAuthenticationRequestRequired`
    says.
    """
    force = ' ForceAuthn="true"' if request.force_authn else ""
    wanted = (
        f'<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef xmlns:saml="{SAML20}">'
        f"{text(request.authn_context)}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
        if request.authn_context
        else ""
    )
    return (
        f'<samlp:AuthnRequest xmlns:samlp="{PROTOCOL}" Destination="{attribute(request.destination)}"{force}'
        f' ID="{attribute(request.request_id)}" IssueInstant="{instant(request.issued_ms)}" Version="2.0">'
        f'<saml:Issuer xmlns:saml="{SAML20}">{text(request.issuer)}</saml:Issuer>'
        f'<samlp:NameIDPolicy Format="{PERSISTENT}"/>{wanted}</samlp:AuthnRequest>'
    ).encode()


def read_authn_request(body: bytes) -> AuthnRequest:
    """Read an AuthnRequest; XmlRejected when it is none. A signature on it is not looked at: the emulated
    tenant sends none.
    """
    root = parse(body).root
    if root.tag != f"{{{PROTOCOL}}}AuthnRequest" or root.get("Version") != "2.0":
        raise XmlRejected("not a SAML 2.0 AuthnRequest", details={"root": str(root.tag)[:200]})
    wanted = [whole_text(each) for each in root.iter(f"{{{SAML20}}}AuthnContextClassRef")]
    try:
        issued_ms = parse_instant(root.get("IssueInstant", ""))
    except ValueError as error:
        raise XmlRejected("IssueInstant cannot be read", details={"cause": str(error)}) from error
    return AuthnRequest(
        request_id=root.get("ID", ""),
        issuer=whole_text(only_child(root, f"{{{SAML20}}}Issuer")),
        destination=root.get("Destination", ""),
        issued_ms=issued_ms,
        force_authn=root.get("ForceAuthn", "") in ("true", "1"),
        authn_context=wanted[0] if wanted else "",
    )


def issue_response(
    assertion: Assertion20, key: SigningKey, *, response_id: str, destination: str = saml.LOGIN_SRF
) -> bytes:
    """A successful Response around the signed assertion; the Response itself is not signed, as Entra needs
    only the assertion's.
    """
    return wrap_response(
        issue(assertion, key), response_id=response_id, issuer=assertion.issuer, issued_ms=assertion.issued_ms,
        in_response_to=assertion.in_response_to, destination=destination,
    )  # fmt: skip


def wrap_response(
    signed: bytes, *, response_id: str, issuer: str, issued_ms: int, in_response_to: str = "",
    destination: str = saml.LOGIN_SRF, status: str = SUCCESS,
) -> bytes:  # fmt: skip
    """The Response around an assertion that is signed already."""
    request = f' InResponseTo="{attribute(in_response_to)}"' if in_response_to else ""
    head = (
        f'<saml2p:Response xmlns:saml2p="{PROTOCOL}" Destination="{attribute(destination)}"'
        f' ID="{attribute(response_id)}"{request} IssueInstant="{instant(issued_ms)}"'
        f' Version="2.0">'
        f'<saml2:Issuer xmlns:saml2="{SAML20}">{text(issuer)}</saml2:Issuer>'
        f'<saml2p:Status><saml2p:StatusCode Value="{status}"></saml2p:StatusCode></saml2p:Status>'
    )
    return head.encode() + signed + b"</saml2p:Response>"


def read_response(body: bytes) -> Response20:
    """Parse a Response once; XmlRejected when it is none. Hand `document` to `xmldsig.verify(..., "saml20",
    within=RESPONSE_PATHS)`.
    """
    document = parse(body)
    root = document.root
    if root.tag != f"{{{PROTOCOL}}}Response" or root.get("Version") != "2.0":
        raise XmlRejected("not a SAML 2.0 Response", details={"root": str(root.tag)[:200]})
    status = only_child(only_child(root, f"{{{PROTOCOL}}}Status"), f"{{{PROTOCOL}}}StatusCode")
    issuers = children(root, f"{{{SAML20}}}Issuer")
    return Response20(
        document=document,
        response_id=root.get("ID", ""),
        destination=root.get("Destination", ""),
        in_response_to=root.get("InResponseTo", ""),
        issuer=whole_text(issuers[0]) if len(issuers) == 1 else "",
        status=status.get("Value", ""),
    )


def encode_message(message: bytes) -> str:
    """The value of a SAMLRequest or SAMLResponse form field (HTTP-POST binding)."""
    return base64.b64encode(message).decode("ascii")


def decode_message(value: str) -> bytes:
    """Undo `encode_message` (line breaks allowed); XmlRejected when it is not base64 or too large."""
    if len(value) > TOKEN_LIMIT * 4 // 3 + 4096:
        raise XmlRejected("the message is too large", details={"characters": str(len(value))})
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise XmlRejected("the message is not base64", details={"cause": str(error)}) from error
