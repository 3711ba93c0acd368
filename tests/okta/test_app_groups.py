"""Groups assigned to an app: priority, what members get, and how values combine."""

from emulator.okta.resources import app_groups
from tests.okta import o365, worlds
from tests.okta.o365 import APP, app_user
from tests.okta.worlds import DANA_ID, SAM_ID, refused


def groups(world):
    return {group["profile"]["name"]: group["id"] for group in world.okta.get("/api/v1/groups")}


def put(world, name, **body):
    return world.okta.put(f"{APP}/groups/{groups(world)[name]}", body)


def join(world, name, user_id):
    assert world.okta.call("PUT", f"/api/v1/groups/{groups(world)[name]}/users/{user_id}").status == 204


def leave(world, name, user_id):
    assert world.okta.call("DELETE", f"/api/v1/groups/{groups(world)[name]}/users/{user_id}").status == 204


def test_a_group_brings_its_members_the_app_and_takes_it_again():
    with o365.made(provisioning=None) as world:
        sales = groups(world)["Sales"]
        made = put(world, "Sales", profile={"licenses": ["SPE_E3"]})
        assert made["id"] == sales and made["priority"] == 0 and made["profile"] == {"licenses": ["SPE_E3"]}
        assert set(made["_links"]) == {"app", "self", "group"}
        assert world.okta.get(f"{APP}/groups/{sales}") == made
        dana = app_user(world, DANA_ID)
        assert dana["scope"] == "GROUP" and dana["profile"]["licenses"] == ["SPE_E3"]
        assert dana["_links"]["group"]["name"] == "Sales"
        join(world, "Sales", SAM_ID)
        assert app_user(world, SAM_ID)["profile"]["immutableId"] == SAM_ID
        assert refused(world, "DELETE", f"{APP}/users/{SAM_ID}")[:2] == (403, "E0000046")
        leave(world, "Sales", SAM_ID)
        assert world.okta.call("GET", f"{APP}/users/{SAM_ID}").status == 404
        assert world.okta.call("DELETE", f"{APP}/groups/{sales}").status == 204
        assert world.okta.get(f"{APP}/users") == [] and world.okta.get(f"{APP}/groups") == []
        assert [kind for kind in worlds.kinds(world) if "application" in kind] == [
            "group.application_assignment.add", "application.user_membership.add", "application.user_membership.add",
            "application.user_membership.remove", "group.application_assignment.remove",
            "application.user_membership.remove",
        ]  # fmt: skip


def test_priority_decides_not_the_order_of_joining():
    """F-37: the values of the highest-priority group, unless the attribute combines."""
    with o365.made(provisioning=None) as world:
        put(world, "Service accounts", priority=1, profile={"licenses": ["F3"], "roles": ["Reports Reader"]})
        put(world, "Sales", priority=0, profile={"licenses": ["E3"]})
        join(world, "Service accounts", SAM_ID)
        assert app_user(world, SAM_ID)["profile"]["licenses"] == ["F3"]
        join(world, "Sales", SAM_ID)
        profile = app_user(world, SAM_ID)["profile"]
        assert (profile["licenses"], profile["roles"]) == (["E3"], ["Reports Reader"])
        put(world, "Service accounts", priority=0, profile={"licenses": ["F3"]})
        assert [(item["priority"], item["profile"]["licenses"]) for item in world.okta.get(f"{APP}/groups")] == [
            (0, ["F3"]), (1, ["E3"]),
        ]  # fmt: skip
        profile = app_user(world, SAM_ID)["profile"]
        assert (profile["licenses"], profile["roles"]) == (["F3"], None)


def test_an_attribute_may_combine_values_across_groups():
    with o365.made(provisioning=None) as world:
        schema = {"definitions": {"base": {"properties": {"licenses": {"union": "ENABLE"}}}}}
        world.okta.post(f"/api/v1/meta/schemas/apps/{o365.APP_ID}/default", schema)
        put(world, "Sales", profile={"licenses": ["E3", "VISIO"]})
        put(world, "Service accounts", profile={"licenses": ["F3", "E3"]})
        for name in ("Sales", "Service accounts"):
            join(world, name, SAM_ID)
        assert app_user(world, SAM_ID)["profile"]["licenses"] == ["E3", "VISIO", "F3"]


