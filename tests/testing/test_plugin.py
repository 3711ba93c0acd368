"""The pytest plugin, as people's test suites use it: each of these runs pytest on a suite of its own."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from emulator import World
from emulator.testing.reporting import folder_of
from tests.serving.spec import SMALL

HEAD = "import pytest\nfrom hypothesis import given, strategies as st\n" + f"SMALL = {SMALL!r}\n"


@pytest.fixture
def suite(tmp_path):
    """Run pytest on a file with that content; its exit code and output."""

    def run(text: str, *args: str) -> tuple[int, str]:
        (tmp_path / "test_it.py").write_text(HEAD + textwrap.dedent(text))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *args]
        env = {**os.environ, "COLUMNS": "160"}
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=env, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_every_part_of_the_world_is_a_fixture(world, okta, entra, directory, clock, faults, tape):
    assert (okta, entra, directory) == (world.okta, world.entra, world.directory)
    before = clock.now()
    clock.advance(hours=1)
    assert clock.now() == before + 3_600_000
    faults.add(service="graph", status=503, nth=1)
    assert entra.call("GET", "/organization").status == 503
    okta.get("/api/v1/users/me")
    directory.get("/users")
    assert tape[-1].service == "directory" and len(tape) == len(world.tape) >= 3
    assert [hop.status for hop in tape.where(service="graph", path="/v1.0/*")] == [503]
    assert [hop.status for hop in tape[-2:]] == [200, 200]
    assert world.okta.http.headers["authorization"] not in json.dumps(tape.har())


@pytest.mark.world(SMALL)
def test_with_a_live_world_they_are_its_parts(live_world, directory, faults, tape):
    faults.add(operation="users.*", status=503, nth=1)
    assert directory.call("GET", "/users").status == 503
    assert live_world.world.tape == list(tape)


def test_nothing_is_imported_until_a_fixture_is_asked_for(suite):
    code, out = suite("""
        import sys
        def test_nothing():
            loaded = [name for name in sys.modules if name.startswith("emulator")]
            assert sorted(loaded) == ["emulator", "emulator.testing", "emulator.testing.plugin"], loaded
            assert not {"cryptography", "flask", "lxml", "orjson"} & set(sys.modules)
    """)
    assert code == 0, out


FAILING = """
    @pytest.mark.world("acme")
    def test_it_fails(world, okta, entra):
        okta.post("/api/v1/groups", {"profile": {"name": "Made before it failed"}})
        entra.call("GET", "/users/nobody")
        assert okta.call("GET", "/api/v1/users/nobody").status == 200
"""


def test_a_failure_tells_the_exchanges_both_logs_and_why(suite):
    code, out = suite(FAILING)
    assert code == 1
    for text in (
        "tenantlab: the last exchanges", "GET acme.okta.com/api/v1/users/nobody", "404",
        "tenantlab: both sides' logs", "group.lifecycle.create", "Made before it failed",
        "tenantlab: why", "why:", "tenantlab: again", "--tenantlab-artifacts DIR",
    ):  # fmt: skip
        assert text in out, text


def test_a_test_that_passes_and_one_without_a_world_tell_nothing(suite):
    code, out = suite("""
        def test_passes(world):
            world.okta.get("/api/v1/users/me")
        def test_fails():
            assert False
    """)
    assert code == 1 and "tenantlab" not in out


def test_the_artefacts_reopen_the_world_as_it_was(suite, tmp_path):
    code, out = suite(FAILING, "--tenantlab-artifacts", "kept")
    [folder] = (tmp_path / "kept").iterdir()
    assert folder.name == folder_of("test_it.py::test_it_fails")
    kept = folder / "1"
    assert code == 1 and f"tenantlab up --world {kept / 'world'}" in out
    entries = json.loads((kept / "trace.har").read_bytes())["log"]["entries"]
    assert entries[-1]["response"]["status"] == 404 and entries[-1]["_why"]["rule"]
    assert "why:" in (kept / "timeline.txt").read_text()
    assert any(row["type"] == "group.lifecycle.create" for row in json.loads((kept / "journal.json").read_bytes()))
    with World(str(kept / "world")) as again:
        assert "Made before it failed" in [group["profile"]["name"] for group in again.okta.get("/api/v1/groups")]
        for secret in (again.spec.lab["okta"]["token"], again.spec.lab["entra"]["client_secret"]):
            assert secret not in (kept / "trace.har").read_text() + out
    found = subprocess.run(
        [sys.executable, "-m", "emulator", "explain", str(kept / "trace.har")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "E0000007" in found.stdout + found.stderr


def test_artefacts_that_cannot_be_kept_do_not_hide_the_failure(suite, tmp_path):
    (tmp_path / "kept").write_text("a file")
    code, out = suite(FAILING, "--tenantlab-artifacts", "kept")
    assert code == 1 and "could not be kept" in out and "assert 404 == 200" in out


def test_under_xdist_no_two_tests_meet(suite, tmp_path):
    pytest.importorskip("xdist")
    code, out = suite(
        """
        @pytest.mark.world(SMALL)
        @pytest.mark.parametrize("n", range(12))
        def test_it(world, directory, n):
            directory.post("/users", {"sAMAccountName": f"u{n}", "userPrincipalName": f"u{n}@small.example"})
            assert len(directory.get("/users")["value"]) == 2
            assert n % 4
        """,
        "-n", "2", "--tenantlab-artifacts", "kept",
    )  # fmt: skip
    assert code == 1 and "3 failed, 9 passed" in out, out
    assert len(list((tmp_path / "kept").glob("*/1/trace.har"))) == 3


def test_folders_of_tests_are_safe_and_different():
    names = [
        folder_of(text) for text in ("a.py::t[../../etc]", "a.py::t[..\\..\\etc]", "x" * 400, "b/a.py::t[../../etc]")
    ]
    assert len(set(names)) == 4
    assert all(len(name) < 100 and "/" not in name and "\\" not in name and not name.startswith(".") for name in names)
