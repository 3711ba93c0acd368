"""Okta FastPass: the app on an enrolled device signs in for its owner (`signed_nonce`).

Source: okta-admin-api.md 1.4, 12, 14 (the method, its settings, the characteristics that rules ask for). It is enrolled
with the device; what the app signs is in sso/device_proof.py. With the owner's finger, face or PIN it counts as two
factors, something they have and something they are or know.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.app_kinds import POLICY_RULES
from emulator.okta.mfa import allowed, checks, factors, strength
from emulator.okta.mfa.catalogue import FASTPASS, type_of
from emulator.okta.policy_types import ACCESS

_DEVICES = {"IOS": "SmartPhone_IPhone", "ANDROID": "SmartPhone_Android"}
"""`deviceType` by platform. The first is observed; what computers say is not known, so they say nothing."""
NEEDS_OWNER = "The rule wants to see that the device's owner is there: unlock it with your finger, face or PIN."


def is_one(factor: Doc) -> bool:
    return type_of(factor) is FASTPASS


def offered(call: Call) -> bool:
    """Whether the sign-in page has a button for it: `showSignInWithOV` of the method."""
    from emulator.okta.resources.authenticators import AUTHENTICATORS

    for item in call.store.find_all(AUTHENTICATORS, "key", FASTPASS.authenticator):
        method = item["_methods"].get(FASTPASS.method) or {}
        if item["status"] == method.get("status") == "ACTIVE":
            return bool(method["settings"]["showSignInWithOV"] == "ALWAYS")
    return False


def refuse_needed(call: Call, key: str, method: str) -> None:
    """E0000174 (403) where it is the method that is switched off and a sign-on rule asks about devices."""
    if (key, method) != (FASTPASS.authenticator, FASTPASS.method):
        return
    asking = [
        rule["name"] for rule in call.store.all(POLICY_RULES)
        if rule["type"] == ACCESS and (rule["conditions"] or {}).get("device")
    ]  # fmt: skip
    if asking:
        compared = (Compared("rules with device conditions", ", ".join(asking[:10]), "app sign-on policies"),)
        why = Why("Okta Verify tells the org about devices by FastPass.", compared, "Remove the conditions first.")
        raise Problem("E0000174", why=why)


def enrol(call: Call, user: Doc, device: Doc) -> None:
    """The factor that comes with a device that has a key, where the user's policy lets them have it."""
    if allowed.enrolment(call, user).of(FASTPASS) == allowed.NOT_ALLOWED:
        return
    about = {"name": "displayName", "platform": "platform", "version": "osVersion"}
    profile = {name: device["profile"][of] for name, of in about.items() if of in device["profile"]}
    kind = _DEVICES.get(device["profile"]["platform"])
    profile = {"credentialId": user["profile"]["login"], **({"deviceType": kind} if kind else {}), **profile}
    profile["keys"] = [{**device["_key"], "use": "sig", "kid": "default", "jwkType": "proofOfPossession"}]
    factor = factors.new_factor(
        FASTPASS, user["id"], profile, id=call.ids.okta(FASTPASS.prefix), now=call.now, status=factors.ACTIVE
    )
    factor["_device"] = device["id"]
    factor["_hardware"] = bool(device["profile"]["secureHardwarePresent"])
    call.store.add(factors.FACTORS, factor)
    checks.log_change(call, user, factor, "activate")


def of_device(call: Call, user_id: str, device_id: str) -> Doc | None:
    """The user's active factor on a device."""
    mine = factors.of_user(call.store, user_id, status=factors.ACTIVE)
    return next((item for item in mine if is_one(item) and item["_device"] == device_id), None)


def forget(call: Call, user_id: str, device_id: str) -> None:
    """A device is gone, and what was enrolled with it."""
    factor = of_device(call, user_id, device_id)
    if factor is not None:
        call.store.drop(factors.FACTORS, factor["id"])


def check(call: Call, user: Doc, factor: Doc, shown: Doc | None, *, missing: str = "") -> list[Doc]:
    """The proofs, where the device that was `shown` ({id, verified}) is the factor's own. Raises 403.

    missing: why no device was shown.
    """
    if user["status"] == "LOCKED_OUT":
        raise checks.locked(user)
    if shown is None or shown["id"] != factor["_device"]:
        compared = (Compared("device", shown["id"] if shown else missing or "none", "Okta Verify"),
                    Compared("enrolled on", factor["_device"], f"factor {factor['id']}"))  # fmt: skip
        why = Why("The app on the device has not answered for this person.", compared)
        checks.log(call, user, factor, "FAILURE", "INVALID_CREDENTIALS", why)
        raise Problem("E0000068", causes=("Okta Verify did not answer from your device.",), why=why, keep=True)
    checks.succeed(call, user, factor)
    return strength.of_fastpass(factor, call.now, verified=bool(shown.get("verified")))
