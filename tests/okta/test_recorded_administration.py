"""Answers about the org's administration as recorded traffic has them, in words and values of our own."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc

from .worlds import DANA_ID, SAM_ID, world

AT = "/api/v1"


@pytest.fixture(scope="module")
def org() -> Iterator[World]:
    with world() as made:
        yield made


def new_set(org: World, label: str, *resources: str) -> Doc:
    body = {"label": label, "description": "d", "resources": list(resources)}
    made: Doc = org.okta.post(f"{AT}/iam/resource-sets", body)
    return made


def resources(org: World, held: Doc) -> list[Doc]:
    found: list[Doc] = org.okta.get(f"{AT}/iam/resource-sets/{held['id']}/resources")["resources"]
    return found


def test_resources_have_a_name_and_their_own_address(org: World) -> None:
    base = f"https://acme.okta.com{AT}"
    held = new_set(org, "Whole kinds", f"{base}/users", f"{base}/groups", f"{base}/apps")
    users, groups, apps = resources(org, held)
    org_id = org.okta.get(f"{AT}/org")["id"]
    assert users["orn"] == f"orn:okta:directory:{org_id}:users" and apps["orn"] == f"orn:okta:idp:{org_id}:apps"
    assert set(users["_links"]) == {"self", "resource", "users"} and set(apps["_links"]) == {"self", "resource"}
    assert groups["_links"]["self"] == groups["_links"]["groups"] == {"href": f"{base}/groups"}
    assert groups["_links"]["resource"]["href"].endswith(f"/resources/{groups['id']}")


def test_names_and_addresses_of_single_resources(org: World) -> None:
    base, org_id = f"https://acme.okta.com{AT}", org.okta.get(f"{AT}/org")["id"]
    app = org.okta.post(f"{AT}/apps", {
        "name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
        "settings": {"app": {"url": "https://wiki.acme.example", "requestIntegration": False}},
    })["id"]  # fmt: skip
    group = f"orn:okta:directory:{org_id}:groups:00gsome"
    held = new_set(
        org, "Single ones", f"{base}/users/{DANA_ID}", f"{base}/groups/00gsome/users", f"{base}/apps/{app}",
        f'{base}/apps?filter=name+eq+"bookmark"', f"{base}/authorizationServers", f"{base}/nowhere",
        group, f"{group}:contained_resources", f"orn:okta:idp:{org_id}:apps:bookmark", "orn:okta:workflow:x:flows",
    )  # fmt: skip
    found = resources(org, held)
    assert [item.get("orn", "").partition(f":{org_id}:")[2] for item in found[:6]] == [
        f"users:{DANA_ID}", "groups:00gsome:contained_resources", f"apps:bookmark:{app}", "apps:bookmark",
        "authorization_servers", "",
    ]  # fmt: skip
    assert [item["_links"].get("self", {}).get("href") for item in found[6:]] == [
        f"{base}/groups/00gsome", f"{base}/groups/00gsome/users", f'{base}/apps?filter=name+eq+"bookmark"', None,
    ]  # fmt: skip
    assert "users" in found[7]["_links"] and "groups" in found[6]["_links"]


def test_lists_of_resource_sets_repeat_their_address(org: World) -> None:
    held = new_set(org, "Empty one")
    for path in ("", f"/{held['id']}/resources"):
        answer = org.okta.call("GET", f"{AT}/iam/resource-sets{path}")
        at = orjson.loads(answer.body)["_links"]["self"]["href"]
        assert at.endswith(f"/iam/resource-sets{path}") and answer.header("Link") == f'<{at}>; rel="self"'


def test_custom_roles_are_not_cloneable(org: World) -> None:
    body = {"label": "Readers", "description": "d", "permissions": ["okta.users.read"]}
    assert org.okta.post(f"{AT}/iam/roles", body)["isCloneable"] is False


def test_realms_show_their_domains_and_no_type(org: World) -> None:
    made = org.okta.post(f"{AT}/realms", {"profile": {"name": "Partners", "realmType": "PARTNER"}})
    assert made["profile"] == {"name": "Partners", "domains": []}
    body = {"profile": {"name": "Partners", "domains": ["partner.example"]}}
    assert org.okta.put(f"{AT}/realms/{made['id']}", body)["profile"]["domains"] == ["partner.example"]


def test_a_brand_shows_its_locale_once_it_has_one(org: World) -> None:
    made = org.okta.post(f"{AT}/brands", {"name": "Subsidiary"})
    assert {"locale", "emailDomainId"}.isdisjoint(made) and set(made["_links"]) == {"themes", "self"}
    body = {"name": "Subsidiary", "locale": "nl", "customPrivacyPolicyUrl": ""}
    found = org.okta.put(f"{AT}/brands/{made['id']}", body)
    assert found["locale"] == "nl" and found["customPrivacyPolicyUrl"] is None


def test_security_notifications(org: World) -> None:
    at = "/api/internal/org/settings/security-notification-settings"
    first = org.okta.get(at)
    assert first["customizedEmailsList"] == [] and sum(value is True for value in first.values()) == 5
    changed = org.okta.put(at, {"sendEmailForNewDeviceEnabled": False})
    assert changed == {**first, "sendEmailForNewDeviceEnabled": False} == org.okta.get(at)
    assert org.okta.call("PUT", at, {"sendEmailForNewDeviceEnabled": "no"}).status == 400


def test_answers_without_what_was_changed(org: World) -> None:
    stream = org.okta.post(f"{AT}/logStreams", {
        "name": "SIEM", "type": "splunk_cloud_logstreaming",
        "settings": {"edition": "aws", "host": "acme.splunkcloud.com", "token": "58A7C8D6-4E2F-4C3B-8F5B-D4E2F3A4B5C6"},
    })["id"]  # fmt: skip
    for step, status in (("deactivate", "INACTIVE"), ("activate", "ACTIVE")):
        answer = org.okta.call("POST", f"{AT}/logStreams/{stream}/lifecycle/{step}")
        assert (answer.status, answer.body) == (200, b"")
        assert org.okta.get(f"{AT}/logStreams/{stream}")["status"] == status
    body: Doc = {"name": "Ours", "type": "SMS_VERIFY_CODE", "template": "${code}", "translations": {"nl": "${code}!"}}
    made = org.okta.post(f"{AT}/templates/sms", body)
    assert "translations" in made
    assert "translations" not in org.okta.put(f"{AT}/templates/sms/{made['id']}", body)
    assert org.okta.get(f"{AT}/templates/sms/{made['id']}")["translations"] == body["translations"]


def test_a_put_of_credentials_leaves_the_profile(org: World) -> None:
    before = org.okta.get(f"{AT}/users/{SAM_ID}")["profile"]
    body = {"credentials": {"password": {"value": "Other-pass-77"}}}
    assert org.okta.put(f"{AT}/users/{SAM_ID}", body)["profile"] == before
    assert org.okta.call("PUT", f"{AT}/users/{SAM_ID}", {}).status == 400


@pytest.mark.parametrize("engine", ["oie", "classic"])
def test_a_password_moves_a_staged_users_status_on_identity_engine(engine: str) -> None:
    hashed = {"hash": {"algorithm": "SHA-256", "value": "QrTDZ6nW4Wuz9ffTNQ8fxLFIGtyvE4ZYjnOTk4gfdGc="}}
    given: list[dict[str, Any]] = [hashed, {"value": "Tr4ining-pass"}]
    with world(engine=engine) as made:
        for number, password in enumerate(given):
            login = f"e{number}@acme.example"
            profile = {"firstName": "E", "lastName": "V", "email": login, "login": login}
            body = {"profile": profile, "credentials": {"password": password}}
            user: Doc = made.okta.post(f"{AT}/users?activate=false", body)
            assert user["status"] == "STAGED" and user["passwordChanged"] is not None
            assert user["statusChanged"] == (user["passwordChanged"] if engine == "oie" else None)


def test_without_a_password_a_staged_users_status_has_not_moved(org: World) -> None:
    profile = {"firstName": "E", "lastName": "W", "email": "ew@acme.example", "login": "ew@acme.example"}
    body = {"profile": profile, "credentials": {"password": {}}}
    assert org.okta.post(f"{AT}/users?activate=false", body)["statusChanged"] is None


def test_an_order_without_an_attribute_is_ignored(org: World) -> None:
    for path in ("/users?search=status+pr", "/groups?search=type+pr"):
        assert org.okta.call("GET", f"{AT}{path}&sortOrder=0").status == 200
        assert org.okta.call("GET", f"{AT}{path}&sortOrder=0&sortBy=id").status == 400


def test_linked_users_have_a_self_link(org: World) -> None:
    side = {"title": "t", "description": "d", "type": "USER"}
    body = {"primary": {**side, "name": "boss"}, "associated": {**side, "name": "report"}}
    assert org.okta.call("POST", f"{AT}/meta/schemas/user/linkedObjects", body).status == 201
    answer = org.okta.call("GET", f"{AT}/users/{SAM_ID}/linkedObjects/report")
    assert (
        answer.header("Link")
        == f'<https://acme.okta.com{AT}/users/{SAM_ID}/linkedObjects/report?limit=1000>; rel="self"'
    )


def test_without_governance_groups_have_no_owners() -> None:
    with world(subscription={"governance": False}) as small:
        group: Doc = small.okta.post(f"{AT}/groups", {"profile": {"name": "Rowers"}})
        assert set(group["_links"]) == {"logo", "users", "apps"}
        answer = small.okta.call("GET", f"{AT}/groups/{group['id']}/owners")
        assert (answer.status, orjson.loads(answer.body)["errorCode"]) == (401, "E0000015")
