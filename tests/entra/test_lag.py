"""Eventually consistent reads in a world that asks for lag; all others see changes at once."""

import pytest

from emulator import World
from emulator.kernel.problems import LabError

from .worlds import SPEC, app_client

EVENTUAL = {"ConsistencyLevel": "eventual"}
GROUP = {"displayName": "New", "mailEnabled": False, "mailNickname": "new", "securityEnabled": True}


@pytest.fixture
def tenant():
    with World({**SPEC, "lag": {"entra:acme": "PT5S"}}) as world:
        yield world
        assert world.engine.crashes == []


def counts(graph):
    """Groups as seen at once, in an eventual list, and by an eventual count."""
    listed = graph.get("/groups?$count=true", headers=EVENTUAL)
    number = int(graph.call("GET", "/groups/$count", headers=EVENTUAL).body)
    assert len(listed["value"]) == listed["@odata.count"]
    return len(graph.get("/groups")["value"]), listed["@odata.count"], number


def test_eventual_reads_are_behind(tenant):
    graph = app_client(tenant)
    held = counts(graph)[0]
    tenant.snapshot("before")
    made = graph.post("/groups", GROUP)
    assert counts(graph) == (held + 1, held, held)
    assert graph.get(f"/groups/{made['id']}", headers=EVENTUAL)["displayName"] == "New"
    tenant.clock.advance(seconds=4.9)
    assert counts(graph) == (held + 1, held, held)
    tenant.clock.advance(seconds=0.1)
    assert counts(graph) == (held + 1, held + 1, held + 1)
    tenant.restore("before")
    assert counts(graph) == (held, held, held)


def test_a_served_world_lags_as_well(tmp_path):
    with World({**SPEC, "lag": {"entra:acme": "PT5S"}}, data=tmp_path, clock="2026-01-15T09:00:00Z") as world:
        graph = app_client(world)
        held = counts(graph)[0]
        graph.post("/groups", GROUP)
        assert counts(graph) == (held + 1, held, held)
        world.clock.advance(seconds=5)
        assert counts(graph) == (held + 1, held + 1, held + 1)
    assert (tmp_path / "lag-entra-acme.db").exists()


def test_without_lag_nothing_is_behind():
    with World(SPEC) as world:
        graph = app_client(world)
        graph.post("/groups", GROUP)
        assert len(set(counts(graph))) == 1


@pytest.mark.parametrize("lag", [{"entra:other": "PT5S"}, {"entra:acme": "soon"}, {"entra:acme": "-PT5S"}])
def test_what_is_no_lag(lag):
    with pytest.raises(LabError):
        World({**SPEC, "lag": lag})
