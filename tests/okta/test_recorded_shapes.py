"""Answers as recorded traffic has them, where the documentation tells it otherwise or not at all."""

from typing import Any

import orjson

from emulator import World
from emulator.kernel.doc import Doc

from .worlds import SAM_ID, refused, world

AT = "/api/v1"
RATE = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")


def links(made: World, method: str, path: str, body: Any = None) -> list[str]:
    """The Link headers of an answer."""
    answer = made.okta.call(method, path, body)
    assert answer.status < 300
    return [value for name, value in answer.headers if name == "Link"]


def test_every_answer_shows_its_limits(org: World) -> None:
    for path, token, status in (
        ("/users/me", None, 200), ("/users", "SSWS wrong", 401), ("/users", "", 401), ("/nothing", None, 404),
        ("/users/none", None, 404),
    ):  # fmt: skip
        more: Doc = {} if token is None else {"headers": {"Authorization": token}}
        answer = org.okta.call("GET", AT + path, **more)
        assert answer.status == status
        assert all(answer.header(name) for name in (*RATE, "X-Okta-Request-Id")), (path, token)
    answer = org.okta.call("PATCH", f"{AT}/users")
    assert answer.status == 405 and all(answer.header(name) for name in RATE)


def test_a_refused_credential_takes_nothing_off(org: World) -> None:
    left = [
        int(str(org.okta.call("GET", f"{AT}/users", **more).header("X-Rate-Limit-Remaining")))
        for more in ({}, {"headers": {"Authorization": "SSWS wrong"}}, {})
    ]  # fmt: skip
    assert left == [left[0], left[0], left[0] - 1]


def test_groups_by_q_have_no_link(org: World) -> None:
    assert links(org, "GET", f"{AT}/groups?q=Sal&limit=1") == []
    assert len(links(org, "GET", f"{AT}/groups?search=profile.name+sw+%22Sal%22")) == 1


def test_custom_roles_and_resource_sets_repeat_their_address(org: World) -> None:
    role = {"label": "Helpers", "description": "d", "permissions": ["okta.users.read"]}
    held = {"label": "All", "description": "d", "resources": ["https://acme.okta.com/api/v1/users"]}
    for path, body in (("/iam/roles", role), ("/iam/resource-sets", held)):
        (link,) = links(org, "POST", AT + path, body)
        assert link.startswith(f"<https://acme-admin.okta.com{AT}{path}/") and link.endswith('>; rel="self"')
        one = link[1:].split(">")[0].removeprefix("https://acme-admin.okta.com")
        assert links(org, "GET", one) == [link]
        assert links(org, "PUT", one, {"label": "Other", "description": "e"}) == [link]
    assert links(org, "GET", f"{AT}/iam/roles") == []


def test_ids_of_role_assignments(org: World) -> None:
    group = org.okta.post(f"{AT}/groups", {"profile": {"name": "Helpers"}})["id"]
    ids = {
        (where, kind): org.okta.post(f"{AT}/{where}/roles", {"type": kind})["id"]
        for where in (f"groups/{group}", f"users/{SAM_ID}") for kind in ("APP_ADMIN", "READ_ONLY_ADMIN")
    }  # fmt: skip
    assert ids[f"groups/{group}", "APP_ADMIN"] == ids[f"users/{SAM_ID}", "APP_ADMIN"] == "IFIFAX2BIRGUSTQ"
    assert ids[f"groups/{group}", "READ_ONLY_ADMIN"].startswith("gra")
    assert ids[f"users/{SAM_ID}", "READ_ONLY_ADMIN"].startswith("ra1")


def test_a_groups_role_is_created(org: World) -> None:
    group = org.okta.post(f"{AT}/groups", {"profile": {"name": "Helpers"}})["id"]
    assert org.okta.call("POST", f"{AT}/groups/{group}/roles", {"type": "USER_ADMIN"}).status == 201


