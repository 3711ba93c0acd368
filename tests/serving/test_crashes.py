"""kill -9 while two processes write: what was acknowledged is there, nothing is half there, the next start is clean.

One write creates a person: the user, their log rows, the membership of Everyone, and for some also the membership of a
group that assigns Office 365, the app user and its job. Moments are chosen by the number of writes acknowledged, from
a fixed sequence; what the other callers are in the middle of then differs from run to run.
"""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from emulator.serving.lab import Remote
from emulator.wire.client import Http, Tcp, json_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers share ports on Linux only")
CALLERS = 4
ASSIGNED = (7, 47)
"""Which people of a round are assigned Office 365: few, because the tenant has fifty licences."""
LOGGED = ["user.lifecycle.create", "user.lifecycle.activate"]


class Running:
    """`tenantlab up --workers 2` in a process group of its own."""

    def __init__(self, data: Path, workers: int = 2) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "emulator", "up", "--data", str(data), "--workers", str(workers), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert self.child.stdout is not None and self.child.stderr is not None
        line = self.child.stdout.readline()
        if not line:
            said = self.child.stderr.read()
            self.kill()
            pytest.fail(f"the start was not clean: {said}")
        self.info: dict[str, Any] = json.loads(line)

    def kill(self) -> None:
        """End every process of the group without warning."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(20)
        for stream in (self.child.stdout, self.child.stderr):
            if stream is not None:
                stream.close()

    def stop(self) -> None:
        """End it politely; it must leave nothing running and exit with 0."""
        self.child.terminate()
        assert self.child.wait(20) == 0
        self.kill()

    def group(self) -> list[int]:
        return members(self.child.pid)


def members(group: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, _, pgrp = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(pgrp) == group and state != "Z":
                    found.append(int(entry.name))
    return found


def until_gone(group: int) -> None:
    ends = time.monotonic() + 15
    while members(group):
        assert time.monotonic() < ends, f"still running: {members(group)}"
        threading.Event().wait(0.02)


class Writers:
    """Callers that create people until told to stop or cut off; `done` has the logins that were acknowledged."""

    def __init__(self, info: dict[str, Any], name: str, total: int, groups: list[str]) -> None:
        self.done: list[str] = []
        self.strange: list[str] = []
        self._url = urlsplit(info["urls"]["okta"])
        self._token = info["okta"]["token"]
        self._groups = groups
        self._work = iter([f"{name}.{number}@acme.example" for number in range(total)])
        self._lock = threading.Lock()
        self.progress = threading.Condition(self._lock)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _next(self) -> str | None:
        with self._lock:
            return next(self._work, None)

    def _run(self) -> None:
        connection, used = None, 0
        with contextlib.suppress(OSError, http.client.HTTPException):
            while (login := self._next()) is not None:
                if connection is None or used % 10 == 0:  # a new connection may be another process's
                    if connection is not None:
                        connection.close()
                    connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=20)
                used += 1
                self._create(connection, login)
        if connection is not None:
            connection.close()
        with self.progress:
            self.progress.notify_all()

    def _create(self, connection: http.client.HTTPConnection, login: str) -> None:
        body: dict[str, Any] = {"profile": {"login": login, "email": login, "firstName": "Crash", "lastName": "Test"}}
        if assigned(login):
            body["groupIds"] = self._groups
            body["profile"]["countryCode"] = "US"
            body["credentials"] = {"password": {"value": "Test-only-4711!"}}  # only active people are pushed
        headers = {"authorization": f"SSWS {self._token}", "content-type": "application/json"}
        connection.request("POST", "/api/v1/users?activate=true", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        with self.progress:
            if answer.status == 200:
                self.done.append(login)
            else:
                self.strange.append(f"{login}: {answer.status} {text[:300]!r}")
            self.progress.notify_all()

    def wait_for(self, count: int) -> None:
        with self.progress:
            self.progress.wait_for(lambda: len(self.done) >= count or self.strange, timeout=60)
        assert not self.strange, self.strange

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads)
        assert not self.strange, self.strange


def assigned(login: str) -> bool:
    return int(login.partition("@")[0].rpartition(".")[2]) in ASSIGNED


def moment(number: int, total: int) -> int:
    """After how many acknowledged writes the round's kill comes."""
    return int.from_bytes(hashlib.sha256(b"moment %d" % number).digest()[:4]) % total


