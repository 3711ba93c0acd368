"""DPoP: tokens that only the holder of a key can use. Source: okta-admin-api.md 2.3, RFC 9449, security.md J13.

At the token endpoint a proof needs a nonce that this org gave out less than a day ago (a nonce is a MAC of its time: no
state); a proof's `jti` works once; at an API the proof names the token by `ath`, and its key is the token's `cnf.jkt`.
Descriptions other than the two observed ones are inferred.
"""

import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY
from emulator.kernel.ids import base64url
from emulator.kernel.problems import Compared, Problem
from emulator.okta.oauth import jws, once
from emulator.okta.oauth.errors import stop
from emulator.okta.oauth.servers import canonical
from emulator.protocols.jose import TokenRejected, Unverified, read_unverified
from emulator.protocols.keys import b64url_decode

MISSING = "The DPoP proof JWT header is missing."
NEEDS_NONCE = "Authorization server requires nonce in DPoP proof."
_OLD_S = 300
"""How far `iat` of a proof may be from now, either way (inferred)."""
_TYPE = "dpop+jwt"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds: the thumbprint of its key."""

    jkt: str


def of_token_request(call: Call, *, wanted: bool) -> Proof | None:
    """The proof at a token endpoint; None where there is none and none is wanted. Raises 400."""
    header = call.exchange.headers.get("dpop", "")
    if not header:
        if wanted:
            rule = "The client's access tokens are bound to a key, so each token request proves it."
            raise bad(MISSING, Compared("dpop_bound_access_tokens", value=True, where="the app"), rule=rule)
        return None
    proof = checked(call, header, token=None)
    nonce = read_unverified(header).claims.get("nonce")
    if not _is_ours(call, nonce):
        fresh = ("dpop-nonce", new_nonce(call))
        compared = Compared("nonce", str(nonce)[:100] if nonce else None, "DPoP proof")
        rule = "A proof carries a nonce that this org gave out within a day."
        raise stop("use_dpop_nonce", NEEDS_NONCE, compared, rule=rule, headers=(fresh,))
    _once(call, header)
    return proof


def of_api_request(call: Call, access_token: str, jkt: str) -> None:
    """The proof beside a bound access token at an API. Raises a problem with `error` and `description`."""
    header = call.exchange.headers.get("dpop", "")
    if not header:
        raise bad(MISSING, Compared("DPoP", None, "request header"))
    proof = checked(call, header, token=access_token)
    if proof.jkt != jkt:
        compared = (Compared("jkt", proof.jkt, "the proof's key"), Compared("cnf.jkt", jkt, "access token"))
        raise bad("The DPoP proof JWT is signed by another key than the access token is bound to.", *compared)
    _once(call, header)


def checked(call: Call, header: str, *, token: str | None) -> Proof:
    """Form, signature, htm, htu, iat and, with a token, ath. Raises `invalid_dpop_proof`."""
    try:
        found = read_unverified(header)
    except TokenRejected as error:
        text = "The DPoP proof JWT is not well-formed."
        raise bad(text, Compared("DPoP", header[:40], "request"), rule=error.reason) from error
    jkt = _key(found)
    _claims(call, found)
    if token is not None:
        wanted = jws.sha256_text(token.encode())
        if found.claims.get("ath") != wanted:
            compared = (_claim(found, "ath"), Compared("expected", wanted, "hash of the access token"))
            raise bad("The DPoP proof JWT 'ath' claim does not match the access token.", *compared)
    return Proof(jkt)


def _key(found: Unverified) -> str:
    """The thumbprint of the proof's own key, by which it is signed."""
    if found.header.get("typ") != _TYPE:
        text = f"The DPoP proof JWT header 'typ' must be '{_TYPE}'."
        raise bad(text, Compared("typ", str(found.header.get("typ"))[:100], "DPoP proof header"))
    jwk = found.header.get("jwk")
    if not isinstance(jwk, dict) or "d" in jwk or "k" in jwk or "crit" in found.header:
        raise bad("The DPoP proof JWT header must hold a public 'jwk'.", Compared("jwk", "none usable", "DPoP proof"))
    algorithm = Compared("alg", str(found.header.get("alg"))[:40], "DPoP proof header")
    if not jws.fits(jwk, found.header.get("alg")):
        raise bad("The DPoP proof JWT header 'alg' is not supported.", algorithm)
    if not jws.verifies(found, jwk):
        raise bad("The DPoP proof JWT signature is invalid.", algorithm)
    return jws.thumbprint(jwk)


def _claims(call: Call, found: Unverified) -> None:
    exchange = call.exchange
    if found.claims.get("htm") != exchange.method:
        compared = (_claim(found, "htm"), Compared("method", exchange.method, "request"))
        raise bad("The DPoP proof JWT 'htm' claim does not match the request method.", *compared)
    addresses = {base + exchange.path for base in (call.base, canonical(call))}
    if _address(found.claims.get("htu")) not in {_address(item) for item in addresses}:
        compared = (_claim(found, "htu"), Compared("address", call.base + exchange.path, "request"))
        raise bad("The DPoP proof JWT 'htu' claim does not match the request address.", *compared)
    issued = found.claims.get("iat")
    if type(issued) not in (int, float) or abs(issued - call.now / 1000) > _OLD_S:  # type: ignore[operator]
        compared = (_claim(found, "iat"), Compared("now", call.now // 1000, "world clock"))
        raise bad("The DPoP proof JWT 'iat' claim is not within the allowed time.", *compared)
    jti = found.claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise bad("The DPoP proof JWT must have a 'jti' claim.", _claim(found, "jti"))


def _address(url: object) -> str:
    """Scheme, host, path: query and fragment do not count, nor do default ports and the case of the host."""
    try:
        parts = urlsplit(str(url))
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "") + (f":{port}" if port not in (None, 80, 443) else "")
    return f"{parts.scheme.lower()}://{host}{parts.path or '/'}"


def _once(call: Call, header: str) -> None:
    found = read_unverified(header)
    jti = str(found.claims["jti"])
    until = call.now + 2 * _OLD_S * 1000
    if not once.first(call, f"dpop/{jws.thumbprint(found.header['jwk'])}/{jti}", until):  # type: ignore[arg-type]
        text = "The DPoP proof JWT has already been used."
        raise bad(text, _claim(found, "jti"), rule="A proof's `jti` works once.")


def new_nonce(call: Call) -> str:
    """A nonce for the next proof; good for a day (documented for Okta: 24 hours)."""
    at = (call.now // 1000).to_bytes(8, "big")
    return base64url(at + _mac(call, at))


def _is_ours(call: Call, nonce: object) -> bool:
    try:
        data = b64url_decode(nonce) if isinstance(nonce, str) else b""
    except ValueError:
        return False
    at, mac = data[:8], data[8:]
    if len(data) != 24 or not hmac.compare_digest(mac, _mac(call, at)):
        return False
    return 0 <= call.now - int.from_bytes(at, "big") * 1000 <= DAY


def _mac(call: Call, at: bytes) -> bytes:
    return hmac.digest(call.ids.derive("dpop"), at, "sha256")[:16]


def _claim(found: Unverified, name: str) -> Compared:
    value = found.claims.get(name)
    return Compared(name, value if isinstance(value, int | float) else str(value)[:200], "DPoP proof")


def bad(text: str, *compared: Compared, rule: str = "") -> Problem:
    return stop("invalid_dpop_proof", text, *compared, rule=rule)
