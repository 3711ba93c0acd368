"""Logon against the directory: /_lab/directory/logon, what an agent asks for a person who signs in at Okta.

Reasons are those of a domain controller's bind (data 525, 52e, 532, 533, 701, 773, 775).
"""

from emulator.directory import objects
from emulator.directory.resources import forests, users
from emulator.directory.resources.users import OURS, USERS
from emulator.kernel.call import Call
from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.kernel.passwords import check_password

REASONS = {
    "525": "no such user", "52e": "wrong password", "532": "password expired", "533": "account disabled",
    "773": "password must change", "775": "account locked out",
}  # fmt: skip


@operation("POST", "/_lab/directory/logon", source=OURS, auth="none", commit="manual")
def logon(call: Call) -> Doc:
    """`{userName, password}` -> `{ok, reason?, data?, objectGUID?, pwdLastSet?}`.

    Failures count towards the lockout.
    """
    return verify(call, objects.required(call.body, "userName"), objects.required(call.body, "password"))


def verify(call: Call, name: str, password: str) -> Doc:
    """The answer of `logon`; outside any transaction."""
    user = users.find(call.store, name)
    right = check_password(password, user.get("_password") if user else None)
    if user is None:
        return _no("525")
    with call.commit():
        return _decide(call, user["id"], right=right)


def _decide(call: Call, user_id: str, *, right: bool) -> Doc:
    user = call.store.get(USERS, user_id)
    if user is None:
        return _no("525")
    policy = forests.the(call.store)
    if _locked(user, policy, call.now):
        return _no("775")
    if not right:
        user["_failures"] = user.get("_failures", 0) + 1
        if policy["lockoutThreshold"] and user["_failures"] >= policy["lockoutThreshold"]:
            user["lockedOut"], user["_lockedAt"] = True, call.now
        call.store.put(USERS, user)
        return _no("52e")
    if user.get("_failures") or user.get("lockedOut"):
        user["_failures"], user["lockedOut"] = 0, False
        call.store.put(USERS, user)
    if not user["enabled"]:
        return _no("533")
    if user.get("passwordMustChange"):
        return _no("773")
    if user.get("passwordExpired"):
        return _no("532")
    return {"ok": True, "objectGUID": user["objectGUID"], "pwdLastSet": user["pwdLastSet"]}


def _locked(user: Doc, policy: Doc, now: int) -> bool:
    if not user.get("lockedOut"):
        return False
    lasts = parse_duration(policy["lockoutDuration"])
    return not lasts or now < user.get("_lockedAt", now) + lasts


def _no(data: str) -> Doc:
    return {"ok": False, "data": data, "reason": REASONS[data]}
