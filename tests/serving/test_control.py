"""Control routes: what they do, and whom they refuse."""

import orjson
import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.serving.control import Control
from emulator.serving.control_table import ROUTES
from emulator.wire.client import json_of
from tests.serving.spec import SMALL


@pytest.fixture
def small():
    with World(SMALL) as world:
        yield world


def ask(world, method, path, body=None, **headers):
    sent = {"host": "localhost:1", **{k.replace("_", "-"): v for k, v in headers.items()}}
    data = b"" if body is None else orjson.dumps(body)
    if data:
        sent.setdefault("content-type", "application/json")
    path, _, query = path.partition("?")
    return world.answer(Exchange(method, "http", "localhost:1", path, query, sent, data), "front")


def test_health_names_the_world_and_its_hosts(small):
    found = json_of(ask(small, "GET", "/_lab/health"))
    assert found["status"] == "ok"
    assert found["hosts"] == ["dc.corp.small.example"]
    assert found["now"] == "2026-01-15T09:00:00.000Z"


def test_the_clock_moves_stops_and_runs(small):
    assert json_of(ask(small, "PATCH", "/_lab/clock", {"advance": "PT36H"}))["now"] == "2026-01-16T21:00:00.000Z"
    assert json_of(ask(small, "PATCH", "/_lab/clock", {"freeze": False}))["frozen"] is False
    assert json_of(ask(small, "PATCH", "/_lab/clock", {"freeze": "2030-01-01T00:00:00Z"}))["now"][:4] == "2030"
    assert json_of(ask(small, "PATCH", "/_lab/clock", {"rate": 60}))["rate"] == 60
    for bad in ({}, {"advance": "soon"}, {"advance": 5}, {"rate": "fast"}, {"freeze": "nonsense"}, {"other": 1}):
        assert ask(small, "PATCH", "/_lab/clock", bad).status == 400


def test_limits_take_off_documented_and_numbers(small):
    assert json_of(ask(small, "GET", "/_lab/limits")) == {"limits": "off"}
    assert json_of(ask(small, "PATCH", "/_lab/limits", {"limits": {"okta.users": 5}})) == {"limits": {"okta.users": 5}}
    for bad in ({"limits": "some"}, {"limits": {"okta.users": -1}}, {"limits": {"okta.users": "5"}}, {}):
        assert ask(small, "PATCH", "/_lab/limits", bad).status == 400


def test_snapshots_are_taken_listed_and_restored(small):
    assert json_of(ask(small, "POST", "/_lab/snapshots", {"name": "a b/c"}))["snapshots"][-1] == "a b/c"
    assert ask(small, "POST", "/_lab/snapshots", {"name": ""}).status == 400
    assert ask(small, "POST", "/_lab/snapshots/none/restore").status == 404
    small.snapshot("x")
    assert ask(small, "POST", "/_lab/snapshots/x/restore").status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost.evil.example"}, 403),
        ({"origin": "http://localhost:8080"}, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
    ],
)
def test_cross_site_requests_are_refused(small, headers, status):
    assert ask(small, "POST", "/_lab/reset", **headers).status == status


def test_bodies_must_be_json(small):
    answer = ask(small, "PATCH", "/_lab/clock", {"advance": "PT1H"}, content_type="text/plain")
    assert answer.status == 415
    sent = {"host": "localhost", "content-type": "application/json"}
    assert small.answer(Exchange("PATCH", "http", "localhost", "/_lab/clock", "", sent, b"{"), "front").status == 400
    assert small.answer(Exchange("PATCH", "http", "localhost", "/_lab/clock", "", sent, b"[]"), "front").status == 400


def test_a_token_is_wanted_beyond_loopback(small):
    control = Control(small, token="right")
    for value, status in ((None, 401), ("Bearer wrong", 401), ("Bearer right", 200), ("right\udc80", 401)):
        headers = (
            {"host": "x"}
            if value is None
            else {"host": "x", "authorization": value.encode("utf-8", "replace").decode()}
        )
        assert control.answer(Exchange("GET", "http", "x", "/_lab/health", headers=headers), None).status == status


def test_unknown_routes_and_methods_say_so(small):
    assert ask(small, "GET", "/_lab/nothing").status == 404
    answer = ask(small, "DELETE", "/_lab/clock")
    assert answer.status == 405
    assert "GET, PATCH" in json_of(answer)["error"]["message"]
    assert ask(small, "GET", "/_lab/journal?after=x").status == 400


def test_every_route_has_a_sentence():
    assert all(summary.endswith((".", "`", ":")) or summary for _, summary in ROUTES.values())
