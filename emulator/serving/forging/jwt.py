"""JWTs that are wrong on purpose. Sources: RFC 8725 and the CVEs of JWT libraries."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from emulator.kernel.doc import Doc
from emulator.protocols import jose
from emulator.protocols.keys import b64url, b64url_decode
from emulator.serving.forging.breaks import JWT, JwtForgery, breaks
from emulator.serving.forging.signing import rsa

ALGORITHMS = {"RS256": "sha256", "RS384": "sha384", "RS512": "sha512"}


def signed(header: Doc, claims: Doc, sign: Callable[[bytes], bytes]) -> str:
    """A compact token with exactly this header."""
    import orjson

    octets = f"{b64url(orjson.dumps(header))}.{b64url(orjson.dumps(claims))}"
    return f"{octets}.{b64url(sign(octets.encode()))}"


def with_algorithm(forgery: JwtForgery, algorithm: str) -> str:
    """The token under another algorithm: RS256, RS384, RS512, none, or HS256 keyed with the public certificate."""
    header = {**forgery.header, "alg": algorithm}
    if algorithm in ALGORITHMS:
        return signed(header, forgery.claims, lambda data: rsa(forgery.key, data, ALGORITHMS[algorithm]))
    if algorithm == "HS256":
        return signed(header, forgery.claims, _hs256(forgery.key.certificate_pem.encode()))
    return signed(header, forgery.claims, lambda data: b"")


def _hs256(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def _made(forgery: JwtForgery, *, header: Doc | None = None, claims: Doc | None = None) -> str:
    """Signed truly, with members changed; None drops one."""
    head = {**forgery.header, "alg": "RS256", **(header or {})}
    body = {**forgery.claims, **(claims or {})}
    return signed(
        {name: value for name, value in head.items() if value is not None},
        {name: value for name, value in body.items() if value is not None},
        forgery.key.sign,
    )


def _jwt(name: str, says: str, make: Callable[[JwtForgery], str]) -> None:
    breaks(name, says, kinds=JWT)(make)


def _headed(name: str, says: str, make: Callable[[JwtForgery], Doc]) -> None:
    _jwt(name, says, lambda forgery: _made(forgery, header=make(forgery)))


def _claimed(name: str, says: str, make: Callable[[JwtForgery], Doc]) -> None:
    _jwt(name, says, lambda forgery: _made(forgery, claims=make(forgery)))


def _shifted(hours: int) -> Callable[[JwtForgery], Doc]:
    return lambda f: {name: int(f.claims[name]) + hours * 3600 for name in ("iat", "nbf", "exp") if name in f.claims}


def _flip_signature(forgery: JwtForgery) -> str:
    head, dot, signature = _made(forgery).rpartition(".")
    return head + dot + ("A" if signature[0] != "A" else "B") + signature[1:]


def _flip_claim(forgery: JwtForgery) -> str:
    head, body, signature = _made(forgery).split(".")
    plain = bytearray(b64url_decode(body))
    at = plain.index(b'"tid":"') + 7
    plain[at] = ord("0") if plain[at] != ord("0") else ord("1")
    return f"{head}.{b64url(bytes(plain))}.{signature}"


def _by_foreigner(forgery: JwtForgery, header: Doc) -> str:
    """Signed by somebody else, whose key the header brings along."""
    own = JwtForgery(forgery.header, forgery.claims, forgery.foreign, forgery.foreign)
    return _made(own, header=header)


def _foreign_kid(forgery: JwtForgery) -> Doc:
    return {"kid": forgery.foreign.kid_sha1, "x5t": forgery.foreign.kid_sha1}


def _duplicate_claim(forgery: JwtForgery) -> str:
    import orjson

    body = orjson.dumps(forgery.claims)[:-1] + b',"oid":"00000000-0000-4000-8000-000000000000"}'
    octets = f"{b64url(orjson.dumps({**forgery.header, 'alg': 'RS256'}))}.{b64url(body)}"
    return f"{octets}.{b64url(forgery.key.sign(octets.encode()))}"


_jwt("signature", "one byte of the signature changed", _flip_signature)
_jwt("claim", "a claim changed after signing", _flip_claim)
_jwt("unsigned", "no signature at all", lambda f: _made(f).rpartition(".")[0] + ".")
_jwt("foreign-key", "signed with a key that is not registered", lambda f: _by_foreigner(f, _foreign_kid(f)))
_jwt("foreign-key-same-kid", "signed with a foreign key under the registered kid", lambda f: _by_foreigner(f, {}))
_claimed("expired", "valid until an hour ago", _shifted(-2))
_claimed("not-yet-valid", "valid from an hour ahead", _shifted(2))
_claimed("audience", "for somebody else", lambda f: {"aud": "https://someone.example"})
_claimed(
    "issuer",
    "from an issuer that nobody registered",
    lambda f: {"iss": "https://sts.windows.net/00000000-0000-4000-8000-000000000000/"},
)
for _name in ("none", "None", "nOnE"):
    _jwt(f"alg-{_name}", f"alg is {_name}, no signature", lambda f, name=_name: with_algorithm(f, name))  # type: ignore[misc]
_jwt("alg-missing", "no alg in the header", lambda f: _made(f, header={"alg": None}))
_jwt("alg-none-signed", "alg is none, with the true signature behind", lambda f: _made(f, header={"alg": "none"}))
_jwt("alg-rs512", "truly signed with RS512", lambda f: with_algorithm(f, "RS512"))


def _confused(name: str, says: str, secret: Callable[[JwtForgery], bytes]) -> None:
    _jwt(name, says, lambda f: signed({**f.header, "alg": "HS256"}, f.claims, _hs256(secret(f))))


_confused(
    "hs256-pem", "key confusion: HS256 with the public certificate's PEM", lambda f: f.key.certificate_pem.encode()
)
_confused("hs256-der", "key confusion: HS256 with the certificate's DER", lambda f: f.key.certificate.der)
_confused("hs256-modulus", "key confusion: HS256 with the JWK's n", lambda f: str(f.key.jwk()["n"]).encode())
_confused("hs256-empty", "HS256 with no key", lambda f: b"")
_jwt("jwk-header", "a foreign key in the header", lambda f: _by_foreigner(f, {"jwk": f.foreign.jwk()}))
_jwt("jku-header", "a foreign key set by address", lambda f: _by_foreigner(f, {"jku": "http://canary.example/keys"}))
_jwt(
    "x5u-header", "a foreign certificate by address", lambda f: _by_foreigner(f, {"x5u": "http://canary.example/x.crt"})
)
_jwt(
    "x5c-header",
    "a foreign certificate in the header",
    lambda f: _by_foreigner(f, {"x5c": [f.foreign.certificate_b64]}),
)
_headed("kid-path", "kid is a path", lambda f: {"kid": "../../dev/null"})
_headed("kid-sql", "kid is an injection", lambda f: {"kid": "' OR 1=1 --"})
_headed("kid-long", "kid has 40 kB", lambda f: {"kid": "k" * 40_000})
_headed("kid-array", "kid is a list", lambda f: {"kid": [str(f.header.get("kid"))]})
_headed("kid-missing", "no kid", lambda f: {"kid": None})
_headed("crit", "an unknown critical extension", lambda f: {"crit": ["urn:x"], "urn:x": True})
_headed("b64-false", "an unencoded payload is announced", lambda f: {"b64": False, "crit": ["b64"]})
_headed("zip", "a compressed payload is announced", lambda f: {"zip": "DEF"})
_jwt("five-parts", "the form of an encrypted token", lambda f: _made(f) + ".AAAA.AAAA")
_jwt("two-parts", "only header and claims", lambda f: _made(f).rpartition(".")[0])
_jwt("padded", "padding behind the signature", lambda f: _made(f) + "==")
_jwt("huge", "3 MB", lambda f: _made(f, claims={"x": "x" * 3_000_000}))
_claimed("exp-string", "exp is a text", lambda f: {"exp": str(f.claims["exp"])})
_claimed("exp-float", "exp is no whole number", lambda f: {"exp": float(f.claims["exp"]) + 0.5})
_claimed("exp-negative", "exp is negative", lambda f: {"exp": -1})
_claimed("exp-huge", "exp is beyond all dates", lambda f: {"exp": 2**62})
_claimed("exp-true", "exp is true", lambda f: {"exp": True})
_claimed("no-exp", "no exp", lambda f: {"exp": None})
_claimed("aud-list", "several audiences", lambda f: {"aud": [str(f.claims["aud"]), "https://someone.example"]})
_claimed(
    "aud-longer", "an audience that begins with the right one", lambda f: {"aud": f"{f.claims['aud']}.evil.example"}
)
_claimed("iss-shorter", "the beginning of the right issuer", lambda f: {"iss": str(f.claims["iss"])[:-2]})
_claimed("no-aud", "no audience", lambda f: {"aud": None})
_jwt("duplicate-claim", "a claim stands twice", _duplicate_claim)


def _no_object(forgery: JwtForgery) -> str:
    claims: Any = [forgery.claims]
    return signed({**forgery.header, "alg": "RS256"}, claims, forgery.key.sign)


_jwt("claims-no-object", "the claims are a list", _no_object)


def mint(forgery: JwtForgery) -> str:
    """A sound token."""
    header = {name: value for name, value in forgery.header.items() if name != "alg"}
    return jose.mint_jwt(forgery.claims, forgery.key, headers=header)
