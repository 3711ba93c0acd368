"""Whether a device meets a device assurance policy. Source: okta-admin-api.md appendices B and C (device assurance)."""

from typing import Any

from emulator.kernel.doc import Doc


def registered(device: Doc) -> bool:
    """An ACTIVE device that its owner enrolled."""
    return device.get("status") == "ACTIVE" and bool((device.get("profile") or {}).get("registered"))


def managed(device: Doc) -> bool:
    """A registered device that the organisation manages."""
    return registered(device) and bool((device.get("profile") or {}).get("managed"))


def shortcoming(policy: Doc, device: Doc) -> str | None:
    """What a device lacks for a policy; None when it meets it."""
    profile = device.get("profile") or {}
    if profile.get("platform") != policy["platform"]:
        return "platform"
    minimum = (policy.get("osVersion") or {}).get("minimum")
    if minimum and _version(str(profile.get("osVersion") or "0")) < _version(minimum):
        return "osVersion"
    if policy.get("secureHardwarePresent") and not profile.get("secureHardwarePresent"):
        return "secureHardwarePresent"
    if policy.get("jailbreak") is False and profile.get("integrityJailbreak"):
        return "jailbreak"
    for name in ("diskEncryptionType", "screenLockType"):
        wanted = (policy.get(name) or {}).get("include")
        if wanted and profile.get(name) not in wanted:
            return name
    # Differs: nothing reports the signals of Chrome's Device Trust, so a policy that asks for them is never met.
    return "thirdPartySignalProviders" if policy.get("thirdPartySignalProviders") else None


def reported(device: Doc, name: str) -> str:
    """What a device says of itself in the terms of `shortcoming`."""
    own = {"jailbreak": "integrityJailbreak"}.get(name, name)
    return str((device.get("profile") or {}).get(own, "not reported"))


def _version(text: str) -> tuple[Any, ...]:
    parts = [int(part) if part.isdecimal() else 0 for part in text[:100].split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
