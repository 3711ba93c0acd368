"""Settings against attacks on people's accounts: /attack-protection/api/v1.

Source: the vendor's SDK 3 and recordings of it (their reading); that what is left out keeps its value is inferred.

# Differs: sign-in knows no devices by habit and asks for a password when its policy says so, so the settings are kept
and change nothing.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.okta import settings
from emulator.okta.events import emit, target
from emulator.okta.settings import Setting
from emulator.okta.shapes import boolean

_AT = "/attack-protection/api/v1/"
_LOCKOUT = Setting(
    "user-lockout-settings",
    {"preventBruteForceLockoutFromUnknownDevices": boolean},
    {"preventBruteForceLockoutFromUnknownDevices": False},
)
_AUTHENTICATORS = Setting(
    "authenticator-settings",
    {"verifyKnowledgeSecondWhen2faRequired": boolean},
    {"verifyKnowledgeSecondWhen2faRequired": False},
)
_EVENT = "security.attack_protection.settings.update"
_READ: Any = {"source": OBSERVED, "scope": ("okta.orgs.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.orgs.manage",), "emits": (_EVENT,)}


def _replace(call: Call, setting: Setting) -> Doc:
    found = settings.replace(call, setting)
    emit(call, _EVENT, [target("AttackProtectionSettings", setting.id, name=setting.id)])
    return found


@operation("GET", _AT + _LOCKOUT.id, **_READ)
def get_user_lockout_settings(call: Call) -> Doc:
    """Whether people are spared a lockout that a device they never used brings about."""
    return settings.shown(call, _LOCKOUT)


@operation("PUT", _AT + _LOCKOUT.id, **_MANAGE)
def replace_user_lockout_settings(call: Call) -> Doc:
    """Set whether people are spared such lockouts."""
    return _replace(call, _LOCKOUT)


@operation("GET", _AT + _AUTHENTICATORS.id, **_READ)
def get_authenticator_settings(call: Call) -> Doc:
    """Whether a password is asked for second where two factors are needed."""
    return settings.shown(call, _AUTHENTICATORS)


@operation("PUT", _AT + _AUTHENTICATORS.id, **_MANAGE)
def replace_authenticator_settings(call: Call) -> Doc:
    """Set whether a password is asked for second."""
    return _replace(call, _AUTHENTICATORS)
