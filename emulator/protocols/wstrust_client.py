"""The client's side of WS-Trust, for the scripted rich clients (Outlook, IMAP relays): build a request, read
the answer.

Shaped like the requests of MSAL Python (reference/federation.md section 4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.protocols.saml import MICROSOFT_ONLINE
from emulator.protocols.wsfed import (
    ADDRESSING,
    BEARER_KEY,
    NO_PROOF_KEY,
    POLICY,
    SECEXT,
    TRUST_13,
    TRUST_2005,
    UTILITY,
)
from emulator.protocols.wstrust import ACTION_13, ACTION_2005, SOAP, Version, WsTrustFault
from emulator.protocols.xmlparse import XmlRejected, elements, only_child, parse
from emulator.protocols.xmltext import instant, text

if TYPE_CHECKING:
    from lxml.etree import _Element

_LIFETIME_MS = 10 * 60_000
_RAW_TOKEN = re.compile(
    rb"<(?:[\w.-]+:)?RequestedSecurityToken(?:\s[^>]*)?>(.*?)</(?:[\w.-]+:)?RequestedSecurityToken\s*>",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class TokenReply:
    """What a token service answered. `token` is the raw content of RequestedSecurityToken: re-serialising
    breaks its signature.
    """

    token: bytes = field(repr=False)
    token_type: str
    relates_to: str


def build_rst(
    version: Version,
    username: str | None,
    *,
    password: str,
    url: str,
    message_id: str,
    now_ms: int,
    applies_to: str = MICROSOFT_ONLINE,
) -> bytes:
    """The SOAP request of a rich client. `message_id` is a UUID without `urn:uuid:`; send ACTION_2005 or
    ACTION_13 as SOAPAction. Without a username it names nobody (windowstransport).
    """
    who = ""
    if username is not None:
        who = (
            f'<wsse:UsernameToken wsu:Id="user"><wsse:Username>{text(username)}</wsse:Username>'
            f"<wsse:Password>{text(password)}</wsse:Password></wsse:UsernameToken>"
        )
    trust, action, key_type = (
        (TRUST_2005, ACTION_2005, NO_PROOF_KEY) if version == "2005" else (TRUST_13, ACTION_13, BEARER_KEY)
    )
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:wsa="{ADDRESSING}" xmlns:wsu="{UTILITY}"><s:Header>'
        f'<wsa:Action s:mustUnderstand="1">{action}</wsa:Action>'
        f"<wsa:MessageID>urn:uuid:{text(message_id)}</wsa:MessageID>"
        f"<wsa:ReplyTo><wsa:Address>{ADDRESSING}/anonymous</wsa:Address></wsa:ReplyTo>"
        f'<wsa:To s:mustUnderstand="1">{text(url)}</wsa:To>'
        f'<wsse:Security s:mustUnderstand="1" xmlns:wsse="{SECEXT}"><wsu:Timestamp wsu:Id="_0">'
        f"<wsu:Created>{instant(now_ms)}</wsu:Created>"
        f"<wsu:Expires>{instant(now_ms + _LIFETIME_MS)}</wsu:Expires></wsu:Timestamp>"
        f"{who}</wsse:Security></s:Header>"
        f'<s:Body><wst:RequestSecurityToken xmlns:wst="{trust}"><wsp:AppliesTo xmlns:wsp="{POLICY}">'
        f"<wsa:EndpointReference><wsa:Address>{text(applies_to)}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>"
        f"<wst:KeyType>{key_type}</wst:KeyType><wst:RequestType>{trust}/Issue</wst:RequestType>"
        "</wst:RequestSecurityToken></s:Body></s:Envelope>"
    ).encode()


def parse_rstr_envelope(body: bytes) -> TokenReply:
    """Read a token service's answer; WsTrustFault when it is a fault, XmlRejected when it is neither."""
    root = parse(body).root
    if root.tag != f"{{{SOAP}}}Envelope":
        raise XmlRejected("not a SOAP 1.2 message", details={"root": str(root.tag)[:200]})
    content = elements(only_child(root, f"{{{SOAP}}}Body"))
    if len(content) == 1 and content[0].tag == f"{{{SOAP}}}Fault":
        raise _read_fault(content[0])
    raw = _RAW_TOKEN.findall(body)
    if len(raw) != 1:
        raise XmlRejected("expected one RequestedSecurityToken", details={"found": str(len(raw))})
    types = [*root.iter(f"{{{TRUST_2005}}}TokenType"), *root.iter(f"{{{TRUST_13}}}TokenType")]
    return TokenReply(
        token=raw[0],
        token_type=(types[0].text or "") if types else "",
        relates_to=_first_text(root, f"{{{ADDRESSING}}}RelatesTo"),
    )


def _read_fault(element: _Element) -> WsTrustFault:
    values = [str(each.text or "") for each in element.iter(f"{{{SOAP}}}Value")]
    code, subcode = [*values, "", ""][:2]
    return WsTrustFault(code.rpartition(":")[2], subcode, reason=_first_text(element, f"{{{SOAP}}}Text"))


def _first_text(element: _Element, tag: str) -> str:
    found = next(element.iter(tag), None)
    return str(found.text or "") if found is not None else ""
