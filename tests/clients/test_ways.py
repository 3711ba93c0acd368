"""Each line of ways.yaml is true: the program runs unmodified in that way, and reaches no host that is not emulated."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emulator.serving.environment import environment
from emulator.serving.lab import Lab

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
NODE = HERE / "node"
WAYS = yaml.safe_load((HERE / "ways.yaml").read_text())
COMMANDS = {
    ".py": (sys.executable, "-W", "ignore"), ".mjs": ("node",), ".sh": ("sh",), ".go": ("go", "run"), ".java": ("java",),
}  # fmt: skip
PROXY = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "PYTHONPATH", "NODE_OPTIONS", "NODE_USE_ENV_PROXY")


def ways(kind: str) -> list:
    """The lines that name this way, the larger clients marked."""
    found = []
    for way in WAYS:
        if way.get(kind):
            marks = [pytest.mark.clients] if way.get("larger") else []
            found.append(pytest.param(way, marks=marks, id=f"{way['language'].split()[0]}-{way['client']}"))
    return found


def command(way: dict, folder: Path) -> list[str]:
    """How a program is started; skips, loudly, where what it needs is not installed."""
    program = PROGRAMS / way["program"]
    start = COMMANDS[program.suffix]
    if shutil.which(start[0]) is None:
        pytest.skip(f"{start[0]} is not installed: {way['client']} ({way['language']}) is not run")
    for name in way.get("needs", ()):
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            pytest.skip(f"{name} is not installed: {way['client']} is not run")
    if program.suffix == ".mjs" and way.get("larger"):
        install()
        beside = NODE / f".{folder.name}-{program.name}"  # imports are looked up from the program's own folder
        shutil.copy(program, beside)
        return [*start, str(beside)]
    return [*start, str(program)]


def install() -> None:
    if not (NODE / "node_modules").is_dir():
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed: the Node SDKs are not run")
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=NODE, check=True, timeout=300)


def judge(out: str, err: str) -> None:
    assert "acme.example" in out, (out + err)[-3000:]
    ends = [line.partition(":")[0] for line in out.splitlines()]
    assert "refused" in ends and "reached" not in ends, (out + err)[-3000:]


@pytest.fixture(scope="module")
def lab():
    with Lab("acme") as running:
        yield running


@pytest.fixture(autouse=True)
def tidy():
    yield
    for path in NODE.glob(".*.mjs"):
        path.unlink()


@pytest.mark.parametrize("way", ways("exec"))
def test_exec(way, lab, tmp_path):
    started = command(way, tmp_path)
    variables = {**os.environ, **environment(lab.info)}
    if way["exec"] == "proxy":  # it needs no more than the proxy
        variables = {key: value for key, value in variables.items() if key not in ("PYTHONPATH", "NODE_OPTIONS")}
    done = subprocess.run(started, env=variables, capture_output=True, text=True, timeout=120, check=False)
    judge(done.stdout, done.stderr)


IN_PROCESS = """
import os, runpy, sys
from emulator import World

with World("acme") as world:
    entra, okta = world.spec.lab["entra"], world.spec.lab["okta"]
    os.environ.update(
        AZURE_TENANT_ID=entra["tenant_id"], AZURE_CLIENT_ID=entra["client_id"], AZURE_CLIENT_SECRET=entra["client_secret"],
        OKTA_CLIENT_TOKEN=okta["token"], OKTA_CLIENT_ORGURL="https://acme.okta.com",
    )
    sys.path.insert(0, sys.argv[2])
    with world.intercept():
        runpy.run_path(sys.argv[1], run_name="client")
"""
"""A process of its own, since what an unmodified client leaves open or patches is its own affair."""


@pytest.mark.parametrize("way", ways("in_process"))
def test_in_process(way, tmp_path):
    program = command(way, tmp_path)[-1]
    plain = {
        key: value for key, value in os.environ.items() if "PROXY" not in key.upper() and not key.startswith("SSL_")
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IN_PROCESS, program, str(PROGRAMS)], env=plain, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    judge(done.stdout, done.stderr)


# -- a network of its own ---------------------------------------------------------------------------------------------

DRIVER = """
import json, subprocess, sys
for line in sys.stdin:
    order = json.loads(line)
    env = {key: value for key, value in __import__("os").environ.items() if key not in order["without"]}
    env["JAVA_TOOL_OPTIONS"] = " ".join(word for word in env["JAVA_TOOL_OPTIONS"].split() if "proxy" not in word)
    done = subprocess.run(order["command"], env=env, capture_output=True, text=True, timeout=120)
    print(json.dumps([done.stdout, done.stderr]), flush=True)
