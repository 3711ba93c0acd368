"""Broad round trips over HTTPS with unmodified clients of the org's API: the vendor's SDKs, okta-cli, oktalib.

Each runs in a process of its own, with nothing but the environment that `exec` sets.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.serving.environment import environment
from emulator.serving.lab import Lab

HERE = Path(__file__).parent
NODE = HERE / "node"


@pytest.fixture(scope="module")
def lab():
    with Lab("acme") as running:
        yield running


def variables(lab: Lab) -> dict[str, str]:
    return {**os.environ, **environment(lab.info), "OKTA_DIRECT": lab.info["https_urls"]["okta"]}


@pytest.mark.clients
def test_the_sdk_for_node(lab):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: the Node client is not run")
    if not (NODE / "node_modules").is_dir():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=NODE, check=True, timeout=300)
    program = (HERE / "round_trips" / "okta.mjs").read_text()
    found = subprocess.run(["node", "--input-type=module", "-e", program], env=variables(lab), cwd=NODE,
                           capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    assert json.loads(found.stdout.splitlines()[-1]) == {
        "people": ["ACTIVE", "N7", "ACTIVE", 1], "groups": ["OKTA_GROUP", 1, 1],
        "apps": ["ACTIVE", "USER", 1, "appuser", 1], "rules": ["ACTIVE", "OKTA_SIGN_ON", "In office", 1],
        "logs": [True, True, True], "gone": [404, "E0000007"], "created": 1000, "paged": 1000, "waited": True,
    }  # fmt: skip


def program(lab: Lab, code: str) -> str:
    found = subprocess.run([os.environ.get("CLIENTS_PYTHON", sys.executable), "-W", "ignore", "-c", code], env=variables(lab), capture_output=True,
                           text=True, timeout=300, check=False)  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout.strip()


@pytest.mark.clients
def test_the_sdk_for_python(lab):
    pytest.importorskip("okta")
    seen = json.loads(program(lab, (HERE / "round_trips" / "okta_sdk.py").read_text()).splitlines()[-1])
    assert seen == {
        "people": ["ACTIVE", "P7", 1], "groups": ["OKTA_GROUP", 1, 1], "apps": ["ACTIVE", "USER", 1, "user.department"],
        "rules": ["ACTIVE", "OKTA_SIGN_ON", 1], "logs": [True, True], "gone": "E0000007", "paged": 250, "waited": True,
    }  # fmt: skip


@pytest.mark.clients
def test_the_sdk_for_python_on_customizations(lab):
    pytest.importorskip("okta")
    seen = json.loads(program(lab, (HERE / "round_trips" / "okta_customizations.py").read_text()).splitlines()[-1])
    assert seen == {
        "brands": ["Python 3", "nl", 1, 0, False], "themes": ["#112233", "#ffffff", True, True, True],
        "pages": ["<h1>No</h1>", "^7", "<h1>No</h1>", True, True, "https://bye.example"],
        "mails": [True, False, "Hi", 2, "ADMINS_ONLY", True, True, True, 2], "texts": [["de", "nl"], 1],
    }  # fmt: skip


@pytest.mark.clients
def test_okta_cli(lab, tmp_path):
    """Its configuration is in the home directory, so it gets one of its own."""
    tool = shutil.which("okta-cli", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if tool is None:
        pytest.skip("okta-cli is not installed (pip install okta-cli): it is not run")
    given = variables(lab) | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}

    def cli(*words: str, said: str = "") -> str:
        found = subprocess.run([tool, *words], env=given, capture_output=True, text=True, timeout=60, check=False,
                               input=f"{said}\n", cwd=tmp_path)  # fmt: skip
        assert found.returncode == 0, (words, found.stdout[-1000:], found.stderr[-2000:])
        return found.stdout

    login = "cli@acme.example"
    cli("config", "new", "-n", "lab", "-u", given["OKTA_CLIENT_ORGURL"], "-t", given["OKTA_CLIENT_TOKEN"])
    cli("config", "use-context", "lab")
    # `users add` of 18.1.2 fails before it asks anybody.
    table = tmp_path / "people.csv"
    table.write_text(f"profile.login,profile.email,profile.firstName,profile.lastName\n{login},{login},C,Li\n")
    cli("users", "bulk-add", str(table))
    assert login in cli("users", "get", login)
    cli("users", "update", login, "-s", "profile.department=Tools")
    assert len(cli("users", "list").splitlines()) > 5 and "Sales" in cli("groups", "list")
    assert "Microsoft Office 365" in cli("apps", "list")
    cli("groups", "add", "-n", "From the command line", "-d", "d")
    assert "From the command line" in cli("groups", "list")
    assert "GET" not in cli("raw", "/groups?limit=1")
    cli("users", "deactivate", login, said=login)
    cli("users", "delete", login, said=login)
    assert login not in cli("users", "list")


@pytest.mark.clients
def test_oktalib(lab):
    if "CLIENTS_PYTHON" not in os.environ:
        pytest.importorskip("oktalib", reason="oktalib is not installed (pip install oktalib): it is not run")
    seen = program(lab, """
import os
from oktalib import Okta
okta = Okta(os.environ["OKTA_CLIENT_ORGURL"], os.environ["OKTA_CLIENT_TOKEN"])
people = len(list(okta.users))
group = okta.create_group("From oktalib", "d")
user = okta.create_user("Okta", "Lib", "oktalib@acme.example", "oktalib@acme.example")
assert group.add_user_by_id(user.id)
members = len(list(group.users))
assert okta.get_group_by_name("From oktalib").id == group.id
assert okta.delete_group("From oktalib")
print(people > 5, members, user.status)
""")  # fmt: skip
    assert seen.split()[:2] == ["True", "1"]
