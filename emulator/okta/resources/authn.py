"""Primary authentication: POST /api/v1/authn and the calls that finish it. Source: okta-admin-api.md 15, appendix C.

Failures look and take the same for an unknown user and a wrong password. No factors are emulated, so the statuses that
ask for one do not occur.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.okta import authn_states, password_policy, recovery, session_policy, user_passwords, user_states
from emulator.okta.authn_states import SESSION_TOKENS, STATE_TOKENS
from emulator.okta.events import emit, target, user_target
from emulator.okta.params import body_object, stamp, text_of
from emulator.okta.problems import invalid
from emulator.okta.recovery import RECOVERY_TOKENS
from emulator.okta.resources import users
from emulator.okta.user_docs import USERS

__all__ = ["RECOVERY_TOKENS", "SESSION_TOKENS", "STATE_TOKENS", "redeem_session_token"]

_AT = "/api/v1/authn"
_OPEN: Any = {"auth": "none", "bucket": "authn"}
_MAY_RESET = ("ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED")


def redeem_session_token(call: Call, token: str) -> Doc | None:
    """The user of a session token, which is used up; None when it is unknown, used or expired.

    Call it inside a write transaction.
    """
    return authn_states.user_of(call, authn_states.spend(call, SESSION_TOKENS, token))


@operation(
    "POST", _AT, source=OBSERVED, commit="manual",
    emits=("user.session.start", "user.account.lock", "user.account.unlock", "policy.evaluate_sign_on"), **_OPEN,
)  # fmt: skip
def authenticate(call: Call) -> Doc:
    """User name and password, or the token of an activation link."""
    body = body_object(call)
    if body.get("token") is not None and body.get("username") is None:
        return _by_link(call, text_of(body, "token") or "", relay=text_of(body, "relayState"))
    if body.get("stateToken") is not None:
        raise Problem(
            "E0000001", "stateToken", causes=("stateToken: not enabled",), why=not_emulated("A step-up transaction")
        )
    username, password = text_of(body, "username"), text_of(body, "password")
    if not username or password is None:
        compared = (Compared("username", username, "request body"),
                    Compared("password", "sent" if password else None, "request body"))  # fmt: skip
        raise Problem("E0000004", why=Why("Both username and password are needed.", compared))
    user = users.by_login(call.store, username)
    right = user_passwords.password_matches(user, password)
    with call.commit():
        fresh = call.store.get(USERS, user["id"]) if user is not None else None
        if user is None or fresh is None:
            raise _failed(call, None, username, "VERIFICATION_ERROR")
        # The hash was compared outside the transaction; a password that changed meanwhile is a wrong one.
        right = right and user_passwords.stored_password(fresh) == user_passwords.stored_password(user)
        user_passwords.count(call, fresh, password, right=right)
        return _answer(call, fresh, username, right=right, relay=text_of(body, "relayState"))


def _answer(call: Call, user: Doc, username: str, *, right: bool, relay: str | None) -> Doc:
    """What the user's status makes of a compared password. Raises 401."""
    status = user["status"]
    if status == "LOCKED_OUT" and password_policy.settings(call, user)["lockout"]["showLockoutFailures"]:
        _log_failure(call, user, username, "LOCKED_OUT")
        return {"status": "LOCKED_OUT", **_relay(relay), "_embedded": {}, "_links": _lockout_links(call)}
    if not right or status not in ("ACTIVE", "PASSWORD_EXPIRED"):
        reason = "LOCKED_OUT" if status == "LOCKED_OUT" else "INVALID_CREDENTIALS"
        raise _failed(call, user, username, reason)
    if status == "PASSWORD_EXPIRED":
        return _unfinished(call, user, "PASSWORD_EXPIRED", "changePassword", "change_password", relay=relay)
    return _success(call, user, relay=relay)


def _success(call: Call, user: Doc, *, relay: str | None) -> Doc:
    """A session token, unless the global session policy denies. Raises E0000006 (403, inferred)."""
    decision = session_policy.enter(call, user, frozenset({"pwd"}))
    if decision.access == "DENY":
        _log_failure(call, user, user["profile"]["login"], "Sign-on policy evaluation resulted in DENY")
        raise Problem("E0000006", why=decision.why, keep=True)
    user["lastLogin"] = stamp(call.now)
    call.store.put(USERS, user)
    token, expires = authn_states.new_session_token(call, user)
    return {
        "expiresAt": expires, "status": "SUCCESS", **_relay(relay), "sessionToken": token,
        "_embedded": {"user": _embedded(user)}, "_links": {"cancel": _cancel(call)},
    }  # fmt: skip


def _unfinished(
    call: Call, user: Doc, status: str, link: str, path: str, *, relay: str | None, more: Doc | None = None
) -> Doc:
    """A transaction that needs one more call, named by its state token."""
    token, expires = authn_states.new_state_token(call, user, status)
    complexity = password_policy.settings(call, user)["complexity"]
    step = {"name": link, "href": f"{call.base}{_AT}/credentials/{path}", "hints": {"allow": ["POST"]}}
    return {
        "stateToken": token, "expiresAt": expires, "status": status, **(more or {}), **_relay(relay),
        "_embedded": {"user": _embedded(user), "policy": {"complexity": complexity}},
        "_links": {"next": step, "cancel": _cancel(call)},
    }  # fmt: skip


def _relay(relay: str | None) -> Doc:
    return {"relayState": relay} if relay else {}


