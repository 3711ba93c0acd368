"""Files below /.well-known, and what a brand says in them."""

from collections.abc import Iterator

import orjson
import pytest

from emulator import World
from tests.okta.worlds import refused, world

SHOWN = "/.well-known/"


@pytest.fixture
def org() -> Iterator[World]:
    with world() as made:
        yield made


def uris(org: World) -> str:
    return f"/api/v1/brands/{org.okta.get('/api/v1/brands')[0]['id']}/well-known-uris"


@pytest.mark.parametrize(
    ("path", "sent", "before"),
    [
        ("apple-app-site-association", {"webcredentials": {"apps": ["TEAM.example"]}}, 200),
        ("assetlinks.json", [{"relation": ["delegate_permission/common.get_login_creds"]}], 404),
        ("webauthn", {"origins": ["https://other.example"]}, 404),
    ],
)
def test_what_a_brand_says_is_shown(org: World, path: str, sent: object, before: int) -> None:
    at = f"{uris(org)}/{path}"
    assert org.okta.call("GET", SHOWN + path).status == before
    assert org.okta.get(at)["representation"] == type(sent)() == org.okta.get(f"{at}/customized")["representation"]
    assert org.okta.put(f"{at}/customized", {"representation": sent})["representation"] == sent
    assert org.okta.get(at)["representation"] == sent and org.okta.get(SHOWN + path) == sent
    embedded = org.okta.get(f"{uris(org)}?expand={path}")["_embedded"]
    assert list(embedded) == [path] and embedded[path]["customized"]["representation"] == sent
    wrong = [] if isinstance(sent, dict) else {}
    for body in ({}, {"representation": wrong}, {"representation": 1}):
        assert refused(org, "PUT", f"{at}/customized", body)[0] == 400


def test_other_brands_say_nothing_here(org: World) -> None:
    other = org.okta.post("/api/v1/brands", {"name": "Other"})["id"]
    at = f"/api/v1/brands/{other}/well-known-uris"
    org.okta.put(f"{at}/webauthn/customized", {"representation": {"origins": []}})
    assert refused(org, "GET", f"{SHOWN}webauthn")[:2] == (404, "E0000007")
    assert set(org.okta.get(f"{at}?expand=all")["_embedded"]) == {
        "apple-app-site-association",
        "assetlinks.json",
        "webauthn",
    }
    assert refused(org, "GET", f"{at}/robots.txt")[:2] == (404, "E0000007")
    assert org.okta.call("DELETE", f"/api/v1/brands/{other}").status == 204
    assert refused(org, "GET", at)[0] == 404


def test_authenticators_of_an_app_are_found_by_its_client(org: World) -> None:
    push = {"type": "PUSH", "configuration": {"fcm": {"id": "ppc"}}}
    settings = {"appInstanceId": "0oaown", "oauthClientId": "0oaown", "userVerification": "REQUIRED"}
    body = {"key": "custom_app", "name": "Ours", "provider": push, "settings": settings}
    made = org.okta.post("/api/v1/authenticators", body)
    at = f"{SHOWN}app-authenticator-configuration"
    (found,) = orjson.loads(org.okta.call("GET", f"{at}?oauthClientId=0oaown").body)
    assert found["authenticatorId"] == made["id"] and found["settings"] == {"userVerification": "REQUIRED"}
    assert [method["type"] for method in found["supportedMethods"]] == ["push"]
    assert org.okta.get(f"{at}?oauthClientId=0oaother") == []
    assert refused(org, "GET", at)[:2] == (400, "E0000001")
    org.okta.post(f"/api/v1/authenticators/{made['id']}/lifecycle/deactivate")
    assert org.okta.get(f"{at}?oauthClientId=0oaown") == []


def test_an_org_without_early_access_has_no_such_files() -> None:
    with world(subscription={"earlyAccess": False}) as org:
        assert refused(org, "GET", uris(org))[:2] == (401, "E0000015")
        assert org.okta.get(f"{SHOWN}apple-app-site-association") == {}
