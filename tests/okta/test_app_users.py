"""Assignments of users: names, profiles, what mappings and people set, and what follows."""

import pytest

from emulator.okta.resources import app_users
from tests.okta import o365, worlds
from tests.okta.o365 import APP, app_user, assign, work
from tests.okta.worlds import DANA_GUID, DANA_ID, SAM_ID, refused


def test_assigning_maps_first_then_takes_what_the_request_says():
    with o365.made(provisioning=None) as world:
        sam = assign(world, SAM_ID, profile={"licenses": ["SPE_E5"]})
        assert (sam["id"], sam["scope"], sam["status"], sam["syncState"]) == (SAM_ID, "USER", "ACTIVE", "DISABLED")
        assert sam["externalId"] is None and sam["credentials"] == {"userName": "sam@acme.example"}
        assert sam["profile"] == {
            "immutableId": SAM_ID, "firstName": "Sam", "lastName": "Okoro", "displayName": "Sam Okoro",
            "email": "sam@acme.example", "usageLocation": "US", "licenses": ["SPE_E5"], "roles": None,
        }  # fmt: skip
        assert sam["_links"]["user"]["href"].endswith(SAM_ID)
        dana = assign(world, DANA_ID)["profile"]
        assert (dana["immutableId"], dana["usageLocation"]) == (DANA_GUID, "NL")
        [added, _] = worlds.events(world, "application.user_membership.add")
        assert [item["type"] for item in added["target"]] == ["AppUser", "AppInstance", "User"]
        store = world.database.store("okta:acme")
        assert app_users.by_user_name(store, o365.APP_ID, "SAM@acme.example")["userId"] == SAM_ID
        assert app_users.by_user_name(store, "0oaother", "sam@acme.example") is None
        assert app_users.find(store, o365.APP_ID, DANA_ID)["profile"] == dana


def test_refusals():
    with o365.made(provisioning=None) as world:
        assign(world, SAM_ID)
        status, code, summary, _ = refused(world, "POST", f"{APP}/users", {"id": SAM_ID})
        assert (status, code) == (409, "E0000062")
        assert summary == "The specified user is already assigned to the application."
        assert refused(world, "POST", f"{APP}/users", {})[:2] == (400, "E0000001")
        assert refused(world, "POST", f"{APP}/users", {"id": "00unobody"})[:2] == (404, "E0000007")
        assert refused(world, "GET", f"{APP}/users/{DANA_ID}")[:3] == (
            404, "E0000007", f"Not found: Resource not found: {DANA_ID} (AppUser)",
        )  # fmt: skip
        body = {"id": DANA_ID, "profile": {"nothing": 1}}
        assert refused(world, "POST", f"{APP}/users", body)[3] == ["Property name 'nothing' is not defined in profile"]
        body = {"id": DANA_ID, "profile": {"licenses": "SPE_E5"}}
        assert refused(world, "POST", f"{APP}/users", body)[:2] == (400, "E0000001")
        body = {"id": DANA_ID, "credentials": {"password": {"value": "x"}}}
        assert refused(world, "POST", f"{APP}/users", body)[:2] == (400, "E0000041")
        body = {"id": DANA_ID, "credentials": {"userName": "x" * 101}}
        assert refused(world, "POST", f"{APP}/users", body)[:2] == (400, "E0000001")
        world.okta.post(f"/api/v1/users/{DANA_ID}/lifecycle/deactivate")
        assert refused(world, "POST", f"{APP}/users", {"id": DANA_ID})[:2] == (403, "E0000117")


def test_the_substituted_immutable_id_goes_at_the_next_evaluation():
    """S-65: assigned without a directory, the user works until somebody edits the profile."""
    with o365.made(provisioning=None) as world:
        assert assign(world, SAM_ID)["profile"]["immutableId"] == SAM_ID
        assign(world, DANA_ID)
        for user_id in (SAM_ID, DANA_ID):
            world.okta.post(f"/api/v1/users/{user_id}", {"profile": {"department": "Research"}})
        assert app_user(world, SAM_ID)["profile"]["immutableId"] is None
        assert app_user(world, DANA_ID)["profile"]["immutableId"] == DANA_GUID
        assert len(worlds.events(world, "application.user_membership.update")) == 1


def test_force_sync_takes_it_away_too_and_one_user_can_be_synced_alone():
    with o365.made(provisioning=None) as world:
        assign(world, SAM_ID)
        done = world.okta.post(f"{o365.INTERNAL}/users/{SAM_ID}/sync")
        assert done["result"] == {"users": 1, "changed": 1, "pushed": 0}
        assert app_user(world, SAM_ID)["profile"]["immutableId"] is None