def _embedded(user: Doc) -> Doc:
    profile = user["profile"]
    return {
        "id": user["id"], "passwordChanged": user["passwordChanged"], "profile": {
            "login": profile["login"], "firstName": profile["firstName"], "lastName": profile["lastName"],
            "locale": profile.get("locale") or "en_US", "timeZone": profile.get("timezone") or "America/Los_Angeles",
        },
    }  # fmt: skip


def _cancel(call: Call) -> Doc:
    return {"href": f"{call.base}{_AT}/cancel", "hints": {"allow": ["POST"]}}


def _lockout_links(call: Call) -> Doc:
    return {"next": {"name": "unlock", "href": f"{call.base}{_AT}/recovery/unlock", "hints": {"allow": ["POST"]}}}


def _log_failure(call: Call, user: Doc | None, username: str, reason: str) -> None:
    actor = user_target(user) if user is not None else target("User", "unknown", name="unknown", alternate=username)
    emit(call, "user.session.start", outcome="FAILURE", reason=reason, actor=actor)


def _failed(call: Call, user: Doc | None, username: str, reason: str) -> Problem:
    _log_failure(call, user, username, reason)
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
    return Problem("E0000004", why=Why(rules[reason], compared), keep=True)


def _by_link(call: Call, token: str, *, relay: str | None) -> Doc:
    """The token of an activation or recovery link: the user goes on to set a password. Raises 401."""
    with call.commit():
        row = recovery.spend(call, token)
        user = authn_states.user_of(call, row)
        if row is None or user is None or user["status"] not in _MAY_RESET:
            compared = (Compared("token", "known" if row else "unknown, used or expired", "request body"),
                        Compared("status", user["status"] if user else None, "the token's user"))  # fmt: skip
            why = Why("The link's token works once, while the user may set a password.", compared)
            raise Problem("E0000011", why=why, keep=True)
        more = {"recoveryType": "PASSWORD"} if row["purpose"] == recovery.RECOVERY else {}
        return _unfinished(call, user, "PASSWORD_RESET", "resetPassword", "reset_password", relay=relay, more=more)


@operation("POST", _AT + "/recovery/token", source=DOCUMENTED, commit="manual", **_OPEN)
def verify_recovery_token(call: Call) -> Doc:
    """Redeem the token of a recovery link."""
    body = body_object(call)
    return _by_link(call, text_of(body, "recoveryToken") or "", relay=text_of(body, "relayState"))


@operation(
    "POST",
    _AT + "/credentials/reset_password",
    source=DOCUMENTED,
    emits=("user.account.update_password", "policy.evaluate_sign_on"),
    **_OPEN,
)
def reset_password(call: Call) -> Doc:
    """Set a new password in a transaction that a link began."""
    body, user = body_object(call), _transaction(call, "PASSWORD_RESET")
    return _finish(call, user, text_of(body, "newPassword"))


@operation(
    "POST",
    _AT + "/credentials/change_password",
    source=DOCUMENTED,
    emits=("user.account.update_password", "policy.evaluate_sign_on"),
    **_OPEN,
)
def change_password(call: Call) -> Doc:
    """Replace an expired password by showing it."""
    body, user = body_object(call), _transaction(call, "PASSWORD_EXPIRED")
    if not user_passwords.password_matches(user, text_of(body, "oldPassword") or ""):
        why = Why(
            "oldPassword is not the user's password.", (Compared("user", user["profile"]["login"], "state token"),)
        )
        raise Problem("E0000014", causes=("Old Password is not correct",), why=why)
    return _finish(call, user, text_of(body, "newPassword"))


@operation("POST", _AT + "/cancel", source=DOCUMENTED, **_OPEN)
def cancel(call: Call) -> Doc:
    """Give up an unfinished transaction."""
    body = body_object(call)
    if authn_states.spend(call, STATE_TOKENS, text_of(body, "stateToken") or "") is None:
        raise _no_transaction(None)
    return _relay(text_of(body, "relayState"))


def _transaction(call: Call, status: str) -> Doc:
    """The user of the body's state token, which is used up by a call that succeeds. Raises 401 or 403."""
    row = authn_states.spend(call, STATE_TOKENS, text_of(body_object(call), "stateToken") or "")
    user = authn_states.user_of(call, row)
    if row is None or user is None:
        raise _no_transaction(row)
    if row["status"] != status:
        compared = (Compared("status", row["status"], "state token"), Compared("needed", status, "the operation"))
        raise Problem("E0000079", why=Why("The transaction is not at this step.", compared))
    return user


def _no_transaction(row: Doc | None) -> Problem:
    compared = (Compared("stateToken", "known" if row else "unknown, used or expired", "request body"),)
    return Problem("E0000011", why=Why("The state token names no open transaction.", compared))


def _finish(call: Call, user: Doc, password: str | None) -> Doc:
    if not password:
        why = Why("A new password is needed.", (Compared("newPassword", None, "request body"),))
        raise invalid("newPassword", "newPassword: The field cannot be left blank", why=why)
    from emulator.okta.resources import app_users

    after = user_states.LIFECYCLE.after(user["status"], "set_password")
    if after is None:
        raise user_states.refused(user, "set_password")
    user_passwords.change_password(call, user, password, history=True, code="E0000014")
    user_states.shift(user, after, now=call.now)
    emit(call, "user.account.update_password", [user_target(user)], actor=user_target(user))
    app_users.user_changed(call, user, {"status"})
    return _success(call, user, relay=text_of(body_object(call), "relayState"))
