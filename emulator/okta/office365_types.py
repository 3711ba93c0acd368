"""Changing the provisioning type of an Office 365 app: its schema, its mappings, the tenant's synchronisation.

Source: seed-catalogue.md 1.2 and 2.4, okta-admin-api.md 6.4.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import app_operations, job_queue, office365, office365_groups
from emulator.okta.app_kinds import APPS, MAPPINGS
from emulator.okta.office365_attributes import BASE, THROUGH_DIRECTORY
from emulator.okta.params import stamp
from emulator.okta.problems import invalid


def check_schema(store: Any, app: Doc, before: Doc | None) -> None:
    """Refuse a type whose base attributes are there as custom ones. Raises E0000001 `settings`."""
    from emulator.okta.resources import schemas

    if before is None or before["settings"]["app"]["office365ProvisioningType"] == _kind(app):
        return
    schema = schemas.app_schema(store, app["id"])
    custom = schema["definitions"]["custom"]["properties"] if schema is not None else {}
    twice = sorted(set(custom) & set(BASE[office365.provisioning_type(app)]))
    if not twice:
        return
    compared = (
        Compared("office365ProvisioningType", _kind(app), "settings.app"),
        Compared("custom attributes", ", ".join(twice), "app schema"),
    )
    hint = "Remove their mappings, then the custom attributes, and save again."
    why = Why("The type brings base attributes that the app has as custom ones.", compared, hint)
    raise invalid("settings", f"Attributes already exist in the app user profile: {', '.join(twice)}", why=why)


def _kind(app: Doc) -> str | None:
    found: str | None = app["settings"]["app"]["office365ProvisioningType"]
    return found


def settle_schema(store: Any, app: Doc, *, now: int) -> None:
    """Give the app's schema the type's base attributes with their mappings, and take those of other types away."""
    from emulator.okta.resources import schemas

    schema = schemas.app_schema(store, app["id"])
    if schema is None:
        return
    wanted = BASE[office365.provisioning_type(app)]
    others = set(BASE["UNIVERSAL_SYNC"]) - set(wanted)
    base = schema["definitions"]["base"]["properties"]
    gone = [name for name in base if name in others]
    new = [name for name in wanted if name not in base]
    if not gone and not new:
        return
    for name in gone:
        del base[name]
    for name in new:
        base[name] = wanted[name].in_schema()
    schema["lastUpdated"] = stamp(now)
    store.put(schemas.APP_SCHEMAS, schema)
    directory = bool(store.find(APPS, "name", "active_directory"))
    for mapping in store.find_all(MAPPINGS, "target.id", app["id"]):
        for name in gone:
            mapping["properties"].pop(name, None)
        for name in new:
            text = wanted[name].expression
            # Without an AD integration an expression that asks the directory could not be saved.
            if text is not None and (directory or "findDirectoryUser" not in text):
                mapping["properties"][name] = {"expression": text, "pushStatus": "PUSH"}
        store.put(MAPPINGS, mapping)


def planted(store: Any, app: Doc, spec: Doc, *, ids: Any, now: int) -> None:
    """What an app of a world file holds: its type's schema, a stored administrator, the sync account."""
    settle_schema(store, app, now=now)
    if spec.get("admin"):
        app["_admin"] = {"username": spec["admin"]["username"], "password": spec["admin"]["password"]}
    if spec.get("legacyUntil"):
        app["_legacyUntil"] = spec["legacyUntil"]
    if _kind(app) in THROUGH_DIRECTORY:
        given = spec.get("sync_account", {})
        login = given.get("username") or f"svc_OKTA_sync_{app['id']}@{office365.tenant_domain(app)}"
        app["_sync"] = {"login": login, "password": given.get("password") or "Aa1!" + ids.secret("sync", 24)}


def changed(call: Call, before: Doc, app: Doc) -> Doc | None:
    """A saved app has another type: schema and mappings follow; a type that synchronises sets the tenant up.

    Answers the operation of that, None where there is nothing to wait for.
    """
    if not office365.is_office365(app) or _kind(before) == _kind(app):
        return None
    settle_schema(call.store, app, now=call.now)
    if _kind(app) not in THROUGH_DIRECTORY or (app.get("_sync") or {}).get("login"):
        return None
    operation = app_operations.begin(call, app, "dirsync.enable")
    app["_sync"] = {"login": None, "password": "Aa1!" + call.ids.secret("sync", 24)}
    call.store.put(APPS, app)
    job_queue.enqueue(
        call, "dirsync.enable", key=f"dirsync:{app['id']}", app=app, operation_id=operation["id"],
        subject={"appId": app["id"], "operationId": operation["id"]},
        desired={"type": _kind(app), "previous": _kind(before)},
    )  # fmt: skip
    return operation


def reported(call: Call, job: Doc, report: Doc, *, failed: bool) -> None:
    """Directory synchronisation is set up; or it is not, and the type goes back to what it was."""
    app = call.store.get(APPS, job["appId"])
    if app is None:
        return
    if not failed:
        app["_sync"] = {**(app.get("_sync") or {}), "login": (report.get("result") or {}).get("login")}
        call.store.put(APPS, app)
        office365_groups.settle(call, app)
        return
    app.pop("_sync", None)
    app["settings"]["app"]["office365ProvisioningType"] = job["desired"]["previous"]
    settle_schema(call.store, app, now=call.now)
    call.store.put(APPS, app)
