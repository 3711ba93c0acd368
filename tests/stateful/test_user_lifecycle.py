"""A user's status never leaves the documented graph, whatever is called in whatever order. Graph: okta-admin-api.md 3.2."""

from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.okta.worlds import PASSWORD, anonymous, world

USERS = "/api/v1/users"
LOGIN = "kim@acme.example"
NEW = "An0ther-pass-"
# call: (from -> to); with a password where two are named
EDGES: dict[str, dict[str, tuple[str, ...]]] = {
    "activate": {"STAGED": ("PROVISIONED", "ACTIVE"), "DEPROVISIONED": ("PROVISIONED", "ACTIVE")},
    "reactivate": {"PROVISIONED": ("PROVISIONED",), "RECOVERY": ("PROVISIONED",)},
    "deactivate": dict.fromkeys(
        ("STAGED", "PROVISIONED", "ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT", "SUSPENDED"), ("DEPROVISIONED",)
    ),
    "suspend": {"ACTIVE": ("SUSPENDED",)},
    "unsuspend": {"SUSPENDED": ("ACTIVE",)},
    "unlock": {"LOCKED_OUT": ("ACTIVE",)},
    "reset_password": dict.fromkeys(
        ("ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"), ("RECOVERY",)
    ),
    "expire_password": {"ACTIVE": ("PASSWORD_EXPIRED",)},
    "expire_password_with_temp_password": {"ACTIVE": ("PASSWORD_EXPIRED",)},
}  # fmt: skip
BY_PASSWORD = dict.fromkeys(("PROVISIONED", "ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT"), ("ACTIVE",))


class UserLife(RuleBasedStateMachine):
    @initialize(activate=st.booleans(), password=st.booleans())
    def create(self, activate: bool, password: bool) -> None:  # Hypothesis calls by name
        self.world = world(password_policy={"lockout": {"maxAttempts": 2}})
        profile = {"login": LOGIN, "email": LOGIN, "firstName": "Kim"}
        body: dict[str, Any] = {"profile": profile}
        if password:
            body["credentials"] = {"password": {"value": PASSWORD}}
        user = self.world.okta.post(f"{USERS}?activate={str(activate).lower()}", body)
        self.id, self.count = user["id"], 0
        self.status: str | None = user["status"]
        assert self.status == (("ACTIVE" if password else "PROVISIONED") if activate else "STAGED")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.world.okta.call(method, f"{USERS}/{self.id}{path}", body)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def moved(self, status: int, edges: dict[str, tuple[str, ...]]) -> None:
        """What a call answered against what the graph says."""
        found, user = self.call("GET", "")
        now = user["status"] if found == 200 else None
        if self.status is None:
            assert status == 404
        elif status >= 400:
            assert now == self.status, "a refusal changes nothing"
        else:
            assert now == self.status or now in edges.get(self.status, ()), (self.status, now)
        if status < 300 and self.status is not None:
            assert self.status in edges, (self.status, status)
        self.status = now

    @rule(action=st.sampled_from(sorted(EDGES)))
    def lifecycle(self, action: str) -> None:
        query = "?sendEmail=false" if action in ("activate", "reactivate", "reset_password") else ""
        status, _ = self.call("POST", f"/lifecycle/{action}{query}")
        self.moved(status, EDGES[action])

    @rule()
    def delete(self) -> None:
        before = self.status
        status, _ = self.call("DELETE", "")
        found, user = self.call("GET", "")
        if before is None:
            assert status == 404
            return
        assert status == 204
        assert (found == 404) if before == "DEPROVISIONED" else user["status"] == "DEPROVISIONED"
        self.status = None if found == 404 else "DEPROVISIONED"

    @rule()
    def set_password(self) -> None:
        self.count += 1
        status, _ = self.call("POST", "", {"credentials": {"password": {"value": f"{NEW}{self.count}"}}})
        self.moved(status, {**BY_PASSWORD, "STAGED": ("STAGED",), "SUSPENDED": ("SUSPENDED",)})

    @rule()
    def wrong_password(self) -> None:
        body = {"username": LOGIN, "password": "wrong"}
        answer = anonymous(self.world).request("POST", "/api/v1/authn", json=body)
        assert answer.status in (200, 401)
        locks = dict.fromkeys(("ACTIVE", "PASSWORD_EXPIRED"), ("LOCKED_OUT",))
        found, user = self.call("GET", "")
        now = user["status"] if found == 200 else None
        assert now == self.status or (self.status in locks and now == "LOCKED_OUT")
        self.status = now

    @rule(name=st.sampled_from(["title", "nickName"]))
    def update(self, name: str) -> None:
        self.count += 1
        status, _ = self.call("POST", "", {"profile": {name: str(self.count)}})
        assert status == (404 if self.status is None else 403 if self.status == "DEPROVISIONED" else 200)

    @invariant()
    def links_say_what_can_be_done(self) -> None:
        if not hasattr(self, "world") or self.status is None:
            return
        _, user = self.call("GET", "")
        offered = {
            item["href"].rpartition("/lifecycle/")[2]
            for item in user["_links"].values()
            if "/lifecycle/" in item["href"]
        }
        # Recorded: users who are PROVISIONED or PASSWORD_EXPIRED are offered what only an ACTIVE one may do, and all
        # of them the reset of their factors.
        offered -= {"reset_factors"}
        offered -= {"suspend", "expire_password"} if self.status != "ACTIVE" else set()
        assert all(self.status in EDGES[action] for action in offered), (self.status, offered)
        assert (user["activated"] is None) <= (self.status in ("STAGED", "DEPROVISIONED"))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            assert self.world.engine.crashes == []
            self.world.close()


TestUserLife = UserLife.TestCase
TestUserLife.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
