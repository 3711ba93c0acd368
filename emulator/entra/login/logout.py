"""Sign-out. Source: graph-entra.md 2.1; security.md W1.

The session ends and its cookie is cleared. The browser is sent on only to a redirect URI of an application that took
part in the session (or that `id_token_hint` names); else a federated session goes on to its provider's sign-out.
Applications with a logoutUrl are told first, each in a frame (OpenID Connect front-channel logout).
"""

from urllib.parse import urlencode

from emulator.entra.login import pages, session
from emulator.entra.login.clients import PLATFORMS, Client
from emulator.entra.login.dialect import FORM, HOST, PAGE, TEMPLATES, fields
from emulator.entra.login.tenancy import resolve
from emulator.entra.resources import applications, federation
from emulator.entra.tokens import signing_keys, tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.protocols.html import page, redirect
from emulator.protocols.jose import TokenRejected, verify_jwt
from emulator.protocols.wsfed import SIGN_OUT

_PARAMETERS = ("post_logout_redirect_uri", "id_token_hint", "logout_hint", "state")
_ANY_AGE_S = 10 * 365 * 24 * 3600


@operation("GET", "/{tenant}/oauth2/logout", source=DOCUMENTED, **PAGE, query=_PARAMETERS)
@operation("POST", "/{tenant}/oauth2/logout", source=DOCUMENTED, **FORM)
@operation("GET", "/{tenant}/oauth2/v2.0/logout", source=DOCUMENTED, **PAGE, query=_PARAMETERS)
@operation("POST", "/{tenant}/oauth2/v2.0/logout", source=DOCUMENTED, **FORM)
def logout(call: Call) -> Answer:
    """End the session of this browser."""
    resolve(call)
    given = fields(call)
    held = session.live(call)
    clients = {*(held[0]["clients"] if held else ()), *_hinted(call, given.get("id_token_hint", ""))}
    with call.commit():
        session.end(call)
    session.clear_cookie(call)
    return _leave(call, _onward(call, given, clients, held[0] if held else {}), clients, held[0]["id"] if held else "")


def _onward(call: Call, given: dict[str, str], clients: set[str], held: Doc) -> str:
    """Where the browser goes from here: back to a client, on to the identity provider, or ("") nowhere."""
    target = given.get("post_logout_redirect_uri", "")
    if target and any(_registered(call, client_id, target) for client_id in clients):
        state = {"state": given["state"]} if given.get("state") else {}
        return target + (f"{'&' if '?' in target else '?'}{urlencode(state)}" if state else "")
    if target:
        call.note("post_logout_redirect_uri is not one of a client that was signed in to")
    provider = federation.by_issuer(call.store, held["issuer"]) if held.get("issuer") else None
    if provider is None or not provider.get("signOutUri"):
        return ""
    address = str(provider["signOutUri"])
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'wa': SIGN_OUT})}"


def _leave(call: Call, target: str, clients: set[str], session_id: str) -> Answer:
    """Tell the clients that asked for it (front-channel logout, in frames), then go on."""
    frames = _frames(call, clients, session_id)
    if not frames:
        return redirect(target) if target else pages.signed_out(call)
    answer = page(TEMPLATES, "front_channel.html", {"frames": frames, "target": target}, nonce=call.request_id)
    origins = " ".join(dict.fromkeys(pages.origin_of(address) for address in frames))
    answer.headers = [
        (name, f"{value}; frame-src {origins}" if name == "Content-Security-Policy" else value)
        for name, value in answer.headers
    ]
    return answer


def _frames(call: Call, clients: set[str], session_id: str) -> list[str]:
    """The logoutUrl of each client that took part in the session, told whose session ended."""
    found = []
    for client_id in sorted(clients):
        address = dig(applications.by_app_id(call.store, client_id) or {}, "web.logoutUrl")
        if session_id and isinstance(address, str) and address.startswith(("https://", "http://localhost")):
            told = urlencode({"iss": f"{HOST}/{tenant(call)['id']}/v2.0", "sid": session_id})
            found.append(f"{address}{'&' if '?' in address else '?'}{told}")
    return found


def _registered(call: Call, client_id: str, target: str) -> bool:
    app = applications.by_app_id(call.store, client_id)
    return app is not None and any(target in Client(app, None).redirect_uris(platform) for platform in PLATFORMS)


def _hinted(call: Call, hint: str) -> list[str]:
    """The client that an id_token of ours was for, however old it is."""
    keys = {key.kid_sha1: key for key in signing_keys(call)}
    try:
        claims = (
            verify_jwt(hint, keys, now_ms=call.now, audience=None, issuer=None, leeway_s=_ANY_AGE_S) if hint else {}
        )
    except TokenRejected:
        return []
    return [str(claims["aud"])] if "aud" in claims else []
