"""Credentials of applications and service principals: client secrets and certificates. Source: graph-entra.md 1.14.

addKey and removeKey want a proof: a short JWT about the object, signed with a certificate that it holds already.
"""

from typing import Any

from emulator.entra import application_rules
from emulator.entra.audit import audit, target
from emulator.entra.problems import bad, invalid, required
from emulator.entra.resources import applications, service_principals
from emulator.entra.resources.applications import ADMINS, add_secret, new_credential
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.jose import TokenRejected, read_unverified
from emulator.protocols.x509 import parse_certificate

SECRET_YEARS = 2
PROOF_AUDIENCE = "00000002-0000-0000-c000-000000000000"
PROOF_SECONDS = 600
SECRETS = "Update application – Certificates and secrets management "
_ADDED, _REMOVED = "Add service principal credentials", "Remove service principal credentials"
_DATA: dict[str, Any] = {"source": DOCUMENTED, "extra": ADMINS, "emits": (SECRETS, _ADDED, _REMOVED)}


def _is_app(call: Call) -> bool:
    return call.operation.path.startswith("/v1.0/applications")


def _load(call: Call) -> Doc:
    """The application or service principal of the path."""
    return applications.load(call) if _is_app(call) else service_principals.load(call)


def _save(call: Call, holder: Doc, activity: str) -> None:
    app = _is_app(call)
    call.store.put(applications.APPLICATIONS if app else service_principals.SERVICE_PRINCIPALS, holder)
    audit(call, SECRETS if app else activity, [target("Application" if app else "ServicePrincipal", holder)])


# -- secrets ------------------------------------------------------------------------------------------------------


@operation("POST", "/v1.0/servicePrincipals/{id}/addPassword", **_DATA)
@operation("POST", "/v1.0/applications/{id}/addPassword", **_DATA)
def add_password(call: Call) -> Doc:
    """Add a client secret; the text is in this answer and never again."""
    holder = _load(call)
    given = call.body.get("passwordCredential") or {}
    if not isinstance(given, dict):
        raise invalid("passwordCredential", "Application", given, rule="passwordCredential is an object.")
    shown = new_secret(call, holder, given)
    _save(call, holder, _ADDED)
    return {"@odata.context": f"{call.base}/v1.0/$metadata#microsoft.graph.passwordCredential", **shown}


def new_secret(call: Call, holder: Doc, given: Doc) -> Doc:
    """A secret added to an application or service principal, with its text."""
    start, end = given.get("startDateTime") or iso_seconds(call.now), given.get("endDateTime") or _years_on(call.now)
    name = given.get("displayName")
    try:
        ordered = parse_iso(start) < parse_iso(end)
    except (ValueError, TypeError):
        ordered = False
    if not ordered:
        raise invalid("endDateTime", "Application", end, rule="A secret begins before it ends.")
    if name is not None and (not isinstance(name, str) or len(name) > 90):
        raise invalid("displayName", "Application", name, rule="displayName is a text of up to 90 characters.")
    secret = call.ids.secret_text("client_secret", 40)
    credential = new_credential(call.ids.guid("keyId"), secret, start, end, name=name)
    add_secret(holder, credential, secret)
    return {**credential, "secretText": secret}


@operation("POST", "/v1.0/servicePrincipals/{id}/removePassword", **_DATA)
@operation("POST", "/v1.0/applications/{id}/removePassword", **_DATA)
def remove_password(call: Call) -> None:
    """Remove a client secret by its keyId."""
    holder = _load(call)
    holder["passwordCredentials"] = _without(call, holder, "passwordCredentials", "password")
    key = call.body["keyId"]
    holder["_secrets"] = {name: value for name, value in holder.get("_secrets", {}).items() if name != key}
    _save(call, holder, _REMOVED)