"""
"""Runs programs inside the namespace, one after the other, with neither proxy nor preload."""


@pytest.fixture(scope="module")
def netns():
    if subprocess.run(
        ["unshare", "--map-root-user", "--net", "--mount", "true"], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine does not let us make a network namespace: --netns is not run")
    tenantlab = [sys.executable, "-m", "emulator", "exec", "--netns", "--", sys.executable, "-c", DRIVER]
    child = subprocess.Popen(tenantlab, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield child
    child.stdin.close()
    assert child.wait(30) == 0
    child.stdout.close()


def inside(netns, *words: str) -> tuple[str, str]:
    netns.stdin.write(json.dumps({"command": words, "without": PROXY}) + "\n")
    netns.stdin.flush()
    out, err = json.loads(netns.stdout.readline())
    return out, err


@pytest.mark.parametrize("way", ways("netns"))
def test_netns(way, netns, tmp_path):
    judge(*inside(netns, *command(way, tmp_path)))


CANARY = """
import socket, sys
for address in (("192.0.2.1", 443), ("198.51.100.7", 80), ("127.0.0.1", int(sys.argv[1]))):
    try:
        socket.create_connection(address, timeout=3)
        print("reached", address)
    except OSError as error:
        print("refused")
print(*(name for _, name in socket.if_nameindex()))
"""


def test_inside_there_is_no_other_network(netns):
    """Neither an address nor a port of this machine is reached; there is loopback and no other interface."""
    with socket.create_server(("127.0.0.1", 0)) as canary:
        out, err = inside(netns, sys.executable, "-c", CANARY, str(canary.getsockname()[1]))
        canary.settimeout(0.05)
        with pytest.raises(TimeoutError):
            canary.accept()
    lines = out.splitlines()
    assert lines[:3] == ["refused"] * 3, err
    assert "lo" in lines[3].split() and not any(name.startswith(("eth", "en", "wl")) for name in lines[3].split())


def test_the_systems_own_certificates_hold_in_there(netns):
    """A client that is told nothing at all trusts the lab: its authority stands in the system's bundle."""
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if not bundle.is_file() or shutil.which("curl") is None:
        pytest.skip("no system bundle or no curl here")
    before = bundle.read_bytes()
    out, err = inside(netns, "env", "-i", "curl", "-sS", "https://acme.okta.com/.well-known/openid-configuration")
    assert '"issuer"' in out, err
    assert bundle.read_bytes() == before


def test_where_namespaces_are_not_allowed_there_is_one_sentence(tmp_path):
    (tmp_path / "unshare").write_text(
        "#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n"
    )
    (tmp_path / "unshare").chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "emulator", "exec", "--netns", "--", "true"], env=variables, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(
        "tenantlab: This machine does not let us make a network namespace (Operation"
    )
    assert done.stderr.count("\n") == 2


def test_a_stop_reaches_the_command_inside(netns):
    """SIGTERM to `exec --netns` ends the lab and the command in the namespace; nothing is left."""
    words = [sys.executable, "-m", "emulator", "exec", "--netns", "--", sys.executable, "-uc"]
    child = subprocess.Popen(
        [*words, "import os, time; print(os.getpid()); time.sleep(60)"], stdout=subprocess.PIPE, text=True
    )
    pid = int(child.stdout.readline())
    child.terminate()
    assert child.wait(30) != 0
    child.stdout.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# -- preloads and variables -------------------------------------------------------------------------------------------


def test_every_program_is_in_the_table():
    programs = {path.name for path in PROGRAMS.iterdir() if path.is_file()} - {"shared.py"}
    assert programs == {way["program"] for way in WAYS}


def test_a_sitecustomize_of_ones_own_still_runs(lab, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('mine')\n")
    variables = {**os.environ, **environment(lab.info)}
    variables["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    found = subprocess.run([sys.executable, "-c", "pass"], env=variables, capture_output=True, text=True, check=True)
    assert found.stdout == "mine\n"


def test_preloads_leave_loopback_alone_and_refuse_an_address(lab):
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(("localhost", server.getsockname()[1])).close()
for address in (("192.0.2.1", 443), ("acme.okta.com", 80)):
    try: socket.create_connection(address, timeout=2)
    except OSError as error: print(error)
"""
    variables = {**os.environ, **environment(lab.info)}
    found = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert found.stdout.count("is not an emulated host") == 2


@pytest.mark.parametrize("style", ["sh", "powershell", "dotenv"])
def test_tls_env_in_each_style(lab, style):
    done = subprocess.run(
        [sys.executable, "-m", "emulator", "tls", "env", "--style", style, "--all", "--data", lab.info["data_dir"]],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    starts = {"sh": "export HTTPS_PROXY=", "powershell": "$env:HTTPS_PROXY = '", "dotenv": "HTTPS_PROXY="}
    assert lines[0].startswith(starts[style] + "http://127.0.0.1:")
    assert any("AZURE_CLIENT_SECRET" in line for line in lines)


def test_a_shell_that_evaluates_tls_env_reaches_the_lab(lab):
    line = (f'eval "$({sys.executable} -m emulator tls env --data {lab.info["data_dir"]})" && '
            "curl -sS https://acme.okta.com/.well-known/openid-configuration")  # fmt: skip
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert '"issuer"' in done.stdout, done.stderr
