"""Encrypting an assertion for a service provider: XML Encryption, AES in CBC or GCM, the key under RSA.

Source: XML Encryption 1.1 and federation.md section 6. The padding of the RSA part is made here from bytes that the
caller gives, so that the same world writes the same token (`cryptography` draws its own).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.protocols.xmldsig_shape import DS

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.protocols.x509 import Certificate

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
BLOCKS = {
    "AES128_CBC": (XENC + "aes128-cbc", 16), "AES256_CBC": (XENC + "aes256-cbc", 32),
    "AES128_GCM": (XENC11 + "aes128-gcm", 16), "AES256_GCM": (XENC11 + "aes256-gcm", 32),
}  # fmt: skip
"""Okta's name -> (algorithm, bytes of key)."""
TRANSPORTS = {"RSA_OAEP": XENC + "rsa-oaep-mgf1p", "RSA_15": XENC + "rsa-1_5"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom, and how: `block` of BLOCKS, `transport` of TRANSPORTS."""

    certificate: Certificate
    block: str = "AES256_GCM"
    transport: str = "RSA_OAEP"


def encrypted_data(plain: bytes, recipient: Recipient, *, draw: Callable[[str, int], bytes]) -> str:
    """An `xenc:EncryptedData` around an element; `draw(name, length)` gives random bytes. ValueError without RSA."""
    public = recipient.certificate.public_key
    if public is None:
        raise ValueError("the certificate holds no RSA key")
    algorithm, length = BLOCKS[recipient.block]
    key = draw("content key", length)
    cipher = _gcm(key, plain, draw("iv", 12)) if "gcm" in algorithm else _cbc(key, plain, draw("iv", 16))
    numbers = public.public_numbers()
    size = (public.key_size + 7) // 8
    pad = _oaep if recipient.transport == "RSA_OAEP" else _pkcs1
    block = int.from_bytes(pad(key, size, draw), "big")
    wrapped = pow(block, numbers.e, numbers.n).to_bytes(size, "big")
    digest = f'<ds:DigestMethod Algorithm="{DS}sha1"></ds:DigestMethod>' if recipient.transport == "RSA_OAEP" else ""
    return (
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{algorithm}"></xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="{DS}">'
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{TRANSPORTS[recipient.transport]}">{digest}'
        f"</xenc:EncryptionMethod><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{recipient.certificate.b64}"
        f"</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{_value(wrapped)}</xenc:EncryptedKey></ds:KeyInfo>"
        f"{_value(cipher)}</xenc:EncryptedData>"
    )


def _value(data: bytes) -> str:
    text = base64.b64encode(data).decode("ascii")
    return f"<xenc:CipherData><xenc:CipherValue>{text}</xenc:CipherValue></xenc:CipherData>"


def _gcm(key: bytes, plain: bytes, iv: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return iv + AESGCM(key).encrypt(iv, plain, None)


def _cbc(key: bytes, plain: bytes, iv: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    rest = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(plain + bytes(rest - 1) + bytes([rest])) + encryptor.finalize()


def _oaep(message: bytes, size: int, draw: Callable[[str, int], bytes]) -> bytes:
    """EME-OAEP with SHA-1 and no label (RFC 8017, 7.1.1)."""
    empty = hashlib.sha1(b"", usedforsecurity=False).digest()
    data = empty + bytes(size - len(message) - 42) + b"\x01" + message
    seed = draw("oaep seed", 20)
    masked = _xor(data, _mgf1(seed, len(data)))
    return b"\x00" + _xor(seed, _mgf1(masked, 20)) + masked


def _mgf1(seed: bytes, length: int) -> bytes:
    rounds = range((length + 19) // 20)
    mask = b"".join(hashlib.sha1(seed + each.to_bytes(4, "big"), usedforsecurity=False).digest() for each in rounds)
    return mask[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _pkcs1(message: bytes, size: int, draw: Callable[[str, int], bytes]) -> bytes:
    """EME-PKCS1-v1_5; the padding holds no zero."""
    padding = bytes(each % 255 + 1 for each in draw("pkcs1 padding", size - len(message) - 3))
    return b"\x00\x02" + padding + b"\x00" + message
