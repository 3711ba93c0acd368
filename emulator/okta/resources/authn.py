"""Primary authentication: POST /api/v1/authn and what is common to every transaction. Source: okta-admin-api.md 15.

Failures look and take the same for an unknown user and a wrong password. Factors are in `authn_factors.py`, recovery
in `authn_recovery.py`.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import authn_states, delegated_authentication, password_policy, shapes, user_passwords, user_states
from emulator.okta.authn_states import SESSION_TOKENS, STATE_TOKENS
from emulator.okta.events import emit, target, user_target
from emulator.okta.links import link
from emulator.okta.mfa import devices, journey, strength, views
from emulator.okta.mfa.devices import DEVICES
from emulator.okta.mfa.journey import Journey
from emulator.okta.params import body_object, part, text_of
from emulator.okta.problems import invalid
from emulator.okta.recovery import RECOVERY_TOKENS
from emulator.okta.resources import users
from emulator.okta.user_docs import USERS

__all__ = ["DEVICES", "RECOVERY_TOKENS", "SESSION_TOKENS", "STATE_TOKENS", "redeem_session_token"]

AT = views.AT
OPEN: Any = {"auth": "none", "bucket": "authn"}
SIGNS_IN = ("policy.evaluate_sign_on", "user.session.start")


def redeem_session_token(call: Call, token: str) -> tuple[Doc, Doc] | None:
    """The user of a session token, which is used up, and its row; None when it is unknown, used or expired.

    Call it inside a write transaction.
    """
    row = authn_states.spend(call, SESSION_TOKENS, token)
    user = authn_states.user_of(call, row)
    return (user, row) if user is not None and row is not None else None


@operation(
    "POST", AT, source=OBSERVED, commit="manual",
    emits=("user.account.lock", "user.account.unlock", *delegated_authentication.EMITS, *SIGNS_IN), **OPEN,
)  # fmt: skip
def authenticate(call: Call) -> Doc:
    """User name and password; or the token of an activation link; or how a transaction stands (`stateToken` alone)."""
    from emulator.okta.resources import authn_recovery

    body = body_object(call)
    if body.get("token") is not None and body.get("username") is None:
        return authn_recovery.by_link(call, text_of(body, "token") or "", relay=text_of(body, "relayState"))
    if body.get("stateToken") is not None and body.get("username") is None:
        return views.state_of(call, text_of(body, "stateToken") or "")
    username, password = text_of(body, "username"), text_of(body, "password")
    asked = _asked(body)
    if not username or password is None:
        compared = (Compared("username", username, "request body"),
                    Compared("password", "sent" if password else None, "request body"))  # fmt: skip
        raise Problem("E0000004", why=Why("Both username and password are needed.", compared))
    user, right = compared_password(call, users.by_login(call.store, username), username, password)
    with call.commit():
        fresh = call.store.get(USERS, user["id"]) if user is not None else None
        if user is None or fresh is None:
            raise _failed(call, None, username, "VERIFICATION_ERROR")
        # The hash was compared outside the transaction; a password that changed meanwhile is a wrong one.
        if delegated_authentication.verdict(call) is None:
            right = right and user_passwords.stored_password(fresh) == user_passwords.stored_password(user)
        user_passwords.count(call, fresh, password, right=right)
        return _answer(call, fresh, username, right=right, asked=asked)


def compared_password(call: Call, user: Doc | None, username: str, password: str) -> tuple[Doc | None, bool]:
    """The user, who may be new, and whether it is their password, asked of whoever keeps it. Outside transactions."""
    try:
        return delegated_authentication.compare(call, user, username, password)
    except delegated_authentication.Unavailable as unavailable:
        raise unavailable.problem from unavailable


def _asked(body: Doc) -> Doc:
    """What a transaction keeps of the request that begins it. Raises 400."""
    options = part(body, "options") or {}
    kept = {
        name: shapes.boolean(options[name], f"options.{name}")
        for name in ("multiOptionalFactorEnroll", "warnBeforePasswordExpired") if options.get(name) is not None
    }  # fmt: skip
    context = part(body, "context") or {}
    return {
        "options": kept, "device": text_of(context, "deviceToken", "context.deviceToken") or "",
        "relay": text_of(body, "relayState"),
    }  # fmt: skip


def _answer(call: Call, user: Doc, username: str, *, right: bool, asked: Doc) -> Doc:
    """What the user's status makes of a compared password. Raises 401."""
    status = delegated_authentication.standing(call, user)
    if status == "LOCKED_OUT" and password_policy.settings(call, user)["lockout"]["showLockoutFailures"]:
        log_failure(call, user, username, "LOCKED_OUT")
        relay = {"relayState": asked["relay"]} if asked["relay"] else {}
        unlock = {"next": {"name": "unlock", **link(f"{call.base}{AT}/recovery/unlock", "POST")}}
        return {"status": "LOCKED_OUT", **relay, "_embedded": {}, "_links": unlock}
    if not right or status not in ("ACTIVE", "PASSWORD_EXPIRED"):
        reason = "LOCKED_OUT" if status == "LOCKED_OUT" else "INVALID_CREDENTIALS"
        raise _failed(call, user, username, reason)
    expired = status == "PASSWORD_EXPIRED"
    trip = journey.draft(call, user, proofs=[strength.password(call.now)], expired=expired, **asked)
    return onward(trip)


def onward(trip: Journey) -> Doc:
    """The transaction's next step, shown. Raises 403."""
    journey.advance(trip)
    return views.shown(trip)


