"""Schemas of users and of app users: /api/v1/meta/schemas. Source: okta-admin-api.md 10.1, appendix C."""

from copy import deepcopy
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.okta.base_schema import base_properties
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import not_found
from emulator.okta.resources.user_types import USER_TYPES, of_id
from emulator.okta.schema_docs import USERNAME, applied, attributes, new_schema
from emulator.store import Column, Kind

USER_SCHEMAS = Kind("user_schemas", settled=True)
APP_SCHEMAS = Kind("app_schemas", (Column("_app"),), settled=True)
SEED_RANK = 16
_DRAFT = "http://json-schema.org/draft-04/schema#"


def user_schema(store: Any, type_id: str | None = None) -> Doc:
    """The schema of a user type; of the default one unless told otherwise."""
    found: Doc = store.get(USER_SCHEMAS, of_id(store, type_id)["_schemaId"])
    return found


def user_attributes(store: Any, type_id: str | None = None) -> Doc:
    """Every attribute of a user type by name."""
    return attributes(user_schema(store, type_id))


def new_type_schema(store: Any, kind: Doc, custom: Doc | None = None) -> None:
    """Make and store the schema of a user type: the base attributes, and custom ones where they are given."""
    described = kind["description"] or "Okta user profile template with default permission settings"
    schema = new_schema(
        kind["_schemaId"], name=kind["name"], title=kind["displayName"], at=kind["created"], base=base_properties(),
        description=described,
    )  # fmt: skip
    applied(schema, {"definitions": {"custom": {"properties": custom or {}}}})
    store.add(USER_SCHEMAS, {**schema, "_typeId": kind["id"]})


def drop_type_schema(store: Any, kind: Doc) -> None:
    """Forget the schema of a deleted user type."""
    store.drop(USER_SCHEMAS, kind["_schemaId"])


def app_schema(store: Any, app_id: str) -> Doc | None:
    """The app-user schema of an app instance."""
    found: Doc | None = store.get(APP_SCHEMAS, app_id)
    return found


def app_attributes(store: Any, app_id: str) -> Doc:
    """Every app-user attribute's definition by name; empty for an unknown instance."""
    found = app_schema(store, app_id)
    return attributes(found) if found is not None else {}


def new_app_schema(store: Any, app: Doc, base_properties: Doc) -> Doc:
    """Make and store the schema of a new app instance; `userName` comes first whatever `base_properties` holds.

    The second instance of a catalogue app gets the app's key and a number as the schema's name (inferred).
    """
    same = len(store.find_all(APP_SCHEMAS, "_app", app["name"]))
    name = app["name"] if not same else f"{app['name']}_{same}"
    base = {"userName": dict(USERNAME), **base_properties}
    schema = new_schema(app["id"], name=name, title=f"{app['label']} User", at=app["created"], base=base)
    made: Doc = store.add(APP_SCHEMAS, {**schema, "_app": app["name"]})
    return made


def add_custom(store: Any, app_id: str, properties: Doc) -> None:
    """Add custom attributes to the schema of an app instance; for seeds."""
    schema = app_schema(store, app_id)
    if schema is not None and properties:
        applied(schema, {"definitions": {"custom": {"properties": properties}}})
        store.put(APP_SCHEMAS, schema)


def drop_app_schema(store: Any, app_id: str) -> None:
    """Forget the schema of a deleted app instance."""
    store.drop(APP_SCHEMAS, app_id)


def render(call: Call, schema: Doc, path: str) -> Doc:
    """The envelope; its id is a URL below /meta, without /api/v1."""
    shown: Doc = {"id": f"{call.base}{path}", "$schema": _DRAFT}
    shown.update((key, value) for key, value in schema.items() if key != "id" and not key.startswith("_"))
    shown["definitions"] = {name: _shown(part, of_app="_app" in schema) for name, part in schema["definitions"].items()}
    refs = [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]
    return {**shown, "type": "object", "properties": {"profile": {"allOf": refs}}}


# Observed: what an attribute has by default is not printed; an app's attributes do not tell who may change them, and
# those that are lists tell whether their values combine.
_SILENT: Doc = {"required": False, "unique": "NOT_UNIQUE", "union": "DISABLE"}
_SILENT_IN_APPS: Doc = {**_SILENT, "mutability": "READ_WRITE"}