def _without(call: Call, holder: Doc, name: str, words: str) -> list[Doc]:
    """The credentials without the one that the body's keyId names. Raises 400 where there is none."""
    key = call.body.get("keyId")
    kept = [item for item in holder[name] if item["keyId"] != key]
    if len(kept) == len(holder[name]):
        known = ", ".join(item["keyId"] for item in holder[name]) or "none"
        compared = (Compared("keyId", key, "request body"), Compared(name, known, holder["displayName"]))
        raise bad(f"No {words} credential found with keyId.", Why("There is no such credential.", compared))
    return kept


def _years_on(now: int) -> str:
    at = iso_seconds(now)
    return f"{int(at[:4]) + SECRET_YEARS}{'-02-28' if at[4:10] == '-02-29' else at[4:10]}{at[10:]}"


# -- certificates -------------------------------------------------------------------------------------------------


@operation("POST", "/v1.0/servicePrincipals/{id}/addKey", **_DATA)
@operation("POST", "/v1.0/applications/{id}/addKey", **_DATA)
def add_key(call: Call) -> Doc:
    """Add a certificate, with a proof by one that is held."""
    holder = _load(call)
    given = call.body.get("keyCredential")
    if not isinstance(given, dict):
        raise required("keyCredential", "Application")
    _check_proof(call, holder)
    key = application_rules.new_key(given, "Application")
    holder["keyCredentials"] = [*holder["keyCredentials"], key]
    secret = call.body.get("passwordCredential")
    if isinstance(secret, dict) and secret.get("secretText"):
        new_secret(call, holder, secret)
    _save(call, holder, _ADDED)
    context = f"{call.base}/v1.0/$metadata#microsoft.graph.keyCredential"
    return {"@odata.context": context, **key, "key": None}


@operation("POST", "/v1.0/servicePrincipals/{id}/removeKey", **_DATA)
@operation("POST", "/v1.0/applications/{id}/removeKey", **_DATA)
def remove_key(call: Call) -> None:
    """Remove a certificate by its keyId, with a proof."""
    holder = _load(call)
    _check_proof(call, holder)
    holder["keyCredentials"] = _without(call, holder, "keyCredentials", "key")
    _save(call, holder, _REMOVED)


def _check_proof(call: Call, holder: Doc) -> None:
    """The proof names the object, is ten minutes young, and one of the object's valid certificates signed it."""
    proof = call.body.get("proof")
    if not isinstance(proof, str) or not proof:
        raise required("proof", "Application")
    try:
        found = read_unverified(proof)
    except TokenRejected as error:
        raise _no_proof(f"The proof is no JWT: {error}.", "proof", proof[:40]) from error
    if not any(_signed(found, item, call.now) for item in holder["keyCredentials"]):
        raise _no_proof("No valid certificate of the object signed the proof.", "x5t", found.header.get("x5t"))
    for name, wanted in (("aud", PROOF_AUDIENCE), ("iss", holder["id"])):
        if str(found.claims.get(name)).lower() != wanted:
            raise _no_proof(f"{name} of a proof is {wanted}.", name, found.claims.get(name))
    start, end, now = _seconds(found.claims.get("nbf")), _seconds(found.claims.get("exp")), call.now // 1000
    if start is None or end is None or not start - 300 <= now < end or end - start > PROOF_SECONDS:
        raise _no_proof("A proof is valid now, for ten minutes at most.", "nbf, exp", [start, end])


def _seconds(value: object) -> float | None:
    """A time of a proof; None for what is none."""
    return None if isinstance(value, bool) or not isinstance(value, int | float) else float(value)


def _signed(found: Any, item: Doc, now: int) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    if found.header.get("alg") != "RS256" or not parse_iso(item["startDateTime"]) <= now < parse_iso(
        item["endDateTime"]
    ):
        return False
    try:
        certificate = parse_certificate(str(item.get("key") or ""))
        if certificate.public_key is None:
            return False
        certificate.public_key.verify(found.signature, found.signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _no_proof(rule: str, name: str, value: Any) -> Problem:
    return Problem("bad_proof", why=Why(rule, (Compared(name, value, "proof"),)))
