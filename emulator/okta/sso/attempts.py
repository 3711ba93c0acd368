"""Passwords at the active endpoints: failures are counted apart from POST /authn and the sign-in page.

Source: seed-catalogue.md (K33). So guessing over WS-Trust does not lock the account for browsers, nor the reverse;
it closes the active endpoints for that user for a while.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import delegated_authentication, password_policy, user_passwords
from emulator.store import Kind

ATTEMPTS = Kind("active_attempts")
"""One row per user with failures: `count`, and `until` in milliseconds once the endpoints are closed."""
CLOSED_FOR = HOUR
"""Inferred: no source says how long."""


def check(call: Call, user: Doc | None, username: str, password: str) -> Why | None:
    """None for the right password of an active user, else why not. Takes as long for every user name."""
    try:
        user, right = delegated_authentication.compare(call, user, username, password)
    except delegated_authentication.Unavailable as unavailable:
        return unavailable.problem.why
    if user is None:
        why = "No app user of this app and no user of this org has that name."
        return Why(why, (Compared("username", username, "UsernameToken"),))
    with call.commit():
        closed = _closed(call, user)
        if closed is None and right:
            call.store.drop(ATTEMPTS, user["id"])
        elif closed is None:
            _count(call, user)
    if closed is not None:
        return closed
    status = Compared("status", user["status"], f"user {user['profile']['login']}")
    said = delegated_authentication.verdict(call)
    if said is not None and said.code:
        return said.why
    if not right:
        return Why("The password is not the user's.", (Compared("username", username, "UsernameToken"), status))
    if user["status"] != "ACTIVE":
        return Why("Only users whose status is ACTIVE get a token.", (status,))
    if said is None and password_policy.expired(call, user):
        changed = Compared("passwordChanged", user["passwordChanged"], "the user")
        return Why("The password is older than the password policy allows.", (status, changed))
    return None


def _closed(call: Call, user: Doc) -> Why | None:
    row: Doc | None = call.store.get(ATTEMPTS, user["id"])
    if row is None or not row["until"]:
        return None
    if row["until"] <= call.now:
        call.store.drop(ATTEMPTS, user["id"])
        return None
    compared = (
        Compared("wrong passwords", row["count"], "active endpoints"),
        Compared("closed until", iso(row["until"]), f"user {user['profile']['login']}"),
    )
    return Why("Too many wrong passwords were sent to the active endpoints for this user.", compared)


def _count(call: Call, user: Doc) -> None:
    row: Doc | None = call.store.get(ATTEMPTS, user["id"])
    count = (row["count"] if row else 0) + 1
    most = user_passwords.most_attempts(call, user)
    until = call.now + CLOSED_FOR if most and count >= most else 0
    doc = {"id": user["id"], "count": count, "until": until}
    call.store.save(ATTEMPTS, doc)
