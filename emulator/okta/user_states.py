"""A user's states as data, and the one function that moves a user. Source: okta-admin-api.md 3.2."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.lifecycle import Lifecycle
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.params import stamp
from emulator.okta.problems import invalid
from emulator.okta.user_docs import USERS

DELETED = "DELETED"
"""Not a status that anyone sees: where the second DELETE leads."""

LIFECYCLE = Lifecycle({
    ("STAGED", "activate"): "PROVISIONED",
    ("STAGED", "activate_with_credential"): "ACTIVE",
    ("STAGED", "deactivate"): "DEPROVISIONED",
    ("PROVISIONED", "reactivate"): "PROVISIONED",
    ("PROVISIONED", "reset_password"): "RECOVERY",
    ("PROVISIONED", "set_password"): "ACTIVE",
    ("PROVISIONED", "deactivate"): "DEPROVISIONED",
    ("ACTIVE", "suspend"): "SUSPENDED",
    ("ACTIVE", "lock"): "LOCKED_OUT",
    ("ACTIVE", "expire_password"): "PASSWORD_EXPIRED",
    ("ACTIVE", "reset_password"): "RECOVERY",
    ("ACTIVE", "set_password"): "ACTIVE",
    ("ACTIVE", "deactivate"): "DEPROVISIONED",
    ("PASSWORD_EXPIRED", "lock"): "LOCKED_OUT",
    ("PASSWORD_EXPIRED", "reset_password"): "RECOVERY",
    ("PASSWORD_EXPIRED", "set_password"): "ACTIVE",
    ("PASSWORD_EXPIRED", "deactivate"): "DEPROVISIONED",
    ("RECOVERY", "reactivate"): "PROVISIONED",
    ("RECOVERY", "reset_password"): "RECOVERY",
    ("RECOVERY", "set_password"): "ACTIVE",
    ("RECOVERY", "deactivate"): "DEPROVISIONED",
    ("LOCKED_OUT", "unlock"): "ACTIVE",
    ("LOCKED_OUT", "reset_password"): "RECOVERY",
    ("LOCKED_OUT", "set_password"): "ACTIVE",
    ("LOCKED_OUT", "deactivate"): "DEPROVISIONED",
    ("SUSPENDED", "unsuspend"): "ACTIVE",
    ("SUSPENDED", "deactivate"): "DEPROVISIONED",
    ("DEPROVISIONED", "activate"): "PROVISIONED",
    ("DEPROVISIONED", "activate_with_credential"): "ACTIVE",
    ("DEPROVISIONED", "delete"): DELETED,
})  # fmt: skip
"""`lock` and `set_password` are not calls of their own: wrong passwords, and a password given by an administrator or
through a recovery link. LOCKED_OUT accepts `reset_password` because its recorded links offer it (inferred)."""


def move(call: Call, user: Doc, action: str) -> Doc:
    """Put the user into the state that `action` leads to, stamp and store it. Raises the refusal of that action."""
    after = LIFECYCLE.after(user["status"], action)
    if after is None or after == DELETED:
        raise refused(user, action)
    shift(user, after, now=call.now)
    call.store.put(USERS, user)
    return user


def shift(user: Doc, status: str, *, now: int) -> None:
    """Stamp a new status on a user document."""
    at = stamp(now)
    user["lastUpdated"] = at
    if user["status"] == status:
        return
    if status in ("PROVISIONED", "ACTIVE", "PASSWORD_EXPIRED") and user["status"] in ("STAGED", "DEPROVISIONED"):
        user["activated"] = at
    user["status"], user["statusChanged"] = status, at


def refused(user: Doc, action: str) -> Problem:
    """What the vendor answers to an action that the user's status does not allow."""
    allowed = sorted({source for source, name in LIFECYCLE.edges if name == action})
    compared = (
        Compared("status", user["status"], f"user {user['profile']['login']}"),
        Compared("statuses that allow it", ", ".join(allowed), f"action {action}"),
    )
    why = Why(f"The user's status does not allow {action.replace('_', ' ')}.", compared)
    if action.startswith("activate"):
        return Problem("E0000016", why=why)
    if action == "unlock":
        return Problem("E0000032", causes=("The user is not locked out.",), why=why)
    if action in ("suspend", "unsuspend"):
        text = f"Cannot {action} a user that is not {'active' if action == 'suspend' else 'suspended'}"
        return invalid(text, text, why=why)
    return Problem("E0000038", why=why)
