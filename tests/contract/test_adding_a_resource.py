"""Adding a resource touches one source file: a module dropped into a room is served, stored, seeded and listed."""

import sys
import textwrap

import pytest

from emulator import World
from emulator.directory import party, resources
from emulator.serving import parties
from emulator.serving.support import matrix

TOY = '''
"""Printers: a toy."""

from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Problem
from emulator.store import Column, Kind

PRINTERS = Kind("printers", (Column("name", unique=True),))


@operation("GET", "/_lab/directory/printers/{name}", source=inferred("a toy"), auth="none")
def get_printer(call):
    """One printer."""
    found = call.store.find(PRINTERS, "name", call.path["name"])
    if found is None:
        raise Problem("noSuchObject", call.path["name"])
    return found


def seed(seeding):
    for name in seeding.spec.get("printers", ()):
        seeding.store.add(PRINTERS, {"id": seeding.ids.guid("printer"), "name": name})
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "printers.py").write_text(textwrap.dedent(TOY))
    monkeypatch.setattr(resources, "__path__", [*resources.__path__, str(tmp_path)])
    forget = [parties.party_type.cache_clear, parties.routes_of.cache_clear]
    monkeypatch.delitem(sys.modules, party.__name__)
    for each in forget:
        each()
    yield
    sys.modules.pop("emulator.directory.resources.printers", None)
    sys.modules.pop(party.__name__, None)
    monkeypatch.undo()
    for each in forget:
        each()


def test_one_file_is_enough(toy):
    spec = {"world": "toy", "parties": {"directory:x": {"forest": "x.example", "printers": ["laser"]}}}
    with World(spec) as made:
        assert made.directory.get("/printers/laser")["name"] == "laser"
        answer = made.directory.call("GET", "/printers/none")
        assert (answer.status, bool(answer.header("x-lab-why"))) == (404, True)
    served = [item.name for service in parties.party_type("directory").services for item in service.operations]
    assert "printers.get_printer" in served


def test_the_matrix_lists_what_is_served():
    rows = matrix()
    assert {row["party"] for row in rows} == {"okta", "entra", "directory"}
    assert all(row["summary"] for row in rows)
