"""The device registration service: where it is, joining, renewing what Active Directory has, leaving.

Source: MS-DVRD (discovery), MS-DVRJ (join), graph-entra.md 1.18. Bodies are the ones that Windows and others send.
"""

# Differs: it answers under every name of the sign-in service; discovery is JSON alone.
# Differs: a device leaves with the token of one of its owners; the service wants the device's certificate in TLS.

import base64
from dataclasses import dataclass
from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.links import forget, link
from emulator.entra.login import device_trust
from emulator.entra.login.claims import region
from emulator.entra.login.device_bearer import HOST, RESOURCE, Registrar, bad_request, refused, registrar
from emulator.entra.login.dialect import HOST as LOGIN
from emulator.entra.login.dialect import because
from emulator.entra.login.tenancy import federation_of, resolve
from emulator.entra.resources import devices, domains, memberships
from emulator.entra.resources.devices import DEVICE_OWNERS, DEVICE_USERS, DEVICES
from emulator.entra.resources.directory_roles import GLOBAL_ADMINISTRATOR, ROLES
from emulator.entra.resources.user_store import security_identifier
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Problem
from emulator.protocols import device_keys
from emulator.protocols.x509 import Certificate, certificate_from_der

_JOIN: dict[str, Any] = {"auth": "none", "body": "json", "commit": "manual"}
TRUST = {0: "AzureAd", 4: "Workplace"}
"""JoinType of a request to what the device becomes; 6 is the hybrid join of a synchronised device."""
HYBRID = 6
QUOTA = 50
"""Devices that a person may have registered: the default of a new tenant's device settings."""
_LINKS = ((DEVICE_OWNERS, "Add registered owner to device"), (DEVICE_USERS, "Add registered users to device"))
_ADMINISTRATORS = (GLOBAL_ADMINISTRATOR, "9f06204d-73c1-4d4c-880a-6edb90606fd8")


