"""WS-Trust with user name and password ("active" sign-in): requests, answers and faults, for the server and
for scripted clients.

reference/federation.md section 4, which was read out of the sources of MSAL Python, msal-go and MSAL.NET.
Requests are read by namespace, never by prefix; msal-go's lower-case `messageID` is accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NoReturn

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
    rstr,
    rstr_13,
)
from emulator.protocols.xmlparse import (
    XmlRejected,
    children,
    elements,
    local_name,
    only_child,
    parse,
    whole_text,
)
from emulator.protocols.xmltext import attribute, instant, parse_instant, text

if TYPE_CHECKING:
    from lxml.etree import _Element

Version = Literal["2005", "1.3"]

SOAP = "http://www.w3.org/2003/05/soap-envelope"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"
"""Of requests and answers alike."""
ACTION_2005 = TRUST_2005 + "/RST/Issue"
ACTION_13 = TRUST_13 + "/RST/Issue"
REQUEST_LIMIT = 64 * 1024
"""Bytes of one request; real ones have about 2,500."""

_TRUST: dict[Version, str] = {"2005": TRUST_2005, "1.3": TRUST_13}
_ACTION: dict[Version, str] = {"2005": ACTION_2005, "1.3": ACTION_13}
_REPLY_ACTION: dict[Version, str] = {
    "2005": TRUST_2005 + "/RSTR/Issue",
    "1.3": TRUST_13 + "/RSTRC/IssueFinal",
}
_KEY_TYPES = frozenset({"", NO_PROOF_KEY, BEARER_KEY, TRUST_2005 + "/Bearer"})
_PASSWORD_TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
_UNDERSTOOD = frozenset(
    {f"{{{ADDRESSING}}}{name}" for name in ("Action", "MessageID", "messageID", "ReplyTo", "To", "From", "FaultTo")}
    | {f"{{{SECEXT}}}Security"}
)
_SKEW_MS = 5 * 60_000
_REQUEST_LIFETIME_MS = 10 * 60_000


class WsTrustFault(Exception):
    """A SOAP fault, to be answered with `fault_envelope` and HTTP `status`.

    `code` is a local name of SOAP 1.2 ("Sender", "MustUnderstand"); `subcode` is prefixed (wsse:, wst:,
    wsa:, wsu:, s:). `details` are for the journal and never go to the client. `version` and `message_id` are
    those of the request as far as they were read.
    """

    def __init__(
        self,
        code: str,
        subcode: str,
        *,
        reason: str,
        status: int = 500,
        details: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{subcode}: {reason}")
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.status = status
        self.details = details or {}
        self.version: Version = "2005"
        self.message_id = ""


@dataclass(frozen=True, slots=True)
class RstRequest:
    """A request for a security token, as far as we act on it. Text is exact, nothing is trimmed from the
    credentials.
    """

    version: Version
    username: str
    password: str = field(repr=False)
    message_id: str = ""
    applies_to: str = MICROSOFT_ONLINE
    key_type: str = ""
    token_type: str = ""


def failed_authentication() -> WsTrustFault:
    """The one answer to a wrong password, an unknown, locked or unassigned user and a denying policy: no
    enumeration.
    """
    return WsTrustFault("Sender", "wsse:FailedAuthentication", reason="Authentication Failure")


def parse_rst(
    body: bytes,
    *,
    soap_action: str | None,
    content_type: str | None,
    now_ms: int,
    realm: str = MICROSOFT_ONLINE,
    named: bool = True,
) -> RstRequest:
    """Read one request with a UsernameToken; WsTrustFault per the table of federation.md section 4.

    named: False where HTTP says who asks (windowstransport), so that the message names nobody.
    `soap_action` is the SOAPAction header (quotes allowed); without it the `action` parameter of the content
    type counts, as SOAP 1.2 has it.
    """
    media_type, _, parameters = (content_type or "").partition(";")
    if media_type.strip().lower() != "application/soap+xml":
        _fault("wst:InvalidRequest", "The content type is not application/soap+xml", 415, found=str(content_type))
    header, request = _open_envelope(body)
    version: Version = "1.3" if str(request.tag).startswith(f"{{{TRUST_13}}}") else "2005"
    try:
        header_action = soap_action or _action_parameter(parameters)
        try:
            return _read_request(
                header, request, version, soap_action=header_action, now_ms=now_ms, realm=realm, named=named
            )
        except XmlRejected as error:
            _fault("wst:InvalidRequest", "The request was invalid or malformed", 400, cause=error.reason)
    except WsTrustFault as fault:
        fault.version, fault.message_id = version, _message_id(header)
        raise


def _open_envelope(body: bytes) -> tuple[_Element, _Element]:
    """(Header, the one element of Body) of a SOAP 1.2 message."""
    reason = "The request is not a SOAP 1.2 message"
    try:
        root = parse(body, limit=REQUEST_LIMIT).root
        header = only_child(root, f"{{{SOAP}}}Header")
        content = elements(only_child(root, f"{{{SOAP}}}Body"))
    except XmlRejected as error:
        _fault("wst:InvalidRequest", reason, 400, cause=error.reason, **error.details)
    if root.tag != f"{{{SOAP}}}Envelope" or len(content) != 1:
        _fault("wst:InvalidRequest", reason, 400, root=str(root.tag))
    return header, content[0]


def _read_request(
    header: _Element, request: _Element, version: Version, *, soap_action: str, now_ms: int, realm: str,
    named: bool,
) -> RstRequest:  # fmt: skip
    trust = _TRUST[version]
    _check_must_understand(header)
    action = whole_text(only_child(header, f"{{{ADDRESSING}}}Action")).strip()
    if action != _ACTION[version] or soap_action.strip(' "') not in ("", action):
        _fault(
            "wsa:ActionNotSupported",
            "The action cannot be processed at the receiver",
            500,
            action=action,
            soap_action=soap_action,
            body_namespace=trust,
        )
    if request.tag != f"{{{trust}}}RequestSecurityToken":
        raise XmlRejected("the body is not a RequestSecurityToken", details={"found": str(request.tag)[:200]})
    username, password = _credentials(header, now_ms) if named else ("", "")
    applies_to = _address(request)
    if applies_to != realm:
        _fault(
            "wst:InvalidScope",
            "The request scope is invalid or unsupported",
            500,
            found=applies_to,
            expected=realm,
        )
    key_type = _optional(request, f"{{{trust}}}KeyType")
    request_type = _optional(request, f"{{{trust}}}RequestType")
    if request_type != trust + "/Issue" or key_type not in _KEY_TYPES:
        details = {"request_type": request_type[:200], "key_type": key_type[:200]}
        raise XmlRejected("the request type or key type is not supported", details=details)
    return RstRequest(
        version=version,
        username=username,
        password=password,
        message_id=_message_id(header),
        applies_to=applies_to,
        key_type=key_type,
        token_type=_optional(request, f"{{{trust}}}TokenType"),
    )


def _check_must_understand(header: _Element) -> None:
    for each in elements(header):
        if each.get(f"{{{SOAP}}}mustUnderstand") in ("1", "true") and each.tag not in _UNDERSTOOD:
            raise WsTrustFault(
                "MustUnderstand",
                "s:MustUnderstand",
                reason="A mandatory SOAP header was not understood",
                details={"header": str(each.tag)[:200]},
            )


def _credentials(header: _Element, now_ms: int) -> tuple[str, str]:
    found = children(header, f"{{{SECEXT}}}Security")
    if len(found) != 1:
        _fault("wsse:InvalidSecurity", "The request carries no user name token", 500, security=str(len(found)))
    _check_timestamp(found[0], now_ms)
    token = only_child(found[0], f"{{{SECEXT}}}UsernameToken")
    password = only_child(token, f"{{{SECEXT}}}Password")
    kind = password.get("Type", _PASSWORD_TEXT)
    if kind != _PASSWORD_TEXT:
        _fault("wsse:UnsupportedSecurityToken", "An unsupported token was provided", 500, type=kind)
    return whole_text(only_child(token, f"{{{SECEXT}}}Username")), whole_text(password)


def _check_timestamp(security: _Element, now_ms: int) -> None:
    stamps = children(security, f"{{{UTILITY}}}Timestamp")
    if len(stamps) != 1:
        _fault("wsse:InvalidSecurity", "The request carries no timestamp", 500, timestamps=str(len(stamps)))
    try:
        created = parse_instant(whole_text(only_child(stamps[0], f"{{{UTILITY}}}Created")).strip())
        text_of_expiry = _optional(stamps[0], f"{{{UTILITY}}}Expires")
        expires = parse_instant(text_of_expiry) if text_of_expiry else created + _REQUEST_LIFETIME_MS
    except (XmlRejected, ValueError) as error:
        _fault("wsse:InvalidSecurity", "The timestamp cannot be read", 500, cause=str(error))
    if created > now_ms + _SKEW_MS or expires <= now_ms - _SKEW_MS or expires < created:
        _fault(
            "wsu:MessageExpired",
            "The message has expired",
            500,
            created=instant(created),
            expires=instant(expires),
            now=instant(now_ms),
        )


def _address(request: _Element) -> str:
    applies_to = only_child(request, f"{{{POLICY}}}AppliesTo")
    reference = only_child(applies_to, f"{{{ADDRESSING}}}EndpointReference")
    return whole_text(only_child(reference, f"{{{ADDRESSING}}}Address")).strip()


def _message_id(header: _Element) -> str:
    found = [*children(header, f"{{{ADDRESSING}}}MessageID"), *children(header, f"{{{ADDRESSING}}}messageID")]
    return (found[0].text or "").strip() if found else ""


def _optional(parent: _Element, tag: str) -> str:
    found = children(parent, tag)
    if len(found) > 1:
        raise XmlRejected(f"{local_name(tag)} is given twice")
    return whole_text(found[0]).strip() if found else ""


def _action_parameter(parameters: str) -> str:
    match = re.search(r'\baction\s*=\s*("[^"]*"|[^;\s]+)', parameters, re.IGNORECASE)
    return match[1] if match else ""


def _fault(subcode: str, reason: str, status: int, **details: str) -> NoReturn:
    cut = {name: value[:200] for name, value in details.items()}
    raise WsTrustFault("Sender", subcode, reason=reason, status=status, details=cut)


def rstr_envelope(
    version: Version,
    assertion: bytes,
    *,
    relates_to: str,
    created_ms: int,
    expires_ms: int,
    assertion_id: str,
    applies_to: str = MICROSOFT_ONLINE,
) -> bytes:
    """The SOAP answer with a signed assertion; WS-Trust 1.3 wraps it in a Collection, which .NET and Go
    insist on.
    """
    make = rstr if version == "2005" else rstr_13
    response = make(
        assertion, created_ms=created_ms, expires_ms=expires_ms, realm=applies_to, assertion_id=assertion_id
    )
    if version == "1.3":
        name = b"trust:RequestSecurityTokenResponseCollection"
        response = b"<" + name + f' xmlns:trust="{TRUST_13}">'.encode() + response + b"</" + name + b">"
    head = _envelope_head(_REPLY_ACTION[version], relates_to)
    return head + response + b"</s:Body></s:Envelope>"


def fault_envelope(fault: WsTrustFault, *, relates_to: str | None = None, version: Version | None = None) -> bytes:
    """The SOAP fault with both Subcode and Reason, because MSAL Python reads both as soon as one exists."""
    head = _envelope_head(ADDRESSING + "/soap/fault", fault.message_id if relates_to is None else relates_to)
    declared = f' xmlns:wsse="{SECEXT}" xmlns:wsu="{UTILITY}" xmlns:wst="{_TRUST[version or fault.version]}"'
    body = (
        f"<s:Fault{declared}><s:Code><s:Value>s:{text(fault.code)}</s:Value>"
        f"<s:Subcode><s:Value>{text(fault.subcode)}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{text(fault.reason)}</s:Text></s:Reason></s:Fault>'
    )
    return head + body.encode() + b"</s:Body></s:Envelope>"


def _envelope_head(action: str, relates_to: str) -> bytes:
    related = f"<wsa:RelatesTo>{text(relates_to)}</wsa:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:wsa="{ADDRESSING}"><s:Header>'
        f'<wsa:Action s:mustUnderstand="1">{attribute(action)}</wsa:Action>{related}</s:Header><s:Body>'
    ).encode()
