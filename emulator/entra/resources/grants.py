"""What applications may do: app role assignments and delegated grants, and consent that makes them.

Source: graph-entra.md 1.14. The operations are in app_role_assignments.py and permission_grants.py.
"""

import base64
import hashlib
from collections.abc import Iterable

from emulator.entra.audit import audit, target
from emulator.entra.resources import applications, service_principals
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.store import Column, Kind, Store

APP_ROLE_ASSIGNMENTS = Kind(
    "app_role_assignments",
    (
        Column("principalId"),
        Column("resourceId"),
        Column("appRoleId"),
        Column("principalType"),
        Column("createdDateTime"),
    ),
    settled=True,
)
PERMISSION_GRANTS = Kind(
    "permission_grants",
    (Column("clientId"), Column("resourceId"), Column("principalId"), Column("consentType")),
    settled=True,
)
DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"


# -- what others ask ----------------------------------------------------------------------------------------------


def roles_of(store: Store, sp_id: str, resource_app_id: str) -> list[str]:
    """Application permissions that a service principal holds on a resource: the `roles` of its tokens."""
    resource = service_principals.by_app_id(store, resource_app_id)
    if resource is None:
        return []
    names = {role["id"]: role["value"] for role in service_principals.app_roles(resource) if role["isEnabled"]}
    rows = store.find_all(APP_ROLE_ASSIGNMENTS, "principalId", sp_id)
    found = [names.get(row["appRoleId"]) for row in rows if row["resourceId"] == resource["id"]]
    return [name for name in found if name]


def scopes_of(store: Store, client_sp_id: str, user_id: str, resource_app_id: str) -> set[str]:
    """Delegated permissions consented for a client on a resource: by an administrator for all, or by the user.

    Microsoft's own clients are pre-authorised for their usual ones.
    """
    resource = service_principals.by_app_id(store, resource_app_id)
    client = store.get(service_principals.SERVICE_PRINCIPALS, client_sp_id)
    if resource is None or client is None:
        return set()
    application = applications.by_app_id(store, client["appId"]) or {}
    found = set(application.get("_preauthorized", {}).get(resource_app_id, "").split())
    for row in store.find_all(PERMISSION_GRANTS, "clientId", client_sp_id):
        if row["resourceId"] == resource["id"] and row["principalId"] in (None, user_id):
            found.update(row["scope"].split())
    return found


def consent(call: Call, application: Doc, *, user: Doc | None = None) -> Doc:
    """Admin consent: service principal, a grant for all, every application permission that the application asks for.

    user: the administrator, where the call itself has no caller. Answers the service principal.
    """
    principal = service_principals.ensure(call, application)
    roles, grants = grant_required(call.store, application, principal, now=call.now)
    for row in roles:
        values = {"AppRole.Value": (None, row["_value"])}
        at = target(
            "ServicePrincipal", {"id": row["resourceId"], "displayName": row["resourceDisplayName"]}, changed=values
        )
        audit(
            call, "Add app role assignment to service principal", [at, target("ServicePrincipal", principal)], user=user
        )
    for row in grants:
        values = {
            "DelegatedPermissionGrant.Scope": (None, row["scope"]),
            "DelegatedPermissionGrant.ConsentType": (None, row["consentType"]),
        }
        at = target("ServicePrincipal", {"id": row["resourceId"]}, changed=values)
        audit(call, "Add delegated permission grant", [at, target("ServicePrincipal", principal)], user=user)
    values = {"ConsentContext.IsAdminConsent": (None, True), "ConsentContext.OnBehalfOfAll": (None, True)}
    audit(call, "Consent to application", [target("ServicePrincipal", principal, changed=values)], user=user)
    return principal


def consent_for_user(call: Call, application: Doc, user: Doc, resource_app_id: str, scopes: Iterable[str]) -> Doc:
    """A user's own consent: a grant for that user alone. Answers the client's service principal."""
    principal = service_principals.ensure(call, application)
    resource = service_principals.by_app_id(call.store, resource_app_id)
    assert resource is not None, "consent is asked for a resource that the tenant has"
    add_scopes(call.store, principal["id"], resource["id"], scopes, user_id=user["id"])
    values = {"ConsentContext.IsAdminConsent": (None, False), "ConsentContext.OnBehalfOfAll": (None, False)}
    audit(call, "Consent to application", [target("ServicePrincipal", principal, changed=values)], user=user)
    return principal


