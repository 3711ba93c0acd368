"""Keys of registered devices: transport keys, certificate requests and certificates, session keys and what they sign.

Formats: MS-DVRJ (join), MS-OAPXBC (primary refresh tokens), BCRYPT_RSAKEY_BLOB, SP 800-108 in counter mode, RFC 7516.
Sans-IO: random bytes and times are parameters. Source: graph-entra.md 2.12.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from emulator.protocols.keys import SigningKey, b64url
from emulator.protocols.x509 import sha1_thumbprint, strict_b64decode

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

LABEL = b"AzureAD-SecureConversation"
SESSION_KEY_BYTES, CONTEXT_BYTES = 32, 24
LEAST_BITS, MOST_BITS = 2048, 4096
_TEXT_LIMIT = 16 * 1024
_OID = "1.2.840.113556.1.5.284."
_DEVICE, _USER, _TENANT, _JOIN, _REGION = (_OID + number for number in "23578")


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A valid PKCS#10 request: the key that it is for."""

    key: RSAPublicKey


@dataclass(frozen=True, slots=True)
class Subject:
    """What a device certificate says. join: 0 registered, 1 joined. region: two letters."""

    device_id: str
    user_id: str
    tenant_id: str
    join: int
    region: str


def transport_key(text: str) -> RSAPublicKey:
    """The public key of base64 text: an RSA key blob of Windows, or a JWK as other systems send it. ValueError."""
    data = _bounded(text, "transport key")
    found = _from_blob(data) if data[:4] == b"RSA1" else _from_jwk(data)
    return _checked(*found)


def _bounded(text: str, what: str) -> bytes:
    if len(text) > _TEXT_LIMIT:
        raise ValueError(f"the {what} has {len(text)} characters, the limit is {_TEXT_LIMIT}")
    return strict_b64decode(text)


def _from_blob(data: bytes) -> tuple[int, int]:
    """(n, e) of a BCRYPT_RSAKEY_BLOB."""
    if len(data) < 24:
        raise ValueError("the key blob ends within its header")
    _, exponent, modulus, first, second = struct.unpack("<5L", data[4:24])
    if first or second or len(data) != 24 + exponent + modulus or not 0 < exponent <= 8:
        raise ValueError("the key blob is not that of a public RSA key")
    return int.from_bytes(data[24 + exponent :], "big"), int.from_bytes(data[24 : 24 + exponent], "big")


def _from_jwk(data: bytes) -> tuple[int, int]:
    """(n, e) of a JWK; its numbers in either alphabet of base64."""
    try:
        jwk = orjson.loads(data)
        if jwk["kty"] != "RSA":
            raise ValueError(f"a key of type {str(jwk['kty'])[:20]}; RSA is known")
        return _number(jwk["n"]), _number(jwk["e"])
    except (KeyError, TypeError, AttributeError, orjson.JSONDecodeError) as error:
        raise ValueError("neither an RSA key blob nor a JWK") from error


def _number(text: str) -> int:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return int.from_bytes(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True), "big")


def _checked(modulus: int, exponent: int) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    if not LEAST_BITS <= modulus.bit_length() <= MOST_BITS:
        raise ValueError(f"a modulus of {modulus.bit_length()} bits; {LEAST_BITS} to {MOST_BITS} are accepted")
    return RSAPublicNumbers(exponent, modulus).public_key()


