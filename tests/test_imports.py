"""Each party and the connector can be imported alone, and bring nobody else's room with them."""

import subprocess
import sys

import pytest

ROOMS = ["kernel", "store", "protocols", "wire", "okta", "entra", "directory", "office365", "serving", "scenario"]
ALLOWED = {
    "emulator.kernel.call": {"kernel"},
    "emulator.store": {"kernel", "store"},
    "emulator.protocols.xmldsig": {"kernel", "protocols"},
    "emulator.wire.browser": {"kernel", "protocols", "wire"},
    "emulator.okta.party": {"kernel", "store", "protocols", "wire", "okta"},
    "emulator.entra.party": {"kernel", "store", "protocols", "wire", "entra"},
    "emulator.directory.party": {"kernel", "store", "protocols", "wire", "directory"},
    "emulator.office365.connector": {"kernel", "protocols", "wire", "office365"},
}


def loaded(code: str) -> set[str]:
    text = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


@pytest.mark.parametrize("module", ALLOWED)
def test_a_room_brings_only_what_it_may(module):
    modules = loaded(f"import {module}")
    rooms = {name.split(".")[1] for name in modules if name.startswith("emulator.")}
    assert rooms <= ALLOWED[module]
    if module.split(".")[1] in ("okta", "entra", "directory", "office365"):
        assert not modules & {"flask", "werkzeug", "granian"}


def test_the_plugin_imports_nothing_until_it_is_used():
    modules = loaded("import emulator.testing.plugin")
    assert {name for name in modules if name.startswith("emulator.")} <= {"emulator.testing", "emulator.testing.plugin"}


def test_the_command_line_starts_without_the_emulator():
    modules = loaded("from emulator.cli import cli")
    assert not modules & {"flask", "lxml", "cryptography", "granian", "emulator.serving"}
