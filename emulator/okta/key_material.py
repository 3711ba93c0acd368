"""Signing keys of apps, made from the org's own secret: the same world and requests give the same key.

In a served world the secret is random, so the key is too. A 2048-bit key takes about a fifth of a second: make it
outside a write transaction.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids, base64url
from emulator.protocols.derived_keys import derived, private_key
from emulator.protocols.keys import SigningKey, load_signing_key, make_signing_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

YEARS = 10


@dataclass(frozen=True, slots=True)
class Material:
    """A new key and its certificate, as PEM."""

    key_pem: bytes
    cert_pem: bytes


def make(ids: Ids, *, name: str, now: int, years: int = YEARS) -> Material:
    """A new key with a self-signed certificate from today for `years`; `name` is the certificate's common name."""
    return _made(ids.secret("signingKey", 32).encode(), name=name, now=now, years=years)


def new_private_key(ids: Ids) -> "RSAPrivateKey":
    """A new key without a certificate, for a signing request."""
    return private_key(ids.secret("signingKey", 32).encode())


def pem(private: "RSAPrivateKey") -> str:
    """A private key as PEM (PKCS#8)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def from_pem(text: str) -> "RSAPrivateKey":
    """The private key that `pem` wrote."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return cast("RSAPrivateKey", load_pem_private_key(text.encode(), password=None))


def _made(seed: bytes, *, name: str, now: int, years: int) -> Material:
    private = derived(seed)
    key_pem, cert_pem = make_signing_key(
        name, not_before_ms=now // 1000 * 1000, days=365 * years + years // 4, organization="Okta",
        unit="SSOProvider", private=private,
    )  # fmt: skip
    return Material(key_pem, cert_pem)


def first_kid(ids: Ids, app_id: str) -> str:
    """The kid of the key that an OpenID Connect app has from the start."""
    return base64url(hashlib.sha256(b"kid" + ids.derive(f"appKey.{app_id}")).digest())


def first(ids: Ids, app: Doc, *, name: str) -> Doc:
    """The first key of an OpenID Connect app, as `document` gives it. It is made when somebody looks at it."""
    material = _first(ids.derive(f"appKey.{app['id']}"), name, parse_iso(app["created"]))
    doc = document(material, app_id=app["id"], now=parse_iso(app["created"]))
    kid = first_kid(ids, app["id"])
    return {**doc, "id": f"{app['id']}.{kid}", "kid": kid}


@lru_cache(maxsize=64)
def _first(seed: bytes, name: str, now: int) -> Material:
    return _made(seed, name=name, now=now, years=YEARS)


def document(material: Material, *, app_id: str, now: int) -> Doc:
    """A key as it is stored: the JWK of `GET .../credentials/keys` plus the PEM texts. ValueError for a bad pair."""
    key = loaded(material)
    jwk = key.jwk()
    at = iso(now // 1000 * 1000)
    kid = base64url(hashlib.sha256(b"kid" + key.certificate.der).digest())
    return {
        "id": f"{app_id}.{kid}", "kty": "RSA", "created": at, "lastUpdated": at,
        "expiresAt": iso(key.certificate.not_after_ms),
        "kid": kid, "use": "sig", "x5c": [key.certificate_b64], "x5t#S256": key.x5t_s256, "e": jwk["e"], "n": jwk["n"],
        "_appId": app_id, "_key": material.key_pem.decode(), "_cert": material.cert_pem.decode(),
    }  # fmt: skip


def loaded(material: Material) -> SigningKey:
    return load_signing_key(material.key_pem, material.cert_pem)


def load(doc: Doc) -> SigningKey:
    """The key behind a stored document."""
    return load_signing_key(doc["_key"].encode(), doc["_cert"].encode())
