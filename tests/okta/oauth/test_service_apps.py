"""Service apps: private_key_jwt at the org server, scopes and roles at the API. Behaviour: okta-admin-api.md 2.2."""

import jwt
import orjson
import pytest

from emulator import World
from emulator.kernel.exchange import Answer
from tests.okta.worlds import HOST, kinds, refused

from .clients import ORG, assertion, body, error, get, jwk, key, post, service, service_token

AT = "/oauth2/v1/token"


def bearer(world: World, made, *scopes: str) -> dict[str, str]:
    return {"authorization": f"Bearer {body(service_token(world, made, *scopes))['access_token']}"}


def test_a_service_app_gets_a_token_and_calls_the_api(org: World) -> None:
    robot = service(org, "okta.users.read", "okta.groups.read")
    answer = service_token(org, robot, "okta.users.read")
    found = body(answer)
    assert answer.status == 200
    assert list(found) == ["token_type", "expires_in", "access_token", "scope"]
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("Bearer", 3600, "okta.users.read")
    header = jwt.get_unverified_header(found["access_token"])
    assert (header["typ"], header["alg"]) == ("application/okta-internal-at+jwt", "RS256")
    claims = jwt.decode(found["access_token"], options={"verify_signature": False})
    assert claims["iss"] == claims["aud"] == ORG and claims["ver"] == 1 and claims["jti"].startswith("AT.")
    assert claims["sub"] == claims["cid"] == robot["id"] and claims["scp"] == ["okta.users.read"]
    sent = {"authorization": f"Bearer {found['access_token']}"}
    assert get(org, "/api/v1/users", headers=sent).status == 200
    denied = get(org, "/api/v1/groups", headers=sent)
    assert denied.status == 403 and body(denied)["errorCode"] == "E0000006"
    assert denied.header("www-authenticate") == (
        f'Bearer authorization_uri="http://{HOST}/oauth2/v1/authorize", realm="http://{HOST}", scope="okta.groups.read", '
        'error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", '
        'resource="/api/v1/groups"'
    )
    assert "app.oauth2.token.grant.access_token" in kinds(org)


def test_parameters_may_stand_in_the_query(org: World) -> None:
    from urllib.parse import urlencode

    robot = service(org, "okta.users.read")
    form = {"grant_type": "client_credentials", "scope": "okta.users.read",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion(org, robot["id"])}  # fmt: skip
    assert post(org, AT, query=urlencode(form)).status == 200


@pytest.mark.parametrize(
    ("kind", "alg"), [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("RSA", "RS512")]
)
def test_keys_of_other_kinds(org: World, kind: str, alg: str) -> None:
    robot = service(org, "okta.users.read", keys=[jwk("k", kind)])
    answer = service_token(org, robot, "okta.users.read", signer=key("k", kind), alg=alg, headers={"kid": "k"})
    assert answer.status == 200, answer.body


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"aud": "https://evil.example/"}, "The audience claim for client_assertion must be the endpoint invoked for the request."),
        ({"exp": 1}, "The client_assertion token is expired."),
        ({"exp": 99999999999}, "The client_assertion token has an expiration too far into the future."),
        ({"exp": None}, "The client_assertion token must have an expiration."),
        ({"iss": "somebody"}, "The 'iss' claim of client_assertion must be the client ID."),
        ({"headers": {"kid": "other"}}, "The client_assertion JWT kid is invalid."),
        ({"name": "two", "headers": {"kid": "one"}}, "The client_assertion signature is invalid."),
        ({"sub": "0oanobody"}, "Invalid value for 'client_id' parameter."),
    ],
)  # fmt: skip
def test_bad_assertions(org: World, claims, text: str) -> None:
    robot = service(org, "okta.users.read")
    assert error(service_token(org, robot, "okta.users.read", **claims)) == (401, "invalid_client", text)


def test_an_assertion_works_once(org: World) -> None:
    robot = service(org, "okta.users.read")
    assert service_token(org, robot, "okta.users.read", jti="a").status == 200
    assert (
        error(service_token(org, robot, "okta.users.read", jti="a"))[2]
        == "The client_assertion token has already been used."
    )


