"""The schema of groups: /api/v1/meta/schemas/group/default. Source: okta-admin-api.md 10.1, appendix B."""

from copy import deepcopy
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.schema_docs import applied, attributes, new_schema
from emulator.store import Kind

GROUP_SCHEMAS = Kind("group_schemas", settled=True)
SEED_RANK = 17
_PATH = "/meta/schemas/group/default"
_ID = "default"


def group_schema(store: Any) -> Doc:
    found: Doc = store.get(GROUP_SCHEMAS, _ID)
    return found


def group_attributes(store: Any) -> Doc:
    """Every group attribute's definition by name."""
    return attributes(group_schema(store))


def _render(call: Call, schema: Doc) -> Doc:
    from emulator.okta.resources import schemas

    at = {"rel": "self", "href": f"{call.base}/api/v1{_PATH}", "method": "GET"}
    return {**schemas.render(call, schema, _PATH), "_links": {"self": at}}


@operation("GET", "/api/v1" + _PATH, source=DOCUMENTED, scope=("okta.schemas.read",))
def get_group_schema(call: Call) -> Doc:
    """The schema of groups."""
    return _render(call, group_schema(call.store))


@operation(
    "POST", "/api/v1" + _PATH, source=DOCUMENTED, scope=("okta.schemas.manage",),
    emits=("directory.user_profile.update",),
)  # fmt: skip
def update_group_schema(call: Call) -> Doc:
    """Add, change or remove (null) attributes of groups; values of a removed attribute go with it."""
    from emulator.okta.resources import groups

    schema = deepcopy(group_schema(call.store))
    removed = set(applied(schema, body_object(call)))
    schema["lastUpdated"] = stamp(call.now)
    call.store.put(GROUP_SCHEMAS, schema)
    if removed:
        groups.forget_attributes(call.store, removed)
    # No event type of the catalogue is for groups' schemas (inferred: that of users').
    emit(call, "directory.user_profile.update", [target("UDSchema", schema["id"], name=schema["title"])])
    return _render(call, schema)


def _base() -> Doc:
    read_write = {
        "mutability": "READ_WRITE", "scope": "NONE", "permissions": [{"principal": "SELF", "action": "READ_WRITE"}],
        "master": {"type": "PROFILE_MASTER"},
    }  # fmt: skip
    return {
        "name": {"title": "Name", "description": "Name", "type": "string", "required": True, "maxLength": 255,
                 **read_write},
        "description": {"title": "Description", "description": "Description", "type": "string", "maxLength": 1024,
                        **read_write},
    }  # fmt: skip


def seed(seeding: Seeding) -> None:
    """The group schema; `group_schema: {attribute: {title, type, ...}}` adds custom attributes."""
    schema = new_schema(
        _ID, name="group", title="Okta group", at=stamp(seeding.now), base=_base(),
        description="Okta group profile template",
    )  # fmt: skip
    applied(schema, {"definitions": {"custom": {"properties": seeding.spec.get("group_schema") or {}}}})
    seeding.store.add(GROUP_SCHEMAS, schema)
