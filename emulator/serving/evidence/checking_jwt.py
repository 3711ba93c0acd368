"""The checks of a JWT, one by one, as an API makes them."""

from typing import Any

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.protocols import jose
from emulator.protocols.keys import public_key_from_jwk
from emulator.serving.evidence.model import Check, Known, Piece

_LEEWAY_S = jose.LEEWAY_S
_GRAPH = ("https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000")
_ISSUERS = ("https://sts.windows.net/", "https://login.microsoftonline.com/", "https://login.microsoftonline.us/")


def check_jwt(piece: Piece, known: Known) -> list[Check]:
    """All checks of a JWT."""
    text = (piece.token or b"").decode()
    try:
        found = jose.read_unverified(text)
    except jose.TokenRejected as error:
        return [Check("form", "failed", f"{error.reason[0].upper()}{error.reason[1:]}.", error.details)]
    checks = [Check("form", "passed", "Three parts of base64url, two JSON objects.")]
    header, claims = found.header, found.claims
    algorithm = header.get("alg")
    checks.append(
        Check("algorithm", "passed" if algorithm == "RS256" else "failed", "Signed with RS256.", algorithm, "RS256")
    )
    strange = [name for name in ("crit", "b64", "zip", "enc") if name in header]
    brought = [name for name in ("jwk", "jku", "x5u", "x5c") if name in header]
    checks.append(
        Check(
            "header",
            "failed" if strange else "passed",
            "The header asks for no extension; keys in it are ignored.",
            (strange + brought) or None,
        )
    )
    checks.append(_signature(text, header, known))
    now = piece.at_ms if piece.at_ms is not None else known.now_ms
    clock = "the time in the evidence" if piece.at_ms is not None else known.clock
    checks += [_expiry(claims, now, clock), _start(claims, now, clock), _issuer(claims, header), _audience(claims)]
    return checks


def _signature(text: str, header: Doc, known: Known) -> Check:
    rule = "The signature holds under the key set of the issuer (the kid is looked up there and nowhere else)."
    kid = header.get("kid")
    if "nonce" in header:
        rule += " Graph's own access tokens carry a nonce and can only be checked by Graph."
    jwk = next((each for each in known.jwks if each.get("kid") == kid), None)
    if jwk is None:
        if known.jwks and known.complete:
            return Check("signature", "failed", rule, kid, [each.get("kid") for each in known.jwks])
        settle = "the issuer's key set (jwks_uri of its discovery document), given together with the token"
        return Check("signature", "not checkable", rule, kid, settle=settle)
    try:
        jose.verify_jwt(text, {str(kid): public_key_from_jwk(jwk)}, now_ms=0, audience=None, issuer=None)
    except jose.TokenRejected as error:
        if error.kind in ("bad_signature", "algorithm", "header", "unknown_key", "malformed", "too_large"):
            return Check("signature", "failed", f"{error.reason[0].upper()}{error.reason[1:]}.", error.details)
    except ValueError as error:
        return Check("signature", "not checkable", rule, str(error), settle="a usable RSA key")
    return Check("signature", "passed", rule, kid)


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 253_402_300_799


def _expiry(claims: Doc, now: int, clock: str) -> Check:
    value = claims.get("exp")
    if not _whole(value):
        return Check("expiry", "failed", "exp is a whole number of seconds.", repr(value))
    good = now // 1000 < int(str(value)) + _LEEWAY_S
    rule = "Not expired, with five minutes' skew."
    return Check("expiry", "passed" if good else "failed", rule, iso(int(str(value)) * 1000), f"{iso(now)} ({clock})")


def _start(claims: Doc, now: int, clock: str) -> Check:
    value = claims.get("nbf")
    rule = "Valid already, with five minutes' skew."
    if value is None:
        return Check("start", "passed", rule, "no nbf")
    if not _whole(value):
        return Check("start", "failed", "nbf is a whole number of seconds.", repr(value))
    good = now // 1000 >= int(str(value)) - _LEEWAY_S
    return Check("start", "passed" if good else "failed", rule, iso(int(str(value)) * 1000), f"{iso(now)} ({clock})")


def _issuer(claims: Doc, header: Doc) -> Check:
    value, tenant = claims.get("iss"), claims.get("tid")
    rule = "The issuer is the tenant that the token names."
    if isinstance(value, str) and value.startswith(_ISSUERS) and isinstance(tenant, str):
        return Check("issuer", "passed" if tenant in value else "failed", rule, value, f"tid {tenant}")
    settle = "which issuer the API trusts (its configuration)"
    return Check("issuer", "not checkable", rule, value, settle=settle)


def _audience(claims: Doc) -> Check:
    value = claims.get("aud")
    rule = "One audience: the API or client that takes the token."
    if not isinstance(value, str):
        return Check("audience", "failed", rule, repr(value))
    if value in _GRAPH:
        return Check("audience", "passed", f"{rule[:-1]} (Microsoft Graph).", value)
    return Check("audience", "not checkable", rule, value, settle="the id or URI of the API that it was sent to")
