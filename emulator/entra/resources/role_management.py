"""Who holds which directory role: /roleManagement/directory/roleAssignments. Source: graph-entra.md 1.13.

The same facts as /directoryRoles: an assignment over the tenant is a member of the activated role; one over an
administrative unit is a scoped member of it. Privileged Identity Management is in role_schedules.py.
"""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import administrative_units, directory_roles
from emulator.entra.resources.references import directory_object, rendered
from emulator.entra.resources.role_definitions import ADMINS, CUSTOM_ASSIGNMENTS, definition
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.store import Store

BASE = "/v1.0/roleManagement/directory"
ASSIGNMENTS = BASE + "/roleAssignments"
ADDED, REMOVED = "Add member to role", "Remove member from role"


# -- assignments --------------------------------------------------------------------------------------------------


def _id(*parts: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256("/".join(parts).encode()).digest()).rstrip(b"=").decode() + "-1"


def assignment(principal: str, role: str, scope: str = "/") -> Doc:
    """An assignment; its id is a function of what it links."""
    return {
        "id": _id(principal, role, scope), "principalId": principal, "roleDefinitionId": role,
        "directoryScopeId": scope, "principalOrganizationId": None, "resourceScope": scope,
    }  # fmt: skip


def assignments(store: Store) -> Iterator[Doc]:
    """Every assignment of the tenant: of activated roles, of roles over units, of the tenant's own roles."""
    templates: dict[str, str] = {role["id"]: role["roleTemplateId"] for role in store.all(directory_roles.ROLES)}
    for row in directory_roles.in_force(store, store.all(directory_roles.ROLE_MEMBERS)):
        bounds: Doc = {name: row[name] for name in ("_from", "_until") if name in row}
        yield {**assignment(row["principal"], templates[row["role"]]), **bounds}
    for row in store.all(administrative_units.SCOPED_ROLES):
        scope = f"/administrativeUnits/{row['administrativeUnitId']}"
        yield assignment(row["_member"], str(templates.get(row["roleId"], row["roleId"])), scope)
    for row in store.all(CUSTOM_ASSIGNMENTS):
        yield public(row)


def _shown(call: Call, row: Doc) -> Doc:
    return {name: value for name, value in row.items() if name not in ("principalOrganizationId", "resourceScope")}


def _expanded(name: str) -> queries.Relation:
    def fetch(call: Call, row: Doc) -> Any:
        if name == "roleDefinition":
            return definition(call.store, row["roleDefinitionId"])
        if name == "directoryScope":
            scope = directory_object(call, row["directoryScopeId"].rpartition("/")[2])
            return rendered(call, scope) if scope else None
        found = directory_object(call, row["principalId"])
        return rendered(call, found) if found else None

    return fetch


SHAPE = Shape(
    "unifiedRoleAssignment", "roleManagement/directory/roleAssignments", CUSTOM_ASSIGNMENTS, full=_shown,
    relations={name: _expanded(name) for name in ("principal", "roleDefinition", "directoryScope")},
)  # fmt: skip


@operation("GET", ASSIGNMENTS, source=DOCUMENTED)
def list_assignments(call: Call) -> Collection:
    """Who holds which role, and over what."""
    rows = list(assignments(call.store))
    return queries.of_documents(call, rows, resource=SHAPE.resource, context=SHAPE.set, shape=SHAPE)


def _assignment(call: Call) -> Doc:
    found = next((row for row in assignments(call.store) if row["id"] == call.path["id"]), None)
    if found is None:
        raise not_found(call.path["id"], what="role assignment")
    return found


@operation("GET", ASSIGNMENTS + "/{id}", source=DOCUMENTED)
def get_assignment(call: Call) -> Entity:
    """One assignment."""
    return queries.entity(call, SHAPE, _assignment(call))


