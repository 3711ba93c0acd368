"""Profile mappings: made with the app, validated when saved, evaluated when something changes."""

import pytest

from tests.okta import o365, worlds
from tests.okta.o365 import app_user, assign, to_app
from tests.okta.worlds import DANA_GUID, DANA_ID, SAM_ID, refused

OWN_ID = 'hasDirectoryUser()?findDirectoryUser().externalId:user.getInternalProperty("id")'
USAGE = (
    "hasDirectoryUser()?(findDirectoryUser().msExchUsageLocation!=null?findDirectoryUser().msExchUsageLocation:"
    "(source.countryCode!=null? source.countryCode : 'US')):(source.countryCode!=null? source.countryCode : 'US')"
)


def save(world, **properties):
    given = {name: {"expression": text} if isinstance(text, str) else text for name, text in properties.items()}
    return world.okta.post(to_app(world), {"properties": given})


def test_two_come_with_every_app():
    with o365.made() as world:
        found = world.okta.get("/api/v1/mappings?limit=200")
        mine = [item for item in found if o365.APP_ID in (item["source"]["id"], item["target"]["id"])]
        assert [(item["source"]["type"], item["target"]["type"]) for item in mine] == [
            ("appuser", "user"),
            ("user", "appuser"),
        ]
        assert mine[1]["source"]["name"] == "user" and mine[1]["source"]["id"].startswith("oty")
        assert mine[1]["target"]["name"] == "office365" and "properties" not in mine[1]
        whole = world.okta.get(f"/api/v1/mappings/{mine[1]['id']}")
        assert whole["properties"]["immutableId"] == {
            "expression": "hasDirectoryUser()?findDirectoryUser().externalId:null", "pushStatus": "PUSH",
        }  # fmt: skip
        assert whole["properties"]["usageLocation"]["expression"] == USAGE
        assert world.okta.get(f"/api/v1/mappings?sourceId={o365.APP_ID}")[0]["id"] == mine[0]["id"]
        assert refused(world, "GET", "/api/v1/mappings/prmnothing")[2].endswith("(ProfileMapping)")


def test_saving_changes_nothing_until_the_mapping_is_evaluated():
    """The documented repair: the combined expression, then Apply updates."""
    with o365.made(provisioning=None) as world:
        assign(world, SAM_ID)
        assign(world, DANA_ID)
        world.okta.post(f"{o365.INTERNAL}/sync")
        assert app_user(world, SAM_ID)["profile"]["immutableId"] is None
        assert save(world, immutableId=OWN_ID)["properties"]["immutableId"]["expression"] == OWN_ID
        assert app_user(world, SAM_ID)["profile"]["immutableId"] is None
        done = world.okta.post(f"{o365.INTERNAL}/sync")
        assert done["status"] == "SUCCESS" and done["result"] == {"users": 2, "changed": 1, "pushed": 0}
        assert world.okta.get(f"/api/internal/v1/operations/{done['id']}") == done
        assert app_user(world, SAM_ID)["profile"]["immutableId"] == SAM_ID
        assert app_user(world, DANA_ID)["profile"]["immutableId"] == DANA_GUID
        jobs = [kind for kind in worlds.kinds(world) if kind.startswith("app.app_instance.provision_sync_job")]
        assert (
            jobs == ["app.app_instance.provision_sync_job.started", "app.app_instance.provision_sync_job.completed"] * 2
        )


def test_null_removes_and_what_is_removed_keeps_its_value():
    with o365.made(provisioning=None) as world:
        assign(world, SAM_ID)
        assert "immutableId" not in save(world, immutableId=None)["properties"]
        world.okta.post(f"{o365.INTERNAL}/sync")
        assert app_user(world, SAM_ID)["profile"]["immutableId"] == SAM_ID


def test_dont_push_applies_on_creation_only():
    with o365.made(provisioning=None) as world:
        save(world, displayName={"expression": "source.lastName", "pushStatus": "DONT_PUSH"})
        assert assign(world, SAM_ID)["profile"]["displayName"] == "Okoro"
        world.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"lastName": "Oduya"}})
        profile = app_user(world, SAM_ID)["profile"]
        assert (profile["displayName"], profile["lastName"]) == ("Okoro", "Oduya")


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("source.shoeSize", "shoeSize"), ("user.shoeSize", "shoeSize"), ("nothing.x", "nothing"),
        ("findDirectoryUser().shoeSize", "shoeSize"), ("appuser.shoeSize", "shoeSize"), ("org.size", "size"),
        ('user.getShoes()', "getShoes"),
        ('getManagerUser("active_directory").shoeSize', "shoeSize"), ("salesforce.x", "salesforce"),
    ],
)  # fmt: skip
def test_what_an_expression_names_must_exist(expression, name):
    with o365.made() as world:
        body = {"properties": {"displayName": {"expression": expression}}}
        status, code, summary, causes = refused(world, "POST", to_app(world), body)
        assert (status, code, summary) == (400, "E0000001", "Api validation failed: updateMapping")
        assert causes == [f"Invalid property {name} in expression {expression}"]


