"""The world `empty` is an org and a tenant on their first day: what every new one holds, and nothing else."""

from collections.abc import Iterator

import pytest

from emulator import World
from emulator.serving.lab import _ENTRA_KEYS, _OKTA_KEYS
from tests.worlds import people

LAB = people.lab("empty")
OKTA_ADMIN, MICROSOFT_ADMIN = LAB["users"]


@pytest.fixture(scope="module")
def empty() -> Iterator[World]:
    with World("empty") as made:
        yield made


def test_one_administrator_on_each_side(empty: World) -> None:
    users = empty.okta.get("/api/v1/users")
    assert [user["profile"]["login"] for user in users] == [OKTA_ADMIN["login"]]
    roles = empty.okta.get(f"/api/v1/users/{users[0]['id']}/roles")
    assert [role["type"] for role in roles] == ["SUPER_ADMIN"]
    people_there = empty.entra.get("/users?$select=id,userPrincipalName")["value"]
    assert [user["userPrincipalName"] for user in people_there] == [MICROSOFT_ADMIN["login"]]
    roles = empty.entra.get("/directoryRoles?$expand=members")["value"]
    assert [(role["displayName"], [user["id"] for user in role["members"]]) for role in roles] == [
        ("Global Administrator", [people_there[0]["id"]])
    ]


def test_the_org_holds_what_every_new_org_holds(empty: World) -> None:
    okta = empty.okta
    assert [group["profile"]["name"] for group in okta.get("/api/v1/groups")] == ["Everyone"]
    assert {app["name"] for app in okta.get("/api/v1/apps?limit=200")} == {
        "saasure",
        "okta_enduser",
        "okta_browser_plugin",
    }
    assert all(zone["system"] for zone in okta.get("/api/v1/zones?limit=200"))
    for kind in ("ACCESS_POLICY", "PROFILE_ENROLLMENT"):
        policies = okta.get(f"/api/v1/policies?type={kind}")
        [default] = [policy for policy in policies if policy["system"]]
        rules = okta.get(f"/api/v1/policies/{default['id']}/rules")
        assert [rule["name"] for rule in rules] == ["Catch-all Rule"], kind
    assert [kind["name"] for kind in okta.get("/api/v1/meta/types/user")] == ["user"]
    assert okta.get("/api/v1/meta/schemas/user/default")["definitions"]["custom"]["properties"] == {}


def test_the_tenant_holds_what_every_new_tenant_holds(empty: World) -> None:
    entra = empty.entra
    domains = entra.get("/domains")["value"]
    assert [(item["id"], item["isInitial"], item["isDefault"], item["authenticationType"]) for item in domains] == [
        ("fresh.onmicrosoft.com", True, True, "Managed")
    ]
    assert entra.get("/groups")["value"] == []
    assert entra.get("/subscribedSkus")["value"] == []
    assert "Global Administrator" in [item["displayName"] for item in entra.get("/directoryRoleTemplates")["value"]]
    known = {item["appId"] for item in entra.get("/servicePrincipals?$top=999")["value"]}
    assert "00000003-0000-0000-c000-000000000000" in known  # Microsoft Graph
    clients = people.part("empty", "okta:fresh")["microsoft_clients"].values()
    assert not known & {client["client_id"] for client in clients}, "nobody has consented to Okta's clients yet"


def test_nothing_is_federated_or_waiting(empty: World) -> None:
    found = empty.sync()
    assert (found["ran"], found["next_due"]) == ([], None)
    assert empty.journal(stream="system_log") == []


def test_the_lab_says_null_where_there_is_nothing() -> None:
    given = {key for key in _OKTA_KEYS if LAB["okta"].get(key)} | {key for key in _ENTRA_KEYS if LAB["entra"].get(key)}
    assert given == {*_OKTA_KEYS, *_ENTRA_KEYS} - {"o365_app_id", "o365_external_key", "federated_domain"}
    assert not LAB["okta"].get("signing_key")


def test_both_administrators_sign_in() -> None:
    with World("empty") as world:
        body = {"username": OKTA_ADMIN["login"], "password": OKTA_ADMIN["password"]}
        assert world.okta.post("/api/v1/authn", body)["status"] == "SUCCESS"
        found = people.by_password(world, MICROSOFT_ADMIN["login"], MICROSOFT_ADMIN["password"])
    assert "access_token" in found, found.get("error_description")


def test_a_domain_can_be_added_and_verified() -> None:
    with World("empty") as world:
        world.entra.post("/domains", {"id": "fresh.example"})
        assert world.entra.post("/domains/fresh.example/verify")["isVerified"] is True


def consent(world: World, app_id: str, kind: str) -> None:
    """Microsoft's administrator follows Okta's consent link and accepts; Okta is told, as its console would be."""
    okta = "https://fresh.okta.com"
    asked = world.okta.post(f"/api/internal/v1/apps/{app_id}/office365/consent", {"kind": kind})
    browser = world.browser
    browser.stop_at = lambda url: url.startswith(okta)
    view = browser.get(asked["authorizeUrl"])
    while not view.url.startswith(okta):
        form = view.forms[0]
        known = {"password": MICROSOFT_ADMIN["password"], "passwd": MICROSOFT_ADMIN["password"]}
        view = browser.submit(form, {name: known.get(name, MICROSOFT_ADMIN["login"]) for name in form.visible})
    back = world.okta.get(view.url.removeprefix(okta))["continue_oauth_flow_url"]
    world.okta.post(back["href"].removeprefix(okta))


def test_a_domain_can_be_federated_from_nothing() -> None:
    with World("empty") as world:
        world.entra.post("/domains", {"id": "fresh.example"})
        world.entra.post("/domains/fresh.example/verify")
        settings = {"app": {"domain": "fresh.example", "msftTenant": "fresh"}}
        app = world.okta.post(
            "/api/v1/apps",
            {"name": "office365", "label": "Office 365", "signOnMode": "AUTO_LOGIN", "settings": settings},
        )
        consent(world, app["id"], "FEDERATION")
        world.okta.put(f"/api/v1/apps/{app['id']}", {**app, "signOnMode": "SAML_1_1"})
        world.okta.put(f"/api/internal/v1/apps/{app['id']}/office365/domains", {"names": ["fresh.example"]})
        assert [job["outcome"] for job in world.sync()["ran"]] == ["done"]
        assert world.entra.get("/domains/fresh.example")["authenticationType"] == "Federated"
        configuration = world.entra.get("/domains/fresh.example/federationConfiguration")["value"][0]
        assert configuration["issuerUri"].startswith("fresh.example:exk")
