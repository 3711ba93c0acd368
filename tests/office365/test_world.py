"""The connector between a real org and a real tenant, in process: one wire, two logs, no shared state."""

from collections.abc import Iterator

import pytest

from emulator import World
from emulator.kernel.exchange import Answer, Exchange
from emulator.office365.connector import Connector
from emulator.wire.client import Transport
from tests.office365.worlds import AGENT, DANA_GUID, E3, HOST, PROVISIONING_CLIENT, Estate, spec

DANA, SAM = "dana@acme.example", "sam@acme.example"
PUSH = "application.provision.user."


@pytest.fixture
def estate() -> Iterator[Estate]:
    with World(spec()) as world:
        yield Estate(world)


@pytest.fixture
def ready(estate: Estate) -> Estate:
    """Federated and provisioning."""
    assert estate.federate("acme.example")["status"] == "SUCCESS"
    estate.provision()
    return estate


def test_a_managed_domain_is_federated_through_the_orgs_api(estate: Estate) -> None:
    found = estate.federate("acme.example")
    assert found["status"] == "SUCCESS"
    app = estate.okta.get(f"/api/v1/apps/{estate.app}")
    assert app["settings"]["app"]["domains"] == [{"name": "acme.example", "federated": True, "isDefault": False}]
    assert estate.entra.get("/domains/acme.example")["authenticationType"] == "Federated"
    [federation] = estate.entra.get("/domains/acme.example/federationConfiguration")["value"]
    wanted = estate.okta.get(f"/api/internal/v1/apps/{estate.app}/office365/federation-settings")
    assert federation["issuerUri"] == wanted["issuerUri"]
    assert federation["issuerUri"].startswith("acme.example:exk")
    for name in ("passiveSignInUri", "activeSignInUri", "metadataExchangeUri", "signOutUri", "signingCertificate"):
        assert federation[name] == wanted[name]
    assert estate.events() == [("app.office365.api.set.domain.federation.success", "SUCCESS")]
    assert "Set domain authentication" in estate.audits()


def test_domains_taken_off_the_list_are_managed_again_and_foreign_ones_are_left(ready: Estate) -> None:
    ready.choose("acme.example", "acme-labs.example")
    [labs] = ready.entra.get("/domains/acme-labs.example/federationConfiguration")["value"]
    path = f"/domains/acme-labs.example/federationConfiguration/{labs['id']}"
    ready.entra.patch(path, {"issuerUri": "urn:another-identity-provider"})
    assert ready.choose()["status"] == "SUCCESS"
    assert ready.entra.get("/domains/acme.example")["authenticationType"] == "Managed"
    assert ready.entra.get("/domains/acme-labs.example")["authenticationType"] == "Federated"
    assert ready.events()[-1] == ("app.office365.api.remove.domain.federation.success", "SUCCESS")


def test_fetch_shows_verified_domains(estate: Estate) -> None:
    estate.federate("acme.example")
    found = estate.operation("POST", "office365/domains/fetch")
    names = {item["name"]: item["authenticationType"] for item in found["result"]["domains"]}
    assert names == {"acme.onmicrosoft.com": "Managed", "acme.example": "Federated", "acme-labs.example": "Managed"}


@pytest.mark.parametrize(
    ("name", "event", "text"),
    [
        ("acme.onmicrosoft.com", ".domain.default", "Federating to the 'Default' domain is not allowed"),
        ("nobody.example", ".domain.not.found", "errorCode=Request_ResourceNotFound"),
        ("new.example", "", 'errorMessage="The domain is not verified"'),
    ],
)
def test_domains_that_cannot_be_federated_say_why(estate: Estate, name: str, event: str, text: str) -> None:
    found = estate.federate(name)
    assert found["status"] == "FAILED"
    [part] = found["result"]["domains"]
    assert text in part["message"]
    assert estate.events() == [(f"app.office365.api.error.set.domain.federation.failure{event}", "FAILURE")]


def test_an_assigned_person_gets_an_account_with_immutable_id_and_licence(ready: Estate) -> None:
    ready.assign(DANA, licenses=["ENTERPRISEPACK"])
    done = ready.world.sync()
    assert [(item["kind"], item["outcome"], item["subject"]) for item in done["ran"]] == [("user.push", "done", DANA)]
    account = ready.microsoft(DANA)
    assert account["onPremisesImmutableId"] == DANA_GUID
    assert account["usageLocation"] == "NL"
    assert account["assignedLicenses"] == [{"skuId": E3, "disabledPlans": []}]
    app_user = ready.app_user(DANA)
    assert app_user["externalId"] == account["id"]
    assert (app_user["status"], app_user["syncState"]) == ("PROVISIONED", "SYNCHRONIZED")
    assert ready.events(PUSH) == [(PUSH + "verify_exists", "SUCCESS"), (PUSH + "push", "SUCCESS")]
    assert {"Add user", "Change user license"} <= set(ready.audits())
    assert ready.tasks() == []


