"""`/logout`: an app ends the person's session and asks to go on to one of its registered addresses.

Source: OpenID Connect RP-initiated logout as Okta documents it. Without `post_logout_redirect_uri`: the sign-out page.
"""

from typing import Any
from urllib.parse import urlencode

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.oauth import forms
from emulator.okta.oauth.clients import find
from emulator.okta.oauth.servers import Server, by_path, keys_of, private_key
from emulator.okta.sso import pages, signout, slo
from emulator.protocols.jose import TokenRejected, verify_jwt

_AT: Any = pages.as_page(
    bucket="login",
    emits=("user.session.end", "user.authentication.slo"),
    query=("id_token_hint", "post_logout_redirect_uri", "state"),
)
_EXPIRED_IS_FINE_S = 400 * 24 * 3600


@operation("GET", "/oauth2/v1/logout", source=DOCUMENTED, **_AT)
@operation("POST", "/oauth2/v1/logout", source=DOCUMENTED, body="bytes", **_AT)
def org_logout(call: Call) -> Answer:
    """Sign out through an app of the org authorization server."""
    return _logout(call)


@operation("GET", "/oauth2/{authServerId}/v1/logout", source=DOCUMENTED, **_AT)
@operation("POST", "/oauth2/{authServerId}/v1/logout", source=DOCUMENTED, body="bytes", **_AT)
def custom_logout(call: Call) -> Answer:
    """Sign out through an app of a custom authorization server."""
    return _logout(call)


def _logout(call: Call) -> Answer:
    server = by_path(call)
    try:
        form = forms.parameters(call)
    except Problem as problem:
        raise _stop(call, "The request is not valid.", Compared("body", "unreadable", "request")) from problem
    hint = form.get("id_token_hint")
    if not hint:
        text = "The 'id_token_hint' parameter is required."
        raise _stop(call, text, Compared("id_token_hint", None, "request"))
    claims = _claims(call, server, hint)
    target = form.get("post_logout_redirect_uri")
    client = find(call, str(claims["aud"]))
    if not target:
        return signout.finish(call, besides=client.app["id"] if client else "")
    known = (client.settings.get("post_logout_redirect_uris") or []) if client else []
    if target not in known:
        text = "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings."
        compared = Compared("registered", known, f"client {claims['aud']}")
        raise _stop(call, text, Compared("post_logout_redirect_uri", target[:300], "request"), compared)
    state = {"state": form["state"]} if form.get("state") else {}
    mark = "" if not state else "&" if "?" in target else "?"
    return slo.go_on(call, f"{target}{mark}{urlencode(state)}", besides=client.app["id"] if client else "")


def _claims(call: Call, server: Server, hint: str) -> Doc:
    """The hint's claims; it may have expired long ago."""
    keys = {row["kid"]: private_key(call.ids, row["kid"]).public_key() for row in keys_of(call.store, server.id)}
    try:
        return verify_jwt(
            hint, keys, now_ms=call.now, audience=None, issuer=[server.issuer], leeway_s=_EXPIRED_IS_FINE_S
        )
    except TokenRejected as error:
        compared = tuple(Compared(name, value, "id_token_hint") for name, value in error.details.items())
        raise _stop(call, "The 'id_token_hint' parameter is invalid.", *compared, rule=error.reason) from error


def _stop(call: Call, text: str, *compared: Compared, rule: str = "") -> Problem:
    what = pages.notice("400 Bad Request", f"Your request resulted in an error. {text}")
    return pages.stop(call, "invalid_request", what, status=400, why=Why(rule or text, compared))
