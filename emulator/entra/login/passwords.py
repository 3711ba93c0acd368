"""Passwords in the cloud, and smart lockout. Source: graph-entra.md 2.3, 2.11, 2.14."""

# Differs: every wrong password counts, and each lockout is a minute; the service does not count one wrong password
# twice, and locks longer each time.

from emulator.entra.login.claims import Identity
from emulator.entra.login.dialect import because
from emulator.entra.login.tenancy import domain_of, federation_of, resolve
from emulator.entra.login.tickets import check_enabled
from emulator.entra.resources import users
from emulator.entra.signins import Attempt
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import SECOND, iso
from emulator.kernel.doc import Doc
from emulator.kernel.passwords import check_password as matches
from emulator.kernel.problems import Problem
from emulator.store import Kind

LOGIN_FAILURES = Kind("login_failures")
MOST_FAILURES = 10
LOCKED_MS = 60 * SECOND


def check_password(call: Call, name: str, password: str, attempt: Attempt) -> Identity:
    """The managed user of that name and password.

    Raises 50034 or 50059 (no such name), 50126 (wrong, or the domain is federated), 50053 (locked), 50056 (none set),
    50057 (disabled), 50055 (must be changed).
    """
    domain = domain_of(call, name)
    user = users.by_upn(call.store, name) if domain is not None else None
    attempt.user = user
    if federation_of(call, domain) is not None:
        rule = "Users of a federated domain have no password to check here."
        hint = "Use the identity provider (a browser, or WS-Trust); or a user of a managed domain."
        shown = ("authenticationType", "Federated", str(domain and domain["id"]))
        raise Problem("50126", why=because(rule, ("user name", name, "request"), shown, hint=hint))
    if user is None:
        matches(password, None)
        raise _no_user(call, name, domain)
    _check_lock(call, user)
    if not user.get("_password"):
        rule = "The user has no password in the cloud."
        raise Problem("50056", why=because(rule, ("password", "none", user["userPrincipalName"])))
    if not users.password_ok(user, password):
        _count_failure(call, user)
    check_enabled(user)
    if (user.get("_passwordProfile") or {}).get("forceChangePasswordNextSignIn"):
        shown = ("forceChangePasswordNextSignIn", "True", user["userPrincipalName"])
        hint = "Set forceChangePasswordNextSignIn to false."
        raise Problem("50055", why=because("The user must change the password first.", shown, hint=hint))
    if call.store.get(LOGIN_FAILURES, user["id"]) is not None:
        with call.commit():
            _check_lock(call, user)
            call.store.drop(LOGIN_FAILURES, user["id"])
    return Identity(user, ("pwd",), call.now)


def _no_user(call: Call, name: str, domain: Doc | None) -> Problem:
    here = str(tenant(call)["displayName"])
    known = "a verified domain" if domain is not None else "not a verified domain"
    why = because("The tenant has no user of that name.", ("user name", name, "request"), ("its domain", known, here))
    if domain is None and resolve(call).shared:
        return Problem("50059", why=why)
    return Problem("50034", name, here, why=why)


def _check_lock(call: Call, user: Doc) -> None:
    row = call.store.get(LOGIN_FAILURES, user["id"])
    if row is not None and row["lockedUntil"] > call.now:
        raise Problem(
            "50053",
            why=because(
                f"{MOST_FAILURES} wrong passwords lock the account for a minute.",
                ("locked until", iso(row["lockedUntil"]), user["userPrincipalName"]),
                ("now", iso(call.now), "world clock"),
            ),
        )


def _count_failure(call: Call, user: Doc) -> None:
    """Raise 50126 and count it; the tenth failure locks. Raises 50053 where another process has just locked."""
    with call.commit():
        _check_lock(call, user)
        row = call.store.get(LOGIN_FAILURES, user["id"])
        new = row is None
        row = row or {"id": user["id"], "count": 0, "lockedUntil": 0}
        row["count"] += 1
        if row["count"] >= MOST_FAILURES:
            row.update(count=0, lockedUntil=call.now + LOCKED_MS)
        if new:
            call.store.add(LOGIN_FAILURES, row)
        else:
            call.store.put(LOGIN_FAILURES, row)
        raise Problem(
            "50126",
            why=because(
                "The password is not the user's.",
                ("failures since the last success", row["count"] or MOST_FAILURES, user["userPrincipalName"]),
                ("lockout after", MOST_FAILURES, "smart lockout"),
            ),
            keep=True,
        )
