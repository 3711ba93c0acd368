"""Staged rollout and home realm policies: who of a federated domain signs in with a password here. graph-entra.md 1.15, 2.9."""

from collections.abc import Iterator

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.client import Http, json_of
from tests.entra.login.worlds import (
    DANA,
    EVE,
    GRAPH_SCOPE,
    LOGIN,
    PUBLIC,
    answered,
    authorize_url,
    sign_in_managed,
    spec,
    stopping,
    token,
)

PASSWORD = "Correct-Horse-3"


@pytest.fixture
def staged() -> Iterator[World]:
    made = spec()
    tenant = made["parties"]["entra:acme"]
    dana = next(user for user in tenant["users"] if user["userPrincipalName"] == DANA)
    dana.update(password=PASSWORD, onPremisesSyncEnabled=True)
    eve = next(user for user in tenant["users"] if user["userPrincipalName"] == EVE)
    eve.update(password=PASSWORD)
    tenant["groups"] = [{"displayName": "Pilot", "members": [DANA, EVE]}]
    tenant["feature_rollouts"] = [
        {"displayName": "PHS", "feature": "passwordHashSync", "isEnabled": True, "groups": ["Pilot"]}
    ]
    with World(made) as world:
        yield world
        assert world.engine.crashes == []


def realm(world: World, name: str, version: str) -> Doc:
    found = json_of(Http(world.transport).request("GET", f"{LOGIN}/common/userrealm/{name}?api-version={version}"))
    assert isinstance(found, dict)
    return found


def credential(world: World, name: str) -> Doc:
    found = json_of(Http(world.transport).request("POST", f"{LOGIN}/common/GetCredentialType", json={"username": name}))
    assert isinstance(found, dict)
    return found


def test_realms_of_a_pilot_user(staged: World) -> None:
    assert realm(staged, DANA, "2.1")["NameSpaceType"] == "Managed"
    assert realm(staged, DANA, "2.0")["NameSpaceType"] == "Managed"
    assert realm(staged, DANA, "1.0")["account_type"] == "Federated"  # clients that know WS-Trust still federate
    for name in (EVE, "nobody@acme.example"):  # not synchronised; unknown
        assert realm(staged, name, "2.1")["NameSpaceType"] == "Federated"
    found = credential(staged, DANA)
    assert found["Credentials"]["PrefCredential"] == 1
    assert "FederationRedirectUrl" not in found["Credentials"]
    assert credential(staged, EVE)["Credentials"]["PrefCredential"] == 4
    by_query = Http(staged.transport).request("GET", f"{LOGIN}/common/userrealm/?user={DANA}&api-version=2.1")
    assert json_of(by_query) == realm(staged, DANA, "2.1")


def test_the_pilot_user_gets_the_password_page(staged: World) -> None:
    view = sign_in_managed(stopping(staged), authorize_url(), DANA, PASSWORD)
    assert "code" in answered(view)
    away = stopping(staged).fill(stopping(staged).get(authorize_url()), {"loginfmt": EVE})
    assert away.url.startswith("https://acme.okta.com/")
    hinted = stopping(staged).get(authorize_url(domain_hint="acme.example", login_hint=DANA))
    assert hinted.url.startswith("https://acme.okta.com/")  # a domain hint goes to the provider all the same


def test_the_end_of_the_pilot(staged: World) -> None:
    form = {"grant_type": "password", "client_id": PUBLIC, "username": DANA, "password": PASSWORD, "scope": GRAPH_SCOPE}
    assert token(staged, form)[0] == 200
    assert token(staged, {**form, "username": EVE})[1]["error_codes"] == [50126]


def test_a_policy_for_cloud_passwords() -> None:
    made = spec()
    tenant = made["parties"]["entra:acme"]
    next(user for user in tenant["users"] if user["userPrincipalName"] == DANA)["password"] = PASSWORD
    form = {"grant_type": "password", "client_id": PUBLIC, "username": DANA, "password": PASSWORD, "scope": GRAPH_SCOPE}
    with World(made) as world:
        assert token(world, form)[1]["error_codes"] == [50126]
        policy = world.entra.post("/policies/homeRealmDiscoveryPolicies", {
            "displayName": "ROPC", "isOrganizationDefault": True,
            "definition": ['{"HomeRealmDiscoveryPolicy":{"AllowCloudPasswordValidation":true}}'],
        })  # fmt: skip
        assert policy["isOrganizationDefault"]
        assert token(world, form)[0] == 200
        assert token(world, {**form, "password": "wrong"})[1]["error_codes"] == [50126]