@operation("POST", ASSIGNMENTS, source=DOCUMENTED, status=201, extra=ADMINS, emits=(ADDED, "Add role from template"))
def create_assignment(call: Call) -> Entity:
    """Give a role, over the tenant or over an administrative unit; a role is activated where needed."""
    body = bodies.checked(call.body, SHAPE.resource, shown_only=("principalOrganizationId", "condition"))
    for name in ("principalId", "roleDefinitionId", "directoryScopeId"):
        if not body.get(name):
            raise required(name, "UnifiedRoleAssignment")
    principal = directory_object(call, body["principalId"].lower())
    role = definition(call.store, body["roleDefinitionId"])
    if principal is None or role is None:
        raise not_found(
            body["principalId"] if principal is None else body["roleDefinitionId"], what="principal or role"
        )
    row = assignment(principal["id"], role["id"], scope_of(call, body["directoryScopeId"]))
    if any(held["id"] == row["id"] for held in assignments(call.store)):
        compared = (
            Compared("principalId", row["principalId"], "request body"),
            Compared("roleDefinitionId", row["roleDefinitionId"], "request body"),
        )
        raise Problem("role_active", why=Why("The principal holds the role already.", compared))
    give(call, row)
    return queries.entity(call, SHAPE, row, location=f"/roleManagement/directory/roleAssignments/{row['id']}")


def scope_of(call: Call, text: str) -> str:
    """`/`, or `/administrativeUnits/{id}` of a unit that is there."""
    head, _, unit = text.rpartition("/")
    if text == "/":
        return text
    if head == "/administrativeUnits" and call.store.get(administrative_units.UNITS, unit.lower()) is not None:
        return f"{head}/{unit.lower()}"
    raise invalid("directoryScopeId", "UnifiedRoleAssignment", text, rule="/ or /administrativeUnits/{id}.")


def give(call: Call, row: Doc, bounds: Doc | None = None) -> None:
    """Make an assignment, and log it. bounds: `_from` and `_until`, of one that holds for a time."""
    role, principal = definition(call.store, row["roleDefinitionId"]), directory_object(call, row["principalId"])
    assert role is not None  # both were looked up
    assert principal is not None
    if bounds and (not role["isBuiltIn"] or row["directoryScopeId"] != "/"):
        text = "Assignments for a time are supported for built-in roles over the tenant only."
        raise Problem("bad_request", text, why=not_emulated("A bounded assignment of this role or scope"))
    _store(call, row, role, principal, bounds or {})
    values = {"Role.DisplayName": (None, role["displayName"]), "Role.TemplateId": (None, role["templateId"])}
    audit(call, ADDED, [target(principal["_type"], public(principal), changed=values), target("Role", role)])


def _store(call: Call, row: Doc, role: Doc, principal: Doc, bounds: Doc) -> None:
    """Where the older resources have it; what was over before gives way."""
    if not role["isBuiltIn"]:
        call.store.add(CUSTOM_ASSIGNMENTS, row)
        return
    active = directory_roles.activated(call, role["id"])
    if row["directoryScopeId"] == "/":
        link = {"id": f"{active['id']}.{principal['id']}", "role": active["id"], "principal": principal["id"]}
        call.store.drop(directory_roles.ROLE_MEMBERS, link["id"])
        call.store.add(directory_roles.ROLE_MEMBERS, {**link, **bounds})
        return
    unit = row["directoryScopeId"].rpartition("/")[2]
    call.store.add(administrative_units.SCOPED_ROLES, {
        "id": f"{unit}.{active['id']}.{principal['id']}", "roleId": active["id"], "administrativeUnitId": unit,
        "roleMemberInfo": {"id": principal["id"], "displayName": principal["displayName"]}, "_member": principal["id"],
    })  # fmt: skip


@operation("DELETE", ASSIGNMENTS + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=(REMOVED,))
def delete_assignment(call: Call) -> None:
    """Take a role away."""
    take(call, _assignment(call))


def take(call: Call, row: Doc) -> None:
    """Remove an assignment from where it is stored, and log it."""
    role = definition(call.store, row["roleDefinitionId"]) or {"displayName": "", "id": row["roleDefinitionId"]}
    if call.store.drop(CUSTOM_ASSIGNMENTS, row["id"]) is None:
        active = call.store.find(directory_roles.ROLES, "roleTemplateId", row["roleDefinitionId"])
        unit = row["directoryScopeId"].rpartition("/")[2]
        if unit:
            call.store.drop(administrative_units.SCOPED_ROLES, f"{unit}.{active['id']}.{row['principalId']}")
        else:
            call.store.drop(directory_roles.ROLE_MEMBERS, f"{active['id']}.{row['principalId']}")
    principal = directory_object(call, row["principalId"]) or {"id": row["principalId"]}
    values = {"Role.DisplayName": (role["displayName"], None), "Role.TemplateId": (row["roleDefinitionId"], None)}
    audit(
        call, REMOVED, [target(principal.get("_type", "User"), public(principal), changed=values), target("Role", role)]
    )
