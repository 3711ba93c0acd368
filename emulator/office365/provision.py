"""What a push wants of a Microsoft account, and how that differs from what is there.

Source: okta-admin-api.md 6.4 and 7.3, seed-catalogue.md A.0, A.1 and decision rule 5: the attributes of the
provisioning type are pushed as a whole, blanks included; only differences are written.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url
from emulator.office365.errors import Refused
from emulator.office365.jobs import Job

BASIC = {
    "displayName": "displayName", "firstName": "givenName", "lastName": "surname", "usageLocation": "usageLocation",
}  # fmt: skip

# Attributes that may be added to Profile Sync, by app user attribute: Graph's names, and Okta's labels in camel case.
ADDED = {
    "ageGroup": "ageGroup", "businessPhone": "businessPhones", "businessPhones": "businessPhones", "city": "city",
    "companyName": "companyName", "consentProvidedForMinor": "consentProvidedForMinor", "country": "country",
    "department": "department", "employeeHireDate": "employeeHireDate", "employeeId": "employeeId",
    "employeeType": "employeeType", "faxNumber": "faxNumber", "jobTitle": "jobTitle", "mobilePhone": "mobilePhone",
    "officeLocation": "officeLocation", "otherEmails": "otherMails", "otherMails": "otherMails",
    "postalCode": "postalCode", "preferredDataLocation": "preferredDataLocation",
    "preferredLanguage": "preferredLanguage", "state": "state", "streetAddress": "streetAddress",
    "userType": "userType",
}  # fmt: skip
_LISTS = frozenset({"businessPhones", "otherMails"})
ALWAYS_READ = ("id", "userPrincipalName", "accountEnabled", "onPremisesImmutableId", "licenseAssignmentStates")
_NICKNAME_BANNED = re.compile(r'[@()\\\[\]";:<>, ]')

LICENSE_ONLY, PROFILE_SYNC = "LICENSE_ONLY", "PROFILE_SYNC"
_DIRSYNC_TYPES = frozenset({"USER_SYNC", "UNIVERSAL_SYNC"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A push as Graph has it: `attributes` by Graph name; licences and roles None where they are left alone."""

    user_name: str
    writes_profile: bool
    attributes: Doc
    enabled: bool | None
    licences: list[str] | None
    roles: list[str] | None
    manager: str | None
    has_manager: bool


def wanted(job: Job) -> Wanted:
    """The desired account of a user.push job. Raises `Refused` for provisioning types that are not emulated."""
    profile = job.desired.get("profile") or {}
    user_name = str(job.desired.get("userName") or job.subject.get("userName") or "")
    mode = job.settings.get("office365FlexibleProvisioningMode")
    kind = str(job.desired.get("provisioningType") or PROFILE_SYNC)
    if kind in _DIRSYNC_TYPES:
        # Differs: User Sync and Universal Sync write through Microsoft's undocumented directory-sync channel.
        raise Refused(f"Provisioning type {kind} is not emulated: it needs Microsoft's directory sync channel.")
    entitles = mode != "USER_ATTRIBUTES_ONLY"
    writes = kind != LICENSE_ONLY and mode != "LICENSES_AND_ROLES_ONLY"
    manager = next((str(profile[name]) for name in ("manager", "managerUpn") if profile.get(name)), None)
    return Wanted(
        user_name=user_name,
        writes_profile=writes,
        attributes=_attributes(profile, user_name) if writes else {},
        enabled=_enabled(job, writes=writes),
        licences=_strings(profile.get("licenses")) if entitles else None,
        roles=_strings(profile["roles"]) if entitles and "roles" in profile else None,
        manager=manager,
        has_manager=writes and ("manager" in profile or "managerUpn" in profile),
    )


def _enabled(job: Job, *, writes: bool) -> bool | None:
    """What the org says; unsaid, the first push of an assignment enables the account and later ones leave it alone."""
    said = job.desired.get("accountEnabled")
    if isinstance(said, bool):
        return said
    return True if writes and not job.subject.get("externalId") else None  # inferred from F-33: reassigning reactivates


def _attributes(profile: Doc, user_name: str) -> Doc:
    found: Doc = {"userPrincipalName": user_name}
    for name, target in (BASIC | ADDED).items():
        if name in profile:
            found[target] = _value(target, profile[name])
    if not found.get("displayName"):  # required by Graph, so never pushed as a blank
        parts = (profile.get("firstName"), profile.get("lastName"))
        found["displayName"] = " ".join(str(part) for part in parts if part) or user_name
    immutable = profile.get("immutableId")
    if immutable:  # a blank one stays as it is at Microsoft
        found["onPremisesImmutableId"] = str(immutable)
    return found


def _value(target: str, value: Any) -> Any:
    if target in _LISTS:
        return _strings(value)
    return value if value not in ("", []) else None


def _strings(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value if item]
    return [str(value)] if value else []


def to_read(want: Wanted) -> str:
    """The `$select` that shows everything a push compares."""
    return ",".join(dict.fromkeys((*ALWAYS_READ, *want.attributes)))


def new_account(want: Wanted, job: Job) -> Doc:
    """The body of POST /users: what is wanted, and what Graph needs besides."""
    body = {name: value for name, value in want.attributes.items() if value not in (None, [])}
    local = want.user_name.partition("@")[0]
    return {
        "accountEnabled": want.enabled is not False,
        "mailNickname": (_NICKNAME_BANNED.sub("", local) or "user")[:64],
        **body,
        "passwordProfile": {"password": first_password(job), "forceChangePasswordNextSignIn": False},
    }


def first_password(job: Job) -> str:
    """The password that Graph demands of a new account, which nobody is told and federation makes useless.

    HMAC-SHA256 of the job's id under the service client's secret: the same at every attempt, unguessable without
    the secret. The prefix holds one character of each class that Microsoft's complexity rule counts.
    """
    secret = str(job.secret.get("client_secret") or "").encode()
    digest = hmac.new(secret, f"office365 first password {job.id}".encode(), hashlib.sha256).digest()
    return "Aa1!" + base64url(digest)


def differences(want: Wanted, user: Doc) -> Doc:
    """What a PATCH must carry so that `user` becomes as wanted; empty when it is."""
    changed = {name: value for name, value in want.attributes.items() if not _same(name, value, user.get(name))}
    if want.enabled is True and user.get("accountEnabled") is False:
        changed["accountEnabled"] = True
    return changed


def _same(name: str, value: Any, present: Any) -> bool:
    if name == "userPrincipalName":
        return str(value).casefold() == str(present or "").casefold()
    return (value or None) == (present or None)
