"""signInActivity of a user: when they signed in last, from the tenant's own sign-in log. Source: graph-entra.md 1.3."""

from emulator.entra.permissions import needs_permission
from emulator.entra.resources import skus
from emulator.entra.signins import STREAM
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import journal

_LOOK_AT = 200  # newest records of the user


def guard(call: Call) -> None:
    """Who may ask: holders of AuditLog.Read.All, in a tenant with a premium licence."""
    needs_permission(call, "AuditLog.Read.All")
    if not skus.has_plan(call.store, "AAD_PREMIUM", "AAD_PREMIUM_P2"):
        compared = (Compared("service plans", "no AAD_PREMIUM", "subscribedSkus"),)
        raise Problem("not_premium", why=Why("Sign-in activity needs Entra ID P1 or P2.", compared))


def of(call: Call, user: Doc) -> Doc | None:
    """The last sign-ins of each kind, and the last that succeeded; None where there was none."""
    rows = journal.read(
        call.store.database, party=call.party, stream=STREAM, about=user["id"], limit=_LOOK_AT, newest_first=True
    )
    found: Doc = {}
    for row in rows:
        doc = row["doc"]
        kind = "SignIn" if doc["isInteractive"] else "NonInteractiveSignIn"
        for name in (kind, "SuccessfulSignIn") if row["outcome"] == "success" else (kind,):
            found.setdefault(f"last{name}DateTime", doc["createdDateTime"])
            found.setdefault(f"last{name}RequestId", doc["id"])
    names = ("SignIn", "NonInteractiveSignIn", "SuccessfulSignIn")
    return (
        {f"last{name}{end}": found.get(f"last{name}{end}") for name in names for end in ("DateTime", "RequestId")}
        if found
        else None
    )
