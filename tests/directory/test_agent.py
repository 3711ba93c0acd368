"""The Okta AD agent: imports from a forest, full and incremental, with groups, disabled and deleted accounts."""

import json
from collections.abc import Iterator

import pytest

from emulator import World
from emulator.directory.objects import source_anchor
from emulator.kernel.doc import Doc

from .estate import AD, BO, CY, PASSWORD, PEOPLE, ad_user, counts, imported, kinds, spec, user


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec()) as made:
        yield made
        assert made.engine.crashes == []


def test_both_sides_come_from_one_file() -> None:
    with World("acme") as acme:
        [done] = acme.directory.post("/_lab/directory/import")["imports"]
        assert done["status"] == "SUCCESS"
        assert counts(done["result"]) == {"scanned": 11, "unchanged": 11}


def test_a_full_import_creates_users_and_says_why_not(world: World) -> None:
    report = imported(world)
    assert counts(report) == {"scanned": 3, "new": 1, "unchanged": 1, "skippedCount": 1}
    assert report["skipped"] == [
        {"externalId": source_anchor(CY), "userName": "cy@acme.test", "reason": "The account is disabled."}
    ]
    bo = user(world, "bo@acme.test")
    assert bo is not None and bo["status"] == "ACTIVE"
    assert bo["credentials"]["provider"] == {"type": "ACTIVE_DIRECTORY", "name": "corp.test"}
    assert (bo["profile"]["firstName"], bo["profile"]["lastName"]) == ("Bo", "Ek")
    row = ad_user(world, "bo@acme.test")
    assert row["externalId"] == source_anchor(BO)
    profile = row["profile"]
    assert profile["managerDn"] == f"CN=Ada Byron,{PEOPLE}" and profile["dn"] == f"CN=Bo Ek,{PEOPLE}"
    assert profile["proxyAddresses"] == ["SMTP:bo@acme.test"] and profile["pwdLastSet"] == "2026-01-15T09:00:00.000Z"
    told = kinds(world)
    for kind in ("system.import.start", "system.import.complete", "system.import.user.create", "user.lifecycle.create",
                 "application.provision.user.import", "application.user_membership.add"):  # fmt: skip
        assert kind in told
    assert counts(imported(world)) == {"scanned": 3, "unchanged": 2, "skippedCount": 1}


def test_groups_come_with_their_members_and_those_of_groups_in_them(world: World) -> None:
    imported(world)
    [staff] = [g for g in world.okta.get("/api/v1/groups?q=staff") if g["type"] == "APP_GROUP"]
    assert staff["source"]["id"] == AD and staff["objectClass"] == ["okta:windows_security_principal"]
    assert staff["profile"]["windowsDomainQualifiedName"] == "CORP\\staff"
    members = {m["profile"]["login"] for m in world.okta.get(f"/api/v1/groups/{staff['id']}/users")}
    assert members == {"ada@acme.test", "bo@acme.test"}
    world.directory.delete("/groups/staff/members/ada")
    report = imported(world, "INCREMENTAL")
    assert report["groups"]["updated"] == 1 and report["memberships"] == {"added": 0, "removed": 1}
    world.directory.delete("/groups/staff")
    assert imported(world, "INCREMENTAL")["groups"]["removed"] == 1
    assert world.okta.call("GET", f"/api/v1/groups/{staff['id']}").status == 404


def test_an_incremental_import_brings_what_changed(world: World) -> None:
    assert counts(imported(world, "INCREMENTAL"))["new"] == 1  # the first one has nothing to go on from: full
    assert "system.import.incremental_converted_to_full" in kinds(world)
    assert counts(imported(world, "INCREMENTAL")) == {}
    world.directory.patch("/users/ada", {"department": "Engines", "sn": "Lovelace", "description": None})
    assert counts(imported(world, "INCREMENTAL")) == {"scanned": 1, "updated": 1}
    ada = user(world, "ada@acme.test")
    assert ada is not None
    assert (ada["profile"]["lastName"], ada["profile"]["department"]) == ("Lovelace", "Engines")
    assert ad_user(world, "ada@acme.test")["profile"]["department"] == "Engines"
    assert "application.provision.user.import_profile" in kinds(world)
    world.directory.patch("/users/ada", {"department": None})
    imported(world, "INCREMENTAL")
    assert "department" not in ad_user(world, "ada@acme.test")["profile"]
    assert not (user(world, "ada@acme.test") or {})["profile"].get("department")


def test_a_new_name_is_a_new_login(world: World) -> None:
    world.directory.patch("/users/ada", {"userPrincipalName": "countess@acme.test"})
    imported(world)
    found = user(world, "countess@acme.test")
    assert found is not None and user(world, "ada@acme.test") is None
    assert ad_user(world, "countess@acme.test")["credentials"]["userName"] == "countess@acme.test"


