"""Custom authorization servers and client credentials through the admin API; policies and claims decide over tokens."""

import jwt

from emulator import World
from tests.okta.worlds import DANA_ID, PASSWORD, kinds, refused

from .clients import (
    BACK,
    app,
    assign,
    basic,
    body,
    error,
    get,
    jwk,
    key,
    password_is_enough,
    post,
    secret,
    service,
    service_token,
)

AT = "/api/v1/authorizationServers"


def server(org: World, name: str = "Orders"):
    return org.okta.post(AT, {"name": name, "description": "d", "audiences": ["api://orders"]})


def robot(org: World):
    return app(
        org, application_type="service", grant_types=["client_credentials"], response_types=["token"], redirect_uris=[]
    )


def rule(org: World, at: str, **more):
    return org.okta.post(f"{at}/rules", {
        "type": "RESOURCE_ACCESS", "name": "R", "priority": 1,
        "conditions": {"people": {"groups": {"include": ["EVERYONE"]}}, "grantTypes": {"include": ["client_credentials"]},
                       "scopes": {"include": ["orders.read"]}, **more},
        "actions": {"token": {"accessTokenLifetimeMinutes": 5}},
    })  # fmt: skip


def token(org: World, made, id: str, scope: str = "orders.read"):
    form = {"grant_type": "client_credentials", "scope": scope}
    return post(org, f"/oauth2/{id}/v1/token", form, headers=basic(made))


