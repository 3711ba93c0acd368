"""federationConfiguration: who may be federated, what is checked, what follows."""

import pytest

from emulator.serving.files import read_fixture

from .worlds import FEDERATION, app_client, error, world

AT = "/domains/acme-labs.example/federationConfiguration"
CERTIFICATE = "".join(
    read_fixture("certificates/foreign.crt")
    .decode()
    .partition("-----BEGIN CERTIFICATE-----")[2]
    .split("-----")[0]
    .split()
)
CONFIG = {**FEDERATION, "issuerUri": "acme-labs.example:exk1fedissuer00007", "signingCertificate": CERTIFICATE}


def kinds(tenant):
    return [row["type"] for row in tenant.journal(stream="directoryAudits")]


def test_federate_change_and_end(tenant, graph):
    answer = graph.call("POST", AT, CONFIG)
    assert answer.status == 201
    made = graph.get(AT)["value"][0]
    assert made["@odata.type"] == "#microsoft.graph.internalDomainFederation"
    assert made["issuerUri"] == CONFIG["issuerUri"]
    assert made["federatedIdpMfaBehavior"] is None
    assert graph.get("/domains/acme-labs.example")["authenticationType"] == "Federated"
    assert answer.header("location").endswith(f"{AT}/{made['id']}")
    assert graph.get(f"{AT}/{made['id']}")["signingCertificate"] == CERTIFICATE
    changed = graph.patch(f"{AT}/{made['id']}", {"federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"})
    assert changed["federatedIdpMfaBehavior"] == "enforceMfaByFederatedIdp"
    assert graph.call("DELETE", f"{AT}/{made['id']}").status == 204
    assert graph.get("/domains/acme-labs.example")["authenticationType"] == "Managed"
    assert kinds(tenant) == [
        "Set domain authentication", "Set federation settings on domain", "Set federation settings on domain",
        "Set federation settings on domain", "Set domain authentication",
    ]  # fmt: skip


def test_organization_shows_it(graph):
    graph.post(AT, CONFIG)
    (organization,) = graph.get("/organization")["value"]
    types = {item["name"]: item["type"] for item in organization["verifiedDomains"]}
    assert types == {"acme.onmicrosoft.com": "Managed", "acme.example": "Federated", "acme-labs.example": "Federated"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acme.onmicrosoft.com", "The initial domain cannot be federated"),
        ("new.example", "The domain is not verified"),
        ("acme.example", "The domain already has a federation configuration."),
    ],
)
def test_which_domains_may_not(graph, name, message):
    found = error(graph.call("POST", f"/domains/{name}/federationConfiguration", CONFIG))
    assert found == (400, "Request_BadRequest", message)


def test_the_default_domain_may_not(graph):
    graph.patch("/domains/acme-labs.example", {"isDefault": True})
    assert error(graph.call("POST", AT, CONFIG))[2] == "The default domain cannot be federated"


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"issuerUri": None}, 400, "A value is required for property 'issuerUri' of resource"),
        ({"signingCertificate": None}, 400, "A value is required for property 'signingCertificate'"),
        ({"passiveSignInUri": None}, 400, "A value is required for property 'passiveSignInUri'"),
        ({"issuerUri": "4you.example:exk1"}, 400, "issuerUri is not a valid URI (a scheme cannot begin with a digit)"),
        ({"issuerUri": "plain"}, 400, "issuerUri is not a valid URI"),
        ({"issuerUri": FEDERATION["issuerUri"]}, 409, "Another object with the same value for property issuerUri already exists."),
        ({"signingCertificate": "TUlJ"}, 400, "signingCertificate is not a valid X.509 certificate"),
        ({"signingCertificate": CERTIFICATE[:-8]}, 400, "signingCertificate is not a valid X.509 certificate"),
        ({"nextSigningCertificate": "-----BEGIN CERTIFICATE-----\n" + CERTIFICATE}, 400, "signingCertificate is not a valid"),
        ({"passiveSignInUri": "http://plain.example/"}, 400, "Invalid value specified for property 'passiveSignInUri'"),
        ({"preferredAuthenticationProtocol": "oidc"}, 400, "Invalid value specified for property 'preferredAuthenticationProtocol'"),
        ({"federatedIdpMfaBehavior": "always"}, 400, "Invalid value specified for property 'federatedIdpMfaBehavior'"),
        ({"brandName": "x"}, 400, "Property 'brandName' does not exist on type 'microsoft.graph.internalDomainFederation'."),
    ],
)  # fmt: skip
def test_create_is_refused_and_changes_nothing(graph, change, status, message):
    found = error(graph.call("POST", AT, {**CONFIG, **change}))
    assert found[0] == status
    assert found[2].startswith(message)
    assert graph.get("/domains/acme-labs.example")["authenticationType"] == "Managed"


def test_an_issuer_moves_only_when_it_is_free(graph):
    made = graph.post(AT, CONFIG)
    taken = graph.call("PATCH", f"{AT}/{made['id']}", {"issuerUri": FEDERATION["issuerUri"]})
    assert error(taken)[:2] == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert graph.patch(f"{AT}/{made['id']}", {"issuerUri": "https://exk9"})["issuerUri"] == "https://exk9"


def test_a_configuration_of_another_domain_is_not_found(graph):
    other = graph.get("/domains/acme.example/federationConfiguration")["value"][0]["id"]
    assert error(graph.call("GET", f"{AT}/{other}"))[0] == 404
    assert error(graph.call("DELETE", f"{AT}/{other}"))[0] == 404


def test_subdomains_inherit(graph):
    graph.post("/domains", {"id": "eu.acme-labs.example"})
    made = graph.post(AT, CONFIG)
    assert graph.get("/domains/eu.acme-labs.example")["authenticationType"] == "Federated"
    (inherited,) = graph.get("/domains/eu.acme-labs.example/federationConfiguration")["value"]
    assert inherited["id"] == made["id"]
    graph.delete(f"{AT}/{made['id']}")
    assert graph.get("/domains/eu.acme-labs.example")["authenticationType"] == "Managed"


def test_either_permission_does(tenant):
    for permission in ("Domain.ReadWrite.All", "Domain-InternalFederation.ReadWrite.All"):
        found = app_client(tenant, permission).call("GET", "/domains/acme.example/federationConfiguration")
        assert found.status == 200, permission
    assert error(app_client(tenant, "User.Read.All").call("POST", AT, CONFIG))[0] == 403


def test_users_are_left_as_they_are(graph):
    """Converting a domain changes no user: without an immutable id one simply cannot sign in."""
    before = graph.get("/users/lab@acme-labs.example?$select=id,onPremisesImmutableId")
    graph.post(AT, CONFIG)
    assert graph.get("/users/lab@acme-labs.example?$select=id,onPremisesImmutableId") == before


def test_lookups_for_the_sign_in_service():
    from emulator.entra.resources import domains, federation

    with world() as tenant:
        store = tenant.database.store("entra:acme")
        found = federation.by_issuer(store, FEDERATION["issuerUri"])
        assert found["domain"] == "acme.example"
        assert federation.by_issuer(store, FEDERATION["issuerUri"].upper()) is None
        assert federation.of_domain(store, "ACME.example")["id"] == found["id"]
        assert domains.for_upn(store, "x@deep.sub.acme.example")["id"] == "acme.example"
        assert domains.for_upn(store, "x@new.example") is None
        assert domains.for_upn(store, "x@example") is None
