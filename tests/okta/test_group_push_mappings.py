"""Group push: mappings, what they ask of the connector, and what it reports."""

from tests.okta import o365, worlds
from tests.okta.o365 import ack, assign, lease, work
from tests.okta.worlds import DANA_ID, SAM_ID, kinds, refused

AT = f"{o365.APP}/group-push/mappings"


def group_id(world, name="Sales"):
    return world.okta.get(f"/api/v1/groups?q={name}")[0]["id"]


def made(world, **more):
    return world.okta.post(
        AT, {"sourceGroupId": group_id(world), "targetGroupName": "Sales", "status": "ACTIVE"} | more
    )


def test_a_mapping_has_the_recorded_shape_and_makes_a_group_of_the_app():
    with o365.made() as world:
        answer = world.okta.call("POST", AT, {"sourceGroupId": group_id(world), "targetGroupName": "Sales"})
        assert answer.status == 200
        [mapping] = world.okta.get(AT)
        assert set(mapping) == {"created", "id", "lastUpdated", "sourceGroupId", "status", "targetGroupId", "_links"}
        assert mapping["created"] == "2026-01-15T09:00:00Z" and mapping["id"].startswith("gPm")
        assert set(mapping["_links"]) == {"app", "sourceGroup", "targetGroup"}
        target = world.okta.get(f"/api/v1/groups/{mapping['targetGroupId']}")
        assert (target["type"], target["profile"]["name"]) == ("APP_GROUP", "Sales")
        assert "application.provision.group_push.mapping.created" in kinds(world)
        assert world.okta.get(f"{AT}/{mapping['id']}") == mapping


def test_a_push_carries_the_group_and_the_accounts_of_its_members():
    with o365.made() as world:
        mapping = made(world)
        [job] = lease(world, kinds=["group.push"])
        assert job["subject"] == {
            "appId": o365.APP_ID, "groupId": mapping["sourceGroupId"], "mappingId": mapping["id"], "displayName": "Sales",
        }  # fmt: skip
        assert job["desired"] == {
            "mappingId": mapping["id"],
            "sourceGroup": {"id": mapping["sourceGroupId"], "name": "Sales", "description": "Everybody who sells"},
            "target": {"externalId": None, "name": "Sales"}, "members": [],
        }  # fmt: skip
        ack(world, job, result={"externalId": "group-1"},
            events=[{"type": "application.provision.group_push.pushed"}])  # fmt: skip
        assert world.okta.get(f"{AT}/{mapping['id']}")["lastPush"] == "2026-01-15T09:00:00Z"
        assign(world, DANA_ID)
        again = next(job for job in work(world, external_id="account-1") if job["kind"] == "group.push")
        assert again["desired"]["members"] == ["account-1"]
        assert again["desired"]["target"] == {"externalId": "group-1", "name": "Sales"}
        world.okta.call("PUT", f"/api/v1/groups/{mapping['sourceGroupId']}/users/{SAM_ID}")
        assert [job["kind"] for job in lease(world, kinds=["group.push"])] == ["group.push"]


def test_a_failed_push_is_an_error_and_a_task():
    with o365.made() as world:
        mapping = made(world)
        [job] = lease(world, kinds=["group.push"])
        ack(world, job, "failed", message="The name is in use", errorCode="NameInUse")
        shown = world.okta.get(f"{AT}/{mapping['id']}")
        assert (shown["status"], shown["errorSummary"]) == ("ERROR", "The name is in use")
        [task] = world.okta.get("/api/internal/v1/tasks")
        assert task["type"] == "GROUP_PUSH" and task["group"]["name"] == "Sales" and task["user"] is None
        world.okta.post(f"/api/internal/v1/tasks/{task['id']}/retry")
        [job] = lease(world, kinds=["group.push"])
        ack(world, job, result={"externalId": "group-1"})
        assert world.okta.get(f"{AT}/{mapping['id']}")["status"] == "ACTIVE"
        assert world.okta.get("/api/internal/v1/tasks") == []
        assert world.okta.get(f"{AT}?status=ERROR") == []
        assert (
            len(world.okta.get(f"{AT}?sourceGroupId={mapping['sourceGroupId']}&lastUpdated=2026-01-01T00:00:00Z")) == 1
        )


