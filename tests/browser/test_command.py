"""`tenantlab browser` as its users meet it, and how the browser is found."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.kernel.problems import LabError
from emulator.serving import chromium
from emulator.serving.lab import Lab
from tests.browser.test_sign_in import missing


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("acme") as running:
        yield running


def run(lab: Lab, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "emulator", "browser", *args, "--data", str(lab.data)]
    given = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(line, capture_output=True, text=True, timeout=90, check=False, env={**given, **env})


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
def test_a_screenshot_and_the_page_as_the_browser_sees_it(lab: Lab, tmp_path: Path):
    shot = tmp_path / "page.png"
    found = run(lab, "--screenshot", str(shot), "--size", "800x600", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["url"] == "https://acme.okta.com/"
    assert shot.read_bytes().startswith(b"\x89PNG")
    found = run(lab, "acme.okta.com/login/login.htm", "--dom")
    assert found.returncode == 0, found.stderr
    assert "User name" in found.stdout and "emulated org" in found.stdout


@pytest.mark.parametrize(
    ("args", "env", "text"),
    [
        (["https://www.okta.com/", "--dom"], {}, "not an address of this lab"),
        (["file:///etc/passwd", "--dom"], {}, "not an address of this lab"),
        (["--headless"], {}, "shows nothing"),
        (["--dom", "--size", "huge"], {}, "not a window size"),
        (["--dom", "--chromium", "/no/such/browser"], {}, "not a program"),
        (["--dom"], {"PATH": "/nowhere", "TENANTLAB_CHROMIUM": ""}, "No Chromium was found"),
    ],
)
def test_bad_use_is_one_sentence_and_a_hint(lab: Lab, args: list[str], env: dict[str, str], text: str):
    found = run(lab, *args, **env)
    assert found.returncode == 2
    assert text in found.stderr and "hint:" in found.stderr and found.stdout == ""
    assert len(found.stderr.strip().splitlines()) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_no_display(lab: Lab):
    found = run(lab)
    assert found.returncode == 2 and "no display" in found.stderr and "--screenshot" in found.stderr


def test_the_environment_names_the_browser(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(chromium.VARIABLE, sys.executable)
    assert chromium.find() == sys.executable
    monkeypatch.setenv(chromium.VARIABLE, "/no/such/browser")
    with pytest.raises(LabError, match="not a program"):
        chromium.find()


def test_it_knows_the_labs_hosts_and_trusts_its_key_only(lab: Lab, tmp_path: Path):
    line = chromium.arguments(lab.info, ["acme.okta.com", "login.microsoftonline.com"], tmp_path)
    rules = next(item for item in line if item.startswith("--host-resolver-rules=")).partition("=")[2].split(", ")
    front = lab.info["https_urls"]["front"].removeprefix("https://")
    assert f"MAP acme.okta.com:443 {front}" in rules
    assert "MAP * ~NOTFOUND" in rules
    assert all(
        rule.startswith(("MAP acme.okta.com:", "MAP login.microsoftonline.com:", "MAP * ~", "EXCLUDE "))
        for rule in rules
    )
    assert not any(item.startswith("--ignore-certificate-errors") and "spki-list" not in item for item in line)
    assert len(chromium.key_pin(lab.data / "tls.crt")) == 44
    with pytest.raises(LabError, match="cannot be read"):
        chromium.key_pin(tmp_path / "none")


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        (None, "https://acme.okta.com/"), ("acme.okta.com/x?y=1", "https://acme.okta.com/x?y=1"),
        ("http://acme.okta.com/", "https://acme.okta.com/"), ("http://localhost:5000/", "http://localhost:5000/"),
        ("https://127.0.0.1:1/", "https://127.0.0.1:1/"),
    ],
)  # fmt: skip
def test_addresses(lab: Lab, given: str | None, opened: str):
    assert chromium.address(lab.info, ["acme.okta.com"], given) == opened
