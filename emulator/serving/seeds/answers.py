"""Answers of the two vendors' APIs, as people dump them: one file for each list, or a folder of them.

Who belongs to a group stands in `groups/<id>/users.json` (Okta) or `groups/<id>/members.json` (Graph).
"""

from pathlib import PurePath

from emulator.kernel.doc import Doc
from emulator.serving.seeds.collected import Collected, only

_OKTA_STATUS = {"DEPROVISIONED": "DEPROVISIONED", "SUSPENDED": "SUSPENDED", "STAGED": "STAGED"}
_GRAPH_USER = (
    "id", "userPrincipalName", "displayName", "givenName", "surname", "mail", "mailNickname", "jobTitle", "department",
    "officeLocation", "city", "state", "country", "postalCode", "streetAddress", "mobilePhone", "businessPhones",
    "usageLocation", "preferredLanguage", "companyName", "employeeId", "userType", "accountEnabled", "otherMails",
    "onPremisesImmutableId", "proxyAddresses",
)  # fmt: skip
_GRAPH_GROUP = (
    "id", "displayName", "description", "mailNickname", "mailEnabled", "securityEnabled", "groupTypes", "visibility",
    "mail",
)  # fmt: skip


def is_okta(items: list[Doc]) -> bool:
    """Whether a list is one of the org's: people and groups have a profile."""
    return bool(items) and all(isinstance(item.get("profile"), dict) and "id" in item for item in items)


def okta(items: list[Doc], place: PurePath, found: Collected) -> None:
    """People and groups of an org; a list below `groups/<id>/` also says who is in that group."""
    for item in items:
        profile: Doc = item["profile"]
        if isinstance(profile.get("login"), str):
            _okta_user(item, profile, found)
        elif isinstance(profile.get("name"), str) and item.get("type") in (None, "OKTA_GROUP"):
            named = only(profile, {"name": "name", "description": "description"})
            found.put("okta", "groups", item["id"], {"id": item["id"], **named}, called="groups at Okta")
        else:
            found.left[f"Okta {item.get('type') or 'objects'}"] += 1
            continue
        if place.parent.parent.name == "groups" and "login" in profile:
            members = found.okta.setdefault("members", {}).setdefault(place.parent.name.casefold(), {"logins": []})
            members["logins"].append(profile["login"])


def _okta_user(item: Doc, profile: Doc, found: Collected) -> None:
    rest = {key: value for key, value in profile.items() if key not in ("login", "firstName", "lastName", "email")}
    made = {
        "id": item["id"], "login": profile["login"], "firstName": profile.get("firstName") or "-",
        "lastName": profile.get("lastName"), "email": profile.get("email"),
        "profile": {key: value for key, value in rest.items() if value not in (None, "", [])},
        "status": _OKTA_STATUS.get(str(item.get("status")), "ACTIVE"),
    }  # fmt: skip
    found.put("okta", "users", profile["login"], made, called="people at Okta")


def is_graph(items: list[Doc]) -> bool:
    """Whether a list is one of Graph's that is known here."""
    return bool(items) and all(_graph_kind(item) for item in items)


def graph(items: list[Doc], place: PurePath, found: Collected) -> None:
    """People, groups and domains of a tenant; a list below `groups/<id>/` says who is in that group."""
    for item in items:
        kind = _graph_kind(item)
        if kind == "user":
            made = only(item, {name: name for name in _GRAPH_USER})
            found.put("entra", "users", item["userPrincipalName"], made, called="people at Microsoft")
        elif kind == "group":
            made = only(item, {name: name for name in _GRAPH_GROUP})
            found.put("entra", "groups", str(item.get("id") or item["displayName"]), made, called="groups at Microsoft")
        elif kind == "domain":
            found.put("entra", "domains", item["id"], {"id": item["id"]}, called="domains at Microsoft")
            if item.get("authenticationType") == "Federated":
                found.left["federation of a domain"] += 1
        else:
            found.left[f"Graph {str(item.get('@odata.type') or 'objects').rpartition('.')[2]}"] += 1
            continue
        if place.parent.parent.name == "groups" and kind in ("user", "group"):
            members = found.entra.setdefault("members", {}).setdefault(place.parent.name.casefold(), {"ids": []})
            members["ids"].append(str(item.get("userPrincipalName") or item.get("id")))


def _graph_kind(item: Doc) -> str:
    if isinstance(item.get("userPrincipalName"), str):
        return "user"
    if "authenticationType" in item and isinstance(item.get("id"), str):
        return "domain"
    if isinstance(item.get("displayName"), str) and ("securityEnabled" in item or "groupTypes" in item):
        return "group"
    return "other" if "@odata.type" in item or isinstance(item.get("appId"), str) or "skuId" in item else ""
