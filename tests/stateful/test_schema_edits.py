"""Random edits of schemas and mappings never leave a user or an app user that its schema does not describe."""

from contextlib import ExitStack
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.okta import o365
from tests.okta.worlds import DANA_ID, SAM_ID

SCHEMAS = {"user": "/api/v1/meta/schemas/user/default", "app": f"/api/v1/meta/schemas/apps/{o365.APP_ID}/default"}
NAMES = st.sampled_from(["alpha", "beta", "gamma", "title", "firstName", "displayName"])
DEFINITIONS: list[Any] = [
    None, {"type": "string"}, {"type": "string", "maxLength": 3}, {"type": "integer", "minimum": 0},
    {"type": "boolean"}, {"type": "array", "items": {"type": "string"}}, {"type": "string", "enum": ["x", "yy"]},
    {"type": "array"}, {"type": "nothing"}, {"title": "T"}, {"required": True}, {"type": "number"}, [], 5,
]  # fmt: skip
VALUES: list[Any] = [None, "x", "yy", "long text", 1, -1, 2.5, True, ["x"], [1], {}, ""]
EXPRESSIONS = [
    "user.lastName", "user.alpha", "user.beta", '"const"', "5 + 1", "true", '{"a", "b"}', "null", "user.nothing", "user.",
    "findDirectoryUser()", "user.alpha + user.beta", "user.firstName > 5",
]  # fmt: skip
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
PEOPLE = (SAM_ID, DANA_ID)


class Edits(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.scope = ExitStack()
        self.world = self.scope.enter_context(o365.made())
        for person in PEOPLE:
            o365.assign(self.world, person)
        mappings = self.world.okta.get("/api/v1/mappings?limit=200")
        self.mapping = next(item["id"] for item in mappings if item["target"]["id"] == o365.APP_ID)

    def send(self, method: str, path: str, body: Any) -> int:
        answer = self.world.okta.call(method, path, body)
        assert answer.status < 500
        return answer.status

    @rule(which=st.sampled_from(sorted(SCHEMAS)), name=NAMES, change=st.sampled_from(DEFINITIONS))
    def edit_schema(self, which: str, name: str, change: Any) -> None:
        self.send("POST", SCHEMAS[which], {"definitions": {"custom": {"properties": {name: change}}}})

    @rule(name=NAMES, expression=st.sampled_from([None, *EXPRESSIONS]), push=st.sampled_from(["PUSH", "DONT_PUSH"]))
    def edit_mapping(self, name: str, expression: str | None, push: str) -> None:
        item = None if expression is None else {"expression": expression, "pushStatus": push}
        self.send("POST", f"/api/v1/mappings/{self.mapping}", {"properties": {name: item}})

    @rule(person=st.sampled_from(PEOPLE), name=NAMES, value=st.sampled_from(VALUES))
    def edit_user(self, person: str, name: str, value: Any) -> None:
        self.send("POST", f"/api/v1/users/{person}", {"profile": {name: value}})

    @rule(person=st.sampled_from(PEOPLE), name=NAMES, value=st.sampled_from(VALUES))
    def edit_app_user(self, person: str, name: str, value: Any) -> None:
        self.send("POST", f"/api/v1/apps/{o365.APP_ID}/users/{person}", {"profile": {name: value}})

    @rule()
    def apply_mappings(self) -> None:
        self.send("POST", f"{o365.INTERNAL}/sync", {})

    @invariant()
    def profiles_are_what_their_schemas_say(self) -> None:
        if not hasattr(self, "world"):
            return
        for which, at in (("user", "/api/v1/users/"), ("app", f"/api/v1/apps/{o365.APP_ID}/users/")):
            definitions = self.world.okta.get(SCHEMAS[which])["definitions"]
            known = {**definitions["base"]["properties"], **definitions["custom"]["properties"]}
            for person in PEOPLE:
                answer = self.world.okta.call("GET", at + person)
                assert answer.status == 200
                for name, value in orjson.loads(answer.body)["profile"].items():
                    assert name in known, (which, name)
                    kind = TYPES[known[name]["type"]]
                    assert value is None or isinstance(value, kind), (which, name, value)
                    assert not isinstance(value, bool) or kind is bool

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.scope.close()


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
