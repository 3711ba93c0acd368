"""Large groups: the first slice at once, the rest in short transactions of their own."""

from collections.abc import Iterator

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import APP_USERS, JOBS
from emulator.okta.slices import SLICE
from tests.office365.worlds import Estate, person, spec

PEOPLE = 2 * SLICE + 30


@pytest.fixture
def crowd() -> Iterator[Estate]:
    given = spec()
    given["parties"]["okta:acme"]["users"] += [person(f"U{n}", "Crowd", groups=["Sales"]) for n in range(PEOPLE - 1)]
    with World(given) as world:
        yield Estate(world)
        assert world.engine.crashes == []


def assigned(estate: Estate) -> int:
    return len(estate.world.database.store("okta:acme").find_all(APP_USERS, "appId", estate.app))


def jobs(estate: Estate) -> list[Doc]:
    found: list[Doc] = estate.world.database.store("okta:acme").find_all(JOBS, "appId", estate.app)
    return found


def group_of(estate: Estate) -> str:
    return str(estate.okta.get("/api/v1/groups?q=Sales")[0]["id"])


def test_a_large_group_gets_the_app_slice_by_slice(crowd: Estate) -> None:
    at = f"/api/v1/apps/{crowd.app}/groups/{group_of(crowd)}"
    assert crowd.okta.call("PUT", at, {}).status == 200
    assert assigned(crowd) == SLICE
    [waiting] = jobs(crowd)
    assert waiting["kind"] == "app.members.joining"
    crowd.world.sync()
    assert assigned(crowd) == PEOPLE and jobs(crowd) == []
    assert crowd.okta.call("DELETE", at).status == 204
    assert assigned(crowd) == PEOPLE - SLICE
    crowd.world.sync()
    assert assigned(crowd) == 0 and jobs(crowd) == []


def test_the_newest_wish_replaces_the_one_that_is_under_way(crowd: Estate) -> None:
    at = f"/api/v1/apps/{crowd.app}/groups/{group_of(crowd)}"
    crowd.okta.put(at, {})
    crowd.okta.delete(at)
    crowd.world.sync()
    assert assigned(crowd) == 0
    crowd.okta.put(at, {})
    crowd.okta.put(at, {"profile": {"displayName": "One name"}})
    crowd.world.sync()
    rows = crowd.okta.get(f"/api/v1/apps/{crowd.app}/users?limit=500")
    assert len(rows) == PEOPLE and {row["profile"]["usageLocation"] for row in rows} >= {"NL"}


def test_a_group_that_is_deleted_takes_its_apps_along(crowd: Estate) -> None:
    group = group_of(crowd)
    crowd.okta.put(f"/api/v1/apps/{crowd.app}/groups/{group}", {})
    crowd.world.sync()
    crowd.assign("sam@acme.example")
    crowd.okta.delete(f"/api/v1/groups/{group}")
    crowd.world.sync()
    assert assigned(crowd) == 1 and jobs(crowd) == []


def test_an_app_that_goes_meanwhile_ends_the_work(crowd: Estate) -> None:
    crowd.okta.put(f"/api/v1/apps/{crowd.app}/groups/{group_of(crowd)}", {})
    crowd.okta.post(f"/api/v1/apps/{crowd.app}/lifecycle/deactivate")
    crowd.okta.delete(f"/api/v1/apps/{crowd.app}")
    assert crowd.world.sync()["quiet"] and jobs(crowd) == []


def test_force_sync_of_many_is_an_operation_that_settles_with_the_last_slice(crowd: Estate) -> None:
    crowd.provision()
    crowd.okta.put(f"/api/v1/apps/{crowd.app}/groups/{group_of(crowd)}", {})
    crowd.world.sync()
    made = crowd.okta.post(f"/api/internal/v1/apps/{crowd.app}/sync")
    assert made["status"] == "PENDING" and made["result"] is None
    crowd.world.sync()
    done = crowd.okta.get(f"/api/internal/v1/operations/{made['id']}")
    assert done["result"] == {"users": PEOPLE, "changed": PEOPLE - 1, "pushed": PEOPLE} and done["status"] == "SUCCESS"
    told = crowd.okta.get('/api/v1/logs?filter=eventType sw "app.app_instance.provision_sync_job"')
    assert [row["eventType"].rpartition(".")[2] for row in told] == ["started", "completed"]
