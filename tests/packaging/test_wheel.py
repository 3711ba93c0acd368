"""The wheel and the source archive are complete: installed into an empty environment, away from the checkout."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """A source archive made from the checkout, and a wheel made from that archive."""
    folder = tmp_path_factory.mktemp("dist")
    backend = tmp_path_factory.mktemp("backend")
    subprocess.run([*PIP, "install", "--target", str(backend), "hatchling"], check=True, timeout=300)
    build = "import sys; sys.path.insert(0, sys.argv[1]); from hatchling.build import build_sdist; print(build_sdist(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", build, str(backend), str(folder)], cwd=ROOT, check=True, timeout=120)
    archive = next(folder.glob("*.tar.gz"))
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(archive)], check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def installed(dist, tmp_path_factory):
    """The `bin` folder of an empty environment that got the wheel and pytest, as a user would make it; and the seconds."""
    folder = tmp_path_factory.mktemp("venv")
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    wheel = next(dist.glob("*.whl"))
    pip = [str(folder / "bin" / "python"), *PIP[1:]]
    subprocess.run(
        [*pip, "install", "-c", str(ROOT / "constraints.txt"), str(wheel), "pytest"], check=True, timeout=300
    )
    return folder / "bin", time.monotonic() - started


def run(tool: Path, *words: str, cwd: Path, timeout: int = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(tool), *words], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False, env=plain()
    )


def plain() -> dict[str, str]:
    dropped = ("PYTHONPATH", "TENANTLAB", "PYTEST", "VIRTUAL_ENV")
    return {key: value for key, value in os.environ.items() if not key.startswith(dropped)}


def tracked(*folders: str) -> set[str]:
    found = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found.add(path.relative_to(ROOT).as_posix())
    return found


def test_the_wheel_holds_everything(dist):
    names = set(zipfile.ZipFile(next(dist.glob("*.whl"))).namelist())
    assert tracked("emulator") - names == set()
    assert {f"emulator/_data/{name}" for name in tracked("scenarios", "fixtures")} - names == set()
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_the_source_archive_holds_everything(dist):
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked("emulator", "scenarios", "fixtures", "docs", ".devcontainer") - names == set()
    for name in (
        "Makefile",
        "constraints.txt",
        "Dockerfile",
        "compose.yaml",
        "action.yml",
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
    ):
        assert name in names
    assert not [name for name in names if "node_modules" in name]


def test_a_scenario_of_the_wheel_is_played(installed, dist, tmp_path):
    bin, _ = installed
    done = run(bin / "tenantlab", "run", "blank-immutable-id", "--verify", "--seed", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = json.loads(run(bin / "tenantlab", "scenario", "list", "--json", cwd=tmp_path).stdout)
    names = zipfile.ZipFile(next(dist.glob("*.whl"))).namelist()
    assert len(listed) == sum(name.endswith("/scenario.yaml") for name in names) > 0


def test_somebody_elses_fixtures_are_not_taken_for_ours(installed, tmp_path):
    """A package `fixtures` exists; it stands beside ours in site-packages."""
    bin, _ = installed
    other = next((bin.parent / "lib").glob("python3*")) / "site-packages" / "fixtures"
    other.mkdir()
    try:
        assert (
            run(bin / "python", "-c", "from emulator import World; World('acme').close()", cwd=tmp_path).returncode == 0
        )
    finally:
        other.rmdir()


def test_up_serves_and_stops(installed, tmp_path):
    bin, _ = installed
    child = subprocess.Popen(
        [str(bin / "tenantlab"), "up", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=plain()
    )
    info = json.loads(child.stdout.readline())
    done = run(bin / "tenantlab", "call", "okta", "GET", "/api/v1/users?limit=1", cwd=tmp_path)
    assert done.returncode == 0 and '"login"' in done.stdout
    assert run(bin / "tenantlab", "status", cwd=tmp_path).returncode == 0
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
    child.stdout.close()
    assert info["pid"] == child.pid


def quickstart() -> str:
    """The test that docs/tutorial/your-first-test.md tells to write."""
    page = (ROOT / "docs" / "tutorial" / "your-first-test.md").read_text()
    return re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)[0]


def test_from_nothing_to_a_green_test_of_ones_own(installed, tmp_path):
    """Three commands: make an environment, install, run. Under a minute in all, on a machine that does nothing else."""
    bin, seconds = installed
    (tmp_path / "test_mine.py").write_text(quickstart())
    started = time.monotonic()
    done = run(bin / "pytest", "test_mine.py", cwd=tmp_path)
    total = seconds + time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    print(f"from nothing to a green test: {total:.1f} s, with {crowd:.1f} times the work this machine can do at once")
    assert total < 60 * crowd


def test_the_actions_own_steps_start_a_lab(dist, tmp_path):
    """action.yml's scripts, as a runner starts them: the next step's environment reaches the lab."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    files = {name: tmp_path / name.lower() for name in ("GITHUB_PATH", "GITHUB_ENV", "GITHUB_OUTPUT")}
    variables = {
        **plain(), **{name: str(path) for name, path in files.items()}, "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(ROOT), "PYTHON": sys.executable, "PACKAGE": str(next(dist.glob("*.whl"))),
        "WORLD": "acme", "ARGS": "--limits documented",
    }  # fmt: skip
    bash = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c"]
    subprocess.run([*bash, steps[0]["run"]], env=variables, check=True, timeout=300)
    variables["PATH"] = files["GITHUB_PATH"].read_text().strip() + os.pathsep + variables["PATH"]
    subprocess.run([*bash, steps[1]["run"]], env=variables, check=True, timeout=120)
    try:
        data = files["GITHUB_OUTPUT"].read_text().strip().removeprefix("data=")
        variables |= dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        if shutil.which("curl"):
            ask = 'curl -sS -H "Authorization: SSWS $OKTA_CLIENT_TOKEN" "$OKTA_CLIENT_ORGURL/api/v1/users?limit=1"'
            assert (
                '"login"'
                in subprocess.run([*bash, ask], env=variables, capture_output=True, text=True, check=True).stdout
            )
        assert json.loads((Path(data) / "lab.json").read_text())["world"] == "acme"
    finally:
        os.kill(json.loads((Path(data) / "lab.json").read_text())["pid"], signal.SIGTERM)


def test_the_devcontainer_features_installer_installs(dist, tmp_path):
    variables = {**plain(), "PACKAGE": str(next(dist.glob("*.whl"))), "TENANTLAB_HOME": str(tmp_path / "home"),
                 "TENANTLAB_BIN": str(tmp_path)}  # fmt: skip
    script = ROOT / ".devcontainer" / "tenantlab" / "install.sh"
    done = subprocess.run(["sh", str(script)], env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout and (tmp_path / "tenantlab").is_symlink()
