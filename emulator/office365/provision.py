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
from emulator.office365.attributes import at_graph, in_directory, strings
from emulator.office365.jobs import Job

ALWAYS_READ = (
    "id", "userPrincipalName", "accountEnabled", "onPremisesImmutableId", "onPremisesSyncEnabled",
    "licenseAssignmentStates",
)  # fmt: skip
_NICKNAME_BANNED = re.compile(r'[@()\\\[\]";:<>, ]')

LICENSE_ONLY, PROFILE_SYNC = "LICENSE_ONLY", "PROFILE_SYNC"
DIRSYNC_TYPES = frozenset({"USER_SYNC", "UNIVERSAL_SYNC"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A push as Graph has it: `attributes` by Graph name; licences and roles None where they are left alone.

    synced: what the directory synchronisation channel is to write, None for types that write through Graph alone.
    manager: a user name or object id; for synced types the manager's anchor.
    """

    user_name: str
    writes_profile: bool
    attributes: Doc
    synced: Doc | None
    enabled: bool | None
    licences: list[str] | None
    roles: list[str] | None
    manager: str | None
    has_manager: bool


def wanted(job: Job) -> Wanted:
    """The desired account of a user.push job."""
    profile = job.desired.get("profile") or {}
    user_name = str(job.desired.get("userName") or job.subject.get("userName") or "")
    mode = job.settings.get("office365FlexibleProvisioningMode")
    kind = str(job.desired.get("provisioningType") or PROFILE_SYNC)
    entitles = mode != "USER_ATTRIBUTES_ONLY"
    writes = kind != LICENSE_ONLY and mode != "LICENSES_AND_ROLES_ONLY"
    syncs = writes and kind in DIRSYNC_TYPES
    return Wanted(
        user_name=user_name,
        writes_profile=writes,
        attributes=_attributes(profile, user_name) if writes else {},
        synced=_synced(profile, user_name) if syncs else None,
        enabled=_enabled(job, writes=writes),
        licences=strings(profile.get("licenses")) if entitles else None,
        roles=strings(profile["roles"]) if entitles and "roles" in profile else None,
        manager=_manager(job, profile, syncs=syncs),
        has_manager=writes and ("manager" in profile or "managerUpn" in profile),
    )


def _manager(job: Job, profile: Doc, *, syncs: bool) -> str | None:
    if syncs:
        return job.desired.get("managerAnchor")
    return next((str(profile[name]) for name in ("manager", "managerUpn") if profile.get(name)), None)


def _enabled(job: Job, *, writes: bool) -> bool | None:
    """What the org says; unsaid, the first push of an assignment enables the account and later ones leave it alone."""
    said = job.desired.get("accountEnabled")
    if isinstance(said, bool):
        return said
    return True if writes and not job.subject.get("externalId") else None  # inferred: reassigning reactivates


def _named(found: Doc, profile: Doc, user_name: str) -> Doc:
    if not found.get("displayName"):  # required by Graph, so never pushed as a blank
        parts = (profile.get("firstName"), profile.get("lastName"))
        found["displayName"] = " ".join(str(part) for part in parts if part) or user_name
    return found


def _attributes(profile: Doc, user_name: str) -> Doc:
    found: Doc = _named({"userPrincipalName": user_name, **at_graph(profile)}, profile, user_name)
    immutable = profile.get("immutableId")
    if immutable:  # a blank one stays as it is at Microsoft
        found["onPremisesImmutableId"] = str(immutable)
    return found


def _synced(profile: Doc, user_name: str) -> Doc:
    found = _named({"userPrincipalName": user_name, **in_directory(profile)}, profile, user_name)
    if not found.get("mailNickname"):
        found.pop("mailNickname", None)
    return found


def to_read(want: Wanted) -> str:
    """The `$select` that shows everything a push compares."""
    return ",".join(dict.fromkeys((*ALWAYS_READ, *want.attributes, *(want.synced or {}))))


def new_account(want: Wanted, job: Job) -> Doc:
    """The body of POST /users: what is wanted, and what Graph needs besides."""
    body = {name: value for name, value in want.attributes.items() if value not in (None, [])}
    return {
        "accountEnabled": want.enabled is not False,
        "mailNickname": (want.synced or {}).get("mailNickname") or nickname(want.user_name),
        **body,
        "passwordProfile": {"password": first_password(job), "forceChangePasswordNextSignIn": False},
    }


def nickname(user_name: str) -> str:
    """An alias that Graph takes, from a user name."""
    return (_NICKNAME_BANNED.sub("", user_name.partition("@")[0]) or "user")[:64]


def first_password(job: Job) -> str:
    """The password that Graph demands of a new account, which nobody is told and federation makes useless.

    HMAC-SHA256 of the job's id under the job's credential: the same at every attempt, unguessable without the secret.
    The prefix holds one character of each class that Microsoft's complexity rule counts.
    """
    secret = str(job.secret.get("client_secret") or job.secret.get("password") or "").encode()
    digest = hmac.new(secret, f"office365 first password {job.id}".encode(), hashlib.sha256).digest()
    return "Aa1!" + base64url(digest)


def differences(want: Wanted, user: Doc) -> Doc:
    """What a PATCH must carry so that `user` becomes as wanted; empty when it is."""
    changed = {name: value for name, value in want.attributes.items() if not same(name, value, user.get(name))}
    if want.enabled is True and user.get("accountEnabled") is False:
        changed["accountEnabled"] = True
    return changed


def same(name: str, value: Any, present: Any) -> bool:
    """Whether Microsoft shows a wanted value: user names whatever their case, lists whatever their order."""
    if name == "userPrincipalName":
        return str(value).casefold() == str(present or "").casefold()
    if isinstance(value, list):
        return sorted(value) == sorted(present or [])
    if isinstance(value, dict):
        return all((item or None) == ((present or {}).get(key) or None) for key, item in value.items())
    return (value or None) == (present or None)