def test_a_value_set_by_hand_stays_until_it_is_given_back():
    with o365.made(provisioning=None) as world:
        assign(world, DANA_ID)
        at = f"{APP}/users/{DANA_ID}"
        assert world.okta.post(at, {"profile": {"immutableId": "by-hand"}})["profile"]["immutableId"] == "by-hand"
        world.okta.post(f"/api/v1/users/{DANA_ID}", {"profile": {"lastName": "Rios"}})
        profile = app_user(world, DANA_ID)["profile"]
        assert (profile["immutableId"], profile["lastName"]) == ("by-hand", "Rios")
        assert world.okta.post(at, {"profile": {"immutableId": None}})["profile"]["immutableId"] is None
        world.okta.post(f"{o365.INTERNAL}/sync")
        assert app_user(world, DANA_ID)["profile"]["immutableId"] == DANA_GUID


def test_two_directories_leave_the_immutable_id_blank_and_say_so():
    second = {"domain": "emea.acme.example", "users": [{"user": "dana@acme.example", "externalId": "AAAA"}]}
    directories = [*worlds.org()["directories"], second]
    with o365.made(provisioning=None, org={"directories": directories}) as world:
        assert assign(world, DANA_ID)["profile"]["immutableId"] is None
        [event] = worlds.events(world, "app.office365.api.error.ad.user")
        assert event["outcome"] == {
            "result": "FAILURE",
            "reason": "User is assigned to more than one instance of Active Directory, could not set Immutable ID",
        }
        named = "active_directory_2.externalId"
        world.okta.post(o365.to_app(world), {"properties": {"immutableId": {"expression": named}}})
        world.okta.post(f"{o365.INTERNAL}/sync")
        assert app_user(world, DANA_ID)["profile"]["immutableId"] == "AAAA"


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ({"template": "${source.email}", "type": "BUILT_IN"}, "sam@acme.example"),
        ({"template": '${fn:substringBefore(source.login, "@")}', "type": "BUILT_IN"}, "sam"),
        ({"template": 'String.substringBefore(user.email,"@") + "@acme2.example"', "type": "CUSTOM"}, "sam@acme2.example"),
        ({"template": '${fn:substringBefore(source.login, "@")}', "type": "BUILT_IN", "suffix": "@x.example"},
         "sam@x.example"),
    ],
)  # fmt: skip
def test_user_name_templates(template, name):
    with o365.made(provisioning=None, userNameTemplate=template) as world:
        assert assign(world, SAM_ID)["credentials"]["userName"] == name


def test_a_template_of_type_none_wants_the_name_in_the_request():
    template = {"type": "NONE", "template": "${source.login}"}
    with o365.made(provisioning=None, userNameTemplate=template) as world:
        assert refused(world, "POST", f"{APP}/users", {"id": SAM_ID})[:2] == (400, "E0000001")
        assert (
            assign(world, SAM_ID, credentials={"userName": "s@acme.example"})["credentials"]["userName"]
            == "s@acme.example"
        )


def test_names_follow_the_login_unless_the_template_says_otherwise():
    for push, expected in (("PUSH", "new@acme.example"), ("DONT_PUSH", "sam@acme.example")):
        template = {"template": "user.login", "type": "CUSTOM", "pushStatus": push}
        with o365.made(provisioning=None, userNameTemplate=template) as world:
            assign(world, SAM_ID)
            world.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"login": "new@acme.example"}})
            assert app_user(world, SAM_ID)["credentials"]["userName"] == expected
            assert ("application.user_membership.change_username" in worlds.kinds(world)) is (push == "PUSH")


def test_a_mapped_and_pushed_attribute_is_not_edited_but_the_immutable_id_is():
    with o365.made() as world:
        assign(world, SAM_ID)
        at = f"{APP}/users/{SAM_ID}"
        status, code, summary, _ = refused(world, "POST", at, {"profile": {"usageLocation": "GB"}})
        assert (status, code) == (403, "E0000075")
        assert summary.startswith("Cannot modify the usageLocation attribute")
        assert world.okta.post(at, {"profile": {"immutableId": "x", "roles": ["User Administrator"]}})["profile"][
            "roles"
        ]


