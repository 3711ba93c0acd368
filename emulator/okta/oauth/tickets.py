"""Codes and refresh tokens: given out once, kept as digests, and told apart from what has been used.

Source: security.md J9, J12; Okta's refresh tokens as documented: STATIC ones stay, ROTATE ones change at every use, and
showing a spent one after its leeway ends the token for good.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import SECOND, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem
from emulator.okta.events import emit
from emulator.okta.oauth import once
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.errors import invalid_grant
from emulator.okta.oauth.issue import Terms
from emulator.okta.oauth.kinds import CODES, REFRESH, REVOKED, VALUES
from emulator.okta.oauth.servers import Server
from emulator.okta.params import stamp
from emulator.okta.tokens import digest

CODE_LIFE_MS = 300 * SECOND
BAD_CODE = "The authorization code is invalid or has expired."
BAD_REFRESH = "The refresh token is invalid or expired."
_FOR_EVER_MS = 253_402_300_799_000


def give_code(call: Call, state: Doc) -> str:
    """A code that stands for `state`; call it inside a write transaction."""
    once.sweep_all(call)
    code = call.ids.secret("authCode", 32)
    call.store.add(CODES, {"id": digest(code), "_until": call.now + CODE_LIFE_MS, "state": state, "used": None})
    return code


def take_code(call: Call, code: str, client: Client, *, family: str) -> Doc:
    """The state behind a code, which works once; inside a write transaction. Raises 400 invalid_grant.

    A second use ends what the first one gave: all its tokens carry `family`, the refresh token's id.
    """
    row = call.store.get(CODES, digest(code))
    if row is None or row["state"]["client"] != client.id or row["_until"] <= call.now:
        expires = Compared("expires", iso(row["_until"]) if row else None, "authorization code")
        rule = "A code works once, within five minutes, for the client it was given to."
        raise invalid_grant(BAD_CODE, expires, Compared("client_id", client.id, "request"), rule=rule)
    if row["used"] is not None:
        end(call, row["used"])
        rule = "The code was used before; the tokens it gave are revoked."
        raise invalid_grant(BAD_CODE, Compared("used", value=True, where="authorization code"), rule=rule, keep=True)
    call.store.put(CODES, {**row, "used": family})
    state: Doc = row["state"]
    return state


def give_refresh(call: Call, server: Server, client: Client, terms: Terms, *, id: str) -> str:
    """A new refresh token; inside a write transaction."""
    assert terms.user is not None
    until = call.now + terms.refresh_life_ms if terms.refresh_life_ms else _FOR_EVER_MS
    expires = min(until, call.now + terms.refresh_ms)
    at = stamp(call.now)
    call.store.add(REFRESH, {
        "id": id, "status": "ACTIVE", "created": at, "lastUpdated": at, "expiresAt": iso(expires // 1000 * 1000),
        "issuer": server.issuer, "clientId": client.id, "userId": terms.user["id"], "scopes": list(terms.scopes),
        "_server": server.id, "_authMs": terms.auth_ms, "_amr": list(terms.amr), "_jkt": terms.jkt, "_until": until,
        "_window": terms.refresh_ms,
    })  # fmt: skip
    return _new_value(call, id)


def _new_value(call: Call, token: str) -> str:
    value = call.ids.secret("refreshToken", 32)
    call.store.add(VALUES, {"id": digest(value), "_token": token, "spent": None, "_until": _FOR_EVER_MS})
    return value


def held(call: Call, server: Server, value: str, client: Client) -> Doc:
    """The refresh token of that text. Raises 400 invalid_grant; a spent text ends the token."""
    text = call.store.get(VALUES, digest(value))
    row = call.store.get(REFRESH, text["_token"]) if text is not None else None
    if text is None or row is None or (row["clientId"], row["_server"]) != (client.id, server.id):
        rule = "No refresh token of this client and server has that text."
        raise invalid_grant(BAD_REFRESH, Compared("refresh_token", f"{len(value)} characters", "request"), rule=rule)
    if row["status"] != "ACTIVE" or row["expiresAt"] <= iso(call.now):
        where = f"refresh token {row['id']}"
        compared = (Compared("status", row["status"], where), Compared("expiresAt", row["expiresAt"], where))
        raise invalid_grant(BAD_REFRESH, *compared, rule="The refresh token has ended.")
    if text["spent"] is not None and call.now > text["spent"] + leeway_ms(client):
        raise _stolen(call, row, client)
    found: Doc = row
    return found


def _stolen(call: Call, row: Doc, client: Client) -> Problem:
    with call.commit():
        end(call, row["id"])
        emit(
            call, "app.oauth2.token.detect_reuse", [client.actor()], outcome="FAILURE", actor=client.actor(),
            reason="The refresh token was used before",
        )  # fmt: skip
    rule = "A rotated refresh token was shown again after its leeway; the token is revoked."
    return invalid_grant(BAD_REFRESH, Compared("refresh_token", row["id"], "request"), rule=rule)


def rotates(client: Client) -> bool:
    """Whether a client's refresh tokens change at every use."""
    return (client.settings.get("refresh_token") or {}).get("rotation_type") == "ROTATE"


def leeway_ms(client: Client) -> int:
    return int((client.settings.get("refresh_token") or {}).get("leeway") or 0) * SECOND


def used(call: Call, row: Doc, value: str, client: Client) -> str:
    """Note the use of a refresh token, and return its text from now on; inside a write transaction. Raises 400."""
    fresh = call.store.get(REFRESH, row["id"])
    text = call.store.get(VALUES, digest(value))
    if fresh is None or text is None or fresh["status"] != "ACTIVE":
        where = f"refresh token {row['id']}"
        raise invalid_grant(BAD_REFRESH, Compared("status", "revoked meanwhile", where), rule="The token has ended.")
    expires = min(fresh["_until"], call.now + fresh["_window"])
    call.store.put(REFRESH, {**fresh, "lastUpdated": stamp(call.now), "expiresAt": iso(expires // 1000 * 1000)})
    if not rotates(client):
        return value
    if text["spent"] is None:
        call.store.put(VALUES, {**text, "spent": call.now})
    elif call.now >= text["spent"] + leeway_ms(client):
        end(call, row["id"])
        compared = Compared("refresh_token", row["id"], "request")
        raise invalid_grant(BAD_REFRESH, compared, rule="Another request used the token first.", keep=True)
    return _new_value(call, row["id"])


def end(call: Call, name: str, *, until_ms: int = 0) -> Doc | None:
    """Revoke a refresh token by id, or an access token by `jti`; inside a write transaction."""
    found: Doc | None = None
    if name.startswith("oar"):
        found = call.store.drop(REFRESH, name)
        call.store.drop_where(VALUES, "_token", name)
    if call.store.get(REVOKED, name) is None:
        # An access token lives a day at the most.
        call.store.add(REVOKED, {"id": name, "_until": until_ms or call.now + 25 * 3600 * SECOND})
    return found


def end_all(call: Call, path: str, value: str, *, client: str = "") -> list[Doc]:
    """Revoke the refresh tokens of a user (`userId`) or client (`clientId`), and the access tokens beside them."""
    rows: list[Doc] = call.store.find_all(REFRESH, path, value)
    gone = [row for row in rows if not client or row["clientId"] == client]
    for row in gone:
        end(call, row["id"])
    return gone


def is_revoked(store: Any, claims: Doc) -> bool:
    """Whether an access token, or the refresh token it belongs to, was revoked."""
    jti = str(claims.get("jti"))
    _, _, family = jti.rpartition(".")
    return store.get(REVOKED, jti) is not None or (family.startswith("oar") and store.get(REVOKED, family) is not None)
