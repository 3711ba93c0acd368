"""Answers about apps as recorded traffic has them, in words and values of our own."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc

from .worlds import DANA_ID, refused, world

AT = "/api/v1/apps"
MALFORMED = (400, "E0000001", "Api validation failed: RequestParams", ["Expand query is malformed."])


@pytest.fixture(scope="module")
def org() -> Iterator[World]:
    with world() as made:
        yield made


def add(org: World, name: str | None, mode: str, **settings: Any) -> Doc:
    named = {"name": name} if name else {}
    made: Doc = org.okta.post(AT, {**named, "label": f"{name} {mode}", "signOnMode": mode, "settings": settings})
    return made


def client(kind: str, **own: Any) -> Doc:
    grants = {"application_type": kind, "grant_types": ["authorization_code"], "response_types": ["code"]}
    return {
        "name": "oidc_client", "label": kind, "signOnMode": "OPENID_CONNECT", "credentials": {"oauthClient": own},
        "settings": {"oauthClient": {**grants, "redirect_uris": ["https://in.example/back"]}},
    }  # fmt: skip


@pytest.mark.parametrize("asked", ["user", "user/", "group/x", f"user/{DANA_ID},user/x", "user/a/b"])
def test_apps_expand_the_assignment_of_one_user_and_nothing_else(org: World, asked: str) -> None:
    assert refused(org, "GET", f"{AT}?expand={asked}") == MALFORMED
    assert refused(org, "GET", f"{AT}?q=nobody-has-this&expand={asked}") == MALFORMED


def test_the_orgs_own_apps_tell_less(org: World) -> None:
    found = {app["name"]: app for app in org.okta.get(AT)}
    for name, links in {"saasure": {"admin": True}, "okta_enduser": {}, "okta_browser_plugin": {}}.items():
        app = found[name]
        assert app["visibility"]["appLinks"] == links and "autoLaunch" not in app["visibility"]
        assert not {"notes", "emOptInStatus"} & set(app["settings"]) and "clientCredentials" not in app["_links"]
        assert [link["name"] for link in app["_links"]["appLinks"]] == list(links)


def test_an_app_that_connects_by_token_says_so_before_it_has_one(org: World) -> None:
    app = add(org, "okta_org2org", "AUTO_LOGIN", app={"baseUrl": "https://there.example"})
    at = f"{AT}/{app['id']}/connections/default"
    fresh = org.okta.get(at)
    assert (fresh["authScheme"], fresh["status"]) == ("TOKEN", "DISABLED") and "profile" not in fresh
    assert set(fresh["_links"]) == {"self", "activate"}
    sent = {"profile": {"authScheme": "TOKEN", "token": "0-1-2-3"}, "baseUrl": "https://there.example/api/v1"}
    org.okta.post(f"{at}?activate=true", sent)
    assert org.okta.get(at)["profile"]["authScheme"] == "TOKEN" and org.okta.get(at)["status"] == "ENABLED"


def test_an_apps_schema_without_attributes_of_its_own(org: World) -> None:
    app = add(org, "bookmark", "BOOKMARK", app={"url": "https://wiki.example", "requestIntegration": False})
    found = org.okta.get(f"/api/v1/meta/schemas/apps/{app['id']}/default")["definitions"]
    assert found["custom"]["properties"] == {} and "required" not in found["custom"]
    assert found["base"]["required"] == ["userName"]
    name = found["base"]["properties"]["userName"]
    assert (name["maxLength"], name["scope"]) == (100, "NONE")
    own = org.okta.post(AT, client("web"))
    name = org.okta.get(f"/api/v1/meta/schemas/apps/{own['id']}/default")["definitions"]["base"]["properties"][
        "userName"
    ]
    assert name["externalName"] == "preferred_username" and "maxLength" not in name


def test_links_of_a_list_leave_out_how_it_was_read(org: World) -> None:
    found = org.okta.call(
        "GET", f"{AT}?limit=1&useOptimization=true&includeNonDeleted=false&filter=status+eq+%22ACTIVE%22"
    )
    links = " ".join(value for name, value in found.headers if name.lower() == "link")
    assert 'rel="self"' in links and 'rel="next"' in links and "limit=1" in links and "filter=" in links
    assert "useOptimization" not in links and "includeNonDeleted" not in links


def test_only_clients_that_cannot_keep_a_secret_go_without_one(org: World) -> None:
    wanted = "[client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt]"
    cause = f"token_endpoint_auth_method: 'token_endpoint_auth_method' is invalid. Valid values: {wanted}"
    sent = client("web", token_endpoint_auth_method="none", pkce_required=True)
    summary = "Api validation failed: token_endpoint_auth_method"
    assert refused(org, "POST", AT, sent) == (400, "E0000001", summary, [cause])
    for kind in ("browser", "native"):
        made = org.okta.post(AT, client(kind, token_endpoint_auth_method="none"))
        assert made["credentials"]["oauthClient"]["token_endpoint_auth_method"] == "none"


def test_the_name_of_a_custom_app_is_not_taken_again(org: World) -> None:
    own = add(org, None, "AUTO_LOGIN", signOn={"loginUrl": "https://in.example/login"})
    sent = {"name": own["name"], "label": "Once more", "signOnMode": "AUTO_LOGIN"}
    cause = "Cannot create an existing App Wizard App"
    assert refused(org, "POST", AT, sent) == (400, "E0000001", "Api validation failed: mediated", [cause])


def test_nobody_is_assigned_to_an_app_that_everybody_has(org: World) -> None:
    sent = client("web")
    sent["settings"]["implicitAssignment"] = True
    app = org.okta.post(AT, sent)
    group = org.okta.post("/api/v1/groups", {"profile": {"name": "Broker"}})
    cause = "It is not possible to assign groups to an AppInstance that has Federation Broker Mode enabled"
    expected = (400, "E0000001", "Api validation failed: GroupAppAssignment", [cause])
    assert refused(org, "PUT", f"{AT}/{app['id']}/groups/{group['id']}", {}) == expected
    org.okta.put(f"{AT}/{app['id']}", client("web"))
    assert org.okta.call("PUT", f"{AT}/{app['id']}/groups/{group['id']}", {}).status == 200


def test_apps_tell_of_products_that_the_org_has(org: World) -> None:
    sent = client("web")
    whole = org.okta.post(AT, sent)
    assert whole["universalLogout"]["status"] == "DISABLED" and whole["settings"]["emOptInStatus"] == "NONE"
    with world(subscription={"threat": False, "governance": False}) as small:
        app = small.okta.post(AT, sent)
        assert app["universalLogout"] is None and "emOptInStatus" not in app["settings"]
        assert set(app) == set(whole) and small.okta.get(f"{AT}/{app['id']}")["universalLogout"] is None
        found = small.okta.get("/.well-known/okta-organization")["settings"]
        assert found["itpEnabled"] is False
    assert org.okta.get("/.well-known/okta-organization")["settings"]["itpEnabled"] is True


def test_an_assignment_is_a_users_or_a_groups(org: World) -> None:
    app = add(org, "bookmark", "BOOKMARK", app={"url": "https://desk.example", "requestIntegration": False})
    at, cause = f"{AT}/{app['id']}/users", "scope: 'TEAM' is not a valid value"
    expected = (400, "E0000001", "Api validation failed: scope", [cause])
    assert refused(org, "POST", at, {"id": DANA_ID, "scope": "TEAM"}) == expected
    assert org.okta.post(at, {"id": DANA_ID, "scope": "USER"})["scope"] == "USER"
    assert refused(org, "POST", f"{at}/{DANA_ID}", {"scope": "TEAM"}) == expected