def test_the_licences_of_the_tenant_are_the_values_that_may_be_assigned(ready: Estate) -> None:
    found = ready.okta.get(f"/api/internal/v1/apps/{ready.app}/office365/licenses")
    assert [item["skuPartNumber"] for item in found["items"]] == ["ENTERPRISEPACK", "SPB", "FLOW_FREE"]
    ready.assign(SAM, licenses=["SPB:INTUNE_A"])
    ready.world.sync()
    [held] = ready.entra.get(f"/users/{SAM}/licenseDetails")["value"]
    on = [plan["servicePlanName"] for plan in held["servicePlans"] if plan["provisioningStatus"] != "Disabled"]
    switchable = [plan["servicePlanName"] for plan in held["servicePlans"] if plan["appliesTo"] == "User"]
    assert [name for name in on if name in switchable] == ["INTUNE_A"]


def test_a_failed_push_is_a_task_and_its_retry_succeeds(ready: Estate) -> None:
    ready.assign(DANA, licenses=["ENTERPRISEPACK"])
    ready.assign(SAM, licenses=["ENTERPRISEPACK"])
    ready.world.sync()
    [task] = ready.tasks()
    assert task["user"]["login"] == SAM
    assert task["errorCode"] == "Request_BadRequest"
    assert task["message"].startswith(
        "Automatic profile push of user Sam Okoro to app Microsoft Office 365 failed: Could not push profile for "
        f"Office 365 user {SAM}, received error: Received response with HTTP status code 400. httpStatusCode=400 "
        f'errorCode=Request_BadRequest errorMessage="Subscription with SKU {E3} does not have any available licenses." '
    )
    assert ready.app_user(SAM)["syncState"] == "ERROR"
    assert ready.app_user(SAM)["externalId"] == ready.microsoft(SAM)["id"]
    failures = [(PUSH + "push_profile", "FAILURE"), ("app.office365.api.error.push.profile", "FAILURE")]
    assert ready.events()[-2:] == failures
    holder = ready.microsoft(DANA)["id"]
    ready.entra.post(f"/users/{holder}/assignLicense", {"addLicenses": [], "removeLicenses": [E3]})
    ready.okta.post(f"/api/internal/v1/tasks/{task['id']}/retry")
    ready.world.sync()
    assert ready.tasks() == []
    assert ready.okta.get(f"/api/internal/v1/tasks/{task['id']}")["status"] == "COMPLETED"
    assert [item["skuId"] for item in ready.microsoft(SAM)["assignedLicenses"]] == [E3]
    assert ready.app_user(SAM)["syncState"] == "SYNCHRONIZED"


def test_linking_with_blank_licences_and_roles_takes_them_away(ready: Estate) -> None:
    made = ready.entra.post(
        "/users",
        {
            "accountEnabled": True, "displayName": "Sam", "mailNickname": "sam", "userPrincipalName": SAM,
            "usageLocation": "US", "onPremisesImmutableId": ready.okta.get(f"/api/v1/users/{SAM}")["id"],
            "passwordProfile": {"password": "Correct-Horse-1"},
        },
    )  # fmt: skip
    ready.entra.post(
        f"/users/{made['id']}/assignLicense",
        {"addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": []},
    )
    role = ready.entra.post("/directoryRoles", {"roleTemplateId": "f2ef992c-3afb-46b9-b7cf-a126ee74c451"})
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{made['id']}"}
    ready.entra.post(f"/directoryRoles/{role['id']}/members/$ref", reference)
    ready.assign(SAM)
    ready.world.sync()
    assert ready.tasks() == []
    assert ready.app_user(SAM)["externalId"] == made["id"]
    assert ready.microsoft(SAM)["assignedLicenses"] == []
    assert ready.microsoft(SAM)["displayName"] == "Sam Okoro"
    assert ready.entra.get(f"/directoryRoles/{role['id']}/members")["value"] == []
    assert ready.events(PUSH)[-2:] == [(PUSH + "verify_exists", "SUCCESS"), (PUSH + "push_profile", "SUCCESS")]


def test_a_changed_immutable_id_is_refused_by_graph_and_stays_different(ready: Estate) -> None:
    ready.assign(DANA)
    ready.world.sync()
    user = ready.okta.get(f"/api/v1/users/{DANA}")["id"]
    ready.okta.post(f"/api/v1/apps/{ready.app}/users/{user}", {"profile": {"immutableId": "bm90LXRoaXM="}})
    ready.world.sync()
    [task] = ready.tasks()
    assert "errorCode=Request_BadRequest" in task["message"]
    assert ready.microsoft(DANA)["onPremisesImmutableId"] == DANA_GUID
    assert ready.app_user(DANA)["profile"]["immutableId"] == "bm90LXRoaXM="


