"""The token inline hook of an access policy's rule: what the tokens will say, and the patches of it.

Source: Okta's reference of com.okta.oauth2.tokens.transform, com.okta.access.patch and com.okta.identity.patch. Claims
that the server itself answers for cannot be changed; an answer that tries to is left aside as a whole.
"""

from dataclasses import replace
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem
from emulator.okta import inline_hooks
from emulator.okta.inline_hooks import TOKENS, HookError
from emulator.okta.oauth import issue
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.errors import stop
from emulator.okta.oauth.issue import Terms
from emulator.okta.oauth.servers import Server

ACCESS, IDENTITY = "com.okta.access.patch", "com.okta.identity.patch"
RESERVED = frozenset(
    ("ver", "jti", "iss", "iat", "exp", "cid", "uid", "scp", "auth_time", "cnf", "amr", "idp", "nonce", "at_hash",
     "c_hash", "typ")
)  # fmt: skip
_SHORTEST_S, _LONGEST_S = 300, 86_400


def hooked(call: Call, server: Server, client: Client, terms: Terms) -> Terms:
    """The terms as the rule's inline hook leaves them. Raises 400 server_error where it refuses."""
    hook = inline_hooks.active(call, terms.hook, TOKENS) if terms.hook else None
    if hook is None:
        return terms
    access = {"claims": issue.access_claims(call, server, client, terms, jti="AT.preview"),
              "token": {"lifetime": {"expiration": terms.life_s}},
              "scopes": {name: {"id": name, "action": "GRANT"} for name in terms.scopes}}  # fmt: skip
    data: Doc = {"context": _context(call, server, client, terms), "access": access}
    identity = None
    if terms.user is not None and "openid" in terms.scopes:
        claims = issue.id_claims(call, server, client, terms, jti="ID.preview", full=False)
        identity = data["identity"] = {"claims": claims, "token": {"lifetime": {"expiration": issue.ID_LIFE_S}}}
    source = f"{server.issuer}/v1/token"
    try:
        commands = inline_hooks.ask(call, hook, source, data)
    except HookError as error:
        raise _refused(error) from error
    if not commands:
        return terms
    try:
        made = _read(terms, access, identity, commands)
    except (ValueError, KeyError, TypeError) as error:
        inline_hooks.executed(call, hook, f"A command does not fit the tokens: {error}")
        return terms
    inline_hooks.executed(call, hook, "")
    return made


def _refused(error: HookError) -> Problem:
    return stop("server_error", error.summary, *error.why.compared, rule=error.why.rule)


def _context(call: Call, server: Server, client: Client, terms: Terms) -> Doc:
    exchange, form = call.exchange, call.body if isinstance(call.body, dict) else call.params
    asked = {name: form.get(name) for name in ("scope", "state", "redirect_uri", "response_mode", "response_type")}
    found: Doc = {
        "request": {"id": call.request_id, "method": exchange.method, "url": {"value": exchange.url},
                    "ipAddress": exchange.client},
        "protocol": {
            "type": "OAUTH2.0", "request": {**asked, "client_id": client.id, "grant_type": form.get("grant_type")},
            "issuer": {"uri": server.issuer}, "client": {"id": client.id, "name": client.app["label"]},
        },
    }  # fmt: skip
    if terms.user is not None:
        user, profile = terms.user, terms.user["profile"]
        at = f"https://{call.info['host']}/api/v1/users/{user['id']}"
        found["user"] = {
            "id": user["id"], "passwordChanged": user.get("passwordChanged"),
            "profile": {"login": profile["login"], "firstName": profile.get("firstName"),
                        "lastName": profile.get("lastName"), "locale": profile.get("locale") or "en",
                        "timeZone": profile.get("timezone") or "America/Los_Angeles"},
            "_links": {"groups": {"href": f"{at}/groups"}, "factors": {"href": f"{at}/factors"}},
        }  # fmt: skip
    return found


def _read(terms: Terms, access: Doc, identity: Doc | None, commands: list[Doc]) -> Terms:
    made = inline_hooks.patched(access, inline_hooks.operations(commands, ACCESS))
    if made["scopes"] != access["scopes"]:
        raise ValueError("scopes cannot be changed")
    life = made["token"]["lifetime"]["expiration"]
    if isinstance(life, bool) or not isinstance(life, int) or not _SHORTEST_S <= life <= _LONGEST_S:
        raise ValueError(f"a lifetime of {str(life)[:20]}; {_SHORTEST_S} to {_LONGEST_S} seconds are allowed")
    terms = replace(terms, life_s=life, access_changes=_changed(access["claims"], made["claims"]))
    changes = inline_hooks.operations(commands, IDENTITY)
    if identity is None:
        return terms
    other = inline_hooks.patched(identity, changes)
    if other["token"] != identity["token"]:
        raise ValueError("the lifetime of ID tokens cannot be changed")
    return replace(terms, id_changes=_changed(identity["claims"], other["claims"]))


def _changed(before: Doc, after: Any) -> Doc:
    """Claims to their new values, None for those that went. ValueError for one that cannot be changed."""
    if not isinstance(after, dict):
        raise ValueError("claims are an object")
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    for name in names:
        if name in RESERVED:
            raise ValueError(f"{name} cannot be changed")
    return {name: after.get(name) for name in names}
