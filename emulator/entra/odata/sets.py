"""Entity sets of Graph and the type of each, as the metadata document and every `@odata.context` name them."""

from collections.abc import Mapping

SETS: Mapping[str, str] = {
    "users": "user", "groups": "group", "applications": "application", "servicePrincipals": "servicePrincipal",
    "directoryObjects": "directoryObject", "directoryRoles": "directoryRole", "devices": "device",
    "directoryRoleTemplates": "directoryRoleTemplate", "domains": "domain", "organization": "organization",
    "subscribedSkus": "subscribedSku", "contacts": "orgContact", "oauth2PermissionGrants": "oAuth2PermissionGrant",
    "schemaExtensions": "schemaExtension", "invitations": "invitation",
}  # fmt: skip
"""Those at the root of the service. `administrativeUnits` stands below `directory`."""

TYPES: Mapping[str, str] = {name.lower(): kind for name, kind in SETS.items()}


def type_of(context: str) -> str | None:
    """The type of what an `@odata.context` fragment announces (`users(id)/$entity`); None where it does not tell."""
    head = context.partition("(")[0].partition("/")[0]
    inside = context.partition(")")[2] if context.startswith(f"{head}(") else context[len(head) :]
    return SETS.get(head) if inside in ("", "/$entity") else None
