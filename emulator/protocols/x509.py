"""X.509 certificates as the two parties exchange them: base64 DER on one line, or PEM.

Microsoft Graph stores a federation's `signingCertificate` as bare base64 DER and refuses anything else;
Entra then uses the public key and never looks at the dates (reference/federation.md sections 1 and 7). A
certificate here is therefore a value with its dates as data.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

CERTIFICATE_LIMIT = 16 * 1024
"""Characters of base64 or PEM that are looked at; real signing certificates have about 1,500."""

_HEADER = "-----BEGIN CERTIFICATE-----"
_FOOTER = "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the emulator wants to know about one certificate. Instants are epoch milliseconds.

    `public_key` is None for keys that are not RSA: such a certificate can be configured, but verifies
    nothing.
    """

    der: bytes = field(repr=False)
    subject: str
    issuer: str
    serial: int
    not_before_ms: int
    not_after_ms: int
    thumbprint_sha1: str
    """Upper-case hex of SHA-1 over the DER, as Windows and the Microsoft portals print it."""
    public_key: RSAPublicKey | None = field(repr=False, compare=False)
    parsed: x509.Certificate = field(repr=False, compare=False)

    @property
    def b64(self) -> str:
        """Base64 DER on one line, as Graph and `ds:X509Certificate` carry it."""
        return base64.b64encode(self.der).decode("ascii")

    @property
    def key_bits(self) -> int:
        """Size of the RSA modulus, 0 for other keys."""
        return self.public_key.key_size if self.public_key is not None else 0


def parse_certificate(text: str) -> Certificate:
    """Read base64 DER (blanks and line ends allowed) or one PEM block; ValueError with a reason for anything
    else.
    """
    if len(text) > CERTIFICATE_LIMIT:
        raise ValueError(f"certificate text has {len(text)} characters, the limit is {CERTIFICATE_LIMIT}")
    body = text.strip()
    if body.startswith(_HEADER):
        body, footer, rest = body[len(_HEADER) :].partition(_FOOTER)
        if not footer or rest.strip():
            raise ValueError("not exactly one PEM certificate")
    return certificate_from_der(strict_b64decode(body))


def strict_b64decode(text: str) -> bytes:
    """Decode standard base64, ignoring XML white space only; ValueError unless it is the one canonical
    spelling.

    Python's decoder skips foreign characters and ignores the unused bits before the padding, so several
    texts would decode alike and a changed character could go unnoticed.
    """
    compact = text.translate(_XML_SPACE)
    try:
        data = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64: {error}") from error
    if base64.b64encode(data).decode("ascii") != compact:
        raise ValueError("not canonical base64")
    return data


_XML_SPACE = str.maketrans("", "", " \t\n\r")


@lru_cache(maxsize=256)
def certificate_from_der(der: bytes) -> Certificate:
    """Parse DER; ValueError for junk, trailing bytes included. Cached, because every verification asks for
    the same few.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        parsed = x509.load_der_x509_certificate(der)
        subject, issuer = parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()
        start, end = parsed.not_valid_before_utc, parsed.not_valid_after_utc
        serial = parsed.serial_number
    except (ValueError, TypeError) as error:
        raise ValueError(f"not an X.509 certificate: {error}") from error
    try:
        key = parsed.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"unusable public key in certificate: {error}") from error
    return Certificate(
        der=der,
        subject=subject,
        issuer=issuer,
        serial=serial,
        not_before_ms=_epoch_ms(start),
        not_after_ms=_epoch_ms(end),
        thumbprint_sha1=sha1_thumbprint(der),
        public_key=key if isinstance(key, RSAPublicKey) else None,
        parsed=parsed,
    )


def sha1_thumbprint(der: bytes) -> str:
    """Upper-case hex SHA-1 of `der`: a name for a certificate, not a protection."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def _epoch_ms(value: dt.datetime) -> int:
    return round(value.timestamp() * 1000)
