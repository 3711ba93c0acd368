"""What people may do with an Okta Personal account of theirs: /okta-personal-settings/api/v1.

Source: the vendor's SDK 3.4 (OktaPersonalSettingsApi). # Differs: there are no personal accounts, so this is kept and
changes nothing.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import settings
from emulator.okta.settings import Setting
from emulator.okta.shapes import boolean, many, matching

_AT = "/okta-personal-settings/api/v1/"
_DOMAIN = matching(r"(?i)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", "a domain")
_BLOCKED = Setting("personal-blocklist", {"domains": many(_DOMAIN)}, {"domains": []})
_FEATURES = Setting(
    "personal-features",
    {"enableExportApps": boolean, "enableEnduserEntryPoints": boolean},
    {"enableExportApps": True, "enableEnduserEntryPoints": True},
)
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.oktaPersonal.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.oktaPersonal.manage",), "status": 204}


@operation("GET", _AT + "export-blocklists", **_READ)
def list_export_blocklists(call: Call) -> Doc:
    """Mail domains to whose personal accounts no app may be taken."""
    return settings.shown(call, _BLOCKED)


@operation("PUT", _AT + "export-blocklists", **_MANAGE)
def replace_export_blocklists(call: Call) -> None:
    """Set the blocked mail domains."""
    settings.replace(call, _BLOCKED)


@operation("PUT", _AT + "edit-feature", **_MANAGE)
def replace_personal_features(call: Call) -> None:
    """Set whether people are shown the way to a personal account, and may take apps there."""
    settings.replace(call, _FEATURES)