def test_leaving_blocks_and_coming_back_enables(ready: Estate) -> None:
    ready.assign(DANA, licenses=["ENTERPRISEPACK"])
    ready.world.sync()
    user = ready.okta.get(f"/api/v1/users/{DANA}")["id"]
    ready.okta.delete(f"/api/v1/apps/{ready.app}/users/{user}")
    ready.world.sync()
    left = ready.microsoft(DANA)
    assert left["accountEnabled"] is False
    assert [item["skuId"] for item in left["assignedLicenses"]] == [E3]
    ready.assign(DANA, licenses=["ENTERPRISEPACK"])
    ready.world.sync()
    assert ready.microsoft(DANA)["accountEnabled"] is True
    assert ready.app_user(DANA)["externalId"] == left["id"]
    assert ready.events(PUSH)[2:] == [
        (PUSH + "deactivate", "SUCCESS"), (PUSH + "verify_exists", "SUCCESS"), (PUSH + "reactivate", "SUCCESS"),
        (PUSH + "push_profile", "SUCCESS"),
    ]  # fmt: skip


def test_deletion_waits_for_the_grace_period(ready: Estate) -> None:
    menu = {"action": "BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE_AFTER_GRACE", "gracePeriodDays": 3}
    ready.okta.put(f"/api/internal/v1/apps/{ready.app}/office365/deprovisioning", menu)
    ready.assign(DANA, licenses=["ENTERPRISEPACK"])
    ready.world.sync()
    account = ready.microsoft(DANA)["id"]
    user = ready.okta.get(f"/api/v1/users/{DANA}")["id"]
    ready.okta.delete(f"/api/v1/apps/{ready.app}/users/{user}")
    waiting = ready.world.sync()
    assert waiting["next_due"] == "2026-01-18T09:00:00.000Z"
    assert ready.microsoft(DANA)["accountEnabled"] is False
    ready.world.clock.advance(days=3)
    ready.world.sync()
    assert ready.world.entra.call("GET", f"/users/{account}").status == 404
    assert ready.world.entra.get(f"/directory/deletedItems/{account}")["id"] == account
    assert ("app.office365.user.delete.success", "SUCCESS") in ready.events()


def test_credentials_are_fine_until_the_service_principal_is_removed(ready: Estate) -> None:
    assert ready.operation("POST", "connections/default/test")["result"]["result"] == "SUCCESS"
    [principal] = ready.entra.get(f"/servicePrincipals?$filter=appId eq '{PROVISIONING_CLIENT}'".replace(" ", "%20"))[
        "value"
    ]
    ready.entra.delete(f"/servicePrincipals/{principal['id']}")
    found = ready.operation("POST", "connections/default/test")
    assert found["status"] == "FAILED"
    assert found["result"]["result"] == "FAILURE"
    assert found["result"]["message"].startswith("Could not validate your Office 365 credentials, received error: 4")
    assert "AADSTS" in found["result"]["message"]
    ready.assign(SAM)
    ready.world.sync()
    [task] = ready.tasks()
    assert task["errorCode"].startswith("AADSTS")
    assert "Office365ProvisioningException: 4" in task["message"]
    ready.consent("GRAPH")
    ready.okta.post(f"/api/internal/v1/tasks/{task['id']}/retry")
    ready.world.sync()
    assert ready.tasks() == []
    assert ready.microsoft(SAM)["accountEnabled"] is True


class Dying(Exception):
    """The connector's process ends here."""


class Cut:
    """A wire on which the n-th exchange is carried out and its answer never comes back."""

    def __init__(self, inner: Transport, after: int) -> None:
        self.inner, self.left = inner, after

    def send(self, exchange: Exchange) -> Answer:
        answer = self.inner.send(exchange)
        self.left -= 1
        if self.left == 0:
            raise Dying(exchange.path)
        return answer


def test_a_connector_that_dies_after_any_exchange_is_taken_over_without_doubling(ready: Estate) -> None:
    ready.assign(DANA, licenses=["ENTERPRISEPACK"], roles=["Global Reader"])
    world = ready.world
    point = 0
    while True:
        point += 1
        with world.rolled_back():
            died = False
            try:
                Connector(Cut(world.transport, point), org=f"https://{HOST}", agent_token=AGENT).run_once()
            except Dying:
                died = True
            world.clock.advance(minutes=6)
            seen = len(world.tape)
            ran = world.sync()["ran"]
            account = ready.microsoft(DANA)
            assert account["onPremisesImmutableId"] == DANA_GUID, point
            assert [item["skuId"] for item in account["assignedLicenses"]] == [E3], point
            assert ready.app_user(DANA)["externalId"] == account["id"], point
            assert ready.events(PUSH) == [(PUSH + "verify_exists", "SUCCESS"), (PUSH + "push", "SUCCESS")], point
            assert ready.audits().count("Add user") == 1, point
            assert ready.audits().count("Add member to role") == 1, point
            assert ready.tasks() == [], point
            assert all(hop.status < 500 for hop in world.tape[seen:])
            if not died:
                assert ran == []
                break
    assert point > 12


def test_the_same_seed_gives_the_same_tape() -> None:
    tapes = []
    for _ in range(2):
        with World(spec()) as world:
            estate = Estate(world)
            estate.federate("acme.example")
            estate.provision()
            estate.assign(DANA, licenses=["ENTERPRISEPACK"])
            world.sync()
            tapes.append(world.engine.tape.dump())
    assert tapes[0] == tapes[1]
