"""What is particular to the `office365` app: addresses, issuers, federated domains, consent, and what it pushes.

Source: okta-admin-api.md 6 and 8, federation.md 1, seed-catalogue.md 0.1.
"""

from collections.abc import Iterable

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import office365_attributes
from emulator.okta.apps_catalog import OFFICE365
from emulator.okta.problems import invalid

SETTINGS = OFFICE365.settings
FEDERATION, GRAPH = "FEDERATION", "GRAPH"
CONSENT_TEXT = "In order to continue using WS-FED Auto for SSO, you must grant admin consent."
PROVISIONING_TYPES = office365_attributes.TYPES
PROFILE_SYNC, LICENSE_ONLY = office365_attributes.PROFILE_SYNC, office365_attributes.LICENSE_ONLY
TENANT_TYPES = (None, "COMMERCIAL", "GCC_HIGH")
CONSENT, STORED = "OAUTH_CONSENT", "STORED_CREDENTIALS"
_LOGIN = {"GCC_HIGH": "login.microsoftonline.us"}
FLEXIBLE_MODES = (None, "ALL", "USER_ATTRIBUTES_ONLY", "LICENSES_AND_ROLES_ONLY")
# Where Microsoft sends the administrator back to. Inferred: Okta's own address is not public.
CONSENT_RETURN = "/api/internal/v1/office365/consent/callback"
# Inferred: the one mapped attribute that stays editable while profile push is on; editing it is Okta's support fix.
BY_HAND = frozenset({"immutableId"})
_SSO = "/app/office365/{key}/sso/wsfed/"


def is_office365(app: Doc) -> bool:
    return bool(app["name"] == OFFICE365.name)


def endpoints(host: str, app: Doc) -> Doc:
    """The instance's WS-Federation addresses, always https under the org's own name (Kerberos has one of its own).

    passive, active (WS-Trust 2005), username13 (WS-Trust 1.3), windowstransport, mex, signout.
    """
    path = _SSO.format(key=app["_key"])
    found = {name: f"https://{host}{path}{name}" for name in ("passive", "active", "username13", "mex", "signout")}
    return {**found, "windowstransport": f"https://{kerberos_host(host)}{path}windowstransport"}


def kerberos_host(host: str) -> str:
    """The org's name for Kerberos: a computer asks for a ticket for the host that it goes to."""
    name, _, domain = host.partition(".")
    return f"{name}.kerberos.{domain}"


def takes_windows(app: Doc) -> bool:
    """Whether the instance offers Windows transport (Integrated Windows Authentication) to device registration."""
    return dig(app, "settings.app.windowsTransportEnabled") is True


def automatic(app: Doc) -> bool:
    """Whether Okta configures Microsoft's side of the federation itself."""
    return bool(dig(app, "settings.app.wsFedConfigureType") != "MANUAL")


def federated_domains(app: Doc) -> list[str]:
    """Names of the domains that this instance has federated, in order."""
    return [item["name"] for item in app["settings"]["app"]["domains"] if item.get("federated")]


def issuer_for(app: Doc, user_name: str) -> str:
    """The issuer of an assertion about a user.

    Automatic: `{domain}:{key}`, of the longest federated domain that the user name's suffix is in, else of the
    instance's first domain. Manual: `https://{key}`.
    """
    if not automatic(app):
        return f"https://{app['_key']}"
    first = app["settings"]["app"]["domain"]
    return issuer_of_domain(app, longest_suffix(user_name, [*federated_domains(app), first]) or first)


def issuer_of_domain(app: Doc, domain: str) -> str:
    return f"{domain}:{app['_key']}" if automatic(app) else f"https://{app['_key']}"


def longest_suffix(user_name: str, domains: Iterable[str]) -> str | None:
    """The longest of some domains that a user name's suffix is, or is below."""
    suffix = user_name.rpartition("@")[2].casefold()
    found = [name for name in domains if suffix == name.casefold() or suffix.endswith("." + name.casefold())]
    return max(found, key=len, default=None)


def tenant_domain(app: Doc) -> str:
    """The tenant as Microsoft's endpoints name it: the setting is the part before `.onmicrosoft.com`."""
    tenant = str(app["settings"]["app"]["msftTenant"])
    return tenant if "." in tenant else f"{tenant}.onmicrosoft.com"


def login_host(app: Doc) -> str:
    """Microsoft's sign-in service in the app's cloud."""
    return _LOGIN.get(str(app["settings"]["app"]["tenantType"]), "login.microsoftonline.com")


def auth_mode(app: Doc, kind: str) -> str:
    """How the app signs in at Microsoft for a purpose: by consent, once there is one, else as a stored admin."""
    return STORED if app.get("_admin") and not consented(app, kind) else CONSENT


