"""Consent by the tenant's policies, admin consent to named scopes, consent through an API. graph-entra.md 1.14, 2.5."""

from typing import Any
from urllib.parse import urlencode

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.browser import View
from tests.entra.login.test_on_behalf_of import URI, api, caller_token, obo
from tests.entra.login.worlds import (
    ADMIN,
    ADMIN_PASSWORD,
    LOGIN,
    OTHER,
    OTHER_URI,
    PUBLIC,
    TENANT,
    answered,
    authorize_url,
    claims,
    redeem,
    refusal,
    sign_in_managed,
    stopping,
)

MORE = "openid https://graph.microsoft.com/User.Read https://graph.microsoft.com/Mail.Read"
GRAPH = "00000003-0000-0000-c000-000000000000"


def assign(world: World, *policies: str) -> None:
    names = [f"ManagePermissionGrantsForSelf.{policy}" for policy in policies]
    body = {"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": names}}
    world.entra.patch("/policies/authorizationPolicy", body)


def custom(world: World, id: str, side: str = "includes", **condition: Any) -> None:
    made = world.entra.call("GET", f"/policies/permissionGrantPolicies/{id}")
    if made.status == 404:
        world.entra.post("/policies/permissionGrantPolicies", {"id": id, "displayName": id, "description": id})
    world.entra.post(f"/policies/permissionGrantPolicies/{id}/{side}", {"permissionType": "delegated", **condition})


def scope_id(world: World, name: str) -> tuple[Doc, str]:
    graph = world.entra.get(f"/servicePrincipals(appId='{GRAPH}')")
    return graph, next(item["id"] for item in graph["oauth2PermissionScopes"] if item["value"] == name)


def asked(world: World, scope: str = MORE) -> View:
    return sign_in_managed(stopping(world), authorize_url(scope=scope))


def test_no_policy_no_consent(world: World) -> None:
    assert "Permissions requested" in asked(world).text
    assign(world)
    browser = stopping(world)
    view = sign_in_managed(browser, authorize_url(scope=MORE))
    code, why = refusal(world, view)
    assert code == "90094"
    assert "Need admin approval" in view.text
    assert ("policies for consent by users", "none") in [(item["name"], item["value"]) for item in why["compared"]]
    back = answered(browser.submit(view.forms[0]))
    assert (back["error"], back["state"]) == ("access_denied", "state 1&<>")


def test_only_low_risk_permissions(world: World) -> None:
    assign(world, "microsoft-user-default-low")
    assert refusal(world, asked(world))[0] == "90094"
    graph, mail = scope_id(world, "Mail.Read")
    _, profile = scope_id(world, "User.Read")
    for id, name in ((mail, "Mail.Read"), (profile, "User.Read")):
        world.entra.post(f"/servicePrincipals/{graph['id']}/delegatedPermissionClassifications", {
            "permissionId": id, "permissionName": name, "classification": "low"})  # fmt: skip
    assert "Permissions requested" in asked(world).text


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({}, True), ({"resourceApplication": GRAPH}, True), ({"clientApplicationIds": [PUBLIC]}, True),
        ({"clientApplicationIds": [OTHER]}, False), ({"clientApplicationTenantIds": [TENANT]}, True),
        ({"clientApplicationTenantIds": [OTHER]}, False), ({"clientApplicationsFromVerifiedPublisherOnly": True}, False),
        ({"resourceApplication": OTHER}, False), ({"clientApplicationPublisherIds": ["1234567"]}, False),
        ({"permissionClassification": "low"}, False), ({"permissionType": "application"}, False),
    ],
)  # fmt: skip
def test_conditions(world: World, condition: Doc, allowed: bool) -> None:
    custom(world, "mine", **condition)
    assign(world, "mine")
    assert ("Permissions requested" in asked(world).text) is allowed


def test_permissions_by_id_and_excludes(world: World) -> None:
    _, mail = scope_id(world, "Mail.Read")
    custom(world, "mail", permissions=[mail])
    assign(world, "mail")
    assert "Permissions requested" in asked(world, "openid https://graph.microsoft.com/Mail.Read").text
    assert refusal(world, asked(world))[0] == "90094"  # User.Read is not covered
    custom(
        world,
        "but",
    )
    custom(world, "but", "excludes", permissions=[mail])
    assign(world, "but")
    assert refusal(world, asked(world))[0] == "90094"


def test_an_administrators_consent_on_the_way_grants_no_more_than_was_asked(world: World) -> None:
    url = authorize_url(OTHER, redirect_uri=OTHER_URI, scope="openid https://graph.microsoft.com/User.Read")
    browser = stopping(world)
    view = sign_in_managed(browser, url, ADMIN, ADMIN_PASSWORD)
    browser.submit(view.forms[0])
    principal = world.entra.get(f"/servicePrincipals(appId='{OTHER}')")["id"]
    [grant] = world.entra.get(f"/oauth2PermissionGrants?$filter=clientId eq '{principal}'")["value"]
    assert (grant["consentType"], grant["scope"].split()) == ("AllPrincipals", ["User.Read", "openid"])
    assert world.entra.get(f"/servicePrincipals/{principal}/appRoleAssignments")["value"] == []


def test_admin_consent_to_named_scopes(world: World) -> None:
    def ask(scope: str) -> str:
        query = {"client_id": PUBLIC, "redirect_uri": "http://localhost", "state": "s", "scope": scope}
        return f"{LOGIN}/{TENANT}/v2.0/adminconsent?{urlencode(query)}"

    scope = "https://graph.microsoft.com/Mail.Read https://graph.microsoft.com/Directory.ReadWrite.All"
    browser = stopping(world)
    view = sign_in_managed(browser, ask(scope), ADMIN, ADMIN_PASSWORD)
    assert "Microsoft Graph: Mail.Read" in view.text
    sent = answered(browser.submit(view.forms[0]))
    assert (sent["admin_consent"], sent["tenant"], sent["scope"]) == ("True", TENANT, scope)
    assert "code" in answered(asked(world))  # Lin is not asked any more
    assert refusal(world, browser.get(ask("https://graph.microsoft.com/No.Such")))[0] == "650053"
    assert refusal(world, browser.get(ask("https://unknown.example/x")))[0] == "500011"


def test_others_may_go_back_from_admin_consent(world: World) -> None:
    query = urlencode({"client_id": PUBLIC, "redirect_uri": "http://localhost", "state": "s"})
    browser = stopping(world)
    view = sign_in_managed(browser, f"{LOGIN}/{TENANT}/adminconsent?{query}")
    assert refusal(world, view)[0] == "90094"
    back = answered(browser.submit(view.forms[0]))
    assert (back["error"], back["error_subcode"], back["state"]) == ("access_denied", "cancel", "s")


def test_consent_through_an_api_that_knows_its_client(world: World) -> None:
    app = api(world, consented=False, known=True)
    assert obo(world, app, caller_token(world))[1]["error_codes"] == [65001]
    browser = stopping(world)
    view = sign_in_managed(browser, authorize_url(scope=f"openid {URI}/.default", prompt="consent"))
    assert "Middle: User.Read" in view.text
    view = browser.submit(view.forms[0])
    first = redeem(world, view, scope=f"{URI}/.default")[1]["access_token"]
    assert claims(first)["scp"] == "access"
    assert obo(world, app, first)[0] == 200
