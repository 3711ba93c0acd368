"""domains.fetch, domain.federate, domain.unfederate, credentials.test, licenses.refresh."""

from typing import Any

import orjson

from emulator.kernel.doc import Doc
from tests.office365.fakes import Cloud, finish
from tests.office365.small_graph import E3, graph_error, reply

ISSUER = "acme.example:exk1"
WANTED = {
    "displayName": "Acme", "issuerUri": ISSUER, "passiveSignInUri": "https://acme.okta.com/app/office365/exk1/sso/wsfed/passive",
    "activeSignInUri": "https://acme.okta.com/app/office365/exk1/sso/wsfed/active", "signingCertificate": "MIIB",
    "preferredAuthenticationProtocol": "wsFed", "signOutUri": None,
}  # fmt: skip


def domain(cloud: Cloud, name: str = "acme.example", **fields: Any) -> Doc:
    base = {
        "id": name,
        "isVerified": True,
        "isDefault": False,
        "isInitial": False,
        "isRoot": True,
        "authenticationType": "Managed",
    }
    cloud.domains[name] = {**base, **fields}
    return cloud.domains[name]


def run(cloud: Cloud, kind: str, **desired: Any) -> Doc:
    return finish(cloud, cloud.enqueue(kind, subject={"appId": "0oa1", "operationId": "op1"}, desired=desired))


def event_of(ack: Doc) -> tuple[str, str]:
    [event] = ack["events"]
    return event["type"].removeprefix("app.office365.api."), event["outcome"]


def test_fetch_lists_verified_domains_over_all_pages_without_inheriting_children() -> None:
    cloud = Cloud()
    domain(cloud)
    domain(cloud, "acme.onmicrosoft.com", isDefault=True, isInitial=True)
    domain(cloud, "new.example", isVerified=False)
    domain(cloud, "root.example", authenticationType="Federated")
    domain(cloud, "sub.root.example", authenticationType="Federated", isRoot=False)
    domain(cloud, "sub.acme.example", isRoot=False)
    ack = run(cloud, "domains.fetch")
    assert [item["name"] for item in ack["result"]["domains"]] == [
        "acme.example", "acme.onmicrosoft.com", "root.example", "sub.acme.example",
    ]  # fmt: skip
    assert ack["result"]["domains"][1] == {
        "name": "acme.onmicrosoft.com", "isDefault": True, "isInitial": True, "isVerified": True, "isRoot": True,
        "authenticationType": "Managed",
    }  # fmt: skip


def test_a_managed_domain_is_federated() -> None:
    cloud = Cloud()
    domain(cloud)
    ack = run(cloud, "domain.federate", domain="Acme.example", configuration=WANTED)
    assert cloud.domains["acme.example"]["authenticationType"] == "Federated"
    assert cloud.configurations["acme.example"]["issuerUri"] == ISSUER
    assert "signOutUri" not in cloud.configurations["acme.example"]
    assert event_of(ack) == ("set.domain.federation.success", "SUCCESS")
    assert ack["result"] == {"domain": "acme.example", "change": "created"}


def test_federating_again_changes_only_what_differs() -> None:
    cloud = Cloud()
    domain(cloud)
    run(cloud, "domain.federate", domain="acme.example", configuration=WANTED)
    count = len(cloud.calls)
    same = run(
        cloud, "domain.federate", domain="acme.example", configuration={**WANTED, "signingCertificate": "MI\nIB"}
    )
    assert same["result"]["change"] == "unchanged"
    assert same["events"] == []
    assert {call[0] for call in cloud.calls[count + 1 :]} == {"GET"}
    ack = run(cloud, "domain.federate", domain="acme.example", configuration={**WANTED, "signingCertificate": "MIIC"})
    assert orjson.loads(cloud.bodies[-1]) == {"signingCertificate": "MIIC"}
    assert event_of(ack) == ("change.domain.federation.success", "SUCCESS")


def test_the_default_domain_is_refused_by_okta_itself() -> None:
    cloud = Cloud()
    domain(cloud, isDefault=True)
    ack = run(cloud, "domain.federate", domain="acme.example", configuration=WANTED)
    assert ack["outcome"] == "failed"
    assert ack["message"] == "Federating to the 'Default' domain is not allowed"
    assert event_of(ack) == ("error.set.domain.federation.failure.domain.default", "FAILURE")
    assert not cloud.configurations


