"""Worlds as files: what comes back answers byte for byte as the original does; nothing is ever half there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import LabError
from emulator.serving import differences, exports, forks
from emulator.serving.lab import Lab
from emulator.wire.client import json_of
from tests.serving.spec import SMALL

PERSON = {"sAMAccountName": "sam", "userPrincipalName": "sam@small.example"}


def lived(world: World) -> World:
    """A world in which something has happened."""
    world.okta.post("/api/v1/groups", {"profile": {"name": "Exported"}})
    world.sync()
    world.clock.advance(minutes=3)
    assert world.browser.sign_in("dana@acme.example").ok
    return world


def go_on(world: World) -> list[tuple]:
    """What a world answers from here on, all of it."""
    start = len(world.tape)
    world.okta.post("/api/v1/groups", {"profile": {"name": "Later"}})
    for path in ("/api/v1/users?limit=200", "/api/v1/logs?limit=100", "/api/v1/apps"):
        world.okta.get(path)
    for path in ("/users", "/groups", "/users/delta", "/auditLogs/directoryAudits"):
        world.entra.get(path)
    world.directory.get("/users")
    assert world.browser.sign_in("dana@acme.example").ok
    world.sync()
    return [(h.method, h.url, h.status, h.response_headers, h.response_body, h.request_id) for h in world.tape[start:]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "acme"
    with World("acme") as world:
        lived(world).export(folder)
        with world.fork() as fork:
            return folder, go_on(fork), go_on(world)


def test_a_reloaded_world_and_a_fork_answer_byte_for_byte_as_the_original(exported):
    folder, forked, original = exported
    with World(str(folder)) as again:
        reloaded = go_on(again)
    assert len(original) > 15
    for name, answers in (("fork", forked), ("reload", reloaded)):
        assert [item[:3] for item in answers] == [item[:3] for item in original], name
        assert answers == original, name


def test_an_export_of_a_reload_is_the_export(exported, tmp_path):
    folder, _, _ = exported
    with World(str(folder)) as again:
        again.export(tmp_path / "again")
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.json"))
    assert names == sorted(path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*.json"))
    for name in names:
        one, other = (json.loads((base / name).read_bytes()) for base in (folder, tmp_path / "again"))
        if name == Path("world.json"):
            for item in (one, other):
                for key in ("source", "requests", "windows"):
                    item["settings"].pop(key, None)
        assert one == other, name


def test_a_served_world_comes_back_from_the_directory_and_again_from_its_data(exported, tmp_path):
    folder, _, _ = exported
    for _ in range(2):
        with Lab(str(folder), data=tmp_path) as lab:
            names = [item["profile"]["name"] for item in _groups(lab)]
            assert "Exported" in names


def _groups(lab):
    service = lab.world.hosts.service("okta")
    headers = {"host": service.host, "authorization": f"SSWS {lab.info['okta']['token']}"}
    return json_of(lab.world.answer(Exchange("GET", "https", service.host, "/api/v1/groups", "", headers), "front"))


def test_a_running_world_takes_over_an_export_and_a_reset_returns_to_it(tmp_path):
    with World(SMALL) as one, World(SMALL) as other:
        one.directory.post("/users", PERSON)
        other.load(exports.value(one))
        assert other.directory.get("/users") == one.directory.get("/users")
        other.directory.post("/users", {**PERSON, "sAMAccountName": "ann", "userPrincipalName": "ann@small.example"})
        other.restore("start")
        assert other.directory.get("/users") == one.directory.get("/users")


def control(world, method, path, body=b""):
    headers = {"host": "localhost", "content-type": "application/json"}
    path, _, query = path.partition("?")
    answer = world.answer(Exchange(method, "http", "localhost", path, query, headers, body), "front")
    return answer.status, json_of(answer), answer.body


def test_the_control_routes_export_load_and_tell_what_changed():
    with World(SMALL) as world:
        _, _, before = control(world, "GET", "/_lab/world")
        world.directory.post("/users", PERSON)
        status, found, _ = control(world, "GET", "/_lab/world/changes")
        assert status == 200
        assert [
            (item["kind"], item["name"], item["change"]) for item in found["changes"] if item["kind"] == "users"
        ] == [("users", "sam@small.example", "added")]
        assert control(world, "GET", "/_lab/world/changes?since=nothing")[0] == 400
        assert control(world, "PUT", "/_lab/world", before)[0] == 200
        assert [user["sAMAccountName"] for user in world.directory.get("/users")["value"]] == ["dana"]
        assert not world.engine.crashes


def _with(value, **more):
    return {**value, **more}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: {}, lambda v: _with(v, parties=[]), lambda v: _with(v, parties={"okta:x": {"users": []}}),
        lambda v: _with(v, parties={"directory:corp": {"../x": [{"seq": 1, "id": "a", "doc": {}}]}}),
        lambda v: _with(v, parties={"directory:corp": {"users": [{"seq": "1", "id": "a", "doc": {}}]}}),
        lambda v: _with(v, parties={"directory:corp": {"users": [{"seq": 1, "id": "a"}]}}),
        lambda v: _with(v, parties={"directory:corp": {"users": 5}}), lambda v: _with(v, counters={"a": 5}),
        lambda v: _with(v, clock={"nope": 1}), lambda v: _with(v, journal=[{"n": 1}]), lambda v: _with(v, log=[5]),
        lambda v: _with(v, horizon="x"), lambda v: _with(v, marks=[[1]]),
        lambda v: _with(v, parties={"directory:corp": {"users": v["parties"]["directory:corp"]["users"] * 2}}),
    ],
)  # fmt: skip
def test_what_is_no_export_changes_nothing(spoil):
    with World(SMALL) as world:
        before = exports.value(world)
        bad = spoil(before)
        if bad["parties"].get("directory:corp", {}).get("users") if isinstance(bad.get("parties"), dict) else None:
            users = bad["parties"]["directory:corp"]["users"]
            if isinstance(users, list) and len(users) == 2:
                users[1] = {**users[1], "seq": 99}  # the same id twice
        status, found, _ = control(world, "PUT", "/_lab/world", json.dumps(bad).encode())
        assert (status, bool(found["error"]["hint"])) == (400, True)
        assert exports.value(world)["parties"] == before["parties"]
        assert world.directory.get("/users")["value"]


# -- directories ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    with World(SMALL) as world:
        world.export(tmp_path / "small")
    return tmp_path / "small"


def test_an_export_is_its_owners_alone(small):
    if os.name == "posix":
        assert (small.stat().st_mode & 0o777) == 0o700


def test_an_export_replaces_an_older_one_but_nothing_else(small, tmp_path):
    with World(SMALL) as world:
        world.export(small)
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
        for target in (tmp_path / "photos", tmp_path / "photos" / "cat.jpg"):
            with pytest.raises(LabError, match=r"something else|no directory"):
                world.export(target)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "small"]


def test_a_world_is_not_written_where_it_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with World(SMALL) as world, pytest.raises(LabError, match="cannot be written"):
        world.export(tmp_path / "file" / "below")


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_FSIZE")
def test_a_full_disk_leaves_no_half_export(small, tmp_path):
    before = sorted((path.name, path.stat().st_size) for path in small.rglob("*"))
    code = """
