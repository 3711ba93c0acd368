"""World files from other systems' files: what is taken, what is not, and that the worlds that come of it work."""

import json

import pytest

from emulator import World
from emulator.kernel.people import PASSWORD
from emulator.kernel.problems import LabError
from emulator.serving.seeds import writing


@pytest.fixture
def seed(tmp_path):
    """Make a world of files given as name -> text (or a value for JSON); the report and a running world."""
    worlds = []

    def run(**files):
        paths = []
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            paths.append(path)
        report = writing.make(paths, "empty", tmp_path / "out" / "seeded.yaml")
        worlds.append(World(report["world"]))
        return report, worlds[-1]

    yield run
    for world in worlds:
        assert not world.engine.crashes
        world.close()


def logins(world):
    return {user["profile"]["login"] for user in world.okta.get("/api/v1/users?limit=200")}


CSV = """login,First Name,lastName,department,groups,password
ana@contoso.example,Ana,Prieto,Sales,Sales; Everyone else,hunter2
bo@contoso.example,Bo,,,,
"""
PEOPLE = """
people:
  - {login: cy@contoso.example, firstName: Cy, lastName: Ang, side: okta}
  - {upn: di@contoso.example, displayName: Di Moreau, side: entra, jobTitle: Lead}
"""


def test_people_of_lists(seed):
    report, world = seed(
        a_dot_csv=CSV, b_dot_yaml=PEOPLE, c_dot_json=[{"email": "ed@contoso.example", "name": "Ed Oak"}]
    )
    assert report["taken"]["people at Okta"] == report["taken"]["people at Microsoft"] == 4
    assert {f"{name}@contoso.example" for name in ("ana", "bo", "cy", "ed")} <= logins(world)
    ana = world.okta.get("/api/v1/users/ana@contoso.example")
    assert (ana["profile"]["firstName"], ana["profile"]["department"], ana["status"]) == ("Ana", "Sales", "ACTIVE")
    names = {group["profile"]["name"] for group in world.okta.get(f"/api/v1/users/{ana['id']}/groups")}
    assert {"Sales", "Everyone else"} <= names
    di = world.entra.get("/users/di@contoso.example")
    assert (di["displayName"], di["jobTitle"]) == ("Di Moreau", "Lead")
    group = next(item for item in world.entra.get("/groups")["value"] if item["displayName"] == "Sales")
    members = world.entra.get(f"/groups/{group['id']}/members")["value"]
    assert [item["userPrincipalName"] for item in members] == ["ana@contoso.example"]
    assert world.browser.sign_in("di@contoso.example", PASSWORD).ok


STATE = {
    "version": 4, "terraform_version": "1.9.0",
    "resources": [
        {"mode": "managed", "type": "okta_user", "name": "u", "instances": [
            {"attributes": {"id": "00u1", "login": "ana@contoso.example", "first_name": "Ana", "last_name": "Prieto",
                            "email": "ana@contoso.example", "status": "ACTIVE", "department": "Sales",
                            "password": "S3CR3T-MARKER", "recovery_answer": "S3CR3T-MARKER"}},
            {"attributes": {"id": "00u2", "login": "bo@contoso.example", "first_name": "Bo", "last_name": "Li",
                            "email": "bo@contoso.example", "status": "SUSPENDED"}}]},
        {"mode": "managed", "type": "okta_group", "name": "g", "instances": [
            {"attributes": {"id": "00g1", "name": "Sales", "description": "They sell"}}]},
        {"mode": "managed", "type": "okta_group_memberships", "name": "m", "instances": [
            {"attributes": {"group_id": "00g1", "users": ["00u1"]}}]},
        {"mode": "managed", "type": "okta_group_rule", "name": "r", "instances": [
            {"attributes": {"id": "0pr1", "name": "Sellers", "status": "ACTIVE", "group_assignments": ["00g1"],
                            "expression_value": "user.department==\"Sales\""}}]},
        {"mode": "managed", "type": "okta_network_zone", "name": "z", "instances": [
            {"attributes": {"name": "Office", "type": "IP", "gateways": ["198.51.100.0/24"], "usage": "POLICY"}}]},
        {"mode": "managed", "type": "azuread_user", "name": "u", "instances": [
            {"attributes": {"object_id": "11111111-1111-4111-8111-111111111111", "display_name": "Ana Prieto",
                            "user_principal_name": "ana@contoso.example", "mail_nickname": "ana",
                            "usage_location": "ES", "onpremises_immutable_id": "aW1t", "account_enabled": True,
                            "password": "S3CR3T-MARKER"}}]},
        {"mode": "managed", "type": "azuread_group", "name": "g", "instances": [
            {"attributes": {"object_id": "22222222-2222-4222-8222-222222222222", "display_name": "Cloud sales",
                            "security_enabled": True, "mail_enabled": False, "mail_nickname": "cs",
                            "members": ["11111111-1111-4111-8111-111111111111"]}}]},
        {"mode": "managed", "type": "azuread_named_location", "name": "l", "instances": [
            {"attributes": {"display_name": "Office", "ip": [{"ip_ranges": ["198.51.100.0/24"], "trusted": True}]}}]},
        {"mode": "managed", "type": "azuread_administrative_unit", "name": "a", "instances": [
            {"attributes": {"display_name": "Spain", "members": ["11111111-1111-4111-8111-111111111111"]}}]},
        {"mode": "managed", "type": "okta_brand", "name": "b", "instances": [{"attributes": {}}]},
        {"mode": "data", "type": "okta_user", "name": "d", "instances": [{"attributes": {"login": "no@contoso.example"}}]},
    ],
}  # fmt: skip


