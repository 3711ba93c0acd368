"""Files for tools that are not here (container engines, CI systems): every command in them exists, every name is ours.

They were not run by those tools in this repository's own tests; docs/howto/run-it-in-ci.md says which.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emulator import World
from emulator.cli import cli
from emulator.testing.containers import PORTS, Tenantlab

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def parses(words: list[str]) -> None:
    """Hold a command line against the real commands' own options; nothing is run."""
    command, rest = cli, words
    while hasattr(command, "get_command"):
        found = command.get_command(None, rest[0])
        assert found is not None, words
        command, rest = found, rest[1:]
    command.make_context(command.name, [str(word) for word in rest])


def dockerfile() -> dict[str, list[str]]:
    """Instructions of the last stage: name to arguments."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    last = re.split(r"^FROM ", text, flags=re.MULTILINE)[-1]
    found: dict[str, list[str]] = {"FROM": [last.splitlines()[0]]}
    for line in last.splitlines()[1:]:
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            found.setdefault(name, []).append(rest.strip())
    return found


def test_the_image_is_slim_without_root_and_tells_its_health():
    made = dockerfile()
    assert made["FROM"] == ["python:3.11-slim"]
    assert made["USER"] == ["10001"]
    health = json.loads(made["HEALTHCHECK"][0].partition("CMD ")[2])
    assert health[0] == "tenantlab"
    parses(health[1:])
    assert "TENANTLAB_DATA=/data" in made["ENV"][0]  # where that `status` looks
    assert json.loads(made["ENTRYPOINT"][0]) == ["tenantlab"]
    parses(json.loads(made["CMD"][0]))


def test_the_image_gets_what_the_wheel_needs():
    kept = {line.lstrip("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    project = (ROOT / "pyproject.toml").read_text()
    assert {"emulator", "scenarios", "fixtures", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"} == kept
    for name in kept:
        assert (ROOT / name).exists()
        assert name in project or name in (ROOT / "Dockerfile").read_text() or name == "pyproject.toml"


def test_compose_names_every_emulated_host_and_no_other():
    with World("acme") as world:
        names = world.hosts.names()
    assert COMPOSE["services"]["tenantlab"]["networks"]["lab"]["aliases"] == names
    assert COMPOSE["networks"]["lab"] == {"internal": True}


def test_compose_runs_commands_that_exist_on_ports_that_are_exposed():
    lab = COMPOSE["services"]["tenantlab"]
    parses(lab["command"])
    assert lab["ports"] == ["127.0.0.1:8000-8010:8000-8010"]  # never beyond the machine
    assert dockerfile()["EXPOSE"] == ["443 8000-8010"]
    assert list(PORTS) == [443, *range(8000, 8011)]
    assert lab["cap_drop"] == ["ALL"] and lab["read_only"] is True
    assert lab["volumes"] == ["lab:/data"] and COMPOSE["services"]["client"]["volumes"] == ["lab:/lab:ro"]


def test_what_the_image_serves_is_on_the_ports_that_it_says(tmp_path):
    """The image's own command, with other numbers: consecutive ports, and the front's TLS where it was put."""
    from emulator.serving import listen
    from emulator.serving.listen import choose

    services = ["front", "okta", "graph", "login", "control"]
    first = next(n for n in range(20000, 60000, 50) if all(_free(n + i) for i in range(12)))
    listeners, proxy = choose("127.0.0.1", first, services, https=first + 11)
    found = {(item.service, item.scheme): item.port - first for item in listeners}
    assert [found[name, "http"] for name in services] == [0, 1, 2, 3, 4]
    assert [found[name, "https"] for name in services] == [11, 6, 7, 8, 9]
    assert proxy - first == 10
    assert listen.host_of("0.0.0.0") == "127.0.0.1" and listen.host_of("::") == "[::1]"


def _free(port: int) -> bool:
    from emulator.kernel.problems import LabError
    from emulator.serving import listen

    try:
        return listen.probe("127.0.0.1", port) == port
    except LabError:
        return False


def scripts() -> list[tuple[str, str]]:
    found = [(step["name"], step["run"]) for step in ACTION["runs"]["steps"]]
    return [*found, ("install.sh", (ROOT / ".devcontainer/tenantlab/install.sh").read_text())]


@pytest.mark.parametrize(("name", "script"), scripts())
def test_shell_scripts_are_shell_and_call_commands_that_exist(name, script):
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "${{" not in script, "an input inside a script could be a command; it comes by the environment"
    joined = script.replace("\\\n", " ")
    for line in joined.splitlines():
        found = re.match(r"\s*(?:nohup )?\"?\$?tenantlab\"? (.*)", line)
        if found and not line.lstrip().startswith("tenantlab="):
            words = shlex.split(re.split(r" [<>&|]", found[1])[0].replace("$ARGS", ""))
            if words != ["--version"]:
                parses(words)


def test_the_action_is_composite_and_uses_only_its_own_inputs():
    assert ACTION["runs"]["using"] == "composite"
    text = (ROOT / "action.yml").read_text()
    assert set(re.findall(r"\$\{\{ inputs\.(\w+) \}\}", text)) == set(ACTION["inputs"])
    steps = {step.get("id") for step in ACTION["runs"]["steps"]}
    assert set(re.findall(r"\$\{\{ steps\.(\w+)\.", text)) <= steps
    assert all(step["shell"] == "bash" for step in ACTION["runs"]["steps"])


def test_the_hook_plays_scenario_files():
    hook = HOOKS[0]
    words = shlex.split(hook["entry"])
    assert words[0] == "tenantlab"
    parses([*words[1:], "scenarios/identity/ids-differ/scenario.yaml"])
    pattern = re.compile(hook["files"])
    assert all(pattern.search(path.relative_to(ROOT).as_posix()) for path in ROOT.glob("scenarios/*/*/scenario.yaml"))
    assert not pattern.search("scenarios/identity/ids-differ/brief.md")


def test_the_devcontainer_feature_is_whole():
    feature = json.loads((ROOT / ".devcontainer/tenantlab/devcontainer-feature.json").read_text())
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert set(container["features"]) == {"./" + feature["id"]}
    assert feature["version"] == __import__("emulator").__version__
    script = (ROOT / ".devcontainer/tenantlab/install.sh").read_text()
    for option in feature["options"]:
        assert f"${{{option.upper()}:-" in script
    words = container["postCreateCommand"].split()
    assert words[0] == "make" and re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


# -- the testcontainers helper ----------------------------------------------------------------------------------------


class Docker:
    """What the helper uses of a container, played by a lab on this machine whose ports are moved by nothing."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.stopped = False

    def start(self):
        words = [sys.executable, "-m", "emulator", "up", "--json", "--data", str(self.data), "--bind", "0.0.0.0",
                 "--i-know-these-are-test-passwords"]  # fmt: skip
        self.child = subprocess.Popen(words, stdout=subprocess.DEVNULL)

    def stop(self):
        self.child.terminate()
        self.stopped = self.child.wait(20) == 0

    def exec(self, command):
        words = [word.replace("/data", str(self.data)) for word in command]
        start = [sys.executable, "-m", "emulator", *words[1:]] if words[0] == "tenantlab" else words
        done = subprocess.run(start, capture_output=True, check=False)
        return done.returncode, done.stdout

    def get_container_host_ip(self):
        return "localhost"

    def get_exposed_port(self, port):
        return port


def test_a_lab_in_a_container_is_reached_from_here(tmp_path):
    import requests

    docker = Docker(tmp_path / "data")
    with Tenantlab(container=docker) as lab:
        assert lab.info["urls"]["okta"].startswith("http://localhost:")
        assert Path(lab.environment()["REQUESTS_CA_BUNDLE"]).read_bytes() == (docker.data / "bundle.pem").read_bytes()
        found = requests.get(
            "https://acme.okta.com/api/v1/users?limit=1", headers={"Authorization": f"SSWS {lab.info['okta']['token']}"},
            proxies={"https": lab.info["urls"]["proxy"]}, verify=lab.info["bundle_file"], timeout=20,
        )  # fmt: skip
        assert found.status_code == 200 and len(found.json()) == 1
        folder = Path(lab.info["data_dir"])
    assert docker.stopped and not folder.exists()


def test_without_testcontainers_there_is_one_sentence(monkeypatch):
    from emulator.kernel.problems import LabError

    monkeypatch.setitem(sys.modules, "testcontainers", None)
    monkeypatch.setitem(sys.modules, "testcontainers.core.container", None)
    with pytest.raises(LabError, match="not installed"):
        Tenantlab()
