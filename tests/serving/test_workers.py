"""Several processes on one data directory: one state, one clock, nothing left behind."""

import sys
import time
from pathlib import Path

import pytest

from emulator.serving.clients import ApiClient
from emulator.serving.lab import Lab, Remote
from emulator.wire.client import Http, Tcp
from tests.serving.spec import SMALL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers share ports on Linux only")


def test_two_workers_share_state_clock_and_restores():
    with Lab(SMALL, workers=2) as lab:
        pids = lab.workers.pids
        remote = Remote(lab.info)
        client = ApiClient(Http(Tcp(), base=lab.info["urls"]["front"]), prefix="/_lab/directory")
        remote.control("POST", "snapshots", {"name": "before"})
        for n in range(20):
            client.post("/users", {"sAMAccountName": f"u{n}", "userPrincipalName": f"u{n}@small.example"})
        # Each request is a connection of its own, so both processes are asked.
        assert [len(client.get("/users")["value"]) for _ in range(10)] == [21] * 10
        remote.control("PATCH", "clock", {"freeze": "2031-01-01T00:00:00Z"})
        assert {remote.control("GET", "clock")["now"][:4] for _ in range(10)} == {"2031"}
        remote.control("POST", "snapshots/before/restore")
        assert [len(client.get("/users")["value"]) for _ in range(10)] == [1] * 10
        assert len({remote.control("GET", "health")["epoch"] for _ in range(10)}) == 1
    for pid in pids:
        for _ in range(100):
            try:
                if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                    break
            except OSError:
                break
            time.sleep(0.02)
        else:
            pytest.fail(f"worker {pid} is still running")
