"""The command line as its users meet it: exit codes, one sentence and a hint, JSON on stdout and talk on stderr."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emulator.cli import cli

TENANTLAB = [sys.executable, "-m", "emulator"]


def run(*args: str, input: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TENANTLAB, *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=input,
        env={**os.environ, **env},
    )


def here(*args: str, input: str | None = None) -> Result:
    """The same in this process, where many commands follow each other."""
    return CliRunner().invoke(cli, args, input=input)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    data = tmp_path_factory.mktemp("lab")
    child = subprocess.Popen([*TENANTLAB, "up", "--data", str(data), "--json"], stdout=subprocess.PIPE, text=True)
    info = json.loads(child.stdout.readline())
    yield info
    child.send_signal(signal.SIGTERM)
    assert child.wait(15) == 0
    assert child.stdout.read() == ""
    child.stdout.close()
    assert not (data / "lab.json").exists()


def test_up_tells_everything_on_one_line(lab):
    assert set(lab["urls"]) == {"front", "okta", "graph", "login", "control", "proxy"}
    assert set(lab["https_urls"]) == {"front", "okta", "graph", "login", "control"}
    assert all(lab["urls"].values()) and all(lab["https_urls"].values())
    assert all(lab["okta"].values()), lab["okta"]
    assert all(lab["entra"].values()), lab["entra"]
    assert {"login", "password", "side", "role", "federated"} <= set(lab["users"][0])
    assert json.loads((Path(lab["data_dir"]) / "lab.json").read_text()) == lab


def test_status_and_clock(lab):
    found = json.loads(run("status", "--json", "--data", lab["data_dir"]).stdout)
    assert found["status"] == "ok" and "graph.microsoft.com" in found["hosts"]
    moved = json.loads(run("clock", "--advance", "PT1H", "--json", TENANTLAB_DATA=lab["data_dir"]).stdout)
    assert moved["frozen"] is False
    bad = run("clock", "--advance", "soon", "--data", lab["data_dir"])
    assert bad.returncode == 2 and "hint:" in bad.stderr


@pytest.mark.parametrize(
    ("side", "path", "key"),
    [("okta", "/api/v1/users?limit=1", 0), ("entra", "/domains", "value"), ("directory", "/users", "value")],
)
def test_call_prints_the_vendors_answer(lab, side, path, key):
    found = run("call", side, "GET", path, "--data", lab["data_dir"])
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)[key]


def test_call_explains_a_refusal_and_exits_with_one(lab):
    found = run("call", "okta", "GET", "/api/v1/users/nobody", "--data", lab["data_dir"])
    assert found.returncode == 1
    assert json.loads(found.stdout)["errorCode"] == "E0000007"
    assert "why:" in found.stderr
    found = json.loads(run("call", "entra", "GET", "/users/nobody", "--json", "--data", lab["data_dir"]).stdout)
    assert (found["status"], bool(found["why"]["rule"])) == (404, True)
    assert run("call", "okta", "GET", "/x", "{", "--data", lab["data_dir"]).returncode == 2


def test_logs_and_trace(lab):
    run("call", "okta", "POST", "/api/v1/groups", '{"profile":{"name":"Logged"}}', "--data", lab["data_dir"])
    shown = run("logs", "okta", "--data", lab["data_dir"]).stdout
    assert "group.lifecycle.create" in shown and "Logged" in shown
    rows = [json.loads(line) for line in run("logs", "both", "--json", "--data", lab["data_dir"]).stdout.splitlines()]
    assert any(row["type"] == "group.lifecycle.create" for row in rows)
    assert "POST acme.okta.com/api/v1/groups" in run("trace", "--data", lab["data_dir"]).stdout
    hops = json.loads(run("trace", "--json", "--bodies", "--data", lab["data_dir"]).stdout)
    assert not any(lab["okta"]["token"] in json.dumps(hop) for hop in hops)


def test_trace_why_tells_what_a_sign_in_was_decided_by(lab):
    nobody = run("trace", "why", "nobody@acme.example", "--data", lab["data_dir"])
    assert (nobody.returncode, nobody.stdout) == (0, "No sign-in has been decided yet.\n")
    assert json.loads(run("trace", "why", "nobody@acme.example", "--json", "--data", lab["data_dir"]).stdout) == []


def test_permissions_of_each_client(lab):
    run("call", "entra", "GET", "/users", "--data", lab["data_dir"])
    found = json.loads(run("permissions", "--json", "--data", lab["data_dir"]).stdout)
    ours = ("graph", lab["entra"]["client_id"])  # the connector is a client of Graph as well, once it has had work
    graph = next(item for item in found["clients"] if (item["service"], item["client"]) == ours)
    assert {"User.ReadBasic.All"} <= {name for row in graph["calls"] for name in row["least"]}
    assert graph["needs"] and graph["missing"] == []
    assert "needs" in run("permissions", "--data", lab["data_dir"]).stderr


def test_snapshots_and_reset(lab):
    data = ("--data", lab["data_dir"])
    assert run("snapshot", "take", "one", *data).returncode == 0
    run("call", "okta", "POST", "/api/v1/groups", '{"profile":{"name":"Gone"}}', *data)
    assert json.loads(run("snapshot", "restore", "one", "--json", *data).stdout)["epoch"] >= 1
    names = [g["profile"]["name"] for g in json.loads(run("call", "okta", "GET", "/api/v1/groups", *data).stdout)]
    assert "Gone" not in names
    assert "one" in json.loads(run("snapshot", "list", "--json", *data).stdout)["snapshots"]
    missing = run("snapshot", "restore", "none", *data)
    assert missing.returncode == 2 and "no snapshot" in missing.stderr
    assert run("reset", *data).returncode == 0


@pytest.mark.parametrize("kind", ["wresult", "saml2", "wstrust", "id", "access"])
def test_tokens_are_minted_fresh_and_decoded_offline(lab, kind):
    user = next(u["login"] for u in lab["users"] if u["role"] == "person" and u["federated"])
    mint = ("token", "mint", "--kind", kind, "--user", user, "--data", lab["data_dir"])
    first, second = run(*mint), here(*mint)
    assert (first.returncode, second.exit_code) == (0, 0), first.stderr
    assert (first.stdout.endswith("\n") and first.stdout.count("\n") == 1) or kind in ("wstrust",)
    assert first.stdout != second.stdout
    found = here("token", "decode", "-", "--json", input=first.stdout)
    assert found.exit_code == 0, found.output
    assert user.casefold() in found.stdout.casefold()


def test_tokens_are_verified_by_the_relying_party(lab):
    user = next(u["login"] for u in lab["users"] if u["role"] == "person" and u["federated"])
    data = ("--data", lab["data_dir"])
    for kind in ("wresult", "wstrust", "access"):
        token = run("token", "mint", "--kind", kind, "--user", user, *data).stdout
        found = run("token", "verify", "-", "--json", *data, input=token)
        assert found.returncode == 0, (kind, found.stdout, found.stderr)
    for broken, code in (("signature", "AADSTS50008"), ("claim", "AADSTS50008"), ("foreign-key", "AADSTS5000811"),
                         ("issuer", "AADSTS50107"), ("expired", "AADSTS50008"), ("audience", "AADSTS50008"),
                         ("unsigned", "AADSTS50008"), ("not-yet-valid", "AADSTS50008")):  # fmt: skip
        token = here("token", "mint", "--kind", "wresult", "--user", user, "--break", broken, *data).stdout
        found = here("token", "verify", "-", "--json", *data, input=token)
        shown = json.loads(found.stdout)
        assert found.exit_code == 1 and code in shown["problem"], (broken, shown)
        assert shown["why"]["rule"] and shown["why"]["compared"], (broken, shown)
    token = here("token", "mint", "--kind", "wresult", "--user", user, "--set", "immutableId=bm9ib2R5", *data).stdout
    shown = json.loads(here("token", "verify", "-", "--json", *data, input=token).stdout)
    assert "AADSTS51004" in shown["problem"]
    assert "bm9ib2R5" in [item["value"] for item in shown["why"]["compared"]]


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["up", "--world", "nowhere"], "There is no world 'nowhere'"),
        (["up", "--bind", "0.0.0.0"], "test passwords"),
        (["status"], "No lab is running"),
        (["token", "decode", "/no/such/file"], "cannot be read"),
        (["exec", "--", "/no/such/command"], "cannot be run"),
    ],
)
def test_bad_use_is_one_sentence_one_hint_and_exit_two(tmp_path, args, text):
    more = ["--data", str(tmp_path)] if args[0] in ("up", "status") else []
    found = run(*args[:1], *more, *args[1:]) if args[0] in ("up", "status") else run(*args)
    assert found.returncode == 2, found.stderr
    assert text in found.stderr and "hint:" in found.stderr
    assert found.stdout == "" and "Traceback" not in found.stderr
    assert len(found.stderr.strip().splitlines()) == 2


def test_a_second_start_and_a_taken_port(lab, tmp_path):
    again = run("up", "--data", lab["data_dir"])
    assert again.returncode == 2 and "already running" in again.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        found = run("up", "--data", str(tmp_path), "--port", port)
    assert found.returncode == 2 and f"Port {port}" in found.stderr


def test_an_unreadable_directory(tmp_path):
    (tmp_path / "file").write_text("x")
    found = run("up", "--data", str(tmp_path / "file"))
    assert found.returncode == 2 and "cannot be used" in found.stderr


def test_exec_sets_the_environment_passes_the_code_and_cleans_up():
    code = "import os,sys,json; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('TENANTLAB', 'OKTA'))})); sys.exit(7)"
    found = run("exec", "--", sys.executable, "-c", code)
    assert found.returncode == 7, found.stderr
    variables = json.loads(found.stdout)
    assert variables["OKTA_CLIENT_ORGURL"] == "https://acme.okta.com"
    assert not Path(variables["TENANTLAB_DATA"]).exists()


def test_ctrl_c_stops_cleanly(tmp_path):
    child = subprocess.Popen(
        [*TENANTLAB, "up", "--data", str(tmp_path), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    json.loads(child.stdout.readline())
    child.send_signal(signal.SIGINT)
    assert child.wait(15) == 0
    assert "Traceback" not in child.stderr.read()
    child.stdout.close()
    child.stderr.close()
    assert not (tmp_path / "lab.json").exists()
