"""Microsoft Graph as an API of the tenant: its permissions, as app roles and delegated scopes with their real ids.

Source: data/graph-permissions.json (Microsoft's published ids); the four OpenID scopes are not in it.
"""

from collections.abc import Mapping
from functools import cache

from emulator.entra.graph import permissions
from emulator.kernel.doc import Doc

OPENID = {
    "openid": "37f7f235-527c-4136-accd-4a02d197296e", "profile": "14dad69e-099b-42c9-810b-d002981feec1",
    "email": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", "offline_access": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
}  # fmt: skip


@cache
def app_roles() -> Mapping[str, str]:
    """Application permission to its id."""
    return {name: entry["appRoleId"] for name, entry in sorted(permissions()["ids"].items()) if entry.get("appRoleId")}


@cache
def scopes() -> Mapping[str, str]:
    """Delegated permission to its id."""
    found = {name: entry["scopeId"] for name, entry in sorted(permissions()["ids"].items()) if entry.get("scopeId")}
    return {**OPENID, **found}


@cache
def app_role_docs() -> tuple[Doc, ...]:
    """The appRoles of Graph's service principal."""
    return tuple(
        {"allowedMemberTypes": ["Application"], "description": _text(name), "displayName": _text(name), "id": id,
         "isEnabled": True, "origin": "Application", "value": name}
        for name, id in app_roles().items()
    )  # fmt: skip


@cache
def scope_docs() -> tuple[Doc, ...]:
    """The oauth2PermissionScopes of Graph's service principal."""
    ids = permissions()["ids"]
    return tuple(
        {"adminConsentDescription": _text(name), "adminConsentDisplayName": _text(name), "id": id, "isEnabled": True,
         "type": "Admin" if ids.get(name, {}).get("delegatedAdminConsent") else "User",
         "userConsentDescription": _text(name), "userConsentDisplayName": _text(name), "value": name}
        for name, id in scopes().items()
    )  # fmt: skip


def _text(name: str) -> str:
    return f"The permission {name}."
