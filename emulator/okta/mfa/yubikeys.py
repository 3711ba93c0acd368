"""YubiKeys that type one-time passwords: seeds that administrators upload, one key to a person (`token:hardware`).

Source: Okta's Factors API as documented. A token keeps its secrets as `_privateId`, `_aesKey` and `_counter`, and whose
it is as `_userId` and `_factorId`.
"""

import hmac

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.mfa.factors import FACTORS
from emulator.okta.params import stamp
from emulator.protocols import yubico_otp
from emulator.store import Column, Kind

TOKENS = Kind("yubikey_tokens", (Column("profile.serial", unique=True), Column("_publicId", unique=True)))
NAME = "token:hardware"
UNASSIGNED, ACTIVE, REVOKED = "UNASSIGNED", "ACTIVE", "REVOKED"


def status_of(store: object, token: Doc) -> str:
    """REVOKED (inferred): the factor that it was enrolled as is gone; its seed is uploaded again before a new use."""
    if "_factorId" not in token:
        return UNASSIGNED
    return ACTIVE if store.get(FACTORS, token["_factorId"]) is not None else REVOKED  # type: ignore[attr-defined]


def enrol(call: Call, user: Doc, given: str | None) -> tuple[Doc, Doc]:
    """Profile and secrets of the factor for the key that typed `given`. Raises 403 where no free key did."""
    token, why = _typed(call, given or "")
    if token is None or "_factorId" in token or _spent(token, given or ""):
        state = "none" if token is None else "assigned or used before"
        compared = (Compared("token", state, "the org's YubiKeys"), Compared("passCode", why or "fits", "request body"))
        cause = "Your passcode doesn't match our records. Please try again."
        rule = Why("The passcode is of no YubiKey that is free.", compared, "Upload the key's seed first.")
        raise Problem("E0000068", causes=(cause,), why=rule)
    return {"credentialId": token["profile"]["serial"]}, {"_tokenId": token["id"]}


def assign(call: Call, user: Doc, factor: Doc, given: str) -> None:
    """The key is this person's from now on, and the passcode that showed it is spent."""
    token = call.store.get(TOKENS, factor["_tokenId"])
    compare(call, factor, given)
    token = call.store.get(TOKENS, token["id"])
    call.store.put(TOKENS, {
        **token, "activated": stamp(call.now), "lastUpdated": stamp(call.now), "_userId": user["id"],
        "_factorId": factor["id"],
    })  # fmt: skip


def compare(call: Call, factor: Doc, given: str) -> str:
    """`right`, `wrong` or `used`; a right passcode is spent, with every one before it."""
    token, _ = _typed(call, given)
    if token is None or token["id"] != factor["_tokenId"]:
        return "wrong"
    if _spent(token, given):
        return "used"
    counter = _opened(token, given).counter
    call.store.put(TOKENS, {**token, "_counter": counter, "lastVerified": stamp(call.now)})
    return "right"


def _typed(call: Call, given: str) -> tuple[Doc | None, str]:
    """The token whose key typed a passcode; else None and why not."""
    try:
        found: Doc | None = call.store.find(TOKENS, "_publicId", yubico_otp.public_id(given))
        if found is None:
            return None, "no seed of that public id"
        if not hmac.compare_digest(_opened(found, given).private_id, found["_privateId"]):
            return None, "another private id"
    except yubico_otp.OtpRejected as error:
        return None, str(error)
    return found, ""


def _spent(token: Doc, given: str) -> bool:
    return _opened(token, given).counter <= int(token["_counter"])


def _opened(token: Doc, given: str) -> yubico_otp.Opened:
    return yubico_otp.opened(given, bytes.fromhex(token["_aesKey"]))
