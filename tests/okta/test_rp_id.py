"""The domain that security keys are bound to: proved by DNS, then part of what a browser signs for."""

import pytest

from tests.okta.test_security_keys import BODY, SAM, enrol
from tests.okta.worlds import refused, world
from tests.protocols.soft_key import SoftKey

DNS = "/api/internal/v1/dns-records"


@pytest.fixture
def org():
    with world() as made:
        yield made
        assert made.engine.crashes == []


@pytest.fixture
def method(org):
    [found] = [item for item in org.okta.get("/api/v1/authenticators") if item["key"] == "webauthn"]
    return f"/api/v1/authenticators/{found['id']}/methods/webauthn"


def own(org, method, **rp):
    return org.okta.put(method, {"settings": {"rpId": rp}})["settings"]["rpId"]


def test_a_domain_is_named_proved_and_used(org, method):
    named = own(org, method, domain={"name": "Acme.Example"})
    record = named["domain"]["dnsRecord"]
    assert (named["domain"]["name"], named["domain"]["validationStatus"], named["enabled"]) == (
        "acme.example",
        "NOT_STARTED",
        False,
    )
    assert (record["recordType"], record["fqdn"]) == ("TXT", "_oktaverification.acme.example")
    assert refused(org, "PUT", method, {"settings": {"rpId": {"enabled": True}}})[:2] == (400, "E0000001")
    assert refused(org, "POST", f"{method}/verify-rp-id-domain")[:2] == (400, "E0000001")
    assert org.okta.get(method)["settings"]["rpId"]["domain"]["validationStatus"] == "ERROR"
    row = {"fqdn": record["fqdn"], "recordType": "TXT", "value": record["verificationValue"]}
    org.okta.put(DNS, {"records": [row]})
    assert org.okta.call("POST", f"{method}/verify-rp-id-domain").status == 204
    assert own(org, method, enabled=True) == {
        "domain": {**named["domain"], "validationStatus": "VERIFIED"},
        "enabled": True,
    }
    assert org.okta.post(SAM, BODY)["_embedded"]["activation"]["rp"] == {"name": "Acme", "id": "acme.example"}
    assert enrol(org, SoftKey(rp="acme.example"))["status"] == "ACTIVE"
    stranger = org.okta.post(SAM, BODY)
    asked = stranger["_embedded"]["activation"]["challenge"]
    at = f"{SAM}/{stranger['id']}/lifecycle/activate"
    assert refused(org, "POST", at, SoftKey(id=b"another").create(asked))[:2] == (403, "E0000068")
    other = {"settings": {"rpId": {"domain": {"name": "other.example"}}}}
    assert refused(org, "PUT", method, other)[:2] == (400, "E0000001")
    assert own(org, method, enabled=False)["enabled"] is False
    assert own(org, method, domain={"name": "other.example"})["domain"]["validationStatus"] == "NOT_STARTED"


def test_another_name_is_proved_anew(org, method):
    first = own(org, method, domain={"name": "acme.example"})
    assert own(org, method, domain={"name": "acme.example"}) == first
    second = own(org, method, domain={"name": "other.example"})
    assert second["domain"]["dnsRecord"]["verificationValue"] != first["domain"]["dnsRecord"]["verificationValue"]
    assert refused(org, "PUT", method, {"settings": {"rpId": {"domain": {"name": "no domain"}}}})[:2] == (
        400,
        "E0000001",
    )


def test_there_must_be_something_to_prove(org, method):
    assert refused(org, "POST", f"{method}/verify-rp-id-domain")[:2] == (400, "E0000001")
    other = method.removesuffix("webauthn") + "totp"
    assert refused(org, "POST", f"{other}/verify-rp-id-domain")[:2] == (404, "E0000007")
