"""Devices that prove themselves: the organisation's certificate authority, and the device behind a certificate.

Source: graph-entra.md 1.18, 2.12; MS-DVRJ 3.1.5.1.1.3.
"""

import base64

from emulator.entra.login.dialect import because
from emulator.entra.resources import devices
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Problem
from emulator.protocols.keys import SigningKey, load_signing_key
from emulator.protocols.x509 import Certificate, certificate_from_der
from emulator.store import Kind

SEED_RANK = 12
DEVICE_CA = Kind("device_ca", settled=True)
_DEFAULT = "certificates/entra-device-ca"


def seed(seeding: Seeding) -> None:
    """`device_ca: files` (a fixture's name without its ending): every tenant has one, named or not."""
    files = seeding.spec.get("device_ca", _DEFAULT)
    key, certificate = (seeding.read_fixture(f"{files}.{kind}").decode() for kind in ("key", "crt"))
    seeding.store.add(DEVICE_CA, {"id": "device-ca", "_key": key, "_certificate": certificate})


def authority(call: Call) -> SigningKey:
    """What signs the certificates of the tenant's devices."""

    def loaded() -> SigningKey:
        row = call.store.all(DEVICE_CA)[0]
        return load_signing_key(row["_key"].encode(), row["_certificate"].encode())

    found: SigningKey = call.store.settled(("device authority",), loaded)
    return found


def by_certificate(call: Call, certificate: Certificate) -> Doc:
    """The enabled device whose certificate it is. Raises 50155, 700003, 135011."""
    _check_issued(call, certificate)
    name = certificate.subject.removeprefix("CN=").lower()
    device = devices.by_device_id(call.store, name)
    if device is None:
        raise _gone(call, name, "device certificate")
    if device.get("_thumbprint") != certificate.thumbprint_sha1:
        why = because(
            "It is not the certificate that the device has now.",
            ("thumbprint", certificate.thumbprint_sha1, "device certificate"),
            ("thumbprint", device.get("_thumbprint") or "none", f"device {device['displayName']}"),
        )
        raise Problem("50155", suberror="device_authentication_failed", why=why)
    check_enabled(device)
    return device


def by_id(call: Call, id: str) -> Doc:
    """The enabled device of an object id. Raises 700003, 135011."""
    device: Doc | None = call.store.get(devices.DEVICES, id)
    if device is None:
        raise _gone(call, id, "session or token")
    check_enabled(device)
    return device


def check_enabled(device: Doc) -> None:
    """Raises 135011 for a disabled device."""
    if device["accountEnabled"]:
        return
    why = because(
        "The device is disabled.",
        ("accountEnabled", False, f"device {device['displayName']}"),
        ("wanted", True, "device authentication"),
    )
    raise Problem("135011", why=why)


def _gone(call: Call, id: str, where: str) -> Problem:
    known = ("device", None, "the tenant")
    why = because("The tenant has no such device any more.", ("device id", id, where), known)
    return Problem("700003", tenant(call)["displayName"], suberror="device_authentication_failed", why=why)


def _check_issued(call: Call, certificate: Certificate) -> None:
    """Raises 50155 for a certificate that the tenant's authority did not issue, or that is out of its time."""
    from cryptography.exceptions import InvalidSignature

    own = authority(call).certificate
    try:
        certificate.parsed.verify_directly_issued_by(own.parsed)
        issued = certificate.public_key is not None
    except (ValueError, TypeError, InvalidSignature):
        issued = False
    if issued and certificate.not_before_ms <= call.now < certificate.not_after_ms:
        return
    why = because(
        "A device shows a certificate that the tenant's own authority issued to it.",
        ("issuer", certificate.issuer, "device certificate"),
        ("signed by the authority", issued, "device certificate"),
        ("authority", own.subject, "the tenant"),
    )
    raise Problem("50155", suberror="device_authentication_failed", why=why)


def certificate_of(texts: object) -> Certificate:
    """The first certificate of a JWT's `x5c`: a text, or a list of them. ValueError."""
    first = texts[0] if isinstance(texts, list) and texts else texts
    if not isinstance(first, str) or len(first) > 16_384:
        raise ValueError("x5c holds no certificate")
    return certificate_from_der(base64.b64decode(first, validate=True))