def certificate_request(text: str) -> CertificateRequest:
    """A base64 PKCS#10 request whose signature holds. ValueError."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        parsed = x509.load_der_x509_csr(_bounded(text, "certificate request"))
        key, valid = parsed.public_key(), parsed.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a certificate request: {error}") from error
    if not isinstance(key, RSAPublicKey) or not valid or not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise ValueError("the request is not signed with an RSA key of 2048 to 4096 bits")
    return CertificateRequest(key)


def device_certificate(
    request: CertificateRequest, subject: Subject, authority: SigningKey, *, now_ms: int, serial: int
) -> bytes:
    """DER of the certificate by which a device shows who it is, for ten years; its extensions are MS-DVRJ's."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=now_ms - now_ms % 1000)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject.device_id)]))
        .issuer_name(authority.certificate.parsed.subject)
        .public_key(request.key)
        .serial_number(serial)
        .not_valid_before(start - dt.timedelta(minutes=5))
        .not_valid_after(start + dt.timedelta(days=3652))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
    )
    for oid, value in (
        (_DEVICE, UUID(subject.device_id).bytes_le), (_USER, UUID(subject.user_id).bytes_le),
        (_TENANT, UUID(subject.tenant_id).bytes_le), (_REGION, subject.region.encode()),
        (_JOIN, str(subject.join).encode()),
    ):  # fmt: skip
        made = made.add_extension(_extension(oid, value), critical=False)
    return authority.issue(made, hashes.SHA256())


def _extension(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    """An octet string whose length takes the long form, as the service writes it."""
    from cryptography import x509

    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x04\x81" + bytes([len(value)]) + value)


def spki(key: RSAPublicKey) -> bytes:
    """DER of a public key."""
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def security_id(der: bytes, key: RSAPublicKey) -> str:
    """`key` of a device's alternativeSecurityIds: thumbprint of the certificate and SHA-1 of its public key."""
    digest = base64.b64encode(hashlib.sha1(spki(key), usedforsecurity=False).digest()).decode()
    return base64.b64encode(f"X509:<SHA1-TP-PUBKEY>{sha1_thumbprint(der)}{digest}".encode("utf-16-le")).decode()


def load_public(der: bytes) -> RSAPublicKey:
    """The RSA key of DER that `spki` wrote."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    found = load_der_public_key(der)
    assert isinstance(found, RSAPublicKey)
    return found


# -- session keys --------------------------------------------------------------------------------------------------


def derived_key(session_key: bytes, context: bytes) -> bytes:
    """32 bytes for one use of a session key: SP 800-108, counter mode, HMAC-SHA256; one block is enough."""
    fixed = b"\x00\x00\x00\x01" + LABEL + b"\x00" + context + struct.pack(">L", 256)
    return hmac.new(session_key, fixed, hashlib.sha256).digest()


def signing_key(session_key: bytes, context: bytes, payload: bytes, *, version: int) -> bytes:
    """The key that signs one JWT: version 2 binds it to the payload as well."""
    return derived_key(session_key, hashlib.sha256(context + payload).digest() if version == 2 else context)


def signed_with(key: bytes, signed: bytes, signature: bytes) -> bool:
    """Whether an HS256 signature holds."""
    return hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).digest(), signature)


def context_of(header: dict[str, Any]) -> bytes:
    """`ctx` of a JWT header: base64 of 8 to 64 bytes. ValueError."""
    text = header.get("ctx")
    if not isinstance(text, str) or len(text) > 128:
        raise ValueError("ctx is missing or no text")
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("ctx is not base64") from error
    if not 8 <= len(found) <= 64:
        raise ValueError(f"ctx has {len(found)} bytes")
    return found


def wrapped(session_key: bytes, key: RSAPublicKey, *, iv: bytes) -> str:
    """`session_key_jwe`: a compact JWE whose content key is the session key, for a transport key; it is empty."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303
    return _compact({"enc": "A256GCM", "alg": "RSA-OAEP"}, key.encrypt(session_key, oaep), iv, b"", session_key)


def sealed(content: bytes, session_key: bytes, *, context: bytes, iv: bytes) -> str:
    """An answer that only the holder of a session key can read: a JWE under a key derived from it (version 1)."""
    header = {"alg": "dir", "ctx": base64.b64encode(context).decode(), "enc": "A256GCM"}
    return _compact(header, b"", iv, content, derived_key(session_key, context))


def _compact(header: dict[str, str], encrypted_key: bytes, iv: bytes, content: bytes, key: bytes) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = b64url(orjson.dumps(header))
    found = AESGCM(key).encrypt(iv, content, head.encode())
    return ".".join((head, b64url(encrypted_key), b64url(iv), b64url(found[:-16]), b64url(found[-16:])))
