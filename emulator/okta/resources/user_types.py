"""User types: /api/v1/meta/types/user. Each has a schema of its own. Source: okta-admin-api.md 10.1, B, C."""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp, text_of
from emulator.okta.problems import not_found, taken
from emulator.store import Column, Duplicate, Kind

USER_TYPES = Kind("user_types", (Column("name", unique=True),), settled=True)
SEED_RANK = 15
SYSTEM_USER = "sprz0000000000000000"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_AT = "/api/v1/meta/types/user"
_MANAGE: Any = {"source": OBSERVED, "scope": ("okta.userTypes.manage",)}


def default_type(store: Any) -> Doc:
    """The type that users have unless told otherwise."""
    found: Doc = store.all(USER_TYPES)[0]
    return found


def of_id(store: Any, id: str | None) -> Doc:
    """A user's type; the default one where none is named or the type is gone."""
    found: Doc | None = store.get(USER_TYPES, id) if id is not None else None
    return found if found is not None else default_type(store)


def by_id(call: Call, id: str) -> Doc:
    """A type by its id, or by `default`. Raises 404."""
    found: Doc | None = default_type(call.store) if id == "default" else call.store.get(USER_TYPES, id)
    if found is None:
        raise not_found(id, "CVDType")
    return found


def render(call: Call, kind: Doc) -> Doc:
    """The type as the API shows it."""
    api = f"{call.base}/api/v1/meta"
    return {
        **public(kind),
        "_links": {
            "schema": {"rel": "schema", "href": f"{api}/schemas/user/{kind['_schemaId']}", "method": "GET"},
            "self": {"rel": "self", "href": f"{api}/types/user/{kind['id']}", "method": "GET"},
        },
    }


@operation("GET", _AT, source=OBSERVED, scope=("okta.userTypes.read",))
def list_user_types(call: Call) -> list[Doc]:
    """Every user type."""
    return [render(call, kind) for kind in call.store.all(USER_TYPES)]


@operation("GET", _AT + "/{typeId}", source=OBSERVED, scope=("okta.userTypes.read",))
def get_user_type(call: Call) -> Doc:
    """One user type; `default` names the default one."""
    return render(call, by_id(call, call.path["typeId"]))


@operation("POST", _AT, emits=("directory.non_default_user_profile.create",), **_MANAGE)
def create_user_type(call: Call) -> Doc:
    """Add a type, with a schema that holds the base attributes and mappings like the default type's."""
    from emulator.okta import mapping_store
    from emulator.okta.resources import schemas

    body = body_object(call)
    name, at = needed_text(body, "name", most=50), stamp(call.now)
    if _NAME.fullmatch(name) is None:
        cause = "name: must begin with a letter and contain only letters, digits and underscores"
        raise bad("name", cause, "name", name, "A type's name is a variable name.")
    by = call.caller.id if call.caller.kind == "user" else SYSTEM_USER
    kind: Doc = {
        "id": call.ids.okta("oty"), "displayName": needed_text(body, "displayName"), "name": name,
        "description": _description(body), "createdBy": by, "lastUpdatedBy": by, "created": at, "lastUpdated": at,
        "default": False, "_schemaId": call.ids.okta("osc"),
    }  # fmt: skip
    try:
        call.store.add(USER_TYPES, kind)
    except Duplicate as error:
        raise taken("name", name) from error
    schemas.new_type_schema(call.store, kind)
    mapping_store.create_for_type(call.store, call.ids, kind)
    emit(call, "directory.non_default_user_profile.create", [target("UserType", kind["id"], name=kind["displayName"])])
    return render(call, kind)


@operation("POST", _AT + "/{typeId}", **_MANAGE)
def update_user_type(call: Call) -> Doc:
    """Change a type's displayName and description, those that the body names."""
    kind, body = by_id(call, call.path["typeId"]), body_object(call)
    changes: Doc = {}
    if body.get("displayName") is not None:
        changes["displayName"] = needed_text(body, "displayName")
    if "description" in body:
        changes["description"] = _description(body)
    return _changed(call, kind, body, changes)


@operation("PUT", _AT + "/{typeId}", **_MANAGE)
def replace_user_type(call: Call) -> Doc:
    """Replace a type's displayName and description; its name stays and must be sent."""
    kind, body = by_id(call, call.path["typeId"]), body_object(call)
    needed_text(body, "name", most=50)
    changes = {"displayName": needed_text(body, "displayName"), "description": _description(body)}
    return _changed(call, kind, body, changes)


def _changed(call: Call, kind: Doc, body: Doc, changes: Doc) -> Doc:
    name = text_of(body, "name")
    if name is not None and name != kind["name"]:
        compared = (Compared("name", name, "request body"), Compared("name", kind["name"], "the type"))
        raise Problem(
            "E0000001", "name", causes=("name: The name of a user type cannot be changed",),
            why=Why("A type has one name for life.", compared),
        )  # fmt: skip
    by = call.caller.id if call.caller.kind == "user" else SYSTEM_USER
    changed = {**kind, **changes, "lastUpdated": stamp(call.now), "lastUpdatedBy": by}
    call.store.put(USER_TYPES, changed)
    return render(call, changed)


@operation("DELETE", _AT + "/{typeId}", source=DOCUMENTED, scope=("okta.userTypes.manage",))
def delete_user_type(call: Call) -> None:
    """Delete a type that nobody has, with its schema and mappings; never the default one."""
    from emulator.okta import mapping_store
    from emulator.okta.resources import schemas
    from emulator.okta.user_docs import USERS

    kind = by_id(call, call.path["typeId"])
    used = call.store.find(USERS, "type.id", kind["id"])
    if kind["default"] or used is not None:
        compared = (
            Compared("default", kind["default"], "the type"),
            Compared("a user of the type", used["id"] if used else None, "users"),
        )
        raise Problem("E0000142", why=Why("Neither the default type nor one that users have is deleted.", compared))
    mapping_store.remove_for_type(call.store, kind)
    schemas.drop_type_schema(call.store, kind)
    call.store.drop(USER_TYPES, kind["id"])


def _description(body: Doc) -> str | None:
    text = text_of(body, "description")
    if text is not None and len(text) > 1024:
        raise bad("description", "description: The field is too long", "description", len(text), "1024 characters.")
    return text


def seed(seeding: Seeding) -> None:
    """The default type; `user_type: {id, schema}` fixes its ids. `user_types: [{name, displayName?, description?, id?,
    schema?, attributes?}]` adds further ones (attributes: custom ones, as in `user_schema`)."""
    given = seeding.spec.get("user_type", {})
    plain = {
        "name": "user", "displayName": "User",
        "description": "Okta user profile template with default permission settings",
    }  # fmt: skip
    for spec in ({**plain, **given, "default": True}, *seeding.spec.get("user_types", ())):
        at = stamp(seeding.now)
        seeding.store.add(USER_TYPES, {
            "id": spec.get("id") or seeding.ids.okta("oty"), "displayName": spec.get("displayName") or spec["name"],
            "name": spec["name"], "description": spec.get("description"), "createdBy": SYSTEM_USER,
            "lastUpdatedBy": SYSTEM_USER, "created": at, "lastUpdated": at, "default": spec.get("default", False),
            "_schemaId": spec.get("schema") or seeding.ids.okta("osc"),
        })  # fmt: skip