def may_connect(app: Doc, kind: str) -> bool:
    """Whether there is anything to sign in at Microsoft with."""
    return consented(app, kind) or bool(app.get("_admin"))


def provisioning_type(app: Doc) -> str:
    return str(app["settings"]["app"]["office365ProvisioningType"] or PROFILE_SYNC)


def consented(app: Doc, kind: str) -> bool:
    """Whether an administrator of the tenant has, as far as this org knows, consented to one of its two clients."""
    return kind in app.get("_consent", {})


def require_consent(call: Call, app: Doc) -> None:
    """Automatic WS-Federation needs consent, or a stored administrator. Raises E0000001 `settings`."""
    if app["signOnMode"] != "SAML_1_1" or not automatic(app) or may_connect(app, FEDERATION):
        return
    compared = (
        Compared("signOnMode", app["signOnMode"], "request body"),
        Compared("wsFedConfigureType", app["settings"]["app"]["wsFedConfigureType"], "settings.app"),
        Compared("consent", "none", f"app {app.get('id') or 'being created'}"),
    )
    hint = (
        'Grant it: POST /api/internal/v1/apps/{id}/office365/consent {"kind": "FEDERATION"}, then follow authorizeUrl.'
    )
    why = Why("Automatic WS-Federation needs the tenant's admin consent to Okta's federation client.", compared, hint)
    raise Problem("E0000001", "settings", causes=(CONSENT_TEXT,), why=why)


def check_settings(app: Doc, before: Doc | None) -> None:
    """The values of the office365 settings, and which changes of the provisioning type are allowed."""
    settings = app["settings"]["app"]
    for key, allowed in (
        ("wsFedConfigureType", ("AUTO", "MANUAL")), ("office365ProvisioningType", (None, *PROVISIONING_TYPES)),
        ("office365FlexibleProvisioningMode", FLEXIBLE_MODES), ("tenantType", TENANT_TYPES),
    ):  # fmt: skip
        if settings[key] not in allowed:
            compared = (Compared(key, settings[key], "settings.app"), Compared("allowed", allowed, "office365"))
            raise invalid(
                "settings", f"{key}: '{settings[key]}' is not valid", why=Why(f"{key} has no such value.", compared)
            )
    if before is not None:
        _check_way_back(before, app)


def _check_way_back(before: Doc, app: Doc) -> None:
    """From User or Universal Sync back to Profile Sync leads only the consented connection. Raises E0000001."""
    was, now = (
        before["settings"]["app"]["office365ProvisioningType"],
        app["settings"]["app"]["office365ProvisioningType"],
    )
    synced = office365_attributes.THROUGH_DIRECTORY
    if was not in synced or now in synced or auth_mode(app, GRAPH) == CONSENT:
        return
    compared = (
        Compared("office365ProvisioningType", now, "settings.app"), Compared("before", was, "the app"),
        Compared("connection", STORED, "the app"),
    )  # fmt: skip
    why = Why("Only the Microsoft Graph connection leads back from directory synchronization.", compared)
    raise invalid("settings", f"office365ProvisioningType: cannot change from {was} to {now}", why=why)


def pushed(app: Doc, profile: Doc) -> Doc:
    """The part of an app user's profile that the provisioning type sends: exactly its list, as far as it is there."""
    kind = provisioning_type(app)
    names = office365_attributes.SENDS[kind]
    needed = office365_attributes.ENTITLEMENTS if kind == LICENSE_ONLY else ()
    return {name: profile.get(name) for name in names if name in profile or name in needed}


def features_of(app: Doc, capabilities: Doc, *, enabled: bool) -> list[str]:
    """`features` of an app whose connection is enabled or not, from its USER_PROVISIONING capabilities."""
    return capable(capabilities, licences=provisioning_type(app) == LICENSE_ONLY) if enabled else []


def capable(capabilities: Doc, *, licences: bool) -> list[str]:
    """What an enabled connection offers; `licences`: of licences and roles only."""
    found: list[str] = []
    if capabilities["create"]["lifecycleCreate"]["status"] == "ENABLED" and not licences:
        found.append("PUSH_NEW_USERS")
    if capabilities["update"]["profile"]["status"] == "ENABLED":
        found.append("PUSH_PROFILE_UPDATES")
    if capabilities["update"]["lifecycleDeactivate"]["status"] == "ENABLED":
        found.append("PUSH_USER_DEACTIVATION")
        if not licences:
            found.append("REACTIVATE_USERS")
    if capabilities["update"]["password"]["status"] == "ENABLED":
        found.append("PUSH_PASSWORD_UPDATES")
    if not licences:
        found.append("GROUP_PUSH")
    return [*found, "IMPORT_USER_SCHEMA"]
