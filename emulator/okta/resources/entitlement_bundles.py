"""Bundles of entitlement values: /governance/api/v1/entitlement-bundles.

Source: recordings of terraform-provider-okta. A bundle grants what it holds today.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta import governance, shapes
from emulator.okta.app_kinds import APPS, BUNDLES
from emulator.okta.governance import ACTIVE
from emulator.okta.params import body_object
from emulator.okta.problems import not_found
from emulator.okta.resources.entitlements import (
    APPLICATION,
    BASE,
    MANAGE,
    READ,
    answered,
    filtered,
    governed,
    linked,
    orn,
    reevaluate,
    resource,
    value_orn,
)
from emulator.okta.tokens import org

_EVENTS = ("application.user_membership.update",)
_reference = shapes.record({"id": shapes.text}, needed=("id",))
CHOSEN = shapes.many(
    shapes.record({"id": shapes.text, "values": shapes.many(_reference)}, needed=("id", "values")), 100
)
"""Reads `[{id, values: [{id}]}]`: entitlements with some of their values."""
_bundle = shapes.record(
    {"name": shapes.bounded(255, least=1), "description": shapes.bounded(1000), "target": resource,
     "entitlements": CHOSEN}, needed=("name", "target", "entitlements"), first={"description": ""},
)  # fmt: skip


def checked(call: Call, app: Doc, chosen: list[Doc]) -> None:
    """Entitlements and values that a body names are the app's. Raises E0000001."""
    known = {row["id"]: row for row in governance.of_app(call.store, app["id"])}
    for item in chosen:
        row = known.get(item["id"])
        if row is None:
            raise shapes.bad("entitlements.id", item["id"], allowed=f"entitlements of {app['label']}")
        values = {value["id"] for value in row["values"]}
        for value in item["values"]:
            if value["id"] not in values:
                raise shapes.bad("entitlements.values.id", value["id"], allowed=f"values of {row['name']}")
        if len(item["values"]) > 1 and not row["multiValue"]:
            raise shapes.bad("entitlements.values", len(item["values"]), allowed=f"one value of {row['name']}")


def expanded(call: Call, app_id: str, chosen: list[Doc]) -> list[Doc]:
    """Entitlements and values that are still there, in full."""
    known = {row["id"]: row for row in governance.of_app(call.store, app_id)}
    found = []
    for item in chosen:
        row = known.get(item["id"])
        if row is None:
            continue
        wanted = {value["id"] for value in item["values"]}
        values = [
            {**{name: value[name] for name in ("id", "name", "externalValue")}, "orn": value_orn(call, value["id"])}
            for value in row["values"] if value["id"] in wanted
        ]  # fmt: skip
        named = {name: row[name] for name in ("id", "name", "externalValue", "multiValue", "required", "dataType")}
        found.append({"values": values, **named})
    return found


def _bundle_orn(call: Call, id: str) -> str:
    return f"orn:okta:governance:{org(call)['id']}:entitlement-bundles:{id}"


def _render_bundle(call: Call, row: Doc, *, whole: bool) -> Doc:
    app = call.store.get(APPS, row["appId"])
    href = f"{call.base}{BASE}/entitlement-bundles/{row['id']}"
    chosen = expanded(call, app["id"], row["entitlements"]) if whole else row["entitlements"]
    named = ("name", "description", "id", "createdBy", "created", "lastUpdated", "lastUpdatedBy")
    return {
        "orn": _bundle_orn(call, row["id"]), "targetResourceOrn": orn(call, app),
        "target": {"externalId": app["id"], "type": APPLICATION}, "status": row["status"], "entitlements": chosen,
        "_links": {"self": {"href": href, "hints": {}}}, **{name: row[name] for name in named},
    }  # fmt: skip


def _load_bundle(call: Call) -> Doc:
    found: Doc | None = call.store.get(BUNDLES, call.path["bundleId"])
    if found is None:
        raise not_found(call.path["bundleId"], "EntitlementBundle")
    return found


@operation("GET", BASE + "/entitlement-bundles", source=OBSERVED, query=("filter",), **READ)
def list_bundles(call: Call) -> Doc:
    """Bundles, of an app: filter `target.externalId eq "..."`."""
    asked = filtered(call, ("target.externalId", "target.type", "name"), ())
    rows = [
        row for row in call.store.all(BUNDLES)
        if asked.get("target.externalId") in (None, row["appId"]) and asked.get("name") in (None, row["name"])
    ]  # fmt: skip
    return answered(call, [_render_bundle(call, row, whole=False) for row in rows])


@operation("POST", BASE + "/entitlement-bundles", source=OBSERVED, status=201, **MANAGE)
def create_bundle(call: Call) -> Doc:
    """A bundle of an app's entitlement values."""
    given = _bundle(body_object(call), "")
    app = governed(call, given.pop("target")["externalId"])
    checked(call, app, given["entitlements"])
    at = iso_seconds(call.now)
    row = {"id": call.ids.okta("enb"), "appId": app["id"], "status": ACTIVE, **given, "createdBy": call.caller.id,
           "created": at, "lastUpdated": at, "lastUpdatedBy": call.caller.id}  # fmt: skip
    call.store.add(BUNDLES, row)
    return linked(call, _render_bundle(call, row, whole=False))


@operation("GET", BASE + "/entitlement-bundles/{bundleId}", source=OBSERVED, **READ)
def get_bundle(call: Call) -> Doc:
    """One bundle, with its values in full."""
    return linked(call, _render_bundle(call, _load_bundle(call), whole=True))


@operation("DELETE", BASE + "/entitlement-bundles/{bundleId}", source=OBSERVED, emits=_EVENTS, **MANAGE)
def delete_bundle(call: Call) -> None:
    """Delete a bundle; what it granted ends."""
    row = _load_bundle(call)
    call.store.drop(BUNDLES, row["id"])
    reevaluate(call, call.store.get(APPS, row["appId"]))
