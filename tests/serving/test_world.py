"""Worlds in process: the one pipeline, refusals with their whys, determinism, snapshots, hosts."""

import orjson
import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import LabError
from emulator.wire.client import Http, Unreachable, json_of
from tests.serving.spec import HOST, SMALL


@pytest.fixture
def small():
    with World(SMALL) as world:
        yield world


def test_an_operation_answers_and_is_taped(small):
    assert small.directory.get("/users/dana")["userPrincipalName"] == "dana@small.example"
    (hop,) = small.tape
    assert (hop.party, hop.operation, hop.method, hop.status) == ("directory:corp", "users.get_user", "GET", 200)
    assert hop.url == f"{HOST}/_lab/directory/users/dana"


def test_a_refusal_keeps_its_why_under_the_request_id(small):
    answer = small.directory.call("GET", "/users/nobody")
    assert answer.status == 404
    request_id = answer.header("x-request-id")
    assert answer.header("x-lab-why") == f"{HOST}/_lab/why/{request_id}"
    shown = json_of(small.directory.call("GET", f"/_lab/why/{request_id}"))
    assert shown["code"] == "noSuchObject"
    assert shown["why"]["rule"]
    assert small.why(request_id) == shown["why"]


def test_a_refused_write_leaves_nothing(small):
    before = small.directory.get("/users")
    assert small.directory.call("POST", "/users", {"sAMAccountName": "DANA", "userPrincipalName": "x@y"}).status == 409
    assert small.directory.get("/users") == before


def test_a_read_writes_nothing(small):
    changes = small.database.execute("SELECT total_changes()").fetchone()
    small.directory.get("/users/dana")
    assert small.database.execute("SELECT total_changes()").fetchone() == changes


def test_a_crash_is_the_partys_own_500_and_is_remembered(small, monkeypatch):
    from emulator.directory.resources import users

    monkeypatch.setattr(users, "render", lambda user: 1 / 0)
    answer = small.directory.call("GET", "/users/dana")
    assert answer.status == 500
    assert b"Traceback" not in answer.body and b"ZeroDivision" not in answer.body
    assert "ZeroDivisionError" in small.engine.crashes[0]


def test_a_refusal_stands_even_where_its_reason_cannot_be_kept(small, monkeypatch):
    def full(*args, **more):
        raise OSError("disk full")

    monkeypatch.setattr("emulator.store.journal.append", full)
    assert small.directory.call("GET", "/users/nobody").status == 404
    assert "disk full" in small.engine.crashes[0]


def play(seed: str) -> bytes:
    with World(SMALL, seed=seed) as world:
        world.directory.post("/users", {"sAMAccountName": "sam", "userPrincipalName": "sam@small.example"})
        world.directory.call("GET", "/users/nobody")
        world.clock.advance(hours=1)
        world.directory.get("/users")
        return world.engine.tape.dump()


def test_the_same_seed_gives_the_same_tape_and_another_does_not():
    assert play("1") == play("1")
    assert play("1") != play("2")


def test_the_tape_holds_no_ports(small):
    exchange = Exchange(
        "GET", "http", "127.0.0.1:54321", "/_lab/directory/users/dana", headers={"host": "127.0.0.1:54321"}
    )
    assert small.answer(exchange, "directory").status == 200
    assert b"54321" not in small.engine.tape.dump()


def test_unknown_hosts_are_out_of_reach(small):
    with pytest.raises(Unreachable):
        Http(small.transport).request("GET", "https://login.microsoftonline.com/")


def test_snapshots_and_reset(small):
    small.snapshot("a")
    small.directory.delete("/users/dana")
    small.clock.advance(days=2)
    small.restore("a")
    assert small.directory.get("/users/dana")
    assert small.clock.now() == small.loaded.clock_ms
    small.directory.delete("/users/dana")
    assert json_of(small.directory.call("POST", "/_lab/reset"))["status"] == "ok"
    assert small.directory.get("/users/dana")
    with pytest.raises(LabError, match="no snapshot"):
        small.restore("nope")


def test_a_block_can_be_rolled_back(small):
    with small.rolled_back():
        small.directory.delete("/users/dana")
    assert small.directory.get("/users/dana")


def test_time_stands_still_until_moved(small):
    start = small.clock.now()
    assert small.clock.now() == start
    small.clock.advance(hours=36)
    assert small.clock.now() == start + 36 * 3_600_000
    small.clock.run()
    assert small.clock.now() >= start + 36 * 3_600_000


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("no-such-world", "There is no world 'no-such-world'"),
        ({"world": "x"}, "missing required field"),
        ({"world": "x", "parties": {"ldap:x": {}}}, "is no party name"),
        ({"world": "x", "parties": {"okta": {}}}, "is no party name"),
        ({"world": "x", "parties": {}, "surprise": 1}, "unknown field"),
    ],
)
def test_bad_worlds_say_what_is_wrong(spec, text):
    with pytest.raises(LabError, match=text) as caught:
        World(spec)
    assert caught.value.hint


def test_a_file_keeps_its_world(tmp_path):
    with World(SMALL, data=tmp_path) as first:
        first.directory.post("/users", {"sAMAccountName": "sam", "userPrincipalName": "sam@small.example"})
        secret = first.database.settings()["secret"]
    with World(SMALL, data=tmp_path) as second:
        assert second.directory.get("/users/sam")
        assert second.database.settings()["secret"] == secret
        second.restore("start")
        assert second.directory.call("GET", "/users/sam").status == 404
    with pytest.raises(LabError, match="holds the world 'small'"):
        World({**SMALL, "world": "other"}, data=tmp_path)


def test_seeded_secrets_differ_between_data_directories(tmp_path):
    secrets = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        with World(SMALL, data=tmp_path / name) as world:
            secrets.add(world.database.settings()["secret"])
    assert len(secrets) == 2


def test_the_journal_route_pages(small):
    for n in range(5):
        small.directory.call("GET", f"/users/nobody{n}")
    rows = orjson.loads(small.directory.call("GET", "/_lab/journal?after=2&limit=2").body)["rows"]
    assert [row["n"] for row in rows] == [3, 4]


def test_a_world_makes_its_data_directory_as_a_lab_does(tmp_path):
    with World(SMALL, data=tmp_path / "not" / "there"):
        assert (tmp_path / "not" / "there" / "world.db").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(LabError, match="cannot be used"):
        World(SMALL, data=tmp_path / "file" / "below")
