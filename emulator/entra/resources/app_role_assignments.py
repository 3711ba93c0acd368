"""App role assignments of service principals, users and groups. Source: graph-entra.md 1.14."""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import grants, groups, service_principals, users
from emulator.entra.resources.grants import APP_ROLE_ASSIGNMENTS, DEFAULT_ACCESS
from emulator.entra.resources.references import directory_object
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare

ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator", "Privileged Role Administrator")}
READ = (
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Directory.AccessAsUser.All",
)
WRITE = ("AppRoleAssignment.ReadWrite.All", "Directory.AccessAsUser.All")
_ADDED = {
    "ServicePrincipal": "Add app role assignment to service principal",
    "User": "Add app role assignment grant to user",
    "Group": "Add app role assignment to group",
}
_REMOVED = {
    "ServicePrincipal": "Remove app role assignment from service principal",
    "User": "Remove app role assignment from user",
    "Group": "Remove app role assignment from group",
}
_ADD: dict[str, Any] = {
    "source": DOCUMENTED, "status": 201, "scope": WRITE, "extra": ADMINS, "emits": tuple(_ADDED.values()),
}  # fmt: skip
_LIST, _ONE = "/v1.0/{owner}/{{id}}/appRoleAssignments", "/v1.0/{owner}/{{id}}/appRoleAssignments/{{assignmentId}}"
SHAPE = Shape("appRoleAssignment", "appRoleAssignments", APP_ROLE_ASSIGNMENTS)


def _owner(call: Call) -> Doc:
    """The user, group or service principal of the path."""
    first = next(part for part in call.operation.path.split("/") if part not in ("", "v1.0")).lower()
    loaders = {"users": users.load, "groups": groups.load, "serviceprincipals": service_principals.load}
    return loaders[first](call)


@operation("GET", _LIST.format(owner="servicePrincipals"), source=DOCUMENTED)
@operation("GET", _LIST.format(owner="users"), source=DOCUMENTED, scope=READ)
@operation("GET", _LIST.format(owner="groups"), source=DOCUMENTED, scope=READ)
def list_assignments(call: Call) -> Collection:
    """What an object is assigned to."""
    return queries.collection(call, SHAPE, only=Compare(("principalId",), "eq", _owner(call)["id"]))


@operation("GET", "/v1.0/servicePrincipals/{id}/appRoleAssignedTo", source=DOCUMENTED)
def list_assigned_to(call: Call) -> Collection:
    """Who is assigned to a resource."""
    return queries.collection(call, SHAPE, only=Compare(("resourceId",), "eq", _owner(call)["id"]))


@operation("POST", _LIST.format(owner="servicePrincipals"), **_ADD)
@operation("POST", _LIST.format(owner="users"), **_ADD)
@operation("POST", _LIST.format(owner="groups"), **_ADD)
def add_assignment(call: Call) -> Entity:
    """Assign the object of the path."""
    return _add(call, "principalId", _owner(call))


@operation("POST", "/v1.0/servicePrincipals/{id}/appRoleAssignedTo", **_ADD)
def add_assigned_to(call: Call) -> Entity:
    """Assign somebody to the resource of the path."""
    return _add(call, "resourceId", _owner(call))


