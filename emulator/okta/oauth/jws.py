"""Signatures of JSON Web Tokens: ours (RS256 from a derived key), and clients' (HS, RS, ES) with keys given as JWKs.

Source: RFC 7515, 7518, 7638; security.md section 3: the key never comes from the header unless the protocol says so (a
DPoP proof carries its own), and the algorithm must be one that the key is for.
"""

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from emulator.kernel.doc import Doc
from emulator.protocols.jose import Unverified
from emulator.protocols.keys import b64url, b64url_decode, public_key_from_jwk

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

RSA_ALGORITHMS = ("RS256", "RS384", "RS512")
EC_ALGORITHMS = ("ES256", "ES384", "ES512")
SECRET_ALGORITHMS = ("HS256", "HS384", "HS512")
_CURVES = {"P-256": ("ES256", 32), "P-384": ("ES384", 48), "P-521": ("ES512", 66)}
_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}


def sign(claims: Mapping[str, object], private: "RSAPrivateKey", *, headers: Mapping[str, object]) -> str:
    """A compact RS256 token; members keep their order, so equal input gives equal bytes."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    signed = f"{b64url(orjson.dumps(dict(headers)))}.{b64url(orjson.dumps(dict(claims)))}"
    return f"{signed}.{b64url(private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def public_jwk(private: "RSAPrivateKey", kid: str) -> Doc:
    """The public half as the vendor publishes it."""
    numbers = private.public_key().public_numbers()
    return {
        "kty": "RSA", "alg": "RS256", "kid": kid, "use": "sig", "e": b64url(_unsigned(numbers.e)),
        "n": b64url(_unsigned(numbers.n)),
    }  # fmt: skip


def key_of(jwk: Mapping[str, Any]) -> Any:
    """The public key of an RSA (2048 bits and more) or EC JWK. ValueError for anything else."""
    if jwk.get("kty") == "RSA":
        return _rsa(str(jwk.get("n")), str(jwk.get("e")))
    if jwk.get("kty") == "EC" and jwk.get("crv") in _CURVES:
        return _ec(str(jwk["crv"]), str(jwk.get("x")), str(jwk.get("y")))
    raise ValueError("neither an RSA nor an EC key")


@lru_cache(maxsize=256)
def _rsa(n: str, e: str) -> Any:
    return public_key_from_jwk({"kty": "RSA", "n": n, "e": e})


@lru_cache(maxsize=256)
def _ec(crv: str, x: str, y: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, Any] = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    across, up = (int.from_bytes(b64url_decode(part), "big") for part in (x, y))
    return ec.EllipticCurvePublicNumbers(across, up, curves[crv]()).public_key()


def fits(jwk: Mapping[str, Any], algorithm: object) -> bool:
    """Whether a key is for that algorithm."""
    if jwk.get("kty") == "RSA":
        return algorithm in RSA_ALGORITHMS
    return jwk.get("kty") == "EC" and _CURVES.get(str(jwk.get("crv")), ("", 0))[0] == algorithm


def verifies(token: Unverified, jwk: Mapping[str, Any]) -> bool:
    """Whether the token was signed with that key, by the algorithm in its header. False also for a bad key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    algorithm = token.header.get("alg")
    if not fits(jwk, algorithm):
        return False
    digests: dict[str, Any] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
    digest = digests[str(algorithm)[2:]]()
    try:
        key = key_of(jwk)
        if jwk["kty"] == "RSA":
            key.verify(token.signature, token.signed, padding.PKCS1v15(), digest)
            return True
        size = _CURVES[jwk["crv"]][1]
        if len(token.signature) != 2 * size:
            return False
        r, s = (int.from_bytes(half, "big") for half in (token.signature[:size], token.signature[size:]))
        key.verify(utils.encode_dss_signature(r, s), token.signed, ec.ECDSA(digest))
    except (InvalidSignature, ValueError):
        return False
    return True


def verifies_with_secret(token: Unverified, secret: str) -> bool:
    """Whether the token's HMAC is by that secret."""
    algorithm = token.header.get("alg")
    if algorithm not in SECRET_ALGORITHMS:
        return False
    found = hmac.digest(secret.encode(), token.signed, f"sha{str(algorithm)[2:]}")
    return hmac.compare_digest(found, token.signature)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638: base64url SHA-256 over the required members. ValueError for other types of key."""
    members = _MEMBERS.get(str(jwk.get("kty")))
    if members is None or not all(isinstance(jwk.get(name), str) for name in members):
        raise ValueError("a member of the key is missing")
    return sha256_text(orjson.dumps({name: jwk[name] for name in members}))


def sha256_text(data: bytes) -> str:
    """base64url SHA-256."""
    return b64url(hashlib.sha256(data).digest())


def half_hash(text: str) -> str:
    """`at_hash` and `c_hash` of OpenID Connect: the left half of the SHA-256."""
    return b64url(hashlib.sha256(text.encode()).digest()[:16])


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
