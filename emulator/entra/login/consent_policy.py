"""Which delegated permissions a person may consent to alone. Source: graph-entra.md 2.5; Microsoft's pages on
authorizationPolicy.defaultUserRolePermissions and permissionGrantPolicies.

A policy assigned as `ManagePermissionGrantsForSelf.{id}` permits what one of its `includes` matches and none of its
`excludes` does. The tenant's setting `userConsent: false` stands for no policy at all.
"""

from emulator.entra.login.clients import Client
from emulator.entra.login.scopes import OIDC, Asked
from emulator.entra.resources import authorization_policy, permission_grant_policies, service_principals
from emulator.entra.resources.permission_classifications import level_of
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig

_SELF = "ManagePermissionGrantsForSelf."


def assigned(call: Call) -> list[str]:
    """The permission grant policies that apply to what members consent to for themselves."""
    if not (tenant(call).get("_settings") or {}).get("userConsent", True):
        return []
    names = dig(authorization_policy.policy(call.store), "defaultUserRolePermissions.permissionGrantPoliciesAssigned")
    return [str(name).removeprefix(_SELF) for name in names or () if str(name).startswith(_SELF)]


def may_consent_alone(call: Call, client: Client, asked: Asked, scopes: list[str]) -> bool:
    """Whether each of these scopes is permitted by one of the assigned policies."""
    policies = assigned(call)
    if not policies:
        return False
    published = {item["value"]: item for item in service_principals.scopes(asked.resource)}
    return all(
        name in OIDC or any(_permits(call, policy, client, asked, published[name]) for policy in policies)
        for name in scopes
    )


def _permits(call: Call, policy: str, client: Client, asked: Asked, scope: Doc) -> bool:
    own = policy.startswith("microsoft-")
    if own and scope["type"] != "User":
        return False  # Microsoft's own policies never cover what an API's publisher left to administrators

    def fits(condition: Doc) -> bool:
        return _matches(call, condition, client, asked, scope, own=own)

    return any(map(fits, permission_grant_policies.conditions(call.store, policy, "includes"))) and not any(
        map(fits, permission_grant_policies.conditions(call.store, policy, "excludes"))
    )


def _matches(call: Call, condition: Doc, client: Client, asked: Asked, scope: Doc, *, own: bool) -> bool:
    kind, level = condition["permissionType"], condition["permissionClassification"]
    if kind == "application" or (kind == "delegatedUserConsentable" and scope["type"] != "User"):
        return False
    if level != "all" and level_of(call.store, asked.resource["id"], scope["id"]) != level:
        return False
    if condition["resourceApplication"] not in ("any", asked.resource["appId"]):
        return False
    here = str(tenant(call)["id"])
    owner = str(client.app.get("_owner") or here)
    publisher = dig(client.app, "verifiedPublisher.verifiedPublisherId")
    if condition["clientApplicationsFromVerifiedPublisherOnly"] and not publisher and not (own and owner == here):
        return False
    return all(
        "all" in condition[name] or value in condition[name]
        for name, value in (
            ("permissions", scope["id"]),
            ("clientApplicationIds", client.id),
            ("clientApplicationTenantIds", owner),
            ("clientApplicationPublisherIds", publisher),
        )
    )
