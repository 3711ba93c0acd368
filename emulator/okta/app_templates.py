"""The vendor's template apps, and the catalogue apps whose settings its API documents.

Source: okta-admin-api.md 5 and appendices B and C; link number 1000 stands for those that are not known.
"""

from collections.abc import Mapping

from emulator.kernel.doc import Doc
from emulator.okta.app_types import (
    AS_PLUGIN,
    AUTO,
    BASIC,
    OIDC,
    OWN_CLIENT,
    PLUGIN,
    SAML11,
    SAML20,
    STORE,
    WSFED,
    AppType,
    text,
)
from emulator.okta.schema_docs import USERNAME


def _login(number: str) -> Mapping[str, tuple[str, bool]]:
    """The one link of an app, by its number in the vendor's catalogue."""
    return {"login": (number, True)}


_LOGIN = _login("1000")

BASIC_AUTH = AppType(
    name="template_basic_auth", label="Template Basic Auth App", modes=(BASIC,), creatable=True, links=_login("2873"),
    settings={"loginUrlRegex": None, "authURL": None, "url": None}, required=("url", "authURL"),
)  # fmt: skip
SWA = AppType(
    name="template_swa", label="Template App", modes=(PLUGIN,), creatable=True, links=_login("2357"),
    settings={"loginUrlRegex": None, "usernameField": None, "redirectUrl": None, "buttonField": None, "checkbox": None,
              "passwordField": None, "url": None},
    required=("url", "usernameField", "passwordField", "buttonField"),
)  # fmt: skip
SWA_3_FIELDS = AppType(
    name="template_swa3field", label="Template App 3 Fields", modes=(PLUGIN,), creatable=True, links=_login("3287"),
    settings={"loginUrlRegex": None, "redirectUrl": None, "extraFieldSelector": None, "extraFieldValue": None,
              "userNameSelector": None, "passwordSelector": None, "buttonSelector": None, "targetURL": None},
    required=("targetURL", "userNameSelector", "passwordSelector", "buttonSelector", "extraFieldSelector",
              "extraFieldValue"),
)  # fmt: skip
PASSWORD_STORE = AppType(
    name="template_sps", label="Template Secure Password Store", modes=(STORE,), creatable=True, links=_login("2355"),
    settings={"url": None, "usernameField": None, "passwordField": None, "optionalField1": None,
              "optionalField1Value": None, "optionalField2": None, "optionalField2Value": None, "optionalField3": None,
              "optionalField3Value": None},
    required=("url", "usernameField", "passwordField"),
)  # fmt: skip
WS_FEDERATION = AppType(
    name="template_wsfed", label="Template WS-Fed", modes=(WSFED,), creatable=True, links=_LOGIN,
    settings={"realm": None, "audienceRestriction": None, "groupFilter": None, "groupName": None,
              "attributeStatements": None, "nameIDFormat": None, "authnContextClassRef": None, "siteURL": None,
              "usernameAttribute": None, "groupValueFormat": None, "wReplyOverride": False, "wReplyURL": None},
    required=("audienceRestriction", "authnContextClassRef", "groupValueFormat", "nameIDFormat", "siteURL",
              "usernameAttribute", "wReplyURL"),
)  # fmt: skip
SHAREPOINT = AppType(
    name="sharepoint_onpremise", label="Microsoft SharePoint (On-Premises)", modes=(SAML11,), creatable=True,
    links=_LOGIN, settings={"groupFilter": None, "siteURL": None, "attributeStatements": None},
)  # fmt: skip

