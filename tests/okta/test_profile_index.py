"""How searches of users reach their rows: by index, custom attributes through the side table, at any depth."""

from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import dig
from emulator.kernel.query import parse_scim
from emulator.okta import search
from emulator.okta.filters import RULES, prepare
from emulator.okta.profile_index import ProfileIndex, indexed
from emulator.okta.user_docs import USERS
from emulator.serving.parties import party_type
from emulator.store import Store

from .worlds import spec

PEOPLE = 3_000


@pytest.fixture(scope="module")
def big() -> Iterator[World]:
    with World(spec(), people=PEOPLE) as made:
        schema = {
            "definitions": {"custom": {"properties": {"badge": {"type": "string"}, "floor": {"type": "integer"}}}}
        }
        made.okta.post("/api/v1/meta/schemas/user/default", schema)
        someone = made.okta.get("/api/v1/users?limit=200")[120]["id"]
        made.okta.post(f"/api/v1/users/{someone}", {"profile": {"badge": "B-77", "floor": 7}})
        yield made


def plan(made: World, text: str, *, after: int = 0) -> tuple[list[str], Any]:
    """The steps of a page's query, and what is left to check by hand."""
    store = Store(made.database, "okta:acme", {kind.name: kind for kind in party_type("okta").kinds})
    rules = RULES["users.search"]
    call: Any = SimpleNamespace(store=store)
    where, keep = search.located(call, USERS, prepare(parse_scim(text), rules), rules.fold)
    sql = f"EXPLAIN QUERY PLAN SELECT seq, doc FROM {store.table(USERS)} WHERE seq > ? AND ({where.sql}) ORDER BY seq LIMIT 200"
    rows = made.database.execute(sql, (after, *where.params)).fetchall()
    return [row[3] for row in rows], keep


@pytest.mark.parametrize(
    "text",
    [
        'profile.login eq "DANA@acme.example"', 'profile.department eq "sales"', 'status eq "suspended"',
        'profile.lastName sw "zz"', 'lastUpdated gt "2026-01-15T09:00:00.500Z"', 'profile.badge eq "b-77"',
        "profile.badge pr", "profile.floor eq 7", 'profile.city eq "nowhere"', 'profile.title sw "zz"', 'type.id eq "x"',
        'status eq "ACTIVE" and profile.lastName sw "zz"',
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", [0, PEOPLE - 10])
def test_it_is_an_index_lookup(big: World, text: str, after: int) -> None:
    steps, keep = plan(big, text, after=after)
    assert keep is None, "SQL decides alone"
    assert not any(step.startswith("SCAN") for step in steps), steps
    driven = [step for step in steps if "INDEX" in step or "PRIMARY KEY (kind" in step]
    assert driven, steps


def test_a_range_of_many_is_walked_in_order(big: World) -> None:
    steps, keep = plan(big, 'lastUpdated gt "2020-01-01T00:00:00Z"')
    assert keep is None and steps == [step for step in steps if "TEMP B-TREE" not in step]


def test_the_side_table_finds_what_it_should(big: World) -> None:
    for text in ('profile.badge eq "b-77"', 'profile.badge sw "B"', "profile.floor eq 7", "profile.floor eq 7.0",
                 "profile.floor gt 6", 'profile.badge co "77"', 'profile.badge ge "b"'):  # fmt: skip
        assert len(big.okta.get("/api/v1/users?search=" + text.replace(" ", "+").replace('"', "%22"))) == 1, text


def test_entries_of_a_profile() -> None:
    index = ProfileIndex(but=("login",))
    doc = {
        "profile": {
            "login": "x",
            "A": "B",
            "n": 2.0,
            "yes": True,
            "list": ["x", "X", 3],
            "none": None,
            "big": "y" * 900,
        }
    }
    found = index.of(doc)
    assert found[:6] == ["a=b", "n#2", "yes#true", "list=x", "list#3", "big=" + "y" * 508]
    assert indexed(USERS, parse_scim(f'profile.big eq "{"y" * 900}"')) != indexed(
        USERS, parse_scim('profile.big eq "y"')
    )


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("name", ["profile.lastName", "profile.employeeNumber", "lastUpdated"])
def test_sorted_pages_are_found_by_index_and_complete(big: World, name: str, order: str) -> None:
    path, found = f"/api/v1/users?search=status+pr&sortBy={name}&sortOrder={order}&limit=200", []
    while path:
        answer = big.okta.call("GET", path)
        found += orjson.loads(answer.body)
        path = next((link[1 : link.index(">")] for link in answer.all_headers("link") if 'rel="next"' in link), "")
    assert len({user["id"] for user in found}) == len(found) > PEOPLE
    values = [dig(user, name) for user in found]
    present = [value.casefold() for value in values if value is not None]
    assert present == sorted(present, reverse=order == "desc") and values[len(present) :] == [None] * (
        len(values) - len(present)
    )
    equal = [(dig(a, name), a["id"] < b["id"]) for a, b in pairwise(found) if dig(a, name) == dig(b, name)]
    assert all(rising for _, rising in equal)
