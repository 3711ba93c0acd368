"""What a Conditional Access policy must look like. Source: graph-entra.md 1.16, Microsoft's page on creating policies.

The refusals are Microsoft's: 1007 for what does not fit the type, 1032 for what makes no sense, 1039 for what needs P2.
"""

import re
from collections.abc import Iterator
from typing import Any

from emulator.entra import bodies, entitlements
from emulator.entra.odata.schema import properties
from emulator.entra.resources import named_locations
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why

GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
READ_ONLY = ("id", "createdDateTime", "modifiedDateTime", "deletedDateTime")
MFA_TRUSTED_IPS = "00000000-0000-0000-0000-000000000000"
# What may stand beside ids in each list, and whether it must then stand alone.
_WORDS: dict[str, tuple[str, ...]] = {
    "users.includeUsers": ("All", "None", "GuestsOrExternalUsers"),
    "users.excludeUsers": ("GuestsOrExternalUsers",),
    "applications.includeApplications": ("All", "None", "Office365", "MicrosoftAdminPortals"),
    "applications.excludeApplications": ("Office365", "MicrosoftAdminPortals"),
    "locations.includeLocations": ("All", "AllTrusted"),
    "locations.excludeLocations": ("AllTrusted",),
    "clientApplications.includeServicePrincipals": ("ServicePrincipalsInMyTenant",),
}
_ALONE = ("All", "None")
_IDS = (
    "users.includeGroups", "users.excludeGroups", "users.includeRoles", "users.excludeRoles",
    "clientApplications.excludeServicePrincipals",
)  # fmt: skip
_ACTIONS = ("urn:user:registersecurityinfo", "urn:user:registerdevice")
_EMPTY: dict[str, Doc] = {
    "applications": {
        "includeApplications": [], "excludeApplications": [], "includeUserActions": [],
        "includeAuthenticationContextClassReferences": [], "applicationFilter": None,
    },
    "users": {
        "includeUsers": [], "excludeUsers": [], "includeGroups": [], "excludeGroups": [], "includeRoles": [],
        "excludeRoles": [], "includeGuestsOrExternalUsers": None, "excludeGuestsOrExternalUsers": None,
    },
    "platforms": {"includePlatforms": [], "excludePlatforms": []},
    "locations": {"includeLocations": [], "excludeLocations": []},
    "clientApplications": {
        "includeServicePrincipals": [], "excludeServicePrincipals": [], "servicePrincipalFilter": None,
    },
    "devices": {"deviceFilter": None},
}  # fmt: skip
_CONDITIONS: Doc = {
    "userRiskLevels": [], "signInRiskLevels": [], "clientAppTypes": ["all"], "servicePrincipalRiskLevels": [],
    "insiderRiskLevels": None, "platforms": None, "locations": None, "devices": None, "clientApplications": None,
    "authenticationFlows": None, "applications": None, "users": None,
}  # fmt: skip
_GRANTS: Doc = {
    "operator": "OR", "builtInControls": [], "customAuthenticationFactors": [], "termsOfUse": [],
    "authenticationStrength": None,
}  # fmt: skip
_SESSION: Doc = {
    "disableResilienceDefaults": None, "applicationEnforcedRestrictions": None, "cloudAppSecurity": None,
    "signInFrequency": None, "persistentBrowser": None,
}  # fmt: skip
_FREQUENCY: Doc = {
    "value": None, "type": None, "authenticationType": "primaryAndSecondaryAuthentication",
    "frequencyInterval": "timeBased", "isEnabled": True,
}  # fmt: skip


def read(body: Doc, resource: str) -> Doc:
    """The properties of a body; whatever does not fit the type is Microsoft's 1007."""
    try:
        return bodies.checked({name: body[name] for name in body if name not in READ_ONLY}, resource)
    except Problem as problem:
        raise Problem("ca_schema", why=problem.why) from problem


