"""How the device registration service speaks: who calls it, and its errors. Source: MS-DVRJ; the vendor's clients."""

from dataclasses import dataclass
from typing import Any

import orjson

from emulator.entra.login.dialect import because
from emulator.entra.resources.users import USERS
from emulator.entra.tokens import signing_keys, tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.jose import TokenRejected, verify_jwt

HOST = "https://enterpriseregistration.windows.net"
RESOURCE, APP_ID = "urn:ms-drs:enterpriseregistration.windows.net", "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"


@dataclass(frozen=True, slots=True)
class Registrar:
    """A person who registers a device or a key: their document and the claims of their token."""

    user: Doc
    claims: Doc


def refused(
    code: str, subcode: str, message: str, *, why: Why, operation: str, status: int = 400, aadsts: str = "9002313"
) -> Problem:
    """A refusal as the service writes it: code and subcode are its own, aadsts what it is in the catalogue."""

    def render(call: Call, problem: Problem, doc: Doc) -> Answer:
        at = str(doc["timestamp"])
        body = {
            "code": code, "subcode": subcode, "message": message, "operation": operation,
            "requestid": call.request_id, "time": f"{at[5:7]}-{at[8:10]}-{at[:4]} {at[11:]}",
        }  # fmt: skip
        headers = [*call.headers, ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-cache")]
        return Answer(status, headers, orjson.dumps(body))

    return Problem(aadsts, why=why, render=render)


def registrar(call: Call, operation: str) -> Registrar:
    """The person behind the bearer token: live, enabled, not signed out since. Raises a 401."""
    scheme, _, token = call.exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        shown = ("Authorization", scheme or "absent", "request header")
        raise _unauthorized(because("The service wants `Authorization: Bearer <token>`.", shown), operation)
    keys = {key.kid_sha1: key for key in signing_keys(call)}
    issuer = f"https://sts.windows.net/{tenant(call)['id']}/"
    try:
        claims: Doc = verify_jwt(token.strip(), keys, now_ms=call.now, audience={RESOURCE, APP_ID}, issuer={issuer})
    except TokenRejected as error:
        compared = tuple(Compared(name, value, "token check") for name, value in error.details.items())
        raise _unauthorized(Why(f"The access token was not accepted: {error}.", compared), operation) from error
    return Registrar(_person(call, claims, operation), claims)


def _person(call: Call, claims: Doc, operation: str) -> Doc:
    user: Doc | None = call.store.get(USERS, str(claims.get("oid"))) if "scp" in claims else None
    if user is None:
        shown = ("oid", claims.get("oid"), "token"), ("scp", claims.get("scp"), "token")
        raise _unauthorized(because("Devices are registered by people of the tenant.", *shown), operation)
    issued, valid = int(claims.get("iat") or 0), str(user["signInSessionsValidFromDateTime"])
    if not user["accountEnabled"] or issued < parse_iso(valid) // 1000:
        name = user["userPrincipalName"]
        shown = ("accountEnabled", user["accountEnabled"], name), ("signInSessionsValidFromDateTime", valid, name)
        raise _unauthorized(because("The person may not sign in (any more) with this token.", *shown), operation)
    return user


def _unauthorized(why: Why, operation: str) -> Problem:
    message = "The request does not carry a valid access token."
    return refused(
        "authentication_error", "error_invalid_token", message, why=why, operation=operation, status=401, aadsts="50013"
    )


def bad_request(operation: str, name: str, value: Any, rule: str) -> Problem:
    """A field of the body that cannot be used."""
    shown = str(value)[:60] if isinstance(value, str) else type(value).__name__
    why = because(rule, (name, shown, "request body"))
    message = f"The request is invalid: {name}."
    return refused("invalid_request", "error_invalid_parameter", message, why=why, operation=operation)
