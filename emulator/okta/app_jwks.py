"""Public keys of an OIDC client, as `settings.oauthClient.jwks` holds them. Source: okta-admin-api.md 2.2, 1.4.

Whoever verifies a client's assertion reads `settings.oauthClient.jwks.keys` of its app.
"""

import hashlib

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url
from emulator.okta.app_values import objects
from emulator.okta.bad_values import bad
from emulator.okta.params import text_of
from emulator.protocols.keys import b64url_decode

_SMALLEST = 2048
_CURVES = ("P-256", "P-384", "P-521")
_SHOWN = ("kty", "alg", "kid", "use", "status", "e", "n", "crv", "x", "y")


def checked_keys(given: Doc) -> list[Doc]:
    """The keys of a JWK set; a key without `kid` gets its thumbprint. Raises E0000001."""
    found = [_checked(key) for key in objects(given, "keys")]
    kids = [key["kid"] for key in found]
    if len(set(kids)) != len(kids):
        raise bad("jwks", "jwks: kid values must be unique", "kid", kids, "Keys are told apart by kid.")
    return found


def _checked(key: Doc) -> Doc:
    kind = text_of(key, "kty")
    if any(name in key for name in ("d", "p", "q")):
        raise bad("JsonWebKey", "JsonWebKey: must be a public key", "kty", kind, "A private key was sent.")
    if kind == "RSA":
        needed = {"n": text_of(key, "n"), "e": text_of(key, "e")}
        size = len(_octets(needed["n"]).lstrip(b"\0")) * 8
        if size < _SMALLEST or not _octets(needed["e"]):
            cause = f"The key length is too short; RSA keys have at least {_SMALLEST} bits"
            raise bad("JsonWebKey", cause, "n", f"{size} bits", f"RSA keys have at least {_SMALLEST} bits.")
    elif kind == "EC":
        needed = {name: text_of(key, name) for name in ("crv", "x", "y")}
        if needed["crv"] not in _CURVES or not _octets(needed["x"]) or not _octets(needed["y"]):
            raise bad("JsonWebKey", "JsonWebKey: crv, x and y are required", "crv", needed["crv"], "An EC key.")
    else:
        raise bad("JsonWebKey", f"kty: '{str(kind)[:40]}' is not a valid value", "kty", str(kind)[:40], "RSA or EC.")
    whole = {"kty": kind, **needed}
    thumb = base64url(hashlib.sha256(orjson.dumps(dict(sorted(whole.items())))).digest())
    more = {name: text for name in ("alg", "use", "status") if (text := text_of(key, name))}
    made = {"status": "ACTIVE", **more, **whole, "kid": text_of(key, "kid") or thumb}
    return {name: made[name] for name in _SHOWN if name in made}


def _octets(text: str | None) -> bytes:
    try:
        return b64url_decode((text or "").rstrip("="))
    except ValueError:
        return b""
