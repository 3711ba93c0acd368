"""What tokens say: formats, optional claims, groups and their overage, roles, the claims parameter. graph-entra.md 2.4."""

from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.client import Http, json_of
from tests.entra.login.worlds import (
    DANA,
    DANA_ID,
    GRAPH_SCOPE,
    LAB,
    LAB_SECRET,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    PUBLIC,
    SPA,
    SPA_URI,
    TENANT,
    answered,
    authorize_url,
    claims,
    redeem,
    sign_in_federated,
    sign_in_managed,
    stopping,
    token,
)

URI = "api://orders"
BASIC = {"aud", "iss", "iat", "nbf", "exp", "aio", "rh", "tid", "oid", "scp", "sub", "uti", "ver", "name"}
ROLE = {"id": "c0000000-0000-4000-8000-000000000001", "value": "Read.All", "displayName": "r", "description": "r",
        "isEnabled": True, "allowedMemberTypes": ["User"]}  # fmt: skip
SCOPE = {"id": "c1000000-0000-4000-8000-000000000001", "value": "read", "type": "User", "isEnabled": True,
         "adminConsentDisplayName": "a", "adminConsentDescription": "a"}  # fmt: skip


def api(world: World, *, version: int | None = None, **more: Any) -> tuple[Doc, Doc]:
    app = world.entra.post("/applications", {
        "displayName": "Orders", "identifierUris": [URI], "appRoles": [ROLE], **more,
        "api": {"requestedAccessTokenVersion": version, "oauth2PermissionScopes": [SCOPE],
                "preAuthorizedApplications": [{"appId": PUBLIC, "delegatedPermissionIds": [SCOPE["id"]]}]},
    })  # fmt: skip
    return app, world.entra.post("/servicePrincipals", {"appId": app["appId"]})


def person(world: World, scope: str = f"{URI}/read", **changes: str) -> Doc:
    """The answer to a password grant for Lin."""
    form = {"grant_type": "password", "client_id": PUBLIC, "username": LIN, "password": LIN_PASSWORD, "scope": scope}
    status, body = token(world, {**form, **changes})
    assert status == 200, body
    return body


def access(world: World, scope: str = f"{URI}/read", **changes: str) -> Doc:
    return claims(person(world, scope, **changes)["access_token"])


def configure(world: World, app_id: str, **changes: Any) -> None:
    app = world.entra.get(f"/applications(appId='{app_id}')")
    world.entra.patch(f"/applications/{app['id']}", changes)


def lin(world: World) -> str:
    return str(world.entra.get(f"/users/{LIN}")["id"])


def group(world: World, name: str, **more: Any) -> str:
    body = {"displayName": name, "mailNickname": name, "mailEnabled": False, "securityEnabled": True, **more}
    made = world.entra.post("/groups", body)
    world.entra.post(f"/groups/{made['id']}/members/$ref", {
        "@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{lin(world)}"})  # fmt: skip
    return str(made["id"])


def test_v1_and_v2_tokens_of_an_api(world: World) -> None:
    app, _ = api(world)
    found = access(world)
    assert set(found) == BASIC | {
        "acr", "amr", "app_displayname", "appid", "appidacr", "ipaddr", "unique_name", "upn",
    }  # fmt: skip
    assert (found["aud"], found["ver"], found["scp"], found["appid"]) == (URI, "1.0", "read", PUBLIC)
    assert access(world, f"{app['appId']}/read")["aud"] == app["appId"]
    configure(world, app["appId"], api={"requestedAccessTokenVersion": 2})
    found = access(world)
    assert set(found) == BASIC | {"azp", "azpacr", "preferred_username"}
    assert (found["aud"], found["ver"], found["iss"]) == (app["appId"], "2.0", f"{LOGIN}/{TENANT}/v2.0")


def test_app_roles_directly_and_by_a_group(world: World) -> None:
    app, principal = api(world)
    assert "roles" not in access(world)
    chosen = group(world, "Readers")
    for holder, kind in ((chosen, "groups"), (lin(world), "users")):
        body = {"principalId": holder, "resourceId": principal["id"], "appRoleId": ROLE["id"]}
        world.entra.post(f"/{kind}/{holder}/appRoleAssignments", body)
        assert access(world)["roles"] == ["Read.All"]
    assert app["appRoles"][0]["value"] == "Read.All"


