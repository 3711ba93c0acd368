"""The device registration service: discovery, joining, the hybrid join, leaving; what Graph then shows."""

import base64
import copy
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from emulator import World
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.protocols.x509 import parse_certificate
from emulator.serving.files import read_fixture
from emulator.wire.client import Http, json_of
from tests.entra.login.devices import (
    DEVICE_KEY,
    GRAPH,
    REGISTRATION,
    Device,
    blob,
    csr,
    drs_token,
    join_body,
    jwk,
    private_key,
    registration,
)
from tests.entra.login.worlds import ADMIN, ADMIN_PASSWORD, LIN, TENANT, spec

SID = "S-1-5-21-1-2-3-1104"


def directory(world: World, path: str) -> Any:
    """A GET at Graph as the world's administrator."""
    return world.entra.get(path)


def test_discovery_says_where_everything_is(world: World) -> None:
    http = Http(world.transport)
    for name, federated in (("acme.example", True), ("acme-labs.example", False), (TENANT, False)):
        body = json_of(http.request("GET", f"{REGISTRATION}/{name}/EnrollmentServer/contract?api-version=1.2"))
        assert body["IdentityProviderService"]["Federated"] is federated
        assert ("okta.com" in body["IdentityProviderService"]["PassiveAuthEndpoint"]) is federated
        assert body["DeviceJoinService"]["JoinEndpoint"] == f"{REGISTRATION}/EnrollmentServer/device/"
        assert body["TenantInfo"] == {"DisplayName": "Acme", "TenantId": TENANT, "TenantName": "acme.onmicrosoft.com"}
        assert json_of(http.request("GET", f"{REGISTRATION}/{name}/Discover?api-version=1.7")) == body
    unknown = http.request("GET", f"{REGISTRATION}/nowhere.example/EnrollmentServer/contract")
    assert unknown.status == 400 and json_of(unknown)["error"] == "invalid_tenant"
    assert http.request("GET", f"{REGISTRATION}/EnrollmentServer/contract?api-version=1.0").status == 200


@pytest.mark.parametrize(("join", "trust"), [(0, "AzureAd"), (4, "Workplace")])
def test_a_device_joins_and_graph_shows_it(world: World, join: int, trust: str) -> None:
    device = Device.joined(world, JoinType=join)
    der = base64.b64decode(device.certificate)
    parsed = x509.load_der_x509_certificate(der)
    authority = parse_certificate(read_fixture("certificates/entra-device-ca.crt").decode().partition("\n")[2])
    parsed.verify_directly_issued_by(authority.parsed)
    assert device.answer["Certificate"]["Thumbprint"] == hashlib.sha1(der).hexdigest().upper()
    assert device.answer["User"] == {"Upn": LIN}
    shown = directory(world, f"/devices(deviceId='{device.id}')?$expand=registeredOwners")
    assert shown["displayName"] == "LAP-1" and shown["trustType"] == trust and shown["accountEnabled"] is True
    assert shown["operatingSystem"] == "Windows" and shown["operatingSystemVersion"] == "10.0.19041.928"
    assert [item["userPrincipalName"] for item in shown["registeredOwners"]] == [LIN]
    identity = base64.b64decode(shown["alternativeSecurityIds"][0]["key"]).decode("utf-16-le")
    assert identity.startswith(f"X509:<SHA1-TP-PUBKEY>{hashlib.sha1(der).hexdigest().upper()}")
    assert not any(name.startswith("_") for name in shown)
    changes = device.answer["MembershipChanges"]
    assert bool(changes) is (join == 0)
    if changes:
        assert changes[0]["LocalSID"] == "S-1-5-32-544" and all(
            sid.startswith("S-1-12-1-") for sid in changes[0]["AddSIDs"]
        )
    activities = [row["type"] for row in world.journal(party="entra:acme") if row["stream"] == "directoryAudits"]
    assert activities == [
        "Add device", "Add registered owner to device", "Add registered users to device", "Register device",
    ]  # fmt: skip


def test_the_certificate_carries_what_the_protocol_says(world: World) -> None:
    device = Device.joined(world)
    parsed = x509.load_der_x509_certificate(base64.b64decode(device.certificate))
    found = {item.oid.dotted_string: item.value for item in parsed.extensions}
    texts = {oid[-1]: value.value[3:] for oid, value in found.items() if oid.startswith("1.2.840.113556.1.5.284.")}  # type: ignore[attr-defined]
    from uuid import UUID

    assert str(UUID(bytes_le=texts["2"])) == device.id and str(UUID(bytes_le=texts["5"])) == TENANT
    assert str(UUID(bytes_le=texts["3"])) == directory(world, f"/users/{LIN}?$select=id")["id"]
    assert texts["7"] == b"1" and texts["8"] == b"NA"


