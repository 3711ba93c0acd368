"""How a tour asks: successes only, and whole cycles of a collection, driven by the operations that there are."""

from typing import Any

import orjson

from emulator import World
from emulator.kernel.operations import Routes
from emulator.serving.parties import party_type

OPERATIONS = party_type("okta").services[0].operations
ROUTES = Routes(OPERATIONS)
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_1) Chrome/126.0"


def exists(method: str, path: str) -> bool:
    return ROUTES.match(method, path) is not None


class Tour:
    def __init__(self, org: World) -> None:
        self.org = org

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a success."""
        answer = self.org.okta.call(
            method, path, body, headers={"user-agent": AGENT, **more.pop("headers", {})}, **more
        )
        assert answer.status < 300, (method, path, answer.status, answer.body)
        json = "json" in (answer.header("content-type") or "")
        return orjson.loads(answer.body) if json and answer.body else None

    def cycle(self, at: str, body: Any, *, change: Any = None, id: str = "id", partial: Any = None) -> None:
        """Make one, look at it, change it, switch it off and on, and take it away."""
        self.send("GET", at)
        made = self.send("POST", at, body)
        one = f"{at}/{made[id]}"
        for method, sent in (("GET", None), ("PUT", change or body), ("POST", partial or change or body)):
            if exists(method, one):
                self.send(method, one, sent)
        self.switch(one, active=made.get("status") != "INACTIVE")
        self.send("DELETE", one)

    def switch(self, one: str, *, active: bool = True) -> None:
        """Through the lifecycle, to end inactive."""
        if exists("POST", f"{one}/lifecycle/activate"):
            for step in ("deactivate", "activate", "deactivate")[0 if active else 1 :]:
                self.send("POST", f"{one}/lifecycle/{step}")

    def first(self, path: str, **fields: Any) -> Any:
        items = self.send("GET", path)
        return next(item for item in items if all(item.get(name) == value for name, value in fields.items()))
