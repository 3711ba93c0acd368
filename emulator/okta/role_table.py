"""What each administrator role, and each permission of a custom role, may do: data, and one function that reads it.

Source: Okta's table of standard administrator roles and its list of permissions, as documented; which of our operations
that comes to is inferred. A role names areas of scopes (`users` of `okta.users.manage`) that it reads and manages, and
single operations beyond them, as (method, path) patterns.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from emulator.kernel.operations import Operation

ALL = "*"


@dataclass(frozen=True, slots=True)
class Powers:
    """Areas that are read and managed (`*`: all), and single operations: a method and the end of a path."""

    reads: tuple[str, ...] = ()
    manages: tuple[str, ...] = ()
    single: tuple[tuple[str, str], ...] = ()


LABELS = {
    "SUPER_ADMIN": "Super Administrator", "ORG_ADMIN": "Organization Administrator",
    "APP_ADMIN": "Application Administrator", "USER_ADMIN": "Group Administrator",
    "HELP_DESK_ADMIN": "Help Desk Administrator", "READ_ONLY_ADMIN": "Read-Only Administrator",
    "REPORT_ADMIN": "Report Administrator", "MOBILE_ADMIN": "Mobile Administrator",
    "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
    "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
    "ACCESS_CERTIFICATIONS_ADMIN": "Access Certifications Administrator",
    "ACCESS_REQUESTS_ADMIN": "Access Requests Administrator", "WORKFLOWS_ADMIN": "Workflows Administrator",
}  # fmt: skip

_USER = r"/users/\{[^}]*\}"
_HELP = (
    ("POST", _USER + r"/lifecycle/(reset_password|expire_password|expire_password_with_temp_password|unlock|"
     r"reset_factors|activate|reactivate)"),
    ("POST", _USER + r"/credentials/(forgot_password|forgot_password_recovery_question)"),
    ("DELETE", _USER + r"/(sessions|factors/\{[^}]*\})"), ("POST", _USER + r"/factors.*"),
)  # fmt: skip
_MEMBERSHIP = (("PUT", r"/groups/\{[^}]*\}" + _USER), ("DELETE", r"/groups/\{[^}]*\}" + _USER))
_DEVICES = ("devices", "deviceAssurance", "deviceIntegrations", "devicePostureChecks")
_BASIC = ("orgs", "schemas", "userTypes", "features", "linkedObjects", "profileMappings")

ROLES: Mapping[str, Powers] = {
    "SUPER_ADMIN": Powers((ALL,), (ALL,)),
    "ORG_ADMIN": Powers(
        (ALL,),
        ("users", "groups", "orgs", "policies", "networkZones", "authenticators", "factors", "sessions", "behaviors",
         "trustedOrigins", "brands", "domains", "emailDomains", "emailServers", "templates", "captchas", "eventHooks",
         "inlineHooks", "devices", "deviceAssurance", "features", "schemas", "profileMappings", "userTypes",
         "linkedObjects", "threatInsights", "rateLimits", "principalRateLimits", "realms", "realmAssignments", "idps",
         "logStreams", "pushProviders", "uischemas", "agentPools", "deviceIntegrations", "devicePostureChecks",
         "securityEventsProviders"),
    ),
    "APP_ADMIN": Powers(
        ("apps", "appGrants", "clients", "users", "groups", "logs", "policies", "idps", "networkZones",
         "authorizationServers", *_BASIC),
        ("apps", "appGrants", "clients", "profileMappings"),
    ),
    "USER_ADMIN": Powers(
        ("users", "groups", "factors", "sessions", "logs", "apps", "realms", *_BASIC),
        ("users", "groups", "factors", "sessions"),
    ),
    "HELP_DESK_ADMIN": Powers(("users", "groups", "factors", *_BASIC), (), _HELP),
    "GROUP_MEMBERSHIP_ADMIN": Powers(("users", "groups", *_BASIC), (), _MEMBERSHIP),
    "READ_ONLY_ADMIN": Powers((ALL,)),
    "REPORT_ADMIN": Powers(("logs", "reports", "users", "groups", "apps", *_BASIC)),
    "MOBILE_ADMIN": Powers((*_DEVICES, "users", "groups", *_BASIC), _DEVICES),
    "API_ACCESS_MANAGEMENT_ADMIN": Powers(
        ("authorizationServers", "clients", "apps", "appGrants", "users", "groups", "trustedOrigins", "logs", *_BASIC),
        ("authorizationServers", "clients", "trustedOrigins"),
    ),
    "ACCESS_CERTIFICATIONS_ADMIN": Powers(("users", "groups", "apps", *_BASIC)),
    "ACCESS_REQUESTS_ADMIN": Powers(("users", "groups", "apps", *_BASIC)),
    "WORKFLOWS_ADMIN": Powers(("orgs", "features")),
}  # fmt: skip

_LIFECYCLE = _USER + "/lifecycle/"
PERMISSIONS: Mapping[str, Powers] = {
    "okta.users.manage": Powers(("users", "factors", "sessions"), ("users", "factors", "sessions")),
    "okta.users.create": Powers((), (), (("POST", "/api/v1/users"),)),
    "okta.users.read": Powers(("users", "factors")),
    "okta.users.lifecycle.manage": Powers((), (), (("POST", _LIFECYCLE + ".*"), ("DELETE", _USER))),
    "okta.users.lifecycle.activate": Powers((), (), (("POST", _LIFECYCLE + "(re)?activate"),)),
    "okta.users.lifecycle.deactivate": Powers((), (), (("POST", _LIFECYCLE + "deactivate"),)),
    "okta.users.lifecycle.suspend": Powers((), (), (("POST", _LIFECYCLE + "suspend"),)),
    "okta.users.lifecycle.unsuspend": Powers((), (), (("POST", _LIFECYCLE + "unsuspend"),)),
    "okta.users.lifecycle.delete": Powers((), (), (("DELETE", _USER),)),
    "okta.users.lifecycle.unlock": Powers((), (), (("POST", _LIFECYCLE + "unlock"),)),
    "okta.users.lifecycle.clearSessions": Powers((), (), (("DELETE", _USER + "/sessions"),)),
    "okta.users.userprofile.manage": Powers((), (), (("POST", _USER), ("PUT", _USER))),
    "okta.users.credentials.manage": Powers(("factors",), ("factors",), _HELP),
    "okta.users.credentials.resetFactors": Powers((), (), (("POST", _LIFECYCLE + "reset_factors"),)),
    "okta.users.credentials.resetPassword": Powers((), (), (("POST", _LIFECYCLE + "reset_password"),)),
    "okta.users.credentials.expirePassword": Powers((), (), (("POST", _LIFECYCLE + "expire_password.*"),)),
    "okta.users.groupMembership.manage": Powers((), (), _MEMBERSHIP),
    "okta.users.appAssignment.manage": Powers((), (), (("(POST|PUT|DELETE)", r"/apps/\{[^}]*\}/users(/.*)?"),)),
    "okta.users.apitokens.manage": Powers(("apiTokens",), ("apiTokens",)),
    "okta.users.apitokens.read": Powers(("apiTokens",)),
    "okta.groups.manage": Powers(("groups",), ("groups",)),
    "okta.groups.create": Powers((), (), (("POST", "/api/v1/groups"),)),
    "okta.groups.members.manage": Powers(("groups",), (), _MEMBERSHIP),
    "okta.groups.read": Powers(("groups",)),
    "okta.groups.appAssignment.manage": Powers((), (), (("(POST|PUT|DELETE)", r"/apps/\{[^}]*\}/groups(/.*)?"),)),
    "okta.apps.manage": Powers(("apps", "appGrants", "clients"), ("apps", "appGrants", "clients")),
    "okta.apps.read": Powers(("apps", "appGrants", "clients")),
    "okta.apps.manageFirstPartyApps": Powers(("apps",)),
    "okta.apps.clientCredentials.read": Powers((), (), (("GET", r"/apps/\{[^}]*\}/credentials/.*"),)),
    "okta.apps.assignment.manage": Powers(
        ("apps",), (), (("(POST|PUT|DELETE)", r"/apps/\{[^}]*\}/(users|groups)(/.*)?"),)
    ),
    "okta.apps.universalLogout.manage": Powers(),
    "okta.apps.universalLogout.read": Powers(),
    "okta.profilesources.import.run": Powers(),
    "okta.authzServers.manage": Powers(("authorizationServers",), ("authorizationServers",)),
    "okta.authzServers.read": Powers(("authorizationServers",)),
    "okta.customizations.manage": Powers(("brands", "templates", "domains"), ("brands", "templates", "domains")),
    "okta.customizations.read": Powers(("brands", "templates", "domains")),
    "okta.identityProviders.manage": Powers(("idps",), ("idps",)),
    "okta.identityProviders.read": Powers(("idps",)),
    "okta.workflows.read": Powers(),
    "okta.workflows.invoke": Powers(),
    "okta.governance.accessCertifications.manage": Powers(),
    "okta.governance.accessRequests.manage": Powers(),
    "okta.agents.manage": Powers(("agentPools",), ("agentPools",)),
    "okta.agents.register": Powers(),
    "okta.agents.view": Powers(("agentPools",)),
    "okta.directories.manage": Powers(),
    "okta.directories.read": Powers(),
    "okta.devices.manage": Powers(("devices",), ("devices",)),
    "okta.devices.read": Powers(("devices",)),
    "okta.devices.lifecycle.manage": Powers((), (), (("POST", r"/devices/\{[^}]*\}/lifecycle/.*"),)),
    "okta.iam.read": Powers(("roles",)),
    "okta.support.cases.manage": Powers(),
    "okta.realms.manage": Powers(("realms",), ("realms",)),
    "okta.realms.read": Powers(("realms",)),
    "okta.policies.manage": Powers(("policies",), ("policies",)),
    "okta.policies.read": Powers(("policies",)),
    "okta.logs.read": Powers(("logs",)),
}  # fmt: skip


def allows(powers: Powers, item: Operation) -> bool:
    """Whether some powers cover an operation."""
    return _allows(powers, item.method, item.path, item.scope)


@lru_cache(maxsize=8192)
def _allows(powers: Powers, method: str, path: str, scopes: tuple[str, ...]) -> bool:
    for scope in scopes:
        area, _, verb = scope.removeprefix("okta.").rpartition(".")
        if verb == "self":
            continue
        names = powers.manages if verb == "manage" else powers.reads
        if ALL in names or area in names:
            return True
    return any(re.fullmatch(verb, method) and re.search(f"{place}$", path) for verb, place in powers.single)
