"""Passwords and recovery questions: /api/v1/users/{id}/credentials, and a user's sessions. Source:
okta-admin-api.md 3.3.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import delegated_authentication, recovery, user_passwords, user_states
from emulator.okta.events import emit, user_target
from emulator.okta.params import body_object, flag, part, stamp, text_of
from emulator.okta.problems import invalid
from emulator.okta.resources import sessions, users
from emulator.okta.user_docs import USERS
from emulator.okta.user_input import checked_recovery

_AT = "/api/v1/users/{userId}/credentials/"
_POST: Any = {"scope": ("okta.users.manage",), "bucket": "users"}
_ELSEWHERE = ("user.authentication.auth_via_AD_agent", "system.agent.ad.reset_user_password")
_CHANGES = ("STAGED", "ACTIVE", "PASSWORD_EXPIRED", "RECOVERY")


def _allowed(call: Call, user: Doc, statuses: tuple[str, ...], code: str) -> None:
    """Refuse users of another status, and those whose password is neither kept here nor written to a directory."""
    provider = user["credentials"]["provider"]["type"]
    known = provider in ("OKTA", "IMPORT") or delegated_authentication.delegated(call.store, user)
    if user["status"] in statuses and known:
        return
    who = f"user {user['profile']['login']}"
    compared = (
        Compared("status", user["status"], who), Compared("provider", provider, who),
        Compared("statuses that allow it", ", ".join(statuses), "the operation"),
    )  # fmt: skip
    raise Problem(code, why=Why("The user's status or provider does not allow it.", compared))


def _value(body: Doc, name: str) -> str:
    value = text_of(part(body, name) or {}, "value", f"{name}.value")
    if not value:
        why = Why(f"{name} is needed.", (Compared(f"{name}.value", value, "request body"),))
        raise invalid(name, f"{name}: The field cannot be left blank", why=why)
    return value


def _right(call: Call, user: Doc, password: str) -> bool:
    """Whether it is the user's password, by whoever keeps it. Raises 502 or 504 where no agent answers."""
    try:
        return delegated_authentication.compare(call, user, user["profile"]["login"], password)[1]
    except delegated_authentication.Unavailable as unavailable:
        raise unavailable.problem from unavailable


def _set(call: Call, user: Doc, password: str) -> None:
    """Write a password that its owner chose, and log it; a directory has it already."""
    from emulator.okta.resources import app_users

    before = user["status"]
    if not delegated_authentication.delegated(call.store, user):
        user_passwords.change_password(call, user, password, history=True, code="E0000014")
    after = user_states.LIFECYCLE.after(user["status"], "set_password")
    if after is not None:
        user_states.shift(user, after, now=call.now)
    user["lastUpdated"] = stamp(call.now)
    recovery.forget(call, user)
    call.store.put(USERS, user)
    emit(call, "user.account.update_password", [user_target(user)])
    if user["status"] != before:
        app_users.user_changed(call, user, {"status"})


@operation(
    "POST", _AT + "change_password", source=DOCUMENTED, query=("strict",), commit="manual",
    emits=("user.account.update_password", "user.session.clear", *_ELSEWHERE), **_POST,
)  # fmt: skip
def change_password(call: Call) -> Doc:
    """Change a password by showing the old one."""
    user, body = users.load(call), body_object(call)
    _allowed(call, user, _CHANGES, "E0000035")
    old, new = _value(body, "oldPassword"), _value(body, "newPassword")
    if not _right(call, user, old):
        why = Why(
            "oldPassword is not the user's password.", (Compared("user", user["profile"]["login"], "request path"),)
        )
        raise Problem("E0000014", causes=("Old Password is not correct",), why=why)
    delegated_authentication.write_back(call, user, new)
    with call.commit():
        user = users.load(call)
        _set(call, user, new)
        if body.get("revokeSessions") is True:
            sessions.clear(call, user)
    return dict(user["credentials"])


@operation("POST", _AT + "change_recovery_question", source=DOCUMENTED, commit="manual", emits=_ELSEWHERE, **_POST)
def change_recovery_question(call: Call) -> Doc:
    """Change the recovery question by showing the password."""
    user, body = users.load(call), body_object(call)
    _allowed(call, user, _CHANGES, "E0000036")
    password, given = _value(body, "password"), part(body, "recovery_question") or {}
    question, answer = checked_recovery(given.get("question"), given.get("answer"))
    if not _right(call, user, password):
        why = Why("password is not the user's password.", (Compared("user", user["profile"]["login"], "request path"),))
        raise Problem("E0000014", causes=("Password is not correct",), why=why)
    with call.commit():
        user = users.load(call)
        user_passwords.put_recovery(user, question, answer, ids=call.ids)
        user["lastUpdated"] = stamp(call.now)
        call.store.put(USERS, user)
    return dict(user["credentials"])


_FORGOTTEN: Any = {
    "query": ("sendEmail",), "commit": "manual", **_POST,
    "emits": ("user.account.reset_password", "user.account.update_password", *_ELSEWHERE),
}  # fmt: skip


@operation("POST", _AT + "forgot_password", source=OBSERVED, body="optional_json", **_FORGOTTEN)
def forgot_password(call: Call) -> Doc:
    """A recovery link for an active user; on Classic they need a recovery question.

    A body with the answer to the question sets the new password at once, and the credentials come back (observed).
    """
    if call.body and "recovery_question" in body_object(call):
        return forgot_password_recovery_question(call)
    with call.commit():
        return _recovery_link(call, users.load(call))


def _recovery_link(call: Call, user: Doc) -> Doc:
    _allowed(call, user, ("ACTIVE",), "E0000034")
    if call.info["engine"] == "classic":
        _has_question(user, "E0000034")
    token = recovery.new_token(call, user, recovery.RECOVERY)
    emit(call, "user.account.reset_password", [user_target(user)])
    if flag(call, "sendEmail", True):
        recovery.mail(call, user, token, recovery.RECOVERY)
        return {}
    return {"resetPasswordUrl": recovery.url(call, token, recovery.RECOVERY)}


@operation("POST", _AT + "forgot_password_recovery_question", source=DOCUMENTED, **_FORGOTTEN)
def forgot_password_recovery_question(call: Call) -> Doc:
    """Set a new password by answering the recovery question."""
    user, body = users.load(call), body_object(call)
    _allowed(call, user, ("ACTIVE", "RECOVERY"), "E0000034")
    _has_question(user, "E0000034")
    password, given = _value(body, "password"), part(body, "recovery_question") or {}
    if not user_passwords.recovery_matches(user, given.get("answer")):
        why = Why("The answer is not the one on record.", (Compared("user", user["profile"]["login"], "request path"),))
        raise Problem("E0000087", why=why)
    delegated_authentication.write_back(call, user, password)
    with call.commit():
        user = users.load(call)
        emit(call, "user.account.reset_password", [user_target(user)])
        _set(call, user, password)
    return dict(user["credentials"])


def _has_question(user: Doc, code: str) -> None:
    if "recovery_question" not in user["credentials"]:
        compared = (Compared("recovery_question", None, f"user {user['profile']['login']}"),)
        raise Problem(code, why=Why("The user has no recovery question.", compared))
