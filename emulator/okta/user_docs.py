"""The user document: how a new one looks, and how the API shows it. Source: okta-admin-api.md 3.1, appendix C.

Stored beside the wire shape: `_passwordHash` (scrypt) or `_importedHash`, `_passwordHistory`, `_recoveryAnswer`
(scrypt), `_failures` (wrong passwords in a row), `_lockedAt` (ms).
"""

import hashlib

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import subscription
from emulator.okta.base_schema import ALWAYS
from emulator.okta.params import stamp
from emulator.okta.profile_index import ProfileIndex
from emulator.okta.profiles import set_only
from emulator.okta.resources.user_types import of_id
from emulator.store import Column, Kind, Shown

_COLUMNS = ("login", "email", "firstName", "lastName", "employeeNumber", "department")
USERS = Kind(
    "users",
    (
        Column("profile.login", fold=True, unique=True), Column("profile.email", fold=True), Column("status"),
        Column("profile.firstName", fold=True), Column("profile.lastName", fold=True), Column("created"),
        Column("lastUpdated"), Column("activated"), Column("statusChanged"), Column("type.id"), Column("realmId"),
        Column("profile.employeeNumber", fold=True), Column("profile.department", fold=True), Shown(),
    ),
    (ProfileIndex(but=_COLUMNS),),
)  # fmt: skip

_ACTIONS = {
    "activate": "lifecycle/activate", "reactivate": "lifecycle/reactivate", "deactivate": "lifecycle/deactivate",
    "suspend": "lifecycle/suspend", "unsuspend": "lifecycle/unsuspend", "unlock": "lifecycle/unlock",
    "resetPassword": "lifecycle/reset_password", "expirePassword": "lifecycle/expire_password",
    "forgotPassword": "credentials/forgot_password", "changePassword": "credentials/change_password",
    "changeRecoveryQuestion": "credentials/change_recovery_question", "resetFactors": "lifecycle/reset_factors",
}  # fmt: skip
_WITH_PASSWORD = (
    "suspend", "resetPassword", "forgotPassword", "expirePassword", "changeRecoveryQuestion", "changePassword",
    "deactivate",
)  # fmt: skip
_LINKS = {
    "STAGED": ("activate",),
    "PROVISIONED": ("suspend", "resetPassword", "reactivate", "deactivate"),
    "ACTIVE": _WITH_PASSWORD,
    "PASSWORD_EXPIRED": _WITH_PASSWORD,
    "RECOVERY": ("resetPassword", "reactivate", "deactivate"),
    "SUSPENDED": ("unsuspend", "deactivate"),
    "LOCKED_OUT": ("unlock", "resetPassword", "deactivate"),
    "DEPROVISIONED": ("activate", "delete"),
}
"""Recorded, but for RECOVERY and LOCKED_OUT (inferred)."""
_NO_PASSWORD = ("suspend", "deactivate")


def new_user(profile: Doc, *, id: str, now: int, type_id: str, realm_id: str | None = None) -> Doc:
    """A staged user without credentials. realm_id: in orgs that have realms."""
    at = stamp(now)
    realm = {"realmId": realm_id} if realm_id is not None else {}
    return {
        "id": id, "status": "STAGED", "created": at, "activated": None, "statusChanged": None, "lastLogin": None,
        "lastUpdated": at, "passwordChanged": None, **realm, "type": {"id": type_id},
        "profile": set_only(profile, ALWAYS),
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}}, "_failures": 0,
    }  # fmt: skip


def has_password(user: Doc) -> bool:
    return "password" in user["credentials"]


def can_sign_in(user: Doc) -> bool:
    """Whether the user has a credential: a password here, or another system that vouches for them."""
    return has_password(user) or user["credentials"]["provider"]["type"] not in ("OKTA", "IMPORT")


