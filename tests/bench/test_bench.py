"""What the emulator costs, as ratios in one run: beside a one-view Flask app on the same server.

Small and large estates are measured in alternating slices, and every figure is only taken after a sampled answer has
shown that headers, journal and tape are really there. `make bench` prints the table and writes bench.md.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.serving.lab import Remote
from emulator.serving.listen import probe
from emulator.wire.client import Http, Tcp
from tests.bench import load

pytestmark = pytest.mark.bench
SIZES = tuple(int(size) for size in os.environ.get("BENCH_PEOPLE", "1000,100000").split(","))
ROUNDS = 3


class Server:
    """`tenantlab up` on one core, with a Flask view over the same file beside it."""

    def __init__(self, people: int, folder: Path) -> None:
        self.people = people
        self.folder = folder
        extra = ["--people", str(people)] if people else []
        command = [
            *load.pinned(load.SERVER_CORE),
            sys.executable,
            "-m",
            "emulator",
            "up",
            "--json",
            "--data",
            str(folder),
            *extra,
        ]
        self.warm = self._start(command)
        self._stop()
        self.started = self._start(command)
        self.remote = Remote(self.info)
        self.token = self.info["okta"]["token"]
        self.port = probe("127.0.0.1", 0)
        flask = [
            "granian",
            "--interface",
            "wsgi",
            "--blocking-threads",
            "1",
            "--workers",
            "1",
            "--port",
            str(self.port),
            "--no-log",
        ]
        self.flask = subprocess.Popen(
            [*load.pinned(load.SERVER_CORE), sys.executable, "-m", *flask, "tests.bench.flask_view:app"],
            env={**os.environ, "BENCH_DB": str(folder / "world.db")},
        )
        try:
            self.sample = self._sample()
        except BaseException:
            self.close()
            raise

    def _start(self, command: list[str]) -> float:
        began = time.perf_counter()
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.info = json.loads(self.child.stdout.readline())
        return time.perf_counter() - began

    def _stop(self) -> None:
        self.child.terminate()
        self.child.wait(20)
        self.child.stdout.close()

    def close(self) -> None:
        self.flask.terminate()
        self.flask.wait(20)
        self._stop()

    def _sample(self) -> dict:
        http = Http(Tcp(), base=self.info["urls"]["okta"], headers={"authorization": f"SSWS {self.token}"})
        users = json.loads(http.request("GET", "/api/v1/users?limit=200").body)
        answer = http.request("GET", f"/api/v1/users/{users[-1]['id']}")
        for name in ("X-Okta-Request-Id", "X-Rate-Limit-Limit", "ETag", "Date"):
            assert answer.header(name), f"{name} is missing"
        hops = self.remote.control("GET", "tape?limit=5000")["hops"]
        assert any(hop["requestId"] == answer.header("X-Okta-Request-Id") for hop in hops)
        made = http.request("POST", "/api/v1/groups", json={"profile": {"name": f"bench {time.monotonic_ns()}"}})
        rows = self.remote.control("GET", "journal?stream=system_log&limit=5000")["rows"]
        assert any(row["requestId"] == made.header("X-Okta-Request-Id") for row in rows)
        return users[-1]

    def memory(self) -> float:
        """Proportional set size of the process tree in MiB."""
        total = 0
        for pid in [self.child.pid, *children(self.child.pid)]:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024

    def cpu(self, name: str) -> float:
        """Seconds of processor time that a figure's server has used so far."""
        pid = self.flask.pid if name.endswith("Flask view") else self.child.pid
        ticks = 0
        for each in [pid, *children(pid)]:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found] + [grand for child in found for grand in children(int(child))]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    load.needs()
    made = [Server(people, tmp_path_factory.mktemp(f"bench{people}")) for people in SIZES]
    yield made
    for server in made:
        server.close()


