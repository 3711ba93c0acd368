"""Entra Connect: cycles by the clock, anchors, filtering, password hashes, matching, deletions, coexistence with Okta."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.directory.objects import source_anchor
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.wire.client import Http

from .estate import AD, ADA, BO, CY, PEOPLE, ad_user, engine, imported, spec, user

SELECT = (
    "id,userPrincipalName,displayName,accountEnabled,onPremisesImmutableId,onPremisesSyncEnabled,department,"
    "onPremisesDistinguishedName,usageLocation,proxyAddresses,lastPasswordChangeDateTime"
)


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec(connect=engine(initial=True))) as made:
        yield made
        assert made.engine.crashes == []


def tenant_user(world: World, upn: str) -> Doc | None:
    answer = world.entra.call("GET", f"/users/{upn}?$select={SELECT}")
    return orjson.loads(answer.body) if answer.status == 200 else None


def cycle(world: World, policy: str = "delta") -> Doc:
    """Run one now; how it went."""
    world.directory.post("/connect/cycle", {"policy": policy})
    world.sync()
    run: Doc = world.directory.get("/connect")["runs"][0]
    return run


def refused(world: World, method: str, path: str, body: Any, status: int) -> None:
    answer = world.directory.call(method, path, body)
    assert answer.status == status, answer.text()
    assert answer.header("x-lab-why")


def test_the_first_cycle_brings_everything(world: World) -> None:
    [done] = world.sync()["ran"]
    assert (done["kind"], done["outcome"], done["result"]["added"]) == ("connect.cycle", "done", 5)
    ada, cy = tenant_user(world, "ada@acme.test"), tenant_user(world, "cy@acme.test")
    assert ada is not None and cy is not None
    assert ada["onPremisesImmutableId"] == source_anchor(ADA) and ada["onPremisesSyncEnabled"] is True
    assert (ada["usageLocation"], ada["department"]) == ("GB", "Sums")
    assert ada["onPremisesDistinguishedName"] == f"CN=Ada Byron,{PEOPLE}"
    assert cy["accountEnabled"] is False
    bo = tenant_user(world, "bo@acme.test")
    assert bo is not None and bo["proxyAddresses"] == ["SMTP:bo@acme.test"]
    assert world.entra.get(f"/users/{bo['id']}/manager")["id"] == ada["id"]
    [staff] = world.entra.get("/groups?$filter=displayName eq 'staff'")["value"]
    members = world.entra.get(f"/groups/{staff['id']}/members")["value"]
    assert {m.get("userPrincipalName") or m["displayName"] for m in members} == {"ada@acme.test", "inner"}
    assert (
        world.entra.get("/organization?$select=id,onPremisesSyncEnabled")["value"][0]["onPremisesSyncEnabled"] is True
    )


def test_cycles_come_by_the_clock() -> None:
    with World(spec(connect=engine())) as world:
        assert world.sync() == {"ran": [], "quiet": True, "next_due": "2026-01-15T09:30:00.000Z"}
        world.directory.patch("/users/ada", {"department": "Engines"})
        world.clock.advance(minutes=30)
        [done] = world.sync()["ran"]
        assert done["result"]["added"] == 1  # the one object that changed since
        assert world.sync()["next_due"] == "2026-01-15T10:00:00.000Z"
        world.clock.advance(hours=5)  # what was missed is one cycle
        assert len(world.sync()["ran"]) == 1
        world.directory.patch("/connect", {"enabled": False})
        world.clock.advance(hours=1)
        assert world.sync() == {"ran": [], "quiet": True, "next_due": None}


def test_a_delta_cycle_brings_changes_and_deletions(world: World) -> None:
    world.sync()
    assert cycle(world)["counts"]["updated"] == 0
    world.directory.patch("/users/bo", {"title": "Clerk", "sn": "Eker"})
    world.directory.delete("/users/cy")
    run = cycle(world)
    assert (run["status"], run["counts"]["updated"], run["counts"]["deleted"]) == ("success", 1, 1)
    bo = tenant_user(world, "bo@acme.test")
    assert bo is not None and tenant_user(world, "cy@acme.test") is None
    assert world.entra.get(f"/users/{bo['id']}/manager")["userPrincipalName"] == "ada@acme.test"


def test_password_hashes_travel(world: World) -> None:
    """The domain is managed: the directory's password is Microsoft's after a cycle, and not before."""
    world.sync()
    assert ropc(world, "ada@acme.test", "Directory-pass-1") == 200
    world.clock.advance(minutes=1)
    world.directory.post("/users/ada/password", {"password": "Directory-pass-2"})
    assert ropc(world, "ada@acme.test", "Directory-pass-2") == 400
    cycle(world)
    assert ropc(world, "ada@acme.test", "Directory-pass-2") == 200
    ada = tenant_user(world, "ada@acme.test")
    assert ada is not None and ada["lastPasswordChangeDateTime"] == "2026-01-15T09:01:00Z"
    world.directory.patch("/connect", {"passwordHashSync": False})
    world.directory.post("/users/ada/password", {"password": "Directory-pass-3"})
    cycle(world)
    assert ropc(world, "ada@acme.test", "Directory-pass-3") == 400


def ropc(world: World, login: str, password: str) -> int:
    form = {"grant_type": "password", "client_id": "a0000000-0000-4000-8000-000000000013", "username": login,
            "password": password, "scope": "openid https://graph.microsoft.com/User.Read"}  # fmt: skip
    url = "https://login.microsoftonline.com/acme.onmicrosoft.com/oauth2/v2.0/token"
    return Http(world.transport).request("POST", url, form=form).status


def test_a_cloud_user_is_taken_over_by_name(world: World) -> None:
    made = world.entra.post("/users", {
        "accountEnabled": True, "displayName": "Bo in the cloud", "mailNickname": "bo",
        "userPrincipalName": "bo@acme.test", "passwordProfile": {"password": "Cloud-only-pass-1"},
    })  # fmt: skip
    [done] = world.sync()["ran"]
    assert (done["result"]["joined"], done["result"]["added"]) == (1, 4)
    bo = tenant_user(world, "bo@acme.test")
    assert bo is not None and bo["id"] == made["id"] and bo["onPremisesImmutableId"] == source_anchor(BO)
    answer = world.entra.call("PATCH", f"/users/{bo['id']}", {"displayName": "Not yours"})
    assert answer.status == 400 and "on-premises mastered" in answer.text()


def test_a_cloud_user_with_the_anchor_is_joined_by_it(world: World) -> None:
    made = world.entra.post("/users", {
        "accountEnabled": True, "displayName": "B", "mailNickname": "b", "userPrincipalName": "other@acme.test",
        "passwordProfile": {"password": "Cloud-only-pass-1"}, "onPremisesImmutableId": source_anchor(BO),
    })  # fmt: skip
    world.sync()
    bo = tenant_user(world, "bo@acme.test")
    assert bo is not None and bo["id"] == made["id"]


def test_the_anchor_may_be_kept_in_an_attribute() -> None:
    """Who has one keeps it through a move between forests; who has none is given the objectGUID's."""
    kept = source_anchor("99999999-0000-4000-8000-000000000009")
    made = spec(connect=engine(initial=True, sourceAnchor="mS-DS-ConsistencyGuid"))
    made["parties"]["directory:corp"]["users"][0]["mS-DS-ConsistencyGuid"] = kept
    with World(made) as world:
        world.sync()
        ada, bo = tenant_user(world, "ada@acme.test"), tenant_user(world, "bo@acme.test")
        assert ada is not None and bo is not None
        assert (ada["onPremisesImmutableId"], bo["onPremisesImmutableId"]) == (kept, source_anchor(BO))
        assert world.directory.get("/users/bo")["mS-DS-ConsistencyGuid"] == source_anchor(BO)
        assert world.entra.get(f"/users/{bo['id']}/manager")["id"] == ada["id"]
        assert ad_user(world, "ada@acme.test")["profile"]["mSDSConsistencyGuid"] == kept
        world.directory.delete("/users/ada")
        assert cycle(world)["counts"]["deleted"] == 1
        assert tenant_user(world, "ada@acme.test") is None