def _shown(part: Doc, *, of_app: bool) -> Doc:
    """A part of the definitions; one of an app that has no attributes does not tell which are required (observed)."""
    shown = {**part, "properties": {name: _told(item, of_app=of_app) for name, item in part["properties"].items()}}
    if of_app and not shown["properties"]:
        del shown["required"]
    return shown


def _told(item: Doc, *, of_app: bool) -> Doc:
    silent = _SILENT_IN_APPS if of_app else _SILENT
    lists = of_app and item.get("type") == "array"
    return {
        key: value for key, value in item.items()
        if (silent.get(key) != value or (lists and key == "union")) and not (of_app and key == "permissions")
    }  # fmt: skip


def _render_user(call: Call, schema: Doc) -> Doc:
    path = f"/meta/schemas/user/{schema['id']}"
    kind = schema["_typeId"]
    links = {
        "self": {"rel": "self", "href": f"{call.base}/api/v1{path}", "method": "GET"},
        "type": {"rel": "type", "href": f"{call.base}/api/v1/meta/types/user/{kind}", "method": "GET"},
    }
    return {**render(call, schema, path), "_links": links}


def _user_schema_of(call: Call) -> Doc:
    wanted = call.path["schemaId"]
    found: Doc | None = user_schema(call.store) if wanted == "default" else call.store.get(USER_SCHEMAS, wanted)
    if found is None:
        raise not_found(wanted, "CVDType")
    return deepcopy(found)


def _app_schema_of(call: Call) -> Doc:
    found = app_schema(call.store, call.path["appId"])
    if found is None:
        raise not_found(call.path["appId"], "AppInstance")
    return deepcopy(found)


@operation("GET", "/api/v1/meta/schemas/user/{schemaId}", source=OBSERVED, scope=("okta.schemas.read",))
def get_user_schema(call: Call) -> Doc:
    """The schema of users, by id or `default`."""
    return _render_user(call, _user_schema_of(call))


@operation(
    "POST", "/api/v1/meta/schemas/user/{schemaId}", source=OBSERVED, scope=("okta.schemas.manage",),
    emits=("directory.user_profile.update", "group.user_membership.rule.invalidate"),
)  # fmt: skip
def update_user_schema(call: Call) -> Doc:
    """Add, change or remove (null) attributes of users; values of a removed attribute go with it."""
    from emulator.okta import schema_changes

    schema = _user_schema_of(call)
    removed = applied(schema, body_object(call))
    schema["lastUpdated"] = stamp(call.now)
    schema_changes.check_users(call, schema)
    call.store.put(USER_SCHEMAS, schema)
    if removed:
        schema_changes.user_attributes_gone(call, schema["_typeId"], set(removed))
    emit(call, "directory.user_profile.update", [target("UDSchema", schema["id"], name=schema["title"])])
    return _render_user(call, schema)


@operation("GET", "/api/v1/meta/schemas/apps/{appId}/default", source=OBSERVED, scope=("okta.schemas.read",))
def get_app_schema(call: Call) -> Doc:
    """The schema of an app instance's users."""
    return render(call, _app_schema_of(call), f"/meta/schemas/apps/{call.path['appId']}/default")


@operation(
    "POST", "/api/v1/meta/schemas/apps/{appId}/default", source=OBSERVED, scope=("okta.schemas.manage",),
    emits=("directory.app_user_profile.update",),
)  # fmt: skip
def update_app_schema(call: Call) -> Doc:
    """Add, change or remove (null) attributes of an app instance's users."""
    from emulator.okta import schema_changes

    schema = _app_schema_of(call)
    removed = applied(schema, body_object(call))
    schema["lastUpdated"] = stamp(call.now)
    call.store.put(APP_SCHEMAS, schema)
    if removed:
        schema_changes.app_attributes_gone(call, schema["id"], set(removed))
    emit(call, "directory.app_user_profile.update", [target("AppInstance", schema["id"], name=schema["title"])])
    return render(call, schema, f"/meta/schemas/apps/{call.path['appId']}/default")


def seed(seeding: Seeding) -> None:
    """The schemas of the user types; `user_schema: {attribute: {title, type, ...}}` adds custom attributes to the
    default one, `attributes` of a type to that type's."""
    given = {spec["name"]: spec.get("attributes") for spec in seeding.spec.get("user_types", ())}
    for kind in seeding.store.all(USER_TYPES):
        custom = seeding.spec.get("user_schema") if kind["default"] else given.get(kind["name"])
        new_type_schema(seeding.store, kind, custom)
