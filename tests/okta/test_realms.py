"""Realms and their assignments; orgs of the Classic Engine have none."""

from typing import Any
from urllib.parse import quote

from emulator import World

from .worlds import DANA_ID, SAM_ID, kinds, new_user, refused, world

REALMS, ASSIGNMENTS = "/api/v1/realms", "/api/v1/realm-assignments"


def made(org: World, name: str = "Partners") -> str:
    return str(org.okta.post(REALMS, {"profile": {"name": name, "realmType": "PARTNER"}})["id"])


def rule(realm: str, expression: str = 'user.profile.login.contains("@partner.example")') -> dict[str, Any]:
    return {
        "name": "Partners", "priority": 1, "conditions": {"expression": {"value": expression}},
        "actions": {"assignUserToRealm": {"realmId": realm}},
    }  # fmt: skip


def test_an_org_may_have_none_although_it_runs_the_identity_engine() -> None:
    with world(subscription={"realms": False}) as org:
        assert "realmId" not in new_user(org, "kim@acme.example")
        assert "realmId" not in org.okta.get(f"/api/v1/users/{SAM_ID}")
        for path in (REALMS, ASSIGNMENTS):
            assert refused(org, "GET", path)[:2] == (401, "E0000015")


def test_realms(org: World) -> None:
    default = org.okta.get(REALMS)[0]
    assert default["isDefault"] is True and default["id"].startswith("guo")
    assert org.okta.get(f"/api/v1/users/{SAM_ID}")["realmId"] == default["id"]
    realm = made(org)
    renamed = org.okta.put(f"{REALMS}/{realm}", {"profile": {"name": "Friends"}})
    assert renamed["profile"] == {"name": "Friends", "domains": []}
    assert [r["id"] for r in org.okta.get(f"{REALMS}?search=" + quote('profile.name co "frie"'))] == [realm]
    assert [r["id"] for r in org.okta.get(f"{REALMS}?sortBy=profile.name&sortOrder=desc")] == [realm, default["id"]]
    assert refused(org, "POST", REALMS, {"profile": {"name": "friends"}})[:2] == (400, "E0000001")
    assert refused(org, "POST", REALMS, {"profile": {"name": "x", "realmType": "ODD"}})[:2] == (400, "E0000001")
    user = new_user(org, "kim@acme.example")["id"]
    assert org.okta.post(f"/api/v1/users/{user}", {"realmId": realm})["realmId"] == realm
    assert refused(org, "DELETE", f"{REALMS}/{realm}")[:3] == (
        400, "E0000178", "This realm cannot be deleted. It has users.",
    )  # fmt: skip
    assert refused(org, "DELETE", f"{REALMS}/{default['id']}")[1] == "E0000178"
    org.okta.post(f"/api/v1/users/{user}", {"realmId": default["id"]})
    assert org.okta.call("DELETE", f"{REALMS}/{realm}").status == 204
    assert refused(org, "GET", f"{REALMS}/{realm}")[2] == f"Not found: Resource not found: {realm} (Realm)"
    assert [kind for kind in kinds(org) if "realm" in kind] == [
        f"directory.realm.lifecycle.{verb}" for verb in ("create", "update", "delete")
    ]


def test_assignments_decide_at_creation_and_when_executed(org: World) -> None:
    realm = made(org)
    created = org.okta.call("POST", ASSIGNMENTS, rule(realm))
    assert created.status == 201
    found = org.okta.get(ASSIGNMENTS)
    assert [(item["isDefault"], item["status"]) for item in found] == [(True, "ACTIVE"), (False, "INACTIVE")]
    at = f"{ASSIGNMENTS}/{found[1]['id']}"
    before = new_user(org, "a@partner.example")
    assert before["realmId"] != realm
    assert refused(org, "POST", f"{ASSIGNMENTS}/operations", {"assignmentId": found[1]["id"]})[:2] == (400, "E0000001")
    assert org.okta.call("POST", f"{at}/lifecycle/activate").status == 204
    assert new_user(org, "b@partner.example")["realmId"] == realm
    assert new_user(org, "b@acme.example")["realmId"] != realm
    ran = org.okta.call("POST", f"{ASSIGNMENTS}/operations", {"assignmentId": found[1]["id"]})
    assert ran.status == 201 and org.okta.get(f"{ASSIGNMENTS}/operations")[0]["numUserMoved"] == 1
    assert org.okta.get(f"/api/v1/users/{before['id']}")["realmId"] == realm
    assert refused(org, "DELETE", at)[:2] == (400, "E0000001")
    assert org.okta.put(at, {**rule(realm), "name": "Others"})["name"] == "Others"
    assert org.okta.get(at)["name"] == "Others"
    org.okta.call("POST", f"{at}/lifecycle/deactivate")
    assert org.okta.call("DELETE", at).status == 204
    default = f"{ASSIGNMENTS}/{found[0]['id']}"
    assert refused(org, "DELETE", default)[1] == refused(org, "PUT", default, rule(realm))[1] == "E0000111"
    for wrong in ({**rule(realm), "priority": -1}, {**rule(realm), "actions": {}}, rule(realm, "user.")):
        assert refused(org, "POST", ASSIGNMENTS, wrong)[:2] == (400, "E0000001")


def test_the_classic_engine_has_no_realms() -> None:
    with world(engine="classic") as org:
        assert refused(org, "GET", REALMS)[:2] == (401, "E0000015")
        assert refused(org, "POST", ASSIGNMENTS, {})[:2] == (401, "E0000015")
        assert "realmId" not in org.okta.get(f"/api/v1/users/{DANA_ID}")
        assert "owners" not in org.okta.get("/api/v1/groups")[0]["_links"]
