"""Realms as stored, and which one a user is in. Source: okta-admin-api.md 3.1 (realmId), appendix B (Realm).

Orgs of the Identity Engine have realms, with a default one from day one (inferred: `realmId` is on half of the
recorded users); orgs of the Classic Engine do not know them.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.expressions import Environment, ExpressionError, compile_expression
from emulator.okta.params import text_of
from emulator.okta.problems import not_found
from emulator.store import Column, Kind

REALMS = Kind(
    "realms", (Column("isDefault", kind="bool"), Column("profile.name", fold=True, unique=True)), settled=True
)
REALM_ASSIGNMENTS = Kind(
    "realm_assignments", (Column("name"), Column("status"), Column("priority", kind="number")), settled=True
)


def default_realm_id(store: Any) -> str | None:
    """The default realm's id; None where the org has no realms."""
    found = store.find(REALMS, "isDefault", 1)
    return str(found["id"]) if found is not None else None


def require_realms(call: Call) -> None:
    """Raises 401 E0000015 in orgs without realms."""
    if default_realm_id(call.store) is None:
        compared = (Compared("engine", call.info.get("engine"), "the org"),)
        raise Problem("E0000015", why=Why("Only orgs of the Identity Engine have realms.", compared))


def by_id(call: Call, id: str) -> Doc:
    found: Doc | None = call.store.get(REALMS, id)
    if found is None:
        raise not_found(id, "Realm")
    return found


def assignments(store: Any) -> list[Doc]:
    """Active assignments, the most important first."""
    found = store.find_all(REALM_ASSIGNMENTS, "status", "ACTIVE")
    return sorted(found, key=lambda item: (item["priority"], item["id"]))


def assigned_realm(call: Call, profile: Doc) -> str | None:
    """The realm that the assignments give a profile; the default one where none fits."""
    for item in assignments(call.store):
        if fits(item, profile, call.now):
            return str(item["actions"]["assignUserToRealm"]["realmId"])
    return default_realm_id(call.store)


def fits(assignment: Doc, profile: Doc, now: int) -> bool:
    """Whether an assignment's condition holds of a profile; one that cannot be evaluated does not."""
    text = ((assignment.get("conditions") or {}).get("expression") or {}).get("value")
    if not text:
        return True
    seen = {**profile, "profile": profile}
    try:
        return compile_expression(text).evaluate(Environment({"user": seen}, {}, now)) is True
    except ExpressionError:
        return False


def of_new_user(call: Call, body: Doc, profile: Doc) -> str | None:
    """The realm of a user who is being created. Raises 404."""
    if default_realm_id(call.store) is None:
        return None
    asked = text_of(body, "realmId")
    return str(by_id(call, asked)["id"]) if asked else assigned_realm(call, profile)


def change_realm(call: Call, user: Doc, body: Doc) -> bool:
    """Move a user to the realm that the body names; whether it is another one. Raises 404."""
    asked = text_of(body, "realmId")
    if not asked or default_realm_id(call.store) is None or asked == user.get("realmId"):
        return False
    realm_id = by_id(call, asked)["id"]
    if "realmId" in user:
        user["realmId"] = realm_id
        return True
    keys = list(user)
    at = keys.index("passwordChanged") + 1
    items = [*((key, user[key]) for key in keys[:at]), ("realmId", realm_id), *((key, user[key]) for key in keys[at:])]
    user.clear()
    user.update(items)
    return True
