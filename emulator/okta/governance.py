"""Entitlement management: what an app's people are granted, and the profile attributes that grants decide.

Source: seed-catalogue.md 1.4 (licences and roles become entitlements, and enabling changes who owns their values); the
shapes are recordings' (terraform-provider-okta). An entitlement feeds the attribute that its `externalValue` names
(inferred). The values that an assignment has stay until its first grant (inferred).
"""

from collections.abc import Iterable
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.ids import base62, scramble
from emulator.kernel.problems import Compared, Why
from emulator.okta import office365
from emulator.okta.app_kinds import BUNDLES, ENTITLEMENTS, GRANTS
from emulator.okta.problems import invalid

ENABLED, NONE = "ENABLED", "NONE"
ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
CUSTOM, BUNDLE, ENTITLEMENT = "CUSTOM", "ENTITLEMENT-BUNDLE", "ENTITLEMENT"
_OFFICE365 = {"licenses": "Licenses", "roles": "Roles"}


def governs(app: Doc) -> bool:
    """Whether grants decide for the app."""
    return bool(app["settings"].get("emOptInStatus") == ENABLED)


def enable(store: Any, ids: Any, app: Doc) -> None:
    """Let grants decide; of Office 365 licences and roles become entitlements. The caller stores the app."""
    app["settings"]["emOptInStatus"] = ENABLED
    if not office365.is_office365(app) or of_app(store, app["id"]):
        return
    from emulator.okta.resources import schemas

    known = schemas.app_attributes(store, app["id"])
    for attribute, name in _OFFICE365.items():
        if attribute in known:
            id = ids.okta("esp")
            values = (known[attribute].get("items") or {}).get("enum") or ()
            store.add(ENTITLEMENTS, {
                "id": id, "appId": app["id"], "name": name, "externalValue": attribute, "description": None,
                "multiValue": True, "required": False, "dataType": "array",
                "values": [value_of(id, text, text) for text in values],
            })  # fmt: skip


def disable(app: Doc) -> None:
    """Let assignments decide again, with the values that they have by now. The caller stores the app."""
    app["settings"]["emOptInStatus"] = NONE


def value_of(entitlement_id: str, name: str, external: str, description: str | None = None) -> Doc:
    """A value; equal external values of one entitlement have equal ids."""
    id = "ent" + base62(scramble(b"entitlement value", f"{entitlement_id}/{external}", 0, 17), 17)
    return {"id": id, "name": name, "externalValue": external, "description": description}


def refresh_values(store: Any, app_id: str, attribute: str, names: Iterable[str]) -> None:
    """The app's catalogue was fetched again: its entitlement has these values now."""
    for row in of_app(store, app_id):
        if row["externalValue"] == attribute:
            row["values"] = [value_of(row["id"], name, name) for name in names]
            store.put(ENTITLEMENTS, row)


def of_app(store: Any, app_id: str) -> list[Doc]:
    found: list[Doc] = store.find_all(ENTITLEMENTS, "appId", app_id)
    return found


def of_user(store: Any, app_id: str, user_id: str) -> list[Doc]:
    """Grants of a user for an app, oldest first, ended ones included."""
    return [row for row in store.find_all(GRANTS, "userId", user_id) if row["appId"] == app_id]


def granted(store: Any, app_id: str, user_id: str) -> dict[str, list[str]]:
    """Ids of the values that a user has, by entitlement: those of the base grant, then of the additional ones."""
    rows = [row for row in of_user(store, app_id, user_id) if row["status"] == ACTIVE]
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: row["grantType"] != CUSTOM):
        for item in contents(store, row):
            mine = found.setdefault(item["id"], [])
            mine += [
                value["id"] for value in item["values"]
                if value["id"] not in mine and value["id"] not in row["_revoked"]
            ]  # fmt: skip
    return found


def contents(store: Any, grant: Doc) -> list[Doc]:
    """What a grant holds: its own list, or its bundle's of today."""
    if grant["grantType"] != BUNDLE:
        return list(grant["entitlements"])
    bundle = store.get(BUNDLES, grant["entitlementBundleId"])
    return list(bundle["entitlements"]) if bundle is not None else []


def apply(store: Any, app: Doc, app_user: Doc) -> None:
    """Give an app user the attributes that grants decide, in place."""
    if not governs(app) or not of_user(store, app["id"], app_user["userId"]):
        return
    mine = granted(store, app["id"], app_user["userId"])
    for row in of_app(store, app["id"]):
        if row["externalValue"] not in app_user["profile"]:
            continue
        ids = mine.get(row["id"], ())
        texts = [value["externalValue"] for value in row["values"] if value["id"] in ids]
        one = texts[0] if texts else None
        app_user["profile"][row["externalValue"]] = texts if row["dataType"] == "array" else one


def refuse_by_hand(store: Any, app: Doc, names: Iterable[str]) -> None:
    """Raises E0000001 for an attribute that grants decide."""
    if not governs(app):
        return
    owned = {row["externalValue"]: row for row in of_app(store, app["id"])}
    for name in sorted(set(names) & set(owned)):
        compared = (
            Compared("attribute", name, "request body"),
            Compared("entitlement", owned[name]["name"], f"entitlements of {app['label']}"),
            Compared("emOptInStatus", ENABLED, f"settings of {app['label']}"),
        )
        hint = "Grant the entitlement: POST /governance/api/v1/grants."
        why = Why("Entitlement management is enabled, and an entitlement decides the attribute.", compared, hint)
        raise invalid("profile", f"{name}: The attribute is managed by entitlements", why=why)
