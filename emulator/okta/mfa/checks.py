"""Is this code or answer right: compared once, counted, logged. Source: okta-admin-api.md 14, appendix D.

E0000068 wrong, E0000082 used before, E0000083 right but too old, E0000069 once too many. Call these inside a write
transaction: what is counted stays although the call is refused.
"""

import re

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.passwords import check_password as same_secret
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.events import emit, target, user_target
from emulator.okta.mfa import challenges
from emulator.okta.mfa.catalogue import TAC, type_of
from emulator.okta.mfa.factors import FACTORS
from emulator.okta.params import stamp
from emulator.okta.user_docs import USERS
from emulator.okta.user_states import LIFECYCLE, shift
from emulator.protocols import otp

MOST_FAILURES = 5
"""Wrong codes in a row, of any factors, that lock the user. Inferred from the vendor's help."""
MISMATCH = "Your passcode doesn't match our records. Please try again."
WRONG_ANSWER = "Your answer doesn't match our records. Please try again."
# Steps of 30 seconds to either side: accepted, and recognised as right but out of time. Inferred.
_NEAR, _FAR = 2, 20
_LOOK_AHEAD = 10
_CODE = re.compile(r"[0-9]{4,10}")


def check(call: Call, user: Doc, factor: Doc, given: str | None) -> None:
    """Whether a code or answer is the factor's. Raises 403; logs `user.authentication.auth_via_mfa` either way."""
    if user["status"] == "LOCKED_OUT":
        raise locked(user)
    verdict = compare(call, factor, given or "")
    if verdict == "right":
        succeed(call, user, factor)
        return
    raise fail(call, user, factor, verdict)


def compare(call: Call, factor: Doc, given: str) -> str:
    """`right`, `wrong`, `late`, `used` or `none` (no code was sent). A right code is spent."""
    from emulator.okta.mfa import access_code, yubikeys

    kind = type_of(factor)
    if kind.name == "question":
        same = same_secret(given.strip().casefold(), factor.get("_answer"))
        return "right" if same and factor.get("_answer") else "wrong"
    if kind.sends:
        return challenges.take_code(call, factor, given.strip())
    if kind is TAC:
        return access_code.compare(call, factor, given.strip())
    if kind.name == yubikeys.NAME:
        return yubikeys.compare(call, factor, given)
    if kind.name == "token:hotp":
        return _counted(call, factor, given.strip())
    return _timed(call, factor, given.strip()) if kind.code else "wrong"


def _timed(call: Call, factor: Doc, given: str) -> str:
    if not _CODE.fullmatch(given):
        return "wrong"
    now = otp.step_of(call.now)
    found = otp.matching(otp.decoded(factor["_secret"]), given, range(max(0, now - _FAR), now + _FAR + 1))
    if found is None:
        return "wrong"
    if abs(found - now) > _NEAR:
        return "late"
    return _spend(call, factor, found)


def _counted(call: Call, factor: Doc, given: str) -> str:
    if not _CODE.fullmatch(given):
        return "wrong"
    after = factor.get("_counter", -1)
    secret = otp.decoded(factor["_secret"])
    found = otp.matching(secret, given, range(max(0, after - _LOOK_AHEAD), after + _LOOK_AHEAD + 1))
    return "wrong" if found is None else _spend(call, factor, found)


def _spend(call: Call, factor: Doc, counter: int) -> str:
    """Each code works once, and none before it any more."""
    if counter <= factor.get("_counter", -1):
        return "used"
    factor["_counter"] = counter
    if call.store.get(FACTORS, factor["id"]) is not None:
        call.store.put(FACTORS, factor)
    return "right"


def succeed(call: Call, user: Doc, factor: Doc) -> None:
    """Forget earlier failures, and log."""
    if user.get("_factorFailures"):
        user["_factorFailures"] = 0
        call.store.put(USERS, user)
    log(call, user, factor, "SUCCESS", None, None)


def fail(call: Call, user: Doc, factor: Doc, verdict: str) -> Problem:
    """Count a failure, lock at the last, log; the problem to raise."""
    user["_factorFailures"] = user.get("_factorFailures", 0) + 1
    why = Why(_RULES[verdict], (
        Compared("factor", f"{factor['factorType']} ({factor['provider']})", f"user {user['profile']['login']}"),
        Compared("failures in a row", user["_factorFailures"], "the user"),
        Compared("most", MOST_FAILURES, "org"),
    ))  # fmt: skip
    log(call, user, factor, "FAILURE", _REASONS[verdict], why)
    after = LIFECYCLE.after(user["status"], "lock")
    if user["_factorFailures"] >= MOST_FAILURES and after is not None:
        shift(user, after, now=call.now)
        user["_lockedAt"], user["_factorFailures"] = call.now, 0
        call.store.put(USERS, user)
        emit(
            call, "user.account.lock", [user_target(user)], outcome="FAILURE", reason="LOCKED_OUT",
            actor=user_target(user), why=why,
        )  # fmt: skip
        return locked(user)
    call.store.put(USERS, user)
    code = {"used": "E0000082", "late": "E0000083"}.get(verdict, "E0000068")
    cause = WRONG_ANSWER if factor["factorType"] == "question" else MISMATCH
    return Problem(code, causes=(cause,) if code == "E0000068" else (), why=why, keep=True)


_RULES = {
    "wrong": "The code or answer is not the one that is wanted.",
    "none": "No code is open for this factor: none was sent, or it was used.",
    "late": "The code is right, but its time is over.",
    "used": "The code was used before; each works once.",
}
_REASONS = {"wrong": "INVALID_CREDENTIALS", "none": "INVALID_CREDENTIALS", "late": "EXPIRED", "used": "CODE_REUSED"}


def locked(user: Doc) -> Problem:
    """403 for somebody whose account is locked."""
    compared = (Compared("status", user["status"], f"user {user['profile']['login']}"),)
    return Problem("E0000069", why=Why("The user is locked out after too many failures.", compared), keep=True)


def log(call: Call, user: Doc, factor: Doc, outcome: str, reason: str | None, why: Why | None) -> None:
    """`user.authentication.auth_via_mfa`, with the factor in its debug data."""
    emit(
        call, "user.authentication.auth_via_mfa", [user_target(user)], outcome=outcome, reason=reason,
        actor=user_target(user), why=why, debug={"factor": type_of(factor).log, "factorId": factor["id"]},
    )  # fmt: skip


def log_change(call: Call, user: Doc, factor: Doc, what: str) -> None:
    """`user.mfa.factor.activate`, `deactivate` or `update`."""
    reason = f"User {_DONE[what]} {type_of(factor).log} factor"
    named = target("AuthenticatorEnrollment", factor["id"], name=type_of(factor).label)
    emit(call, f"user.mfa.factor.{what}", [user_target(user), named], reason=reason,
         debug={"factor": type_of(factor).log})  # fmt: skip


_DONE = {"activate": "set up", "deactivate": "reset", "update": "changed"}


def touch(call: Call, factor: Doc) -> None:
    factor["lastUpdated"] = stamp(call.now)
    call.store.put(FACTORS, factor)
