"""JSON Web Tokens (RS256 only) and PKCE, for both parties.

The verifier is written against RFC 8725 and the attack list in reference/security.md section 3 (J1 to J6):
the algorithm is a constant, the key comes from the caller's own mapping by `kid`, headers that bring keys
are never read, and time is a parameter. PyJWT is the judge in the tests, not the engine: it takes no clock,
and it decodes base64 leniently, so a changed character could pass.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NoReturn

from emulator.protocols.keys import SigningKey, b64url, b64url_bytes, b64url_decode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Claims = dict[str, object]

TOKEN_LIMIT = 64 * 1024
"""Characters of a compact token."""
MOST_DEPTH = 32
"""Levels of a header or payload; real ones have three or four."""
LEEWAY_S = 300
_LATEST_S = 253_402_300_799  # 9999-12-31: later values are not dates but attacks on arithmetic
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")

TokenProblem = Literal[
    "malformed",
    "too_large",
    "algorithm",
    "header",
    "unknown_key",
    "bad_signature",
    "claim",
    "expired",
    "not_yet_valid",
    "audience",
    "issuer",
]


class TokenRejected(Exception):
    """Why a token was refused; `details` names the two values compared (never the signature)."""

    def __init__(self, reason: str, *, kind: TokenProblem, details: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: TokenProblem = kind
        self.details = details or {}


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token taken apart, with nothing checked: for `explain` and for choosing the key set by issuer."""

    header: Claims
    claims: Claims
    signature: bytes
    signed: bytes
    """The octets the signature should cover: header.payload."""


def mint_jwt(
    claims: Mapping[str, object],
    key: SigningKey,
    *,
    headers: Mapping[str, object | None] | None = None,
    constant: bytes = b"{}",
) -> str:
    """A compact RS256 token. Members keep their order, so equal input gives equal bytes.

    The header is typ, alg, kid (SHA-1 thumbprint) unless `headers` says otherwise: it overrides `typ` and
    `kid`, adds (`x5t`, ...), and drops what it gives as None. `alg` cannot be changed. `constant`: a JSON
    object whose members follow the claims, encoded once for many tokens.
    """
    import orjson

    given = tuple(headers.items()) if headers else ()
    plain = all(isinstance(value, str) for _, value in given)
    head = _head(key.kid_sha1, given) if plain else _head.__wrapped__(key.kid_sha1, given)
    text = orjson.dumps(claims)
    if len(constant) > 2:
        text = text[:-1] + b"," * bool(claims)
        # base64 takes three bytes at a time: behind a multiple of them it can start afresh.
        cut = 1 + -len(text) % 3
        payload = b64url_bytes(text + constant[1:cut]) + _encoded(constant, cut)
    else:
        payload = b64url_bytes(text)
    signed = b"%b.%b" % (head, payload)
    return (signed + b"." + b64url_bytes(key.sign(signed))).decode("ascii")


@lru_cache(maxsize=1024)
def _head(kid: str, headers: tuple[tuple[str, object | None], ...]) -> bytes:
    """The encoded header: the same for most of a key's tokens."""
    import orjson

    header = {"typ": "JWT", "alg": "RS256", "kid": kid, **dict(headers)}
    header["alg"] = "RS256"
    return b64url_bytes(orjson.dumps({name: value for name, value in header.items() if value is not None}))


@lru_cache(maxsize=1024)
def _encoded(data: bytes, start: int) -> bytes:
    """base64url of `data` from `start` on."""
    return b64url_bytes(data[start:])


