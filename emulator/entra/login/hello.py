"""Windows Hello for Business: a key of the person's on their device, registered once and then used for sign-in.

Source: MS-KPP (key provisioning), MS-OAPXBC 3.2.5.1.2.1.3 (user JWT authentication); ROADtools' client. The key is
named by the SHA-256 of its blob; registering one needs a sign-in with multi-factor.
"""

import base64
import hashlib
from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.login.claims import Identity
from emulator.entra.login.device_bearer import bad_request, refused, registrar
from emulator.entra.login.dialect import because
from emulator.entra.login.tickets import check_enabled
from emulator.entra.resources import users
from emulator.entra.resources.authentication_methods import METHODS, row
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import device_keys
from emulator.protocols.jose import TokenRejected, read_unverified, verify_jwt

KIND = "windowsHelloForBusinessAuthenticationMethod"
_MOST_KEYS = 20


@operation("POST", "/enrollmentserver/key", source=OBSERVED, query=("api-version",), auth="none", body="json",
           commit="manual", emits=("User registered security info",))  # fmt: skip
def register_key(call: Call) -> Doc:
    """Register a Windows Hello key of the caller's: `{kngc: base64 of an RSA key blob}`; answers its `kid`."""
    name = "KeyRegister"
    who = registrar(call, name)
    amr = who.claims.get("amr")
    if not isinstance(amr, list) or "mfa" not in amr:
        why = because(
            "A Windows Hello key is registered after multi-factor.",
            ("amr", amr, "token"), ("wanted", "mfa", "key registration"),
            hint="Sign in with a second factor first.",
        )  # fmt: skip
        message = "The user is not authorized to register a key: multi-factor authentication is required."
        raise refused(
            "authorization_error", "error_mfa_required", message, why=why, operation=name, status=403, aadsts="240001"
        )
    text = call.body.get("kngc")
    try:
        key = device_keys.transport_key(text if isinstance(text, str) else "")
    except ValueError as error:
        raise bad_request(name, "kngc", text, f"{error}.") from error
    kid = key_id(str(text))
    if len(call.store.find_all(METHODS, "_user", who.user["id"])) >= _MOST_KEYS:
        raise bad_request(name, "kngc", text, f"A person has at most {_MOST_KEYS} methods here.")
    with call.commit():
        number = call.ids.guid("authenticationMethod")
        fields: Doc = {"displayName": "Windows device", "keyStrength": "normal", "_kid": kid,
                       "_public": base64.b64encode(device_keys.spki(key)).decode()}  # fmt: skip
        call.store.add(METHODS, row(who.user, KIND, number, call.now, **fields))
        audit(call, "User registered security info", [target("User", who.user)], user=who.user)
    return {"kid": kid, "upn": who.user["userPrincipalName"], "krctx": None}


def key_id(blob: str) -> str:
    """`kid` of a key: base64 of the SHA-256 of its blob."""
    return base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode()


def proven(call: Call, name: str, assertion: str) -> Identity:
    """The person whose registered key signed an assertion. Raises 50034, 50057, 50013, 50027, 500133."""
    user = users.by_upn(call.store, name)
    if user is None:
        why = because("The tenant has no user of that name.", ("user name", name, "assertion"))
        raise Problem("50034", name, str(tenant(call)["displayName"]), why=why)
    keys: dict[str, Any] = {
        item["_kid"]: device_keys.load_public(base64.b64decode(item["_public"]))
        for item in call.store.find_all(METHODS, "_user", user["id"])
        if item.get("_public")
    }
    try:
        claims = verify_jwt(assertion, keys, now_ms=call.now, audience=None, issuer=None)
    except TokenRejected as error:
        raise _rejected(call, error) from error
    if str(claims.get("iss")).lower() != name.lower():
        shown = ("iss", claims.get("iss"), "assertion"), ("user name", name, "request")
        raise Problem("50013", "The issuer is not the user.", why=because("The assertion is another person's.", *shown))
    check_enabled(user)
    return Identity(user, ("rsa", "mfa"), call.now)


def nonce_of(assertion: str) -> object:
    """The nonce in an assertion, and who it says it is from, unverified; None where it is none."""
    try:
        return read_unverified(assertion).claims.get("request_nonce")
    except TokenRejected:
        return None


def issuer_of(assertion: str) -> str:
    """Whom an assertion names, unverified; "" where it is none."""
    try:
        return str(read_unverified(assertion).claims.get("iss") or "")
    except TokenRejected:
        return ""


def _rejected(call: Call, error: TokenRejected) -> Problem:
    shown = tuple(Compared(name, value, "assertion") for name, value in error.details.items())
    why = Why(f"The Windows Hello assertion was not accepted: {error.reason}.", shown)
    if error.kind in ("expired", "not_yet_valid"):
        return Problem("500133", iso_seconds(call.now), error.details.get("exp") or "", why=why)
    if error.kind in ("unknown_key", "bad_signature"):
        return Problem("50013", "The key was not found, or did not sign it.", why=why)
    return Problem("50027", why=why)