def test_defaults_of_attributes_are_not_printed(org: World) -> None:
    field = {
        "title": "Size", "type": "string", "required": False, "unique": "NOT_UNIQUE", "union": "DISABLE",
        "permissions": [{"principal": "SELF", "action": "READ_ONLY"}], "master": {"type": "PROFILE_MASTER"},
    }  # fmt: skip
    body = {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {"size": field}}}}
    of_users = org.okta.post(f"{AT}/meta/schemas/user/default", body)["definitions"]
    assert set(of_users["custom"]["properties"]["size"]) == {
        "title", "type", "mutability", "scope", "permissions", "master",
    }  # fmt: skip
    assert "required" not in of_users["base"]["properties"]["lastName"]
    assert of_users["base"]["properties"]["login"]["required"] is True
    of_groups = org.okta.get(f"{AT}/meta/schemas/group/default")["definitions"]["base"]["properties"]
    assert set(of_groups["description"]) == {
        "title", "description", "type", "mutability", "scope", "maxLength", "permissions", "master",
    }  # fmt: skip
    app = org.okta.post(f"{AT}/apps", oidc())["id"]
    of_app = org.okta.post(f"{AT}/meta/schemas/apps/{app}/default", body)["definitions"]
    assert set(of_app["custom"]["properties"]["size"]) == {"title", "type", "scope", "master"}
    base = of_app["base"]["properties"]
    assert set(base["userName"]) == {"title", "type", "required", "externalName", "scope", "master"}
    assert set(base["name"]) == {"title", "description", "type", "scope", "master"}
    assert base["locality"]["externalName"] == "address.locality"


def oidc() -> Doc:
    return {
        "name": "oidc_client", "label": "Client", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {
            "application_type": "web", "grant_types": ["authorization_code"], "redirect_uris": ["https://d.example/"],
            "response_types": ["code"],
        }},
    }  # fmt: skip