def _public(call: Call, user: Doc) -> Doc:
    """The user's own members. Some orgs print the mail addresses among the credentials too (observed, of 2020 to 2025).

    World file: `user_emails: true`. Inferred: every address is verified, as all that were recorded are.
    """
    found = public(user)
    if not call.info.get("user_emails"):
        return found
    kinds = {"PRIMARY": user["profile"].get("email"), "SECONDARY": user["profile"].get("secondEmail")}
    emails = [{"value": value, "status": "VERIFIED", "type": kind} for kind, value in kinds.items() if value]
    return {**found, "credentials": {**found["credentials"], "emails": emails}}


def render_item(call: Call, user: Doc) -> Doc:
    """The user as lists show it: without links to actions."""
    return {**_public(call, user), "_links": {"self": {"href": f"{call.base}/api/v1/users/{user['id']}"}}}


def item_tail(call: Call) -> tuple[str, str] | None:
    """What follows a user's own members in a list, around the id: `render_item` as text; None where those need work."""
    if call.info.get("user_emails"):
        return None
    base = orjson.dumps(call.base).decode()[1:-1]
    return f',"_links":{{"self":{{"href":"{base}/api/v1/users/', '"}}'


def _has_factors(call: Call, user: Doc) -> bool:
    from emulator.okta.mfa import factors

    return bool(factors.of_user(call.store, user["id"]))


def _resettable(call: Call, user: Doc) -> bool:
    """Whether the user links to the reset of factors, whatever the status.

    Observed: in an Identity Engine org of 2026 everybody does; in one of 2025, which had no realms either, who has a
    credential; in a Classic org who has a factor.
    """
    if call.info["engine"] != "classic" and ("realms" not in subscription.lacking(call) or can_sign_in(user)):
        return True
    return _has_factors(call, user)


def render(call: Call, user: Doc) -> Doc:
    """The user on its own, with the actions that its status allows."""
    api = f"{call.base}/api/v1"
    at = f"{api}/users/{user['id']}"
    names = _LINKS[user["status"]]
    if user["status"] in ("ACTIVE", "PASSWORD_EXPIRED") and not has_password(user):
        names = _NO_PASSWORD
    links: Doc = {}
    for name in names:
        if name == "delete":
            links[name] = {"href": at, "method": "DELETE"}
        else:
            links[name] = {"href": f"{at}/{_ACTIONS[name]}", "method": "POST"}
    if _resettable(call, user):
        links["resetFactors"] = {"href": f"{at}/{_ACTIONS['resetFactors']}", "method": "POST"}
    links["schema"] = {"href": f"{api}/meta/schemas/user/{_schema_id(call, user['type']['id'])}"}
    links["self"] = {"href": at}
    links["type"] = {"href": f"{api}/meta/types/user/{user['type']['id']}"}
    return {**_public(call, user), "_links": links}


def _schema_id(call: Call, type_id: str) -> str:
    return str(of_id(call.store, type_id)["_schemaId"])


def etag(user: Doc) -> str:
    """A weak tag of what the API shows: `W/"…"`, 64 hexadecimal digits."""
    data = orjson.dumps(public(user), option=orjson.OPT_SORT_KEYS)
    return f'W/"{hashlib.sha256(data).hexdigest()}"'


def check_if_match(call: Call, user: Doc) -> None:
    """Hold the request's If-Match against the user as it is. Raises 412, or 400 where it is no list of tags."""
    sent = call.exchange.headers.get("if-match")
    if sent is None:
        return
    tags = [tag.strip() for tag in sent.split(",")]
    if not all(tag == "*" or _is_tag(tag) for tag in tags):
        why = Why('If-Match is "*" or a list of quoted tags.', (Compared("If-Match", sent[:200], "request header"),))
        raise Problem("E0000242", why=why)
    current = etag(user)
    if "*" not in tags and current.removeprefix("W/") not in [tag.removeprefix("W/") for tag in tags]:
        compared = (Compared("If-Match", sent[:200], "request header"), Compared("ETag", current, "the user"))
        raise Problem("E0000231", why=Why("The user has changed since the tag was given out.", compared))


def _is_tag(tag: str) -> bool:
    quoted = tag.removeprefix("W/")
    return len(quoted) >= 2 and quoted[0] == quoted[-1] == '"' and '"' not in quoted[1:-1]