def test_optional_claims_of_an_access_token(world: World) -> None:
    wanted = ["acct", "auth_time", "ctry", "email", "family_name", "given_name", "ipaddr", "login_hint", "sid",
              "tenant_ctry", "upn", "verified_primary_email", "nonsense"]  # fmt: skip
    app, _ = api(world, version=2, optionalClaims={"accessToken": [{"name": name} for name in wanted]})
    world.entra.patch(f"/users/{LIN}", {"givenName": "Lin", "surname": "Lab", "usageLocation": "DE"})
    found = access(world)
    assert (found["acct"], found["auth_time"], found["ctry"], found["tenant_ctry"]) == (
        0, world.clock.now() // 1000, "DE", "US",
    )  # fmt: skip
    assert (found["given_name"], found["family_name"], found["upn"]) == ("Lin", "Lab", LIN)
    assert found["login_hint"].startswith("O.")
    assert {"email", "sid", "nonsense", "idtyp"}.isdisjoint(found)  # what the tenant does not have is left out
    both = [{"name": "idtyp", "additionalProperties": ["include_user_token"]}]
    configure(world, app["appId"], optionalClaims={"accessToken": both})
    assert access(world)["idtyp"] == "user"
    form = {
        "grant_type": "client_credentials",
        "client_id": LAB,
        "client_secret": LAB_SECRET,
        "scope": f"{URI}/.default",
    }
    assert claims(token(world, form)[1]["access_token"])["idtyp"] == "app"


def test_an_audience_as_guid(world: World) -> None:
    app, _ = api(world, optionalClaims={"accessToken": [{"name": "aud", "additionalProperties": ["use_guid"]}]})
    assert access(world)["aud"] == app["appId"]


def test_groups(world: World) -> None:
    app, principal = api(world, groupMembershipClaims="SecurityGroup")
    assert "groups" not in access(world)
    inner, mail = (
        group(world, "Inner"),
        group(world, "Mail", securityEnabled=False, mailEnabled=True, groupTypes=["Unified"]),
    )
    outer = world.entra.post(
        "/groups", {"displayName": "Outer", "mailNickname": "o", "mailEnabled": False, "securityEnabled": True}
    )
    world.entra.post(f"/groups/{outer['id']}/members/$ref", {
        "@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{inner}"})  # fmt: skip
    assert set(access(world)["groups"]) == {inner, outer["id"]}
    assert "wids" not in access(world)
    configure(world, app["appId"], groupMembershipClaims="All")
    assert set(access(world)["groups"]) == {inner, outer["id"], mail}
    assert access(world)["wids"] == ["b79fbf4d-3ef9-4689-8143-76b194e85509"]
    configure(world, app["appId"], groupMembershipClaims="ApplicationGroup")
    assert "groups" not in access(world)
    body = {"principalId": inner, "resourceId": principal["id"], "appRoleId": ROLE["id"]}
    world.entra.post(f"/groups/{inner}/appRoleAssignments", body)
    assert access(world)["groups"] == [inner]
    named = [{"name": "groups", "additionalProperties": ["emit_as_roles", "cloud_displayname"]}]
    configure(world, app["appId"], optionalClaims={"accessToken": named})
    assert access(world)["roles"] == ["Inner", "Read.All"]


def test_more_groups_than_a_token_holds(world: World) -> None:
    app, _ = api(world, groupMembershipClaims="SecurityGroup")
    for number in range(6):
        group(world, f"G{number}")
    assert len(access(world)["groups"]) == 6
    configure(world, SPA, groupMembershipClaims="SecurityGroup")
    url = authorize_url(SPA, redirect_uri=SPA_URI, response_type="id_token", nonce="n", scope="openid profile")
    found = claims(answered(sign_in_managed(stopping(world), url))["id_token"])
    assert found["hasgroups"] is True
    assert "groups" not in found
    for number in range(195):
        group(world, f"H{number}")
    found = access(world)
    assert "groups" not in found
    assert found["_claim_names"] == {"groups": "src1"}
    assert found["_claim_sources"]["src1"]["endpoint"].endswith(f"/users/{lin(world)}/getMemberObjects")
    assert app["groupMembershipClaims"] == "SecurityGroup"


def test_an_id_token_says_what_was_asked(world: World) -> None:
    def said(scope: str) -> Doc:
        return claims(person(world, scope)["id_token"])

    world.entra.patch(f"/users/{LIN}", {"mail": LIN})
    least = {"aud", "iss", "iat", "nbf", "exp", "aio", "rh", "tid", "sub", "uti", "ver"}
    assert set(said("openid User.Read")) == least
    assert set(said("openid profile User.Read")) == least | {"name", "oid", "preferred_username"}
    assert said("openid email User.Read")["email"] == LIN
    configure(
        world, PUBLIC, optionalClaims={"idToken": [{"name": "email"}, {"name": "auth_time"}, {"name": "login_hint"}]}
    )
    assert {"email", "auth_time", "login_hint"} <= set(said("openid User.Read"))
    configure(world, PUBLIC, groupMembershipClaims="DirectoryRole", appRoles=[ROLE])
    assert said("openid User.Read")["wids"] == ["b79fbf4d-3ef9-4689-8143-76b194e85509"]


