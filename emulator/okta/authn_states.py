"""What POST /authn hands out: session tokens and state tokens, both kept as digests. Source: okta-admin-api.md 15."""

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.okta.params import stamp
from emulator.okta.tokens import digest
from emulator.okta.user_docs import USERS
from emulator.store import Column, Kind

SESSION_TOKENS = Kind("session_tokens", (Column("userId"),))
STATE_TOKENS = Kind("state_tokens", (Column("userId"),))
LIFETIME = 5 * MINUTE


def new_session_token(call: Call, user: Doc) -> tuple[str, str]:
    """A session token and when it expires."""
    token = "20111" + call.ids.secret_text("session-token", 49)
    return token, _keep(call, SESSION_TOKENS, token, {"userId": user["id"]})


def new_state_token(call: Call, user: Doc, status: str) -> tuple[str, str]:
    """A state token of an unfinished sign-in, and when it expires."""
    token = "00" + call.ids.secret_text("state-token", 40)
    return token, _keep(call, STATE_TOKENS, token, {"userId": user["id"], "status": status})


def _keep(call: Call, kind: Kind, token: str, row: Doc) -> str:
    expires = stamp(call.now + LIFETIME)
    call.store.add(kind, {"id": digest(token), "expiresAt": expires, **row})
    return expires


def spend(call: Call, kind: Kind, token: str) -> Doc | None:
    """The row of a token that is now used up; None when it is unknown, spent or expired."""
    row: Doc | None = call.store.drop(kind, digest(token))
    return row if row is not None and row["expiresAt"] >= iso(call.now) else None


def user_of(call: Call, row: Doc | None) -> Doc | None:
    found: Doc | None = call.store.get(USERS, row["userId"]) if row is not None else None
    return found
