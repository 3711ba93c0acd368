"""On-behalf-of: an API calls the next one as its caller. graph-entra.md 2.3, 2.14."""

from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols.jose import mint_jwt
from tests.entra.login.worlds import (
    FOREIGN,
    LAB,
    LAB_SECRET,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    PUBLIC,
    TENANT,
    claims,
    load,
    signins,
    token,
)

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SIGNER = load("entra-signing-a")
URI = "api://middle"


def api(world: World, *, version: int | None = None, consented: bool = True, known: bool = False) -> Doc:
    """A middle-tier API: the public client may call it, and it may read the caller's own profile."""
    scope = {"id": "c1000000-0000-4000-8000-000000000001", "value": "access", "type": "User", "isEnabled": True,
             "adminConsentDisplayName": "a", "adminConsentDescription": "a"}  # fmt: skip
    graph = world.entra.get("/servicePrincipals?$filter=appId eq '00000003-0000-0000-c000-000000000000'")["value"][0]
    read = next(item["id"] for item in graph["oauth2PermissionScopes"] if item["value"] == "User.Read")
    app = world.entra.post("/applications", {
        "displayName": "Middle", "identifierUris": [URI],
        "api": {"requestedAccessTokenVersion": version, "oauth2PermissionScopes": [scope],
                "knownClientApplications": [PUBLIC] if known else [],
                "preAuthorizedApplications": [{"appId": PUBLIC, "delegatedPermissionIds": [scope["id"]]}]},
        "requiredResourceAccess": [{"resourceAppId": graph["appId"], "resourceAccess": [{"id": read, "type": "Scope"}]}],
    })  # fmt: skip
    principal = world.entra.post("/servicePrincipals", {"appId": app["appId"]})
    secret = world.entra.post(f"/applications/{app['id']}/addPassword", {})["secretText"]
    if consented:
        grant = {
            "clientId": principal["id"],
            "consentType": "AllPrincipals",
            "resourceId": graph["id"],
            "scope": "User.Read",
        }
        world.entra.post("/oauth2PermissionGrants", grant)
    return {"id": app["appId"], "secret": secret, "principal": principal["id"]}


def caller_token(world: World, scope: str = f"{URI}/access", **changes: str) -> str:
    form = {"grant_type": "password", "client_id": PUBLIC, "username": LIN, "password": LIN_PASSWORD, "scope": scope}
    status, body = token(world, {**form, **changes})
    assert status == 200, body
    return str(body["access_token"])


def obo(world: World, app: Doc, assertion: str, **changes: str) -> tuple[int, Doc]:
    form = {
        "grant_type": GRANT, "client_id": app["id"], "client_secret": app["secret"], "assertion": assertion,
        "requested_token_use": "on_behalf_of", "scope": "https://graph.microsoft.com/User.Read offline_access", **changes,
    }  # fmt: skip
    return token(world, {key: value for key, value in form.items() if value})


@pytest.mark.parametrize("version", [None, 2])
def test_a_token_for_the_next_api(world: World, version: int | None) -> None:
    app = api(world, version=version)
    first = caller_token(world)
    found = claims(first)
    assert (found["aud"], found["scp"]) == (URI if version is None else app["id"], "access")
    status, body = obo(world, app, first)
    assert status == 200, body
    found = claims(body["access_token"])
    assert (found["upn"], found["appid"], found["appidacr"], found["scp"]) == (LIN, app["id"], "1", "User.Read")
    refresh = {"grant_type": "refresh_token", "client_id": app["id"], "client_secret": app["secret"],
               "refresh_token": body["refresh_token"]}  # fmt: skip
    assert token(world, refresh)[0] == 200
    record = signins(world)[2]
    assert (record["signInEventTypes"], record["appId"]) == (["nonInteractiveUser"], app["id"])


def test_consent_is_needed(world: World) -> None:
    app = api(world, consented=False)
    status, body = obo(world, app, caller_token(world))
    assert (status, body["error"], body["error_codes"], body["suberror"]) == (
        400,
        "invalid_grant",
        [65001],
        "consent_required",
    )


def minted(world: World, app: Doc, **changes: Any) -> str:
    now = world.clock.now() // 1000
    user = world.entra.get(f"/users/{LIN}")["id"]
    payload = {"aud": URI, "iss": f"https://sts.windows.net/{TENANT}/", "iat": now, "nbf": now, "exp": now + 3600, "oid": user,
               "scp": "access", "appid": PUBLIC, "sub": "s", "amr": ["pwd"], "ver": "1.0", **changes}  # fmt: skip
    key = payload.pop("key", SIGNER)
    return mint_jwt({name: value for name, value in payload.items() if value is not None}, key)


def test_what_is_no_good_assertion(world: World) -> None:
    app = api(world)
    now = world.clock.now() // 1000
    cases: list[tuple[str, int]] = [
        ("nonsense", 50027),
        ("a.b.c", 50027),
        (minted(world, app, key=FOREIGN), 50013),
        (minted(world, app)[:-8] + "AAAAAAAA", 50013),
        (minted(world, app, iss="https://sts.windows.net/other/"), 50013),
        (minted(world, app, aud="api://other"), 500131),
        (minted(world, app, aud=[URI]), 500131),
        (minted(world, app, exp=now - 600), 500133),
        (minted(world, app, nbf=now + 600), 500133),
        (minted(world, app, exp=None), 50027),
        (minted(world, app, appid=None), 240002),
        (minted(world, app, scp=None, idtyp="app"), 50013),
        (minted(world, app, oid="nobody"), 50034),
        (minted(world, app, oid={"a": 1}), 50034),
        (caller_token(world, "https://graph.microsoft.com/User.Read"), 500131),
    ]
    assert obo(world, app, minted(world, app))[0] == 200
    for assertion, code in cases:
        status, body = obo(world, app, assertion)
        assert (status, body["error_codes"]) == (400, [code]), assertion


def test_the_user_is_looked_at_again(world: World) -> None:
    app = api(world)
    first = caller_token(world)
    world.clock.advance(seconds=30)
    world.entra.post(f"/users/{LIN}/revokeSignInSessions", {})
    assert obo(world, app, first)[1]["error_codes"] == [50173]
    fresh = minted(world, app)
    world.entra.patch(f"/users/{LIN}", {"accountEnabled": False})
    assert obo(world, app, fresh)[1]["error_codes"] == [50057]


def test_the_api_proves_itself(world: World) -> None:
    app = api(world)
    first = caller_token(world)
    assert obo(world, app, first, client_secret="")[1]["error_codes"] == [7000218]
    assert obo(world, app, first, client_secret="wrong")[1]["error_codes"] == [7000215]
    assert obo(world, app, "")[1]["error_codes"] == [900144]
    assert obo(world, app, first, requested_token_use="")[1]["error_codes"] == [900144]
    assert obo(world, app, first, requested_token_use="other")[1]["error_codes"] == [90023]
    assert obo(world, app, first, request="x.y.z")[1]["error_codes"] == [9002313]  # a device's, and none has signed it
    assert obo(world, app, first, requested_token_type="urn:ietf:params:oauth:token-type:saml2")[1]["error_codes"] == [
        90010
    ]


def test_an_application_is_nobody_to_act_for(world: World) -> None:
    app = api(world)
    form = {
        "grant_type": "client_credentials",
        "client_id": LAB,
        "client_secret": LAB_SECRET,
        "scope": f"{URI}/.default",
    }
    own = token(world, form)[1]["access_token"]
    assert claims(own)["aud"] == URI
    assert obo(world, app, own)[1]["error_codes"] == [50013]
    assert LOGIN in obo(world, app, own)[1]["error_uri"]
