"""Calls that move a user through their life: /api/v1/users/{id}/lifecycle, DELETE. Source: okta-admin-api.md 3.2."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import group_rule_engine, password_policy, recovery, user_changes, user_passwords, user_states
from emulator.okta.app_kinds import ACCESS_REQUESTS, APP_USERS, GRANTS
from emulator.okta.events import emit, target, user_target
from emulator.okta.mfa import devices, factors
from emulator.okta.oauth import leaving
from emulator.okta.params import done, flag
from emulator.okta.resources import group_owners, groups, linked_objects, roles, sessions, user_sessions, users
from emulator.okta.resources.identity_providers import IDP_USERS
from emulator.okta.tokens import API_TOKENS
from emulator.okta.user_docs import USERS, can_sign_in, has_password, render

_AT = "/api/v1/users/{userId}/lifecycle/"
_POST: Any = {"scope": ("okta.users.manage",), "bucket": "users", "body": "none"}
_GONE = ("application.user_membership.remove", "user.session.clear", "system.api_token.revoke")


def _apps() -> Any:
    from emulator.okta.resources import app_users

    return app_users


@operation(
    "POST", _AT + "activate", source=OBSERVED, query=("sendEmail",),
    emits=("user.lifecycle.activate", "application.user_membership.add", "group.user_membership.add",
           "group.user_membership.remove", "group.user_membership.rule.error"), **_POST,
)  # fmt: skip
def activate_user(call: Call) -> Doc | None:
    """Activate; without a credential the user gets a link, in a mail or in the answer.

    Somebody with a password gets one in the answer too, which only says that the address is theirs (observed).
    """
    user = users.load(call)
    user_states.move(call, user, "activate_with_credential" if can_sign_in(user) else "activate")
    user_passwords.unlocked(user)
    call.store.put(USERS, user)
    user_changes.activated(call, user)
    group_rule_engine.user_changed(call, user)
    return _link(call, user, send=flag(call, "sendEmail", True))


@operation(
    "POST", _AT + "reactivate", source=OBSERVED, query=("sendEmail",), emits=("user.lifecycle.reactivate",), **_POST
)
def reactivate_user(call: Call) -> Doc | None:
    """Send the activation link again."""
    user = user_states.move(call, users.load(call), "reactivate")
    emit(call, "user.lifecycle.reactivate", [user_target(user)])
    return _link(call, user, send=flag(call, "sendEmail", False))


def _link(call: Call, user: Doc, *, send: bool) -> Doc | None:
    purpose = recovery.ACTIVATION if user["status"] == "PROVISIONED" else recovery.VERIFICATION
    if purpose == recovery.VERIFICATION and (send or not has_password(user)):
        return done(call)
    token = recovery.new_token(call, user, purpose)
    if send:
        recovery.mail(call, user, token, purpose)
        return done(call)
    return {"activationUrl": recovery.url(call, token, purpose), "activationToken": token}


@operation(
    "POST",
    _AT + "deactivate",
    source=OBSERVED,
    query=("sendEmail",),
    emits=("user.lifecycle.deactivate", *_GONE),
    **_POST,
)
def deactivate_user(call: Call) -> Doc | None:
    """Deactivate: sessions end, app assignments go."""
    deactivate(call, users.load(call))
    return done(call)


def deactivate(call: Call, user: Doc) -> None:
    """Deactivate a user and what hangs on them."""
    user_states.move(call, user, "deactivate")
    emit(call, "user.lifecycle.deactivate", [user_target(user)])
    sessions.clear(call, user)
    recovery.forget(call, user)
    user_sessions.drop_refresh_tokens(call, user["id"])
    for token in call.store.drop_where(API_TOKENS, "userId", user["id"]):
        emit(call, "system.api_token.revoke", [target("Token", token["id"], name=token["name"]), user_target(user)])
    _apps().user_deactivated(call, user)


@operation(
    "DELETE", "/api/v1/users/{userId}", source=OBSERVED, scope=("okta.users.manage",), bucket="users",
    query=("sendEmail",),
    emits=("user.lifecycle.deactivate", "user.lifecycle.delete.initiated", "user.lifecycle.delete.completed", *_GONE),
)  # fmt: skip
def delete_user(call: Call) -> None:
    """The first call deactivates, the second deletes."""
    user = users.load(call)
    if user_states.LIFECYCLE.after(user["status"], "delete") is None:
        deactivate(call, user)
        return
    emit(call, "user.lifecycle.delete.initiated", [user_target(user)])
    for kind, path in (
        (groups.MEMBERS, "user"), (roles.ROLES, "userId"), (APP_USERS, "userId"), (ACCESS_REQUESTS, "requesterId"),
        (GRANTS, "userId"), (IDP_USERS, "userId"),
    ):  # fmt: skip
        call.store.drop_where(kind, path, user["id"])
    linked_objects.forget(call, user["id"])
    group_owners.forget(call, user["id"])
    recovery.forget(call, user)
    factors.forget(call, user["id"])
    devices.forget(call, user["id"])
    leaving.person_gone(call.store, user["id"])
    call.store.drop(USERS, user["id"])
    emit(call, "user.lifecycle.delete.completed", [user_target(user)])


@operation("POST", _AT + "suspend", source=OBSERVED, emits=("user.lifecycle.suspend", "user.session.clear"), **_POST)
def suspend_user(call: Call) -> Doc | None:
    """Suspend an active user: they keep their assignments and cannot sign in."""
    user = user_states.move(call, users.load(call), "suspend")
    emit(call, "user.lifecycle.suspend", [user_target(user)])
    sessions.clear(call, user)
    _apps().user_changed(call, user, {"status"})
    return done(call)


@operation("POST", _AT + "unsuspend", source=OBSERVED, emits=("user.lifecycle.unsuspend",), **_POST)
def unsuspend_user(call: Call) -> Doc | None:
    """End a suspension."""
    user = user_states.move(call, users.load(call), "unsuspend")
    emit(call, "user.lifecycle.unsuspend", [user_target(user)])
    _apps().user_changed(call, user, {"status"})
    return done(call)


@operation(
    "POST", _AT + "unlock", source=OBSERVED, emits=("user.account.unlock", "user.account.unlock_by_admin"), **_POST
)
def unlock_user(call: Call) -> Doc | None:
    """Unlock a user whom wrong passwords locked out."""
    user = user_states.move(call, users.load(call), "unlock")
    user_passwords.unlocked(user)
    call.store.put(USERS, user)
    # Both event types exist for this moment; no recording tells which of them the API call writes (inferred: both).
    for kind in ("user.account.unlock_by_admin", "user.account.unlock"):
        emit(call, kind, [user_target(user)])
    return done(call)


@operation("POST", _AT + "expire_password", source=OBSERVED, emits=("user.account.expire_password",), **_POST)
def expire_password(call: Call) -> Doc:
    """Make the user set a new password at the next sign-in."""
    return render(call, _expire(call, users.load(call)))


@operation(
    "POST", _AT + "expire_password_with_temp_password", source=OBSERVED, query=("revokeSessions",),
    emits=("user.account.expire_password", "user.account.update_password", "user.session.clear"), **_POST,
)  # fmt: skip
def expire_password_with_temp_password(call: Call) -> Doc:
    """Replace the password by a temporary one that must be changed at the next sign-in."""
    user = _expire(call, users.load(call))
    password = temporary_password(call, user)
    keep = int(password_policy.settings(call, user)["age"]["historyCount"])
    user_passwords.put_password(user, password, ids=call.ids, now=call.now, keep=keep)
    call.store.put(USERS, user)
    emit(call, "user.account.update_password", [user_target(user)])
    if flag(call, "revokeSessions", False):
        sessions.clear(call, user)
    return {"tempPassword": password}


def _expire(call: Call, user: Doc) -> Doc:
    _own_password(user, "E0000038")
    user_states.move(call, user, "expire_password")
    emit(call, "user.account.expire_password", [user_target(user)])
    return user


def temporary_password(call: Call, user: Doc) -> str:
    """A password that meets the complexity that the user's policy asks for."""
    rules = password_policy.settings(call, user)["complexity"]
    parts = (
        "ab" * rules["minLowerCase"],
        "AB" * rules["minUpperCase"],
        "29" * rules["minNumber"],
        "-+" * rules["minSymbol"],
    )
    return call.ids.secret_text("temporary", max(8, rules["minLength"])) + "".join(parts)


