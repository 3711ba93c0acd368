"""What `$expand` fetches with a user. Source: graph-entra.md 1.3 and 1.8."""

from collections.abc import Mapping

from emulator.entra.resources import app_role_assignments, licences, memberships, ownership, permission_grants, users
from emulator.entra.resources.references import directory_object, marked, objects
from emulator.entra.shaping import Relation
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.store import Kind


def manager(call: Call, user: Doc) -> Doc | None:
    """The manager, with its type."""
    return directory_object(call, user["_manager"]) if user.get("_manager") else None


def reports(call: Call, user: Doc) -> list[Doc]:
    """The users whose manager this one is."""
    return [marked(item, "user") for item in call.store.find_all(users.USERS, "_manager", user["id"])]


def sponsors(call: Call, user: Doc) -> list[Doc]:
    """Users and groups that answer for this one."""
    return list(objects(call, user.get("_sponsors", [])).values())


def _rows(kind: Kind, column: str) -> Relation:
    return lambda call, user: [public(row) for row in call.store.find_all(kind, column, user["id"])]


RELATIONS: Mapping[str, Relation] = {
    "manager": manager,
    "directReports": reports,
    "sponsors": sponsors,
    "memberOf": lambda call, user: memberships.of(call, user["id"]),
    "transitiveMemberOf": lambda call, user: memberships.of(call, user["id"], nested=True),
    "ownedObjects": lambda call, user: ownership.linked(call, "_owners", user["id"]),
    "ownedDevices": lambda call, user: ownership.linked(call, "_owners", user["id"], only="device"),
    "registeredDevices": lambda call, user: ownership.linked(call, "_users", user["id"], only="device"),
    "createdObjects": lambda _call, _user: [],
    "licenseDetails": lambda call, user: licences.details(call, user, "").items,
    "appRoleAssignments": _rows(app_role_assignments.SHAPE.kind, "principalId"),
    "oauth2PermissionGrants": _rows(permission_grants.SHAPE.kind, "principalId"),
}
