"""Groups, directory roles and app roles in tokens. Source: graph-entra.md 1.14, 2.4; Microsoft's page on them."""

from typing import Any

from emulator.entra.resources import grants, groups, memberships, service_principals
from emulator.entra.resources.directory_roles import roles_of_user
from emulator.entra.resources.grants import APP_ROLE_ASSIGNMENTS
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc

MOST_GROUPS = 200
"""More than these are not listed in a JWT: it says where to ask instead."""
MOST_IN_URL = 5
MEMBER_ROLE = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""The template id that stands in `wids` of every member of a tenant."""


def wids(call: Call, user: Doc) -> list[str]:
    """Templates of the user's directory roles, and the one that every member has."""
    held = {str(role["roleTemplateId"]) for role in roles_of_user(call.store, user["id"])}
    return sorted(held if user.get("userType") == "Guest" else held | {MEMBER_ROLE})


def roles(call: Call, user: Doc, app_id: str) -> list[str]:
    """App roles of an application that the user holds, directly or by a group."""
    holders = [user["id"], *memberships.live_group_ids(call.store, user["id"])]
    return sorted({role for holder in holders for role in grants.roles_of(call.store, holder, app_id)})


def claims(call: Call, user: Doc, app: Doc, *, place: str, implicit: bool = False) -> Doc:
    """`groups` (or the overage claims) and `wids`, as an application's groupMembershipClaims ask.

    place: `accessToken` or `idToken`, for the format in optionalClaims. implicit: the token travels in a URL.
    """
    kinds = {part.strip() for part in str(app.get("groupMembershipClaims") or "").split(",")} - {"", "None"}
    found: Doc = {}
    if kinds & {"All", "DirectoryRole"}:
        found["wids"] = wids(call, user)
    if not kinds & {"All", "SecurityGroup", "ApplicationGroup"}:
        return found
    held = _groups(call, user, app, kinds)
    if not held:
        return found
    if implicit and len(held) > MOST_IN_URL:
        return {**found, "hasgroups": True}
    if len(held) > MOST_GROUPS:
        return {**found, **_overage(call, user)}
    properties = _properties(app, place)
    name = "roles" if "emit_as_roles" in properties else "groups"
    return {**found, name: [_name(group, properties) for group in held]}


def _groups(call: Call, user: Doc, app: Doc, kinds: set[str]) -> list[Doc]:
    ids = memberships.all_group_ids(call.store, user["id"])
    if not ids:
        return []
    held = list(call.store.get_many(groups.GROUPS, ids))
    if kinds & {"All", "SecurityGroup"}:
        return held if "All" in kinds else [group for group in held if group["securityEnabled"]]
    principal = service_principals.by_app_id(call.store, app["appId"])
    if principal is None:
        return []
    rows = call.store.find_all(APP_ROLE_ASSIGNMENTS, "resourceId", principal["id"])
    assigned = {row["principalId"] for row in rows if row["principalType"] == "Group"}
    direct = set(memberships.live_group_ids(call.store, user["id"]))  # nesting does not count for assignments
    return [group for group in held if group["id"] in assigned & direct]


def _overage(call: Call, user: Doc) -> Doc:
    url = f"https://graph.windows.net/{tenant(call)['id']}/users/{user['id']}/getMemberObjects"
    return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": url}}}


def _properties(app: Doc, place: str) -> list[str]:
    for item in (app.get("optionalClaims") or {}).get(place) or ():
        if item.get("name") == "groups":
            return list(item.get("additionalProperties") or ())
    return []


def _name(group: Doc, properties: list[str]) -> Any:
    """The group's id, or the on-premises name of a synchronised group in the format asked for."""
    sam = group.get("onPremisesSamAccountName")
    formats = {
        "sam_account_name": sam,
        "dns_domain_and_sam_account_name": sam and f"{group.get('onPremisesDomainName') or ''}\\{sam}",
        "netbios_domain_and_sam_account_name": sam and f"{group.get('onPremisesNetBiosName') or ''}\\{sam}",
        "cloud_displayname": None if sam else group["displayName"],
    }
    return next((formats[name] for name in properties if formats.get(name)), group["id"])
