"""Device assurance policies: /api/v1/device-assurances. Source: okta-admin-api.md 1.4, appendix C."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import device_compliance, shapes, subscription
from emulator.okta.app_kinds import POLICY_RULES
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.shapes import boolean, many, one_of, record, text, whole
from emulator.store import Column, Kind

ASSURANCES = Kind("device_assurances", (Column("name"), Column("platform")), settled=True)
_AT = "/api/v1/device-assurances"
_READ: Any = {"scope": ("okta.deviceAssurance.read",)}
_MANAGE: Any = {"scope": ("okta.deviceAssurance.manage",)}
_EVENT = "device.assurance.policy."
_NOTHING = "Please select at least one device condition before saving"


def _true(value: Any, path: str) -> bool:
    """Reported in 2025: `true` is all that may be asked of hardware (inferred wording)."""
    if not boolean(value, path):
        raise shapes.bad(path, value, allowed="true")
    return True


_VERSION = record({
    "minimum": shapes.bounded(50, least=1),
    "dynamicVersionRequirement": record({
        "type": one_of("MINIMUM", "EXACT", "EXACT_ANY_SUPPORTED", "NOT_ALLOWED"),
        "distanceFromLatestMajor": whole(0, 10), "latestSecurityPatch": boolean,
    }),
})  # fmt: skip


def _list_of(*allowed: str) -> shapes.Read:
    return record({"include": many(one_of(*allowed))})


_LOCK = _list_of("NONE", "PASSCODE", "BIOMETRIC")
_DTC = record({
    **dict.fromkeys(
        ("diskEncrypted", "osFirewall", "screenLockSecured", "builtInDnsClientEnabled", "chromeRemoteDesktopAppBlocked",
         "siteIsolationEnabled", "realtimeUrlCheckMode", "secureBootEnabled", "allowScreenLock",
         "thirdPartyBlockingEnabled", "managedDevice"), boolean,
    ),
    **dict.fromkeys(
        ("deviceEnrollmentDomain", "windowsMachineDomain", "windowsUserDomain", "crowdStrikeCustomerId",
         "crowdStrikeAgentId"), text,
    ),
    "osVersion": _VERSION, "browserVersion": record({"minimum": text}),
    "safeBrowsingProtectionLevel": one_of("ENHANCED_PROTECTION", "NO_SAFE_BROWSING", "STANDARD_PROTECTION"),
    "passwordProtectionWarningTrigger": one_of("PASSWORD_PROTECTION_OFF", "PASSWORD_REUSE", "PHISHING_REUSE"),
    "keyTrustLevel": one_of("CHROME_BROWSER_HW_KEY", "CHROME_BROWSER_OS_KEY", "CHROME_OS_DEVELOPER_MODE",
                            "CHROME_OS_VERIFIED_MODE"),
})  # fmt: skip
_THIRD = record({"dtc": _DTC, "devicePostureIdP": record({"managed": boolean})})
PLATFORMS: dict[str, dict[str, shapes.Read]] = {
    "ANDROID": {
        "osVersion": _VERSION, "diskEncryptionType": _list_of("FULL", "USER"), "jailbreak": boolean,
        "screenLockType": _LOCK, "secureHardwarePresent": _true, "thirdPartySignalProviders": _THIRD,
    },
    "IOS": {
        "osVersion": _VERSION, "jailbreak": boolean, "screenLockType": _LOCK, "thirdPartySignalProviders": _THIRD,
    },
    "MACOS": {
        "osVersion": _VERSION, "diskEncryptionType": _list_of("ALL_INTERNAL_VOLUMES"), "screenLockType": _LOCK,
        "secureHardwarePresent": _true, "thirdPartySignalProviders": _THIRD,
    },
    "WINDOWS": {
        "osVersion": _VERSION, "osVersionConstraints": many(record({
            "majorVersionConstraint": text, "minimum": text, "dynamicVersionRequirement": shapes.anything,
        })),
        "diskEncryptionType": _list_of("ALL_INTERNAL_VOLUMES"), "screenLockType": _LOCK,
        "secureHardwarePresent": _true, "thirdPartySignalProviders": _THIRD,
    },
    "CHROMEOS": {"thirdPartySignalProviders": _THIRD},
}  # fmt: skip
_COMMON: dict[str, shapes.Read] = {
    "displayRemediationMode": one_of("HIDE", "SHOW"),
    "gracePeriod": record({"type": one_of("BY_DURATION", "BY_DATE_TIME"), "expiry": text}),
    "devicePostureChecks": record({"include": many(record({"variableName": text, "value": text}))}),
}  # fmt: skip


def judged(store: Any, device: Doc) -> tuple[frozenset[str], dict[str, str]]:
    """Ids of the policies that a registered device meets, and what it lacks for the others, by their ids."""
    if not device_compliance.registered(device):
        return frozenset(), {}
    found = {item["id"]: (item["name"], device_compliance.shortcoming(item, device)) for item in store.all(ASSURANCES)}
    lacks = {
        id: f"{name!r} wants another {lack}, it is {device_compliance.reported(device, lack)}"
        for id, (name, lack) in found.items() if lack is not None
    }  # fmt: skip
    return frozenset(found.keys() - lacks.keys()), lacks


def _fields(call: Call, own: Doc | None = None) -> Doc:
    """What a request says of a policy, in the order in which it is shown. Raises 400."""
    body = body_object(call)
    head: Doc = record(
        {"name": shapes.bounded(50, least=1), "platform": one_of(*PLATFORMS)}, needed=("name", "platform")
    )(body, "")
    if own is not None and head["platform"] != own["platform"]:
        raise shapes.bad("platform", head["platform"], allowed=own["platform"])
    conditions: Doc = record(PLATFORMS[head["platform"]])(body, "")
    common: Doc = record(_COMMON, first={"displayRemediationMode": "HIDE"})(body, "")
    if not any(_says(value) for value in (*conditions.values(), common.get("devicePostureChecks"))):
        why = Why("A device assurance policy asks for something.", (Compared("conditions", None, "request body"),))
        raise invalid("deviceAssuranceMediated", _NOTHING, why=why)
    for other in call.store.find_all(ASSURANCES, "name", head["name"]):
        if own is None or other["id"] != own["id"]:
            compared = (Compared("name", head["name"], "request body"), Compared("taken by", other["id"], "policies"))
            cause = "name: The device assurance policy name already exists. Choose a different name"
            raise invalid("name", cause, why=Why("Names of device assurance policies differ.", compared))
    return {**head, **conditions, **common}


def _says(value: Any) -> bool:
    """Whether a condition asks for anything: `false` does, an empty object does not."""
    return any(_says(inner) for inner in value.values()) if isinstance(value, dict) else value not in (None, [])


def _render(call: Call, item: Doc) -> Doc:
    links = {"self": {"href": f"{call.base}{_AT}/{item['id']}", "hints": {"allow": ["GET", "PUT", "DELETE"]}}}
    shown = {**item, "_links": links}
    if "earlyAccess" in subscription.lacking(call):
        shown.pop("displayRemediationMode")
    return shown


def _load(call: Call) -> Doc:
    id = call.path["deviceAssuranceId"]
    found: Doc | None = call.store.get(ASSURANCES, id)
    if found is None:
        raise not_found(id, "DeviceAssurancePolicyEntity")
    return found


def _target(item: Doc) -> Doc:
    return target("DeviceAssurancePolicyEntity", item["id"], name=item["name"])


def _document(fields: Doc, *, id: str, created: str, by: str, now: str, updated_by: str) -> Doc:
    rest = {key: value for key, value in fields.items() if key not in ("name", "platform")}
    return {
        "name": fields["name"], "platform": fields["platform"], "id": id, **rest, "createdDate": created,
        "createdBy": by, "lastUpdate": now, "lastUpdatedBy": updated_by,
        "resourceType": "DeviceAssurancePolicyEntity", "resourceId": id,
        "resourceDisplayName": {"value": fields["name"], "sensitive": False},
    }  # fmt: skip


@operation("GET", _AT, source=OBSERVED, **_READ)
def list_device_assurances(call: Call) -> list[Doc]:
    """Every device assurance policy."""
    return [_render(call, item) for item in call.store.all(ASSURANCES)]


@operation("POST", _AT, source=OBSERVED, emits=(_EVENT + "add",), **_MANAGE)
def create_device_assurance(call: Call) -> Doc:
    """Make a device assurance policy for one platform."""
    fields, now, by = _fields(call), stamp(call.now), call.caller.id
    made = _document(fields, id=call.ids.okta("dae"), created=now, by=by, now=now, updated_by=by)
    call.store.add(ASSURANCES, made)
    emit(call, _EVENT + "add", [_target(made)])
    return _render(call, made)


@operation("GET", _AT + "/{deviceAssuranceId}", source=OBSERVED, **_READ)
def get_device_assurance(call: Call) -> Doc:
    """One device assurance policy."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{deviceAssuranceId}", source=OBSERVED, emits=(_EVENT + "update",), **_MANAGE)
