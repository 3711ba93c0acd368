"""Random searches of users against a naive evaluator, over the API. Grammar: okta-admin-api.md 3.4."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import World
from tests.okta.worlds import new_user, world

USERS = "/api/v1/users"
TEXTS = ("Sales", "sales", "IT", "it dept", "Ä", "x=y", "", 'q"uote', "back\\slash")
PEOPLE: tuple[dict[str, Any], ...] = (
    {"department": "Sales", "badge": "b-1", "floor": 1, "teams": ["red", "Blue"]},
    {"department": "sales", "badge": "B-1x", "floor": 2, "here": True},
    {"department": "IT", "city": "Ä", "floor": -3, "here": False, "teams": ["blue"]},
    {"title": "it dept", "badge": 'q"uote', "ratio": 1.5},
    {"title": "back\\slash", "city": "x=y", "ratio": 2.0, "teams": []},
    {},
)
CUSTOM = {
    "badge": {"type": "string"}, "floor": {"type": "integer"}, "ratio": {"type": "number"}, "here": {"type": "boolean"},
    "teams": {"type": "array", "items": {"type": "string"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def org() -> Iterator[World]:
    with world(user_schema=CUSTOM) as made:
        for number, profile in enumerate(PEOPLE):
            query = "?activate=false" if number % 3 == 0 else ""
            new_user(made, f"p{number}@acme.example", query=query, **profile)
        yield made


def literal(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value).lower()


texts = st.sampled_from([*TEXTS, "b-1", "B-1", "red", "BLUE", "a", "@acme"])
leaves = st.one_of(
    st.tuples(
        st.sampled_from(["department", "badge", "city", "title", "firstName", "login", "teams", "floor"]),
        st.sampled_from(["eq", "ne", "sw", "co"]), texts,
    ),
    st.tuples(st.sampled_from(["department", "badge", "city"]), st.sampled_from(["gt", "ge", "lt", "le"]), texts),
    st.tuples(
        st.sampled_from(["floor", "ratio", "badge"]), st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
        st.sampled_from([1, 2, -3, 1.5, 2.0, 0]),
    ),
    st.tuples(st.just("here"), st.sampled_from(["eq", "ne"]), st.booleans()),
    st.tuples(st.sampled_from(["badge", "teams", "department", "here", "ratio"]), st.just("pr"), st.none()),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda below: st.one_of(st.tuples(st.just("not"), below), st.tuples(st.sampled_from(["and", "or"]), below, below)),
    max_leaves=6,
)


def written(tree: Any) -> str:
    if tree[0] == "not":
        return f"not ({written(tree[1])})"
    if tree[0] in ("and", "or"):
        return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"
    name, operator, value = tree
    return f"profile.{name} pr" if operator == "pr" else f"profile.{name} {operator} {literal(value)}"


def holds(tree: Any, profile: dict[str, Any]) -> bool:
    if tree[0] == "not":
        return not holds(tree[1], profile)
    if tree[0] == "and":
        return holds(tree[1], profile) and holds(tree[2], profile)
    if tree[0] == "or":
        return holds(tree[1], profile) or holds(tree[2], profile)
    name, operator, wanted = tree
    present = profile.get(name)
    values = present if isinstance(present, list) else [] if present is None else [present]
    if operator == "pr":
        return bool(values)
    if operator == "ne":
        return not any(compared(value, "eq", wanted) for value in values)
    return any(compared(value, operator, wanted) for value in values)


def compared(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return operator == "eq" and value is wanted
    if isinstance(value, str) is not isinstance(wanted, str):
        return False
    if isinstance(value, str):
        value, wanted = value.casefold(), wanted.casefold()
    return {
        "eq": lambda: value == wanted, "sw": lambda: value.startswith(wanted), "co": lambda: wanted in value,
        "gt": lambda: value > wanted, "ge": lambda: value >= wanted, "lt": lambda: value < wanted,
        "le": lambda: value <= wanted,
    }[operator]()  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(tree=trees)
def test_searches_agree_with_a_naive_evaluator(org: World, tree: Any) -> None:
    people = org.okta.get(f"{USERS}?limit=200")
    wanted = [user["id"] for user in people if holds(tree, user["profile"])]
    found = org.okta.get(f"{USERS}?search={quote(written(tree))}")
    assert [user["id"] for user in found] == wanted, written(tree)