import resource, signal, sys
from emulator import World
from emulator.kernel.problems import LabError
with World("acme") as world:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    for target in sys.argv[1:]:
        try:
            world.export(target)
        except LabError as error:
            print(error.message)
"""
    new = tmp_path / "new"
    done = subprocess.run(
        [sys.executable, "-c", code, str(small), str(new)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.count("cannot be written") == 2
    assert sorted((path.name, path.stat().st_size) for path in small.rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small"]


def test_links_and_paths_out_of_the_directory_are_refused(small, tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text('[{"seq":1,"id":"a","doc":{}}]')
    (small / "directory-corp" / "stolen.json").symlink_to(outside)
    with pytest.raises(LabError, match="a link"):
        exports.read(small)
    (small / "directory-corp" / "stolen.json").unlink()
    head = json.loads((small / "world.json").read_text())
    head["world"]["parties"]["../../etc"] = {}
    (small / "world.json").write_text(json.dumps(head))
    with pytest.raises(LabError, match="no party"):
        exports.read(small)
    with pytest.raises(LabError, match="no party name"):
        World(str(small))


@pytest.mark.parametrize("spoil", [b"", b"{}", b"[", b'{"format":"tenantlab world 99"}'])
def test_a_broken_head_is_one_sentence(small, spoil):
    (small / "world.json").write_bytes(spoil)
    with pytest.raises(LabError, match=r"cannot be read|no exported world") as caught:
        World(str(small))
    assert caught.value.hint


def test_an_edited_file_counts(small):
    path = small / "directory-corp" / "users.json"
    with World(str(small)) as world:
        assert world.directory.get("/users")["value"][0]["sAMAccountName"] == "dana"
    path.write_text(
        path.read_text().replace('"title":null', '"title":"x"').replace("dana@small.example", "danae@small.example")
    )
    with World(str(small)) as world:
        assert "danae@small.example" in str(world.directory.get("/users"))


def test_an_exported_world_takes_no_other_seed(small):
    with pytest.raises(LabError, match="its own seed"):
        World(str(small), seed="other")


# -- differences ------------------------------------------------------------------------------------------------------


def test_differences_are_readable(tmp_path):
    with World("acme") as world:
        world.export(tmp_path / "before")
        group = world.okta.post("/api/v1/groups", {"profile": {"name": "New one"}})
        user = world.okta.get("/api/v1/users/dana@acme.example")
        world.okta.post(f"/api/v1/users/{user['id']}", {"profile": {"title": "Lead"}})
        changes = differences.between(exports.read(tmp_path / "before")["parties"], exports.value(world)["parties"])
        assert changes == world.changes()
        shown = differences.render(changes)
    assert f"+ okta:acme groups  New one  ({group['id']})" in shown
    assert f"~ okta:acme users  dana@acme.example  ({user['id']})" in shown
    assert "    profile.title: " in shown and '-> "Lead"' in shown
    assert differences.between({}, {}) == []


# -- forks ------------------------------------------------------------------------------------------------------------


def test_a_fork_and_its_origin_do_not_touch_each_other():
    with World(SMALL) as world, world.fork() as fork:
        fork.directory.post("/users", PERSON)
        assert len(world.directory.get("/users")["value"]) == 1
        fork.restore("start")
        assert len(fork.directory.get("/users")["value"]) == 1


def test_a_running_data_directory_is_forked(tmp_path):
    with Lab(SMALL, data=tmp_path / "one") as lab:
        lab.world.directory.post("/users", PERSON)
        forks.fork_file(tmp_path / "one", tmp_path / "two")
        with World(SMALL, data=tmp_path / "two") as fork:
            assert len(fork.directory.get("/users")["value"]) == 2
    with pytest.raises(LabError, match="there already"):
        forks.fork_file(tmp_path / "one", tmp_path / "two")
    with pytest.raises(LabError, match="holds no world"):
        forks.fork_file(tmp_path / "none", tmp_path / "three")
    assert not (tmp_path / "three").exists()
