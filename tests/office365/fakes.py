"""A small job port and a small Microsoft, as one transport: what the connector can see of the two, and no more.

`Cloud` keeps world time, answers with Date headers, counts Microsoft's calls, and can lose the connection or kill the
caller at any of them. Kill means: the request is carried out and the answer never arrives.
"""

import re
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from emulator.kernel.clock import http_date, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.office365.connector import Connector
from emulator.wire.client import Unreachable
from tests.office365.small_graph import E3, E5, ROUTES, No, graph_error, missing, reply, sku

START = parse_iso("2026-01-15T09:00:00Z")
TENANT = "acme.onmicrosoft.com"
SECRET = {"tenant": "acme", "client_id": "c1", "client_secret": "s1"}


class Killed(Exception):
    """The connector's process died here."""


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
        for method, pattern, handler in ROUTES:
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
