"""The application catalogue: what each kind of app that an org of ours can hold looks like, as data.

Templates and a few catalogue apps are listed; any other name is a general entry. `active_directory` comes with an AD
integration (seeded); the first-party apps are in every org. Source: okta-admin-api.md 5, 6, 7.3, 10.3, appendix C.
"""

from collections.abc import Mapping
from typing import Any

from emulator.okta.app_templates import TEMPLATES
from emulator.okta.app_types import AS_PLUGIN, BUILT_IN_NAME, OIDC, AppType, general, text, texts

__all__ = ["BUILT_IN_NAME", "FIRST_PARTY", "OFFICE365", "TYPES", "AppType"]

IMMUTABLE_ID = "hasDirectoryUser()?findDirectoryUser().externalId:null"
USAGE_LOCATION = (
    "hasDirectoryUser()?(findDirectoryUser().msExchUsageLocation!=null?findDirectoryUser().msExchUsageLocation:"
    "(source.countryCode!=null? source.countryCode : 'US')):(source.countryCode!=null? source.countryCode : 'US')"
)
# Inferred: the reference gives no default for displayName; Okta users need not have one, Microsoft users do.
DISPLAY_NAME = 'source.displayName != null ? source.displayName : source.firstName + " " + source.lastName'

# Inferred but for `login`: only that link's number was recorded.
_OFFICE365_LINKS = (
    "calendar", "mail", "teams", "sites", "delve", "sway", "login", "powerbi", "people", "excel", "yammer", "newsfeed",
    "onedrive", "word", "planner", "powerpoint", "tasks", "forms", "crm",
)  # fmt: skip
_LOGIN_LINK = 2161

OFFICE365 = AppType(
    name="office365", label="Microsoft Office 365", modes=("BROWSER_PLUGIN", "SAML_1_1"),
    coerced=AS_PLUGIN, creatable=True, provisioning=True,
    keeps=True, connections=("OAUTH2",),
    links={
        name: (str(_LOGIN_LINK + place - _OFFICE365_LINKS.index("login")), name == "login")
        for place, name in enumerate(_OFFICE365_LINKS)
    },
    settings={
        "tenantType": None, "wsFedConfigureType": "AUTO", "occSettings": None, "windowsTransportEnabled": False,
        "domain": None, "msftTenant": None, "domains": [], "office365ProvisioningType": None,
        "requireAdminConsent": False, "office365FlexibleProvisioningMode": None,
    },
    required=("domain", "msftTenant"),
    universal_logout={
        "status": "DISABLED", "supportType": "PARTIAL", "identityStack": "SHARED", "protocol": "PROPRIETARY",
    },
    schema={
        "immutableId": text("Immutable ID"), "firstName": text("First Name"),
        "lastName": text("Last Name"), "displayName": text("Display Name"), "email": text("Email"),
        "usageLocation": text("Usage Location"), "licenses": texts("Licenses"), "roles": texts("Roles"),
    },
    to_app={
        "immutableId": (IMMUTABLE_ID, "PUSH"), "usageLocation": (USAGE_LOCATION, "PUSH"),
        "firstName": ("source.firstName", "PUSH"), "lastName": ("source.lastName", "PUSH"),
        "displayName": (DISPLAY_NAME, "PUSH"), "email": ("source.email", "PUSH"),
    },
    to_user={
        "firstName": ("appuser.firstName", "PUSH"), "lastName": ("appuser.lastName", "PUSH"),
        "email": ("appuser.email", "PUSH"), "login": ("appuser.userName", "PUSH"),
    },
)  # fmt: skip

BOOKMARK = AppType(
    name="bookmark", label="Bookmark App", modes=("BOOKMARK",), creatable=True, links={"login": ("2557", True)},
    settings={"requestIntegration": False, "url": None}, required=("url",),
    universal_logout={"status": "UNSUPPORTED"},
)  # fmt: skip

# What the AD agent imports of a person. Attribute names as Okta's AD profile has them.
_AD_TEXT = {
    "firstName": "First name", "lastName": "Last name", "displayName": "Display name", "email": "Email",
    "samAccountName": "SAM Account Name", "cn": "Common name", "dn": "DN", "objectSid": "Object SID",
    "userPrincipalName": "User Principal Name", "managerDn": "Manager DN", "manager": "Manager",
    "assistantDn": "Assistant DN", "msExchUsageLocation": "Exchange usage location", "pwdLastSet": "Password last set",
    "mSDSConsistencyGuid": "Consistency GUID", "title": "Title", "department": "Department", "company": "Company",
    "employeeID": "Employee ID", "employeeNumber": "Employee number", "description": "Description",
    "streetAddress": "Street address", "city": "City", "state": "State", "postalCode": "Postal code", "co": "Country",
    "countryCode": "Country code", "telephoneNumber": "Telephone", "mobilePhone": "Mobile", "division": "Division",
    "deliveryOffice": "Office", "preferredLanguage": "Preferred language",
    **{f"extensionAttribute{number}": f"Extension attribute {number}" for number in range(1, 16)},
}  # fmt: skip

# Inferred: the part of the vendor's default mapping that a small directory fills.
_AD_TO_USER = {
    "displayName": "displayName", "title": "title", "department": "department", "division": "division",
    "mobilePhone": "mobilePhone", "primaryPhone": "telephoneNumber", "streetAddress": "streetAddress", "city": "city",
    "state": "state", "zipCode": "postalCode",
}  # fmt: skip

ACTIVE_DIRECTORY = AppType(
    name="active_directory", label="Active Directory", modes=("AUTO_LOGIN",),
    settings={"namingContext": None, "searchOrgUnit": None, "scanRate": None, "activationEmail": None,
              "filterGroupsByOU": False, "jitGroupsAcrossDomains": False, "password": None, "login": None},
    schema={
        **{name: text(title) for name, title in _AD_TEXT.items()},
        "proxyAddresses": texts("Proxy addresses"), "memberOf": texts("Member of"),
    },
    to_user={
        "firstName": ("appuser.firstName", "PUSH"), "lastName": ("appuser.lastName", "PUSH"),
        "email": ("appuser.email", "PUSH"), "login": ("appuser.userName", "PUSH"),
        **{name: (f"appuser.{source}", "PUSH") for name, source in _AD_TO_USER.items()},
    },
)  # fmt: skip


def _first_party(name: str, label: str, **links: tuple[str, bool]) -> AppType:
    return AppType(
        name=name, label=label, modes=(OIDC,), first_party=True, universal_logout={"status": "UNSUPPORTED"},
        links=links,
    )  # fmt: skip


class _Catalogue(dict[str, AppType]):
    """Entries by name; a name that is not listed has the general one."""

    def __missing__(self, name: Any) -> AppType:
        return general(str(name))


TYPES: Mapping[str, AppType] = _Catalogue(
    (item.name, item)
    for item in (
        _first_party("saasure", "Okta Admin Console", admin=("2", True)),
        _first_party("okta_enduser", "Okta Dashboard"),
        _first_party("okta_browser_plugin", "Okta Browser Plugin"), ACTIVE_DIRECTORY, BOOKMARK, OFFICE365, *TEMPLATES,
    )
)  # fmt: skip
FIRST_PARTY = tuple(item for item in TYPES.values() if item.first_party)