def test_usage_location_cannot_be_saved_without_a_directory():
    """S-33: the default expression itself, in an org without Active Directory."""
    with o365.made(org={"directories": []}) as world:
        body = {"properties": {"usageLocation": {"expression": USAGE}}}
        causes = refused(world, "POST", to_app(world), body)[3]
        assert causes == [f"Invalid property msExchUsageLocation in expression {USAGE}"]
        fixed = "source.countryCode != null ? source.countryCode : 'AU'"
        assert save(world, usageLocation=fixed)["properties"]["usageLocation"]["expression"] == fixed
        assert assign(world, SAM_ID)["profile"]["usageLocation"] == "AU"
    with o365.made() as world:
        assert save(world, usageLocation=USAGE)


def test_other_refusals():
    with o365.made() as world:
        at = to_app(world)
        for body, cause in (
            ({"properties": {"shoeSize": {"expression": "source.email"}}}, "Invalid target field shoeSize"),
            ({"properties": {"userName": {"expression": "source.email"}}}, "Invalid target field userName"),
            ({}, "properties: The field cannot be left blank"),
            ({"properties": {"roles": {}}}, "roles.expression: The field cannot be left blank"),
            ({"properties": {"email": {"pushStatus": "SOMETIMES"}}}, "email.pushStatus: 'SOMETIMES' is not valid"),
        ):
            assert refused(world, "POST", at, body)[2:] == ("Api validation failed: updateMapping", [cause])
        assert refused(world, "POST", at, {"properties": {"email": {"expression": "user.("}}})[0] == 400
        back = world.okta.get(f"/api/v1/mappings?sourceId={o365.APP_ID}")[0]["id"]
        body = {"properties": {"nickName": {"expression": "appuser.displayName", "pushStatus": "PUSH"}}}
        assert world.okta.post(f"/api/v1/mappings/{back}", body)["properties"]["nickName"]["pushStatus"] == "PUSH"
        body = {"properties": {"shoeSize": {"expression": "appuser.displayName"}}}
        assert refused(world, "POST", f"/api/v1/mappings/{back}", body)[3] == ["Invalid target field shoeSize"]


def test_expressions_see_directories_managers_groups_the_app_and_the_org():
    ada = {
        "user": "admin@acme.example",
        "externalId": "AAAA",
        "profile": {"dn": "CN=Ada,DC=corp", "samAccountName": "ada"},
    }
    directories = worlds.org()["directories"]
    directories[0]["users"][0]["profile"]["managerDn"] = "cn=ada,dc=corp"
    directories[0]["users"].append(ada)
    schema = {name: {"title": name, "type": "string"} for name in ("one", "two", "three", "four", "five", "six")}
    mappings = {
        "one": 'getManagerUser("active_directory").login',
        "two": 'getManagerAppUser("active_directory", "active_directory").samAccountName',
        "three": 'isMemberOfGroupName("Sales") ? "seller" : "other"',
        "four": 'office365_app.domain + "/" + org.subDomain',
        "five": "active_directory.dn",
        "six": 'user.getInternalProperty("status") + hasWorkdayUser()',
    }
    with o365.made(provisioning=None, schema=schema, mappings=mappings, org={"directories": directories}) as world:
        profile = assign(world, DANA_ID)["profile"]
        assert [profile[name] for name in ("one", "two", "three", "four")] == [
            "admin@acme.example", "ada", "seller", "acme.example/acme",
        ]  # fmt: skip
        assert profile["five"].startswith("CN=Dana") and profile["six"] == "ACTIVEfalse"
        other = assign(world, SAM_ID)["profile"]
        assert [other[name] for name in ("one", "two", "three", "five")] == [None, None, "other", None]


def test_a_failing_expression_leaves_the_attribute_empty_and_is_logged():
    with o365.made(provisioning=None, mappings={"displayName": "source.lastName * 2"}) as world:
        assert assign(world, SAM_ID)["profile"]["displayName"] is None
        [event] = worlds.events(world, "application.appuser.mapping.invalid.expression")
        assert event["outcome"]["reason"].startswith("displayName: The operator '*' does not apply to a string")


def test_preview_tells_without_changing():
    with o365.made(provisioning=None) as world:
        path = to_app(world).replace("/api/v1", "/api/internal/v1") + "/preview"
        found = world.okta.post(path, {"userId": SAM_ID})
        assert found["values"]["immutableId"] is None and found["errors"] == {}
        body = {"userId": SAM_ID, "properties": {"immutableId": {"expression": OWN_ID}, "email": {"expression": "1/0"}}}
        found = world.okta.post(path, body)
        assert found["values"]["immutableId"] == SAM_ID and "Division by zero" in found["errors"]["email"]
        assert "provision" not in " ".join(worlds.kinds(world))
