"""Devices on which a person has passed a factor challenge, so that the org's session policy asks less often.

Source: okta-admin-api.md 12 (`factorPromptMode`, `factorLifetime`), 15 (`context.deviceToken`, `rememberDevice`).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.okta.tokens import digest
from emulator.store import Column, Kind

DEVICES = Kind("remembered_devices", (Column("userId"),))
COOKIE = "DT"
_LONGEST = 256


def remember(call: Call, user_id: str, token: str) -> None:
    """The person passed a challenge with this device; call it inside a write transaction."""
    if not token or len(token) > _LONGEST:
        return
    row: Doc = {"id": _id(user_id, token), "userId": user_id, "at": call.now}
    call.store.drop(DEVICES, row["id"])
    call.store.add(DEVICES, row)


def remembered(call: Call, user_id: str, token: str, rule: Doc) -> bool:
    """Whether a rule that asks for a factor takes the device for it."""
    signon = rule["actions"]["signon"] if "actions" in rule else {}
    mode = signon.get("factorPromptMode", "ALWAYS")
    if not token or len(token) > _LONGEST or mode == "ALWAYS":
        return False
    row = call.store.get(DEVICES, _id(user_id, token))
    if row is None:
        return False
    life = int(signon.get("factorLifetime") or 0)
    # Inferred: DEVICE without a lifetime never asks again, SESSION without one always does.
    return bool(call.now <= row["at"] + life * MINUTE if life else mode == "DEVICE")


def forget(call: Call, user_id: str) -> None:
    """Ask everywhere again."""
    call.store.drop_where(DEVICES, "userId", user_id)


def lifetime(rule: Doc) -> int:
    """Minutes for which a rule lets a device be remembered; 0: without end or not at all."""
    signon: Any = rule["actions"]["signon"] if "actions" in rule else {}
    return int(signon.get("factorLifetime") or 0)


def may_remember(rule: Doc) -> bool:
    signon: Any = rule["actions"]["signon"] if "actions" in rule else {}
    return bool(signon.get("requireFactor")) and signon.get("factorPromptMode", "ALWAYS") != "ALWAYS"


def _id(user_id: str, token: str) -> str:
    return digest(f"{user_id} {token}")
