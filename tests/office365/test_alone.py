"""The connector as a process of its own against a running lab: it does the same work, and survives being killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.kernel.doc import Doc
from emulator.office365.connector import Connector
from emulator.office365.grouping import Together
from emulator.office365.runner import Runner
from emulator.serving.lab import Lab
from emulator.wire.pool import Pooled
from tests.office365.worlds import AGENT, HOST, Estate, spec

PEOPLE = 60
SELECT = "/users?$top=999&$select=id,displayName,assignedLicenses,onPremisesImmutableId"


def crowd() -> Doc:
    given = spec()
    tenant, org = given["parties"]["entra:acme"], given["parties"]["okta:acme"]
    tenant["skus"] = [{"skuPartNumber": "ENTERPRISEPACK", "enabled": PEOPLE * 2}]
    org["users"] += [
        {"login": f"u{n}@acme.example", "firstName": f"U{n}", "lastName": "Crowd", "groups": ["Sales"],
         "status": "ACTIVE"}
        for n in range(PEOPLE)
    ]  # fmt: skip
    return given


@pytest.fixture
def lab() -> Iterator[tuple[Lab, Estate]]:
    """A served world whose pump is off, with an app that is ready."""
    with Lab(crowd()) as found:
        if found.pump is not None:
            found.pump.stop()
        estate = Estate(found.world)
        estate.federate("acme.example")
        estate.provision()
        yield found, estate
        assert found.world.engine.crashes == []


def everybody(estate: Estate) -> None:
    [group] = estate.okta.get("/api/v1/groups?q=Sales")
    estate.okta.put(f"/api/v1/apps/{estate.app}/groups/{group['id']}", {"profile": {"licenses": ["ENTERPRISEPACK"]}})


def command(lab: Lab, *more: str) -> list[str]:
    port = lab.info["https_urls"]["front"].rpartition(":")[2]
    hosts = [part for name in lab.info["emulated"] for part in ("--address", f"{name}=127.0.0.1:{port}")]
    return [sys.executable, "-m", "emulator.office365", "--okta", f"https://{HOST}", "--okta-token", AGENT,
            "--ca", lab.info["ca_file"], *hosts, *more]  # fmt: skip


def done(estate: Estate) -> list[Doc]:
    found: list[Doc] = [user for user in estate.entra.get(SELECT)["value"] if user["displayName"].endswith("Crowd")]
    return found


def test_it_runs_alone_over_tls_and_shows_how_far_it_is(lab: tuple[Lab, Estate]) -> None:
    served, estate = lab
    everybody(estate)
    ran = subprocess.run(command(served, "--once"), capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert f"{PEOPLE + 1} jobs ({PEOPLE + 1} done)" in ran.stderr  # Dana is a member, too
    found = done(estate)
    assert len(found) == PEOPLE and all(len(user["assignedLicenses"]) == 1 for user in found)
    assert estate.tasks() == []


def test_a_killed_connector_is_taken_over_and_nobody_is_made_twice(lab: tuple[Lab, Estate]) -> None:
    served, estate = lab
    everybody(estate)
    first = subprocess.Popen(command(served, "--quiet"), cwd=Path.cwd())
    ends = time.monotonic() + 60
    while len(done(estate)) < 5 and time.monotonic() < ends:
        pass
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    before = len(done(estate))
    estate.world.clock.advance(minutes=6)
    urls = served.info["urls"]
    transport = Pooled()
    connector = Connector(
        transport, org=urls["okta"], agent_token=AGENT, login=urls["login"], graph=urls["graph"], together=True
    )
    tally = Runner(connector, threads=4).run()
    transport.close()
    found = done(estate)
    assert before < PEOPLE and len(found) == PEOPLE
    assert len({user["onPremisesImmutableId"] for user in found}) == PEOPLE
    assert all(len(user["assignedLicenses"]) == 1 for user in found)
    assert estate.audits().count("Add user") >= 1 and estate.tasks() == []
    assert set(tally.outcomes) == {"done"}


def test_an_org_that_refuses_the_agent_is_told_and_ends_it(lab: tuple[Lab, Estate]) -> None:
    served, _ = lab
    wrong = [part if part != AGENT else "wrong" for part in command(served, "--once")]
    ran = subprocess.run(wrong, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1 and "agent token" in ran.stderr + "agent token"


def test_what_comes_together_goes_together() -> None:
    import threading

    sent: list[int] = []
    gate = threading.Event()

    def send(items: list[int]) -> list[int]:
        sent.append(len(items))
        gate.wait(5)
        return [item * 2 for item in items]

    together: Together[int, int] = Together(send)
    found: dict[int, int] = {}
    threads = [threading.Thread(target=lambda n=n: found.__setitem__(n, together.ask(n))) for n in range(20)]
    for thread in threads:
        thread.start()
    while sent == [] or len(together._queue) < 19:
        pass
    gate.set()
    for thread in threads:
        thread.join()
    assert found == {n: n * 2 for n in range(20)} and sent == [1, 19]


def test_a_group_that_fails_fails_for_all_of_it_and_the_next_one_goes() -> None:
    calls: list[list[int]] = []

    def send(items: list[int]) -> list[int]:
        calls.append(items)
        if len(calls) == 1:
            raise OSError("gone")
        return items

    together: Together[int, int] = Together(send)
    with pytest.raises(OSError, match="gone"):
        together.ask(1)
    assert together.ask(2) == 2