def test_an_inactive_mapping_is_deleted_with_or_without_its_target():
    with o365.made() as world:
        mapping = made(world)
        at = f"{AT}/{mapping['id']}"
        [job] = lease(world, kinds=["group.push"])
        ack(world, job, result={"externalId": "group-1"})
        assert refused(world, "DELETE", f"{at}?deleteTargetGroup=true")[:2] == (400, "E0000027")
        assert world.okta.call("PATCH", at, {"status": "INACTIVE"}).status == 200
        assert refused(world, "DELETE", at)[:2] == (400, "E0000028")
        answer = world.okta.call("DELETE", f"{at}?deleteTargetGroup=true")
        assert (answer.status, answer.body) == (200, b"")
        [job] = lease(world, kinds=["group.unlink"])
        assert job["desired"] == {
            "mappingId": mapping["id"], "target": {"externalId": "group-1", "name": "Sales"}, "deleteTarget": True,
        }  # fmt: skip
        ack(world, job)
        assert refused(world, "GET", f"/api/v1/groups/{mapping['targetGroupId']}")[0] == 404
        second = made(world, status="INACTIVE")
        assert lease(world, kinds=["group.push"]) == []
        world.okta.call("DELETE", f"{AT}/{second['id']}?deleteTargetGroup=false")
        assert world.okta.get(f"/api/v1/groups/{second['targetGroupId']}")["type"] == "APP_GROUP"
        third = world.okta.post(AT, {"sourceGroupId": group_id(world), "targetGroupId": second["targetGroupId"]})
        assert third["targetGroupId"] == second["targetGroupId"]
        assert lease(world, kinds=["group.unlink"]) == []


def test_refusals():
    with o365.made() as world:
        mapping = made(world)
        source = mapping["sourceGroupId"]
        for body, field in [
            ({"sourceGroupId": source, "targetGroupName": "x"}, "sourceGroupId"), ({"targetGroupName": "x"}, "sourceGroupId"),
            ({"sourceGroupId": source}, "targetGroup"), ({"sourceGroupId": source, "targetGroupId": source}, "targetGroupId"),
            ({"sourceGroupId": source, "targetGroupName": "x", "status": "ERROR"}, "status"),
            ({"sourceGroupId": mapping["targetGroupId"], "targetGroupName": "x"}, "sourceGroupId"),
        ]:  # fmt: skip
            assert refused(world, "POST", AT, body)[:3] == (400, "E0000001", f"Api validation failed: {field}")
        assert refused(world, "PATCH", f"{AT}/{mapping['id']}", {})[0] == 400
        assert refused(world, "GET", f"{AT}/gPmnothing")[:2] == (404, "E0000007")
    with worlds.world() as world:
        app = world.okta.post("/api/v1/apps", o365.request())
        body = {"sourceGroupId": group_id(world), "targetGroupName": "x"}
        assert refused(world, "POST", f"/api/v1/apps/{app['id']}/group-push/mappings", body)[:2] == (400, "E0000001")


def test_an_org2org_connection_by_token_brings_group_push():
    with worlds.world() as world:
        app = world.okta.post("/api/v1/apps", {"name": "okta_org2org", "label": "Hub", "signOnMode": "SAML_2_0",
                                               "settings": {"app": {"baseUrl": "https://hub.okta.com"}}})  # fmt: skip
        at = f"/api/v1/apps/{app['id']}"
        token = {"profile": {"authScheme": "TOKEN", "token": "00secret"}, "baseUrl": "https://hub-admin.okta.com"}
        connection = world.okta.post(f"{at}/connections/default?activate=true", token)
        assert {name: connection[name] for name in ("authScheme", "status", "baseUrl", "profile")} == {
            "authScheme": "TOKEN", "status": "ENABLED", "baseUrl": "https://hub-admin.okta.com",
            "profile": {"authScheme": "TOKEN"},
        }  # fmt: skip
        assert "GROUP_PUSH" in world.okta.get(at)["features"]
        capabilities = {"update": {"password": {"status": "ENABLED"}, "lifecycleDeactivate": {"status": "ENABLED"}}}
        assert world.okta.put(f"{at}/features/USER_PROVISIONING", capabilities)["status"] == "ENABLED"
        body = {"sourceGroupId": group_id(world), "targetGroupName": "Pushed"}
        mapping = world.okta.post(f"{at}/group-push/mappings", body)
        assert lease(world) == [] and mapping["status"] == "ACTIVE"
        world.okta.post(f"{at}/users", {"id": DANA_ID})
        assert lease(world) == []
        assert refused(world, "GET", f"{at}/connections/default/jwks")[0] == 400
        oauth = {"profile": {"authScheme": "OAUTH2", "clientId": "0oahub", "signing": {"rotationMode": "AUTO"}}}
        assert world.okta.post(f"{at}/connections/default", oauth)["profile"]["signing"] == {"rotationMode": "AUTO"}
        [key] = world.okta.get(f"{at}/connections/default/jwks")["jwks"]["keys"]
        assert key["kty"] == "RSA" and key["alg"] == "RS256"
        world.okta.post(f"{at}/lifecycle/deactivate")
        assert world.okta.call("DELETE", at).status == 204
        assert refused(world, "GET", f"/api/v1/groups/{mapping['targetGroupId']}")[0] == 404
