"""Sending a person to the identity provider of their domain. Source: graph-entra.md 2.6, federation.md 6.

The address is the federation's, the reply address is the identity provider's own configuration; only `wctx` (or
RelayState) carries our state, signed.
"""

from emulator.entra.login import flow, pages
from emulator.entra.login.claims import opaque
from emulator.entra.login.dialect import correlation_id
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.protocols import saml20_messages
from emulator.protocols.html import redirect
from emulator.protocols.saml import MICROSOFT_ONLINE, MULTIPLE_AUTHN
from emulator.protocols.wsfed import passive_url

TYPED = "name"
"""Where the state keeps the user name that the person gave here: the log has it even of a token that says nothing."""
FRESH_PASSWORD = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"


def wctx_of(context: str) -> str:
    """Our state as the identity provider is given it, to be returned unchanged."""
    return f"estsredirect=2&estsrequest={context}"


def context_of(wctx: str) -> str:
    """The state inside a `wctx`; empty when it is not one of ours (an IdP-initiated sign-in)."""
    for part in wctx.split("&"):
        name, _, value = part.partition("=")
        if name == "estsrequest":
            return value
    return ""


def is_saml(federation: Doc) -> bool:
    return federation.get("preferredAuthenticationProtocol") == "saml"


def send(call: Call, federation: Doc, user_name: str, state: Doc) -> Answer:
    """The browser's way to the identity provider: a redirect, or for SAML a form that posts itself."""
    state = {**state, TYPED: user_name}
    if not is_saml(federation):
        context = flow.seal(call, "signin", state)
        return redirect(passive_redirect(call, federation, user_name, wctx_of(context), state))
    request_id = f"id{opaque(call, 'samlp', 24)}"
    context = flow.seal(call, "signin", {**state, "samlRequest": request_id})
    request = saml20_messages.AuthnRequest(
        request_id=request_id, issuer=MICROSOFT_ONLINE, destination=federation["passiveSignInUri"], issued_ms=call.now,
        force_authn=bool(state.get("fresh") or state.get("stale")),
        authn_context=MULTIPLE_AUTHN if state.get("wauth") else "",
    )  # fmt: skip
    fields = {
        "SAMLRequest": saml20_messages.encode_message(saml20_messages.authn_request(request)),
        "RelayState": wctx_of(context),
    }
    return pages.auto_post(call, federation["passiveSignInUri"], fields)


def passive_redirect(call: Call, federation: Doc, user_name: str, wctx: str, state: Doc) -> str:
    """The WS-Federation request. `fresh` in the state is prompt=login, sent on as the federation's setting says;
    `wauth` asks for multi-factor, `stale` for a new authentication (`wfresh=0`)."""
    behaviour = federation.get("promptLoginBehavior") or "translateToFreshPasswordAuthentication"
    fresh = bool(state.get("fresh"))
    native = fresh and behaviour == "nativeSupport"
    wauth = FRESH_PASSWORD if fresh and behaviour == "translateToFreshPasswordAuthentication" else ""
    anew = (fresh and not native) or bool(state.get("stale"))
    url = passive_url(
        federation["passiveSignInUri"], username=user_name, wctx=wctx, client_request_id=correlation_id(call),
        wfresh=0 if anew else None, wauth=MULTIPLE_AUTHN if state.get("wauth") else wauth,
    )  # fmt: skip
    return url + ("&prompt=login" if native else "")