def test_terraform_state_of_both_providers(seed, tmp_path):
    report, world = seed(terraform_dot_tfstate=STATE)
    assert report["left"] == {"okta_brand": 1}
    assert report["taken"]["okta_user"] == 2 and report["taken"]["azuread_user"] == 1
    assert logins(world) >= {"ana@contoso.example", "bo@contoso.example"} and "no@contoso.example" not in logins(world)
    assert world.okta.get("/api/v1/users/bo@contoso.example")["status"] == "SUSPENDED"
    members = world.okta.get("/api/v1/groups/00g1/users")
    assert [item["profile"]["login"] for item in members] == ["ana@contoso.example"]
    assert "Sellers" in [rule["name"] for rule in world.okta.get("/api/v1/groups/rules")]
    assert "Office" in [zone["name"] for zone in world.okta.get("/api/v1/zones")]
    ana = world.entra.get("/users/ana@contoso.example?$select=id,onPremisesImmutableId,usageLocation")
    assert (ana["onPremisesImmutableId"], ana["usageLocation"]) == ("aW1t", "ES")
    members = world.entra.get("/groups/22222222-2222-4222-8222-222222222222/members")["value"]
    assert [item["id"] for item in members] == [ana["id"]]
    assert world.entra.get("/identity/conditionalAccess/namedLocations")["value"][0]["displayName"] == "Office"
    assert "S3CR3T" not in (tmp_path / "out" / "seeded.yaml").read_text()


def test_answers_of_both_apis_come_back_as_the_same_people(seed, tmp_path):
    with World("acme") as acme:
        users, groups = acme.okta.get("/api/v1/users?limit=200"), acme.okta.get("/api/v1/groups?limit=200")
        sales = next(
            group for group in groups if group["type"] == "OKTA_GROUP" and group["profile"]["name"] != "Everyone"
        )
        members = acme.okta.get(f"/api/v1/groups/{sales['id']}/users")
        tenant = acme.entra.get("/users?$top=200"), acme.entra.get("/groups"), acme.entra.get("/domains")
        skus = acme.entra.get("/subscribedSkus")
    report, world = seed(
        d__okta__users_dot_json=users, d__okta__groups_dot_json=groups, d__graph__users_dot_json=tenant[0],
        d__graph__groups_dot_json=tenant[1], d__graph__domains_dot_json=tenant[2], d__graph__skus_dot_json=skus,
        **{f"d__okta__groups__{sales['id']}__users_dot_json": members},
    )  # fmt: skip
    assert report["taken"]["people at Okta"] == len(users)
    assert {user["profile"]["login"] for user in users} <= logins(world)
    found = world.okta.get(f"/api/v1/groups/{sales['id']}/users")
    assert {item["id"] for item in found} == {item["id"] for item in members}
    names = {item["userPrincipalName"] for item in world.entra.get("/users?$top=999")["value"]}
    assert {item["userPrincipalName"] for item in tenant[0]["value"]} <= names
    assert report["left"]["federation of a domain"] == 1
    before = (tmp_path / "out" / "seeded.yaml").read_bytes()
    writing.make([tmp_path / "d"], "empty", tmp_path / "out" / "seeded.yaml")
    assert set(before.splitlines()) == set((tmp_path / "out" / "seeded.yaml").read_bytes().splitlines())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", "{", "no JSON"), ("a.json", '"x"', "none of the files"), ("a.csv", "name\nx\n", "no login"),
        ("a.csv", b"\xff\xfe\x00", "no CSV"), ("a.yaml", "people: 5", "none of the files"), ("a.json", "[5]", "no person"),
        ("a.json", '[{"login":"a@b.example","side":"left"}]', "on the side"), ("a.yaml", "a: [", "a.yaml:"),
        ("a.tfstate", '{"version":4,"resources":[{"type":"okta_user","instances":[{"attributes":{}}]}]}', "not as expected"),
        ("a.yaml", "!!python/object/apply:os.system [x]", "a.yaml"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_one_sentence_and_nothing_is_written(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LabError, match=told) as caught:
        writing.make([path], "empty", tmp_path / "out.yaml")
    assert caught.value.hint and not (tmp_path / "out.yaml").exists()


def test_files_that_a_folder_links_to_are_not_read(tmp_path):
    (tmp_path / "outside.csv").write_text(CSV)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "linked.csv").symlink_to(tmp_path / "outside.csv")
    assert writing.make([folder], "empty", tmp_path / "out.yaml")["taken"] == {}
    with pytest.raises(LabError, match="cannot be read"):
        writing.make([tmp_path / "none.csv"], "empty", tmp_path / "out.yaml")
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="cannot be written"):
        writing.make([tmp_path / "outside.csv"], "empty", tmp_path / "file" / "out.yaml")
