"""Pools of agents and their updates, as the org shows them."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc

from .estate import AD, imported, spec

AT = "/api/v1/agentPools"
UPDATES = f"{AT}/{AD}/updates"
models = pytest.importorskip("okta.models")


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec()) as made:
        yield made
        assert made.engine.crashes == []


def body(world: World, **more: Any) -> Doc:
    (pool,) = world.okta.get(AT)
    return {"name": "Night", "agentType": "AD", "agents": [{"id": pool["agents"][0]["id"]}], **more}


def refusal(world: World, method: str, path: str, sent: Any = None) -> tuple[int, str, list[str]]:
    answer = world.okta.call(method, path, sent)
    doc = orjson.loads(answer.body)
    return answer.status, doc["errorSummary"], [cause["errorSummary"] for cause in doc["errorCauses"]]


def test_an_agent_that_connected_makes_a_pool(world: World) -> None:
    imported(world)
    (pool,) = world.okta.get(AT)
    (agent,) = pool["agents"]
    assert (pool["id"], pool["name"], pool["type"], pool["operationalStatus"]) == (AD, "corp.test", "AD", "OPERATIONAL")
    assert (agent["poolId"], agent["isLatestGAedVersion"]) == (AD, True) and agent["lastConnection"] > 0
    assert models.AgentPool.from_dict(pool).agents[0].name == agent["name"]
    assert world.okta.get(f"{AT}?limitPerPoolType=5&poolType=AD") == [pool]
    assert world.okta.get(f"{AT}?poolType=Radius") == world.okta.get(f"{AT}?after={AD}") == []
    for query in ("poolType=PHONE", "limitPerPoolType=many"):
        assert refusal(world, "GET", f"{AT}?{query}")[0] == 400


def test_a_pool_that_nobody_knows_has_no_updates(world: World) -> None:
    assert world.okta.get(f"{AT}/nobody/updates") == [] == world.okta.get(f"{AT}?poolType=LDAP")
    missing = ["name", "agentType", "agentList"]
    assert refusal(world, "POST", f"{AT}/nobody/updates", {"enabled": True}) == (
        400, "Api validation failed: name", [f"errors in the field: {name}" for name in missing],
    )  # fmt: skip
    for method, path in (("GET", "settings"), ("POST", "settings"), ("GET", "aup1"), ("POST", "aup1/pause")):
        got = refusal(world, method, f"{AT}/nobody/updates/{path}", {})
        assert got == (404, "Not found: Resource not found: nobody (AppInstance)", [])


def test_life_of_an_update(world: World) -> None:
    imported(world)
    answer = world.okta.call(
        "POST", UPDATES, body(world, schedule={"cron": "0 3 * * 1", "timezone": "Europe/Amsterdam"})
    )
    made = orjson.loads(answer.body)
    assert (answer.status, made["status"], made["enabled"], len(made["agents"])) == (201, "Scheduled", True, 1)
    assert models.AgentPoolUpdate.from_dict(made).schedule.cron == "0 3 * * 1"
    at = f"{UPDATES}/{made['id']}"
    assert world.okta.get(at) == made and world.okta.get(f"{UPDATES}?scheduled=true") == [made]
    assert world.okta.get(f"{UPDATES}?scheduled=false") == []
    assert world.okta.post(at, {"name": "Later"})["name"] == "Later"
    for step, status in (("pause", "Paused"), ("resume", "Scheduled"), ("stop", "Cancelled"), ("retry", "Scheduled")):
        assert step in world.okta.get(at)["_links"]
        assert world.okta.post(f"{at}/{step}")["status"] == status
    assert world.okta.post(f"{at}/deactivate")["enabled"] is False and "activate" in world.okta.get(at)["_links"]
    assert world.okta.post(f"{at}/activate")["enabled"] is True
    assert refusal(world, "POST", f"{at}/resume")[0] == 400
    assert world.okta.call("DELETE", at).status == 204 and world.okta.get(UPDATES) == []
    assert refusal(world, "GET", at)[:1] == (404,)
    for change in ({"agents": [{"id": "a53nobody"}]}, {"agentType": "LDAP"}, {"name": ""}):
        assert refusal(world, "POST", UPDATES, body(world, **change))[0] == 400


def test_settings_of_updates(world: World) -> None:
    imported(world)
    at = f"{UPDATES}/settings"
    first = world.okta.get(at)
    assert (first["releaseChannel"], first["continueOnError"], first["poolName"]) == ("GA", False, "corp.test")
    assert models.AgentPoolUpdateSetting.from_dict(first).pool_id == AD
    changed = world.okta.post(at, {"releaseChannel": "EA"})
    assert changed == {**first, "releaseChannel": "EA"} == world.okta.get(at)
    assert world.okta.post(at, {"continueOnError": True}) == {**changed, "continueOnError": True}
    assert refusal(world, "POST", at, {"releaseChannel": "LATEST"})[0] == 400