def test_lists_page_search_and_expand():
    with o365.made(provisioning=None) as world:
        for user_id in (DANA_ID, SAM_ID, worlds.ADMIN_ID):
            assign(world, user_id)
        first = world.okta.call("GET", f"{APP}/users?limit=2")
        assert f"after={SAM_ID}" in first.all_headers("link")[1]
        [last] = world.okta.get(f"{APP}/users?limit=2&after={SAM_ID}&expand=user")
        assert last["_embedded"]["user"]["profile"]["login"] == "admin@acme.example"
        assert [item["id"] for item in world.okta.get(f"{APP}/users?q=dan")] == [DANA_ID]
        assert [item["id"] for item in world.okta.get(f"{APP}/users?q=OKORO")] == [SAM_ID]
        assert refused(world, "GET", f"{APP}/users?after=00unobody")[:2] == (400, "E0000029")
        assert refused(world, "GET", f"{APP}/users?expand=app")[:2] == (400, "E0000001")


def test_unassigning_and_deactivating():
    with o365.made(provisioning=None) as world:
        assign(world, SAM_ID)
        assert world.okta.call("DELETE", f"{APP}/users/{SAM_ID}?sendEmail=false").status == 204
        assert world.okta.call("GET", f"{APP}/users/{SAM_ID}").status == 404
        assign(world, SAM_ID)
        world.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/deactivate")
        assert world.okta.call("GET", f"{APP}/users/{SAM_ID}").status == 404
        assert worlds.kinds(world).count("application.user_membership.remove") == 2


def test_provisioning_states_on_the_way():
    with o365.made() as world:
        waiting = assign(world, SAM_ID)
        assert (waiting["status"], waiting["syncState"]) == ("PENDING", "SYNCING")
        assert not world.okta.get(f"/api/v1/users/{SAM_ID}/appLinks")
        [job] = work(world)
        assert job["kind"] == "user.push"
        done = app_user(world, SAM_ID)
        assert (done["status"], done["syncState"], done["externalId"]) == (
            "PROVISIONED",
            "SYNCHRONIZED",
            "ms-sam@acme.example",
        )
        assert done["lastSync"] == "2026-01-15T09:00:00.000Z"
        assert [link["appName"] for link in world.okta.get(f"/api/v1/users/{SAM_ID}/appLinks")] == ["office365"]


def test_a_user_who_is_not_active_yet_is_provisioned_when_they_are():
    with o365.made() as world:
        user = worlds.new_user(world, "new@acme.example", query="?activate=false")
        assert assign(world, user["id"])["status"] == "STAGED"
        assert o365.lease(world) == []
        body = {"credentials": {"password": {"value": "Tr4ining-pass"}}}
        world.okta.post(f"/api/v1/users/{user['id']}", body)
        world.okta.post(f"/api/v1/users/{user['id']}/lifecycle/activate?sendEmail=false")
        [job] = o365.lease(world)
        assert job["subject"]["userName"] == "new@acme.example"


def test_a_password_that_makes_a_user_active_lets_their_account_be_made():
    with o365.made() as world:
        user = worlds.new_user(world, "new@acme.example")
        assert user["status"] == "PROVISIONED"
        assert assign(world, user["id"])["status"] == "STAGED" and o365.lease(world) == []
        world.okta.post(f"/api/v1/users/{user['id']}", {"credentials": {"password": {"value": worlds.PASSWORD}}})
        [job] = o365.lease(world)
        assert job["subject"]["userId"] == user["id"]


def test_an_app_with_passwords_of_its_own_notes_that_one_is_set():
    with o365.made(signOnMode="BROWSER_PLUGIN", provisioning=None) as world:
        sam = assign(world, SAM_ID, credentials={"password": {"value": "secret"}})
        assert sam["credentials"]["password"] == {} and sam["passwordChanged"]


def test_a_rename_by_mapping_deactivates_the_old_account_and_pushes_a_new_one():
    """S-11, beside the safe way: the name edited on the assignment keeps the account."""
    template = {"template": "user.login", "type": "CUSTOM", "pushStatus": "PUSH"}
    with o365.made(userNameTemplate=template) as world:
        assign(world, SAM_ID)
        work(world)
        world.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"login": "new@acme.example"}})
        old, new = work(world)
        assert (old["kind"], old["subject"]["userName"]) == ("user.deactivate", "sam@acme.example")
        assert old["subject"]["externalId"] == "ms-sam@acme.example"
        assert (new["kind"], new["subject"]["externalId"], new["desired"]["userName"]) == (
            "user.push",
            None,
            "new@acme.example",
        )
        world.okta.post(f"{APP}/users/{SAM_ID}", {"credentials": {"userName": "third@acme.example"}})
        [again] = work(world)
        assert (again["subject"]["externalId"], again["desired"]["userName"]) == (
            "ms-new@acme.example",
            "third@acme.example",
        )