def test_an_own_assignment_wins_over_groups_and_falls_back_to_them():
    with o365.made(provisioning=None) as world:
        o365.assign(world, DANA_ID, profile={"licenses": ["E5"]})
        put(world, "Sales", profile={"licenses": ["E3"]})
        assert app_user(world, DANA_ID)["profile"]["licenses"] == ["E5"]
        assert world.okta.call("DELETE", f"{APP}/users/{DANA_ID}").status == 204
        dana = app_user(world, DANA_ID)
        assert (dana["scope"], dana["profile"]["licenses"]) == ("GROUP", ["E3"])
        world.okta.post(f"{APP}/users", {"id": DANA_ID, "profile": {"licenses": ["F3"]}})
        leave(world, "Sales", DANA_ID)
        dana = app_user(world, DANA_ID)
        assert (dana["scope"], dana["profile"]["licenses"]) == ("USER", ["F3"])


def test_a_group_change_does_not_evaluate_the_mapping():
    with o365.made(provisioning=None) as world:
        put(world, "Sales")
        join(world, "Sales", SAM_ID)
        put(world, "Sales", profile={"licenses": ["E3"]})
        profile = app_user(world, SAM_ID)["profile"]
        assert (profile["immutableId"], profile["licenses"]) == (SAM_ID, ["E3"])


def test_new_and_deleted():
    with o365.made(provisioning=None) as world:
        put(world, "Sales")
        sales = groups(world)["Sales"]
        body = {"profile": {"login": "n@acme.example", "email": "n@acme.example", "firstName": "N", "lastName": "N"},
                "credentials": {"password": {"value": worlds.PASSWORD}}, "groupIds": [sales]}  # fmt: skip
        staged = world.okta.post("/api/v1/users?activate=false", body)
        assert world.okta.call("GET", f"{APP}/users/{staged['id']}").status == 404
        world.okta.post(f"/api/v1/users/{staged['id']}/lifecycle/activate?sendEmail=false")
        assert app_user(world, staged["id"])["scope"] == "GROUP"
        store = world.database.store("okta:acme")
        assert app_groups.app_ids(store, sales) == [o365.APP_ID]
        assert [app["id"] for app in world.okta.get(f"/api/v1/groups/{sales}/apps")] == [o365.APP_ID]
        assert world.okta.call("DELETE", f"/api/v1/groups/{sales}").status == 204
        assert world.okta.get(f"{APP}/users") == []


def test_lists_and_refusals():
    with o365.made(provisioning=None) as world:
        for name in ("Sales", "Service accounts"):
            put(world, name)
        found = groups(world)
        assert [item["id"] for item in world.okta.get(f"{APP}/groups?q=serv")] == [found["Service accounts"]]
        [first] = world.okta.get(f"{APP}/groups?expand=group&q=sales")
        assert first["_embedded"]["group"]["profile"]["name"] == "Sales"
        [first] = world.okta.get(f"{APP}/groups?expand=metadata&q=sales")
        assert "licenses" in first["_embedded"]["metadata"]["schema"]
        page = world.okta.call("GET", f"{APP}/groups?limit=1")
        assert f"after={found['Sales']}" in page.all_headers("link")[1]
        assert [item["id"] for item in world.okta.get(f"{APP}/groups?after={found['Sales']}")] == [
            found["Service accounts"]
        ]
        assert refused(world, "GET", f"{APP}/groups?after=00gnothing")[:2] == (400, "E0000029")
        assert refused(world, "GET", f"{APP}/groups?expand=x")[:2] == (400, "E0000001")
        assert refused(world, "GET", f"{APP}/groups/00gnothing")[:2] == (404, "E0000007")
        assert refused(world, "PUT", f"{APP}/groups/00gnothing", {})[:2] == (404, "E0000007")
        for body in ({"priority": -1}, {"priority": "1"}, {"profile": {"nothing": 1}}):
            assert refused(world, "PUT", f"{APP}/groups/{found['Sales']}", body)[:2] == (400, "E0000001")
