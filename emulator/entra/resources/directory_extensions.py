"""Directory extensions: /applications/{id}/extensionProperties. Source: graph-entra.md 1.22 (100 values an object)."""

import re
from dataclasses import replace

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import conflict, invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import applications
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.query import Compare
from emulator.store import Column, Kind, Store

EXTENSIONS = Kind("extension_properties", (Column("name", fold=True, unique=True), Column("_app")), settled=True)
TYPES = ("Binary", "Boolean", "DateTime", "Integer", "LargeInteger", "String")
TARGETS = ("User", "Group", "AdministrativeUnit", "Application", "Device", "Organization")
ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator")}
READ = (
    "Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All",
    "Directory.ReadWrite.All", "Directory.AccessAsUser.All",
)  # fmt: skip
WRITE = ("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.AccessAsUser.All")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
SHAPE = Shape("extensionProperty", "extensionProperties", EXTENSIONS)


def by_name(store: Store, name: str) -> Doc | None:
    """The extension property of that full name (`extension_{appId}_{name}`)."""
    return store.find(EXTENSIONS, "name", name) if name.lower().startswith("extension_") else None


@operation("GET", "/v1.0/applications/{id}/extensionProperties", source=DOCUMENTED, scope=READ)
def list_properties(call: Call) -> Collection:
    """The directory extensions that an application defines."""
    application = applications.load(call)
    found = queries.collection(call, SHAPE, only=Compare(("_app",), "eq", application["id"]))
    return replace(found, context=f"applications('{application['id']}')/extensionProperties")


@operation("GET", "/v1.0/applications/{id}/extensionProperties/{propertyId}", source=DOCUMENTED, scope=READ)
def get_property(call: Call) -> Entity:
    """One directory extension."""
    return _entity(call, _load(call))


@operation(
    "POST", "/v1.0/applications/{id}/extensionProperties", source=DOCUMENTED, status=201, scope=WRITE, extra=ADMINS,
    emits=("Update application",),
)  # fmt: skip
def create_property(call: Call) -> Entity:
    """Define a directory extension; its full name carries the application's client id."""
    application = applications.load(call)
    body = bodies.checked(call.body, "extensionProperty", shown_only=("appDisplayName", "isSyncedFromOnPremises"))
    for name in ("name", "dataType", "targetObjects"):
        if not body.get(name):
            raise required(name, "ExtensionProperty")
    if not _NAME.fullmatch(body["name"]):
        raise invalid("name", "ExtensionProperty", body["name"], rule="A name has letters, digits and underscores.")
    if body["dataType"] not in TYPES:
        raise invalid("dataType", "ExtensionProperty", body["dataType"], rule=f"dataType is one of {', '.join(TYPES)}.")
    if not set(body["targetObjects"]) <= set(TARGETS):
        rule = f"targetObjects holds {', '.join(TARGETS)}."
        raise invalid("targetObjects", "ExtensionProperty", body["targetObjects"], rule=rule)
    name = f"extension_{application['appId'].replace('-', '')}_{body['name']}"
    if by_name(call.store, name) is not None:
        raise conflict("name", name, application["displayName"])
    made = {
        "id": call.ids.guid("extensionProperty"), "deletedDateTime": None,
        "appDisplayName": application["displayName"], "dataType": body["dataType"],
        "isMultiValued": bool(body.get("isMultiValued")), "isSyncedFromOnPremises": False, "name": name,
        "targetObjects": body["targetObjects"], "_app": application["id"],
    }  # fmt: skip
    call.store.add(EXTENSIONS, made)
    audit(call, "Update application", [target("Application", application, changed={"Extension": (None, name)})])
    return replace(_entity(call, made), location=f"/applications/{application['id']}/extensionProperties/{made['id']}")


@operation(
    "DELETE", "/v1.0/applications/{id}/extensionProperties/{propertyId}", source=DOCUMENTED, scope=WRITE, extra=ADMINS,
    emits=("Update application",),
)  # fmt: skip
def delete_property(call: Call) -> None:
    """Undefine a directory extension; values that objects hold cannot be seen any more."""
    found = _load(call)
    call.store.drop(EXTENSIONS, found["id"])
    application = applications.load(call)
    audit(
        call, "Update application", [target("Application", application, changed={"Extension": (found["name"], None)})]
    )


def _load(call: Call) -> Doc:
    application = applications.load(call)
    found: Doc | None = call.store.get(EXTENSIONS, call.path["propertyId"].lower())
    if found is None or found["_app"] != application["id"]:
        raise not_found(call.path["propertyId"], what="extension property of the application")
    return found


def _entity(call: Call, doc: Doc) -> Entity:
    found = queries.entity(call, SHAPE, doc)
    return replace(found, context=f"applications('{doc['_app']}')/extensionProperties/$entity")