def replace_device_assurance(call: Call) -> Doc:
    """Replace a policy: a condition that is left out is gone. The platform stays.

    Observed: the answer leaves out who made the policy, and when.
    """
    own = _load(call)
    made = _document(
        _fields(call, own), id=own["id"], created=own["createdDate"], by=own["createdBy"], now=stamp(call.now),
        updated_by=call.caller.id,
    )  # fmt: skip
    call.store.put(ASSURANCES, made)
    emit(call, _EVENT + "update", [_target(made)])
    return {name: value for name, value in _render(call, made).items() if name not in ("createdDate", "createdBy")}


@operation("DELETE", _AT + "/{deviceAssuranceId}", source=OBSERVED, emits=(_EVENT + "delete",), **_MANAGE)
def delete_device_assurance(call: Call) -> None:
    """Delete a policy that no sign-on rule names (the refusal is inferred)."""
    item = _load(call)
    for rule in call.store.all(POLICY_RULES):
        if item["id"] in (dig(rule, "conditions.device.assurance.include") or ()):
            compared = (
                Compared("policy", item["id"], "request path"),
                Compared("rule", rule["name"], "its device condition"),
            )
            cause = "The device assurance policy is in use by an authentication policy"
            raise invalid("deviceAssurance", cause, why=Why("A rule still uses the policy.", compared))
    call.store.drop(ASSURANCES, item["id"])
    emit(call, _EVENT + "delete", [_target(item)])
