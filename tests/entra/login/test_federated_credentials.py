"""Workload identity federation: tokens of another issuer as client credentials. graph-entra.md 2.3; security.md F1."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.protocols.jose import mint_jwt
from emulator.protocols.keys import SigningKey
from emulator.wire.client import Http, json_of
from tests.entra.login.worlds import FOREIGN, KEY, LAB, NEXT, claims, signins, token

ISSUER = "https://issuer.example/oauth2/one"
AUDIENCE = "api://AzureADTokenExchange"
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Issuer:
    """Somebody's OpenID provider; what it was asked for, and what it answers."""

    def __init__(self, key: SigningKey) -> None:
        self.asked: list[str] = []
        self.documents: dict[str, Any] = {
            "/oauth2/one/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": "https://issuer.example/keys"},
            "/keys": {"keys": [{"kty": "EC", "kid": "x"}, "junk", {"kty": "RSA", "kid": "bad", "n": "AQAB", "e": "AQAB"},
                               {**key.jwk(), "kid": "one"}]},
        }  # fmt: skip

    def __call__(self, sent: Exchange) -> Answer | None:
        self.asked.append(f"{sent.scheme}://{sent.host}{sent.path}")
        if sent.host != "issuer.example" or sent.path not in self.documents:
            return None
        found = self.documents[sent.path]
        return found if isinstance(found, Answer) else Answer(200, [], orjson.dumps(found))


@pytest.fixture
def issuer(world: World) -> Iterator[Issuer]:
    made = Issuer(KEY)
    world.engine.outbound = made
    application = world.entra.get(f"/applications(appId='{LAB}')")
    trusted = {"name": "pipeline", "issuer": ISSUER, "subject": "repo:acme/app", "audiences": [AUDIENCE]}
    world.entra.post(f"/applications/{application['id']}/federatedIdentityCredentials", trusted)
    yield made


def present(world: World, *, key: SigningKey = KEY, kid: str = "one", **changes: Any) -> tuple[int, Doc]:
    now = world.clock.now() // 1000
    payload = {"iss": ISSUER, "sub": "repo:acme/app", "aud": AUDIENCE, "iat": now, "exp": now + 300, **changes}
    text = mint_jwt({name: value for name, value in payload.items() if value is not None}, key, headers={"kid": kid})
    form = {"grant_type": "client_credentials", "client_id": LAB, "scope": "https://graph.microsoft.com/.default",
            "client_assertion": text, "client_assertion_type": KIND}  # fmt: skip
    return token(world, form)


def refused(world: World, **changes: Any) -> tuple[int, str, int]:
    status, body = present(world, **changes)
    return status, body["error"], body["error_codes"][0]


def test_a_token_of_a_trusted_issuer(world: World, issuer: Issuer) -> None:
    status, body = present(world)
    assert status == 200, body
    assert (claims(body["access_token"])["appidacr"], claims(body["access_token"])["appid"]) == ("2", LAB)
    record = signins(world)[-1]
    assert record["clientCredentialType"] == "federatedIdentityCredential"
    assert record["federatedCredentialId"]
    assert record["uniqueTokenIdentifier"] == claims(body["access_token"])["uti"]
    assert issuer.asked == [f"{ISSUER}/.well-known/openid-configuration", "https://issuer.example/keys"]
    assert present(world)[0] == 200
    assert len(issuer.asked) == 2  # keys are remembered for an hour
    world.clock.advance(hours=1)
    assert present(world)[0] == 200
    assert len(issuer.asked) == 4


def test_what_must_match_exactly(world: World, issuer: Issuer) -> None:
    cases: list[tuple[dict[str, Any], int]] = [
        ({"iss": ISSUER + "/"}, 700211), ({"iss": "https://evil.example/"}, 700211), ({"sub": "repo:acme/App"}, 700213),
        ({"sub": None}, 700213), ({"sub": ["repo:acme/app"]}, 700213), ({"aud": "api://other"}, 700212),
        ({"aud": [AUDIENCE]}, 700212),
    ]  # fmt: skip
    for changes, code in cases:
        assert refused(world, **changes) == (401, "invalid_client", code), changes
    assert issuer.asked == []  # nobody is asked for a token that no credential is for
    now = world.clock.now() // 1000
    for changes, code in (
        ({"key": FOREIGN}, 50013), ({"kid": "other"}, 50013), ({"kid": "bad"}, 50013), ({"exp": now - 600}, 700024),
        ({"nbf": now + 600}, 700024), ({"exp": None}, 700024), ({"exp": "soon"}, 700024),
    ):  # fmt: skip
        assert refused(world, **changes) == (401, "invalid_client", code), changes


