"""Group push: when a pushed group, its members or a mapping change, and what the connector is then asked to do.

Source: okta-admin-api.md 9. Two kinds of job, both with `subject {appId, groupId, mappingId, displayName}`:

group.push: bring the group at the other side in line. desired: `{mappingId, sourceGroup {id, name, description},
target {externalId | null, name}, members [externalId...]}`; members are those whom the app has provisioned. A `done`
report carries `result {externalId}`.
group.unlink: the mapping is gone, and the group at the other side goes with it. desired: `{mappingId, target
{externalId, name}, deleteTarget: true}`. A mapping that is deleted without its target leaves nothing to do there.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.okta import job_queue, task_store
from emulator.okta.app_kinds import APP_USERS, APPS
from emulator.okta.apps_catalog import TYPES
from emulator.store import Column, Kind

MAPPINGS = Kind(
    "group_push_mappings",
    (Column("_appId"), Column("sourceGroupId"), Column("targetGroupId"), Column("status")),
    together=(("_appId", "sourceGroupId"),),
)
ACTIVE, INACTIVE, ERROR = "ACTIVE", "INACTIVE", "ERROR"
FEATURE = "GROUP_PUSH"


def at(now: int) -> str:
    """An instant as mappings carry it: without milliseconds."""
    return iso(now)[:19] + "Z"


def key(mapping: Doc) -> str:
    """Jobs about one mapping replace each other."""
    return f"group:{mapping['id']}"


def of_app(store: Any, app_id: str) -> list[Doc]:
    found: list[Doc] = store.find_all(MAPPINGS, "_appId", app_id)
    return found


def of_source(store: Any, app_id: str, group_id: str) -> list[Doc]:
    """A group's mappings in an app: one at the most."""
    return [row for row in store.find_all(MAPPINGS, "sourceGroupId", group_id) if row["_appId"] == app_id]


def push(call: Call, app: Doc, mapping: Doc) -> bool:
    """Ask the connector to push; False where the mapping is inactive or nobody pushes for the app."""
    if mapping["status"] == INACTIVE or not TYPES[app["name"]].provisioning or FEATURE not in app["features"]:
        return False
    wanted = desired(call.store, mapping)
    if wanted is None:
        return False
    job_queue.enqueue(call, "group.push", key=key(mapping), subject=_subject(mapping, wanted), desired=wanted, app=app)
    return True


def desired(store: Any, mapping: Doc) -> Doc | None:
    """The group as Okta wants it now; None when it is gone."""
    from emulator.okta.resources import groups

    source, target = (store.get(groups.GROUPS, mapping[name]) for name in ("sourceGroupId", "targetGroupId"))
    if source is None or target is None:
        return None
    members = [
        row["externalId"]
        for user_id in groups.member_ids(store, source["id"])
        if (row := store.get(APP_USERS, f"{mapping['_appId']}.{user_id}")) is not None and row["externalId"]
    ]
    profile = source["profile"]
    name = profile["name"] if mapping.get("_follows") else target["profile"]["name"]
    return {
        "mappingId": mapping["id"],
        "sourceGroup": {"id": source["id"], "name": profile["name"], "description": profile.get("description")},
        "target": {"externalId": mapping.get("_externalId"), "name": name},
        "members": members,
    }


def _subject(mapping: Doc, wanted: Doc) -> Doc:
    return {
        "appId": mapping["_appId"], "groupId": mapping["sourceGroupId"], "mappingId": mapping["id"],
        "displayName": wanted["sourceGroup"]["name"],
    }  # fmt: skip


def unlink(call: Call, app: Doc, mapping: Doc, *, delete: bool) -> None:
    """A mapping is gone: what waited for it and what failed of it is dropped, and the target deleted if wanted."""
    wanted = desired(call.store, mapping)
    job_queue.cancel(call, key(mapping))
    task_store.close(call, key(mapping), task_store.DISMISSED)
    if not delete or wanted is None or not mapping.get("_externalId") or not TYPES[app["name"]].provisioning:
        return
    job_queue.enqueue(
        call, "group.unlink", key=key(mapping), subject=_subject(mapping, wanted), app=app,
        desired={"mappingId": mapping["id"], "target": wanted["target"], "deleteTarget": True},
    )  # fmt: skip


def left_to_imports(call: Call, mapping: Doc) -> None:
    """The target outlives its mapping: from now on it is the app's own, as one that an import brought."""
    from emulator.okta.resources import groups

    group = call.store.get(groups.GROUPS, mapping["targetGroupId"])
    if group is not None and mapping.get("_externalId"):
        call.store.put(groups.GROUPS, {**group, "_externalId": mapping["_externalId"], "_imported": True})


# -- what others tell ------------------------------------------------------------------------------------------------


def group_changed(call: Call, group_id: str) -> None:
    """A group's profile or members have changed: its mappings are pushed again, under a name that follows it."""
    for mapping in call.store.find_all(MAPPINGS, "sourceGroupId", group_id):
        app = call.store.get(APPS, mapping["_appId"])
        if app is not None:
            _rename(call.store, mapping)
            push(call, app, mapping)


def _rename(store: Any, mapping: Doc) -> None:
    """The app's group has the name of the group that it follows."""
    from emulator.okta.resources import groups

    source, target = (store.get(groups.GROUPS, mapping[name]) for name in ("sourceGroupId", "targetGroupId"))
    if mapping.get("_follows") and source and target and target["profile"]["name"] != source["profile"]["name"]:
        target["profile"]["name"] = source["profile"]["name"]
        store.put(groups.GROUPS, target)


def group_gone(call: Call, group_id: str) -> None:
    """A deleted source group takes its mappings with it; a deleted target, too. The groups outside stay (inferred)."""
    for column in ("sourceGroupId", "targetGroupId"):
        for mapping in call.store.drop_where(MAPPINGS, column, group_id):
            job_queue.cancel(call, key(mapping))


def app_gone(store: Any, app: Doc) -> None:
    """A deleted app takes its mappings and the groups that they made with it."""
    from emulator.okta.resources import groups

    for mapping in store.drop_where(MAPPINGS, "_appId", app["id"]):
        store.drop(groups.GROUPS, mapping["targetGroupId"])


def user_provisioned(call: Call, app: Doc, user_id: str) -> None:
    """A user has an account now, so the pushed groups they are in may name it."""
    from emulator.okta.resources import groups

    mappings = of_app(call.store, app["id"])
    mine = set(groups.groups_of(call.store, user_id)) if mappings else set()
    for mapping in mappings:
        if mapping["sourceGroupId"] in mine:
            push(call, app, mapping)


def reported(call: Call, job: Doc, report: Doc, *, failed: bool) -> None:
    """Take the connector's report of a push into the mapping."""
    mapping = call.store.get(MAPPINGS, job["subject"]["mappingId"])
    if mapping is None:
        return
    result = report.get("result") or {}
    if isinstance(result.get("externalId"), str):
        mapping["_externalId"] = result["externalId"]
    if failed:
        mapping["status"] = ERROR
        mapping["errorSummary"] = str(report.get("message") or "The group could not be pushed")[:255]
    else:
        mapping["status"] = ACTIVE if mapping["status"] == ERROR else mapping["status"]
        mapping.pop("errorSummary", None)
        mapping["lastPush"] = at(call.now)
    mapping["lastUpdated"] = at(call.now)
    call.store.put(MAPPINGS, mapping)
