"""Users' passwords: set, compare, count wrong ones, lock. Source: okta-admin-api.md 3.2, 3.3, 12, 15.

Of users whom a directory masters the org compares the password only where that directory does not
(delegated_authentication.py).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids
from emulator.kernel.passwords import check_password as same_password
from emulator.kernel.passwords import hash_password
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import imported_hashes, password_policy
from emulator.okta.events import emit, user_target
from emulator.okta.params import stamp
from emulator.okta.user_docs import USERS
from emulator.okta.user_states import LIFECYCLE, shift

REASON_LOCKED = "LOCKED_OUT"
COMPARED_ELSEWHERE = "delegated"
"""Where a call remembers what a directory said of the password."""
# Inferred wording.
_YOUNG = "password: The password cannot be changed yet: its minimum age has not been reached."


def stored_password(user: Doc) -> str | None:
    """The scrypt hash, None for a user without one (also one whose hash was imported and not yet used)."""
    found: str | None = user.get("_passwordHash")
    return found


def password_matches(user: Doc | None, password: str) -> bool:
    """Whether it is the user's password; takes as long without a user. Counts nothing."""
    imported = user.get("_importedHash") if user is not None else None
    # A password that a hook vouches for: no inline hook of this org answers, so none is right.
    right = same_password(password, stored_password(user) if user is not None else None)
    if imported is not None:
        return imported_hashes.matches(password, imported)
    return right


def most_attempts(call: Call, user: Doc) -> int:
    """Wrong passwords in a row that lock this user; 0 for never."""
    return int(password_policy.settings(call, user)["lockout"]["maxAttempts"])


def check_password(call: Call, user: Doc, password: str) -> bool:
    """Whether it is the user's password; wrong ones are counted and lock the user. Call it inside `call.commit()`."""
    right = password_matches(user, password)
    count(call, user, password, right=right)
    return right


def count(call: Call, user: Doc, password: str, *, right: bool) -> None:
    """Count a compared password: a wrong one may lock, a right one forgets the earlier ones. Writes the user.

    A password that a directory has compared is counted there.
    """
    if call.memo.get(COMPARED_ELSEWHERE) is not None:
        return
    _unlock_when_due(call, user)
    if user["status"] == "LOCKED_OUT":
        return
    if right:
        adopted = _adopt_imported(call, user, password)
        aged = user["status"] == "ACTIVE" and password_policy.expired(call, user)
        if aged:
            shift(user, "PASSWORD_EXPIRED", now=call.now)
        if user["_failures"] or adopted or aged:
            user["_failures"] = 0
            call.store.put(USERS, user)
        _apps().password_seen(call, user, password)
        return
    user["_failures"] += 1
    most = most_attempts(call, user)
    after = LIFECYCLE.after(user["status"], "lock")
    if most and user["_failures"] >= most and after is not None:
        shift(user, after, now=call.now)
        user["_lockedAt"] = call.now
        emit(
            call,
            "user.account.lock",
            [user_target(user)],
            outcome="FAILURE",
            reason=REASON_LOCKED,
            actor=user_target(user),
        )
    call.store.put(USERS, user)


def unlocked(user: Doc) -> None:
    """Forget wrong passwords and the lock on a user document."""
    user["_failures"] = 0
    user.pop("_lockedAt", None)


def _unlock_when_due(call: Call, user: Doc) -> None:
    """# Differs: a lock that has run out shows until the next attempt, because a read writes nothing."""
    minutes = password_policy.settings(call, user)["lockout"]["autoUnlockMinutes"]
    if user["status"] != "LOCKED_OUT" or not minutes or call.now < user["_lockedAt"] + minutes * MINUTE:
        return
    shift(user, "ACTIVE", now=call.now)
    unlocked(user)
    call.store.put(USERS, user)
    emit(call, "user.account.unlock", [user_target(user)], actor=user_target(user))


def _adopt_imported(call: Call, user: Doc, password: str) -> bool:
    """At the first sign-in a password that came as a foreign hash becomes one of ours, and the provider OKTA."""
    if user.pop("_importedHash", None) is None:
        return False
    user["_passwordHash"] = hash_password(password, call.ids.secret("salt", 12))
    user["credentials"]["provider"] = {"type": "OKTA", "name": "OKTA"}
    return True