def test_new_keys_are_found(world: World, issuer: Issuer) -> None:
    assert present(world)[0] == 200
    issuer.documents["/keys"] = {"keys": [{**NEXT.jwk(), "kid": "two"}]}
    assert refused(world, key=NEXT, kid="two")[2] == 50013  # not asked again within five minutes
    world.clock.advance(minutes=5)
    assert present(world, key=NEXT, kid="two")[0] == 200


@pytest.mark.parametrize(
    "metadata",
    [
        None, [], "x", {"issuer": ISSUER}, {"issuer": "https://evil.example", "jwks_uri": "https://issuer.example/keys"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}, {"issuer": ISSUER, "jwks_uri": "http://issuer.example/keys"},
        {"issuer": ISSUER, "jwks_uri": "https://issuer.example@evil.example/keys"}, {"issuer": ISSUER, "jwks_uri": "https://[::1"},
        {"issuer": ISSUER, "jwks_uri": "https://evil.example/keys"}, {"issuer": ISSUER, "jwks_uri": 5},
        Answer(302, [("Location", "https://evil.example/")], b""), Answer(200, [], b"{" * 100_000),
    ],
)  # fmt: skip
def test_issuers_that_publish_nothing_good(world: World, issuer: Issuer, metadata: Any) -> None:
    issuer.documents["/oauth2/one/.well-known/openid-configuration"] = metadata
    assert refused(world) == (401, "invalid_client", 50166)
    assert {urlsplit(url).scheme for url in issuer.asked} == {"https"}


def test_no_credential_no_trust(world: World) -> None:
    assert refused(world) == (401, "invalid_client", 700211)


def test_the_worlds_own_way_out_reaches_no_stranger(world: World) -> None:
    application = world.entra.get(f"/applications(appId='{LAB}')")
    trusted = {"name": "pipeline", "issuer": ISSUER, "subject": "repo:acme/app", "audiences": [AUDIENCE]}
    world.entra.post(f"/applications/{application['id']}/federatedIdentityCredentials", trusted)
    assert refused(world) == (401, "invalid_client", 50166)


def test_an_authorization_server_of_the_okta_org() -> None:
    """Both parties for real: a service app of the org, its token, and Microsoft's answer to it."""
    with World("acme") as world:
        at = "/api/v1/authorizationServers"
        server = world.okta.post(at, {"name": "Robots", "description": "d", "audiences": [AUDIENCE]})
        world.okta.post(f"{at}/{server['id']}/scopes", {"name": "exchange"})
        policy = world.okta.post(f"{at}/{server['id']}/policies", {
            "type": "OAUTH_AUTHORIZATION_POLICY", "name": "P", "description": "d", "priority": 1,
            "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        })  # fmt: skip
        world.okta.post(f"{at}/{server['id']}/policies/{policy['id']}/rules", {
            "type": "RESOURCE_ACCESS", "name": "R", "priority": 1,
            "conditions": {"people": {"groups": {"include": ["EVERYONE"]}}, "grantTypes": {"include": ["client_credentials"]},
                           "scopes": {"include": ["exchange"]}},
            "actions": {"token": {"accessTokenLifetimeMinutes": 5}},
        })  # fmt: skip
        robot = world.okta.post("/api/v1/apps", {
            "name": "oidc_client", "label": "Robot", "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_post"}},
            "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"],
                                         "response_types": ["token"]}},
        })  # fmt: skip
        oauth = robot["credentials"]["oauthClient"]
        form = {"grant_type": "client_credentials", "scope": "exchange", "client_id": oauth["client_id"],
                "client_secret": oauth["client_secret"]}  # fmt: skip
        issued = json_of(Http(world.transport).request("POST", f"{server['issuer']}/v1/token", form=form))
        assert isinstance(issued, dict)
        lab = world.spec.lab["entra"]
        application = world.entra.get(f"/applications(appId='{lab['client_id']}')")
        world.entra.post(f"/applications/{application['id']}/federatedIdentityCredentials", {
            "name": "okta", "issuer": server["issuer"], "subject": oauth["client_id"], "audiences": [AUDIENCE],
        })  # fmt: skip
        status, body = token(world, {
            "grant_type": "client_credentials", "client_id": lab["client_id"], "client_assertion_type": KIND,
            "client_assertion": issued["access_token"], "scope": "https://graph.microsoft.com/.default",
        }, tenant=lab["tenant_id"])  # fmt: skip
        assert status == 200, body
        assert claims(body["access_token"])["appid"] == lab["client_id"]
        assert world.engine.crashes == []
