"""group.push and group.unlink: an Okta group as a security group of the tenant, or as one that was linked.

Source: seed-catalogue.md, 0.3 GP; okta-admin-api.md 9. The org's payloads are those of okta/group_push.py.
A group made here is found again by its mailNickname, which holds the mapping's id.
"""

from emulator.kernel.doc import Doc
from emulator.office365.errors import Failure, Refused
from emulator.office365.graph_client import literal
from emulator.office365.jobs import Procedure, Report, Work, event
from emulator.office365.provision import nickname

_PUSH = "application.provision.group_push."
PUSHED, UPDATED, MEMBERS = _PUSH + "pushed", _PUSH + "updated", _PUSH + "push_memberships"
FAILED, DELETED = _PUSH + "mapping.update.or.delete.failed.with.error", _PUSH + "delete_appgroup"
_ERROR = "app.office365.api.error.group."
_SELECT = "id,displayName,description,securityEnabled,mailEnabled,groupTypes,onPremisesSyncEnabled"
_READ_STAGE, _CREATE, _UPDATE, _MEMBER, _DELETE = "read", "create", "update", "membership.update", "delete"


class Doing:
    """Which part of a push is under way, for the event that a failure is told by."""

    def __init__(self) -> None:
        self.part = _UPDATE


def run(work: Work) -> Report:
    """Bring the group and its members in line; the report carries its object id as `externalId`."""
    part = Doing()
    try:
        return _push(work, part)
    except Failure as failure:
        failure.debug["part"] = part.part
        raise


def _push(work: Work, part: Doing) -> Report:
    desired = work.job.desired
    group, made, fresh = _group(work, part)
    if made:
        work.log(PUSHED)
    else:
        part.part = _UPDATE
        if _describe(work, group):
            work.log(UPDATED)
    part.part = _MEMBER
    if _members(work, group, [str(item) for item in desired.get("members") or ()], fresh=fresh):
        work.log(MEMBERS)
    return Report("done", work.events, result={"externalId": group["id"], "created": made})


def _group(work: Work, part: Doing) -> tuple[Doc, bool, bool]:
    """The group; whether this job has made it, and whether just now. Raises `Refused` for one that is gone."""
    target = work.job.desired["target"]
    known = target.get("externalId")
    if known:
        return work.graph.get(f"/groups/{known}?$select={_SELECT}"), False, False
    alias = _alias(work)
    found = work.graph.all(f"/groups?$filter=mailNickname%20eq%20{literal(alias)}&$select={_SELECT}")
    if found:
        return found[0], "create" in work.job.steps, False
    part.part = _CREATE
    work.checkpoint("create", {"alias": alias})
    body: Doc = {
        "displayName": target["name"], "mailEnabled": False, "securityEnabled": True, "mailNickname": alias,
    }  # fmt: skip
    description = work.job.desired["sourceGroup"].get("description")
    if description:
        body["description"] = description
    return work.graph.post("/groups", body), True, True


def _alias(work: Work) -> str:
    """Unique to the mapping, so that a group made by an attempt that died is recognised."""
    return f"{nickname(work.job.desired['target']['name'])[:40]}_{work.job.desired['mappingId'][-12:]}"


def _describe(work: Work, group: Doc) -> bool:
    """Name and description as Okta has them; a group that was linked keeps its own description where Okta has none."""
    wanted = {"displayName": work.job.desired["target"]["name"]}
    description = work.job.desired["sourceGroup"].get("description")
    if description:
        wanted["description"] = description
    changed = {name: value for name, value in wanted.items() if group.get(name) != value}
    if changed:
        work.graph.patch(f"/groups/{group['id']}", changed)
    return bool(changed)


def _members(work: Work, group: Doc, wanted: list[str], *, fresh: bool) -> bool:
    """Exactly the wanted members; whether anything changed."""
    path = f"/groups/{group['id']}/members"
    held = [] if fresh else [str(item["id"]) for item in work.graph.all(f"{path}?$select=id&$top=999")]
    add = [id for id in wanted if id not in set(held)]
    remove = [id for id in held if id not in set(wanted)]
    for id in add:
        work.graph.post(f"{path}/$ref", {"@odata.id": f"{work.graph.root}/directoryObjects/{id}"})
    for id in remove:
        work.graph.delete(f"{path}/{id}/$ref")
    return bool(add or remove)


def unlink(work: Work) -> Report:
    """The mapping is gone, and the group with it; one that is gone already is fine."""
    target = work.job.desired["target"]
    try:
        work.graph.delete(f"/groups/{target['externalId']}")
    except Refused as refused:
        if refused.status != 404:
            raise
    return Report("done", [event(DELETED)], result={"externalId": target["externalId"]})


def failed(work: Work, failure: Failure) -> Report:
    """The push failed: told twice, in the org's words and in Office 365's."""
    part = str(failure.debug.pop("part", _DELETE))
    name, text = work.job.subject.get("displayName"), failure.text
    kind = _ERROR + f"{part}.failure"
    if failure.status == 404 and part == _MEMBER:
        kind = _ERROR + "membership.update.group.not.found.failure"
    elif failure.status == 404 and part == _UPDATE:
        kind = _ERROR + "update.failure.not.found"
    log = [event(item, "FAILURE", reason=text, debug=failure.debug) for item in (FAILED, kind)]
    message = f"Unable to push group {name} to app {work.job.label}: {text}"  # inferred frame
    return Report("failed", [*work.events, *log], message=message, error_code=failure.code)


PUSH = Procedure(run, failed)
UNLINK = Procedure(unlink, failed)
