"""Unmodified clients of OAuth for Okta: the SDK with a private key, bound by DPoP or not, and Okta's token verifier."""

import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest
import requests

from emulator.serving.environment import environment
from emulator.serving.lab import Lab
from tests.okta.oauth.clients import jwk, key


@pytest.fixture(scope="module")
def lab():
    with Lab("acme") as running:
        yield running


def api(lab: Lab, method: str, path: str, body: Any = None) -> Any:
    sent = {"authorization": f"SSWS {lab.info['okta']['token']}"}
    answer = requests.request(method, lab.info["urls"]["okta"] + path, json=body, headers=sent, timeout=20)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def robot(lab: Lab, *, dpop: bool) -> str:
    made = api(lab, "POST", "/api/v1/apps", {
        "name": "oidc_client", "label": f"Robot {dpop}", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
        "settings": {"oauthClient": {
            "application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"],
            "jwks": {"keys": [jwk()]}, "dpop_bound_access_tokens": dpop,
        }},
    })  # fmt: skip
    issuer = f"https://{lab.info['hosts']['okta']}"
    for scope in ("okta.users.read", "okta.groups.read"):
        api(lab, "POST", f"/api/v1/apps/{made['id']}/grants", {"scopeId": scope, "issuer": issuer})
    api(lab, "POST", f"/oauth2/v1/clients/{made['id']}/roles", {"type": "SUPER_ADMIN"})
    return str(made["id"])


def pem() -> str:
    from cryptography.hazmat.primitives import serialization as s

    return key().private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()


def run(lab: Lab, code: str, **more: str) -> str:
    given = {k: v for k, v in {**os.environ, **environment(lab.info)}.items() if k != "OKTA_CLIENT_TOKEN"}
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)], env={**given, **more}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


@pytest.mark.parametrize("dpop", [False, True])
def test_the_sdk_with_a_private_key(lab, dpop):
    pytest.importorskip("okta")
    out = run(lab, f"""
        import asyncio, os
        from okta.client import Client

        async def main():
            config = {{"orgUrl": "https://{lab.info["hosts"]["okta"]}", "authorizationMode": "PrivateKey",
                      "clientId": os.environ["ROBOT"], "privateKey": os.environ["PEM"], "kid": "one",
                      "scopes": ["okta.users.read", "okta.groups.read"], "dpopEnabled": {dpop}}}
            async with Client(config) as client:
                for _ in range(2):
                    users, _, error = await client.list_users(limit=5)
                    assert error is None and len(users) == 5, error
                groups, _, error = await client.list_groups()
                assert error is None and groups, error
                apps, response, error = await client.list_applications()
                assert error is not None and "E0000006" in str(error), error
                print("ok")
        asyncio.run(main())
    """, ROBOT=robot(lab, dpop=dpop), PEM=pem())  # fmt: skip
    assert out.strip() == "ok"


def test_oktas_verifier_takes_our_tokens_and_no_others(lab):
    pytest.importorskip("okta_jwt_verifier")
    person = next(u for u in lab.info["users"] if u["role"] == "person" and u["federated"])
    made = api(lab, "POST", "/api/v1/apps", {
        "name": "oidc_client", "label": "Verified", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_post"}},
        "settings": {"implicitAssignment": True, "oauthClient": {
            "application_type": "web", "grant_types": ["authorization_code", "password"], "response_types": ["code"],
            "redirect_uris": ["https://app.acme.example/back"],
        }},
    })  # fmt: skip
    policy = api(lab, "POST", "/api/v1/policies", {"type": "ACCESS_POLICY", "name": "Password is enough"})
    method = {"type": "ASSURANCE", "factorMode": "1FA", "reauthenticateIn": "PT43800H"}
    api(lab, "POST", f"/api/v1/policies/{policy['id']}/rules", {
        "type": "ACCESS_POLICY", "name": "Password", "priority": 1,
        "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}},
    })  # fmt: skip
    api(lab, "PUT", f"/api/v1/apps/{made['id']}/policies/{policy['id']}")
    client = made["credentials"]["oauthClient"]
    form = {"grant_type": "password", "username": person["login"], "password": person["password"],
            "scope": "openid profile", "client_id": client["client_id"], "client_secret": client["client_secret"]}  # fmt: skip
    answer = requests.post(lab.info["urls"]["okta"] + "/oauth2/default/v1/token", data=form, timeout=20)
    assert answer.status_code == 200, answer.text
    out = run(lab, f"""
        import asyncio, os
        from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier
        from okta_jwt_verifier.exceptions import JWTValidationException

        async def main():
            issuer = "https://{lab.info["hosts"]["okta"]}/oauth2/default"
            access, identity = os.environ["ACCESS"], os.environ["IDENTITY"]
            proxy = os.environ["HTTPS_PROXY"]
            await AccessTokenVerifier(issuer=issuer, audience="api://default", proxy=proxy).verify(access)
            await IDTokenVerifier(issuer=issuer, client_id={client["client_id"]!r}, audience={client["client_id"]!r}, proxy=proxy).verify(identity)
            head, body, mark = access.split(".")
            for bad in (f"{{head}}.{{body[:-4]}}AAAA.{{mark}}", f"{{head}}.{{body}}.{{mark[:-6]}}AAAAAA", identity):
                try:
                    await AccessTokenVerifier(issuer=issuer, audience="api://default", proxy=proxy).verify(bad)
                except JWTValidationException:
                    continue
                raise SystemExit("a bad token was taken: " + bad)
            print("ok")
        asyncio.run(main())
    """, ACCESS=answer.json()["access_token"], IDENTITY=answer.json()["id_token"])  # fmt: skip
    assert out.strip() == "ok"
