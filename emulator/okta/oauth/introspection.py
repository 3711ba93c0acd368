"""What a token is (`introspect`) and its end (`revoke`). Source: RFC 7662, 7009, as Okta documents them.

A client may look at, and end, its own tokens; anything else is `active: false`, or is quietly left alone.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared
from emulator.okta.events import emit, target
from emulator.okta.oauth import forms, presented, tickets
from emulator.okta.oauth.clients import Client, authenticated
from emulator.okta.oauth.errors import as_endpoint, invalid_request
from emulator.okta.oauth.kinds import REFRESH, VALUES
from emulator.okta.oauth.servers import Server, by_path, keys_of, private_key
from emulator.okta.tokens import digest
from emulator.okta.user_docs import USERS
from emulator.protocols.jose import TokenRejected, verify_jwt

INACTIVE: Doc = {"active": False}
_LOOK: Any = as_endpoint(bucket="token", body="bytes")
_END: Any = as_endpoint(bucket="token", body="bytes", emits=("app.oauth2.token.revoke",))
_HINTS = ("access_token", "id_token", "refresh_token", "device_secret")


@operation("POST", "/oauth2/v1/introspect", source=DOCUMENTED, **_LOOK)
def org_introspect(call: Call) -> Doc:
    """Whether a token of the org server is good, and what it says."""
    return _introspect(call)


@operation("POST", "/oauth2/{authServerId}/v1/introspect", source=DOCUMENTED, **_LOOK)
def custom_introspect(call: Call) -> Doc:
    """Whether a token of a custom server is good, and what it says."""
    return _introspect(call)


@operation("POST", "/oauth2/v1/revoke", source=DOCUMENTED, **_END)
def org_revoke(call: Call) -> Answer:
    """End a token of the org server."""
    return _revoke(call)


@operation("POST", "/oauth2/{authServerId}/v1/revoke", source=DOCUMENTED, **_END)
def custom_revoke(call: Call) -> Answer:
    """End a token of a custom server."""
    return _revoke(call)


def _asked(call: Call, endpoint: str) -> tuple[Server, Client, str, str]:
    server, form = by_path(call), forms.parameters(call)
    client = authenticated(call, server, form, endpoint=endpoint)
    token, hint = str(form.get("token") or ""), str(form.get("token_type_hint") or "")
    if not token:
        raise invalid_request("The request must provide a 'token'.", Compared("token", None, "request"))
    if hint and hint not in _HINTS:
        from emulator.okta.oauth.errors import stop

        text = "The 'token_type_hint' is not supported."
        raise stop("unsupported_token_type", text, Compared("token_type_hint", hint[:100], "request"))
    return server, client, token, hint


def _introspect(call: Call) -> Doc:
    server, client, token, _ = _asked(call, "introspect")
    if token.count(".") != 2:
        return _refresh_facts(call, server, client, token)
    try:
        claims = presented.any_token(call, token, server=server).claims
    except presented.Unusable as error:
        found = _id_facts(call, server, client, token)
        if found is None:
            call.note(f"The token is not active: {error.reason}.")
        return found or INACTIVE
    return {
        "active": True, "scope": " ".join(claims["scp"]), "username": claims["sub"], "exp": claims["exp"],
        "iat": claims["iat"], "sub": claims["sub"], "aud": claims["aud"], "iss": claims["iss"], "jti": claims["jti"],
        "token_type": "DPoP" if "cnf" in claims else "Bearer", "client_id": claims["cid"],
        **({"uid": claims["uid"]} if "uid" in claims else {}), **({"cnf": claims["cnf"]} if "cnf" in claims else {}),
    }  # fmt: skip


def _id_facts(call: Call, server: Server, client: Client, token: str) -> Doc | None:
    try:
        keys = {row["kid"]: private_key(call.ids, row["kid"]).public_key() for row in keys_of(call.store, server.id)}
        claims = verify_jwt(token, keys, now_ms=call.now, audience=[client.id], issuer=[server.issuer], leeway_s=0)
    except TokenRejected:
        return None
    return {"active": True, **claims, "client_id": client.id}


def _refresh_facts(call: Call, server: Server, client: Client, token: str) -> Doc:
    row = _held(call, server, client, token)
    if row is None or row["status"] != "ACTIVE" or row["expiresAt"] <= iso(call.now):
        return INACTIVE
    user = call.store.get(USERS, row["userId"])
    name = user["profile"]["login"] if user else row["userId"]
    return {
        "active": True, "scope": " ".join(row["scopes"]), "username": name,
        "exp": parse_iso(row["expiresAt"]) // 1000, "iat": parse_iso(row["created"]) // 1000, "sub": name,
        "aud": server.audience, "iss": server.issuer, "jti": row["id"], "token_type": "Bearer",
        "client_id": client.id, "uid": row["userId"],
    }  # fmt: skip


def _held(call: Call, server: Server, client: Client, token: str) -> Doc | None:
    text = call.store.get(VALUES, digest(token))
    row = call.store.get(REFRESH, text["_token"]) if text is not None and text["spent"] is None else None
    mine = row is not None and (row["clientId"], row["_server"]) == (client.id, server.id)
    return row if mine else None


def _revoke(call: Call) -> Answer:
    server, client, token, _ = _asked(call, "revoke")
    name, kind, until = _name_of(call, server, client, token)
    if name is not None:
        with call.commit():
            tickets.end(call, name, until_ms=until)
            emit(call, "app.oauth2.token.revoke", [target(kind, name)], actor=client.actor())
    else:
        call.note("The token is none of this client's, or has ended; revoking it changes nothing.")
    return Answer(200, [*call.headers])


def _name_of(call: Call, server: Server, client: Client, token: str) -> tuple[str | None, str, int]:
    """Under what name a token of the client's is revoked, what kind it is, and until when that counts."""
    if token.count(".") != 2:
        row = _held(call, server, client, token)
        return (row["id"] if row else None), "refresh_token", 0
    try:
        claims = presented.any_token(call, token, server=server).claims
    except presented.Unusable:
        return None, "", 0
    mine = claims["cid"] == client.id
    return (claims["jti"] if mine else None), "access_token", int(claims["exp"]) * 1000
