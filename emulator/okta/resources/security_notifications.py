"""Mails that tell people of changes to their account: /api/internal/org/settings/security-notification-settings.

Source: recorded traffic of the vendor's Terraform provider, which asks the admin console's host.

# Differs: the org sends no such mails; who would get which is kept and shown.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta import shapes
from emulator.okta.params import body_object
from emulator.okta.tokens import ORG, org

_AT = "/api/internal/org/settings/security-notification-settings"
_SWITCHES = (
    "sendEmailForNewDeviceEnabled", "sendEmailForFactorEnrollmentEnabled", "sendEmailForFactorResetEnabled",
    "sendEmailForPasswordChangedEnabled", "reportSuspiciousActivityEnabled",
)  # fmt: skip
_LISTS = ("customizedEmailsList", "customizedEmailsWithReportButtonList")
_KEPT = "_securityNotifications"
_read = shapes.record(dict.fromkeys(_SWITCHES, shapes.boolean))
_COMMON: Any = {"source": OBSERVED}


def _shown(found: Doc) -> Doc:
    return {**dict.fromkeys(_SWITCHES, True), **found, **{name: [] for name in _LISTS}}


@operation("GET", _AT, scope=("okta.orgs.read",), **_COMMON)
def get_security_notification_settings(call: Call) -> Doc:
    """The five switches, all on in a new org (inferred), and the lists of customized mails."""
    return _shown(org(call).get(_KEPT, {}))


@operation("PUT", _AT, scope=("okta.orgs.manage",), **_COMMON)
def replace_security_notification_settings(call: Call) -> Doc:
    """Set the switches that the body names."""
    found = org(call)
    found[_KEPT] = {**found.get(_KEPT, {}), **_read(body_object(call), "")}
    call.store.put(ORG, found)
    return _shown(found[_KEPT])
