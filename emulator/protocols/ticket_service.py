"""WS-Trust at Microsoft's own ticket service (`RST2.srf`, `extSTS.srf`): what old clients send, and what they get.

Source: graph-entra.md 2.10 (b), (c). The request is SOAP 1.2 of February 2005 with a user name and password, or with
the assertion of the identity provider in its security header; the answer carries an opaque compact ticket.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.protocols.wsfed import ADDRESSING, POLICY, SECEXT, TRUST_2005, UTILITY
from emulator.protocols.wstrust import REQUEST_LIMIT, SOAP
from emulator.protocols.xmldsig_shape import SAML11
from emulator.protocols.xmlparse import Document, XmlRejected, children, elements, only_child, parse, whole_text
from emulator.protocols.xmltext import attribute, instant, text

ASSERTION_PATHS = ((f"{{{SOAP}}}Envelope", f"{{{SOAP}}}Header", f"{{{SECEXT}}}Security"),)
"""Where the identity provider's assertion stands; pass it to `xmldsig.verify(within=...)`."""
_PASSPORT = "http://schemas.microsoft.com/Passport/SoapServices/SOAPFault"
_REPLY = TRUST_2005 + "/RSTR/Issue"


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """A request: either `username` and `password`, or an assertion in `document`."""

    document: Document = field(repr=False)
    username: str
    password: str = field(repr=False)
    asserted: bool
    applies_to: str


def read(body: bytes) -> TicketRequest:
    """Parse a request once; XmlRejected when it is none."""
    document = parse(body, limit=REQUEST_LIMIT)
    root = document.root
    if root.tag != f"{{{SOAP}}}Envelope":
        raise XmlRejected("not a SOAP 1.2 message", details={"root": str(root.tag)[:200]})
    content = elements(only_child(root, f"{{{SOAP}}}Body"))
    request = content[0] if len(content) == 1 else None
    if request is None or request.tag != f"{{{TRUST_2005}}}RequestSecurityToken":
        found = " ".join(str(each.tag) for each in content)[:200]
        raise XmlRejected("the body is not one RequestSecurityToken", details={"found": found})
    applies = only_child(only_child(request, f"{{{POLICY}}}AppliesTo"), f"{{{ADDRESSING}}}EndpointReference")
    security = only_child(only_child(root, f"{{{SOAP}}}Header"), f"{{{SECEXT}}}Security")
    asserted = bool(children(security, f"{{{SAML11}}}Assertion"))
    name, secret = "", ""
    if not asserted:
        token = only_child(security, f"{{{SECEXT}}}UsernameToken")
        name = whole_text(only_child(token, f"{{{SECEXT}}}Username"))
        secret = whole_text(only_child(token, f"{{{SECEXT}}}Password"))
    address = whole_text(only_child(applies, f"{{{ADDRESSING}}}Address")).strip()
    return TicketRequest(document, name, secret, asserted, address)


def answer(ticket: str, *, applies_to: str, created_ms: int, expires_ms: int) -> bytes:
    """The answer with a compact ticket as a binary security token."""
    return (
        f"{_head(_REPLY)}<wst:RequestSecurityTokenResponse"
        f' xmlns:wst="{TRUST_2005}"><wst:TokenType>urn:passport:compact</wst:TokenType>'
        f'<wsp:AppliesTo xmlns:wsp="{POLICY}"><wsa:EndpointReference><wsa:Address>{text(applies_to)}</wsa:Address>'
        f'</wsa:EndpointReference></wsp:AppliesTo><wst:Lifetime xmlns:wsu="{UTILITY}">'
        f"<wsu:Created>{instant(created_ms)}</wsu:Created><wsu:Expires>{instant(expires_ms)}</wsu:Expires>"
        f'</wst:Lifetime><wst:RequestedSecurityToken><wsse:BinarySecurityToken xmlns:wsse="{SECEXT}" Id="Compact0">'
        f"{text(ticket)}</wsse:BinarySecurityToken></wst:RequestedSecurityToken></wst:RequestSecurityTokenResponse>"
        "</S:Body></S:Envelope>"
    ).encode()


def fault(subcode: str, reason: str, *, value: str, inner: str, message: str) -> bytes:
    """A SOAP fault with the service's own error: `value` and `inner` as 0x… numbers, `message` for people."""
    return (
        f'{_head(ADDRESSING + "/soap/fault")}<S:Fault xmlns:wst="{TRUST_2005}" xmlns:wsse="{SECEXT}"><S:Code>'
        f"<S:Value>S:Sender</S:Value><S:Subcode><S:Value>{text(subcode)}</S:Value></S:Subcode></S:Code>"
        f'<S:Reason><S:Text xml:lang="en-US">{text(reason)}</S:Text></S:Reason><S:Detail>'
        f'<psf:error xmlns:psf="{_PASSPORT}"><psf:value>{value}</psf:value><psf:internalerror>'
        f"<psf:code>{inner}</psf:code><psf:text>{text(message)}</psf:text></psf:internalerror></psf:error>"
        "</S:Detail></S:Fault></S:Body></S:Envelope>"
    ).encode()


def _head(action: str) -> str:
    return (
        f'<S:Envelope xmlns:S="{SOAP}" xmlns:wsa="{ADDRESSING}"><S:Header>'
        f'<wsa:Action S:mustUnderstand="1">{attribute(action)}</wsa:Action></S:Header><S:Body>'
    )
