"""Feature rows of set-up and federation, one test each, through HTTP on both sides."""

import re

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from tests.office365.fakes import Cloud, connector
from tests.office365.worlds import FEDERATION_CLIENT, HOST, TENANT, Estate, spec

SAM = "sam@acme.example"
ADMIN_AT_MICROSOFT = {"adminUsername": "admin@acme.onmicrosoft.com", "adminPassword": "Correct-Horse-1"}


def credentials(estate: Estate, **given: object) -> Doc:
    at = f"/api/internal/v1/apps/{estate.app}/office365/credentials"
    found: Doc = estate.okta.put(at, {**ADMIN_AT_MICROSOFT, **given})
    return found


def federation(estate: Estate, domain: str = "acme.example") -> Doc:
    [found] = estate.entra.get(f"/domains/{domain}/federationConfiguration")["value"]
    return dict(found)


def kind_of(estate: Estate, domain: str = "acme.example") -> str:
    return str(estate.entra.get(f"/domains/{domain}")["authenticationType"])


def test_F_01_instances_have_keys_of_their_own(estate: Estate) -> None:
    second = Estate(estate.world)
    keys = set()
    for one in (estate, second):
        one.change(wsFedConfigureType="MANUAL", mode="SAML_1_1")
        at = f"/api/internal/v1/apps/{one.app}/office365/federation-settings"
        keys.add(one.okta.get(at)["issuerUri"])
    assert len(keys) == 2 and all(re.fullmatch("https://exk[0-9A-Za-z]{17}", key) for key in keys)


def test_F_02_the_tenant_name_decides_where_calls_go(ready: Estate) -> None:
    ready.change(msftTenant="acmee")
    failed = ready.operation("POST", "connections/default/test")
    assert failed["status"] == "FAILED" and "AADSTS90002" in failed["result"]["message"]
    ready.change(msftTenant="acme")
    assert ready.operation("POST", "connections/default/test")["status"] == "SUCCESS"


def test_F_03_tiles_are_switched_one_by_one(ready: Estate) -> None:
    whole = ready.okta.get(f"/api/v1/apps/{ready.app}")
    whole["visibility"]["appLinks"] |= {"mail": True, "login": False}
    ready.okta.put(f"/api/v1/apps/{ready.app}", whole)
    ready.assign(SAM)
    links = f"/api/v1/users/{SAM}/appLinks"
    assert ready.okta.get(links) == []  # not before the account is there
    ready.world.sync()
    assert [item["label"] for item in ready.okta.get(links)] == ["Microsoft Office 365 Mail"] or len(
        ready.okta.get(links)
    ) == 1


def test_F_04_consent_is_an_administrators_and_per_client(estate: Estate) -> None:
    estate.consent("GRAPH")
    at = f"/api/internal/v1/apps/{estate.app}/office365/credentials"
    assert estate.okta.get(at)["authMode"] == {"FEDERATION": None, "GRAPH": "OAUTH_CONSENT"}
    names = [item["displayName"] for item in estate.entra.get("/servicePrincipals?$top=999")["value"]]
    assert "Okta Microsoft Graph Client" in names


def test_F_05_stored_credentials_sign_in_as_the_administrator(estate: Estate) -> None:
    assert credentials(estate)["authMode"]["GRAPH"] == "STORED_CREDENTIALS"
    estate.okta.post(f"/api/v1/apps/{estate.app}/connections/default", {"profile": {"authScheme": "OAUTH2"}})
    estate.okta.post(f"/api/v1/apps/{estate.app}/connections/default/lifecycle/activate")
    assert estate.operation("POST", "connections/default/test")["status"] == "SUCCESS"
    assert estate.world.tape and any(b"grant_type=password" in hop.request_body for hop in estate.world.tape)


def test_F_06_two_methods_and_the_domain_follows(ready: Estate) -> None:
    assert kind_of(ready) == "Federated"
    ready.change(mode="BROWSER_PLUGIN")
    assert kind_of(ready) == "Managed"
    ready.change(mode="SAML_1_1")
    assert kind_of(ready) == "Federated"


def test_F_07_automatic_federation_with_stored_credentials(estate: Estate) -> None:
    credentials(estate)
    estate.change(mode="SAML_1_1")
    assert estate.choose("acme.example")["status"] == "SUCCESS"
    assert federation(estate)["passiveSignInUri"].startswith(f"https://{HOST}/app/office365/exk")


def test_F_08_the_upgrade_to_consent_takes_the_account_out_of_it(estate: Estate) -> None:
    credentials(estate)
    estate.change(mode="SAML_1_1")
    estate.choose("acme.example")
    estate.consent("FEDERATION")
    mark = estate.mark()
    assert estate.choose("acme.example", "acme-labs.example")["status"] == "SUCCESS"
    asked = [hop.request_body for hop in estate.world.tape if hop.n > mark and hop.url.endswith("/oauth2/v2.0/token")]
    assert asked and all(b"grant_type=client_credentials" in body for body in asked)
    assert FEDERATION_CLIENT.encode() in asked[0]