def test_forged_algorithms(org: World) -> None:
    robot = service(org, "okta.users.read")
    unsigned = jwt.encode({"iss": robot["id"], "sub": robot["id"]}, None, algorithm="none", headers={"kid": "one"})
    form = {"grant_type": "client_credentials", "client_assertion": unsigned,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
    assert error(post(org, AT, form))[:2] == (401, "invalid_client")


def test_scopes_must_be_granted(org: World) -> None:
    robot = service(org, "okta.users.read")
    text = "One or more scopes are not configured for the authorization server resource."
    assert error(service_token(org, robot, "okta.groups.read")) == (400, "invalid_scope", text)
    assert error(service_token(org, robot, "openid"))[1] == "invalid_scope"
    grants = org.okta.get(f"/api/v1/apps/{robot['id']}/grants?expand=scope")
    assert grants[0]["_embedded"] == {"scope": {"id": "okta.users.read"}}
    org.okta.call("DELETE", f"/api/v1/apps/{robot['id']}/grants/{grants[0]['id']}")
    assert error(service_token(org, robot, "okta.users.read"))[1] == "invalid_scope"


def test_a_token_needs_a_role_too(org: World) -> None:
    robot = service(org, "okta.users.read", "okta.groups.manage", role=None)
    sent = bearer(org, robot, "okta.users.read")
    answer = get(org, "/api/v1/users", headers=sent)
    assert answer.status == 403 and answer.header("www-authenticate") is None
    org.okta.post(f"/oauth2/v1/clients/{robot['id']}/roles", {"type": "READ_ONLY_ADMIN"})
    assert get(org, "/api/v1/users", headers=sent).status == 200
    assert refused(org, "POST", f"/oauth2/v1/clients/{robot['id']}/roles", {"type": "READ_ONLY_ADMIN"})[1] == "E0000090"


def test_expired_revoked_tampered_and_foreign_tokens(org: World) -> None:
    robot = service(org, "okta.users.read")
    sent = bearer(org, robot, "okta.users.read")
    text = sent["authorization"]
    for bad in (text[:-4] + "AAAA", "Bearer x", "Bearer a.b.c", "Bearer", text.replace("Bearer", "DPoP")):
        answer = get(org, "/api/v1/users", headers={"authorization": bad})
        assert answer.status == 401 and body(answer)["errorCode"] == "E0000011", bad
        if bad != "Bearer":
            assert 'error="invalid_token"' in str(answer.header("www-authenticate"))
    assert get(org, "/api/v1/users", headers=sent).status == 200
    form = {"token": text.split()[1], "client_assertion": assertion(org, robot["id"], aud=f"{ORG}/oauth2/v1/revoke"),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
    assert post(org, "/oauth2/v1/revoke", form).status == 200
    assert get(org, "/api/v1/users", headers=sent).status == 401
    again = bearer(org, robot, "okta.users.read")
    assert get(org, "/api/v1/users", headers=again).status == 200
    org.clock.advance(seconds=3601)
    assert get(org, "/api/v1/users", headers=again).status == 401


def test_the_log_names_the_client_as_actor(org: World) -> None:
    robot = service(org, "okta.groups.manage")
    sent = {**bearer(org, robot, "okta.groups.manage"), "content-type": "application/json"}
    assert post(org, "/api/v1/groups", b'{"profile":{"name":"By robot"}}', headers=sent).status == 200
    event = org.okta.get('/api/v1/logs?filter=eventType eq "group.lifecycle.create"')[-1]
    assert (event["actor"]["type"], event["actor"]["id"]) == ("PublicClientApp", robot["id"])


def test_keys_at_an_address_of_the_clients(org: World) -> None:
    robot = service(org, "okta.users.read")
    settings = robot["settings"]["oauthClient"]
    settings.pop("jwks")
    settings["jwks_uri"] = "http://127.0.0.1:9/keys"
    made = org.okta.call("PUT", f"/api/v1/apps/{robot['id']}", robot)
    assert made.status == 200, made.body
    asked: list[str] = []

    def answer(sent):
        asked.append(sent.path)
        return Answer(200, [], orjson.dumps({"keys": [jwk("one")]}))

    org.engine.outbound = answer
    assert service_token(org, robot, "okta.users.read").status == 200
    assert service_token(org, robot, "okta.users.read", jti="x").status == 200
    assert asked == ["/keys"]
    org.clock.advance(hours=2)
    org.engine.outbound = lambda sent: None
    assert error(service_token(org, robot, "okta.users.read")) == (
        401, "invalid_client", "The client's JWKS could not be retrieved from its jwks_uri.",
    )  # fmt: skip


def test_what_goes_with_a_client_and_a_group(org: World) -> None:
    robot = service(org, "okta.users.read")
    sent = bearer(org, robot, "okta.users.read")
    at = f"/api/v1/apps/{robot['id']}"
    org.okta.call("POST", f"{at}/lifecycle/deactivate")
    assert get(org, "/api/v1/users", headers=sent).status == 401
    assert error(service_token(org, robot, "okta.users.read"))[1] == "invalid_client"
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", f"{at}/grants")[0] == 404
    group = org.okta.post("/api/v1/groups", {"profile": {"name": "Admins"}})
    org.okta.post(f"/api/v1/groups/{group['id']}/roles", {"type": "APP_ADMIN"})
    assert org.okta.call("DELETE", f"/api/v1/groups/{group['id']}").status == 204
    assert org.okta.get("/api/v1/iam/assignees/users?limit=1")["value"]


def test_a_client_id_of_ones_own_is_not_the_apps_id(org):
    body = {
        "name": "oidc_client", "label": "Robot with a name", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"client_id": "robot-with-a-name", "token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"]}},
    }  # fmt: skip
    app = org.okta.post("/api/v1/apps", body)
    own = app["credentials"]["oauthClient"]["client_id"]
    assert app["id"].startswith("0oa") and own == "robot-with-a-name"
    assert org.okta.call("POST", "/api/v1/apps", {**body, "label": "Another"}).status == 400
    grant = org.okta.post(f"/api/v1/apps/{app['id']}/grants", {"scopeId": "okta.users.read", "issuer": ORG})
    assert grant["clientId"] == own and grant["_embedded"] == {"scope": {"id": "okta.users.read"}}
    links = {name: grant["_links"][name]["href"].rpartition("/v1/")[2] for name in ("app", "client")}
    assert links == {"app": f"apps/{app['id']}", "client": f"clients/{own}"}
    assert "_embedded" not in org.okta.get(f"/api/v1/apps/{app['id']}/grants")[0]
    assert org.okta.get(f"/oauth2/v1/clients/{own}")["client_id"] == own
    assert org.okta.call("GET", f"/oauth2/v1/clients/{app['id']}").status == 404
    org.okta.call("POST", f"/api/v1/apps/{app['id']}/lifecycle/deactivate")
    assert org.okta.call("DELETE", f"/api/v1/apps/{app['id']}").status == 204
    assert org.okta.call("GET", f"/oauth2/v1/clients/{own}").status == 404
