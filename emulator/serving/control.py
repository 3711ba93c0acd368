"""Control routes below `/_lab`, on every service URL. See docs/reference/control.md (generated from `ROUTES`).

On a loopback bind no credential is asked, but cross-site requests are refused and bodies must be JSON. A bind beyond
loopback wants the control token on every route.
"""

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.problems import LabError
from emulator.serving import control_routes  # noqa: F401 - fills ROUTES
from emulator.serving.control_table import ROUTES, Asked, ControlError, Handler
from emulator.serving.hosts import is_loopback
from emulator.serving.pipeline import Service, pipeline

if TYPE_CHECKING:
    from emulator.serving.world import World

PARTY_ROUTES = {
    "/_lab/agent/": "okta", "/_lab/directory/": "directory", "/_lab/onpremises/": "graph",
    "/_lab/microsoft/": "graph", "/_lab/outbox": "okta",
}  # fmt: skip
_OWN_CREDENTIAL = ("/_lab/agent/", "/_lab/onpremises/")
OWN_ROUTES = frozenset({"/_lab/directory/import"})
"""Routes below a party's prefix that are the world's all the same."""


class Control:
    """The control routes of one world."""

    def __init__(self, world: "World", *, token: str | None = None) -> None:
        self.world = world
        self.token = token or world.control_token

    def answer(self, exchange: Exchange, service: Service | None) -> Answer:
        """Answer a request below `/_lab`; agent and directory routes go through their party's pipeline."""
        try:
            for prefix, name in PARTY_ROUTES.items():
                if exchange.path.startswith(prefix) and exchange.path not in OWN_ROUTES:
                    self._admit(exchange, own_credential=prefix in _OWN_CREDENTIAL)
                    found = service if service is not None and service.name == name else self._service(name)
                    return pipeline(self.world.engine, found, exchange)
            self._admit(exchange)
            handler, values = self._find(exchange)
            return _json(200, handler(self, Asked(dict(exchange.params()), values, self._body(exchange))))
        except ControlError as error:
            return _json(error.status, {"error": {"message": error.text, "hint": error.hint}})
        except LabError as error:
            return _json(400, {"error": {"message": error.message, "hint": error.hint}})

    def _service(self, name: str) -> Service:
        try:
            return self.world.hosts.service(name)
        except StopIteration:
            raise ControlError(404, f"this world has no {name}") from None

    def _admit(self, exchange: Exchange, *, own_credential: bool = False) -> None:
        """Refuse strangers. own_credential: the route's party asks for a credential of its own in the same header."""
        if self.token is not None and not own_credential:
            sent = exchange.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(sent.encode(), self.token.encode()):
                raise ControlError(
                    401, "the control token is missing or wrong", "Send Authorization: Bearer <control_token>."
                )
            return
        site = exchange.headers.get("sec-fetch-site", "none")
        origin = exchange.headers.get("origin")
        if site == "cross-site" or (origin is not None and not is_loopback(urlsplit(origin).hostname or "")):
            raise ControlError(403, "cross-site requests to control routes are refused")

    @staticmethod
    def _body(exchange: Exchange) -> Any:
        if not exchange.body:
            return {}
        if not exchange.headers.get("content-type", "").startswith("application/json"):
            raise ControlError(415, "a control route takes application/json")
        try:
            body = orjson.loads(exchange.body)
        except orjson.JSONDecodeError as error:
            raise ControlError(400, f"the body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise ControlError(400, "the body must be a JSON object")
        return body

    def _find(self, exchange: Exchange) -> tuple[Handler, dict[str, str]]:
        sent = exchange.path.rstrip("/").split("/")[2:]
        others = set()
        for (method, path), (handler, _) in ROUTES.items():
            parts = path.split("/")
            if len(parts) != len(sent):
                continue
            if all(part == value or (part.startswith("{") and value) for part, value in zip(parts, sent, strict=True)):
                if method == exchange.method:
                    return handler, {p[1:-1]: v for p, v in zip(parts, sent, strict=True) if p.startswith("{")}
                others.add(method)
        if others:
            raise ControlError(405, f"this route takes {', '.join(sorted(others))}")
        raise ControlError(404, f"there is no control route {exchange.path}", "See docs/reference/control.md.")


def _json(status: int, value: Any) -> Answer:
    headers = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Answer(status, headers, orjson.dumps(value))