def _own_password(user: Doc, code: str) -> None:
    """Refuse what needs a password that this org keeps."""
    provider = user["credentials"]["provider"]["type"]
    if has_password(user) and provider in ("OKTA", "IMPORT"):
        return
    who = f"user {user['profile']['login']}"
    compared = (Compared("provider", provider, who), Compared("password", has_password(user), who))
    raise Problem(code, why=Why("The user has no password that this org manages.", compared))


@operation(
    "POST", _AT + "reset_password", source=OBSERVED, query=("sendEmail", "revokeSessions"),
    emits=("user.account.reset_password", "user.session.clear"), **_POST,
)  # fmt: skip
def reset_password(call: Call) -> Doc:
    """Start a recovery: the old password stops working, a link lets the user set a new one."""
    user = users.load(call)
    if can_sign_in(user):
        _own_password(user, "E0000017")
    user_states.move(call, user, "reset_password")
    user_passwords.unlocked(user)
    call.store.put(USERS, user)
    emit(call, "user.account.reset_password", [user_target(user)])
    if flag(call, "revokeSessions", False):
        sessions.clear(call, user)
    token = recovery.new_token(call, user, recovery.RECOVERY)
    if flag(call, "sendEmail", True):
        recovery.mail(call, user, token, recovery.RECOVERY)
        return {}
    return {"resetPasswordUrl": recovery.url(call, token, recovery.RECOVERY)}


@operation(
    "POST", _AT + "reset_factors", source=inferred("which statuses refuse is not recorded"),
    emits=("user.mfa.factor.reset_all",), **_POST,
)  # fmt: skip
def reset_factors(call: Call) -> Doc | None:
    """Remove every enrolled factor, the recovery question included."""
    user = users.load(call)
    if user["status"] in ("STAGED", "DEPROVISIONED"):
        compared = (Compared("status", user["status"], f"user {user['profile']['login']}"),)
        raise Problem("E0000038", why=Why("Only users who have been activated have factors.", compared))
    if user["credentials"].pop("recovery_question", None) is not None:
        user.pop("_recoveryAnswer", None)
        call.store.put(USERS, user)
    factors.forget(call, user["id"])
    devices.forget(call, user["id"])
    emit(call, "user.mfa.factor.reset_all", [user_target(user)])
    return done(call)
