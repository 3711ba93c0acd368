"""SAML 2.0 HTTP-Redirect binding: DEFLATE, base64, and a signature over the query exactly as it was sent.

Source: SAML bindings 3.4 and federation.md section 6. The POST binding's base64 is `saml20_messages.decode_message`.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from emulator.protocols.keys import SigningKey
from emulator.protocols.xmldsig_messages import SIGNATURE_URIS
from emulator.protocols.xmldsig_shape import SIGNATURE_METHODS
from emulator.protocols.xmlparse import TOKEN_LIMIT, XmlRejected

if TYPE_CHECKING:
    from emulator.protocols.x509 import Certificate

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_SIGNED = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg")


def inflate(value: str) -> bytes:
    """The message in a `SAMLRequest` or `SAMLResponse` of a query; XmlRejected for junk and for bombs."""
    if len(value) > TOKEN_LIMIT:
        raise XmlRejected("the message is too large", details={"characters": str(len(value))})
    try:
        packed = base64.b64decode("".join(value.split()), validate=True)
        unpacker = zlib.decompressobj(-15)
        message = unpacker.decompress(packed, TOKEN_LIMIT + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise XmlRejected("the message is not DEFLATE in base64", details={"cause": str(error)[:200]}) from error
    if len(message) > TOKEN_LIMIT:
        raise XmlRejected("the message is too large", details={"bytes": f"more than {TOKEN_LIMIT}"})
    if not unpacker.eof:
        raise XmlRejected("the message is cut off", details={"bytes": str(len(message))})
    return message


def deflate(message: bytes) -> str:
    """Undo `inflate`, before URL encoding."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(message) + packer.flush()).decode("ascii")


def raw_parameters(query: str) -> dict[str, str]:
    """The parameters of the binding as they stand in the query, not decoded. XmlRejected when one is given twice."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name not in (*_SIGNED, "Signature"):
            continue
        if name in found:
            raise XmlRejected("a parameter is given twice", details={"parameter": name})
        found[name] = value
    return found


def signed_query(name: str, message: bytes, *, relay_state: str, key: SigningKey, digest: str = "sha256") -> str:
    """A query that carries a signed message; `name` is SAMLRequest or SAMLResponse."""
    parts = [(name, deflate(message)), *([("RelayState", relay_state)] if relay_state else [])]
    parts.append(("SigAlg", SIGNATURE_URIS[digest]))
    query = "&".join(f"{each}={quote(value, safe='')}" for each, value in parts)
    value = base64.b64encode(key.sign_with(query.encode(), digest)).decode("ascii")
    return f"{query}&Signature={quote(value, safe='')}"


def query_signed_by(raw: dict[str, str], certificates: Sequence[Certificate]) -> bool:
    """Whether one of the certificates signed the query (`raw_parameters`), octet for octet. RSA-SHA256 to 512 only."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    method = SIGNATURE_METHODS.get(unquote_plus(raw.get("SigAlg", "")))
    if method is None:
        return False
    octets = "&".join(f"{name}={raw[name]}" for name in _SIGNED if name in raw).encode()
    try:
        signature = base64.b64decode("".join(unquote_plus(raw.get("Signature", "")).split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    for certificate in certificates:
        if certificate.public_key is None:
            continue
        try:
            certificate.public_key.verify(signature, octets, padding.PKCS1v15(), getattr(hashes, method.upper())())
        except InvalidSignature:
            continue
        return True
    return False
