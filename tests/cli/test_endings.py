"""However it ends, nothing is left: no process, no half-written file, and one sentence where something is wrong."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.serving.clients import ApiClient, okta_client
from emulator.serving.lab import Remote

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
TENANTLAB = [sys.executable, "-m", "emulator"]


@pytest.fixture
def start(tmp_path):
    """Start tenantlab with a temporary folder of its own, in a process group of its own; killed at the end."""
    (tmp_path / "tmp").mkdir()
    running = []

    def run(*args: str, limit: int | None = None, **variables: str) -> subprocess.Popen:
        def narrow():
            import resource

            if limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        env = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), **variables}
        running.append(
            subprocess.Popen(
                [*TENANTLAB, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
                start_new_session=True, preexec_fn=narrow,  # noqa: PLW1509 - no thread of this process holds a lock of those
            )
        )  # fmt: skip
        return running[-1]

    yield run
    for child in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def okta_of(info: dict) -> ApiClient:
    return okta_client(Remote(info).transport, info, info["hosts"]["okta"])


def group(pid: int) -> list[int]:
    """The living processes of a group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def ended(child: subprocess.Popen) -> tuple[int, str, str]:
    out, err = child.communicate(timeout=30)
    if sys.platform == "linux":
        until = time.monotonic() + 5
        while group(child.pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert group(child.pid) == []
    assert "Traceback" not in err, err
    return child.returncode, out, err


SAYS = "import sys,os,time; print(os.environ['TENANTLAB_DATA'], flush=True); "


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 7), (signal.SIGTERM, -15)])
def test_a_wrapped_command_that_is_stopped_takes_the_world_with_it(start, tmp_path, number, code):
    body = f"try:\n    {SAYS} time.sleep(60)\nexcept KeyboardInterrupt:\n    sys.exit(7)"
    child = start("exec", "--", sys.executable, "-c", body)
    data = Path(child.stdout.readline().strip())
    assert (data / "lab.json").exists()
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # a terminal sends it to all
    else:
        child.send_signal(number)
    assert ended(child)[0] in (code, code % 256, 128 - code)
    assert not data.exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_wrapped_command_that_crashes_takes_the_world_with_it(start, tmp_path):
    child = start("exec", "--", sys.executable, "-c", SAYS + "os.kill(os.getpid(), 9)")
    code, out, _ = ended(child)
    assert code in (-9, 137, 247)
    assert not Path(out.strip()).exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_start_that_is_stopped_leaves_nothing(start, tmp_path):
    child = start("exec", "--", sys.executable, "-c", "pass")
    until = time.monotonic() + 20
    while not list((tmp_path / "tmp").iterdir()) and time.monotonic() < until:
        time.sleep(0.005)
    child.send_signal(signal.SIGTERM)
    assert ended(child)[0] in (0, 143)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_world_with_workers_ends_whole(start, tmp_path, number):
    child = start("up", "--data", str(tmp_path / "data"), "--workers", "2", "--json")
    info = json.loads(child.stdout.readline())
    child.send_signal(number)
    assert ended(child)[0] == 0
    assert not (tmp_path / "data" / "lab.json").exists()
    again = start("up", "--data", str(tmp_path / "data"), "--json")
    assert json.loads(again.stdout.readline())["okta"] == info["okta"]
    again.send_signal(number)
    assert ended(again)[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_FSIZE")
def test_a_full_disk_at_the_start_is_one_sentence(start, tmp_path):
    child = start(
        "up", "--data", str(tmp_path / "data"), "--json", limit=20_000, TENANTLAB_CACHE=str(tmp_path / "cache")
    )
    code, out, err = ended(child)
    assert code in (2, 3) and out == ""
    assert len(err.strip().splitlines()) <= 2 and "hint:" in err, err
    left = sorted(path.name for path in (tmp_path / "data").iterdir()) if (tmp_path / "data").exists() else []
    assert not any(name.endswith((".making", ".new")) or name in ("world.db", "lab.json") for name in left), left


@pytest.mark.parametrize("args", [("up", "--data"), ("world", "export"), ("world", "seed", "people.csv", "--out")])
def test_a_place_that_cannot_be_written_is_one_sentence(start, tmp_path, args):
    (tmp_path / "people.csv").write_text("login\nana@contoso.example\n")
    args = [str(tmp_path / item) if item == "people.csv" else item for item in args]
    child = start(*args, "/proc/tenantlab/there", TENANTLAB_DATA=str(tmp_path / "none"))
    code, out, err = ended(child)
    assert code == 2 and out == ""
    assert len(err.strip().splitlines()) == 2 and "hint:" in err, err


def test_a_port_in_use_leaves_no_data_behind(start, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        code, _, err = ended(start("up", "--data", str(tmp_path / "data"), "--port", str(port)))
    assert code == 2 and f"Port {port}" in err and len(err.strip().splitlines()) == 2
    assert not (tmp_path / "data" / "lab.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_FSIZE")
def test_a_disk_that_fills_while_a_world_is_served_loses_nothing_acknowledged(start, tmp_path):
    """Writes are refused with the vendor's 500 then, reads go on, and the next start has what was acknowledged."""
    data = tmp_path / "data"
    child = start("up", "--data", str(data), "--json")
    ended_start = json.loads(child.stdout.readline())
    child.send_signal(signal.SIGTERM)
    assert ended(child)[0] == 0
    largest = max(path.stat().st_size for path in data.iterdir())
    child = start("up", "--data", str(data), "--json", limit=largest + 200_000)
    okta = okta_of(json.loads(child.stdout.readline()))
    kept, refused = [], 0
    for number in range(2_000):
        answer = okta.call(
            "POST", "/api/v1/groups", {"profile": {"name": f"{number} {'x' * 200}", "description": "y" * 900}}
        )
        if answer.status == 200:
            kept.append(json.loads(answer.body)["id"])
        else:
            refused += 1
            assert answer.status == 500 and b"E0000009" in answer.body, answer.body
            assert okta.call("GET", f"/api/v1/groups/{kept[-1]}").status == 200
            if refused == 5:
                break
    assert kept and refused == 5
    child.send_signal(signal.SIGTERM)
    ended(child)
    child = start("up", "--data", str(data), "--json")
    again = json.loads(child.stdout.readline())
    assert again["hosts"] == ended_start["hosts"]
    okta = okta_of(again)
    assert all(okta.call("GET", f"/api/v1/groups/{id}").status == 200 for id in kept)
    assert okta.call("POST", "/api/v1/groups", {"profile": {"name": "there is room again"}}).status == 200
