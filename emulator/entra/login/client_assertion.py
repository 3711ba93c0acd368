"""Certificate credentials of applications: a JWT that the client signed. Source: graph-entra.md 2.3, RFC 7523.

The key comes from the application's keyCredentials, chosen by `x5t` or `x5t#S256`; keys in the header are never used.
MSAL signs one assertion and presents it for ten minutes, so a `jti` may come again; its times are fractions of seconds.
"""

import hashlib
from math import isfinite

from emulator.entra.login.dialect import HOST, because
from emulator.entra.login.tenancy import resolve
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.jose import TokenRejected, Unverified, read_unverified
from emulator.protocols.keys import b64url
from emulator.protocols.x509 import Certificate, parse_certificate

_LEEWAY_S = 300
_MOST_LIFE_S = 24 * 3600
_LATEST_S = 253_402_300_799


def check_assertion(call: Call, app: Doc, assertion: str) -> None:
    """Raises 700027 (key, signature), 700021 (issuer, subject), 700023 (audience), 700024 (time)."""
    try:
        found = read_unverified(assertion)
    except TokenRejected as error:
        raise _refused(
            "The client assertion is no JWT", error.reason, (Compared("client_assertion", assertion[:40], "request"),)
        ) from error
    certificate = _certificate(app, found)
    if "credential" in call.memo:
        call.memo["credential"]["servicePrincipalCredentialThumbprint"] = certificate.thumbprint_sha1
    _check_signature(found, certificate)
    claims = found.claims
    for name in ("iss", "sub"):
        if str(claims.get(name)).lower() != app["appId"].lower():
            raise Problem(
                "700021",
                why=because(
                    f"`{name}` of a client assertion is the client itself.",
                    (name, claims.get(name), "client assertion"),
                    ("client_id", app["appId"], "request"),
                ),
            )
    accepted = _audiences(call)
    if str(claims.get("aud")) not in accepted:
        raise Problem(
            "700023",
            why=because(
                "The assertion is for another audience.",
                ("aud", claims.get("aud"), "client assertion"),
                ("accepted", sorted(accepted), "the tenant"),
            ),
        )
    _check_times(call, claims)


def _certificate(app: Doc, found: Unverified) -> Certificate:
    """The registered certificate that the header names."""
    # MSAL for Python pads its thumbprints, which the service takes as well.
    named = {str(found.header[name]).rstrip("=") for name in ("x5t", "x5t#S256") if name in found.header}
    registered = []
    for item in app.get("keyCredentials") or []:
        try:
            certificate = parse_certificate(str(item.get("key") or ""))
        except ValueError:
            continue  # a credential that was stored without its key, or with one that is no certificate
        prints = {
            b64url(hashlib.sha1(certificate.der, usedforsecurity=False).digest()),
            b64url(hashlib.sha256(certificate.der).digest()),
        }
        if named & prints:
            return certificate
        registered.append(certificate.thumbprint_sha1)
    compared = (
        Compared("x5t", sorted(named), "client assertion header"),
        Compared("registered thumbprints", registered, f"keyCredentials of {app['displayName']}"),
    )
    raise _refused(
        "No registered certificate has the thumbprint that the assertion names", "The key was not found.", compared
    )


def _check_signature(found: Unverified, certificate: Certificate) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    algorithm = found.header.get("alg")
    schemes: dict[object, padding.AsymmetricPadding] = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH),
    }
    compared = (Compared("alg", algorithm, "client assertion header"), Compared("accepted", "RS256, PS256", "Entra"))
    if (
        not isinstance(algorithm, str)
        or algorithm not in schemes
        or certificate.public_key is None
        or "crit" in found.header
    ):
        raise _refused("The assertion is signed in a way that is not accepted", "The key was not found.", compared)
    try:
        certificate.public_key.verify(found.signature, found.signed, schemes[algorithm], hashes.SHA256())
    except InvalidSignature as error:
        named = Compared("certificate", certificate.thumbprint_sha1, "keyCredentials")
        reason = "The signature is not valid."
        raise _refused("The assertion's signature does not verify", reason, (*compared, named)) from error


def _audiences(call: Call) -> set[str]:
    """Where a client may say that its assertion is for: this tenant's token endpoints and issuers."""
    own = str(tenant(call)["id"])
    names = {own, call.path["tenant"], resolve(call).name}
    endpoints = {f"{HOST}/{name}/oauth2{version}/token" for name in names for version in ("", "/v2.0")}
    return endpoints | {f"{HOST}/{own}/v2.0", f"https://sts.windows.net/{own}/"}


def _check_times(call: Call, claims: Doc) -> None:
    now = call.now // 1000
    expires, starts = _seconds(claims.get("exp")), _seconds(claims.get("nbf", claims.get("iat", 0)))
    if (
        expires is None
        or starts is None
        or not (starts - _LEEWAY_S <= now < expires + _LEEWAY_S)
        or expires - now > _MOST_LIFE_S
    ):
        shown = [iso_seconds(int(value * 1000)) if value is not None else "none" for value in (starts, expires)]
        why = because(
            "The assertion is not within its valid time range.",
            ("now", iso_seconds(call.now), "world clock"),
            ("nbf or iat", shown[0], "client assertion"),
            ("exp", shown[1], "client assertion"),
            ("longest life", "24 hours", "Entra"),
        )
        raise Problem("700024", iso_seconds(call.now), *shown, why=why)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return None
    return float(value) if 0 <= value <= _LATEST_S else None


def _refused(rule: str, reason: str, compared: tuple[Compared, ...]) -> Problem:
    return Problem("700027", reason, why=Why(f"{rule}.", compared))
