"""API tokens, the agent token, session cookies: whom a credential stands for. Source: okta-admin-api.md 2.1."""

import hashlib
import hmac

from emulator.kernel.call import Call, Caller
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.okta import admins
from emulator.store import Column, Kind

API_TOKENS = Kind("api_tokens", (Column("_hash", unique=True), Column("userId")), settled=True)
SESSIONS = Kind("sessions", (Column("_cookie", unique=True), Column("userId")))
ORG = Kind("org", settled=True)
_LONGEST = 256  # no token of ours is longer; what is known of tokens is kept


def digest(secret: str) -> str:
    """How secrets are kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def org(call: Call) -> Doc:
    """The org's own document."""
    if "org" not in call.memo:
        call.memo["org"] = call.store.settled(("org",), lambda: call.store.all(ORG)[0])
    found: Doc = call.memo["org"]
    return found


def token_caller(call: Call, token: str) -> Caller | None:
    """The administrator behind an SSWS token."""
    if len(token) > _LONGEST:
        return None
    found, expires = call.store.settled(("api token", token), lambda: _live(call, token))
    if found is None or expires < call.now:
        return None
    roles = admins.of_user(call.store, found["userId"])
    return Caller("user", found["userId"], found["name"], None, {"tokenId": found["id"], "roles": roles})


def _live(call: Call, token: str) -> tuple[Doc | None, int]:
    found = call.store.find(API_TOKENS, "_hash", digest(token))
    return found, parse_iso(found["expiresAt"]) if found is not None else 0


def agent_of(call: Call, token: str) -> Caller | None:
    """The connector or directory agent that holds the org's agent token."""
    wanted = org(call).get("_agentToken", "")
    if not wanted or not hmac.compare_digest(wanted, digest(token)):
        return None
    return Caller("agent", "SystemPrincipal", "Okta System", None)


def session_of(call: Call) -> Caller | None:
    """The person whose session cookie came with the request; only the scopes people have on themselves."""
    session = live_session(call)
    if session is None:
        return None
    return Caller("user", session["userId"], session["login"], frozenset({"okta.users.read.self"}))


def live_session(call: Call) -> Doc | None:
    """The session behind the `sid` cookie, unless it has expired; outside a transaction not to be changed in place."""
    cookie = call.exchange.cookies().get("sid")
    if not cookie or len(cookie) > _LONGEST:
        return None
    found: Doc | None = call.store.steady(
        ("session", cookie), lambda: call.store.find(SESSIONS, "_cookie", digest(cookie))
    )
    if found is None or found["expiresAt"] < iso(call.now):
        return None
    return found