def test_F_09_the_printed_commands_do_what_they_say(estate: Estate) -> None:
    estate.change(mode="SAML_1_1", wsFedConfigureType="MANUAL")
    at = f"/api/internal/v1/apps/{estate.app}/office365/setup-instructions?domain=acme.example"
    items = {item["title"]: item for item in estate.okta.get(at)["commands"]}
    made = items["Federate the domain"]
    given = {
        name[0].lower() + name[1:]: value
        for name, value in re.findall(r'-(\w+) "([^"]*)"', made["command"])
        if name != "DomainId"
    }
    assert given == made["request"]["body"]
    assert made["request"]["body"]["issuerUri"].startswith("https://exk")
    for title, after in (("Federate the domain", "Federated"), ("Make the domain managed again", "Managed")):
        request = items[title]["request"]
        answer = estate.entra.http.request(request["method"], request["url"], json=request["body"])
        assert answer.status < 300, answer.text()
        assert kind_of(estate) == after
    refused = estate.world.okta.call("POST", f"/api/internal/v1/apps/{estate.app}/office365/domains/fetch")
    assert refused.status == 400  # no Fetch and Select in manual mode


def test_F_10_the_default_relay_state_is_kept(ready: Estate) -> None:
    whole = ready.okta.get(f"/api/v1/apps/{ready.app}")
    whole["settings"]["signOn"]["defaultRelayState"] = "https://outlook.office.com"
    ready.okta.put(f"/api/v1/apps/{ready.app}", whole)
    shown = ready.okta.get(f"/api/v1/apps/{ready.app}")["settings"]["signOn"]
    assert shown["defaultRelayState"] == "https://outlook.office.com"


def test_F_11_one_domain_at_least_to_begin_with(estate: Estate) -> None:
    estate.consent("FEDERATION")
    estate.change(mode="SAML_1_1")
    at = f"/api/internal/v1/apps/{estate.app}/office365/domains"
    refused = estate.world.okta.call("PUT", at, {"names": []})
    assert refused.status == 400 and "At least one domain" in refused.text()


def test_F_12_several_domains_in_one_instance(estate: Estate) -> None:
    estate.federate("acme.example")
    assert estate.choose("acme.example", "acme-labs.example")["status"] == "SUCCESS"
    issuers = [federation(estate, name)["issuerUri"] for name in ("acme.example", "acme-labs.example")]
    assert [issuer.partition(":")[0] for issuer in issuers] == ["acme.example", "acme-labs.example"]
    assert len({issuer.partition(":")[2] for issuer in issuers}) == 1


def test_F_13_one_instance_for_each_domain(estate: Estate) -> None:
    estate.federate("acme.example")
    second = Estate(estate.world)
    second.federate("acme-labs.example")
    keys = [federation(estate, name)["issuerUri"].partition(":")[2] for name in ("acme.example", "acme-labs.example")]
    assert len(set(keys)) == 2


@pytest.mark.parametrize("name", ["acme.onmicrosoft.com"])
def test_F_14_the_default_and_initial_domain_stays_managed(estate: Estate, name: str) -> None:
    found = estate.federate(name)
    assert found["result"]["domains"][0]["message"] == "Federating to the 'Default' domain is not allowed"
    assert kind_of(estate, name) == "Managed"


def test_F_15_everybody_of_the_domain_is_sent_to_the_org(ready: Estate) -> None:
    browser = ready.world.browser
    realm = browser.get("https://login.microsoftonline.com/getuserrealm.srf?login=whoever@acme.example&json=1")
    assert '"NameSpaceType":"Federated"' in realm.text.replace(" ", "")
    assert HOST in realm.text


def test_F_16_federation_is_confirmed_on_both_sides(ready: Estate) -> None:
    at = f"/api/internal/v1/apps/{ready.app}/office365/federation-settings"
    assert federation(ready)["issuerUri"] == ready.okta.get(at)["issuerUri"]
    assert kind_of(ready) == "Federated"


@pytest.mark.parametrize(("mode", "after"), [("AUTO", "Managed"), ("MANUAL", "Federated")])
def test_F_17_deleting_the_app_differs_by_mode(ready: Estate, mode: str, after: str) -> None:
    if mode == "MANUAL":
        ready.change(wsFedConfigureType="MANUAL")
    ready.okta.post(f"/api/v1/apps/{ready.app}/lifecycle/deactivate")
    ready.okta.delete(f"/api/v1/apps/{ready.app}")
    ready.world.sync()
    assert kind_of(ready) == after


