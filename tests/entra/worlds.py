"""A small tenant for the tests of this room, and clients with Graph tokens of any kind.

The world spec is inline; tokens are minted with the tenant's own signing key, as the token endpoint would.
"""

import copy
from typing import Any

from emulator import World
from emulator.entra.tokens import GRAPH
from emulator.kernel.clock import DAY, parse_iso
from emulator.protocols.jose import mint_jwt
from emulator.protocols.keys import load_signing_key
from emulator.serving.clients import ApiClient
from emulator.serving.files import read_fixture
from emulator.wire.client import Http

TENANT = "5d0c1c2e-1111-4111-8111-111111111111"
APP = "a0000000-0000-4000-8000-000000000001"
APP_SP = "a0000000-0000-4000-8000-0000000000f1"
ADMIN = "b0000000-0000-4000-8000-000000000001"
DANA = "b0000000-0000-4000-8000-000000000002"
CLOCK = "2026-01-15T09:00:00Z"
E3, E5, F3, SPB = (
    "6fd2c87f-b296-42f0-b197-1e91e994b900",
    "c7df2760-2c81-4ef7-b578-5b5392b571df",
    "66b55226-6b4f-492c-910c-a3b7a3c9d993",
    "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46",
)
FEDERATION = {
    "displayName": "Acme", "issuerUri": "acme.example:exk1fedissuer00007",
    "passiveSignInUri": "https://acme.okta.com/app/office365/exk1/sso/wsfed/passive",
    "activeSignInUri": "https://acme.okta.com/app/office365/exk1/sso/wsfed/active",
    "metadataExchangeUri": "https://acme.okta.com/app/office365/exk1/sso/wsfed/mex",
    "signOutUri": "https://acme.okta.com/app/office365/exk1/sso/wsfed/signout",
    "preferredAuthenticationProtocol": "wsFed", "signingCertificate": "@certificates/okta-acme-saml.crt",
}  # fmt: skip
SPEC: dict[str, Any] = {
    "world": "entra-test",
    "clock": CLOCK,
    "lab": {"entra": {"tenant_id": TENANT, "client_id": APP, "client_secret": "test-secret-of-the-lab"}},
    "parties": {
        "entra:acme": {
            "tenant": {"id": TENANT, "displayName": "Acme"},
            "signing_keys": [{"use": "active", "files": "certificates/entra-signing-a"}],
            "domains": [
                {"id": "acme.onmicrosoft.com", "isInitial": True, "isDefault": True},
                {"id": "acme.example", "federation": FEDERATION},
                {"id": "acme-labs.example"},
                {"id": "new.example", "isVerified": False, "dns": True},
                {"id": "dark.example", "isVerified": False},
            ],
            "dns": [{"zone": "auto.example"}],
            "skus": [
                {"skuPartNumber": "ENTERPRISEPACK", "enabled": 3},
                {"skuPartNumber": "ENTERPRISEPREMIUM", "enabled": 2},
                {"skuPartNumber": "SPE_F1", "enabled": 5},
                {"skuPartNumber": "SPB", "enabled": 1},
            ],
            "users": [
                {"id": ADMIN, "userPrincipalName": "admin@acme.onmicrosoft.com", "displayName": "Ada Min",
                 "password": "Correct-Horse-1", "roles": ["Global Administrator"], "usageLocation": "US"},
                {"id": DANA, "userPrincipalName": "dana@acme.example", "displayName": "Dana Fox", "givenName": "Dana",
                 "surname": "Fox", "onPremisesImmutableId": "ZGFuYQ==", "usageLocation": "US",
                 "licenses": ["ENTERPRISEPACK"], "department": "Sales", "manager": "lab@acme-labs.example"},
                {"userPrincipalName": "lab@acme-labs.example", "displayName": "Lab Person",
                 "password": "Correct-Horse-1", "mail": "lab@acme-labs.example"},
            ],
            "groups": [{"displayName": "Sales", "members": ["dana@acme.example"]}],
            "applications": [
                {"appId": APP, "displayName": "Lab", "secret": "test-secret-of-the-lab", "servicePrincipalId": APP_SP,
                 "application_permissions": "all"},
                {"appId": "a0000000-0000-4000-8000-000000000002", "displayName": "Public",
                 "isFallbackPublicClient": True, "redirectUris": {"publicClient": ["http://localhost"]}, "delegated": ["User.Read", "openid"]},
                {"appId": "a0000000-0000-4000-8000-000000000003", "displayName": "Other tenant's app", "external": True,
                 "application_permissions": ["User.ReadWrite.All"], "delegated": ["User.Read"]},
            ],
        }
    },
}  # fmt: skip


def spec(**more: Any) -> dict[str, Any]:
    """The spec, with keys of the tenant's part replaced."""
    made = copy.deepcopy(SPEC)
    made["parties"]["entra:acme"].update(more)
    return made


def world(**more: Any) -> World:
    return World(spec(**more))


def mint(world: World, claims: dict[str, Any], *, key: str = "certificates/entra-signing-a") -> str:
    """A Graph token; `iat`, `exp`, `aud` and `iss` unless given."""
    now = world.clock.now() // 1000
    signing = load_signing_key(read_fixture(key + ".key"), read_fixture(key + ".crt"))
    base = {"aud": GRAPH, "iss": f"https://sts.windows.net/{TENANT}/", "iat": now, "nbf": now, "exp": now + DAY // 1000}
    return mint_jwt({**base, **claims}, signing)


def client(world: World, token: str) -> ApiClient:
    headers = {"authorization": f"Bearer {token}"}
    return ApiClient(Http(world.transport, base="https://graph.microsoft.com", headers=headers), prefix="/v1.0")


def app_client(world: World, *roles: str) -> ApiClient:
    """Graph as the lab's application; without `roles` with every application permission."""
    from emulator.entra.resources.graph_api import app_roles

    held = list(roles or app_roles())
    return client(world, mint(world, {"idtyp": "app", "oid": APP_SP, "appid": APP, "roles": held, "ver": "1.0"}))


def person_client(world: World, user_id: str, scopes: str, **claims: Any) -> ApiClient:
    """Graph as a signed-in user."""
    return client(world, mint(world, {"oid": user_id, "scp": scopes, "appid": APP, **claims}))


def error(answer: Any) -> tuple[int, str, str]:
    """Status, code and message of a refusal; it must carry a why."""
    from emulator.wire.client import json_of

    assert answer.status >= 400, answer.text()
    assert answer.header("x-lab-why"), "every refusal has its why"
    found = json_of(answer)["error"]
    return answer.status, found["code"], found["message"]


def at(text: str) -> int:
    return parse_iso(text)
