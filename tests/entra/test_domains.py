"""Domains: adding, verifying by DNS, the default, subdomains, removal."""

import pytest

from .worlds import DANA, app_client, error, person_client, world

BAD = "Request_BadRequest"


def domain(graph, name):
    return graph.get(f"/domains/{name}")


def test_list_and_get(graph):
    found = {item["id"]: item for item in graph.get("/domains")["value"]}
    assert set(found) == {"acme.onmicrosoft.com", "acme.example", "acme-labs.example", "new.example", "dark.example"}
    assert domain(graph, "ACME.example")["authenticationType"] == "Federated"
    assert "passwordValidityPeriodInDays" not in domain(graph, "acme.example")
    assert domain(graph, "acme-labs.example")["passwordValidityPeriodInDays"] == 90
    assert error(graph.call("GET", "/domains/nope.example"))[:2] == (404, "Request_ResourceNotFound")


def test_add_verify_remove(tenant, graph):
    made = graph.post("/domains", {"id": "Shop.Auto.example"})
    assert (made["id"], made["isVerified"], made["isRoot"], made["supportedServices"]) == (
        "shop.auto.example",
        False,
        False,
        [],
    )
    txt, mx = graph.get("/domains/shop.auto.example/verificationDnsRecords")["value"]
    assert txt["text"].startswith("MS=ms")
    assert mx["mailExchange"] == f"{txt['text'][3:]}.msv1.invalid"
    verified = graph.post("/domains/shop.auto.example/verify")
    assert (verified["isVerified"], verified["availabilityStatus"]) == (True, "AvailableImmediately")
    assert domain(graph, "shop.auto.example")["availabilityStatus"] is None
    assert error(graph.call("POST", "/domains/shop.auto.example/verify", {}))[2].endswith("'DomainAlreadyVerified'.")
    assert graph.call("DELETE", "/domains/shop.auto.example").status == 204
    kinds = [row["type"] for row in tenant.journal(stream="directoryAudits")]
    assert kinds == ["Add unverified domain", "Verify domain", "Remove verified domain"]


def test_verification_compares_the_zone(graph):
    status, code, text = error(graph.call("POST", "/domains/dark.example/verify", {}))
    assert (status, code) == (400, BAD)
    assert text == "Domain verification failed with the following error: 'VerificationRecordNotFound'."
    assert graph.post("/domains/new.example/verify")["isVerified"] is True


def test_a_published_record_verifies():
    with world() as first:
        text = app_client(first).get("/domains/dark.example/verificationDnsRecords")["value"][0]["text"]
    with world(dns=[{"name": "dark.example", "type": "TXT", "value": text}]) as published:
        assert app_client(published).post("/domains/dark.example/verify")["isVerified"] is True
    with world(dns=[{"name": "dark.example", "type": "TXT", "value": "MS=ms00000000"}]) as other:
        assert app_client(other).call("POST", "/domains/dark.example/verify", {}).status == 400


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "A value is required for property 'id' of resource 'Domain'."),
        ({"id": "acme.example"}, 409, "Another object with the same value for property id already exists."),
        ({"id": "no dots"}, 400, "Invalid value specified for property 'id' of resource 'Domain'."),
        ({"id": "x.example", "authenticationType": "Federated"}, 400, "Creation of federated domain is not allowed."),
        ({"id": "x.example", "isVerified": True}, 400, "Property 'isVerified' is read-only and cannot be set."),
        ({"id": "sub.acme.example"}, 400, "A subdomain of a federated domain cannot be created with this API."),
    ],
)  # fmt: skip
def test_add_is_refused(graph, body, status, message):
    found = error(graph.call("POST", "/domains", body))
    assert (found[0], found[2]) == (status, message)


def test_a_subdomain_follows_its_root(graph):
    child = graph.post("/domains", {"id": "eu.acme-labs.example"})
    assert (child["isVerified"], child["isRoot"], child["authenticationType"]) == (True, False, "Managed")
    assert graph.get("/domains/eu.acme-labs.example/rootDomain")["id"] == "acme-labs.example"
    refused = graph.call("POST", "/domains/eu.acme-labs.example/federationConfiguration", {})
    assert error(refused)[2] == "A child domain inherits the authentication of its root domain"
    assert error(graph.call("DELETE", "/domains/acme-labs.example"))[2].startswith(
        "One or more objects still reference"
    )
    assert graph.post("/domains/eu.acme-labs.example/promote")["value"] is True
    assert domain(graph, "eu.acme-labs.example")["isRoot"] is True
    assert error(graph.call("POST", "/domains/eu.acme-labs.example/promote", {}))[0] == 400


def test_there_is_always_one_default(graph):
    assert graph.call("PATCH", "/domains/acme-labs.example", {"isDefault": True}).status == 204
    assert [item["id"] for item in graph.get("/domains")["value"] if item["isDefault"]] == ["acme-labs.example"]
    assert error(graph.call("PATCH", "/domains/acme-labs.example", {"isDefault": False}))[0] == 400
    federated = error(graph.call("PATCH", "/domains/acme.example", {"isDefault": True}))
    assert federated[2] == "A federated domain cannot be the default domain."
    assert (
        error(graph.call("PATCH", "/domains/new.example", {"isDefault": True}))[2]
        == "Only verified domains can be updated."
    )


def test_authentication_is_dropped_but_not_set(tenant, graph):
    for name, message in (
        ("acme-labs.example", "Changing authenticationType from Managed to Federated is currently not supported."),
    ):
        assert error(graph.call("PATCH", f"/domains/{name}", {"authenticationType": "Federated"}))[2] == message
    assert graph.call("PATCH", "/domains/acme.example", {"authenticationType": "Managed"}).status == 204
    assert graph.get("/domains/acme.example/federationConfiguration")["value"] == []
    assert domain(graph, "acme.example")["authenticationType"] == "Managed"
    assert "Set domain authentication" in [row["type"] for row in tenant.journal(stream="directoryAudits")]


def test_what_cannot_be_removed(graph):
    assert error(graph.call("DELETE", "/domains/acme.onmicrosoft.com"))[2] == "The initial domain cannot be removed."
    assert error(graph.call("DELETE", "/domains/acme.example"))[2].startswith("One or more objects still reference")


def test_services(graph):
    assert graph.call("PATCH", "/domains/acme-labs.example", {"supportedServices": ["Email"]}).status == 204
    assert error(graph.call("PATCH", "/domains/acme-labs.example", {"supportedServices": ["Intune"]}))[0] == 400
    records = graph.get("/domains/acme-labs.example/serviceConfigurationRecords")["value"]
    assert records[0]["mailExchange"] == "acme-labs-example.mail.protection.outlook.com"


def test_a_person_needs_the_role(tenant):
    dana = person_client(tenant, DANA, "Domain.ReadWrite.All")
    assert dana.get("/domains")["value"]
    assert error(dana.call("POST", "/domains", {"id": "x.example"}))[:2] == (403, "Authorization_RequestDenied")
