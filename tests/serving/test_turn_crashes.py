"""kill -9 while tokens are given out whose log rows are written together: each that was acknowledged is in the log."""

import contextlib
import http.client
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.serving.test_crashes import Running, check_file, until_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is running is looked up in /proc")
CALLERS, ENOUGH = 8, 150


class Callers:
    """Applications that ask for tokens until the server is gone; `done` has the ids of the requests answered."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.done: list[str] = []
        self.strange: list[str] = []
        self.progress = threading.Condition()
        entra, self._url = info["entra"], urlsplit(info["urls"]["login"])
        self._path = f"/{entra['tenant_id']}/oauth2/v2.0/token"
        self._form = urlencode({
            "grant_type": "client_credentials", "client_id": entra["client_id"],
            "client_secret": entra["client_secret"], "scope": "https://graph.microsoft.com/.default",
        })  # fmt: skip
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=20)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", self._path, self._form, kind)
                answer = connection.getresponse()
                text = answer.read()
                with self.progress:
                    if answer.status == 200 and b"access_token" in text:
                        self.done.append(answer.headers["x-ms-request-id"])
                    else:
                        self.strange.append(f"{answer.status} {text[:200]!r}")
                    self.progress.notify_all()
        connection.close()

    def wait_for(self, count: int) -> None:
        with self.progress:
            self.progress.wait_for(lambda: len(self.done) >= count or self.strange, timeout=60)
        assert not self.strange, self.strange

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads)


def test_no_acknowledged_sign_in_is_lost(tmp_path: Path) -> None:
    running = Running(tmp_path, workers=1)
    try:
        callers = Callers(running.info)
        callers.wait_for(ENOUGH)
    finally:
        running.kill()
    callers.join()
    until_gone(running.child.pid)
    check_file(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "world.db")) as database:
        rows = [row[0] for row in database.execute("SELECT request_id FROM journal WHERE stream = 'signIns'")]
    assert len(callers.done) >= ENOUGH and set(callers.done) <= set(rows)
    assert len(set(rows)) == len(rows)
