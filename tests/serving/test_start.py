"""What a start does not do: compile us anew, load the parties, make a world again; and what it voids."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from emulator import World
from emulator.serving import codeindex
from emulator.serving.lab import Lab
from emulator.serving.parties import PACKAGES, party_type
from tests.serving.spec import SMALL

OPEN = """
import sys
from emulator.cache import keep_bytecode
keep_bytecode()
from pathlib import Path
from emulator.kernel.exchange import Exchange
from emulator.serving.world import World
with World("acme", data=Path(sys.argv[1])) as world:
    health = world.answer(Exchange("GET", "http", "localhost", "/_lab/health", headers={"host": "localhost"}), "front")
    print(health.status, sum(name.startswith(("emulator.okta.resources.", "emulator.entra.")) for name in sys.modules))
"""


def opened(folder: Path, **env: str) -> tuple[int, int]:
    """Status of a first health check, and how many modules of the parties were loaded for it."""
    (folder / "data").mkdir(exist_ok=True)
    out = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder / "data")], check=True, capture_output=True, text=True,
        env={**os.environ, "TENANTLAB_CACHE": str(folder / "cache"), **env},
    ).stdout.split()  # fmt: skip
    return int(out[0]), int(out[1])


def test_a_known_world_is_opened_without_its_parties(tmp_path):
    status, loaded = opened(tmp_path)
    assert (status, loaded > 50) == (200, True)
    status, loaded = opened(tmp_path)
    assert (status, loaded < 10) == (200, True)
    (tmp_path / "data" / "world.db").unlink()
    assert opened(tmp_path)[0] == 200  # from the cached image, whose making nobody waits for twice
    kept = next((tmp_path / "cache").glob("kinds-*.pickle"))
    kept.write_bytes(b"not a pickle")
    assert opened(tmp_path)[0] == 200
    assert any(path.read_bytes() != b"not a pickle" for path in kept.parent.glob("kinds-*.pickle"))


def test_where_python_keeps_no_bytecode_we_do(tmp_path):
    opened(tmp_path, PYTHONDONTWRITEBYTECODE="1")
    kept = sorted((tmp_path / "cache" / "bytecode").rglob("emulator.kernel.*.pyc"))
    assert kept
    before = [path.read_bytes() for path in kept]
    kept[0].write_bytes(before[0][:40] + b"broken")
    kept[1].write_bytes(b"of another source" + before[1])
    assert opened(tmp_path, PYTHONDONTWRITEBYTECODE="1")[0] == 200
    assert [path.read_bytes()[:32] for path in kept] == [data[:32] for data in before]


@pytest.mark.parametrize("party", PACKAGES)
def test_the_kept_types_are_the_parties_own(tmp_path, monkeypatch, party):
    monkeypatch.setenv("TENANTLAB_CACHE", str(tmp_path))
    codeindex._all.cache_clear()
    assert codeindex.stored_types(party) == party_type(party).kinds
    codeindex._all.cache_clear()
    assert codeindex.stored_types(party) == party_type(party).kinds
    codeindex._all.cache_clear()


def test_a_restart_voids_what_was_handed_out_and_loses_nothing(tmp_path):
    with Lab(SMALL, data=tmp_path) as lab:
        epoch = lab.world.database.moment()[0]
        lab.world.directory.post("/users", {"sAMAccountName": "new", "userPrincipalName": "new@small.example"})
    with Lab(SMALL, data=tmp_path) as lab:
        assert lab.world.database.moment()[0] == epoch + 1
        assert len(lab.world.directory.get("/users")["value"]) == 2
        lab.world.restore("start")
        assert len(lab.world.directory.get("/users")["value"]) == 1


def test_a_lease_of_a_process_that_was_killed_is_free_at_the_next_start(tmp_path):
    with World("acme", data=tmp_path) as world:
        token = {"authorization": f"Bearer {world.agent_token}"}
        world.okta.post("/api/v1/users/dana@acme.example", {"profile": {"firstName": "Dina"}})
        leased = lease(world, token)
        assert leased and lease(world, token) == []
    with World("acme", data=tmp_path) as world:
        again = lease(world, token)
        assert [job["id"] for job in again] == [job["id"] for job in leased]


def lease(world, token):
    """Every job that can be had now."""
    from emulator.kernel.exchange import Exchange

    host = world.hosts.service("okta").host
    headers = {"host": host, "content-type": "application/json", **token}
    body = orjson.dumps({"max": 10})
    answer = world.entry(Exchange("POST", "https", host, "/_lab/agent/jobs/lease", headers=headers, body=body))
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)["jobs"]