def test_only_chosen_units_are_synchronised(world: World) -> None:
    world.directory.patch("/connect", {"organizationalUnits": ["OU=Others,DC=corp,DC=test"]})
    world.directory.patch("/users/bo", {"container": "OU=Others,DC=corp,DC=test"})
    assert cycle(world)["counts"]["added"] == 1
    world.directory.patch("/connect", {"organizationalUnits": []})
    assert cycle(world)["counts"]["added"] == 4
    world.directory.patch("/connect", {"organizationalUnits": ["OU=Others,DC=corp,DC=test"]})
    assert cycle(world)["counts"]["deleted"] == 4
    assert [tenant_user(world, f"{name}@acme.test") is None for name in ("ada", "bo", "cy")] == [True, False, True]


def test_a_mass_deletion_is_refused_whole() -> None:
    made = spec(connect=engine(initial=True))
    guard = {"synchronizationPreventionType": "enabledForCount", "alertThreshold": 1}
    made["parties"]["entra:acme"]["on_premises_sync"] = {"configuration": {"accidentalDeletionPrevention": guard}}
    with World(made) as world:
        world.sync()
        world.directory.delete("/users/ada")
        assert cycle(world)["counts"]["deleted"] == 1
        for name in ("bo", "cy"):
            world.directory.delete(f"/users/{name}")
        run = cycle(world)
        assert run["status"] == "failed" and run["message"]
        assert tenant_user(world, "bo@acme.test") is not None and tenant_user(world, "cy@acme.test") is not None


