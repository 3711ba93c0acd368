"""RSA signing keys: loaded once, used by every token.

Parsing a PEM costs about forty signatures (reference/federation.md section 8), so keys are cached by their
bytes and handed round as objects. A loaded key may be shared by threads: `cryptography` releases the GIL
while it signs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from emulator.protocols.x509 import Certificate, certificate_from_der

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A private RSA key with its self-signed certificate. Make it with `load_signing_key`."""

    certificate: Certificate
    certificate_b64: str = field(repr=False)
    """Base64 DER on one line."""
    certificate_pem: str = field(repr=False)
    kid_sha1: str
    """base64url SHA-1 of the DER, without padding: Entra's `kid` and `x5t`."""
    x5t_s256: str
    _private: RSAPrivateKey = field(repr=False)
    _padding: PKCS1v15 = field(repr=False)
    _hash: SHA256 = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 over SHA-256 of `data`: what RS256 and rsa-sha256 both mean."""
        return self._private.sign(data, self._padding, self._hash)

    def sign_with(self, data: bytes, digest: str) -> bytes:
        """RSASSA-PKCS1-v1_5 over `sha1` or `sha256` of `data`; the first only because applications may ask for it."""
        if digest == "sha256":
            return self.sign(data)
        from cryptography.hazmat.primitives import hashes

        return self._private.sign(data, self._padding, hashes.SHA1())  # noqa: S303

    def issue(self, certificate: x509.CertificateBuilder, digest: SHA256) -> bytes:
        """DER of a certificate that this key's own one is the authority of."""
        from cryptography.hazmat.primitives import serialization

        return certificate.sign(self._private, digest).public_bytes(serialization.Encoding.DER)

    @property
    def public_key(self) -> RSAPublicKey:
        return self._private.public_key()

    def jwk(self) -> dict[str, object]:
        """Public JWK: kty, use, kid, x5t, n, e, x5c. Callers add their vendor's extras (`alg`, `issuer`,
        ...).
        """
        numbers = self.public_key.public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid_sha1,
            "x5t": self.kid_sha1,
            "n": b64url(_unsigned(numbers.n)),
            "e": b64url(_unsigned(numbers.e)),
            "x5c": [self.certificate_b64],
        }


@lru_cache(maxsize=128)
def load_signing_key(key_pem: bytes, cert_pem: bytes) -> SigningKey:
    """Load an unencrypted PEM key and its PEM certificate; ValueError when either is junk or they do not
    belong together.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        private = serialization.load_pem_private_key(key_pem, password=None)
        parsed = x509.load_pem_x509_certificate(cert_pem)
    except (ValueError, TypeError) as error:
        raise ValueError(f"cannot load the signing key: {error}") from error
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError("the signing key is not an RSA key")
    der = parsed.public_bytes(serialization.Encoding.DER)
    certificate = certificate_from_der(der)
    if certificate.public_key != private.public_key():
        raise ValueError("the certificate does not belong to the signing key")
    return SigningKey(
        certificate=certificate,
        certificate_b64=certificate.b64,
        certificate_pem=parsed.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        kid_sha1=b64url(hashlib.sha1(der, usedforsecurity=False).digest()),
        x5t_s256=b64url(hashlib.sha256(der).digest()),
        _private=private,
        _padding=padding.PKCS1v15(),
        _hash=hashes.SHA256(),
    )


def make_signing_key(
    common_name: str,
    *,
    not_before_ms: int,
    days: int,
    key_size: int = 2048,
    organization: str = "",
    unit: str = "",
    private: RSAPrivateKey | None = None,
) -> tuple[bytes, bytes]:
    """Make a new RSA key and a self-signed certificate for it; returns (key PEM in PKCS#8, certificate PEM).

    The key is the one random thing in this room, unless `private` gives one. The serial number is derived from
    it, so the same key and dates give the same certificate.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = private or rsa.generate_private_key(public_exponent=65537, key_size=key_size)
    certificate = _self_signed(private, (common_name, organization, unit), not_before_ms=not_before_ms, days=days)
    key_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def _self_signed(
    private: RSAPrivateKey, names: tuple[str, str, str], *, not_before_ms: int, days: int
) -> x509.Certificate:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    common_name, organization, unit = names
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.ORGANIZATIONAL_UNIT_NAME, unit)]
    parts.append((NameOID.COMMON_NAME, common_name))
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=not_before_ms)
    seed = hashlib.sha256(spki + f"{not_before_ms}/{days}/{common_name}".encode()).digest()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number((int.from_bytes(seed[:16], "big") >> 1) | 1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .sign(private, hashes.SHA256())
    )


def public_key_from_jwk(jwk: Mapping[str, object]) -> RSAPublicKey:
    """The RSA public key of a JWK (members kty, n, e); ValueError for other types, junk and moduli under 2048
    bits.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    modulus, exponent = jwk.get("n"), jwk.get("e")
    if jwk.get("kty") != "RSA" or not isinstance(modulus, str) or not isinstance(exponent, str):
        raise ValueError("not an RSA JWK with n and e")
    n = int.from_bytes(b64url_decode(modulus), "big")
    if not 2048 <= n.bit_length() <= 8192:
        raise ValueError(f"RSA modulus of {n.bit_length()} bits, 2048 to 8192 are accepted")
    return RSAPublicNumbers(int.from_bytes(b64url_decode(exponent), "big"), n).public_key()


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return b64url_bytes(data).decode("ascii")


def b64url_bytes(data: bytes) -> bytes:
    """The same as ASCII bytes."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


def b64url_decode(text: str) -> bytes:
    """Decode base64url without padding; ValueError unless it is the one canonical spelling (see
    `strict_b64decode`).
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ValueError(f"not base64url: {error}") from error
    if b64url(data) != text:
        raise ValueError("not canonical base64url")
    return data


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
