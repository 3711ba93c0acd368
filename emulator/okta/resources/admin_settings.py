"""Switches about administrators: third-party ones, who gets the Admin Console, what new service apps may do.

Source: the vendor's SDK 3.4 (OrgSettingAdminApi); which org has which at first is inferred.

# Differs: everybody with a role may open the console here and third-party administrators are not told apart, so two of
the switches are kept and change nothing.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import role_assignments, settings
from emulator.okta.oauth.clients import of_app
from emulator.okta.resources import client_roles
from emulator.okta.settings import SETTINGS, Setting
from emulator.okta.shapes import boolean

__all__ = ["SETTINGS"]

_READ: Any = {"source": DOCUMENTED, "scope": ("okta.orgs.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.orgs.manage",)}
_THIRD_PARTY = Setting("thirdPartyAdmin", {"thirdPartyAdmin": boolean}, {"thirdPartyAdmin": False})
_CONSOLE = Setting(
    "autoAssignAdminAppSetting", {"autoAssignAdminAppSetting": boolean}, {"autoAssignAdminAppSetting": True}
)
_CLIENTS = Setting("clientPrivilegesSetting", {"clientPrivilegesSetting": boolean}, {"clientPrivilegesSetting": False})
_OF_CLIENTS = "/api/v1/org/settings/clientPrivilegesSetting"
_OF_CONSOLE = "/api/v1/org/settings/autoAssignAdminAppSetting"
_OF_THIRD_PARTIES = "/api/v1/org/orgSettings/thirdPartyAdminSetting"


@operation("GET", _OF_THIRD_PARTIES, **_READ)
def get_third_party_admin_setting(call: Call) -> Doc:
    """Whether administrators may be marked as belonging to another company."""
    return settings.shown(call, _THIRD_PARTY)


@operation("POST", _OF_THIRD_PARTIES, **_MANAGE)
def update_third_party_admin_setting(call: Call) -> Doc:
    """Set whether administrators may be marked as belonging to another company."""
    return settings.replace(call, _THIRD_PARTY)


@operation("GET", _OF_CONSOLE, **_READ)
def get_auto_assign_admin_app_setting(call: Call) -> Doc:
    """Whether the Admin Console comes with a role."""
    return settings.shown(call, _CONSOLE)


@operation("POST", _OF_CONSOLE, **_MANAGE)
def set_auto_assign_admin_app_setting(call: Call) -> Doc:
    """Set whether the Admin Console comes with a role."""
    return settings.replace(call, _CONSOLE)


@operation("GET", _OF_CLIENTS, **_READ)
def get_client_privileges_setting(call: Call) -> Doc:
    """Whether new service apps are super administrators."""
    return settings.shown(call, _CLIENTS)


@operation("PUT", _OF_CLIENTS, **_MANAGE)
def set_client_privileges_setting(call: Call) -> Doc:
    """Set whether new service apps are super administrators."""
    return settings.replace(call, _CLIENTS)


def privilege(call: Call, app: Doc) -> None:
    """Make a new service app a super administrator, where the org has it so."""
    client = of_app(app)
    if client is None or not client.is_service or not settings.shown(call, _CLIENTS)["clientPrivilegesSetting"]:
        return
    role_assignments.give(call, client_roles.of_client(client), "SUPER_ADMIN")
