"""Directory roles as definitions: /roleManagement/directory/roleDefinitions. Source: graph-entra.md 1.13."""

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import directory_roles
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

ROLE_DEFINITIONS = Kind("role_definitions", (Column("displayName", fold=True, unique=True),), settled=True)
CUSTOM_ASSIGNMENTS = Kind("custom_role_assignments", (Column("principalId"), Column("roleDefinitionId")), settled=True)
DEFINITIONS = "/v1.0/roleManagement/directory/roleDefinitions"
ADMINS = {"roles": ("Privileged Role Administrator",)}
READ_ACTIONS = ["microsoft.directory/users/standard/read"]


def built_in(template: str, name: str) -> Doc:
    """A role of Microsoft's as a definition; what it may do is not spelled out."""
    return {
        "id": template, "description": directory_roles.description(name), "displayName": name, "isBuiltIn": True,
        "isEnabled": True, "resourceScopes": ["/"], "templateId": template, "version": "1",
        "rolePermissions": [{"allowedResourceActions": list(READ_ACTIONS), "condition": None}],
    }  # fmt: skip


def definitions(store: Store) -> list[Doc]:
    """Microsoft's roles, and the tenant's own."""
    found = [built_in(template, name) for name, template in directory_roles.TEMPLATES.items()]
    return [*found, *(public(row) for row in store.all(ROLE_DEFINITIONS))]


def definition(store: Store, id: str) -> Doc | None:
    return next((item for item in definitions(store) if item["id"] == id.lower()), None)


def _inherits(_: Call, role: Doc) -> list[Doc]:
    """Built-in roles have the permissions of Directory Readers as well."""
    parent = directory_roles.TEMPLATES["Directory Readers"]
    return [{"id": parent}] if role["isBuiltIn"] and role["id"] != parent else []


def _definition(call: Call) -> Doc:
    found = definition(call.store, call.path["id"])
    if found is None:
        raise not_found(call.path["id"], what="role definition")
    return found


@operation("GET", DEFINITIONS, source=DOCUMENTED)
def list_definitions(call: Call) -> Collection:
    """Every role."""
    return queries.of_documents(
        call,
        definitions(call.store),
        resource="unifiedRoleDefinition",
        context="roleManagement/directory/roleDefinitions",
    )


@operation("GET", DEFINITIONS + "/{id}", source=DOCUMENTED)
def get_definition(call: Call) -> Entity:
    """One role."""
    wanted = queries.options(call, "unifiedRoleDefinition", single=True)
    shape = Shape("unifiedRoleDefinition", "", ROLE_DEFINITIONS, relations={"inheritsPermissionsFrom": _inherits})
    context = f"roleManagement/directory/roleDefinitions{queries.fragment(wanted)}/$entity"
    return Entity(context, queries.shown(call, shape, _definition(call), wanted))


@operation("POST", DEFINITIONS, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add role definition",))
def create_definition(call: Call) -> Entity:
    """Add a custom role."""
    body = _checked(call.body)
    for name in ("displayName", "rolePermissions", "isEnabled"):
        if body.get(name) in (None, "", []):
            raise required(name, "UnifiedRoleDefinition")
    id = call.ids.guid("roleDefinition")
    row = {
        "id": id, "description": None, "isBuiltIn": False, "resourceScopes": ["/"], "version": None,
        "templateId": body.get("templateId") or id, **body,
    }  # fmt: skip
    _check_name(call.store, row)
    call.store.add(ROLE_DEFINITIONS, row)
    logged(call, "Add role definition", "Role", row)
    return Entity(
        "roleManagement/directory/roleDefinitions/$entity",
        row,
        location=f"/roleManagement/directory/roleDefinitions/{id}",
    )


@operation("PATCH", DEFINITIONS + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update role definition",))
def update_definition(call: Call) -> Entity | None:
    """Change a custom role."""
    row = _own(call)
    body = _checked(call.body)
    old = dict(row)
    row.update(body)
    if not row["displayName"] or not row["rolePermissions"]:
        raise required("displayName" if not row["displayName"] else "rolePermissions", "UnifiedRoleDefinition")
    _check_name(call.store, row)
    call.store.put(ROLE_DEFINITIONS, row)
    logged(call, "Update role definition", "Role", row, old)
    return changed(call, Entity("roleManagement/directory/roleDefinitions/$entity", row))


@operation("DELETE", DEFINITIONS + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete role definition",))
def delete_definition(call: Call) -> None:
    """Remove a custom role that nobody holds."""
    row = _own(call)
    holders = [item["principalId"] for item in call.store.find_all(CUSTOM_ASSIGNMENTS, "roleDefinitionId", row["id"])]
    if holders:
        why = Why("Somebody holds the role.", (Compared("principals", holders, "roleAssignments"),))
        raise Problem("role_in_use", why=why)
    call.store.drop(ROLE_DEFINITIONS, row["id"])
    logged(call, "Delete role definition", "Role", row)


def _checked(body: Doc) -> Doc:
    return bodies.checked(
        body, "unifiedRoleDefinition", shown_only=("isBuiltIn",), limits={"displayName": 256, "description": 1024}
    )


def _own(call: Call) -> Doc:
    """The custom role of the path; Microsoft's cannot be changed."""
    found = _definition(call)
    if found["isBuiltIn"]:
        compared = (Compared("isBuiltIn", True, found["displayName"]),)
        raise Problem("role_built_in", why=Why("Microsoft's own roles are read-only.", compared))
    return found


def _check_name(store: Store, row: Doc) -> None:
    for other in definitions(store):
        if other["displayName"].casefold() == row["displayName"].casefold() and other["id"] != row["id"]:
            compared = (
                Compared("displayName", row["displayName"], "request body"),
                Compared("held by", other["id"], "tenant"),
            )
            raise Problem("role_active", why=Why("The name of a role is unique.", compared))