def test_the_transport_key_may_be_a_jwk(world: World) -> None:
    assert Device.joined(world, TransportKey=jwk(DEVICE_KEY), DeviceType="MacOS").signed_in().prt


BAD: dict[str, Doc] = {
    "no request": {"CertificateRequest": None}, "a list": {"CertificateRequest": [1]},
    "another type": {"CertificateRequest": {"Type": "pkcs7", "Data": "AAAA"}},
    "junk": {"CertificateRequest": {"Type": "pkcs10", "Data": "AAAA"}},
    "no base64": {"CertificateRequest": {"Type": "pkcs10", "Data": "!"}},
    "a number": {"CertificateRequest": {"Type": "pkcs10", "Data": 7}},
    "no key": {"TransportKey": None}, "a key that is junk": {"TransportKey": "AAAA"}, "a huge key": {"TransportKey": "A" * 20_000},
    "an empty blob": {"TransportKey": base64.b64encode(b"RSA1").decode()},
    "a private blob": {"TransportKey": base64.b64encode(b"RSA1" + b"\x01\0\0\0" * 5 + b"ab").decode()},
    "a weak JWK": {"TransportKey": base64.b64encode(b'{"kty":"RSA","n":"AQAB","e":"AQAB"}').decode()},
    "an EC JWK": {"TransportKey": base64.b64encode(b'{"kty":"EC"}').decode()},
    "a JWK of numbers": {"TransportKey": base64.b64encode(b'{"kty":"RSA","n":1,"e":2}').decode()},
    "no name": {"DeviceDisplayName": ""}, "a long name": {"DeviceDisplayName": "x" * 300}, "a name of a list": {"DeviceDisplayName": []},
    "no system": {"DeviceType": None}, "a version of a number": {"OSVersion": 10},
    "an unknown join": {"JoinType": 7}, "a join of text": {"JoinType": "0"}, "a join of truth": {"JoinType": True},
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_requests_are_refused_in_the_services_words(world: World, name: str) -> None:
    bearer = drs_token(world)["access_token"]
    answer = registration(world, "POST", "/device/?api-version=2.0", join_body(**BAD[name]), bearer=bearer)
    body = json_of(answer)
    assert answer.status == 400 and body["code"] == "invalid_request" and body["operation"] == "DeviceJoin", body
    assert world.why(body["requestid"]) is not None
    assert directory(world, "/devices")["value"] == []


def test_requests_with_other_keys_are_refused(world: World) -> None:
    bearer = drs_token(world)["access_token"]
    other = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(other, hashes.SHA256())
    text = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    damaged = bytearray(base64.b64decode(csr(DEVICE_KEY)))
    damaged[-1] ^= 1
    for data in (text, base64.b64encode(bytes(damaged)).decode()):
        body = join_body(CertificateRequest={"Type": "pkcs10", "Data": data})
        assert registration(world, "POST", "/device", body, bearer=bearer).status == 400


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b'"x"', b"\xff"])
def test_bodies_that_are_no_objects_are_refused(world: World, raw: bytes) -> None:
    answer = registration(world, "POST", "/device", bearer=drs_token(world)["access_token"], raw=raw)
    assert answer.status == 400 and json_of(answer)["code"] == "invalid_request"


def test_only_a_persons_token_for_the_service_registers(world: World) -> None:
    graph = drs_token(world, resource=GRAPH)["access_token"]
    good = str(drs_token(world)["access_token"])
    for bearer in ("", "x", "a.b.c", graph, good[:-3] + "AAA", good + "."):
        answer = registration(world, "POST", "/device", join_body(), bearer=bearer)
        assert answer.status == 401 and json_of(answer)["code"] == "authentication_error", bearer
    world.clock.advance(seconds=2)
    world.entra.post(f"/users/{LIN}/revokeSignInSessions", {})
    assert registration(world, "POST", "/device", join_body(), bearer=good).status == 401


def test_a_person_may_own_fifty_devices() -> None:
    made = spec()
    made["parties"]["entra:acme"]["devices"] = [{"displayName": f"D{number}", "owner": LIN} for number in range(50)]
    with World(made) as world:
        answer = registration(world, "POST", "/device", join_body(), bearer=drs_token(world)["access_token"])
        assert json_of(answer)["subcode"] == "error_directory_quota_exceeded"
        other = drs_token(world, ADMIN, ADMIN_PASSWORD)["access_token"]
        assert registration(world, "POST", "/device", join_body(), bearer=other).status == 200
        assert world.engine.crashes == []


