"""Security keys and biometrics (WebAuthn) as a factor: the org's challenges, and what comes back.

Source: Okta's Factors API as documented (`webauthn`, provider FIDO): `_embedded.activation` holds the options of
`navigator.credentials.create`, activation takes `attestation` and `clientData`, verification `clientData`,
`authenticatorData` and `signatureData`. The factor keeps its key as `_cose` and `_counter`, and the
open challenge as `_asked`.
"""

import base64
import binascii

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url
from emulator.kernel.problems import Compared, Why
from emulator.okta import rp_id
from emulator.okta.events import full_name
from emulator.okta.mfa import checks
from emulator.okta.mfa.catalogue import type_of
from emulator.okta.mfa.factors import ACTIVE, FACTORS, of_user
from emulator.okta.params import text_of
from emulator.okta.tokens import org
from emulator.protocols.keys import b64url_decode
from emulator.protocols.webauthn import ES256, LIMIT, RS256, Credential, Party, WebAuthnRejected, authenticate, register

NAME = "webauthn"
_OPEN = 5 * MINUTE
_MODEL = "Security Key or Biometric"
"""Inferred: the vendor names the model by the AAGUID; what a key of unknown make is called."""


FIELD = "clientData"
"""What every answer of an authenticator holds."""


def sent(body: Doc) -> Doc:
    """What a request says for an authenticator. Raises 400 for values that are no text."""
    names = ("attestation", "authenticatorData", FIELD, "signatureData")
    return {name: text_of(body, name) for name in names}


def is_one(factor: Doc) -> bool:
    return type_of(factor).name == NAME


def ask(call: Call, factor: Doc) -> None:
    """A fresh challenge in place of the last one; inside a write transaction, and the caller stores the factor."""
    factor["_asked"] = {"challenge": call.ids.secret("webauthn", 32), "until": call.now + _OPEN}
    if call.store.get(FACTORS, factor["id"]) is not None:
        call.store.put(FACTORS, factor)


def creation(call: Call, user: Doc, factor: Doc) -> Doc:
    """The options for a new credential."""
    mine = [row for row in of_user(call.store, user["id"], status=ACTIVE) if is_one(row)]
    own = rp_id.in_use(call.store)
    return {
        "attestation": "direct",
        "authenticatorSelection": {"userVerification": "preferred", "requireResidentKey": False},
        "challenge": factor["_asked"]["challenge"],
        "excludeCredentials": [{"type": "public-key", "id": row["profile"]["credentialId"]} for row in mine],
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (ES256, RS256)],
        "rp": {"name": org(call)["companyName"], **({"id": own} if own else {})},
        "user": {"displayName": full_name(user), "id": user["id"], "name": user["profile"]["login"]},
        "u2fParams": {"appid": f"https://{call.info['host']}"},
    }  # fmt: skip


def request(factor: Doc) -> Doc:
    """The challenge of a verification."""
    return {"challenge": factor["_asked"]["challenge"], "userVerification": "preferred", "extensions": {}}


def attest(call: Call, user: Doc, factor: Doc, sent: Doc) -> None:
    """Take the new credential. Raises 403; the factor is not ACTIVE yet. Inside a write transaction."""
    if user["status"] == "LOCKED_OUT":
        raise checks.locked(user)
    try:
        made = register(_octets(sent, "attestation"), _octets(sent, "clientData"), _party(call, factor))
    except WebAuthnRejected as error:
        raise _failed(call, user, factor, error) from error
    name = base64url(made.id)
    factor["profile"] = {"credentialId": name, "authenticatorName": _MODEL}
    factor.update(_cose=base64url(made.cose), _counter=made.counter, _model=made.model, _uv=made.verified)
    factor.pop("_asked", None)
    checks.succeed(call, user, factor)


def check(call: Call, user: Doc, factor: Doc, sent: Doc) -> None:
    """Whether an assertion answers the open challenge. Raises 403; the challenge is spent either way."""
    if user["status"] == "LOCKED_OUT":
        raise checks.locked(user)
    held = Credential(
        b64url_decode(factor["profile"]["credentialId"]), b64url_decode(factor["_cose"]), factor["_counter"],
        factor["_model"], verified=False,
    )  # fmt: skip
    party = _party(call, factor)
    factor.pop("_asked", None)
    call.store.put(FACTORS, factor)
    try:
        data, client, signature = (_octets(sent, name) for name in ("authenticatorData", "clientData", "signatureData"))
        used = authenticate(held, data, client, signature, party)
    except WebAuthnRejected as error:
        raise _failed(call, user, factor, error) from error
    factor.update(_counter=used.counter, _uv=used.verified)
    call.store.put(FACTORS, factor)
    checks.succeed(call, user, factor)


def _party(call: Call, factor: Doc) -> Party:
    asked = factor.get("_asked") or {"challenge": "", "until": 0}
    alive = asked["until"] >= call.now
    # A challenge that was never sent, spent or too old is answered by nothing.
    challenge = b64url_decode(asked["challenge"]) if alive else b"no challenge is open"
    return Party(challenge, (f"https://{call.info['host']}", call.base), rp_id.in_use(call.store))


def _failed(call: Call, user: Doc, factor: Doc, error: WebAuthnRejected) -> Exception:
    problem = checks.fail(call, user, factor, "wrong")
    compared = tuple(Compared(name, value, "authenticator") for name, value in error.details.items())
    before = problem.why.compared if problem.why is not None else ()
    problem.why = Why(f"The authenticator's answer was not accepted: {error.reason}.", (*compared, *before))
    return problem


def _octets(sent: Doc, name: str) -> bytes:
    """A base64 or base64url value of a request; clients send both."""
    text = str(sent.get(name) or "")
    if not text or len(text) > LIMIT * 2:
        raise WebAuthnRejected(f"{name} is missing or too long", found=f"{len(text)} characters")
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WebAuthnRejected(f"{name} is not base64", found=f"{len(text)} characters") from error