def consent_for_all(call: Call, application: Doc, user: Doc, resource_app_id: str, scopes: Iterable[str]) -> Doc:
    """An administrator's consent to named scopes, for everybody. Answers the client's service principal."""
    principal = service_principals.ensure(call, application)
    resource = service_principals.by_app_id(call.store, resource_app_id)
    assert resource is not None, "consent is asked for a resource that the tenant has"
    row = add_scopes(call.store, principal["id"], resource["id"], scopes)
    values = {"DelegatedPermissionGrant.Scope": (None, row["scope"])}
    at = target("ServicePrincipal", {"id": row["resourceId"]}, changed=values)
    audit(call, "Add delegated permission grant", [at, target("ServicePrincipal", principal)], user=user)
    values = {"ConsentContext.IsAdminConsent": (None, True), "ConsentContext.OnBehalfOfAll": (None, True)}
    audit(call, "Consent to application", [target("ServicePrincipal", principal, changed=values)], user=user)
    return principal


def forget(store: Store, sp_id: str) -> None:
    """A service principal goes: everything granted to it, and on it."""
    for path in ("principalId", "resourceId"):
        store.drop_where(APP_ROLE_ASSIGNMENTS, path, sp_id)
    for path in ("clientId", "resourceId"):
        store.drop_where(PERMISSION_GRANTS, path, sp_id)


# -- making -------------------------------------------------------------------------------------------------------


def grant_required(store: Store, application: Doc, principal: Doc, *, now: int) -> tuple[list[Doc], list[Doc]]:
    """Everything in requiredResourceAccess, granted; answers the new assignments (with `_value`) and grants."""
    roles: list[Doc] = []
    grants: list[Doc] = []
    for access in application["requiredResourceAccess"]:
        resource = service_principals.by_app_id(store, access["resourceAppId"])
        if resource is None:
            continue
        wanted = {item["id"] for item in access["resourceAccess"] if item["type"] == "Role"}
        for role in service_principals.app_roles(resource):
            if role["id"] in wanted:
                row = assignment(principal, "ServicePrincipal", resource, role["id"], now=now)
                if store.get(APP_ROLE_ASSIGNMENTS, row["id"]) is None:
                    store.add(APP_ROLE_ASSIGNMENTS, row)
                    roles.append({**row, "_value": role["value"]})
        asked = {item["id"] for item in access["resourceAccess"] if item["type"] == "Scope"}
        names = [scope["value"] for scope in service_principals.scopes(resource) if scope["id"] in asked]
        if names:
            grants.append(add_scopes(store, principal["id"], resource["id"], names))
    return roles, grants


def assignment(principal: Doc, kind: str, resource: Doc, role_id: str, *, now: int) -> Doc:
    """An app role assignment; its id is a function of what it links."""
    return {
        "id": opaque(principal["id"], resource["id"], role_id), "deletedDateTime": None, "appRoleId": role_id,
        "createdDateTime": iso(now), "principalDisplayName": principal["displayName"], "principalId": principal["id"],
        "principalType": kind, "resourceDisplayName": resource["displayName"], "resourceId": resource["id"],
    }  # fmt: skip


def add_scopes(
    store: Store, client_id: str, resource_id: str, scopes: Iterable[str], *, user_id: str | None = None
) -> Doc:
    """The one grant of (client, resource, principal), made or widened."""
    key = grant_id(client_id, resource_id, user_id)
    found = store.get(PERMISSION_GRANTS, key)
    held = found["scope"].split() if found else []
    row = {
        "clientId": client_id, "consentType": "Principal" if user_id else "AllPrincipals", "id": key,
        "principalId": user_id, "resourceId": resource_id, "scope": " ".join(dict.fromkeys([*held, *scopes])),
    }  # fmt: skip
    return store.save(PERMISSION_GRANTS, row)


def grant_id(client_id: str, resource_id: str, user_id: str | None) -> str:
    return opaque(client_id, resource_id, user_id or "")


def opaque(*parts: str) -> str:
    """An id that is a function of what it links."""
    return base64.urlsafe_b64encode(hashlib.sha256("/".join(parts).encode()).digest()).rstrip(b"=").decode()