def test_leaving_is_the_owners(world: World) -> None:
    device = Device.joined(world)
    other = drs_token(world, ADMIN, ADMIN_PASSWORD)["access_token"]
    refused = registration(world, "DELETE", f"/device/{device.id}", bearer=other)
    assert refused.status == 400 and json_of(refused)["subcode"] == "error_user_not_registered_device_owner"
    own = drs_token(world)["access_token"]
    assert registration(world, "DELETE", f"/device/{device.id}").status == 401
    assert registration(world, "DELETE", f"/device/{device.id}", bearer=own).status == 200
    assert directory(world, "/devices")["value"] == []
    again = registration(world, "DELETE", f"/device/{device.id}", bearer=own)
    assert again.status == 400 and json_of(again)["subcode"] == "error_missing_device"


# -- hybrid join ---------------------------------------------------------------------------------------------------

COMPUTER = "d2000000-0000-4000-8000-000000000001"


def hybrid_world() -> World:
    """A tenant to which synchronisation has brought a computer with its own certificate."""
    made = copy.deepcopy(spec())
    certificate = read_fixture("certificates/okta-acme-next.crt").decode().partition("\n")[2]
    made["parties"]["entra:acme"]["devices"] = [
        {"displayName": "PC-9", "deviceId": COMPUTER, "trustType": "ServerAd", "onPremisesSyncEnabled": True,
         "operatingSystem": "Windows 10", "operatingSystemVersion": "10.0", "registrationDateTime": None,
         "onPremisesSid": SID, "userCertificate": parse_certificate(certificate).b64},
    ]  # fmt: skip
    return World(made)


def hybrid_body(world: World, *, sid: str = SID, minutes: int = 0, key: str = "okta-acme-next", **changes: Any) -> Doc:
    at = iso(world.clock.now() + minutes * 60_000)[:19].replace("T", " ") + "Z"
    signed = f"{sid}.{at}"
    signature = private_key(key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    identity = {"Type": "sha256signed", "Sid": signed, "SignedBlob": base64.b64encode(signature).decode()}
    data = {"TransportKey": blob(DEVICE_KEY), "TargetDomain": TENANT, "DeviceType": "Windows", "OSVersion": "10.0.19041.928",
            "DeviceDisplayName": "PC-9", "TargetDomainId": TENANT, "ClientIdentity": identity}  # fmt: skip
    body = {"CertificateRequest": {"Type": "pkcs10", "Data": csr(DEVICE_KEY)}, "ServerAdJoinData": data, "JoinType": 6}
    return {**body, **changes}


def test_a_synchronised_computer_joins_by_its_own_certificate() -> None:
    with hybrid_world() as world:
        answer = registration(world, "PUT", f"/device/{COMPUTER}?api-version=2.0", hybrid_body(world))
        assert answer.status == 200, answer.text()
        device = Device(world, json_of(answer)["Certificate"]["RawBody"], COMPUTER)
        shown = directory(world, f"/devices(deviceId='{COMPUTER}')")
        assert shown["trustType"] == "ServerAd" and shown["registrationDateTime"] is not None
        claims = device.signed_in().use()[1]
        assert claims["access_token"]
        assert world.engine.crashes == []


HYBRID_BAD: dict[str, Doc] = {
    "another SID": {"sid": "S-1-5-21-9"}, "too old": {"minutes": -20}, "from the future": {"minutes": 20},
    "another key": {"key": "foreign"}, "no identity": {"ServerAdJoinData": {"ClientIdentity": None}},
    "an identity of text": {"ServerAdJoinData": {"ClientIdentity": "x"}},
    "junk": {"ServerAdJoinData": {"ClientIdentity": {"Sid": 7, "SignedBlob": "!"}}},
}  # fmt: skip


@pytest.mark.parametrize("name", HYBRID_BAD)
def test_another_computer_does_not(name: str) -> None:
    with hybrid_world() as world:
        answer = registration(world, "PUT", f"/device/{COMPUTER}", hybrid_body(world, **HYBRID_BAD[name]))
        assert answer.status == 401 and json_of(answer)["subcode"] == "error_invalid_client_identity"
        assert directory(world, f"/devices(deviceId='{COMPUTER}')")["registrationDateTime"] is None
        assert world.engine.crashes == []


def test_what_is_no_hybrid_join_is_refused() -> None:
    with hybrid_world() as world:
        for changes in ({"JoinType": 0}, {"ServerAdJoinData": None}, {"ServerAdJoinData": []}, {"JoinType": None}):
            body = hybrid_body(world, **changes)
            assert registration(world, "PUT", f"/device/{COMPUTER}", body).status == 400
        missing = registration(world, "PUT", "/device/d2000000-0000-4000-8000-0000000000ff", hybrid_body(world))
        assert json_of(missing)["subcode"] == "error_missing_device"