def verify_jwt(
    token: str,
    keys: Mapping[str, SigningKey | RSAPublicKey],
    *,
    now_ms: int,
    audience: Collection[str] | None,
    issuer: Collection[str] | None,
    leeway_s: int = LEEWAY_S,
) -> Claims:
    """Verify a compact token and return its claims; TokenRejected names the first thing wrong.

    `keys`: kid -> key, of this org or tenant only. `audience` and `issuer`: the accepted values, compared
    exactly; None accepts any. `exp` is required, `nbf` and `iat` are optional; all are whole seconds. `aud`
    must be one string, as both vendors write it.
    """
    before = _VERIFIED.get(token)
    parts = read_unverified(token) if before is None else before[0]
    kid = _check_header(parts.header)
    found = keys.get(kid)
    if found is None:
        _reject("no key with this kid", "unknown_key", kid=kid, known=" ".join(sorted(keys)))
    if before is None or before[1] is not found:
        _check_signature(parts, found.public_key if isinstance(found, SigningKey) else found, kid)
        if len(_VERIFIED) >= _MOST_VERIFIED:
            _VERIFIED.clear()
        _VERIFIED[token] = (parts, found)
    _check_times(parts.claims, now_s=now_ms // 1000, leeway_s=leeway_s)
    _check_name(parts.claims, "iss", accepted=issuer)
    _check_name(parts.claims, "aud", accepted=audience)
    return dict(parts.claims)


_MOST_VERIFIED = 256
_VERIFIED: dict[str, tuple[Unverified, SigningKey | RSAPublicKey]] = {}
"""Tokens whose signature held, with the very key that it was held against: a client sends one many times. What depends
on the time, on the place or on the state is checked at each of them."""


def _check_signature(parts: Unverified, public: RSAPublicKey, kid: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        public.verify(parts.signature, parts.signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        _reject("the signature does not verify", "bad_signature", kid=kid)


def read_unverified(token: str) -> Unverified:
    """Take a compact token apart; TokenRejected ("malformed", "too_large") when it is not one."""
    if len(token) > TOKEN_LIMIT:
        _reject("the token is too large", "too_large", characters=str(len(token)), limit=str(TOKEN_LIMIT))
    pieces = token.split(".")
    if len(pieces) != 3:
        _reject("not a compact JWS", "malformed", parts=str(len(pieces)), expected="3")
    try:
        header, claims, signature = (b64url_decode(piece) for piece in pieces)
    except ValueError as error:
        _reject("a part is not base64url", "malformed", cause=str(error))
    return Unverified(
        header=_json_object(header, "header"),
        claims=_json_object(claims, "payload"),
        signature=signature,
        signed=f"{pieces[0]}.{pieces[1]}".encode("ascii"),
    )


def _check_header(header: Claims) -> str:
    if header.get("alg") != "RS256":
        _reject("the algorithm is not RS256", "algorithm", found=str(header.get("alg")), expected="RS256")
    strange = [name for name in ("crit", "b64", "zip", "enc") if name in header]
    if strange:
        _reject("the header asks for an extension", "header", found=" ".join(strange))
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        _reject("kid is missing or not a string", "header", found=str(kid))
    return kid


def _check_times(claims: Claims, *, now_s: int, leeway_s: int) -> None:
    expires = _seconds(claims, "exp")
    if expires is None:
        _reject("exp is missing", "claim", claim="exp")
    if now_s >= expires + leeway_s:
        _reject("the token has expired", "expired", exp=str(expires), now=str(now_s), leeway=str(leeway_s))
    not_before = _seconds(claims, "nbf")
    _seconds(claims, "iat")
    if not_before is not None and now_s < not_before - leeway_s:
        _reject(
            "the token is not valid yet",
            "not_yet_valid",
            nbf=str(not_before),
            now=str(now_s),
            leeway=str(leeway_s),
        )


def _seconds(claims: Claims, name: str) -> int | None:
    value = claims.get(name)
    if name not in claims:
        return None
    if type(value) is not int or not 0 <= value <= _LATEST_S:  # type(), because True is an int too
        _reject(f"{name} is not a whole number of seconds", "claim", claim=name, found=repr(value))
    return value


def _check_name(claims: Claims, name: Literal["iss", "aud"], *, accepted: Collection[str] | None) -> None:
    if accepted is None:
        return
    # A bare string would be searched for its letters, so "is it contained" would be a substring test.
    wanted = {accepted} if isinstance(accepted, str) else set(accepted)
    value = claims.get(name)
    if not isinstance(value, str) or value not in wanted:
        kind: TokenProblem = "issuer" if name == "iss" else "audience"
        _reject(f"{name} is not the expected one", kind, found=str(value), expected=" ".join(sorted(wanted)))


def _json_object(data: bytes, what: str) -> Claims:
    try:
        text = data.decode()
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no character
        if text.count("[") + text.count("{") > MOST_DEPTH and _depth(value) > MOST_DEPTH:
            raise ValueError(f"it is nested more than {MOST_DEPTH} deep")
    except (ValueError, RecursionError) as error:
        _reject(f"the {what} is not JSON", "malformed", cause=str(error))
    if not isinstance(value, dict):
        _reject(f"the {what} is not a JSON object", "malformed", found=type(value).__name__)
    return value


def _depth(value: object) -> int:
    """How deep lists and objects are nested; no deeper than the parser itself goes."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(item) for item in below), default=0)


def _unique(pairs: list[tuple[str, object]]) -> Claims:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _reject(reason: str, kind: TokenProblem, **details: str) -> NoReturn:
    cut = {name: value[:300] for name, value in details.items()}
    raise TokenRejected(reason, kind=kind, details=cut)


def pkce_matches(verifier: str, challenge: str, *, method: str) -> bool:
    """RFC 7636 section 4.6: whether `verifier` (43 to 128 unreserved characters) answers the stored
    `challenge`; method "S256" or "plain".
    """
    if _VERIFIER.fullmatch(verifier) is None or not challenge.isascii():
        return False
    if method == "S256":
        return hmac.compare_digest(b64url(hashlib.sha256(verifier.encode("ascii")).digest()), challenge)
    return method == "plain" and hmac.compare_digest(verifier.encode(), challenge.encode())


def pkce_challenge(verifier: str) -> str:
    """The S256 challenge of a verifier, for scripted clients."""
    return b64url(hashlib.sha256(verifier.encode("ascii")).digest())