def test_scopes_claims_and_rules_of_an_authorization_server(org: World) -> None:
    body = {"name": "Lab", "description": "d", "audiences": ["api://lab"]}
    server = f"{AT}/authorizationServers/{org.okta.post(f'{AT}/authorizationServers', body)['id']}"
    scope = org.okta.post(f"{server}/scopes", {"name": "lab:read"})
    claim = {"name": "size", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'L'", "conditions": {}}
    assert scope["apiResourceId"] is None and org.okta.post(f"{server}/claims", claim)["apiResourceId"] is None
    policy = org.okta.post(f"{server}/policies", {
        "type": "OAUTH_AUTHORIZATION_POLICY", "name": "p", "description": "d", "priority": 1,
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    })["id"]  # fmt: skip
    rule = org.okta.post(f"{server}/policies/{policy}/rules", {
        "type": "RESOURCE_ACCESS", "name": "r", "priority": 1,
        "conditions": {"grantTypes": {"include": ["implicit"]}, "scopes": {},
                       "people": {"groups": {"include": ["EVERYONE"]}, "users": {}}},
        "actions": {"token": {"accessTokenLifetimeMinutes": 60, "inlineHook": {"id": "cal1"}}},
    })  # fmt: skip
    assert rule["conditions"]["people"] == {"users": {"exclude": []}, "groups": {"include": ["EVERYONE"]}}
    assert rule["conditions"]["scopes"] == {"include": []}
    assert rule["actions"]["token"]["inlineHook"] == {"id": "cal1"}


def test_behaviours_write_their_times_otherwise(org: World) -> None:
    body = {"id": "", "name": "Near", "status": "ACTIVE", "type": "ANOMALOUS_LOCATION",
            "settings": {"granularity": "LAT_LONG", "maxEventsUsedForEvaluation": 50, "radiusKilometers": 20}}  # fmt: skip
    made = org.okta.post(f"{AT}/behaviors", body)
    assert made["id"].startswith("bhv") and made["created"] == "2026-01-15 09:00:00.0"
    answer = org.okta.call("PUT", f"{AT}/behaviors/{made['id']}", {**body, "status": "INACTIVE"})
    assert orjson.loads(answer.body)["status"] == "ACTIVE"


def test_a_new_org_has_blank_addresses(org: World) -> None:
    shown = org.okta.get(f"{AT}/org")
    assert [shown[name] for name in ("website", "phoneNumber", "endUserSupportHelpURL", "supportPhoneNumber")] == [
        ""
    ] * 4


def test_support_has_no_case_at_first(org: World) -> None:
    at = f"{AT}/org/privacy/oktaSupport"
    assert set(org.okta.get(at)) == {"support", "expiration", "_links"} and set(org.okta.get(at)["_links"]) == {"grant"}
    assert set(org.okta.post(f"{at}/grant")["_links"]) == {"extend", "revoke"}


def test_saml_1_apps_have_metadata(org: World) -> None:
    app = org.okta.post(f"{AT}/apps", {
        "name": "sharepoint_onpremise", "label": "Files", "signOnMode": "SAML_1_1",
        "settings": {"app": {"siteURL": "https://files.example"}},
    })  # fmt: skip
    answer = org.okta.call("GET", f"{AT}/apps/{app['id']}/sso/saml/metadata?kid={app['credentials']['signing']['kid']}")
    assert answer.status == 200 and "EntityDescriptor" in answer.text() and "metadata" not in app["_links"]


def test_whom_id_tokens_are_for(org: World) -> None:
    app = org.okta.post(f"{AT}/apps", oidc())["id"]
    assert org.okta.get(f"{AT}/internal/apps/{app}/settings/oauth/idToken") == {
        "issuer": "https://acme.okta.com", "orgUrl": None, "customUrl": None, "audience": app, "issuerMode": "DYNAMIC",
    }  # fmt: skip
    bookmark = {"name": "bookmark", "label": "b", "signOnMode": "BOOKMARK", "settings": {"app": {"url": "https://x"}}}
    for id in (org.okta.post(f"{AT}/apps", bookmark)["id"], "none"):
        assert refused(org, "GET", f"{AT}/internal/apps/{id}/settings/oauth/idToken")[:3] == (
            404, "E0000007", f"Not found: Resource not found: {id} (OAuth2AppInstance)",
        )  # fmt: skip


def test_older_name_of_a_proxy_type(org: World) -> None:
    zone = {"type": "DYNAMIC", "name": "Tor", "proxyType": "TorAnonymizer", "usage": "BLOCKLIST"}
    assert org.okta.post(f"{AT}/zones", zone)["proxyType"] == "TorAnonymizer"


def test_a_classic_org_links_to_the_reset_of_factors_where_there_are_some() -> None:
    with world(engine="classic") as org:
        at = f"{AT}/users/{SAM_ID}"
        assert "resetFactors" not in org.okta.get(at)["_links"]
        body = {"factorType": "question", "provider": "OKTA",
                "profile": {"question": "disliked_food", "answer": "meatball"}}  # fmt: skip
        factor = org.okta.post(f"{at}/factors", body)
        assert org.okta.get(at)["_links"]["resetFactors"]["method"] == "POST"
        org.okta.call("DELETE", f"{at}/factors/{factor['id']}")
        assert "resetFactors" not in org.okta.get(at)["_links"]


def test_a_roles_subscriptions(org: World) -> None:
    at = f"{AT}/roles/SUPER_ADMIN/subscriptions"
    assert org.okta.get(f"{at}/APP_IMPORT") == {
        "notificationType": "APP_IMPORT", "channels": ["email"], "status": "unsubscribed",
        "_links": {
            "subscribe": {"href": f"https://acme.okta.com{at}/APP_IMPORT/subscribe", "hints": {"allow": ["POST"]}},
            "self": {"href": f"https://acme.okta.com{at}/APP_IMPORT"},
        },
    }  # fmt: skip
    for _ in range(2):
        assert org.okta.call("POST", f"{at}/APP_IMPORT/subscribe").status == 200
    assert {row["notificationType"] for row in org.okta.get(at) if row["status"] == "subscribed"} == {"APP_IMPORT"}
    org.okta.call("POST", f"{at}/APP_IMPORT/unsubscribe")
    assert org.okta.get(f"{at}/APP_IMPORT")["status"] == "unsubscribed"
    assert refused(org, "GET", f"{AT}/roles/COOK/subscriptions")[:2] == (404, "E0000007")
    assert refused(org, "POST", f"{at}/LUNCH/subscribe")[:2] == (400, "E0000001")


def test_constraints_of_a_rule_say_that_they_are_required(org: World) -> None:
    policy = org.okta.post(f"{AT}/policies", {"type": "ACCESS_POLICY", "name": "Lab", "description": "d"})["id"]
    without: list[Doc] = [{"knowledge": {"types": ["password"], "reauthenticateIn": "PT2H"}, "possession": {}}]
    optional: list[Doc] = [{"knowledge": {"types": ["password"], "required": False}}]
    for number, sent in enumerate((without, optional)):
        method = {"type": "ASSURANCE", "factorMode": "2FA", "reauthenticateIn": "PT2H", "constraints": sent}
        rule = org.okta.post(f"{AT}/policies/{policy}/rules", {
            "name": f"r{number}", "type": "ACCESS_POLICY",
            "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}},
        })  # fmt: skip
        (shown,) = rule["actions"]["appSignOn"]["verificationMethod"]["constraints"]
        assert {side: asked["required"] for side, asked in shown.items()} == (
            {"knowledge": True, "possession": True} if sent is without else {"knowledge": False}
        )