class Estate:
    """What the org says is there, read over its API."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.info = info
        headers = {"authorization": f"SSWS {info['okta']['token']}"}
        self.okta = Http(Tcp(), base=info["urls"]["okta"], headers=headers)
        self.users = {user["id"]: user for user in self.pages("/api/v1/users?limit=200")}
        self.logins = {user["profile"]["login"]: id for id, user in self.users.items()}

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        while path:
            answer = self.okta.request("GET", path)
            assert answer.status == 200, answer.text()
            rows = json_of(answer)
            yield from rows
            if not rows:  # the System Log always has a next page
                return
            following = [line for line in answer.all_headers("link") if 'rel="next"' in line]
            parts = urlsplit(following[0].partition(">")[0].lstrip("<")) if following else None
            path = f"{parts.path}?{parts.query}" if parts else ""

    def group(self, name: str) -> str:
        found = json_of(self.okta.request("GET", f"/api/v1/groups?q={quote(name)}"))
        return str(next(item["id"] for item in found if item["profile"]["name"] == name))

    def check_whole(self) -> None:
        """Everybody is in Everyone, has each log row once, and is assigned whole or not at all."""
        members_of = f"/api/v1/groups/{self.group('Everyone')}/users?limit=200"
        everyone = [user["id"] for user in self.pages(members_of) if user["status"] != "DEPROVISIONED"]
        assert len(set(everyone)) == len(everyone)
        assert set(everyone) == set(self.users)
        licensed = {
            user["id"] for user in self.pages(f"/api/v1/groups/{self.group('Microsoft 365 E3')}/users?limit=200")
        }
        app = self.info["okta"]["o365_app_id"]
        app_users = Counter(item["id"] for item in self.pages(f"/api/v1/apps/{app}/users?limit=200"))
        assert set(app_users.values()) <= {1}
        made = {
            id: user["profile"]["login"] for id, user in self.users.items() if user["profile"]["lastName"] == "Test"
        }
        rows: Counter[tuple[str, str]] = Counter()
        query = " or ".join(f'eventType eq "{kind}"' for kind in LOGGED)
        for row in self.pages(f"/api/v1/logs?{urlencode({'filter': query, 'limit': 1000})}"):
            if row["target"][0]["id"] in made or row["target"][0]["alternateId"].startswith("round"):
                rows[row["target"][0]["id"], row["eventType"]] += 1
        assert rows == Counter({(id, kind): 1 for id in made for kind in LOGGED})
        for id, login in made.items():
            assert (id in licensed) == (id in app_users) == assigned(login), login


def check_file(data: Path) -> None:
    with contextlib.closing(sqlite3.connect(data / "world.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def play(data: Path, *, rounds: int, writes: int) -> None:
    """`rounds` times: start, check what the crash before left, write, and kill at some moment."""
    acknowledged: set[str] = set()
    for number in range(rounds + 1):
        running = Running(data)
        try:
            estate = Estate(running.info)
            assert acknowledged <= set(estate.logins), sorted(acknowledged - set(estate.logins))[:5]
            estate.check_whole()
            if number == rounds:
                converge(running, estate)
                running.stop()
                return
            writers = Writers(running.info, f"round{number}", writes, [estate.group("Microsoft 365 E3")])
            writers.wait_for(moment(number, writes))
        finally:
            running.kill()
        writers.join()
        acknowledged.update(writers.done)
        until_gone(running.child.pid)
        check_file(data)


def converge(running: Running, estate: Estate) -> None:
    """What the connector was doing when it was killed is done now, once: an account for everybody assigned."""
    remote = Remote(running.info)
    remote.control("PATCH", "clock", {"advance": "PT6M"})  # the leases of the killed ones have run out
    ends = time.monotonic() + 60
    app = f"/api/v1/apps/{running.info['okta']['o365_app_id']}/users?limit=200"
    while True:
        remote.control("POST", "sync?budget=PT2S")
        people = [item for item in estate.pages(app) if item["credentials"]["userName"].startswith("round")]
        if all(item["syncState"] == "SYNCHRONIZED" for item in people):
            break
        failed = [item["credentials"]["userName"] for item in people if item["syncState"] == "ERROR"]
        assert not failed, (failed, estate.okta.request("GET", "/api/internal/v1/tasks?limit=200").text()[:3000])
        assert time.monotonic() < ends, [(item["credentials"]["userName"], item["syncState"]) for item in people]
    assert len({item["externalId"] for item in people}) == len(people) > 0


def test_nothing_acknowledged_is_lost_and_nothing_is_half_written(tmp_path: Path):
    play(tmp_path, rounds=3, writes=300)


@pytest.mark.clients
def test_twenty_times_within_a_thousand_writes(tmp_path: Path):
    play(tmp_path, rounds=20, writes=1000)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path):
    running = Running(tmp_path, workers=3)
    try:
        assert len(running.group()) == 3
        os.kill(running.child.pid, signal.SIGKILL)
        running.child.wait(20)
        until_gone(running.child.pid)
    finally:
        running.kill()
    again = Running(tmp_path)
    try:
        Estate(again.info).check_whole()
    finally:
        again.stop()
        assert members(again.child.pid) == []


more = pytest.mark.clients


@pytest.mark.parametrize(
    "wait_for",
    [
        "cache/*.making-wal", pytest.param("data/tls.crt", marks=pytest.mark.slow), pytest.param("cache/*.making", marks=more),
        pytest.param("data/world.db", marks=more), pytest.param("data/ca.pem", marks=more),
    ],
)  # fmt: skip
def test_a_start_that_was_killed_is_started_again(tmp_path: Path, wait_for: str):
    child = subprocess.Popen(
        [sys.executable, "-m", "emulator", "up", "--data", str(tmp_path / "data"), "--workers", "2", "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "TENANTLAB_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    ends = time.monotonic() + 20
    try:
        while not any(tmp_path.glob(wait_for)):
            assert time.monotonic() < ends, f"{wait_for} was never there"
            threading.Event().wait(0.0005)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(20)
    until_gone(child.pid)
    running = Running(tmp_path / "data")
    try:
        Estate(running.info).check_whole()
        check_file(tmp_path / "data")
    finally:
        running.stop()
