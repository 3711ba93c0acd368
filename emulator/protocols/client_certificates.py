"""Client certificates: how one is shown, and what it says of its holder.

Sources: RFC 9440 (`Client-Cert`), RFC 9421 (the proof of its key), RFC 5280, MS-PKCA (the UPN).

# Differs: our TLS listeners ask nobody for a certificate. It comes in a `Client-Cert` header: from a proxy on loopback,
# which has done the handshake, or from anywhere with an HTTP message signature by its key, in the handshake's place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from emulator.protocols import der
from emulator.protocols.certificate_paths import CardRefused
from emulator.protocols.x509 import CERTIFICATE_LIMIT, Certificate, certificate_from_der

HEADER, INPUT, SIGNATURE = "client-cert", "signature-input", "signature"
UPN = "1.3.6.1.4.1.311.20.2.3"
CLIENT_AUTH, SMART_CARD, ANY_USE = "1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2", "2.5.29.37.0"
_SIGNED = '("@authority" "client-cert")'
_INPUT = re.compile(r'card=(\("@authority" "client-cert"\);created=([0-9]{1,12}))\Z')
_WRAPPED = re.compile(r":([A-Za-z0-9+/=]+):\Z")
_SIGNATURE = re.compile(r"card=:([A-Za-z0-9+/=]+):\Z")
_FRESH_S = 300


# -- showing one ---------------------------------------------------------------------------------------------------


def _base(authority: str, header: str, parameters: str) -> bytes:
    """What the card signs (RFC 9421 2.5): like a handshake, for one host and a short time."""
    values = (("@authority", authority.lower()), (HEADER, header), ("@signature-params", parameters))
    return "\n".join(f'"{name}": {value}' for name, value in values).encode()


def headers_of(certificate: str, key: Any, *, host: str, now_ms: int) -> dict[str, str]:
    """The headers by which a client shows its certificate (base64 DER) to a host."""
    header = f":{certificate}:"
    parameters = f"{_SIGNED};created={now_ms // 1000}"
    signed = _sign(key, _base(host, header, parameters))
    return {HEADER: header, INPUT: f"card={parameters}", SIGNATURE: f"card=:{base64.b64encode(signed).decode()}:"}


def shown(exchange: Any, *, now_ms: int) -> Certificate | None:
    """The certificate of whoever asks, whose key they have; None when they show none. Raises CardRefused."""
    headers = exchange.headers
    header = headers.get(HEADER)
    if header is None:
        return None
    certificate = _read(header)
    given = headers.get(INPUT)
    if given is None:
        if _is_loopback(exchange.client):
            return certificate
        raise CardRefused("The certificate came without a proof that its key is there.",
                          ("client", exchange.client, "connection"), ("Signature-Input", None, "request"))  # fmt: skip
    said, signature = _INPUT.match(given), _SIGNATURE.match(headers.get(SIGNATURE, ""))
    if said is None or signature is None:
        raise CardRefused("The proof of the key is not of this kind.", ("Signature-Input", given[:200], "request"))
    if abs(int(said[2]) - now_ms // 1000) > _FRESH_S:
        raise CardRefused("The proof of the key is not of this time.", ("created", int(said[2]), "request"),
                          ("now", now_ms // 1000, "world clock"))  # fmt: skip
    text = _base(exchange.host, header, said[1])
    if not _verifies(certificate, _bytes(signature[1]), text):
        raise CardRefused("The certificate's key did not sign this request.", ("subject", certificate.subject, "card"))
    return certificate


def _read(header: str) -> Certificate:
    wrapped = _WRAPPED.match(header.strip())
    if wrapped is None or len(header) > CERTIFICATE_LIMIT:
        raise CardRefused("The header holds no certificate (RFC 9440).", ("Client-Cert", header[:80], "request"))
    try:
        return certificate_from_der(_bytes(wrapped[1]))
    except ValueError as error:
        raise CardRefused(
            "The header holds no certificate (RFC 9440).", ("error", str(error)[:200], "X.509")
        ) from error


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CardRefused("A header is not base64.", ("value", text[:40], "request")) from error


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _sign(key: Any, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return bytes(key.sign(data, padding.PKCS1v15(), hashes.SHA256()))


def _verifies(certificate: Certificate, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key = certificate.parsed.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


# -- what it says --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate names, each by the name that both vendors' settings know; empty where it does not say."""

    upn: str = ""
    email: str = ""
    uuid: str = ""
    key_id: str = ""
    """Subject key identifier, upper-case hex."""
    public_key: str = ""
    """SHA-1 over the public key's bits, upper-case hex."""
    serial: str = ""
    """Upper-case hex, most significant first."""
    thumbprint: str = ""
    subject: Mapping[str, str] | None = None
    """`CN`, `O`, `OU`, `UID`."""
    policies: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


_NAMES = {"2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.11": "OU", "0.9.2342.19200300.100.1.1": "UID"}


def holder(certificate: Certificate) -> Holder:
    """What a certificate says of its holder. Raises CardRefused for extensions that make no sense."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    parsed = certificate.parsed
    try:
        found = {extension.oid.dotted_string: extension.value for extension in parsed.extensions}
    except ValueError as error:
        raise CardRefused(
            "The certificate's extensions cannot be read.", ("error", str(error)[:200], "card")
        ) from error
    names: Any = found.get("2.5.29.17", ())
    upns = [
        _text(name.value) for name in names if isinstance(name, x509.OtherName) and name.type_id.dotted_string == UPN
    ]
    uris = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    info = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_id: Any = found.get("2.5.29.14")
    return Holder(
        upn=next(filter(None, upns), ""),
        email=next((name.value for name in names if isinstance(name, x509.RFC822Name)), ""),
        uuid=next((uri[9:] for uri in uris if uri.casefold().startswith("urn:uuid:")), ""),
        key_id=key_id.digest.hex().upper() if key_id is not None else "", public_key=_hash_of(info),
        serial=f"{certificate.serial:X}", thumbprint=certificate.thumbprint_sha1,
        subject={_NAMES[item.oid.dotted_string]: str(item.value) for item in parsed.subject
                 if item.oid.dotted_string in _NAMES},
        policies=tuple(item.policy_identifier.dotted_string for item in found.get("2.5.29.32", ())),
        uses=tuple(item.dotted_string for item in found.get("2.5.29.37", ())),
    )  # fmt: skip


def _text(value: bytes) -> str:
    """The UTF8String of an otherName."""
    try:
        return der.inside(value, der.UTF8).decode()
    except (der.DerRejected, UnicodeDecodeError):
        return ""


def _hash_of(info: bytes) -> str:
    bits = der.split(der.inside(info, der.SEQUENCE))[1][1][1:]
    return hashlib.sha1(bits, usedforsecurity=False).hexdigest().upper()


def signs_people_in(found: Holder) -> bool:
    """Whether the certificate is for clients: it says so, or says nothing of its uses."""
    return not found.uses or bool({CLIENT_AUTH, SMART_CARD, ANY_USE} & set(found.uses))
