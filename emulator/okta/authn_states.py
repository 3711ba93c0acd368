"""What an unfinished sign-in holds: session tokens and state tokens, kept as digests. Source: okta-admin-api.md 15.

A state token names a transaction of `mfa/journey.py` for five minutes from its last step, at the API and on the pages
alike; a session token works once.
"""

from typing import Any

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


def new_session_token(call: Call, user: Doc, proofs: list[Doc], **more: Any) -> tuple[str, str]:
    """A session token and when it expires. proofs: what the person has shown (`mfa/strength.py`)."""
    token = "20111" + call.ids.secret_text("session-token", 49)
    return token, _keep(call, SESSION_TOKENS, token, {"userId": user["id"], "proofs": proofs, **more})


def new_state_token(call: Call, user: Doc, status: str, **more: Any) -> tuple[str, Doc]:
    """A state token of an unfinished sign-in, and its row."""
    token = "00" + call.ids.secret_text("state-token", 40)
    row: Doc = {"userId": user["id"], "status": status, **more}
    _keep(call, STATE_TOKENS, token, row)
    return token, row


def _keep(call: Call, kind: Kind, token: str, row: Doc) -> str:
    expires = stamp(call.now + LIFETIME)
    row.update(id=digest(token), expiresAt=expires)
    call.store.add(kind, row)
    return expires


def renew(call: Call, row: Doc) -> None:
    """Store a transaction's next step; its time begins anew."""
    row["expiresAt"] = stamp(call.now + LIFETIME)
    call.store.put(STATE_TOKENS, row)


def look(call: Call, token: str) -> Doc | None:
    """The row of a state token; None when it is unknown, used up or expired."""
    row: Doc | None = call.store.get(STATE_TOKENS, digest(token))
    return row if row is not None and row["expiresAt"] >= iso(call.now) else None


def spend(call: Call, kind: Kind, token: str) -> Doc | None:
    """The row of a token that is now used up; None when it is unknown, spent or expired."""
    row: Doc | None = call.store.drop(kind, digest(token))
    return row if row is not None and row["expiresAt"] >= iso(call.now) else None


def user_of(call: Call, row: Doc | None) -> Doc | None:
    found: Doc | None = call.store.get(USERS, row["userId"]) if row is not None else None
    return found
