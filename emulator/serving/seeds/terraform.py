"""Terraform state (version 4): resources of the providers okta/okta and hashicorp/azuread."""

from collections.abc import Callable, Iterator

from emulator.kernel.doc import Doc
from emulator.serving.seeds.collected import Collected, only

_PERSON = {
    "login": "login", "first_name": "firstName", "last_name": "lastName", "email": "email", "id": "id",
    "status": "status",
}  # fmt: skip
_PROFILE = {
    "department": "department", "title": "title", "city": "city", "state": "state", "country_code": "countryCode",
    "display_name": "displayName", "division": "division", "employee_number": "employeeNumber", "locale": "locale",
    "manager": "manager", "mobile_phone": "mobilePhone", "organization": "organization", "user_type": "userType",
    "second_email": "secondEmail", "nick_name": "nickName", "primary_phone": "primaryPhone", "zip_code": "zipCode",
    "street_address": "streetAddress", "cost_center": "costCenter", "middle_name": "middleName",
    "preferred_language": "preferredLanguage", "timezone": "timezone", "manager_id": "managerId",
}  # fmt: skip
_ENTRA_PERSON = {
    "user_principal_name": "userPrincipalName", "display_name": "displayName", "given_name": "givenName",
    "surname": "surname", "department": "department", "job_title": "jobTitle", "usage_location": "usageLocation",
    "mail_nickname": "mailNickname", "onpremises_immutable_id": "onPremisesImmutableId", "object_id": "id",
    "city": "city", "state": "state", "country": "country", "office_location": "officeLocation",
    "company_name": "companyName", "employee_id": "employeeId", "mobile_phone": "mobilePhone",
    "street_address": "streetAddress", "postal_code": "postalCode", "other_mails": "otherMails",
}  # fmt: skip
_ENTRA_GROUP = {
    "display_name": "displayName", "description": "description", "mail_nickname": "mailNickname", "object_id": "id",
    "mail_enabled": "mailEnabled", "security_enabled": "securityEnabled", "types": "groupTypes",
    "visibility": "visibility",
}  # fmt: skip
_ACTIVE = ("ACTIVE", "SUSPENDED", "STAGED", "DEPROVISIONED", "PROVISIONED")
Reader = Callable[[Doc, Collected], None]


def is_state(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("resources"), list) and "version" in value


def read(state: Doc, found: Collected) -> None:
    """Take what is known of a state; the rest is counted by its type."""
    for kind, attributes in _instances(state):
        reader = _READERS.get(kind)
        if reader is None:
            found.left[kind] += 1
        else:
            reader(attributes, found)


def _instances(state: Doc) -> Iterator[tuple[str, Doc]]:
    for resource in state["resources"]:
        if isinstance(resource, dict) and resource.get("mode", "managed") == "managed":
            for instance in resource.get("instances") or ():
                if isinstance(instance, dict) and isinstance(instance.get("attributes"), dict):
                    yield str(resource.get("type")), instance["attributes"]


def _okta_user(given: Doc, found: Collected) -> None:
    made = only(given, _PERSON)
    if made.get("status") not in _ACTIVE:
        made["status"] = "ACTIVE"
    made["profile"] = only(given, _PROFILE)
    made.setdefault("firstName", "-")
    found.put("okta", "users", str(given["login"]), made, called="okta_user")


def _okta_group(given: Doc, found: Collected) -> None:
    made = only(given, {"name": "name", "description": "description", "id": "id"})
    found.put("okta", "groups", str(given.get("id") or given["name"]), made, called="okta_group")


def _okta_members(given: Doc, found: Collected) -> None:
    held = found.okta.setdefault("members", {}).setdefault(str(given["group_id"]).casefold(), {"logins": []})
    held["logins"] += [str(id) for id in given.get("users") or ()]
    found.taken["okta_group_memberships"] += 1


