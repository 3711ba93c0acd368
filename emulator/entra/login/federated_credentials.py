"""Workload identity federation: a token of another issuer stands for the application's own credential.

Source: graph-entra.md 2.3; Microsoft's pages on federatedIdentityCredentials; security.md F1. Issuer, subject and
audience are compared exactly. The issuer's keys are asked for outside any transaction, through the world's one way
out, which reaches loopback, emulated and allowed hosts only.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.entra.login.dialect import because
from emulator.entra.resources.federated_credentials import of_application
from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, MINUTE, iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import Problem
from emulator.protocols.jose import TokenRejected, Unverified, read_unverified, verify_jwt
from emulator.protocols.keys import b64url_decode

_MOST_BYTES = 64 * 1024
_AGAIN = 5 * MINUTE
_MOST_REMEMBERED = 100
_LEAST_BITS, _MOST_BITS = 2048, 8192


def is_external(app: Doc, assertion: str) -> bool:
    """Whether a client assertion says that somebody else than the client issued it."""
    try:
        issuer = read_unverified(assertion).claims.get("iss")
    except TokenRejected:
        return False
    return isinstance(issuer, str) and issuer.startswith("https://") and issuer != app["appId"]


def check(call: Call, app: Doc, assertion: str) -> None:
    """Raises 700211, 700213, 700212 (no such credential), 50166 (no keys), 50013 (signature), 700024 (time)."""
    found = read_unverified(assertion)
    trusted = _credential(call, app, found)
    issuer = str(trusted["issuer"])
    call.memo["credential"]["federatedCredentialId"] = trusted["id"]
    try:
        verify_jwt(
            assertion, _keys(call, issuer, str(found.header.get("kid"))), now_ms=call.now,
            audience=set(trusted["audiences"]), issuer={issuer},
        )  # fmt: skip
    except TokenRejected as error:
        raise _rejected(call, error, found) from error


def _credential(call: Call, app: Doc, found: Unverified) -> Doc:
    """The registered credential that the token's issuer, subject and audience are those of."""
    rows = of_application(call.store, app["id"])
    for code, claim, read in (
        ("700211", "iss", lambda row: [row["issuer"]]),
        ("700213", "sub", lambda row: [row["subject"]]),
        ("700212", "aud", lambda row: row["audiences"]),
    ):
        value = found.claims.get(claim)
        left = [row for row in rows if isinstance(value, str) and value in read(row)]
        if not left:
            shown = [item for row in rows for item in read(row)]
            why = because(
                "A token of another issuer needs a credential with its exact issuer, subject and audience.",
                (claim, value, "client assertion"),
                ("registered", shown or "none", f"federatedIdentityCredentials of {app['displayName']}"),
            )
            raise Problem(code, str(value), error="invalid_client", status=401, why=why)
        rows = left
    return rows[0]


def _rejected(call: Call, error: TokenRejected, found: Unverified) -> Problem:
    why = because(
        f"The issuer's token was not accepted: {error.reason}.",
        *((name, value, "client assertion") for name, value in error.details.items()),
    )
    if error.kind in ("expired", "not_yet_valid", "claim"):
        times = [_time(found.claims.get(name)) for name in ("nbf", "exp")]
        return Problem("700024", iso_seconds(call.now), *times, why=why)
    reason = "The key was not found." if error.kind == "unknown_key" else "The signature is not valid."
    return Problem("50013", reason, error="invalid_client", status=401, why=why)


def _time(value: object) -> str:
    return iso_seconds(value * 1000) if type(value) is int and 0 <= value < 253_402_300_800 else str(value)


# -- the issuer's keys ---------------------------------------------------------------------------------------------


def _keys(call: Call, issuer: str, kid: str) -> Mapping[str, Any]:
    """The issuer's RSA keys by kid; asked for again after an hour, or for an unknown kid at most every five minutes."""
    remembered: dict[str, tuple[int, Mapping[str, Any]]] = call.counters.setdefault("federated issuers", {})
    at, keys = remembered.get(issuer, (-HOUR, {}))
    age = call.now - at
    if 0 <= age < HOUR and (kid in keys or age < _AGAIN):
        return keys
    keys = _published(call, issuer)
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()
    remembered[issuer] = (call.now, keys)
    return keys


def _published(call: Call, issuer: str) -> Mapping[str, Any]:
    metadata = _get(call, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if metadata.get("issuer") != issuer:
        why = because(
            "The discovery document of an issuer names that issuer.",
            ("issuer", metadata.get("issuer"), "discovery document"),
            ("iss", issuer, "client assertion"),
        )
        raise Problem("50166", error="invalid_client", status=401, why=why)
    keys = _get(call, str(metadata.get("jwks_uri"))).get("keys")
    found = (_public(key) for key in keys if isinstance(key, dict)) if isinstance(keys, list) else ()
    return dict(item for item in found if item is not None)


def _get(call: Call, address: str) -> Doc:
    """One JSON document of the issuer. Raises 50166."""
    try:
        parts = urlsplit(address)
        fits = parts.scheme == "https" and bool(parts.netloc) and "@" not in parts.netloc
    except ValueError:
        fits = False
    answer = None
    if fits and call.outbound is not None:
        headers = {"host": parts.netloc, "accept": "application/json"}
        answer = call.outbound(Exchange("GET", parts.scheme, parts.netloc, parts.path or "/", parts.query, headers))
    found = None
    if answer is not None and answer.status == 200 and len(answer.body) <= _MOST_BYTES:
        try:
            found = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            found = None
    if isinstance(found, dict):
        return found
    why = because(
        "The issuer must publish its discovery document and keys.",
        ("address", address[:200], "issuer"),
        ("answer", answer.status if answer is not None else "none", "the address"),
        hint="Issuers of this world, on loopback, and on hosts given with --allow-host are reached.",
    )
    raise Problem("50166", error="invalid_client", status=401, why=why)


def _public(key: Doc) -> tuple[str, Any] | None:
    """An RSA key of a JWK set with its kid; None for any other."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    kid = key.get("kid")
    if key.get("kty") != "RSA" or not isinstance(kid, str) or key.get("use") not in (None, "sig"):
        return None
    try:
        n, e = (int.from_bytes(b64url_decode(str(key.get(name)))) for name in ("n", "e"))
        if not _LEAST_BITS <= n.bit_length() <= _MOST_BITS:
            return None
        return kid, RSAPublicNumbers(e, n).public_key()
    except ValueError:
        return None
