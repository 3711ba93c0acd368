"""User types: an org has its default one. /api/v1/meta/types/user. Source: okta-admin-api.md 10.1, appendix C."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.okta.params import stamp
from emulator.okta.problems import not_found
from emulator.store import Column, Kind

USER_TYPES = Kind("user_types", (Column("name", unique=True),), settled=True)
SEED_RANK = 15


def default_type(store: Any) -> Doc:
    """The type that users have unless told otherwise."""
    found: Doc = store.all(USER_TYPES)[0]
    return found


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


@operation("GET", "/api/v1/meta/types/user", source=OBSERVED, scope=("okta.userTypes.read",))
def list_user_types(call: Call) -> list[Doc]:
    """Every user type."""
    return [render(call, kind) for kind in call.store.all(USER_TYPES)]


@operation("GET", "/api/v1/meta/types/user/{typeId}", source=OBSERVED, scope=("okta.userTypes.read",))
def get_user_type(call: Call) -> Doc:
    """One user type; `default` names the default one."""
    return render(call, by_id(call, call.path["typeId"]))


def seed(seeding: Seeding) -> None:
    """The default type; `user_type: {id, schema}` fixes its ids."""
    given, at = seeding.spec.get("user_type", {}), stamp(seeding.now)
    seeding.store.add(USER_TYPES, {
        "id": given.get("id") or seeding.ids.okta("oty"), "displayName": "User", "name": "user",
        "description": "Okta user profile template with default permission settings",
        "createdBy": "sprz0000000000000000", "lastUpdatedBy": "sprz0000000000000000",
        "created": at, "lastUpdated": at, "default": True, "_schemaId": given.get("schema") or seeding.ids.okta("osc"),
    })  # fmt: skip
