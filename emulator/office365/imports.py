"""users.import: the tenant's people and groups for the org, page by page.

Source: seed-catalogue.md 1.2, 2.6, A.4. A full import pages through /users and /groups; an incremental
one asks for what changed about users since the last one, and leaves groups alone (inferred).
"""

from collections.abc import Iterator
from typing import Any

from emulator.kernel.doc import Doc
from emulator.office365.errors import Failure, Refused, bare
from emulator.office365.jobs import Procedure, Report, Work, event

DOWNLOAD_USERS, DOWNLOAD_GROUPS = "app.office365.api.error.download.users", "app.office365.api.error.download.groups"
USERS_AT_ONCE, GROUPS_AT_ONCE = 200, 20
_ALWAYS = ("id", "userPrincipalName", "accountEnabled", "assignedLicenses", "onPremisesImmutableId")
# What an import brings, by app user attribute: of every type, and of the two that write through directory sync.
BASIC = {"firstName": "givenName", "lastName": "surname", "displayName": "displayName", "email": "mail"}
MORE = {
    "title": "jobTitle", "mobilePhone": "mobilePhone", "primaryPhone": "businessPhones",
    "streetAddress": "streetAddress", "city": "city", "state": "state", "zipCode": "postalCode",
    "countryCode": "country", "preferredLanguage": "preferredLanguage", "department": "department",
}  # fmt: skip
_DIRSYNC_TYPES = frozenset({"USER_SYNC", "UNIVERSAL_SYNC"})
_GROUP_SELECT = "id,displayName,description,groupTypes,mailEnabled,securityEnabled,onPremisesSyncEnabled"
_RESYNC = 410


def run(work: Work) -> Report:
    """Bring what is new, or everything; the last page says where the next incremental import goes on."""
    desired = work.job.desired
    mapped = attributes(str(desired.get("provisioningType") or ""))
    cursor = desired.get("cursor")
    work.app_user = None
    if desired.get("mode") == "INCREMENTAL" and isinstance(cursor, str):
        try:
            return _changes(work, mapped, cursor)
        except Refused as refused:
            if refused.status != _RESYNC:  # else Microsoft no longer knows what has changed since: all over again
                raise
    return _everything(work, mapped)


def attributes(kind: str) -> dict[str, str]:
    """App user attributes to Graph's, for a provisioning type."""
    return BASIC | MORE if kind in _DIRSYNC_TYPES else BASIC


def select(mapped: dict[str, str]) -> str:
    return ",".join(dict.fromkeys((*_ALWAYS, *mapped.values())))


def _everything(work: Work, mapped: dict[str, str]) -> Report:
    start = work.graph.get(f"/users/delta?$deltatoken=latest&$select={select(mapped)}").get("@odata.deltaLink")
    count = 0
    for users in _pages(work, f"/users?$select={select(mapped)}&$top=999", USERS_AT_ONCE):
        work.port.page(work.job, {"users": [person(user, mapped) for user in users], "full": True})
        count += len(users)
    work.checkpoint("users", {"count": count})
    if work.job.desired.get("groups"):
        for groups in _pages(work, f"/groups?$select={_GROUP_SELECT}&$top=999", GROUPS_AT_ONCE):
            work.port.page(work.job, {"groups": [_group(work, group) for group in groups], "full": True})
    work.port.page(work.job, {"last": True, "full": True, "cursor": start})
    return Report("done", work.events, result={"users": count})


def _changes(work: Work, mapped: dict[str, str], cursor: str) -> Report:
    url: str | None = cursor
    changed, removed = [], []
    link = cursor
    while url is not None:
        page = work.graph.get(url)
        for item in page.get("value") or ():
            if "@removed" in item:
                removed.append(str(item["id"]))
            else:
                changed.append(person(item, mapped))
        url, link = page.get("@odata.nextLink"), page.get("@odata.deltaLink") or link
    for at in range(0, len(changed), USERS_AT_ONCE):
        work.port.page(work.job, {"users": changed[at : at + USERS_AT_ONCE]})
    for at in range(0, len(removed), USERS_AT_ONCE):
        work.port.page(work.job, {"removed": removed[at : at + USERS_AT_ONCE]})
    work.port.page(work.job, {"last": True, "cursor": link})
    return Report("done", work.events, result={"users": len(changed)})


def _pages(work: Work, path: str, size: int) -> Iterator[list[Doc]]:
    """A collection in pieces, without holding all of it."""
    url: str | None = path
    while url is not None:
        page = work.graph.get(url)
        items = page.get("value") or []
        for at in range(0, len(items), size):
            yield items[at : at + size]
        url = page.get("@odata.nextLink")


def person(user: Doc, mapped: dict[str, str]) -> Doc:
    """A user as the org takes people: with the reason why not, where one is not importable."""
    profile = {name: _value(user.get(source)) for name, source in mapped.items()}
    profile["immutableId"] = user.get("onPremisesImmutableId")
    why = reason(user)
    row = {"externalId": user["id"], "userName": user.get("userPrincipalName") or user["id"], "profile": profile,
           "eligible": why is None}  # fmt: skip
    return {**row, "reason": why} if why else row


def _value(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def reason(user: Doc) -> str | None:
    """Why a user is not imported; None for one who is: sign-in enabled, a licence, first and last name, email."""
    if user.get("accountEnabled") is not True:
        return "Sign-in is blocked."
    if not user.get("assignedLicenses"):
        return "No license is assigned."
    for title, name in (("First name", "givenName"), ("Last name", "surname"), ("Email", "mail")):
        if not str(user.get(name) or "").strip():
            return f"{title} is blank."
    return None


def _group(work: Work, group: Doc) -> Doc:
    """A group as the org takes groups; Active Directory's are left to its own agent."""
    kind, why = group_type(group)
    row: Doc = {"externalId": group["id"], "name": group.get("displayName") or group["id"], "type": kind,
                "description": group.get("description")}  # fmt: skip
    if why is not None:
        return {**row, "eligible": False, "reason": why}
    members = work.graph.all(f"/groups/{group['id']}/members?$select=id&$top=999")
    return {**row, "members": [str(member["id"]) for member in members]}


def group_type(group: Doc) -> tuple[str, str | None]:
    """Microsoft 365, Security or Distribution; and why it is not imported."""
    kind = (
        "Microsoft 365" if "Unified" in (group.get("groupTypes") or ())
        else "Distribution" if group.get("mailEnabled") and not group.get("securityEnabled")
        else "Security" if not group.get("mailEnabled") else "Mail-enabled security"
    )  # fmt: skip
    if group.get("onPremisesSyncEnabled"):
        return kind, "The group is sourced from Active Directory."
    if kind == "Mail-enabled security":
        return kind, "Mail-enabled security groups are not imported."
    return kind, None


def failed(work: Work, failure: Failure) -> Report:
    """Inferred frame; the event tells what could not be downloaded."""
    what, kind = ("groups", DOWNLOAD_GROUPS) if "users" in work.job.steps else ("users", DOWNLOAD_USERS)
    text = f"Could not download {what}, received error: {bare(failure)}"
    log = [event(kind, "FAILURE", reason=text, debug=failure.debug)]
    return Report("failed", log, message=text, error_code=failure.code)


PROCEDURE = Procedure(run, failed)