def log_failure(call: Call, user: Doc | None, username: str, reason: str) -> None:
    actor = user_target(user) if user is not None else target("User", "unknown", name="unknown", alternate=username)
    emit(call, "user.session.start", outcome="FAILURE", reason=reason, actor=actor)


def _failed(call: Call, user: Doc | None, username: str, reason: str) -> Problem:
    log_failure(call, user, username, reason)
    compared = (
        Compared("username", username, "request body"),
        Compared("user", user["profile"]["login"] if user else None, "this org"),
        Compared("status", user["status"] if user else None, "the user"),
    )
    rules = {
        "VERIFICATION_ERROR": "No user of this org has that login.",
        "LOCKED_OUT": "The user is locked out after too many wrong passwords.",
        "INVALID_CREDENTIALS": "The password is not the user's, or their status does not let them sign in.",
    }
    why = delegated_authentication.because(call, Why(rules[reason], compared))
    return Problem("E0000004", why=why, keep=True)


# -- what every transaction offers ------------------------------------------------------------------------------------


def resumed(call: Call) -> Journey:
    """The transaction of the body's state token. Raises 401."""
    return journey.resume(call, text_of(body_object(call), "stateToken") or "")


@operation("POST", AT + "/cancel", source=DOCUMENTED, **OPEN)
def cancel(call: Call) -> Doc:
    """Give up an unfinished transaction."""
    trip, relay = resumed(call), text_of(body_object(call), "relayState")
    journey.give_up(trip)
    relay = relay or trip.row["relay"]
    return {"relayState": relay} if relay else {}


@operation("POST", AT + "/previous", source=DOCUMENTED, **OPEN)
def previous(call: Call) -> Doc:
    """Back to the choice of factors."""
    trip = resumed(call)
    journey.back(trip)
    return views.shown(trip)


@operation("POST", AT + "/skip", source=DOCUMENTED, emits=SIGNS_IN, **OPEN)
def skip(call: Call) -> Doc:
    """Pass over a warning, or what may but need not be enrolled."""
    trip = resumed(call)
    journey.need(trip, journey.WARN, journey.ENROLL)
    if trip.status == journey.WARN:
        trip.row["warned"] = True
    elif not journey.may_skip(trip):
        compared = (Compared("status", trip.status, "state token"),)
        raise Problem("E0000079", why=Why("A factor must be enrolled first.", compared))
    else:
        trip.row["skipped"] = True
    return onward(trip)


_SETS: Any = {
    "source": DOCUMENTED, "commit": "manual",
    "emits": ("user.account.update_password", "system.agent.ad.reset_user_password", *delegated_authentication.EMITS,
              *SIGNS_IN), **OPEN,
}  # fmt: skip


@operation("POST", AT + "/credentials/reset_password", **_SETS)
def reset_password(call: Call) -> Doc:
    """Set a new password in a transaction that a link or a recovery began."""
    trip = resumed(call)
    journey.need(trip, journey.RESET)
    return _finish(trip)


@operation("POST", AT + "/credentials/change_password", **_SETS)
def change_password(call: Call) -> Doc:
    """Replace a password that has expired, or soon will, by showing it."""
    trip, old = resumed(call), text_of(body_object(call), "oldPassword") or ""
    journey.need(trip, journey.EXPIRED, journey.WARN)
    if not compared_password(call, trip.user, trip.user["profile"]["login"], old)[1]:
        compared = (Compared("user", trip.user["profile"]["login"], "state token"),)
        why = Why("oldPassword is not the user's password.", compared)
        raise Problem("E0000014", causes=("Old Password is not correct",), why=why)
    return _finish(trip)


def _finish(trip: Journey) -> Doc:
    """The new password, then whatever the policies still want."""
    call, body = trip.call, body_object(trip.call)
    password = text_of(body, "newPassword")
    if not password:
        why = Why("A new password is needed.", (Compared("newPassword", None, "request body"),))
        raise invalid("newPassword", "newPassword: The field cannot be left blank", why=why)
    delegated_authentication.write_back(call, trip.user, password)
    with call.commit():
        again = resumed(call)
        journey.need(again, trip.status)
        set_password(again, password)
        again.row["relay"] = text_of(body, "relayState") or again.row["relay"]
        return onward(again)


def set_password(trip: Journey, password: str) -> None:
    """Write a password that its owner chose; it counts as shown. A directory's is there already. Raises E0000014."""
    from emulator.okta.resources import app_users

    call, user = trip.call, trip.user
    after = user_states.LIFECYCLE.after(user["status"], "set_password")
    if after is None:
        raise user_states.refused(user, "set_password")
    before = user["status"]
    if not delegated_authentication.delegated(call.store, user):
        user_passwords.change_password(call, user, password, history=True, code="E0000014")
    user_states.shift(user, after, now=call.now)
    call.store.put(USERS, user)
    emit(call, "user.account.update_password", [user_target(user)], actor=user_target(user))
    if before != after:
        app_users.user_changed(call, user, {"status"})
    kept = [proof for proof in trip.row["proofs"] if proof["method"] != strength.PASSWORD]
    trip.row["proofs"] = [strength.password(call.now), *kept]
    trip.row.update(warned=True, expired=False)


def remember(trip: Journey, *, asked: bool) -> None:
    """Remember the device where the client asks for it and names one."""
    if asked and trip.row["device"]:
        devices.remember(trip.call, trip.user["id"], trip.row["device"])