def completed(policy: Doc) -> Doc:
    """The policy with every property that Microsoft shows."""
    conditions = {**_CONDITIONS, **(policy["conditions"] or {})}
    for name, blank in _EMPTY.items():
        if conditions.get(name) is not None:
            conditions[name] = {**blank, **_clean(conditions[name])}
    grants, session = policy.get("grantControls"), policy.get("sessionControls")
    if grants is not None:
        grants = {**_GRANTS, **_clean(grants)}
    if session is not None:
        session = {**_SESSION, **_clean(session)}
        if session["signInFrequency"] is not None:
            session["signInFrequency"] = {**_FREQUENCY, **_clean(session["signInFrequency"])}
    return {**policy, "conditions": conditions, "grantControls": grants, "sessionControls": session}


def _clean(value: Any) -> Doc:
    return {name: item for name, item in value.items() if not name.startswith("@")}


def validate(call: Call, policy: Doc) -> None:
    """Refuse a completed policy that Microsoft would not keep."""
    if not policy["displayName"] or len(policy["displayName"]) > 256:
        raise _schema("displayName", policy["displayName"], "displayName has 1 to 256 characters.")
    if policy["state"] is None:
        raise _schema("state", None, "state is enabled, disabled or enabledForReportingButNotEnforced.")
    conditions = policy["conditions"]
    _assignments(conditions)
    for path, items in _lists(conditions):
        _words(path, items)
    _locations(call, conditions)
    if not conditions["clientAppTypes"]:
        raise _invalid("InvalidConditionsClientApplications", "clientAppTypes", [], "At least one client type.")
    _platforms(conditions)
    _controls(policy)
    _premium(call, policy)


def _assignments(conditions: Doc) -> None:
    """Somebody and something must be named."""
    users, workloads = conditions["users"], conditions["clientApplications"]
    people = users and any(value for name, value in users.items() if name.startswith("include"))
    if not people and not (workloads and workloads["includeServicePrincipals"]):
        raise _invalid("InvalidUsersCondition", "conditions.users", users, "A policy names users, groups or roles.")
    apps = conditions["applications"]
    named = apps and [name for name in properties("conditionalAccessApplications") if name.startswith("include")]
    chosen = [name for name in apps if name.lower() in (named or ()) and apps[name]] if apps else []
    if not chosen and not (apps and apps["applicationFilter"]):
        raise _invalid("InvalidApplicationsCondition", "conditions.applications", apps, "A policy names applications.")
    if len(chosen) > 1:
        rule = "Applications, user actions and authentication contexts exclude each other."
        raise _invalid("InvalidApplicationsCondition", "conditions.applications", chosen, rule)
    for action in apps["includeUserActions"]:
        if action not in _ACTIONS:
            raise _schema("includeUserActions", action, f"User actions: {', '.join(_ACTIONS)}.")


def _lists(conditions: Doc) -> Iterator[tuple[str, list[str]]]:
    for path in (*_WORDS, *_IDS):
        group, _, name = path.partition(".")
        yield path, (conditions.get(group) or {}).get(name) or []


def _words(path: str, items: list[str]) -> None:
    """Each item is an id or one of the list's words; All and None stand alone."""
    words = _WORDS.get(path, ())
    for item in items:
        if item not in words and not GUID.fullmatch(item):
            raise Problem(
                "ca_unknown", path.partition(".")[2], item, why=_why(path, item, "It is an id, or " + ", ".join(words))
            )
    lonely = [item for item in items if item in _ALONE]
    if lonely and len(items) > 1:
        name = path.partition(".")[0].capitalize()
        raise _invalid(f"Invalid{name}Condition", path, items, f"{lonely[0]} stands alone.")


def _locations(call: Call, conditions: Doc) -> None:
    """Locations are those of the tenant; a list that excludes also includes."""
    found = conditions["locations"]
    if found is None:
        return
    if not found["includeLocations"]:
        raise _invalid(
            "InvalidLocationsCondition", "includeLocations", [], "Locations that are left out need those that count."
        )
    for name in ("includeLocations", "excludeLocations"):
        for item in found[name]:
            known = item in ("All", "AllTrusted", MFA_TRUSTED_IPS)
            if not known and call.store.get(named_locations.NAMED_LOCATIONS, item.lower()) is None:
                raise Problem("ca_unknown", "locations", item, why=_why(name, item, "No named location has that id."))


