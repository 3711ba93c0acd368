"""Passwords in the cloud, and smart lockout. Source: graph-entra.md 2.3, 2.11, 2.14."""

# Differs: every wrong password counts, and each lockout is a minute; the service does not count one wrong password
# twice, and locks longer each time.

from emulator.entra.login.claims import Identity
from emulator.entra.login.dialect import because
from emulator.entra.login.tenancy import domain_of, federation_for, resolve
from emulator.entra.login.tickets import check_enabled
from emulator.entra.resources import authentication_methods as methods
from emulator.entra.resources import authentication_methods_policy as policy
from emulator.entra.resources import users
from emulator.entra.signins import Attempt
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, SECOND, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.passwords import check_password as matches
from emulator.kernel.problems import Problem
from emulator.store import Kind

LOGIN_FAILURES = Kind("login_failures")
MOST_FAILURES = 10
# Differs: the 90 days that a domain shows unless it is given another period are not enforced, as passwords of new
# tenants do not expire; a period that was set is.
UNENFORCED = (90, 2_147_483_647)
"""Values of passwordValidityPeriodInDays with which passwords do not expire: the default, and never."""
LOCKED_MS = 60 * SECOND


def check_password(call: Call, name: str, password: str, attempt: Attempt, *, cloud: bool = False) -> Identity:
    """The managed user of that name and password; with `cloud` a federated one whose password is in the cloud too.

    Raises 50034 or 50059 (no such name), 50126 (wrong, or the domain is federated), 50053 (locked), 50056 (none set),
    50057 (disabled), 50055 and 50144 (must be changed).
    """
    domain = domain_of(call, name)
    user = users.by_upn(call.store, name) if domain is not None else None
    attempt.user = user
    if federation_for(call, name) is not None and not cloud:
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
    _check_current(call, user, domain)
    if call.store.get(LOGIN_FAILURES, user["id"]) is not None:
        with call.commit():
            _check_lock(call, user)
            call.store.drop(LOGIN_FAILURES, user["id"])
    return Identity(user, ("pwd",), call.now)


def verify_current(call: Call, user: Doc, password: str) -> Identity:
    """Somebody who changes an expired password: its current one is asked for again. Raises 120000, 50053, 50057."""
    _check_lock(call, user)
    if not users.password_ok(user, password):
        _count_failure(call, user, code="120000")
    check_enabled(user)
    return Identity(user, ("pwd",), call.now)


def _check_current(call: Call, user: Doc, domain: Doc | None) -> None:
    """Raises 50055 for a password that must be changed or has expired, 50144 where that is to be done on-premises."""
    synced = bool(user.get("onPremisesSyncEnabled"))
    profile = user.get("_passwordProfile") or {}
    if profile.get("forceChangePasswordNextSignIn") and not profile.get("forceChangePasswordNextSignInWithMfa"):
        shown = ("forceChangePasswordNextSignIn", "True", user["userPrincipalName"])
        hint = "Change it on the sign-in page, or set forceChangePasswordNextSignIn to false."
        why = because("The user must change the password first.", shown, hint=hint)
        raise Problem("50144" if synced else "50055", why=why)
    days = int((domain or {}).get("passwordValidityPeriodInDays") or UNENFORCED[0])
    changed = parse_iso(user.get("lastPasswordChangeDateTime") or user["createdDateTime"])
    exempt = synced or "DisablePasswordExpiration" in (user.get("passwordPolicies") or "")
    if days not in UNENFORCED and not exempt and call.now >= changed + days * DAY:
        raise Problem(
            "50055",
            why=because(
                "The password is older than the domain lets passwords be.",
                ("lastPasswordChangeDateTime", iso(changed), user["userPrincipalName"]),
                ("passwordValidityPeriodInDays", days, str(domain and domain["id"])),
                ("now", iso(call.now), "world clock"),
                hint="Change it on the sign-in page; passwordPolicies DisablePasswordExpiration exempts a user.",
            ),
        )


def with_pass(call: Call, name: str, text: str, attempt: Attempt) -> tuple[Identity, Doc]:
    """The managed user of that name and temporary access pass, and the pass. Raises 50034, 130503, 50057."""
    domain = domain_of(call, name)
    user = users.by_upn(call.store, name) if domain is not None else None
    attempt.user = user
    if user is None or federation_for(call, name) is not None:
        raise _no_user(call, name, domain)
    _check_lock(call, user)
    held = methods.pass_ok(call.store, user["id"], text, call.now)
    if held is None or not policy.allows(call.store, "TemporaryAccessPass", user["id"]):
        _count_failure(call, user, code="130503")
    check_enabled(user)
    assert held is not None
    return Identity(user, ("otp", "mfa"), call.now), held


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


def _count_failure(call: Call, user: Doc, *, code: str = "50126") -> None:
    """Raise `code` and count it; the tenth failure locks. Raises 50053 where another process has just locked."""
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
            code,
            why=because(
                "The password is not the user's.",
                ("failures since the last success", row["count"] or MOST_FAILURES, user["userPrincipalName"]),
                ("lockout after", MOST_FAILURES, "smart lockout"),
            ),
            keep=True,
        )
