"""Delegated grants: /oauth2PermissionGrants. Source: graph-entra.md 1.14."""

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import service_principals, users
from emulator.entra.resources.grants import PERMISSION_GRANTS, grant_id
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare

ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator", "Privileged Role Administrator")}
READ = (
    "Application.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.AccessAsUser.All",
)
SHAPE = Shape("oAuth2PermissionGrant", "oauth2PermissionGrants", PERMISSION_GRANTS)


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(PERMISSION_GRANTS, call.path["id"])
    if found is None:
        raise not_found(call.path["id"], what="permission grant")
    return found


@operation("GET", "/v1.0/oauth2PermissionGrants", source=DOCUMENTED)
def list_grants(call: Call) -> Collection:
    """Every delegated grant of the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/oauth2PermissionGrants/{id}", source=DOCUMENTED)
def get_grant(call: Call) -> Entity:
    """One grant."""
    return queries.entity(call, SHAPE, _load(call))


@operation("GET", "/v1.0/users/{id}/oauth2PermissionGrants", source=DOCUMENTED)
def list_of_user(call: Call) -> Collection:
    """The grants that a user gave."""
    return queries.collection(call, SHAPE, only=Compare(("principalId",), "eq", users.load(call)["id"]))


@operation("GET", "/v1.0/servicePrincipals/{id}/oauth2PermissionGrants", source=DOCUMENTED, scope=READ)
def list_of_client(call: Call) -> Collection:
    """The grants that a client has."""
    return queries.collection(call, SHAPE, only=Compare(("clientId",), "eq", service_principals.load(call)["id"]))


@operation(
    "POST",
    "/v1.0/oauth2PermissionGrants",
    source=DOCUMENTED,
    status=201,
    extra=ADMINS,
    emits=("Add delegated permission grant",),
)
def create_grant(call: Call) -> Entity:
    """Grant delegated permissions to a client, for all users or for one."""
    body = bodies.checked(call.body, "oAuth2PermissionGrant")
    for name in ("clientId", "consentType", "resourceId"):
        if not body.get(name):
            raise required(name, "OAuth2PermissionGrant")
    kind, user_id = body["consentType"], body.get("principalId")
    if kind not in ("AllPrincipals", "Principal"):
        raise invalid("consentType", "OAuth2PermissionGrant", kind, rule="consentType is AllPrincipals or Principal.")
    if (kind == "Principal") != bool(user_id):
        raise invalid(
            "principalId",
            "OAuth2PermissionGrant",
            user_id,
            rule="A grant of type Principal, and only that, names its user.",
        )
    for name in ("clientId", "resourceId"):
        if call.store.get(service_principals.SERVICE_PRINCIPALS, body[name].lower()) is None:
            raise not_found(body[name], what="service principal")
    user = users.by_key(call, user_id) if user_id else None
    client, resource = body["clientId"].lower(), body["resourceId"].lower()
    row = {
        "clientId": client, "consentType": kind, "id": grant_id(client, resource, user["id"] if user else None),
        "principalId": user["id"] if user else None, "resourceId": resource, "scope": body.get("scope") or "",
    }  # fmt: skip
    if call.store.get(PERMISSION_GRANTS, row["id"]) is not None:
        compared = tuple(
            Compared(name, row[name], "request body") for name in ("clientId", "resourceId", "principalId")
        )
        raise Problem(
            "same_key",
            "Permission entry",
            why=Why("There is one grant of each client, resource and principal.", compared),
        )
    call.store.add(PERMISSION_GRANTS, row)
    _log(call, "Add delegated permission grant", row, None, row["scope"])
    return queries.entity(call, SHAPE, row, location=f"/oauth2PermissionGrants/{row['id']}")


@operation(
    "PATCH",
    "/v1.0/oauth2PermissionGrants/{id}",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Add delegated permission grant",),
)
def update_grant(call: Call) -> Entity | None:
    """Replace the scopes of a grant."""
    row = _load(call)
    fixed = ("clientId", "consentType", "principalId", "resourceId")
    body = bodies.checked(call.body, "oAuth2PermissionGrant", shown_only=fixed)
    old = row["scope"]
    row["scope"] = body.get("scope") or ""
    call.store.put(PERMISSION_GRANTS, row)
    _log(call, "Add delegated permission grant", row, old, row["scope"])
    return changed(call, queries.entity(call, SHAPE, row))


@operation(
    "DELETE",
    "/v1.0/oauth2PermissionGrants/{id}",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Remove delegated permission grant",),
)
def delete_grant(call: Call) -> None:
    """End a grant."""
    row = _load(call)
    call.store.drop(PERMISSION_GRANTS, row["id"])
    _log(call, "Remove delegated permission grant", row, row["scope"], None)


def _log(call: Call, activity: str, row: Doc, old: str | None, new: str | None) -> None:
    values: dict[str, tuple[object, object]] = {
        "DelegatedPermissionGrant.Scope": (old, new),
        "DelegatedPermissionGrant.ConsentType": (None, row["consentType"]),
    }
    audit(
        call,
        activity,
        [
            target("ServicePrincipal", {"id": row["resourceId"]}, changed=values),
            target("ServicePrincipal", {"id": row["clientId"]}),
        ],
    )