def test_a_client_that_the_tenant_does_not_know(world: World) -> None:
    world.directory.patch("/connect", {"clientSecret": "wrong"})
    [done] = world.sync()["ran"]
    assert done["outcome"] == "failed" and "AADSTS7000215" in done["message"]
    shown = world.directory.get("/connect")
    assert shown["runs"][0]["status"] == "failed" and "clientSecret" not in shown and shown["policy"] == "initial"


def test_configuration_is_checked(world: World) -> None:
    for body in ({}, engine(interval="PT1S"), engine(interval=5), engine(sourceAnchor="mail"), engine(enabled="yes"),
                 engine(organizationalUnits="OU=x"), engine(extra=1), engine(tenant="")):  # fmt: skip
        refused(world, "PUT", "/connect", body, 400)
    refused(world, "POST", "/connect/cycle", {"policy": "sometimes"}, 400)
    assert world.directory.put("/connect", engine())["policy"] == "initial"
    assert world.directory.delete("/connect") is None
    for method, path in (
        ("GET", "/connect"),
        ("PATCH", "/connect"),
        ("POST", "/connect/report"),
        ("DELETE", "/connect"),
    ):
        refused(world, method, path, {}, 404)
    assert world.sync()["ran"] == []
    with pytest.raises(LabError):
        World(spec(connect={"tenant": "x"}))


def test_two_forests_leave_each_other_alone() -> None:
    made = spec(connect=engine(initial=True))
    made["parties"]["directory:west"] = {
        "forest": "west.test", "connect": engine(initial=True),
        "users": [{"sAMAccountName": "wu", "userPrincipalName": "wu@acme.test", "container": "CN=Users,DC=west,DC=test"}],
    }  # fmt: skip
    with World(made) as world:
        assert len(world.sync()["ran"]) == 2
        assert tenant_user(world, "wu@acme.test") is not None
        assert cycle(world, "initial")["counts"]["deleted"] == 0
        assert tenant_user(world, "wu@acme.test") is not None


def test_okta_and_entra_connect_agree_on_the_anchor(world: World) -> None:
    """Coexistence: the agent brings people to Okta, Entra Connect brings them to Microsoft, both by objectGUID."""
    world.sync()
    imported(world)
    for login, guid in (("ada@acme.test", ADA), ("bo@acme.test", BO)):
        there = tenant_user(world, login)
        assert there is not None
        assert ad_user(world, login)["externalId"] == there["onPremisesImmutableId"] == source_anchor(guid)
    assert user(world, "cy@acme.test") is None and world.okta.get(f"/api/internal/v1/directories/{AD}")
    gone = tenant_user(world, "cy@acme.test")
    assert gone is not None and gone["onPremisesImmutableId"] == source_anchor(CY)
