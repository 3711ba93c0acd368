"""The application catalogue: what each kind of app that an org of ours can hold looks like, as data.

`office365` and `bookmark` are added through the API; `active_directory` comes with an AD integration (seeded); the
first-party apps are in every org. Source: okta-admin-api.md 5, 6, 7.3, 10.3 and the recorded shapes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.kernel.doc import Doc

BUILT_IN_NAME: Doc = {"template": "${source.login}", "type": "BUILT_IN"}


@dataclass(frozen=True, slots=True)
class AppType:
    """A catalogue entry.

    modes: signOnModes as stored; coerced: others that are taken and read back as one of them. links: app links in
    order, with the number that stands in their URL and whether they are on from the start. settings: every key of
    `settings.app` with its first value; required: those that a request must give. to_app, to_user: the mappings that
    come with an instance, as (expression, pushStatus). schema: base attributes beside `userName`.
    """

    name: str
    label: str
    modes: tuple[str, ...]
    coerced: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    creatable: bool = False
    first_party: bool = False
    provisioning: bool = False
    universal_logout: Doc | None = None
    schema: Mapping[str, Doc] = field(default_factory=dict)
    to_app: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    to_user: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def text(title: str, **more: object) -> Doc:
    """A string property of an app-user schema."""
    return {
        "title": title, "type": "string", "required": False, "mutability": "READ_WRITE", "scope": "NONE",
        "master": {"type": "PROFILE_MASTER"}, **more,
    }  # fmt: skip


def texts(title: str, **more: object) -> Doc:
    """A property that is an array of strings; `union` says whether values combine across groups."""
    return {**text(title), "type": "array", "items": {"type": "string"}, "union": "DISABLE", **more}


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
    coerced={"AUTO_LOGIN": "BROWSER_PLUGIN"}, creatable=True, provisioning=True,
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
    },
)  # fmt: skip


def _first_party(name: str, label: str) -> AppType:
    return AppType(name=name, label=label, modes=("OPENID_CONNECT",), first_party=True)


TYPES: Mapping[str, AppType] = {
    item.name: item
    for item in (
        _first_party("saasure", "Okta Admin Console"), _first_party("okta_enduser", "Okta Dashboard"),
        _first_party("okta_browser_plugin", "Okta Browser Plugin"), ACTIVE_DIRECTORY, BOOKMARK, OFFICE365,
    )
}  # fmt: skip
FIRST_PARTY = tuple(item for item in TYPES.values() if item.first_party)
