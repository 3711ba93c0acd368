"""Settings against attacks on people's accounts: /attack-protection/api/v1.

Source: the vendor's SDK 3 and recordings of it (their reading); that what is left out keeps its value is inferred.

# Differs: sign-in knows no devices by habit and asks for a password when its policy says so, so the settings are kept
and change nothing.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.okta import shapes
from emulator.okta.events import emit, target
from emulator.okta.params import body_object
from emulator.store import Kind

SETTINGS = Kind("attack_protection", settled=True)
_AT = "/attack-protection/api/v1/"
_LOCKOUT, _AUTHENTICATORS = "user-lockout-settings", "authenticator-settings"
_FIRST: dict[str, Doc] = {
    _LOCKOUT: {"preventBruteForceLockoutFromUnknownDevices": False},
    _AUTHENTICATORS: {"verifyKnowledgeSecondWhen2faRequired": False},
}
_EVENT = "security.attack_protection.settings.update"
_READ: Any = {"source": OBSERVED, "scope": ("okta.orgs.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.orgs.manage",), "emits": (_EVENT,)}


def _shown(call: Call, id: str) -> Doc:
    return {name: value for name, value in public(call.store.get(SETTINGS, id)).items() if name != "id"}


def _replace(call: Call, id: str) -> Doc:
    sent = shapes.record(dict.fromkeys(_FIRST[id], shapes.boolean))(body_object(call), "")
    call.store.put(SETTINGS, {**call.store.get(SETTINGS, id), **sent})
    emit(call, _EVENT, [target("AttackProtectionSettings", id, name=id)])
    return _shown(call, id)


@operation("GET", _AT + _LOCKOUT, **_READ)
def get_user_lockout_settings(call: Call) -> Doc:
    """Whether people are spared a lockout that a device they never used brings about."""
    return _shown(call, _LOCKOUT)


@operation("PUT", _AT + _LOCKOUT, **_MANAGE)
def replace_user_lockout_settings(call: Call) -> Doc:
    """Set whether people are spared such lockouts."""
    return _replace(call, _LOCKOUT)


@operation("GET", _AT + _AUTHENTICATORS, **_READ)
def get_authenticator_settings(call: Call) -> Doc:
    """Whether a password is asked for second where two factors are needed."""
    return _shown(call, _AUTHENTICATORS)


@operation("PUT", _AT + _AUTHENTICATORS, **_MANAGE)
def replace_authenticator_settings(call: Call) -> Doc:
    """Set whether a password is asked for second."""
    return _replace(call, _AUTHENTICATORS)


def seed(seeding: Seeding) -> None:
    """A new org has both off."""
    for id, first in _FIRST.items():
        seeding.store.add(SETTINGS, {"id": id, **first})