@operation("GET", "/enrollmentserver/contract", source=OBSERVED, auth="none", query=("api-version",))
@operation("GET", "/{tenant}/enrollmentserver/contract", source=OBSERVED, auth="none", query=("api-version",))
@operation("GET", "/{tenant}/discover", source=OBSERVED, auth="none", query=("api-version",))
def discover(call: Call) -> Doc:
    """Where devices of a domain register, and where their people get tokens."""
    name = call.path.get("tenant") or str(domains.initial(call.store))
    call.path["tenant"] = name
    where = resolve(call, error="invalid_tenant")
    oauth = f"{LOGIN}/{where.id}/oauth2"
    domain = call.store.get(domains.DOMAINS, name.casefold())
    federation = federation_of(call, domain)
    return {
        "DiscoveryService": {"DiscoveryEndpoint": f"{HOST}/{name}/Discover", "ServiceVersion": "1.7"},
        "DeviceRegistrationService": {
            "RegistrationEndpoint": f"{HOST}/EnrollmentServer/DeviceEnrollmentWebService.svc",
            "RegistrationResourceId": RESOURCE, "ServiceVersion": "1.0",
        },
        "AuthenticationService": {
            "OAuth2": {"AuthCodeEndpoint": f"{oauth}/authorize", "TokenEndpoint": f"{oauth}/token"}
        },
        "IdentityProviderService": {
            "Federated": federation is not None,
            "PassiveAuthEndpoint": federation["passiveSignInUri"] if federation else f"{LOGIN}/{where.id}/wsfed",
        },
        "DeviceJoinService": {
            "JoinEndpoint": f"{HOST}/EnrollmentServer/device/", "JoinResourceId": RESOURCE, "ServiceVersion": "2.0",
        },
        "KeyProvisioningService": {
            "KeyProvisionEndpoint": f"{HOST}/EnrollmentServer/key/", "KeyProvisionResourceId": RESOURCE,
            "ServiceVersion": "1.0",
        },
        "TenantInfo": {
            "DisplayName": tenant(call)["displayName"], "TenantId": where.id,
            "TenantName": domains.initial(call.store),
        },
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """A device as its request describes it."""

    request: device_keys.CertificateRequest
    transport: bytes
    name: str
    system: str
    version: str


@operation("POST", "/enrollmentserver/device", source=DOCUMENTED, query=("api-version",), **_JOIN,
           emits=("Register device", "Add device", *(name for _, name in _LINKS)))  # fmt: skip
def join(call: Call) -> Doc:
    """Join or register a device: its certificate, signed by the organisation's authority."""
    who = registrar(call, "DeviceJoin")
    kind = call.body.get("JoinType")
    if not isinstance(kind, int) or isinstance(kind, bool) or kind not in TRUST:
        raise bad_request("DeviceJoin", "JoinType", kind, f"Join types are {', '.join(map(str, TRUST))} here.")
    asked = _read(call.body, call.body, "DeviceJoin")
    _check_quota(call, who)
    with call.commit():
        id = call.ids.guid("deviceId")
        device: Doc = {**devices.blank(call.ids.guid("device"), call.now), "deviceId": id, "trustType": TRUST[kind]}
        certificate = _issue(call, asked, id, who.user["id"], join=int(kind == 0))
        device.update(_described(call, asked, certificate))
        call.store.add(DEVICES, device)
        _tell_joined(call, device, who)
    admins = [
        security_identifier(row["id"]) for row in call.store.all(ROLES) if row["roleTemplateId"] in _ADMINISTRATORS
    ]
    added = [*admins, security_identifier(who.user["id"])] if kind == 0 else []
    return _answer(certificate, who.user["userPrincipalName"], added)


def _tell_joined(call: Call, device: Doc, who: Registrar) -> None:
    about = target("Device", device)
    audit(call, "Add device", [about], user=who.user)
    for kind, activity in _LINKS:
        link(call.store, kind, device["id"], who.user["id"])
        audit(call, activity, [about, target("User", who.user)], user=who.user)
    audit(call, "Register device", [about], user=who.user)


@operation("PUT", "/enrollmentserver/device/{deviceId}", source=DOCUMENTED, query=("api-version",), **_JOIN,
           emits=("Register device",))  # fmt: skip
def join_hybrid(call: Call) -> Doc:
    """The hybrid join of a computer that directory synchronisation has brought: it signs its own SID."""
    name = "DeviceRenew"
    if call.body.get("JoinType") != HYBRID:
        raise bad_request(
            name, "JoinType", call.body.get("JoinType"), f"The join of a synchronised device is {HYBRID}."
        )
    data = call.body.get("ServerAdJoinData")
    if not isinstance(data, dict):
        raise bad_request(name, "ServerAdJoinData", data, "A hybrid join describes the computer.")
    device = devices.by_device_id(call.store, call.path["deviceId"])
    if device is None:
        raise _missing(call, name)
    _check_identity(call, device, data.get("ClientIdentity"))
    asked = _read(call.body, data, name)
    with call.commit():
        certificate = _issue(call, asked, device["deviceId"], device["id"], join=1)
        device.update(
            _described(call, asked, certificate), trustType="ServerAd", registrationDateTime=iso_seconds(call.now)
        )
        call.store.put(DEVICES, device)
        audit(call, "Register device", [target("Device", device)])
    return _answer(certificate, "", [])


def _check_identity(call: Call, device: Doc, given: object) -> None:
    """The computer's own certificate, which was synchronised, signs `SID.time`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    sid, signature = (str(given.get(key) or "") if isinstance(given, dict) else "" for key in ("Sid", "SignedBlob"))
    named, _, at = sid.partition(".")
    known = device.get("_onPremisesSid")
    try:
        certificate = certificate_from_der(base64.b64decode(device.get("_userCertificate") or "", validate=True))
        assert certificate.public_key is not None
        blob = base64.b64decode(signature, validate=True)
        certificate.public_key.verify(blob, sid.encode(), padding.PKCS1v15(), hashes.SHA256())
        fresh = abs(parse_iso(at.replace(" ", "T")) - call.now) <= 15 * MINUTE
    except (ValueError, AssertionError, InvalidSignature):
        fresh = False
    if fresh and named == known:
        return
    why = because(
        "The computer signs its own SID and the time with the key whose certificate was synchronised.",
        ("Sid", named[:80], "ClientIdentity"), ("onPremisesSid", known, f"device {device['displayName']}"),
        ("signed, and within 15 minutes", fresh, "ClientIdentity"), ("now", iso_seconds(call.now), "world clock"),
    )  # fmt: skip
    raise refused(
        "authentication_error", "error_invalid_client_identity", "The client identity is not valid.", why=why,
        operation="DeviceRenew", status=401, aadsts="50155",
    )  # fmt: skip


@operation("DELETE", "/enrollmentserver/device/{deviceId}", source=DOCUMENTED, auth="none", query=("api-version",),
           commit="manual", emits=("Unregister device", "Delete device"))  # fmt: skip
def leave(call: Call) -> Doc:
    """Take a device out of the tenant."""
    who = registrar(call, "DeviceDelete")
    device = devices.by_device_id(call.store, call.path["deviceId"])
    if device is None:
        raise _missing(call, "DeviceDelete")
    owners = [row["member"] for row in call.store.find_all(DEVICE_OWNERS, "device", device["id"])]
    if who.user["id"] not in owners:
        why = because(
            "A device is taken out by its owner.",
            ("oid", who.user["id"], "token"),
            ("registeredOwners", owners, f"device {device['displayName']}"),
        )
        message = f"User '{who.user['id']}' is not a registered owner of the device."
        raise refused(
            "directory_error", "error_user_not_registered_device_owner", message, why=why, operation="DeviceDelete",
            aadsts="240001",
        )  # fmt: skip
    with call.commit():
        call.store.drop(DEVICES, device["id"])
        for kind in (DEVICE_OWNERS, DEVICE_USERS):
            forget(call.store, kind, device["id"])
        memberships.forget(call.store, device["id"])
        for activity in ("Delete device", "Unregister device"):
            audit(call, activity, [target("Device", device)], user=who.user)
    return {}


def _missing(call: Call, name: str) -> Problem:
    id = call.path["deviceId"]
    why = because("No device of the tenant has that device id.", ("device id", id, "request path"))
    message = f"The device object by the given id ({id[:64]}) is not found."
    return refused("directory_error", "error_missing_device", message, why=why, operation=name, aadsts="700003")


def _check_quota(call: Call, who: Registrar) -> None:
    held = len(call.store.find_all(DEVICE_OWNERS, "member", who.user["id"]))
    if held < QUOTA:
        return
    why = because(
        "A person may register only so many devices.",
        ("devices owned", held, who.user["userPrincipalName"]),
        ("most", QUOTA, "device settings"),
    )
    message = f"User '{who.user['id']}' is not eligible to enroll a device. Reason 'DeviceCapReached'."
    raise refused(
        "invalid_request", "error_directory_quota_exceeded", message, why=why, operation="DeviceJoin", aadsts="240001"
    )


def _read(body: Doc, data: Doc, name: str) -> _Asked:
    """The device of a request; `data` is where the description stands."""
    wanted = body.get("CertificateRequest")
    if not isinstance(wanted, dict) or wanted.get("Type") != "pkcs10" or not isinstance(wanted.get("Data"), str):
        raise bad_request(name, "CertificateRequest", wanted, "It holds a PKCS#10 request: Type pkcs10, Data base64.")
    try:
        request = device_keys.certificate_request(wanted["Data"])
    except ValueError as error:
        raise bad_request(name, "CertificateRequest", wanted["Data"], f"{error}.") from error
    try:
        transport = device_keys.transport_key(_text(data, "TransportKey", name, most=16_384))
    except ValueError as error:
        raise bad_request(name, "TransportKey", data["TransportKey"], f"{error}.") from error
    texts = (_text(data, key, name) for key in ("DeviceDisplayName", "DeviceType", "OSVersion"))
    return _Asked(request, device_keys.spki(transport), *texts)


def _text(data: Doc, key: str, name: str, *, most: int = 256) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise bad_request(name, key, value, f"A text of 1 to {most} characters.")
    return value


def _issue(call: Call, asked: _Asked, device_id: str, user_id: str, *, join: int) -> Certificate:
    subject = device_keys.Subject(device_id, user_id, tenant(call)["id"], join, region(call))
    serial = int.from_bytes(bytes.fromhex(call.ids.guid("deviceCertificate").replace("-", "")), "big") >> 1 | 1
    authority = device_trust.authority(call)
    der = device_keys.device_certificate(asked.request, subject, authority, now_ms=call.now, serial=serial)
    return certificate_from_der(der)


def _described(call: Call, asked: _Asked, certificate: Certificate) -> Doc:
    """What registration says of a device; the keys are ours."""
    key = device_keys.security_id(certificate.der, asked.request.key)
    return {
        "displayName": asked.name, "operatingSystem": asked.system, "operatingSystemVersion": asked.version,
        "approximateLastSignInDateTime": iso_seconds(call.now),
        "alternativeSecurityIds": [{"type": 2, "identityProvider": None, "key": key}],
        "_thumbprint": certificate.thumbprint_sha1, "_transport": base64.b64encode(asked.transport).decode(),
    }  # fmt: skip


def _answer(certificate: Certificate, upn: str, added: list[str]) -> Doc:
    changes = [{"LocalSID": "S-1-5-32-544", "AddSIDs": added}] if added else []
    return {
        "Certificate": {"Thumbprint": certificate.thumbprint_sha1, "RawBody": certificate.b64}, "User": {"Upn": upn},
        "MembershipChanges": changes,
    }  # fmt: skip
