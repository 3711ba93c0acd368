"""Ten thousand people through one group: in slices, over the wire, killed on the way, and never twice."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.kernel.doc import Doc
from emulator.serving.lab import Lab
from tests.office365.worlds import AGENT, HOST, Estate, spec

PEOPLE = 10_000
WAIT_S = 0.2
"""Nobody waits longer for a read of the org while all this is going on, ninety-nine times in a hundred."""
MOST_MEMORY_KB = 80 * 1024


def crowd(people: int) -> Doc:
    given = spec()
    given["parties"]["entra:acme"]["skus"] = [{"skuPartNumber": "ENTERPRISEPACK", "enabled": people + 1}]
    given["parties"]["okta:acme"]["users"] += [
        {"login": f"u{n}@acme.example", "firstName": f"U{n}", "lastName": "Crowd", "groups": ["Sales"],
         "status": "ACTIVE"}
        for n in range(people)
    ]  # fmt: skip
    return given


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[tuple[Lab, Estate]]:
    with Lab(crowd(request.param)) as found:
        if found.pump is not None:
            found.pump.stop()
        estate = Estate(found.world)
        estate.federate("acme.example")
        estate.provision()
        yield found, estate
        assert found.world.engine.crashes == []


def connector(lab: Lab, *more: str) -> "subprocess.Popen[str]":
    port = lab.info["https_urls"]["front"].rpartition(":")[2]
    hosts = [part for name in lab.info["emulated"] for part in ("--address", f"{name}=127.0.0.1:{port}")]
    command = [sys.executable, "-m", "emulator.office365", "--okta", f"https://{HOST}", "--okta-token", AGENT,
               "--ca", lab.info["ca_file"], "--once", *hosts, *more]  # fmt: skip
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path.cwd())


def assign_all(estate: Estate) -> None:
    [group] = estate.okta.get("/api/v1/groups?q=Sales")
    estate.okta.put(f"/api/v1/apps/{estate.app}/groups/{group['id']}", {"profile": {"licenses": ["ENTERPRISEPACK"]}})


def accounts(estate: Estate) -> int:
    path = "/users/$count?$filter=startswith(displayName,'U')".replace(" ", "%20")
    return int(estate.entra.get(path, headers={"consistencylevel": "eventual"}))


def seats(estate: Estate) -> int:
    return int(estate.entra.get("/subscribedSkus")["value"][0]["consumedUnits"])


def activities(estate: Estate, name: str) -> int:
    sql = "SELECT count(*) FROM journal WHERE party = 'entra:acme' AND type = ?"
    return int(estate.world.database.execute(sql, (name,)).fetchone()[0])


@pytest.mark.slow
@pytest.mark.parametrize("lab", [PEOPLE], indirect=True)
def test_a_kill_half_way_is_made_good_and_nothing_is_done_twice(lab: tuple[Lab, Estate]) -> None:
    served, estate = lab
    began = time.monotonic()
    assign_all(estate)
    assert time.monotonic() - began < 5, "assigning a large group answers at once"
    first = connector(served)
    waits: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            at = time.monotonic()
            estate.okta.get("/api/v1/users/dana@acme.example")
            waits.append(time.monotonic() - at)

    looking = threading.Thread(target=look)
    looking.start()
    while accounts(estate) < PEOPLE // 3 and first.poll() is None:
        over.wait(0.2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    left = accounts(estate)
    assert PEOPLE // 3 <= left < PEOPLE
    estate.world.clock.advance(minutes=6)
    second = connector(served)
    assert second.stderr is not None
    memory = threading.Thread(target=_peak, args=(second.pid, peaks := [0], over))
    memory.start()
    said = second.communicate()[1]
    over.set()
    looking.join()
    memory.join()
    assert second.returncode == 0, said
    assert accounts(estate) == PEOPLE and seats(estate) == PEOPLE + 1  # Dana is a member, too
    assert activities(estate, "Add user") == PEOPLE + 1
    assert activities(estate, "Change user license") == PEOPLE + 1
    assert estate.tasks() == []
    lines = [int(found.replace(",", "")) for found in re.findall(r"([\d,]+) jobs", said)]
    assert len(lines) > 3 and lines == sorted(lines), "it shows how far it is"
    assert peaks[0] < MOST_MEMORY_KB and sorted(waits)[len(waits) * 99 // 100] < WAIT_S


def _peak(pid: int, peaks: list[int], over: threading.Event) -> None:
    while not over.wait(0.2):
        try:
            text = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        found = re.search(r"VmHWM:\s+(\d+)", text)
        peaks[0] = max(peaks[0], int(found.group(1)) if found else 0)


@pytest.mark.slow
@pytest.mark.parametrize("lab", [400], indirect=True)
def test_throttled_it_waits_as_it_is_told_and_converges(lab: tuple[Lab, Estate]) -> None:
    served, estate = lab
    estate.okta.call("PATCH", "/_lab/limits", {"limits": "documented"})
    assign_all(estate)
    for _ in range(20):
        ran = connector(served, "--quiet")
        assert ran.communicate()[1] == "" and ran.returncode == 0
        if accounts(estate) == 400:
            break
        estate.world.clock.advance(minutes=5)
    estate.okta.call("PATCH", "/_lab/limits", {"limits": "off"})
    assert accounts(estate) == 400 and seats(estate) == 401
    assert activities(estate, "Change user license") == 401 and estate.tasks() == []
