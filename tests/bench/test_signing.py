"""What signing paths cost: tokens and WS-Fed assertions beside openssl's own signatures, and whole federated sign-ins.

The server is held to one core and the load to the other; openssl runs on the server's core just before each slice. On
a machine that others use as well, the ratio by processor time is the steadier one. `make bench` adds the table to
bench.md.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from emulator.serving.lab import Remote
from emulator.wire.browser import Browser
from emulator.wire.client import Http, Tcp
from tests.bench import load

pytestmark = pytest.mark.bench
SIZES = [int(size) for size in os.environ.get("BENCH_PEOPLE", "1000,100000").split(",")]
ROUNDS = 5
TICKS = os.sysconf("SC_CLK_TCK")
PLAIN_RSA = {"OPENSSL_ia32cap": ":~0x200000"}
"""For openssl and the server alike: RSA as on processors without AVX-512 IFMA, where a signature costs 2.5 times as
much and what we add to it weighs less."""


class Server:
    """`tenantlab up`; with one worker it is held to one core. more: variables of its environment besides ours."""

    def __init__(self, folder: Path, *, people: int, workers: int = 1, more: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "emulator", "up", "--json", "--data", str(folder), "--workers", str(workers)]
        pin = load.pinned(load.SERVER_CORE) if workers == 1 else []
        extra = ["--people", str(people)] if people else []
        self.child = subprocess.Popen([*pin, *command, *extra], stdout=subprocess.PIPE, text=True, env={**os.environ, **(more or {})})  # fmt: skip
        line = self.child.stdout.readline()
        if not line:
            self.__exit__()
            pytest.fail("the server did not start")
        self.info = json.loads(line)
        self.remote = Remote(self.info)
        self.urls = self.info["urls"]

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exc: object) -> None:
        self.child.terminate()
        self.child.wait(20)
        self.child.stdout.close()

    def cpu(self) -> float:
        """Processor seconds of the server so far."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def session(self, login: str, password: str) -> tuple[str, str]:
        """The passive path of a person, and the cookie of their session at Okta."""
        browser = Browser(self.remote.transport)
        host, key = self.info["hosts"]["okta"], self.info["okta"]["o365_external_key"]
        query = {"wa": "wsignin1.0", "wtrealm": "urn:federation:MicrosoftOnline", "wctx": "x", "username": login}
        path = f"/app/office365/{key}/sso/wsfed/passive?{urlencode(query)}"
        browser.stop_at = lambda url: "login.srf" in url
        view = browser.get(f"https://{host}{path}")
        form = next(form for form in view.forms if form.visible)
        browser.submit(form, {name: password if name == "password" else login for name in form.visible})
        return path, "; ".join(f"{name}={value}" for name, value in browser.jar[host].items())

    def people(self) -> list[dict]:
        return [user for user in self.info["users"] if user["role"] == "person" and user["federated"]]

    def token_form(self) -> str:
        entra = self.info["entra"]
        return urlencode({"grant_type": "client_credentials", "client_id": entra["client_id"],
                          "client_secret": entra["client_secret"], "scope": "https://graph.microsoft.com/.default"})  # fmt: skip

    def token_url(self) -> str:
        return f"{self.urls['login']}/{self.info['entra']['tenant_id']}/oauth2/v2.0/token"

    def check(self, answer, request_id: str, events: set[str]) -> None:
        """Headers, journal and tape of a sampled answer are there."""
        assert answer.status == 200 and answer.header("Date") and answer.header(request_id), answer.headers
        id = answer.header(request_id)
        assert id in {hop["requestId"] for hop in self.remote.control("GET", "tape?limit=5000")["hops"]}
        rows = self.remote.control("GET", "journal?limit=5000")["rows"]
        assert {row["type"] for row in rows if row["requestId"] == id} == events


