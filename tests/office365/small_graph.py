"""A small Microsoft Graph: plain functions over a `Cloud`'s state, strict where the connector relies on it."""

import re
from collections.abc import Callable
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer

E3, E5 = "11111111-0000-0000-0000-000000000003", "11111111-0000-0000-0000-000000000005"
EXCHANGE, TEAMS, COMPANY = "plan-exchange", "plan-teams", "plan-company"
ROLE = "#microsoft.graph.directoryRole"


class No(Exception):
    """A refusal of the small Microsoft."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def missing(id: str) -> No:
    text = f"Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    return No(404, "Request_ResourceNotFound", text)


def sku(id: str, part: str) -> Doc:
    plans = [(EXCHANGE, "EXCHANGE_S_ENTERPRISE", "User"), (TEAMS, "TEAMS1", "User"), (COMPANY, "FOUNDATION", "Company")]
    return {
        "skuId": id, "skuPartNumber": part,
        "servicePlans": [{"servicePlanId": i, "servicePlanName": n, "appliesTo": to} for i, n, to in plans],
    }  # fmt: skip


def reply(status: int, body: Any, *headers: tuple[str, str]) -> Answer:
    return Answer(status, [("Content-Type", "application/json"), *headers], orjson.dumps(body))


def page(items: list[Doc]) -> Answer:
    return reply(200, {"value": items})


def graph_error(status: int, code: str, message: str, *headers: tuple[str, str], client: str = "cid") -> Answer:
    inner = {"date": "2026-01-15T09:00:00", "request-id": "rid", "client-request-id": client}
    return reply(status, {"error": {"code": code, "message": message, "innerError": inner}}, *headers)


def direct_licence(id: str, *off: str, group: str | None = None) -> Doc:
    return {"skuId": id, "disabledPlans": list(off), "assignedByGroup": group, "state": "Active", "error": "None"}


def _create_user(cloud: Any, body: Doc, query: Doc) -> Answer:
    assert len(body.pop("passwordProfile")["password"]) >= 16
    cloud.unique(body)
    suffix = body["userPrincipalName"].partition("@")[2]
    if cloud.configurations.get(suffix) and not body.get("onPremisesImmutableId"):
        raise No(400, "Request_BadRequest", "SourceAnchor is a required property for creation of a federated user.")
    return reply(201, cloud.add_user(**body))


def _find_users(cloud: Any, body: Doc, query: Doc) -> Answer:
    wanted = re.fullmatch(r"onPremisesImmutableId eq '(.*)'", query["$filter"])
    assert wanted is not None
    return page(
        [user for user in cloud.users.values() if user.get("onPremisesImmutableId") == wanted[1].replace("''", "'")]
    )


def _get_user(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    user = cloud.user(key)
    return reply(200, {name: user.get(name) for name in query["$select"].split(",")})


def _patch_user(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    user = cloud.user(key)
    if user.get("onPremisesSyncEnabled"):
        text = (
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
            "currently undergoing migration."
        )
        raise No(400, "Request_BadRequest", text)
    cloud.unique(body, user["id"])
    user.update(body)
    return Answer(204)


def _delete_user(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    del cloud.users[cloud.user(key)["id"]]
    return Answer(204)


def _assign(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    user = cloud.user(key)
    direct = {state["skuId"]: state for state in user["licenseAssignmentStates"] if not state["assignedByGroup"]}
    if body["addLicenses"] and not user.get("usageLocation"):
        raise No(400, "Request_BadRequest", "License assignment cannot be done for user with invalid usage location.")
    for gone in body["removeLicenses"]:
        if gone not in direct:
            raise No(400, "Request_BadRequest", "User does not have a corresponding license.")
        del direct[gone]
    for item in body["addLicenses"]:
        direct[item["skuId"]] = direct_licence(item["skuId"], *item["disabledPlans"])
    kept = [state for state in user["licenseAssignmentStates"] if state["assignedByGroup"]]
    user["licenseAssignmentStates"] = [*kept, *direct.values()]
    return reply(200, user)


def _member_of(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    cloud.user(key)
    held = [role for role in cloud.roles.values() if key in role["members"]]
    group = {"@odata.type": "#microsoft.graph.group", "id": "g", "displayName": "Global Reader"}
    return page([group, *({"@odata.type": ROLE, "id": r["id"], "displayName": r["displayName"]} for r in held)])


def _roles(cloud: Any, body: Doc, query: Doc) -> Answer:
    return page([{"id": role["id"], "displayName": role["displayName"]} for role in cloud.roles.values()])


def _templates(cloud: Any, body: Doc, query: Doc) -> Answer:
    return page(cloud.templates)


def _activate(cloud: Any, body: Doc, query: Doc) -> Answer:
    name = next(item["displayName"] for item in cloud.templates if item["id"] == body["roleTemplateId"])
    if any(role["displayName"] == name for role in cloud.roles.values()):
        raise No(400, "Request_BadRequest", "A conflicting object is present in the directory.")
    id = f"role{len(cloud.roles) + 1}"
    cloud.roles[id] = {"id": id, "displayName": name, "members": []}
    return reply(201, {"id": id, "displayName": name})


def _join(cloud: Any, body: Doc, query: Doc, role: str) -> Answer:
    user = cloud.user(body["@odata.id"].rpartition("/")[2])
    if user["id"] in cloud.roles[role]["members"]:
        raise No(400, "Request_BadRequest", "One or more added object references already exist.")
    cloud.roles[role]["members"].append(user["id"])
    return Answer(204)


def _leave(cloud: Any, body: Doc, query: Doc, role: str, key: str) -> Answer:
    if key not in cloud.roles[role]["members"]:
        raise missing(key)
    cloud.roles[role]["members"].remove(key)
    return Answer(204)


def _manager(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    if key not in cloud.managers:
        raise missing("manager")
    return reply(200, {"id": cloud.managers[key]})


def _set_manager(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    cloud.managers[key] = cloud.user(body["@odata.id"].rpartition("/")[2])["id"]
    return Answer(204)


def _drop_manager(cloud: Any, body: Doc, query: Doc, key: str) -> Answer:
    del cloud.managers[key]
    return Answer(204)


def _skus(cloud: Any, body: Doc, query: Doc) -> Answer:
    return page(cloud.skus)


def _organization(cloud: Any, body: Doc, query: Doc) -> Answer:
    return page([{"id": "tenant-1", "displayName": "Acme"}])


def _domains(cloud: Any, body: Doc, query: Doc) -> Answer:
    """Two to a page, so that every list has to be walked."""
    at = int(query.get("$skiptoken", "0"))
    names = sorted(cloud.domains)
    doc: Doc = {"value": [cloud.domains[name] for name in names[at : at + 2]]}
    if at + 2 < len(names):
        doc["@odata.nextLink"] = f"https://graph.microsoft.com/v1.0/domains?$skiptoken={at + 2}"
    return reply(200, doc)


def _domain(cloud: Any, body: Doc, query: Doc, name: str) -> Answer:
    if name not in cloud.domains:
        raise missing(name)
    return reply(200, cloud.domains[name])


def _configurations(cloud: Any, body: Doc, query: Doc, name: str) -> Answer:
    return page([cloud.configurations[name]] if name in cloud.configurations else [])


def _federate(cloud: Any, body: Doc, query: Doc, name: str) -> Answer:
    if not cloud.domains[name]["isVerified"]:
        raise No(400, "Request_BadRequest", "The domain is not verified")
    if name in cloud.configurations:
        raise No(400, "Request_BadRequest", "Domain already has a federation configuration.")
    cloud.configurations[name] = {"id": f"fed-{name}", **body}
    cloud.domains[name]["authenticationType"] = "Federated"
    return reply(201, cloud.configurations[name])


def _refederate(cloud: Any, body: Doc, query: Doc, name: str, id: str) -> Answer:
    cloud.configurations[name].update(body)
    return reply(200, cloud.configurations[name])


def _unfederate(cloud: Any, body: Doc, query: Doc, name: str, id: str) -> Answer:
    del cloud.configurations[name]
    cloud.domains[name]["authenticationType"] = "Managed"
    return Answer(204)


ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("POST", "/users", _create_user),
    ("GET", "/users", _find_users),
    ("GET", "/users/([^/]+)", _get_user),
    ("PATCH", "/users/([^/]+)", _patch_user),
    ("DELETE", "/users/([^/]+)", _delete_user),
    ("POST", "/users/([^/]+)/assignLicense", _assign),
    ("GET", "/users/([^/]+)/memberOf", _member_of),
    ("GET", "/users/([^/]+)/manager", _manager),
    ("PUT", r"/users/([^/]+)/manager/\$ref", _set_manager),
    ("DELETE", r"/users/([^/]+)/manager/\$ref", _drop_manager),
    ("GET", "/directoryRoles", _roles),
    ("POST", "/directoryRoles", _activate),
    ("GET", "/directoryRoleTemplates", _templates),
    ("POST", r"/directoryRoles/([^/]+)/members/\$ref", _join),
    ("DELETE", r"/directoryRoles/([^/]+)/members/([^/]+)/\$ref", _leave),
    ("GET", "/subscribedSkus", _skus),
    ("GET", "/organization", _organization),
    ("GET", "/domains", _domains),
    ("GET", "/domains/([^/]+)", _domain),
    ("GET", "/domains/([^/]+)/federationConfiguration", _configurations),
    ("POST", "/domains/([^/]+)/federationConfiguration", _federate),
    ("PATCH", "/domains/([^/]+)/federationConfiguration/([^/]+)", _refederate),
    ("DELETE", "/domains/([^/]+)/federationConfiguration/([^/]+)", _unfederate),
]