def test_a_server_from_nothing_to_a_token(org: World) -> None:
    made, client = server(org), robot(org)
    at = f"{AT}/{made['id']}"
    assert error(token(org, client, made["id"]))[1] == "invalid_scope"
    scope = org.okta.post(f"{at}/scopes", {"name": "orders.read", "consent": "IMPLICIT"})
    assert error(token(org, client, made["id"])) == (
        400, "access_denied", "Policy evaluation failed for this request, please check the policy configurations.",
    )  # fmt: skip
    policy = org.okta.post(f"{at}/policies", {
        "type": "OAUTH_AUTHORIZATION_POLICY", "name": "P", "description": "d", "priority": 1,
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    })  # fmt: skip
    made_rule = rule(org, f"{at}/policies/{policy['id']}")
    org.okta.post(
        f"{at}/claims", {"name": "team", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": '"red"'}
    )
    found = body(token(org, client, made["id"]))
    claims = jwt.decode(found["access_token"], options={"verify_signature": False})
    assert found["expires_in"] == 300 and claims["team"] == "red" and claims["aud"] == "api://orders"
    one = f"{at}/policies/{policy['id']}/rules/{made_rule['id']}"
    assert org.okta.call("POST", f"{one}/lifecycle/deactivate").status == 204
    assert error(token(org, client, made["id"]))[1] == "access_denied"
    assert org.okta.call("POST", f"{one}/lifecycle/activate").status == 204
    assert org.okta.call("POST", f"{at}/policies/{policy['id']}/lifecycle/deactivate").status == 204
    assert error(token(org, client, made["id"]))[1] == "access_denied"
    assert org.okta.call("POST", f"{at}/policies/{policy['id']}/lifecycle/activate").status == 204
    assert token(org, client, made["id"]).status == 200
    assert org.okta.get(f"{one}")["priority"] == 1
    assert org.okta.call("PUT", f"{at}/scopes/{scope['id']}", {"name": "orders.read", "default": True}).status == 200
    assert token(org, client, made["id"], "").status == 200
    assert org.okta.call("POST", f"{at}/lifecycle/deactivate").status == 204
    assert token(org, client, made["id"]).status == 404
    assert org.okta.call("POST", f"{at}/lifecycle/activate").status == 204
    for path in (one, f"{at}/policies/{policy['id']}", f"{at}/scopes/{scope['id']}", at):
        assert org.okta.call("DELETE", path).status == 204
        assert refused(org, "GET", path)[0] == 404
    assert {
        "oauth2.as.created",
        "oauth2.scope.created",
        "oauth2.claim.created",
        "policy.rule.add",
        "oauth2.as.deleted",
    } <= set(kinds(org))


def test_bad_servers_scopes_claims_rules(org: World) -> None:
    at = f"{AT}/default"
    assert refused(org, "POST", AT, {"name": "x"})[:2] == (400, "E0000001")
    assert refused(org, "POST", AT, {"name": "default", "audiences": ["a"]})[:2] == (400, "E0000001")
    assert refused(org, "DELETE", at)[0] == 403
    assert refused(org, "GET", f"{AT}/none")[:2] == (404, "E0000007")
    for scope in (
        {"name": "openid"},
        {"name": "a b"},
        {"name": "okta.x"},
        {"name": "x", "consent": "SURE"},
        {"name": "x", "default": 5},
    ):
        assert refused(org, "POST", f"{at}/scopes", scope)[:2] == (400, "E0000001"), scope
    for claim in ({"name": "iss", "value": "1"}, {"name": "c", "value": "((("}, {"name": "c", "value": "1", "claimType": "X"},
                  {"name": "c", "value": "1", "conditions": {"scopes": ["none"]}}):  # fmt: skip
        assert refused(org, "POST", f"{at}/claims", claim)[:2] == (400, "E0000001"), claim
    policy = org.okta.get(f"{at}/policies")[0]
    for given in ({"grantTypes": {"include": ["refresh_token"]}}, {"scopes": {"include": ["none"]}}):
        sent = {
            "name": "r",
            "conditions": {"grantTypes": {"include": ["password"]}, "scopes": {"include": ["*"]}, **given},
        }
        assert refused(org, "POST", f"{at}/policies/{policy['id']}/rules", sent)[:2] == (400, "E0000001"), given
    system = next(row for row in org.okta.get(f"{at}/scopes") if row["name"] == "openid")
    assert refused(org, "DELETE", f"{at}/scopes/{system['id']}")[0] == 403


def test_keys_rotate(org: World) -> None:
    before = body(get(org, "/oauth2/default/v1/keys"))["keys"]
    listed = org.okta.get(f"{AT}/default/credentials/keys")
    assert [key["status"] for key in listed] == ["ACTIVE", "NEXT"]
    after = org.okta.post(f"{AT}/default/credentials/lifecycle/keyRotate", {"use": "sig"})
    assert [row["status"] for row in after] == ["ACTIVE", "NEXT", "EXPIRED"]
    assert after[0]["kid"] == before[1]["kid"] and after[2]["kid"] == before[0]["kid"]
    assert refused(org, "POST", f"{AT}/default/credentials/lifecycle/keyRotate", {"use": "enc"})[1] == "E0000001"


def test_group_claims_for_people(org: World) -> None:
    org.okta.post(f"{AT}/default/claims", {"name": "groups", "claimType": "RESOURCE", "valueType": "GROUPS", "value": "Sal",
                                           "group_filter_type": "STARTS_WITH"})  # fmt: skip
    made = app(org, grant_types=["authorization_code", "password", "refresh_token"])
    password_is_enough(org, made)
    form = {
        "grant_type": "password",
        "username": "dana@acme.example",
        "password": PASSWORD,
        "scope": "openid offline_access",
    }
    assert (
        error(post(org, "/oauth2/default/v1/token", form, headers=basic(made)))[2]
        == "User is not assigned to the client application."
    )
    assign(org, made, DANA_ID)
    found = body(post(org, "/oauth2/default/v1/token", form, headers=basic(made)))
    assert jwt.decode(found["access_token"], options={"verify_signature": False})["groups"] == ["Sales"]
    tokens = org.okta.get(f"/api/v1/apps/{made['id']}/tokens?expand=scope")
    assert tokens[0]["id"].startswith("oar") and tokens[0]["userId"] == DANA_ID and tokens[0]["_embedded"]["scopes"]
    assert org.okta.get(f"/api/v1/users/{DANA_ID}/clients")[0]["client_id"] == made["id"]
    for at in (f"/api/v1/users/{DANA_ID}/clients/{made['id']}/tokens", f"{AT}/default/clients/{made['id']}/tokens"):
        assert org.okta.get(f"{at}/{tokens[0]['id']}")["id"] == tokens[0]["id"] == org.okta.get(at)[0]["id"]
    assert org.okta.get(f"{AT}/default/clients")[0]["client_id"] == made["id"]
    assert org.okta.get(f"/api/v1/users/{DANA_ID}/grants") == []
    assert org.okta.call("DELETE", f"/api/v1/apps/{made['id']}/tokens/{tokens[0]['id']}").status == 204
    again = {"grant_type": "refresh_token", "refresh_token": found["refresh_token"]}
    assert error(post(org, "/oauth2/default/v1/token", again, headers=basic(made)))[1] == "invalid_grant"
    assert (
        get(org, "/oauth2/default/v1/userinfo", headers={"authorization": f"Bearer {found['access_token']}"}).status
        == 401
    )


def test_secrets_of_a_client(org: World) -> None:
    made = app(org)
    at = f"/api/v1/apps/{made['id']}/credentials/secrets"
    first = org.okta.get(at)[0]
    assert first["client_secret"] == secret(made) and first["id"].startswith("ocs") and "deactivate" in first["_links"]
    second = org.okta.post(at, {})
    assert refused(org, "POST", at, {})[:2] == (400, "E0000001")

    def works(text: str) -> bool:
        form = {"grant_type": "authorization_code", "code": "x", "client_id": made["id"], "client_secret": text}
        return error(post(org, "/oauth2/v1/token", form))[1] == "invalid_grant"

    assert works(first["client_secret"]) and works(second["client_secret"])
    assert refused(org, "DELETE", f"{at}/{first['id']}")[1] == "E0000001"
    assert org.okta.call("POST", f"{at}/{first['id']}/lifecycle/deactivate").status == 200
    assert not works(first["client_secret"]) and works(second["client_secret"])
    assert refused(org, "POST", f"{at}/{second['id']}/lifecycle/deactivate")[1] == "E0000001"
    assert org.okta.call("DELETE", f"{at}/{first['id']}").status == 204
    assert [row["id"] for row in org.okta.get(at)] == [second["id"]]
    assert refused(org, "GET", f"{at}/{first['id']}")[1] == "E0000007"


def test_keys_of_a_client(org: World) -> None:
    made = service(org, "okta.users.read")
    at = f"/api/v1/apps/{made['id']}/credentials/jwks"
    first = org.okta.get(at)[0]
    assert first["kid"] == "one" and first["status"] == "ACTIVE" and first["id"].startswith("pks")
    assert refused(org, "POST", f"{at}/{first['id']}/lifecycle/deactivate")[1] == "E0000001"
    second = org.okta.post(at, jwk("two"))
    assert refused(org, "POST", at, jwk("two"))[1] == "E0000001"
    assert org.okta.call("POST", f"{at}/{first['id']}/lifecycle/deactivate").status == 200
    assert error(service_token(org, made, "okta.users.read"))[1] == "invalid_client"
    assert service_token(org, made, "okta.users.read", name="two", signer=key("two")).status == 200
    assert org.okta.call("DELETE", f"{at}/{first['id']}").status == 204
    assert [row["id"] for row in org.okta.get(at)] == [second["id"]]
    assert BACK
