"""A small job port and a small Microsoft, as one transport: what the connector can see of the two, and no more.

`Cloud` keeps world time, answers with Date headers, counts Microsoft's calls, and can lose the connection or kill the
caller at any of them. Kill means: the request is carried out and the answer never arrives.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from emulator.kernel.clock import http_date, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.office365.connector import Connector
from emulator.wire.client import Unreachable

START = parse_iso("2026-01-15T09:00:00Z")
TENANT = "acme.onmicrosoft.com"
SECRET = {"tenant": "acme", "client_id": "c1", "client_secret": "s1"}
E3, E5 = "11111111-0000-0000-0000-000000000003", "11111111-0000-0000-0000-000000000005"
EXCHANGE, TEAMS, COMPANY = "plan-exchange", "plan-teams", "plan-company"
ROLE = "#microsoft.graph.directoryRole"


class Killed(Exception):
    """The connector's process died here."""


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


class Cloud:
    """The org's job port and Microsoft behind one transport."""

    def __init__(self) -> None:
        self.now = START
        self.jobs: list[Doc] = []
        self.users: dict[str, Doc] = {}
        self.domains: dict[str, Doc] = {}
        self.configurations: dict[str, Doc] = {}
        self.roles: dict[str, Doc] = {}
        self.templates = [
            {"id": "t-reader", "displayName": "Global Reader"},
            {"id": "t-user", "displayName": "User Administrator"},
        ]
        self.managers: dict[str, str] = {}
        self.skus = [sku(E3, "ENTERPRISEPACK"), sku(E5, "ENTERPRISEPREMIUM")]
        self.calls: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[Any] = []
        self.tokens = 0
        self.sign_in_error: Answer | None = None
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.kill_after: int | None = None
        self.lose_at: int | None = None

    # -- wire ---------------------------------------------------------------------------------------------------

    def send(self, exchange: Exchange) -> Answer:
        answer = self._route(exchange)
        if answer.header("date") is None:
            answer.headers.append(("Date", http_date(self.now)))
        return answer

    def _route(self, exchange: Exchange) -> Answer:
        if exchange.host == "acme.okta.com":
            return self._org(exchange)
        number = len(self.calls) + 1
        path = unquote(exchange.path)
        self.calls.append((exchange.method, path))
        self.headers.append(exchange.headers)
        self.bodies.append(exchange.body)
        if number == self.lose_at:
            raise Unreachable(f"{exchange.url}: connection reset")
        waiting = self.answers.get((exchange.method, path))
        answer = waiting.pop(0) if waiting else self._microsoft(exchange, path)
        if number == self.kill_after:
            raise Killed(f"after {exchange.method} {path}")
        return answer

    def _microsoft(self, exchange: Exchange, path: str) -> Answer:
        if exchange.host == "login.microsoftonline.com":
            return self._token(exchange)
        assert exchange.host == "graph.microsoft.com"
        if exchange.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return self._error(exchange, No(401, "InvalidAuthenticationToken", "Access token validation failure."))
        try:
            return self._graph(exchange, path.removeprefix("/v1.0"))
        except No as no:
            return self._error(exchange, no)

    def _error(self, exchange: Exchange, no: No) -> Answer:
        return graph_error(no.status, no.code, no.message, client=exchange.headers["client-request-id"])

    def _token(self, exchange: Exchange) -> Answer:
        assert exchange.path == f"/{TENANT}/oauth2/v2.0/token"
        form = {key: value[0] for key, value in parse_qs(exchange.body.decode()).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["scope"] == "https://graph.microsoft.com/.default"
        if self.sign_in_error is not None:
            return deepcopy(self.sign_in_error)
        self.tokens += 1
        return reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{self.tokens}"})

    # -- job port -----------------------------------------------------------------------------------------------

    def enqueue(self, kind: str, *, subject: Doc | None = None, desired: Doc | None = None, **settings: Any) -> Doc:
        job = {
            "id": f"job{len(self.jobs) + 1}", "kind": kind, "attempt": 0, "subject": subject or {},
            "desired": desired or {}, "settings": {"msftTenant": "acme", "label": "Microsoft Office 365", **settings},
            "secret": dict(SECRET), "steps": {}, "not_before": self.now, "lease": None, "ack": None, "acks": [],
        }  # fmt: skip
        self.jobs.append(job)
        return job

    def _org(self, exchange: Exchange) -> Answer:
        assert exchange.headers["authorization"] == "Bearer agent"
        parts = exchange.path.split("/")[4:]
        body = orjson.loads(exchange.body)
        if parts == ["lease"]:
            return self._lease(body)
        job = next(item for item in self.jobs if item["id"] == parts[0])
        if job["lease"] is None or job["lease"]["token"] != body["lease"] or self.now >= job["until"]:
            return reply(409, {"errorCode": "E0000055", "errorSummary": "The lease is gone."})
        if parts[1] == "step":
            job["steps"].setdefault(body["name"], body["result"])
            return reply(200, {"steps": job["steps"]})
        job["lease"] = None
        job["acks"].append(body)
        if body["outcome"] == "retry":
            job["not_before"] = parse_iso(body["retry_at"])
        else:
            job["ack"] = body
        return reply(200, {})

    def _lease(self, body: Doc) -> Answer:
        waiting = [job for job in self.jobs if job["ack"] is None and job["kind"] in body["kinds"]]
        free = [job for job in waiting if job["lease"] is None or self.now >= job["until"]]
        due = [job for job in free if job["not_before"] <= self.now][:1]
        for job in due:
            job["attempt"] += 1
            job["until"] = self.now + 60_000
            job["lease"] = {"token": f"{job['id']}-{job['attempt']}", "expiresAt": iso(job["until"]), "epoch": 1}
        later = [job["not_before"] for job in waiting if job not in due]
        shown = ("id", "kind", "attempt", "lease", "subject", "desired", "settings", "secret", "steps")
        jobs = [deepcopy({name: job[name] for name in shown}) for job in due]
        return reply(200, {"jobs": jobs, "next_due": iso(min(later)) if later else None})

    # -- Graph --------------------------------------------------------------------------------------------------

    def _graph(self, exchange: Exchange, path: str) -> Answer:
        body = orjson.loads(exchange.body) if exchange.body else {}
        for method, pattern, handler in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == exchange.method:
                return handler(
                    self, body, {key: value[0] for key, value in parse_qs(exchange.query).items()}, *match.groups()
                )
        raise No(400, "BadRequest", f"Resource not found for the segment '{path}'.")

    def user(self, key: str) -> Doc:
        for user in self.users.values():
            if key == user["id"] or key.casefold() == user["userPrincipalName"].casefold():
                return user
        raise missing(key)

    def unique(self, body: Doc, but: str | None = None) -> None:
        for user in self.users.values():
            for name in ("userPrincipalName", "onPremisesImmutableId"):
                if user["id"] != but and body.get(name) and user.get(name) == body[name]:
                    text = f"Another object with the same value for property {name} already exists."
                    raise No(400, "Request_BadRequest", text)

    def add_user(self, **fields: Any) -> Doc:
        id = f"00000000-0000-0000-0000-{len(self.users) + 1:012d}"
        user = {"id": id, "accountEnabled": True, "licenseAssignmentStates": [], "roles": [], **fields}
        self.users[id] = user
        return user

    def counted(self, method: str, path: str) -> int:
        return sum(1 for call in self.calls if call == (method, path))


def _create_user(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    assert len(body.pop("passwordProfile")["password"]) >= 16
    cloud.unique(body)
    suffix = body["userPrincipalName"].partition("@")[2]
    if cloud.configurations.get(suffix) and not body.get("onPremisesImmutableId"):
        raise No(400, "Request_BadRequest", "SourceAnchor is a required property for creation of a federated user.")
    return reply(201, cloud.add_user(**body))


def _find_users(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    wanted = re.fullmatch(r"onPremisesImmutableId eq '(.*)'", query["$filter"])
    assert wanted is not None
    return page(
        [user for user in cloud.users.values() if user.get("onPremisesImmutableId") == wanted[1].replace("''", "'")]
    )


def _get_user(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
    user = cloud.user(key)
    return reply(200, {name: user.get(name) for name in query["$select"].split(",")})


def _patch_user(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
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


def _delete_user(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
    del cloud.users[cloud.user(key)["id"]]
    return Answer(204)


def _assign(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
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


def _member_of(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
    cloud.user(key)
    held = [role for role in cloud.roles.values() if key in role["members"]]
    group = {"@odata.type": "#microsoft.graph.group", "id": "g", "displayName": "Global Reader"}
    return page([group, *({"@odata.type": ROLE, "id": r["id"], "displayName": r["displayName"]} for r in held)])


def _roles(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    return page([{"id": role["id"], "displayName": role["displayName"]} for role in cloud.roles.values()])


def _templates(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    return page(cloud.templates)


def _activate(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    name = next(item["displayName"] for item in cloud.templates if item["id"] == body["roleTemplateId"])
    if any(role["displayName"] == name for role in cloud.roles.values()):
        raise No(400, "Request_BadRequest", "A conflicting object is present in the directory.")
    id = f"role{len(cloud.roles) + 1}"
    cloud.roles[id] = {"id": id, "displayName": name, "members": []}
    return reply(201, {"id": id, "displayName": name})


def _join(cloud: Cloud, body: Doc, query: Doc, role: str) -> Answer:
    user = cloud.user(body["@odata.id"].rpartition("/")[2])
    if user["id"] in cloud.roles[role]["members"]:
        raise No(400, "Request_BadRequest", "One or more added object references already exist.")
    cloud.roles[role]["members"].append(user["id"])
    return Answer(204)


def _leave(cloud: Cloud, body: Doc, query: Doc, role: str, key: str) -> Answer:
    if key not in cloud.roles[role]["members"]:
        raise missing(key)
    cloud.roles[role]["members"].remove(key)
    return Answer(204)


def _manager(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
    if key not in cloud.managers:
        raise missing("manager")
    return reply(200, {"id": cloud.managers[key]})


def _set_manager(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
    cloud.managers[key] = cloud.user(body["@odata.id"].rpartition("/")[2])["id"]
    return Answer(204)


def _drop_manager(cloud: Cloud, body: Doc, query: Doc, key: str) -> Answer:
    del cloud.managers[key]
    return Answer(204)


def _skus(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    return page(cloud.skus)


def _organization(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    return page([{"id": "tenant-1", "displayName": "Acme"}])


def _domains(cloud: Cloud, body: Doc, query: Doc) -> Answer:
    """Two to a page, so that every list has to be walked."""
    at = int(query.get("$skiptoken", "0"))
    names = sorted(cloud.domains)
    doc: Doc = {"value": [cloud.domains[name] for name in names[at : at + 2]]}
    if at + 2 < len(names):
        doc["@odata.nextLink"] = f"https://graph.microsoft.com/v1.0/domains?$skiptoken={at + 2}"
    return reply(200, doc)


def _domain(cloud: Cloud, body: Doc, query: Doc, name: str) -> Answer:
    if name not in cloud.domains:
        raise missing(name)
    return reply(200, cloud.domains[name])


def _configurations(cloud: Cloud, body: Doc, query: Doc, name: str) -> Answer:
    return page([cloud.configurations[name]] if name in cloud.configurations else [])


def _federate(cloud: Cloud, body: Doc, query: Doc, name: str) -> Answer:
    if not cloud.domains[name]["isVerified"]:
        raise No(400, "Request_BadRequest", "The domain is not verified")
    if name in cloud.configurations:
        raise No(400, "Request_BadRequest", "Domain already has a federation configuration.")
    cloud.configurations[name] = {"id": f"fed-{name}", **body}
    cloud.domains[name]["authenticationType"] = "Federated"
    return reply(201, cloud.configurations[name])


def _refederate(cloud: Cloud, body: Doc, query: Doc, name: str, id: str) -> Answer:
    cloud.configurations[name].update(body)
    return reply(200, cloud.configurations[name])


def _unfederate(cloud: Cloud, body: Doc, query: Doc, name: str, id: str) -> Answer:
    del cloud.configurations[name]
    cloud.domains[name]["authenticationType"] = "Managed"
    return Answer(204)


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
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


def reply(status: int, body: Any, *headers: tuple[str, str]) -> Answer:
    return Answer(status, [("Content-Type", "application/json"), *headers], orjson.dumps(body))


def page(items: list[Doc]) -> Answer:
    return reply(200, {"value": items})


def graph_error(status: int, code: str, message: str, *headers: tuple[str, str], client: str = "cid") -> Answer:
    inner = {"date": "2026-01-15T09:00:00", "request-id": "rid", "client-request-id": client}
    return reply(status, {"error": {"code": code, "message": message, "innerError": inner}}, *headers)


def direct_licence(id: str, *off: str, group: str | None = None) -> Doc:
    return {"skuId": id, "disabledPlans": list(off), "assignedByGroup": group, "state": "Active", "error": "None"}


def connector(cloud: Cloud) -> Connector:
    return Connector(cloud, org="https://acme.okta.com", agent_token="agent")


def finish(cloud: Cloud, job: Doc, *, most: int = 20) -> Doc:
    """Run with fresh connectors, moving time on between attempts, until the job is acknowledged for good."""
    for _ in range(most):
        try:
            connector(cloud).run_once()
        except Killed:
            cloud.kill_after = None
        except Unreachable:
            pass
        if job["ack"] is not None:
            found: Doc = job["ack"]
            return found
        cloud.now += 120_000
    raise AssertionError("the job never ended")