def test_a_directory_extension(world: World) -> None:
    app = world.entra.get(f"/applications(appId='{PUBLIC}')")
    made = world.entra.post(f"/applications/{app['id']}/extensionProperties", {
        "name": "badge", "dataType": "String", "targetObjects": ["User"]})  # fmt: skip
    world.entra.patch(f"/users/{LIN}", {made["name"]: "B-7"})
    configure(world, PUBLIC, optionalClaims={"idToken": [{"name": made["name"], "source": "user"}]})
    assert claims(person(world, "openid User.Read")["id_token"])["extn.badge"] == "B-7"


def test_hybrid_hashes_and_the_session(world: World) -> None:
    configure(world, SPA, optionalClaims={"idToken": [{"name": "sid"}]})
    url = authorize_url(SPA, redirect_uri=SPA_URI, response_type="code id_token", nonce="n", response_mode="fragment")
    sent = answered(sign_in_federated(world, url + f"&login_hint={DANA}"))
    found = claims(sent["id_token"])
    assert len(found["c_hash"]) == 22
    assert (found["sid"], found["oid"], found["nonce"]) == (sent["session_state"], DANA_ID, "n")
    assert "at_hash" not in found


def test_a_login_hint_names_the_person_again(world: World) -> None:
    configure(world, PUBLIC, optionalClaims={"idToken": [{"name": "login_hint"}]})
    hint = claims(person(world, "openid profile User.Read")["id_token"])["login_hint"]
    assert LIN not in hint
    view = stopping(world).get(authorize_url(login_hint=hint))
    assert view.forms[0].fields["login"] == LIN  # the password is asked for at once
    for strange in ("O.", "O.x", "O.AAAA", "O.****"):
        assert "loginfmt" in stopping(world).get(authorize_url(login_hint=strange)).forms[0].fields


# -- the claims parameter --------------------------------------------------------------------------------------------


def test_a_client_that_understands_revocation(world: World) -> None:
    wanted = orjson.dumps({"access_token": {"xms_cc": {"values": ["CP1"]}}}).decode()
    body = person(world, GRAPH_SCOPE, claims=wanted)
    found = claims(body["access_token"])
    assert (found["xms_cc"], found["xms_ssm"]) == (["CP1"], "1")
    assert 20 * 3600 <= body["expires_in"] <= 28 * 3600 + 1
    assert found["exp"] - found["iat"] == body["expires_in"]
    view = sign_in_managed(stopping(world), authorize_url(claims=wanted))
    assert claims(redeem(world, view)[1]["access_token"])["xms_cc"] == ["CP1"]
    assert "xms_cc" not in access(world, GRAPH_SCOPE)


def test_claims_that_are_asked_for(world: World) -> None:
    wanted = orjson.dumps({"id_token": {"auth_time": {"essential": True}, "given_name": None, "unheard": {}}}).decode()
    found = claims(person(world, "openid User.Read", claims=wanted)["id_token"])
    assert found["auth_time"] == world.clock.now() // 1000
    assert "unheard" not in found


@pytest.mark.parametrize("text", ["{", "[]", "5", '{"id_token": 5}', "{" * 20_000, '"x"', "null"])
def test_no_such_claims(world: World, text: str) -> None:
    form = {
        "grant_type": "password",
        "client_id": PUBLIC,
        "username": LIN,
        "password": LIN_PASSWORD,
        "scope": GRAPH_SCOPE,
    }
    status, body = token(world, {**form, "claims": text})
    assert (status, body["error"], body["error_codes"]) == (400, "invalid_request", [9000411])


# -- keys --------------------------------------------------------------------------------------------------------------


def test_keys_take_turns_and_old_tokens_stay_good(world: World) -> None:
    def kids() -> list[str]:
        found = json_of(Http(world.transport).request("GET", f"{LOGIN}/{TENANT}/discovery/v2.0/keys"))
        assert isinstance(found, dict)
        return [key["kid"] for key in found["keys"]]

    def kid() -> str:
        import base64

        head = str(person(world, GRAPH_SCOPE)["access_token"]).split(".")[0]
        return str(orjson.loads(base64.urlsafe_b64decode(head + "=="))["kid"])

    before = kids()
    assert len(before) >= 2
    assert kid() == before[0]
    world.clock.advance(days=41, hours=23, minutes=59, seconds=50)
    held = person(world, GRAPH_SCOPE)["access_token"]
    assert kids() == before
    world.clock.advance(seconds=10)
    assert kids() == [*before[1:], before[0]]
    assert kid() == before[1]
    headers = {"authorization": f"Bearer {held}"}
    assert Http(world.transport).request("GET", "https://graph.microsoft.com/v1.0/me", headers=headers).status == 200