def slices(server: Server, folder: Path) -> dict:
    """Name to a function that measures a slice; a sampled answer of each has been looked at."""
    person = server.people()[0]
    path, cookie = server.session(person["login"], person["password"])
    http = Http(Tcp())
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    script = load.post_script(folder, "token", server.token_form(), kind)
    token = http.request("POST", server.token_url(), body=server.token_form().encode(), headers=kind)
    server.check(token, "x-ms-request-id", {"Sign-in activity"})
    assert b"access_token" in token.body
    issued = http.request("GET", server.urls["okta"] + path, headers={"Cookie": cookie})
    server.check(issued, "X-Okta-Request-Id", {"policy.evaluate_sign_on", "user.authentication.sso"})
    assert b'name="wresult"' in issued.body
    return {
        "client credentials token": lambda: load.wrk(server.token_url(), script=script),
        "WS-Fed issue with a session": lambda: load.wrk(server.urls["okta"] + path, headers={"Cookie": cookie}),
    }


@pytest.fixture(scope="module")
def table():
    load.needs()
    lines: list[str] = []
    yield lines
    text = "\n".join(["", *lines, ""])
    print(text)
    with Path("bench.md").open("a") as out:
        out.write(text)


def test_signatures_beside_openssl(table, tmp_path):
    table += ["| signing, server on one core | people | openssl 1/s | served 1/s | us of processor | ratio | ratio by processor |",
              "|---|---|---|---|---|---|---|"]  # fmt: skip
    runs = [("", people, {}) for people in SIZES]
    if platform.machine() == "x86_64":
        runs.append((", RSA without AVX-512", SIZES[0], PLAIN_RSA))
    for number, (how, people, more) in enumerate(runs):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Server(folder, people=people, more=more) as server:
            measured: dict[str, list[tuple[float, float, float]]] = {}
            for name, measure in [*slices(server, folder).items()] * ROUNDS:
                signs, before = load.rsa_rate(more), server.cpu()
                rate = measure()
                spent = (server.cpu() - before) / (rate * load.SECONDS)
                measured.setdefault(name, []).append((signs, rate, spent))
            for name, rows in measured.items():
                signs, rate, spent = (statistics.median(column) for column in zip(*rows, strict=True))
                ratio = statistics.median(row[1] / row[0] for row in rows)
                by_cpu = statistics.median(1 / row[0] / row[2] for row in rows)
                table.append(f"| {name}{how} | {people:,} | {signs:,.0f} | {rate:,.0f} | {spent * 1e6:,.0f} | {ratio:.2f} | {by_cpu:.2f} |")  # fmt: skip
                assert 0 < ratio < 1


def test_whole_federated_sign_ins(table, tmp_path):
    """authorize, Okta's passive endpoint with a session, login.srf, token: two workers on two cores."""
    with Server(tmp_path, people=SIZES[0], workers=2) as server:
        order = {
            "okta": address(server.urls["okta"]), "login": address(server.urls["login"]),
            "tenant": server.info["entra"]["tenant_id"], "client": server.info["entra"]["public_client_id"],
            "redirect": server.info["entra"]["redirect_uri"], "lines": 12, "seconds": 4,
            "people": [
                {"login": one["login"], "cookie": server.session(one["login"], one["password"])[1]}
                for one in server.people()[:4]
            ],
        }  # fmt: skip
        found = [run(order) for _ in range(3)]
        signed_in = server.remote.control("GET", "journal?stream=signIns&limit=5000")["rows"]
        assert len(signed_in) > 100
        assert {row["outcome"] for row in signed_in} == {"success"}
    best = max(found, key=lambda one: one["rate"])
    assert best["lines"] == order["lines"]
    steps = best["steps"]
    slowest = max(steps, key=steps.__getitem__)
    shown = ", ".join(f"{name} {took:.2f} ms" for name, took in steps.items())
    table += ["", f"whole federated sign-ins with a session, two workers: {best['rate']:,.0f} a second; alone {shown}; "
              f"{slowest} dominates ({steps[slowest] / sum(steps.values()):.0%})"]  # fmt: skip


def address(url: str) -> list:
    return [urlsplit(url).hostname, urlsplit(url).port]


def run(order: dict) -> dict:
    command = [sys.executable, "-m", "tests.bench.federated"]
    out = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=True)
    return json.loads(out.stdout)