def test_other_refusals_have_their_own_events() -> None:
    cloud = Cloud()
    ack = run(cloud, "domain.federate", domain="gone.example", configuration=WANTED)
    assert event_of(ack) == ("error.set.domain.federation.failure.domain.not.found", "FAILURE")
    domain(cloud)
    path = "/v1.0/domains/acme.example/federationConfiguration"
    cloud.answers["POST", path] = [graph_error(403, "Authorization_RequestDenied", "Insufficient privileges.")]
    ack = run(cloud, "domain.federate", domain="acme.example", configuration=WANTED)
    assert event_of(ack) == ("error.set.domain.federation.failure.access.denied", "FAILURE")
    domain(cloud, isVerified=False)
    ack = run(cloud, "domain.federate", domain="acme.example", configuration=WANTED)
    assert event_of(ack) == ("error.set.domain.federation.failure", "FAILURE")
    assert 'errorMessage="The domain is not verified"' in ack["message"]


def test_a_subdomain_never_changes_the_configuration_of_its_root() -> None:
    cloud = Cloud()
    domain(cloud, "sub.acme.example", isRoot=False, authenticationType="Federated")
    cloud.configurations["sub.acme.example"] = {"id": "of-the-root", "issuerUri": ISSUER}
    ack = run(cloud, "domain.federate", domain="sub.acme.example", configuration=WANTED)
    assert ack["outcome"] == "failed"
    assert event_of(ack) == ("error.set.domain.federation.failure", "FAILURE")
    assert cloud.configurations["sub.acme.example"] == {"id": "of-the-root", "issuerUri": ISSUER}


def test_unfederate_removes_only_our_own() -> None:
    cloud = Cloud()
    domain(cloud)
    run(cloud, "domain.federate", domain="acme.example", configuration=WANTED)
    ack = run(cloud, "domain.unfederate", domain="acme.example", issuerUri="acme.example:exk2")
    assert ack["outcome"] == "done"
    assert ack["result"] == {"domain": "acme.example", "change": "unchanged", "issuerUri": ISSUER}
    assert ack["events"] == []
    ack = run(cloud, "domain.unfederate", domain="acme.example", issuerUri=ISSUER)
    assert cloud.domains["acme.example"]["authenticationType"] == "Managed"
    assert event_of(ack) == ("remove.domain.federation.success", "SUCCESS")
    again = run(cloud, "domain.unfederate", domain="acme.example", issuerUri=ISSUER)
    assert again["result"]["change"] == "unchanged"


def test_unfederate_of_a_missing_domain_fails() -> None:
    ack = run(Cloud(), "domain.unfederate", domain="gone.example", issuerUri=ISSUER)
    assert event_of(ack) == ("error.remove.domain.federation.failure.domain.not.found", "FAILURE")


def test_credentials_are_tested_with_a_new_token_and_a_read() -> None:
    cloud = Cloud()
    ack = run(cloud, "credentials.test")
    assert ack["result"] == {"result": "SUCCESS", "tenantId": "tenant-1"}
    assert cloud.tokens == 1
    text = "AADSTS90002: Tenant 'acme' not found."
    cloud.sign_in_error = reply(400, {"error": "invalid_request", "error_description": text, "error_codes": [90002]})
    ack = run(cloud, "credentials.test")
    assert ack["outcome"] == "failed"
    assert ack["message"] == f"Could not validate your Office 365 credentials, received error: 400 {text}"
    assert ack["result"] == {"result": "FAILURE", "message": ack["message"]}
    assert event_of(ack) == ("error.validate.creds", "FAILURE")


def test_licences_are_listed_by_their_graph_names() -> None:
    ack = run(Cloud(), "licenses.refresh")
    assert ack["result"]["items"][0] == {
        "id": E3, "skuPartNumber": "ENTERPRISEPACK", "servicePlans": ["EXCHANGE_S_ENTERPRISE", "TEAMS1"],
    }  # fmt: skip


def test_lists_that_cannot_be_read_say_why() -> None:
    cloud = Cloud()
    for kind, path, start in (
        ("domains.fetch", "/v1.0/domains", "Could not fetch domains"),
        ("licenses.refresh", "/v1.0/subscribedSkus", "Could not download licenses"),
    ):
        cloud.answers["GET", path] = [graph_error(403, "Authorization_RequestDenied", "Insufficient privileges.")]
        ack = run(cloud, kind)
        assert ack["outcome"] == "failed"
        assert ack["message"].startswith(f"{start}, received error: Received response with HTTP status code 403.")