def put_password(user: Doc, password: str, *, ids: Ids, now: int, keep: int = 0) -> None:
    """Write a new password into a user document; the last `keep` ones stay refused for re-use."""
    history = [old for old in (user.get("_passwordHash"), *user.get("_passwordHistory", ())) if old]
    user["_passwordHistory"] = history[: max(0, keep - 1)]
    user["_passwordHash"] = hash_password(password, ids.secret("salt", 12))
    for name in ("_importedHash", "_passwordHook"):
        user.pop(name, None)
    _mark(user, now)
    if user["credentials"]["provider"]["type"] == "IMPORT":
        user["credentials"]["provider"] = {"type": "OKTA", "name": "OKTA"}
    unlocked(user)


def put_imported(user: Doc, given: Doc, *, now: int) -> None:
    """Write another system's hash into a user document."""
    user["_importedHash"] = imported_hashes.checked(given)
    for name in ("_passwordHash", "_passwordHook"):
        user.pop(name, None)
    _mark(user, now)
    user["credentials"]["provider"] = {"type": "IMPORT", "name": "IMPORT"}


def put_hook(user: Doc, kind: str, *, now: int) -> None:
    """Leave the first check of the password to the org's password import hook.

    # Differs: the hook (com.okta.user.credential.password.import) is not called: whoever has such a password cannot
    sign in until they or an administrator set one.
    """
    for name in ("_passwordHash", "_importedHash"):
        user.pop(name, None)
    user["_passwordHook"] = kind
    _mark(user, now)
    user["credentials"]["provider"] = {"type": "IMPORT", "name": "IMPORT"}


def _mark(user: Doc, now: int) -> None:
    user["credentials"] = {"password": {}, **{k: v for k, v in user["credentials"].items() if k != "password"}}
    user["passwordChanged"] = stamp(now)


def change_password(call: Call, user: Doc, password: str, *, history: bool, code: str = "E0000001") -> None:
    """Check a new password against the policy and write it. Raises `code` with the vendor's cause."""
    rules = password_policy.settings(call, user)
    keep = int(rules["age"]["historyCount"])
    why = _unfit(call, user, password, rules, history=history)
    if why is not None:
        cause, reason = why
        raise Problem(code, *(("password",) if code == "E0000001" else ()), causes=(cause,), why=reason)
    put_password(user, password, ids=call.ids, now=call.now, keep=keep)
    _apps().password_changed(call, user, password)


def _apps() -> Any:
    from emulator.okta.resources import app_users

    return app_users


def _unfit(call: Call, user: Doc, password: str, rules: Doc, *, history: bool) -> tuple[str, Why] | None:
    login, complexity = user["profile"]["login"], rules["complexity"]
    wanted = password_policy.requirements(complexity)
    text = f"password: Password requirements were not met. Password requirements: {', '.join(wanted)}."
    compared: tuple[Compared, ...] = (Compared("requirements", ", ".join(wanted), "password policy"),)
    if password_policy.shortcomings(password, login, complexity, user["profile"]):
        return text, Why("The password does not meet the password policy.", compared)
    keep = int(rules["age"]["historyCount"])
    if history and user["status"] == "ACTIVE" and password_policy.too_young(call, user):
        minutes = rules["age"]["minAgeMinutes"]
        compared = (*compared, Compared("minAgeMinutes", minutes, "password policy"),
                    Compared("passwordChanged", user["passwordChanged"], "the user"))  # fmt: skip
        return _YOUNG, Why("The password was changed too recently.", compared)
    if not history or not keep:
        return None
    used = [user.get("_passwordHash"), *user.get("_passwordHistory", ())][:keep]
    if not any(old and same_password(password, old) for old in used):
        return None
    compared = (*compared, Compared("historyCount", keep, "password policy"))
    text = f"{text} Your password cannot be any of your last {keep} passwords."
    return text, Why("The password was used before.", compared)


def put_recovery(user: Doc, question: str, answer: str, *, ids: Ids) -> None:
    """Write a recovery question; the answer is kept like a password, whatever its case."""
    user["credentials"]["recovery_question"] = {"question": question}
    user["_recoveryAnswer"] = hash_password(answer.strip().casefold(), ids.secret("salt", 12))


def recovery_matches(user: Doc, answer: Any) -> bool:
    stored = user.get("_recoveryAnswer")
    return isinstance(answer, str) and same_password(answer.strip().casefold(), stored) and stored is not None
