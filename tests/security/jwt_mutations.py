"""Mutations of a signed JWT, whatever it is for: forged ones, which nobody may take, and odd ones of the rightful signer."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

Doc = dict[str, Any]
Sign = Callable[[bytes], bytes]

VALUES = {
    "null": "null", "true": "true", "zero": "0", "negative": "-1", "float": "1.5", "huge float": "1e400", "NaN": "NaN",
    "infinity": "-Infinity", "a number of 5000 digits": "9" * 5000, "a late date": "99999999999999", "empty text": '""',
    "long text": '"' + "x" * 20_000 + '"', "a list": "[]", "a list of lists": "[[[]]]", "an object": "{}",
    "a lone surrogate": '"\\ud800"', "a NUL": '"\\u0000"', "a path": '"../../etc/passwd"', "SQL": "\"' OR '1'='1\"",
    "markup": '"<script>alert(1)</script>"', "a line break": '"x\\r\\nSet-Cookie: a=b"', "deep": "[" * 400 + "]" * 400,
}  # fmt: skip
"""JSON of values that no claim has."""
HEADERS = {
    "jwk": '{"kty":"RSA","n":"AQAB","e":"AQAB"}', "jku": '"http://127.0.0.1:9/keys"', "x5u": '"file:///etc/passwd"',
    "x5c": '["AAAA"]', "crit": '["exp"]', "b64": "false", "zip": '"DEF"', "enc": '"A256GCM"', "typ": "7", "cty": '"JWT"',
    "kid": '"../../dev/null"', "x5t": "[]", "ctx": '"AAAA"', "kdf_ver": '"2"',
}  # fmt: skip


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(header: str, payload: str, sign: Sign) -> str:
    signed = f"{b64(header.encode())}.{b64(payload.encode())}"
    return f"{signed}.{b64(sign(signed.encode()))}"


def _with(doc: Doc, name: str, text: str) -> str:
    """The JSON of a document in which one member has this JSON for its value."""
    rest = {key: value for key, value in doc.items() if key != name}
    return json.dumps(rest)[:-1] + ("," if rest else "") + f"{json.dumps(name)}:{text}}}"


def forged(header: Doc, claims: Doc, sign: Sign, *, public: bytes, stranger: Sign) -> Iterator[tuple[str, str]]:
    """Tokens that no rightful signer made. public: the key as an attacker has it. stranger: signs with another key."""
    head, body = json.dumps(header), json.dumps(claims)
    good = compact(head, body, sign)
    first, second, third = good.split(".")
    yield "another key", compact(head, body, stranger)
    yield "no signature", f"{first}.{second}."
    yield "two parts", f"{first}.{second}"
    yield "four parts", good + ".AAAA"
    yield "five parts", f"{good}.AAAA.AAAA"
    yield "an empty token", ".."
    yield "zeroes", f"{first}.{second}.{b64(bytes(256))}"
    yield (
        "a changed signature",
        f"{first}.{second}.{b64(bytes([sign(b'x')[0] ^ 1]) + sign(f'{first}.{second}'.encode())[1:])}",
    )
    yield "a cut signature", f"{first}.{second}.{third[: len(third) // 2]}"
    yield "a huge signature", f"{first}.{second}.{'A' * 40_000}"
    yield "padding", f"{good}=="
    yield "another alphabet", f"{first}.{second}.{third[:-4]}+/+/"
    yield "a blank", f"{first}.{second}. {third}"
    yield "changed claims", f"{first}.{b64(_with(claims, 'extra', '1').encode())}.{third}"
    yield "changed header", f"{b64(_with(header, 'extra', '1').encode())}.{second}.{third}"
    yield "no header", f".{second}.{third}"
    yield "no claims", f"{first}..{third}"
    yield "claims of a list", compact(head, "[]", sign)
    yield "claims of nothing", compact(head, "", sign)
    yield "claims that are no JSON", compact(head, "{", sign)
    yield "a header that is no JSON", compact("{", body, sign)
    yield "a header of text", compact('"x"', body, sign)
    yield "a member twice", compact(head, body[:-1] + ',"a":1,"a":2}', sign)
    yield "not UTF-8", f"{first}.{b64(bytes([0xFF, 0xFE]) + body.encode())}.{third}"
    yield "deep claims", compact(head, '{"a":' * 5000 + "1" + "}" * 5000, sign)
    yield "too large", compact(head, json.dumps({**claims, "fat": "x" * 90_000}), sign)
    for name in ("none", "None", "nOnE", "", "HS256", "hs256", "RS1", "PS999", "dir"):
        yield f"alg {name}", compact(_with(header, "alg", json.dumps(name)), body, lambda _: b"")
    for name in ("HS256", "RS256"):
        mac = _with(header, "alg", json.dumps(name))
        yield (
            f"alg {name} with the public key",
            compact(mac, body, lambda data: hmac.new(public, data, hashlib.sha256).digest()),
        )
    for name, text in (("null", "null"), ("a list", '["RS256"]'), ("a number", "256"), ("an object", "{}")):
        yield f"alg of {name}", compact(_with(header, "alg", text), body, lambda _: b"")


def odd(header: Doc, claims: Doc, sign: Sign) -> Iterator[tuple[str, str]]:
    """Tokens of the rightful signer with something in them that does not belong."""
    head, body = json.dumps(header), json.dumps(claims)
    for name in claims:
        yield f"without {name}", compact(head, json.dumps({k: v for k, v in claims.items() if k != name}), sign)
        for what, text in VALUES.items():
            yield f"{name}: {what}", compact(head, _with(claims, name, text), sign)
    for name, text in HEADERS.items():
        yield f"header {name}", compact(_with(header, name, text), body, sign)