def test_a_disabled_account_takes_its_user_along_and_back(world: World) -> None:
    imported(world)
    world.directory.patch("/users/bo", {"enabled": False})
    assert counts(imported(world, "INCREMENTAL")) == {"scanned": 1, "updated": 1}
    assert (user(world, "bo@acme.test") or {})["status"] == "DEPROVISIONED"
    assert ad_user(world, "bo@acme.test")["status"] == "DEPROVISIONED"
    world.directory.patch("/users/bo", {"enabled": True})
    imported(world, "INCREMENTAL")
    assert (user(world, "bo@acme.test") or {})["status"] == "ACTIVE"
    assert kinds(world).count("system.import.user.update_user_lifecycle_from_master") == 2


def test_who_was_deactivated_by_hand_stays_so(world: World) -> None:
    world.okta.post("/api/v1/users/ada@acme.test/lifecycle/deactivate")
    world.directory.patch("/users/ada", {"title": "Countess"})
    imported(world)
    assert (user(world, "ada@acme.test") or {})["status"] == "DEPROVISIONED"


@pytest.mark.parametrize("mode", ["FULL", "INCREMENTAL"])
def test_a_deleted_account_is_gone(world: World, mode: str) -> None:
    imported(world)
    world.directory.delete("/users/bo")
    assert counts(imported(world, mode))["removed"] == 1
    bo = user(world, "bo@acme.test")
    assert bo is not None and bo["status"] == "DEPROVISIONED"
    assert world.okta.call("GET", f"/api/v1/apps/{AD}/users/{bo['id']}").status == 404


def test_only_the_chosen_units_are_imported(world: World) -> None:
    world.okta.put(f"/api/internal/v1/directories/{AD}", {"organizationalUnits": ["OU=Others,DC=corp,DC=test"]})
    assert counts(imported(world)) == {"removed": 1}
    world.directory.patch("/users/bo", {"container": "OU=Others,DC=corp,DC=test"})
    assert counts(imported(world, "INCREMENTAL"))["new"] == 1
    world.directory.patch("/users/bo", {"container": PEOPLE})
    assert counts(imported(world, "INCREMENTAL")) == {"removed": 1}


def test_a_stopped_agent_imports_nothing_until_it_runs_again(world: World) -> None:
    world.directory.patch("/agent", {"running": False})
    [waiting] = world.directory.post("/_lab/directory/import")["imports"]
    assert waiting["status"] == "PENDING"
    again = world.directory.post("/_lab/directory/import")
    assert again["imports"] == [] and again["refused"][0]["errorCauses"][0]["errorSummary"].startswith("An import is")
    world.directory.patch("/agent", {"running": True})
    world.sync()
    assert world.okta.get(f"/api/internal/v1/operations/{waiting['id']}")["status"] == "SUCCESS"


def test_a_controller_that_fails_fails_the_import(world: World) -> None:
    world.faults.add({"service": "directory", "path": "/_lab/directory/changes", "status": 503})
    [done] = world.directory.post("/_lab/directory/import")["imports"]
    assert done["status"] == "FAILED" and "503" in done["result"]["message"]


def test_a_second_forest_is_a_second_instance() -> None:
    made = spec()
    made["parties"]["directory:west"] = {"forest": "west.test", "users": [
        {"sAMAccountName": "wu", "userPrincipalName": "wu@west.test", "givenName": "Wu", "sn": "Li", "mail": "wu@west.test"},
    ]}  # fmt: skip
    with World(made) as world:
        added = world.okta.post("/api/internal/v1/directories", {"domain": "west.test"})
        assert world.okta.call("POST", "/api/internal/v1/directories", {"domain": "WEST.test"}).status == 400
        reports = world.directory.post("/_lab/directory/import")["imports"]
        assert [item["status"] for item in reports] == ["SUCCESS", "SUCCESS"]
        found = user(world, "wu@west.test")
        assert found is not None and found["credentials"]["provider"]["name"] == "west.test"
        shown = world.okta.get(f"/api/internal/v1/directories/{added['id']}")
        assert [agent["host"] for agent in shown["agents"]] == ["dc.west.test"]
        assert {"system.agent.ad.create", "system.agent.ad.connect"} <= set(kinds(world))
        agent = shown["agents"][0]["id"]
        assert world.okta.delete(f"/api/internal/v1/directories/{added['id']}/agents/{agent}") is None
        assert world.okta.get(f"/api/internal/v1/directories/{added['id']}")["agents"] == []
        assert len(world.okta.get("/api/internal/v1/directories")) == 2


