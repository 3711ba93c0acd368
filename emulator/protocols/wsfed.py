"""WS-Federation passive sign-in: the redirect to Okta, the RSTR that comes back in `wresult`, and the form
that carries it.

Shapes from reference/federation.md section 3 and graph-entra.md sections 2.6 and 2.7. HTML is rendered
elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from emulator.protocols.saml import LOGIN_SRF, MICROSOFT_ONLINE
from emulator.protocols.xmldsig_shape import SAML11
from emulator.protocols.xmlparse import (
    Document,
    XmlRejected,
    children,
    local_name,
    only_child,
    parse,
    whole_text,
)
from emulator.protocols.xmltext import attribute, instant, parse_instant, text

if TYPE_CHECKING:
    from lxml.etree import _Element

TRUST_2005 = "http://schemas.xmlsoap.org/ws/2005/02/trust"
TRUST_13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SECEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SECEXT_11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
POLICY = "http://schemas.xmlsoap.org/ws/2004/09/policy"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
NO_PROOF_KEY = "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey"
BEARER_KEY = TRUST_13 + "/Bearer"

SIGN_IN = "wsignin1.0"
SIGN_OUT = "wsignout1.0"
SIGN_OUT_CLEANUP = "wsignoutcleanup1.0"
_ACTIONS = (SIGN_IN, SIGN_OUT, SIGN_OUT_CLEANUP)

RSTR_PATHS = (
    (f"{{{TRUST_2005}}}RequestSecurityTokenResponse", f"{{{TRUST_2005}}}RequestedSecurityToken"),
    (f"{{{TRUST_13}}}RequestSecurityTokenResponse", f"{{{TRUST_13}}}RequestedSecurityToken"),
    (
        f"{{{TRUST_13}}}RequestSecurityTokenResponseCollection",
        f"{{{TRUST_13}}}RequestSecurityTokenResponse",
        f"{{{TRUST_13}}}RequestedSecurityToken",
    ),
)
"""Where an assertion may stand in a `wresult`; pass it to `xmldsig.verify(within=...)`."""

_PROFILE_11 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
_ASSERTION_ID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
_SAML11_TYPES = (SAML11, _PROFILE_11)


class PassiveRejected(Exception):
    """A passive request whose parameters make no sense; `field` is the culprit, `found` its value (cut)."""

    def __init__(self, reason: str, *, field: str, found: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.found = found[:200]


@dataclass(frozen=True, slots=True)
class PassiveRequest:
    """The parameters of GET .../sso/wsfed/passive that an identity provider acts on; unknown ones are
    ignored.

    `wctx` is opaque and goes back unchanged. `wreply` is kept for the journal only: the reply address is
    configuration.
    """

    wa: str
    wtrealm: str = ""
    wctx: str = ""
    wfresh: int | None = None
    """Minutes; 0 means: authenticate again now. None when absent or not a number."""
    wauth: str = ""
    username: str = ""
    wreply: str = ""

    @property
    def fresh(self) -> bool:
        """Whether the relying party demands a new authentication even within a session."""
        return self.wfresh == 0

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> PassiveRequest:
        """Read URL-decoded parameters; PassiveRejected when `wa` is missing or unknown, or a sign-in names no
        realm.
        """
        wa = parameters.get("wa", "")
        if wa not in _ACTIONS:
            raise PassiveRejected("wa is missing or unknown", field="wa", found=wa)
        realm = parameters.get("wtrealm", "")
        if wa == SIGN_IN and not realm:
            raise PassiveRejected("wtrealm is missing", field="wtrealm")
        minutes = parameters.get("wfresh", "")
        return cls(
            wa=wa,
            wtrealm=realm,
            wctx=parameters.get("wctx", ""),
            wfresh=int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 10 else None,
            wauth=parameters.get("wauth", ""),
            username=parameters.get("username", "") or parameters.get("login_hint", ""),
            wreply=parameters.get("wreply", ""),
        )


def passive_url(
    endpoint: str,
    *,
    username: str,
    wctx: str,
    client_request_id: str = "",
    realm: str = MICROSOFT_ONLINE,
    wfresh: int | None = None,
    wauth: str = "",
) -> str:
    """The URL to which the relying party redirects the browser, parameters in the order seen from Entra."""
    pairs = [("client-request-id", client_request_id)] if client_request_id else []
    pairs += [("username", username), ("wa", SIGN_IN), ("wtrealm", realm), ("wctx", wctx)]
    if wfresh is not None:
        pairs.append(("wfresh", str(wfresh)))
    if wauth:
        pairs.append(("wauth", wauth))
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(pairs)}"


@dataclass(frozen=True, slots=True)
class AutoPost:
    """A form that a browser posts by itself: the values are raw, whoever renders it escapes them."""

    action: str
    fields: tuple[tuple[str, str], ...]


def auto_post_fields(wresult: bytes, wctx: str, *, action: str = LOGIN_SRF) -> AutoPost:
    """The sign-in answer of the identity provider. `wctx` is left out when the request had none
    (IdP-initiated).
    """
    fields = [("wa", SIGN_IN), ("wresult", wresult.decode())]
    if wctx:
        fields.append(("wctx", wctx))
    return AutoPost(action=action, fields=tuple(fields))


def rstr(
    assertion: bytes,
    *,
    created_ms: int,
    expires_ms: int,
    realm: str = MICROSOFT_ONLINE,
    assertion_id: str,
) -> bytes:
    """The unsigned RequestSecurityTokenResponse (February 2005 namespace) around a SAML 1.1 assertion: the
    `wresult`.
    """
    return _response(
        assertion,
        TRUST_2005,
        created_ms=created_ms,
        expires_ms=expires_ms,
        realm=realm,
        assertion_id=assertion_id,
    )


def rstr_13(assertion: bytes, *, created_ms: int, expires_ms: int, realm: str, assertion_id: str) -> bytes:
    """The same in the WS-Trust 1.3 namespace, without the Collection that the SOAP answer puts round it."""
    return _response(
        assertion,
        TRUST_13,
        created_ms=created_ms,
        expires_ms=expires_ms,
        realm=realm,
        assertion_id=assertion_id,
    )


def _response(
    assertion: bytes, trust: str, *, created_ms: int, expires_ms: int, realm: str, assertion_id: str
) -> bytes:
    head, tail = _envelope(trust, realm)
    id = text(assertion_id)
    return (head % (instant(created_ms), instant(expires_ms))).encode() + assertion + (tail % (id, id)).encode()


@lru_cache(maxsize=64)
def _envelope(trust: str, realm: str) -> tuple[str, str]:
    """What stands round an assertion, with places for two instants before it and its id twice behind it."""
    t = "t" if trust == TRUST_2005 else "trust"
    reference = (
        f'<o:SecurityTokenReference xmlns:o="{SECEXT}" xmlns:k="{SECEXT_11}" k:TokenType="{_PROFILE_11}">'
        f'<o:KeyIdentifier ValueType="{_ASSERTION_ID}">%s</o:KeyIdentifier>'
        "</o:SecurityTokenReference>"
    )
    head = (
        f'<{t}:RequestSecurityTokenResponse xmlns:{t}="{attribute(trust)}"><{t}:Lifetime>'
        f'<wsu:Created xmlns:wsu="{UTILITY}">%s</wsu:Created>'
        f'<wsu:Expires xmlns:wsu="{UTILITY}">%s</wsu:Expires></{t}:Lifetime>'
        f'<wsp:AppliesTo xmlns:wsp="{POLICY}"><wsa:EndpointReference xmlns:wsa="{ADDRESSING}">'
        f"<wsa:Address>{text(realm).replace('%', '%%')}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>"
        f"<{t}:RequestedSecurityToken>"
    )
    key_type = NO_PROOF_KEY if trust == TRUST_2005 else BEARER_KEY
    tail = (
        f"</{t}:RequestedSecurityToken>"
        f"<{t}:RequestedAttachedReference>{reference}</{t}:RequestedAttachedReference>"
        f"<{t}:RequestedUnattachedReference>{reference}</{t}:RequestedUnattachedReference>"
        f"<{t}:TokenType>{SAML11}</{t}:TokenType><{t}:RequestType>{trust}/Issue</{t}:RequestType>"
        f"<{t}:KeyType>{key_type}</{t}:KeyType></{t}:RequestSecurityTokenResponse>"
    )
    return head, tail


class RstrRejected(Exception):
    """A `wresult` that is no sign-in response. Rows 1 and 2 of federation.md section 7.

    kind: "message" (not XML, or no RSTR: AADSTS20012), "no_assertion" (AADSTS500082), "token_type"
    (AADSTS7500514).
    """

    def __init__(
        self,
        reason: str,
        *,
        kind: Literal["message", "no_assertion", "token_type"],
        details: dict[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: Literal["message", "no_assertion", "token_type"] = kind
        self.details = details or {}


@dataclass(frozen=True, slots=True)
class Rstr:
    """The outside of a `wresult`. Nothing here is signed; hand `document` to `xmldsig.verify(...,
    within=RSTR_PATHS)`.
    """

    document: Document
    token_type: str
    applies_to: str
    created_ms: int | None
    expires_ms: int | None


def read_rstr(body: bytes) -> Rstr:
    """Parse a `wresult` once; RstrRejected unless it is an RSTR with something in it and a token type we
    take.
    """
    try:
        document = parse(body)
        response, trust = _find_response(document)
        token = only_child(response, f"{{{trust}}}RequestedSecurityToken")
        types = children(response, f"{{{trust}}}TokenType")
        token_type = whole_text(types[0]) if len(types) == 1 else ""
    except XmlRejected as error:
        raise RstrRejected(error.reason, kind="message", details=error.details) from error
    if next(token.iter("{*}Assertion"), None) is None:
        raise RstrRejected("no assertion in the token", kind="no_assertion")
    inside = next(token.iter("{*}Assertion")).tag
    if (types and token_type not in _SAML11_TYPES) or str(inside) != f"{{{SAML11}}}Assertion":
        details = {"token_type": token_type[:200], "assertion": str(inside)[:200], "expected": SAML11}
        raise RstrRejected("the token is not a SAML 1.1 assertion", kind="token_type", details=details)
    texts = {
        local_name(each.tag): str(each.text or "") for each in response.iter(f"{{{UTILITY}}}*", f"{{{ADDRESSING}}}*")
    }
    return Rstr(
        document=document,
        token_type=token_type,
        applies_to=texts.get("Address", ""),
        created_ms=_maybe_instant(texts.get("Created", "")),
        expires_ms=_maybe_instant(texts.get("Expires", "")),
    )


def _find_response(document: Document) -> tuple[_Element, str]:
    root = document.root
    if root.tag == f"{{{TRUST_13}}}RequestSecurityTokenResponseCollection":
        return only_child(root, f"{{{TRUST_13}}}RequestSecurityTokenResponse"), TRUST_13
    for trust in (TRUST_2005, TRUST_13):
        if root.tag == f"{{{trust}}}RequestSecurityTokenResponse":
            return root, trust
    raise XmlRejected("not a RequestSecurityTokenResponse", details={"root": str(root.tag)[:200]})


def _maybe_instant(value: str) -> int | None:
    try:
        return parse_instant(value)
    except ValueError:
        return None
