"""Which device somebody comes from: Okta Verify on it signs a challenge with the key that it was enrolled with.

Source: okta-admin-api.md 12 (device conditions). The vendor's page asks the app on the machine and believes nothing but
its signature; the exchange itself is inferred. A browser without the app comes from no known device.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.oauth import jws, once
from emulator.okta.params import body_object
from emulator.okta.resources.devices import DEVICE_USERS, DEVICES
from emulator.okta.rule_subject import NO_DEVICE
from emulator.okta.sso import flow
from emulator.protocols.html import set_cookie
from emulator.protocols.jose import TokenRejected, Unverified, read_unverified

COOKIE = "okta_verify"
_LIFE = 5 * MINUTE
"""How long a challenge may be answered, and how long an answer counts (inferred)."""
_TYPE = "okta-devicebind+jwt"
_AT = "/idp/authenticators/okta_verify/challenge"
_HOW = inferred("the page and the app on the device speak to each other; what they say is not published")


@operation("GET", _AT, source=_HOW, auth="none", bucket="login")
def get_challenge(call: Call) -> Doc:
    """Something to sign: `{challengeRequest}`."""
    return {"challengeRequest": flow.seal(call, "device challenge", {"id": call.request_id, "at": call.now})}


@operation("POST", _AT, source=_HOW, auth="none", bucket="login", commit="manual")
def answer_challenge(call: Call) -> Answer:
    """`{challengeResponse}`, a JWT of the device's key: `iss` the device's id, `aud` the org, `nonce` the challenge;
    `userVerification` true where its owner has shown a finger, a face or a PIN."""
    response = body_object(call).get("challengeResponse")
    try:
        found = read_unverified(response if isinstance(response, str) else "")
    except TokenRejected as error:
        raise _refused("The answer is no JWT.", Compared("challengeResponse", error.reason, "body")) from error
    device = _signer(call, found)
    bases = (call.base, f"https://{call.info['host']}")
    if found.claims.get("aud") not in bases:
        raise _refused("The answer is for another org.", Compared("aud", str(found.claims.get("aud"))[:100], "answer"),
                       Compared("org", bases[1], "the org"))  # fmt: skip
    nonce = found.claims.get("nonce")
    asked = flow.unseal(call, "device challenge", nonce if isinstance(nonce, str) else "")
    if asked is None or asked["at"] + _LIFE < call.now:
        raise _refused("The answer is to no challenge of this org, or to an old one.",
                       Compared("nonce", str(nonce)[:40], "answer"))  # fmt: skip
    if not once.first(call, f"device {asked['id']}", asked["at"] + _LIFE):
        raise _refused("The challenge has been answered before.", Compared("nonce", asked["id"], "answer"))
    verified = found.claims.get("userVerification") is True
    sealed = flow.seal(call, "device", {"id": device["id"], "at": call.now, "verified": verified})
    secure = call.exchange.scheme == "https"
    cookie = set_cookie(COOKIE, sealed, secure=secure, same_site="None", max_age=_LIFE // 1000)
    return Answer(204, [*call.headers, cookie])


def _signer(call: Call, found: Unverified) -> Doc:
    """The device whose key signed. Raises 403."""
    id = found.claims.get("iss")
    device: Doc | None = call.store.get(DEVICES, id) if isinstance(id, str) else None
    key = (device or {}).get("_key")
    if device is None or key is None:
        raise _refused("The answer names no enrolled device.", Compared("iss", str(id)[:60], "answer"))
    if found.header.get("typ") != _TYPE or not jws.fits(key, found.header.get("alg")) or not jws.verifies(found, key):
        raise _refused("The answer is not signed with the device's key.", Compared("iss", device["id"], "answer"),
                       Compared("typ", str(found.header.get("typ"))[:40], "answer"))  # fmt: skip
    if device["status"] != "ACTIVE":
        raise _refused("The device may not be used.", Compared("status", device["status"], f"device {device['id']}"))
    return device


def _refused(rule: str, *compared: Compared) -> Problem:
    return Problem("E0000006", why=Why(rule, compared, "Enrol the device again with Okta Verify."))


def proof(call: Call) -> tuple[Doc | None, str]:
    """What an app on a device has just shown, {id, at, verified}; else None and what there is instead."""
    sealed = call.exchange.cookies().get(COOKIE)
    if not sealed:
        return None, NO_DEVICE
    state = flow.unseal(call, "device", sealed)
    if state is None:
        return None, "what the request shows is not this org's"
    if state["at"] + _LIFE < call.now:
        return None, "it was shown too long ago"
    return state, ""


def device_of(call: Call, user: Doc) -> tuple[Doc | None, str]:
    """The device that this request has proved to come from, as this user's; else None and what there is instead."""
    state, missing = proof(call)
    if state is None:
        return None, missing
    found, missing = call.store.steady(("device", state["id"], user["id"]), lambda: _theirs(call, state["id"], user))
    if found is not None:
        call.memo["device"] = shown(found)
    return found, missing


def _theirs(call: Call, id: str, user: Doc) -> tuple[Doc | None, str]:
    device = call.store.get(DEVICES, id)
    if device is None:
        return None, f"the org has no device {id} any more"
    name = f"{device['profile']['displayName']!r} ({id})"
    if device["status"] != "ACTIVE":
        return None, f"{name} is {device['status']}"
    row = call.store.get(DEVICE_USERS, f"{id}.{user['id']}")
    if row is None:
        return None, f"{name} is not this person's"
    profile = {**device["profile"], "managed": row["managementStatus"] == "MANAGED"}
    return {**device, "profile": profile}, ""


def shown(device: Doc) -> Doc:
    """The device as the System Log names it. Source: okta-admin-api.md, LogDevice of the vendor's SDK models."""
    profile = device["profile"]
    return {
        "id": device["id"], "name": profile["displayName"], "os_platform": profile["platform"],
        "os_version": profile.get("osVersion"), "managed": profile["managed"], "registered": profile["registered"],
        "device_integrator": None, "disk_encryption_type": profile.get("diskEncryptionType"),
        "screen_lock_type": profile.get("screenLockType"), "jailbreak": profile.get("integrityJailbreak"),
        "secure_hardware_present": profile.get("secureHardwarePresent"),
    }  # fmt: skip