def test_imports_run_by_the_clock(world: World) -> None:
    schedule = {"status": "ENABLED", "incrementalImport": {"expression": "0 */2 * * *", "timezone": "Europe/Oslo"}}
    at = f"/api/internal/v1/directories/{AD}"
    world.okta.put(at, {"importSettings": {"schedule": schedule}})
    assert world.sync() == {"ran": [], "quiet": True, "next_due": "2026-01-15T11:00:00.000Z"}
    world.clock.advance(hours=2)
    assert [item["kind"] for item in world.sync()["ran"]] == ["directory.import"]
    assert user(world, "bo@acme.test") is not None
    [run] = world.okta.get(f"/api/internal/v1/apps/{AD}/imports")
    assert (run["trigger"], run["status"]) == ("SCHEDULED", "COMPLETED")
    assert world.sync()["next_due"] == "2026-01-15T13:00:00.000Z"
    world.okta.put(at, {"importSettings": {"schedule": {"status": "DISABLED"}}})
    assert world.sync()["next_due"] is None


def test_members_of_a_directory_group_through_the_org(world: World) -> None:
    imported(world)
    [staff] = [g for g in world.okta.get("/api/v1/groups?q=inner") if g["type"] == "APP_GROUP"]
    ada = user(world, "ada@acme.test")
    assert ada is not None
    body: Doc = {"id": staff["id"], "parameters": {"action": "ADD", "attribute": "member", "values": [ada["id"]]}}
    at = f"/api/v1/directories/{AD}/groups/modify"
    world.okta.post(at, body)
    assert len(world.directory.get("/groups/inner")["member"]) == 2
    assert len(world.okta.get(f"/api/v1/groups/{staff['id']}/users")) == 2
    body["parameters"]["action"] = "REMOVE"
    world.okta.post(at, body)
    assert len(world.directory.get("/groups/inner")["member"]) == 1
    world.directory.patch("/agent", {"running": False})
    answer = world.okta.call("POST", at, body)
    assert answer.status == 504 and "E0000241" in answer.text()
    olga = user(world, "olga@acme.test")
    assert olga is not None
    for wrong in ({}, {"parameters": {"action": "ADD"}}, {"id": "x", "parameters": {"action": "ADD", "values": ["y"]}},
                  {"id": staff["id"], "parameters": {"action": "ADD", "values": [olga["id"]]}}):  # fmt: skip
        assert world.okta.call("POST", at, wrong).status in (400, 404)


def test_attributes_of_a_directory_group_are_asked_of_the_agent(world: World) -> None:
    imported(world)
    [inner] = [g for g in world.okta.get("/api/v1/groups?q=inner") if g["type"] == "APP_GROUP"]
    at = f"/api/v1/directories/{AD}/groups/{inner['id']}/query"
    names = ["CN", "groupType", "description", "distinguishedName"]
    world.directory.patch("/groups/inner", {"description": "The core"})
    asked = world.okta.call("POST", at, {"attributes": names})
    result = f"{at}/{json.loads(asked.body)['resultId']}"
    assert asked.status == 202
    world.directory.patch("/groups/inner", {"description": None})
    found = world.okta.get(result)
    assert found == {"id": inner["id"], "profile": {
        "CN": "inner", "groupType": -2147483646, "description": "The core",
        "distinguishedName": world.directory.get("/groups/inner")["distinguishedName"],
    }}  # fmt: skip
    assert world.okta.call("GET", f"{at}/other").status == 404
    for wrong in ({}, {"attributes": []}, {"attributes": "cn"}, {"attributes": [7]}, {"attributes": ["*"]},
                  {"attributes": ["cn", "memberOf"]}, {"attributes": ["a b"]}):  # fmt: skip
        assert world.okta.call("POST", at, wrong).status == 400
    assert world.okta.call("POST", at.replace(inner["id"], "00gother"), {"attributes": ["cn"]}).status == 404
    world.clock.advance(hours=2)
    assert world.okta.call("GET", result).status == 404


def test_a_question_waits_for_an_agent(world: World) -> None:
    imported(world)
    [inner] = [g for g in world.okta.get("/api/v1/groups?q=inner") if g["type"] == "APP_GROUP"]
    at = f"/api/v1/directories/{AD}/groups/{inner['id']}/query"
    world.directory.patch("/agent", {"running": False})
    result = f"{at}/{world.okta.post(at, {'attributes': ['cn', 'description']})['resultId']}"
    waiting = world.okta.call("GET", result)
    assert (waiting.status, waiting.body) == (202, b"")
    world.directory.patch("/agent", {"running": True})
    assert world.okta.get(result)["profile"] == {"cn": "inner"}
    world.directory.delete("/groups/inner")
    assert world.okta.call("POST", at, {"attributes": ["cn"]}).status == 404


def test_the_password_stays_in_the_org_without_delegation(world: World) -> None:
    http_answer = world.okta.http.request(
        "POST", "/api/v1/authn", json={"username": "ada@acme.test", "password": PASSWORD}, headers={"authorization": ""}
    )
    assert http_answer.status == 200
