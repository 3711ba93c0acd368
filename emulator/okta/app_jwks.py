"""Public keys of an OIDC client, as `settings.oauthClient.jwks` holds them. Source: okta-admin-api.md 2.2, 1.4.

Whoever verifies a client's assertion reads `settings.oauthClient.jwks.keys` of its app.
"""

import base64
import hashlib

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.ids import base62, base64url
from emulator.okta.app_values import objects
from emulator.okta.bad_values import bad
from emulator.okta.params import text_of

_SMALLEST = 2048
# Observed: a key without its curve is taken, and read back with null; it verifies nothing.
_CURVES = ("P-256", "P-384", "P-521", None)
_SHOWN = ("kty", "alg", "id", "status", "kid", "use", "e", "n", "x", "y", "crv")


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
        needed = {name: text_of(key, name) for name in ("x", "y", "crv")}
        if needed["crv"] not in _CURVES or not _octets(needed["x"]) or not _octets(needed["y"]):
            raise bad("JsonWebKey", "JsonWebKey: x and y are required", "crv", needed["crv"], "An EC key.")
    else:
        raise bad("JsonWebKey", f"kty: '{str(kind)[:40]}' is not a valid value", "kty", str(kind)[:40], "RSA or EC.")
    whole = {"kty": kind, **needed}
    thumb = base64url(hashlib.sha256(orjson.dumps(dict(sorted(whole.items())))).digest())
    more = {name: text for name in ("alg", "id", "use", "status") if (text := text_of(key, name))}
    made = {"status": "ACTIVE", **more, **whole, "kid": text_of(key, "kid") or thumb}
    return {name: made[name] for name in _SHOWN if name in made}


def _octets(text: str | None) -> bytes:
    """Base64url as the vendor reads it: bits that are left over at the end do not matter."""
    try:
        return base64.urlsafe_b64decode((text or "").rstrip("=") + "===")
    except ValueError:
        return b""


def key_id(app: Doc, key: Doc) -> str:
    """The id of a client's key: its own, or one made from its kid where it came with the app."""
    made = "pks" + base62(hashlib.sha256(f"{app['id']}/{key['kid']}".encode()).digest(), 14) + app["id"][-3:]
    return str(key.get("id") or made)


def shown_keys(app: Doc) -> list[Doc]:
    """The keys as the app shows them: each with its id, and `use` null where nothing was said."""
    found = [{"use": None, **key, "id": key_id(app, key)} for key in keys_of(app)]
    return [{name: key[name] for name in _SHOWN if name in key} for key in found]


def keys_of(app: Doc) -> list[Doc]:
    """The public keys that a client has said to be its own."""
    found: list[Doc] = (app["settings"]["oauthClient"].get("jwks") or {}).get("keys") or []
    return found