# What an OIDC client's users have: the standard claims, with the values that were recorded.
# claim: (title, what it is); those of the address have a name inside it.
_CLAIMS = {
    "name": ("Name", "Full name, ready to be shown."), "nickname": ("Nickname", "What friends call the person."),
    "given_name": ("Given Name", "First name."), "middle_name": ("Middle Name", "Middle name."),
    "family_name": ("Family Name", "Last name."), "email": ("Email", "Preferred e-mail address."),
    "profile": ("Profile URL", "Address of the profile page."), "picture": ("Picture URL", "Address of a picture."),
    "website": ("Website", "Address of a web page or blog."), "gender": ("Gender", "Gender."),
    "birthdate": ("Birthdate", "Birthday, as YYYY-MM-DD."), "zoneinfo": ("Time Zone", "Name of the time zone."),
    "locale": ("Locale Name", "Language and country."), "phone_number": ("Phone Number", "Telephone, as E.164."),
    "street_address": ("Street Address", "Street and number."), "locality": ("Locality", "City."),
    "region": ("Region", "State or province."), "postal_code": ("Postal Code", "Postal code."),
    "country": ("Country", "Country."), "formatted": ("Formatted", "The whole address, ready to be shown."),
}  # fmt: skip
_OF_ADDRESS = ("street_address", "locality", "region", "postal_code", "country", "formatted")
_CLAIM_SOURCES = {
    "name": 'user.firstName + " " + user.lastName', "given_name": "user.firstName", "family_name": "user.lastName",
    "middle_name": "user.middleName", "nickname": "user.nickName", "profile": "user.profileUrl", "email": "user.email",
    "zoneinfo": 'user.timezone != null ? user.timezone : "America/Los_Angeles"',
    "locale": 'user.locale != null ? user.locale : "en_US"', "phone_number": "user.primaryPhone",
    "street_address": "user.streetAddress", "locality": "user.city", "region": "user.state",
    "postal_code": "user.zipCode", "country": "user.countryCode",
}  # fmt: skip
OIDC_CLIENT = AppType(
    name=OWN_CLIENT, label="OpenID Connect Client", modes=(OIDC,), creatable=True,
    schema={
        "userName": text(USERNAME["title"], required=True, externalName="preferred_username", scope="SELF"),
        **{
            name: text(title, description=what, scope="SELF",
                       **({"externalName": f"address.{name}"} if name in _OF_ADDRESS else {}))
            for name, (title, what) in _CLAIMS.items()
        },
    },
    to_app={name: (expression, "PUSH") for name, expression in _CLAIM_SOURCES.items()},
)  # fmt: skip


def _listed(
    name: str, label: str, modes: tuple[str, ...], settings: Doc, required: tuple[str, ...] = (), *,
    link: Mapping[str, tuple[str, bool]] = _LOGIN,
) -> AppType:  # fmt: skip
    return AppType(
        name=name, label=label, modes=modes, creatable=True, links=link, settings=settings, required=required,
        coerced={} if AUTO in modes else AS_PLUGIN, open=True,
        connections=("TOKEN", "OAUTH2") if name in ("okta_org2org", "zscalerbyz") else (),
    )  # fmt: skip


DOCUMENTED = (
    _listed("google", "Google Workspace", (PLUGIN, SAML20), {"domain": None, "rpId": None}, ("domain",)),
    _listed("salesforce", "Salesforce.com", (AUTO, PLUGIN, SAML20),
            {"instanceType": None, "integrationType": None, "loginUrl": None, "logoutUrl": None},
            ("instanceType", "integrationType")),
    _listed("slack", "Slack", (PLUGIN, SAML20), {"domain": None, "userEmailValue": None}, ("domain",)),
    _listed("zoomus", "Zoom", (PLUGIN, SAML20), {"subDomain": None, "audience_uri": None, "acs_url": None},
            ("subDomain",)),
    _listed("zscalerbyz", "Zscaler 2.0", (PLUGIN, SAML20), {"siteDomain": None}),
    _listed("okta_org2org", "Okta Org2Org", (SAML20, AUTO),
            {"acsUrl": None, "audRestriction": None, "baseUrl": None}, ("baseUrl",)),
    _listed("trend_micro_apex_one_service", "Trend Micro Apex One as a Service", (SAML20,), {"baseURL": None},
            ("baseURL",)),
    _listed("pagerduty", "PagerDuty", (PLUGIN, SAML20), {"adminUserId": None, "baseUrl": None, "subdomain": None},
            ("subdomain",), link=_login("3107")),
    _listed("strongdm", "StrongDM", (OIDC,), {"base_url": None}, link={}),
    _listed("aws_console", "AWS Console", (PLUGIN,), {}, link={"aws_console_login": ("4163", True)}),
)  # fmt: skip
TEMPLATES = (
    BASIC_AUTH, SWA, SWA_3_FIELDS, PASSWORD_STORE, WS_FEDERATION, SHAREPOINT, OIDC_CLIENT, *DOCUMENTED,
)  # fmt: skip