def _okta_users_groups(given: Doc, found: Collected) -> None:
    for group in given.get("groups") or ():
        held = found.okta.setdefault("members", {}).setdefault(str(group).casefold(), {"logins": []})
        held["logins"].append(str(given["user_id"]))
    found.taken["okta_user_group_memberships"] += 1


def _okta_zone(given: Doc, found: Collected) -> None:
    if given.get("type", "IP") != "IP" or not given.get("gateways"):
        found.left["okta_network_zone that is not of addresses"] += 1
        return
    made = only(given, {"name": "name", "type": "type", "usage": "usage", "status": "status", "id": "id"})
    made["gateways"] = _addresses(given["gateways"])
    if given.get("proxies"):
        made["proxies"] = _addresses(given["proxies"])
    found.put("okta", "zones", str(given["name"]), made, called="okta_network_zone")


def _addresses(texts: list[str]) -> list[Doc]:
    """`198.51.100.0/24` and `198.51.100.1-198.51.100.9` as the org writes them."""
    return [
        {"type": "RANGE", "value": text}
        if "-" in text
        else {"type": "CIDR", "value": text if "/" in text else f"{text}/32"}
        for text in sorted(map(str, texts))
    ]


def _okta_rule(given: Doc, found: Collected) -> None:
    made = only(given, {"name": "name", "expression_value": "expression", "status": "status", "id": "id"})
    made["groups"] = [str(id) for id in given.get("group_assignments") or ()]
    found.put("okta", "group_rules", str(given["name"]), made, called="okta_group_rule")


def _entra_user(given: Doc, found: Collected) -> None:
    made = only(given, _ENTRA_PERSON)
    if given.get("account_enabled") is False:
        made["accountEnabled"] = False
    found.put("entra", "users", str(given["user_principal_name"]), made, called="azuread_user")


def _entra_group(given: Doc, found: Collected) -> None:
    key = str(given.get("object_id") or given["display_name"])
    found.put("entra", "groups", key, only(given, _ENTRA_GROUP), called="azuread_group")
    _entra_members(key, [str(id) for id in given.get("members") or ()], found)


def _entra_member(given: Doc, found: Collected) -> None:
    _entra_members(str(given["group_object_id"]), [str(given["member_object_id"])], found)
    found.taken["azuread_group_member"] += 1


def _entra_members(group: str, ids: list[str], found: Collected) -> None:
    held = found.entra.setdefault("members", {}).setdefault(group.rpartition("/")[2].casefold(), {"ids": []})
    held["ids"] += [id for id in ids if id not in held["ids"]]


def _entra_unit(given: Doc, found: Collected) -> None:
    made = only(given, {"display_name": "displayName", "description": "description"})
    made["members"] = [str(id) for id in given.get("members") or ()]
    found.put("entra", "administrative_units", str(given["display_name"]), made, called="azuread_administrative_unit")


def _entra_location(given: Doc, found: Collected) -> None:
    ip = (given.get("ip") or [None])[0]
    country = (given.get("country") or [None])[0]
    made: Doc = {"displayName": given["display_name"]}
    if isinstance(ip, dict):
        made.update(ipRanges=list(ip.get("ip_ranges") or ()), isTrusted=bool(ip.get("trusted")))
    elif isinstance(country, dict):
        made["countriesAndRegions"] = list(country.get("countries_and_regions") or ())
    found.put("entra", "named_locations", str(given["display_name"]), made, called="azuread_named_location")


_READERS: dict[str, Reader] = {
    "okta_user": _okta_user, "okta_group": _okta_group, "okta_group_memberships": _okta_members,
    "okta_user_group_memberships": _okta_users_groups, "okta_network_zone": _okta_zone, "okta_group_rule": _okta_rule,
    "azuread_user": _entra_user, "azuread_group": _entra_group, "azuread_group_member": _entra_member,
    "azuread_administrative_unit": _entra_unit, "azuread_named_location": _entra_location,
}  # fmt: skip
