"""The sign-in log as Graph shows it. graph-entra.md 1.19, 2.13."""

from collections.abc import Iterator

import pytest

from emulator import World
from tests.entra.login.worlds import (
    DANA,
    DANA_ID,
    ISSUER,
    PUBLIC,
    authorize_url,
    sign_in_federated,
    sign_in_managed,
    spec,
    stopping,
)


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec()) as made:
        yield made
        assert made.engine.crashes == []


def test_graph_shows_sign_ins(world: World) -> None:
    sign_in_federated(world, authorize_url(login_hint=DANA), assertion_id="_one")
    world.clock.advance(minutes=5)
    sign_in_federated(world, authorize_url(login_hint=DANA), assertion_id="_two", immutable_id="d3Jvbmc=")
    sign_in_managed(stopping(world), authorize_url(), password="wrong")
    shown = world.entra.get("/auditLogs/signIns")["value"]
    assert [item["status"]["errorCode"] for item in shown] == [50126, 51004, 0]
    good = shown[-1]
    assert (good["userId"], good["userPrincipalName"], good["userDisplayName"]) == (DANA_ID, DANA, "Dana Fox")
    assert (good["appId"], good["appDisplayName"], good["resourceDisplayName"]) == (PUBLIC, "Native", "Microsoft Graph")
    assert (good["clientAppUsed"], good["isInteractive"]) == ("Browser", True)
    assert good["deviceDetail"]["operatingSystem"] == "Windows 10"
    assert good["createdDateTime"].startswith("2026-01-15T09:00:00")
    assert "The user account d3Jvbmc= does not exist" in shown[1]["status"]["failureReason"]
    beta = world.entra.get("https://graph.microsoft.com/beta/auditLogs/signIns")["value"]
    assert beta[0]["signInEventTypes"] == ["servicePrincipal"]  # the client that asks
    assert [{name: record[name] for name in shown[0]} for record in beta[1:]] == shown
    assert beta[1]["tokenIssuerType"] and "tokenIssuerType" not in shown[0]


def test_the_record_of_a_federated_sign_in(world: World) -> None:
    sign_in_federated(world, authorize_url(login_hint=DANA), mfa=True)
    [row] = world.journal(stream="signIns", about=DANA_ID)
    record = row["doc"]
    assert (record["tokenIssuerType"], record["tokenIssuerName"]) == ("ADFederationServices", ISSUER)
    assert (record["incomingTokenType"], record["authenticationProtocol"]) == ("saml11", "oAuth2")
    assert record["status"]["additionalDetails"] == ("MFA requirement satisfied by claim provided by external provider")
    [step] = record["authenticationDetails"]
    assert (step["authenticationMethod"], step["succeeded"]) == ("Federated", True)
    assert step["authenticationStepRequirement"] == "Primary authentication"
    assert record["signInEventTypes"] == ["interactiveUser"]


def test_a_rejected_mfa_claim_does_not_count(world: World) -> None:
    graph = world.entra
    [federation] = graph.get("/domains/acme.example/federationConfiguration")["value"]
    path = f"/domains/acme.example/federationConfiguration/{federation['id']}"
    graph.patch(path, {"federatedIdpMfaBehavior": "rejectMfaByFederatedIdp"})
    sign_in_federated(world, authorize_url(login_hint=DANA), mfa=True)
    [row] = world.journal(stream="signIns", about=DANA_ID)
    assert row["doc"]["authenticationRequirement"] == "singleFactorAuthentication"
