"""`like` in a world file: another world, changed."""

from pathlib import Path

import pytest

from emulator import World
from emulator.kernel.problems import LabError
from emulator.serving import worldfile

CLASSIC = {"like": "acme", "world": "acme-classic", "parties": {"okta:acme": {"engine": "classic"}}}


def test_the_other_world_with_changes(tmp_path: Path) -> None:
    path = tmp_path / "classic.yaml"
    path.write_text('like: acme\nworld: acme-classic\nparties:\n  "okta:acme": {engine: classic}\n')
    for given in (CLASSIC, str(path)):
        with World(given) as world:
            assert world.spec.world == "acme-classic"
            assert world.okta.get("/.well-known/okta-organization")["pipeline"] == "v1"
            assert world.okta.get("/api/v1/users/dana@acme.example")["status"] == "ACTIVE"
    assert worldfile.load(CLASSIC).key == worldfile.load(dict(CLASSIC)).key


def test_null_takes_away_and_lists_are_replaced() -> None:
    changed = {"like": "acme", "parties": {"directory:corp": None, "okta:acme": {"zones": []}}}
    spec = worldfile.load(changed).spec
    assert sorted(spec.parties) == ["entra:acme", "okta:acme"]
    assert spec.parties["okta:acme"]["zones"] == [] and spec.parties["okta:acme"]["users"]
    assert "directory:corp" in worldfile.load("acme").spec.parties


@pytest.mark.parametrize("like", ["nothing", "/etc/passwd", 5, {}])
def test_only_worlds_that_come_with_tenantlab(like: object) -> None:
    with pytest.raises(LabError):
        worldfile.load({"like": like, "parties": {}})