def _add(call: Call, own: str, owner: Doc) -> Entity:
    names = ("principalId", "resourceId", "appRoleId")
    body = bodies.checked(call.body, "appRoleAssignment")
    for name in names:
        if not body.get(name):
            raise required(name, "AppRoleAssignment")
    wanted = {name: body[name].lower() for name in names}
    if wanted[own] != owner["id"]:
        raise invalid(own, "AppRoleAssignment", body[own], rule=f"{own} is the object of the path: {owner['id']}.")
    principal = directory_object(call, wanted["principalId"])
    resource = call.store.get(service_principals.SERVICE_PRINCIPALS, wanted["resourceId"])
    if principal is None or resource is None:
        raise not_found(body["principalId"] if principal is None else body["resourceId"])
    kind = principal["_type"]
    member = "Application" if kind == "ServicePrincipal" else "User"
    roles = service_principals.app_roles(resource)
    fitting = [role for role in roles if role["id"] == wanted["appRoleId"] and member in role["allowedMemberTypes"]]
    if not fitting and not (wanted["appRoleId"] == DEFAULT_ACCESS and not roles):
        compared: tuple[Compared, ...] = (
            Compared("appRoleId", body["appRoleId"], "request body"),
            Compared("member type", member, kind),
        )
        why = Why("The resource offers no such role to this kind of principal.", compared)
        raise Problem("permission_unknown", resource["appId"], why=why)
    row = grants.assignment(principal, kind, resource, wanted["appRoleId"], now=call.now)
    if call.store.get(APP_ROLE_ASSIGNMENTS, row["id"]) is not None:
        compared = tuple(Compared(name, wanted[name], "request body") for name in names)
        raise Problem("permission_exists", why=Why("The assignment is there already.", compared))
    call.store.add(APP_ROLE_ASSIGNMENTS, row)
    _log(call, _ADDED[kind], row)
    return queries.entity(call, SHAPE, row, location=f"/appRoleAssignments/{row['id']}")


@operation("GET", _ONE.format(owner="servicePrincipals"), source=DOCUMENTED, scope=READ)
@operation("GET", _ONE.format(owner="users"), source=DOCUMENTED, scope=READ)
@operation("GET", _ONE.format(owner="groups"), source=DOCUMENTED, scope=READ)
@operation("GET", "/v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}", source=DOCUMENTED, scope=READ)
def get_assignment(call: Call) -> Entity:
    """One assignment of the object of the path, or to it."""
    return queries.entity(call, SHAPE, _assignment(call))


@operation(
    "DELETE",
    _ONE.format(owner="servicePrincipals"),
    source=DOCUMENTED,
    scope=WRITE,
    extra=ADMINS,
    emits=tuple(_REMOVED.values()),
)
@operation(
    "DELETE", _ONE.format(owner="users"), source=DOCUMENTED, scope=WRITE, extra=ADMINS, emits=tuple(_REMOVED.values())
)
@operation(
    "DELETE", _ONE.format(owner="groups"), source=DOCUMENTED, scope=WRITE, extra=ADMINS, emits=tuple(_REMOVED.values())
)
@operation(
    "DELETE",
    "/v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}",
    source=DOCUMENTED,
    scope=WRITE,
    extra=ADMINS,
    emits=tuple(_REMOVED.values()),
)
def remove_assignment(call: Call) -> None:
    """End an assignment."""
    row = _assignment(call)
    call.store.drop(APP_ROLE_ASSIGNMENTS, row["id"])
    _log(call, _REMOVED[row["principalType"]], row)


def _assignment(call: Call) -> Doc:
    owner, id = _owner(call), call.path["assignmentId"]
    row: Doc | None = call.store.get(APP_ROLE_ASSIGNMENTS, id)
    if row is None or owner["id"] not in (row["principalId"], row["resourceId"]):
        raise not_found(id, what="assignment of this object")
    return row


def _log(call: Call, activity: str, row: Doc) -> None:
    resource = service_principals.app_roles(
        call.store.get(service_principals.SERVICE_PRINCIPALS, row["resourceId"]) or {"appId": "", "appRoles": []}
    )
    value = next((role["value"] for role in resource if role["id"] == row["appRoleId"]), None)
    pair = (None, value) if activity.startswith("Add") else (value, None)
    at = target(
        "ServicePrincipal",
        {"id": row["resourceId"], "displayName": row["resourceDisplayName"]},
        changed={"AppRole.Value": pair},
    )
    audit(
        call,
        activity,
        [at, target(row["principalType"], {"id": row["principalId"], "displayName": row["principalDisplayName"]})],
    )