def figures(server: Server, folder: Path) -> dict:
    """Name to a function that measures one slice, in requests a second."""
    okta = server.info["urls"]["okta"]
    auth = {"Authorization": f"SSWS {server.token}"}
    user = server.sample
    name = user["profile"]["login"]
    create = load.post_script(
        folder, f"create{server.people}",
        '{"profile":{"login":"b%d@bench.example","email":"b%d@bench.example","firstName":"B","lastName":"N"}}',
        {**auth, "Content-Type": "application/json"},
    )  # fmt: skip
    flask = f"http://127.0.0.1:{server.port}/api/v1/users"
    return {
        "get user": lambda: load.wrk(f"{okta}/api/v1/users/{user['id']}", headers=auth),
        "get user, Flask view": lambda: load.wrk(f"{flask}/{user['id']}", headers=auth),
        "list 200": lambda: load.wrk(f"{okta}/api/v1/users?limit=200", headers=auth),
        "list 200, Flask view": lambda: load.wrk(f"{flask}?limit=200", headers=auth),
        "find by login": lambda: load.wrk(f"{okta}/api/v1/users/{name}", headers=auth),
        "create user": lambda: load.wrk(f"{okta}/api/v1/users?activate=false", script=create),
    }


def test_the_table(servers, tmp_path):
    flask_import = min(timed([sys.executable, "-c", "import flask"]) for _ in range(3))
    measured: dict[str, dict[int, list[float]]] = {}
    cost: dict[str, dict[int, list[float]]] = {}
    slices = {server.people: figures(server, tmp_path) for server in servers}
    for _ in range(ROUNDS):
        for name in slices[SIZES[0]]:
            for server in servers:
                before = server.cpu(name)
                rate = slices[server.people][name]()
                measured.setdefault(name, {}).setdefault(server.people, []).append(rate)
                spent = (server.cpu(name) - before) / (rate * load.SECONDS) * 1e6
                cost.setdefault(name, {}).setdefault(server.people, []).append(spent)
    table = [f"import flask: {flask_import:.2f} s", ""]
    table += [
        "| figure | " + " | ".join(f"{size:,} people" for size in SIZES) + " | large / small | processor us |",
        "|---|" + "---|" * (len(SIZES) + 2),
    ]
    medians = {
        name: {size: statistics.median(values) for size, values in rows.items()} for name, rows in measured.items()
    }
    for name, rows in medians.items():
        table.append(
            f"| {name}, 1/s | "
            + " | ".join(f"{rows[size]:,.0f}" for size in SIZES)
            + f" | {rows[SIZES[-1]] / rows[SIZES[0]]:.2f} | {min(cost[name][SIZES[-1]]):,.0f} |"
        )
    for title, of in (
        ("start / import flask", lambda s: s.started / flask_import),
        ("memory MiB (PSS)", lambda s: s.memory()),
    ):
        values = [of(server) for server in servers]
        table.append(
            f"| {title} | " + " | ".join(f"{value:.2f}" for value in values) + f" | {values[-1] / values[0]:.2f} | |"
        )
    table.append(
        "| reset after 50 writes, ms | " + " | ".join(f"{reset_ms(server):.1f}" for server in servers) + " | | |"
    )
    large = {name: rows[SIZES[-1]] for name, rows in medians.items()}
    table += ["", f"get user / Flask view: {large['get user'] / large['get user, Flask view']:.2f}",
              f"list 200 / Flask view: {large['list 200'] / large['list 200, Flask view']:.2f}",
              f"find by login / get: {large['find by login'] / large['get user']:.2f}"]  # fmt: skip
    spent = {name: min(rows[SIZES[-1]]) for name, rows in cost.items()}
    for name in ("get user", "list 200"):
        table.append(f"{name} / Flask view, by processor time: {spent[name + ', Flask view'] / spent[name]:.2f}")
    text = "\n".join(table) + "\n"
    print("\n" + text)
    Path("bench.md").write_text(text)
    assert all(value > 0 for rows in medians.values() for value in rows.values())


def reset_ms(server: Server) -> float:
    """Median milliseconds of a reset after fifty writes over the API, on the shared file."""
    http = Http(Tcp(), base=server.info["urls"]["okta"], headers={"authorization": f"SSWS {server.token}"})
    server.remote.control("POST", "snapshots", {"name": "bench"})
    found = []
    for _ in range(3):
        for n in range(50):
            assert http.request("POST", "/api/v1/groups", json={"profile": {"name": f"r{n}"}}).status == 200
        began = time.perf_counter()
        server.remote.control("POST", "snapshots/bench/restore")
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began