def test_F_18_one_domain_of_several_is_released(ready: Estate) -> None:
    ready.choose("acme.example", "acme-labs.example")
    ready.choose("acme.example")
    assert (kind_of(ready), kind_of(ready, "acme-labs.example")) == ("Federated", "Managed")


@pytest.mark.parametrize(
    ("tenant", "hosts"),
    [
        (None, {"login.microsoftonline.com", "graph.microsoft.com"}),
        ("GCC_HIGH", {"login.microsoftonline.us", "graph.microsoft.us"}),
    ],
)
def test_F_19_the_tenant_type_chooses_the_hosts(tenant: str | None, hosts: set[str]) -> None:
    class Seen(Cloud):
        def __init__(self) -> None:
            super().__init__()
            self.hosts: set[str] = set()

        def _route(self, exchange):  # type: ignore[no-untyped-def]
            if exchange.host != "acme.okta.com":
                self.hosts.add(exchange.host)
                exchange.host = exchange.host.replace("microsoftonline.us", "microsoftonline.com")
                exchange.host = exchange.host.replace("graph.microsoft.us", "graph.microsoft.com")
                exchange.body = exchange.body.replace(b"graph.microsoft.us", b"graph.microsoft.com")
            return super()._route(exchange)

    cloud = Seen()
    cloud.enqueue("credentials.test", tenantType=tenant)
    connector(cloud).run_once()
    assert cloud.hosts == hosts


def test_F_20_the_test_is_a_token_and_a_harmless_read(ready: Estate) -> None:
    mark = ready.mark()
    assert ready.operation("POST", "connections/default/test")["result"] == {"result": "SUCCESS", "tenantId": TENANT}
    assert [call[0] for call in ready.graph_calls(mark)] == ["GET"]


def test_F_21_the_usual_order_of_a_deployment_works(estate: Estate) -> None:
    estate.federate("acme.example")
    estate.provision()
    assert estate.operation("POST", "connections/default/test")["status"] == "SUCCESS"
    estate.assign(SAM, licenses=["SPB"])
    estate.world.sync()
    assert estate.skus(SAM) == ["SPB"] and estate.tasks() == []


def test_F_22_directory_people_are_provisioned_without_entra_connect(ready: Estate) -> None:
    ready.assign("dana@acme.example")
    ready.world.sync()
    found = ready.microsoft("dana@acme.example")
    assert found["onPremisesImmutableId"] and not ready.entra.get("/organization")["value"][0]["onPremisesSyncEnabled"]


def test_a_certificate_rollover_is_told_to_microsoft_before_and_after(ready: Estate) -> None:
    ready.choose("acme.example", "acme-labs.example")
    old = federation(ready)["signingCertificate"]
    made = ready.okta.post(f"/api/v1/apps/{ready.app}/credentials/keys/generate?validityYears=2")
    ready.world.sync()
    for domain in ("acme.example", "acme-labs.example"):
        found = federation(ready, domain)
        assert (found["signingCertificate"], found["nextSigningCertificate"]) == (old, made["x5c"][0])
    whole = ready.okta.get(f"/api/v1/apps/{ready.app}")
    whole["credentials"]["signing"] = {"kid": made["kid"]}
    ready.okta.put(f"/api/v1/apps/{ready.app}", whole)
    ready.world.sync()
    found = federation(ready)
    assert (found["signingCertificate"], found["nextSigningCertificate"]) == (made["x5c"][0], None)


def test_a_manual_app_tells_nobody_of_its_new_key(ready: Estate) -> None:
    ready.change(wsFedConfigureType="MANUAL")
    mark = ready.mark()
    ready.okta.post(f"/api/v1/apps/{ready.app}/credentials/keys/generate?validityYears=2")
    ready.world.sync()
    assert ready.graph_calls(mark) == []


def test_the_world_file_may_hold_the_older_connection() -> None:
    given = spec()
    given["parties"]["okta:acme"]["apps"] = [{
        "name": "office365", "label": "Old 365", "signOnMode": "SAML_1_1",
        "settings": {"app": {"domain": "acme.example", "msftTenant": "acme"}},
        "provisioning": {"create": True, "update": True},
        "admin": {"username": "admin@acme.onmicrosoft.com", "password": "Correct-Horse-1"},
        "legacyUntil": "2026-02-01T00:00:00Z",
    }]  # fmt: skip
    with World(given) as world:
        [app] = [item for item in world.okta.get("/api/v1/apps") if item["label"] == "Old 365"]
        user = world.okta.get(f"/api/v1/users/{SAM}")
        world.okta.post(f"/api/v1/apps/{app['id']}/users", {"id": user["id"]})
        world.sync()
        assert world.entra.get(f"/users/{SAM}")["displayName"] == "Sam Okoro"
