"""A device that a person enrols with Okta Verify: what the app on it does, for tests and scripted people.

Source: okta-admin-api.md appendix A (devices) for the device; the vendor publishes no operation for the enrolment.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import inferred, operation
from emulator.okta import shapes
from emulator.okta.events import emit, user_target
from emulator.okta.mfa import fastpass
from emulator.okta.oauth import jws
from emulator.okta.params import body_object
from emulator.okta.problems import not_found
from emulator.okta.resources.devices import DEVICES, PLATFORMS, attach, device_target, new_device, render
from emulator.okta.user_docs import USERS


def _public_key(value: Any, path: str) -> Doc:
    """A public JWK that signatures can be checked with."""
    if not isinstance(value, dict):
        raise shapes.malformed(path, value, "an object")
    try:
        jws.key_of(value)
    except (ValueError, TypeError) as error:
        raise shapes.bad(path, value.get("kty"), allowed="public keys of type EC or RSA") from error
    if "d" in value:
        raise shapes.bad(path, "a private key", allowed="public keys")
    return value


_PROFILE = shapes.record(
    {
        "displayName": shapes.bounded(255, least=1), "platform": shapes.one_of(*PLATFORMS),
        **dict.fromkeys(("manufacturer", "model", "osVersion", "serialNumber", "imei", "meid", "udid", "sid"),
                        shapes.bounded(255)),
        **dict.fromkeys(("secureHardwarePresent", "integrityJailbreak"), shapes.boolean),
        "diskEncryptionType": shapes.one_of("ALL_INTERNAL_VOLUMES", "FULL", "NONE", "SYSTEM_VOLUME", "USER"),
        "screenLockType": shapes.one_of("NONE", "PASSCODE", "BIOMETRIC"),
    },
    needed=("displayName", "platform"),
)  # fmt: skip
_ENROLMENT = shapes.record(
    {"userId": shapes.bounded(100, least=1), "profile": _PROFILE, "managed": shapes.boolean, "key": _public_key},
    needed=("userId", "profile"),
)


@operation(
    "POST", "/api/internal/v1/devices", scope=("okta.devices.manage",), status=201,
    source=inferred("what Okta Verify does on a device; address and shape are ours"),
    emits=("device.enrollment.create", "user.mfa.factor.activate"),
)  # fmt: skip
def enroll_device(call: Call) -> Doc:
    """A person enrols a device: `{userId, profile: {displayName, platform, ...}, managed, key}`; key: a public JWK.

    The key signs when the org asks which device somebody comes from; without it the device can never say so. With it
    comes Okta FastPass, where the person's enrolment policy lets them have it.
    """
    sent: Doc = _ENROLMENT(body_object(call), "")
    user = call.store.get(USERS, sent["userId"])
    if user is None:
        raise not_found(sent["userId"], "User")
    device = new_device(sent["profile"], id=call.ids.okta("guo"), now=call.now)
    device["profile"]["managed"] = managed = bool(sent.get("managed"))
    if "key" in sent:
        device["_key"] = sent["key"]
    call.store.add(DEVICES, device)
    attach(call.store, device, user["id"], now=call.now, managed=managed)
    emit(call, "device.enrollment.create", [device_target(device), user_target(user)])
    if "key" in sent:
        fastpass.enrol(call, user, device)
    return render(call, device)