def _platforms(conditions: Doc) -> None:
    found = conditions["platforms"]
    if found is not None and not found["includePlatforms"]:
        raise _invalid(
            "InvalidPlatformsCondition", "includePlatforms", [], "Platforms that are left out need those that count."
        )
    device = (conditions["devices"] or {}).get("deviceFilter")
    if device is not None and (not device.get("rule") or device.get("mode") is None):
        raise _invalid("InvalidDeviceFilter", "deviceFilter", device, "A device filter has a mode and a rule.")


def _controls(policy: Doc) -> None:
    grants, session = policy["grantControls"], policy["sessionControls"]
    granted = grants and (
        grants["builtInControls"] or grants["customAuthenticationFactors"] or grants["termsOfUse"]
        or grants["authenticationStrength"]
    )  # fmt: skip
    limited = session and any(value not in (None, False) for value in session.values())
    if not granted and not limited:
        raise _invalid("InvalidControls", "grantControls", grants, "A policy grants, blocks or limits.")
    if grants:
        _grants(policy, grants)
    if session:
        _session(policy, session)


def _grants(policy: Doc, grants: Doc) -> None:
    if grants["operator"] not in ("AND", "OR"):
        raise _schema("operator", grants["operator"], "operator is AND or OR.")
    controls = grants["builtInControls"]
    others = len(controls) > 1 or grants["termsOfUse"] or grants["customAuthenticationFactors"]
    if "block" in controls and (others or grants["authenticationStrength"]):
        raise _invalid("InvalidControls", "builtInControls", controls, "block stands alone.")
    if "mfa" in controls and grants["authenticationStrength"]:
        raise _invalid(
            "InvalidControls", "builtInControls", controls, "mfa and an authentication strength exclude each other."
        )
    if "passwordChange" in controls:
        conditions = policy["conditions"]
        apps = (conditions["applications"] or {}).get("includeApplications")
        fits = (
            grants["operator"] == "AND" and ("mfa" in controls or grants["authenticationStrength"]) and apps == ["All"]
        )
        if not fits or not conditions["userRiskLevels"] or conditions["clientAppTypes"] != ["all"]:
            rule = "A password change goes with mfa (AND), a user risk, all applications and no other condition."
            raise _invalid("InvalidPasswordResetControl", "builtInControls", controls, rule)


def _session(policy: Doc, session: Doc) -> None:
    frequency = session["signInFrequency"]
    if frequency is not None and frequency["isEnabled"]:
        _frequency(frequency)
    browser = session["persistentBrowser"]
    apps = (policy["conditions"]["applications"] or {}).get("includeApplications")
    if browser is not None and browser.get("isEnabled") and (browser.get("mode") is None or apps != ["All"]):
        rule = "A persistent browser session has a mode and is for all applications."
        raise _invalid("InvalidSessionControls", "persistentBrowser", browser, rule)


def _frequency(frequency: Doc) -> None:
    value, unit = frequency["value"], frequency["type"]
    if frequency["frequencyInterval"] == "everyTime":
        if value is not None or unit is not None:
            raise _invalid(
                "InvalidSessionControls", "signInFrequency", frequency, "Every time has no value and no unit."
            )
        return
    most = {"hours": 23, "days": 365}.get(str(unit), 0)
    if value is None or not 1 <= value <= most:
        raise _invalid("InvalidSessionControls", "signInFrequency", frequency, "1 to 23 hours, or 1 to 365 days.")


def _premium(call: Call, policy: Doc) -> None:
    """Risk conditions come with P2."""
    conditions = policy["conditions"]
    used = [name for name in ("userRiskLevels", "signInRiskLevels", "insiderRiskLevels") if conditions[name]]
    if used and not entitlements.has_p2(call.store):
        raise Problem("ca_premium", why=_why("conditions", used, "Risk conditions need Entra ID P2."))


def _why(name: str, value: Any, rule: str) -> Why:
    return Why(rule, (Compared(name, value, "request body"),))


def _schema(name: str, value: Any, rule: str) -> Problem:
    return Problem("ca_schema", why=_why(name, value, rule))


def _invalid(reason: str, name: str, value: Any, rule: str) -> Problem:
    return Problem("ca_invalid", reason, why=_why(name, value, rule))
