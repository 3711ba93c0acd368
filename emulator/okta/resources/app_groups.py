"""Groups assigned to an app: /api/v1/apps/{appId}/groups, and what membership does. Source: okta-admin-api.md 7.2."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import app_profiles, assignments, group_push, lists, reach, slices
from emulator.okta.app_kinds import APP_GROUPS, APP_USERS, APPS
from emulator.okta.events import app_target, emit, group_target
from emulator.okta.params import body_object, part, stamp
from emulator.okta.problems import invalid, not_found

__all__ = ["APP_GROUPS", "app_ids", "group_gone", "member_joined", "member_left"]
JOINING, LEAVING, SETTLING = "app.members.joining", "app.members.leaving", "app.members.settling"
_MEMBERSHIP = (
    "application.user_membership.add",
    "application.user_membership.update",
    "application.user_membership.remove",
)


def app_ids(store: Any, group_id: str) -> list[str]:
    """Apps that a group is assigned to, in order of assignment."""
    return [row["appId"] for row in store.find_all(APP_GROUPS, "groupId", group_id)]


def new_assignment(app_id: str, group_id: str, *, priority: int, profile: Doc, now: int) -> Doc:
    return {
        "id": f"{app_id}.{group_id}", "appId": app_id, "groupId": group_id, "lastUpdated": stamp(now),
        "priority": priority, "profile": profile,
    }  # fmt: skip


def render(call: Call, row: Doc) -> Doc:
    """The assignment as the API shows it; its id is the group's."""
    api = f"{call.base}/api/v1"
    at = f"{api}/apps/{row['appId']}"
    return {
        "id": row["groupId"], "lastUpdated": row["lastUpdated"], "priority": row["priority"], "profile": row["profile"],
        "_links": {
            "app": {"href": at}, "self": {"href": f"{at}/groups/{row['groupId']}"},
            "group": {"href": f"{api}/groups/{row['groupId']}"},
        },
    }  # fmt: skip


def _shown(call: Call, row: Doc) -> Doc:
    from emulator.okta.resources import groups, schemas

    asked = call.params.get("expand")
    if asked == "group":
        return {**render(call, row), "_embedded": {"group": groups.render(call, groups.by_id(call, row["groupId"]))}}
    if asked == "metadata":
        known = schemas.app_attributes(call.store, row["appId"])
        return {**render(call, row), "_embedded": {"metadata": {"schema": known}}}
    if asked:
        why = Why("expand takes group or metadata.", (Compared("expand", asked, "query"),))
        raise invalid("RequestParams", "Expand query is malformed.", why=why)
    return render(call, row)


def _load(call: Call) -> tuple[Doc, Doc]:
    from emulator.okta.resources import apps

    app = apps.load(call)
    found = call.store.get(APP_GROUPS, f"{app['id']}.{call.path['groupId']}")
    if found is None:
        raise not_found(call.path["groupId"], "ApplicationGroupAssignment")
    return app, found


@operation(
    "GET", "/api/v1/apps/{appId}/groups", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get",
    paging=Paging(20, 200), query=("q", "limit", "after", "expand"),
)  # fmt: skip
def list_app_groups(call: Call) -> Listing:
    """Group assignments by priority; `q` is a prefix of the group's name."""
    from emulator.okta.resources import apps, groups

    app = apps.load(call)
    rows = [row for row in _by_priority(call.store, app["id"]) if reach.sees(call, group=row["groupId"])]
    wanted = (call.params.get("q") or "").casefold()
    if wanted:
        names = {
            g["id"]: g["profile"]["name"] for g in call.store.get_many(groups.GROUPS, [r["groupId"] for r in rows])
        }
        rows = [row for row in rows if names.get(row["groupId"], "").casefold().startswith(wanted)]
    after = call.params.get("after")
    ids = [row["groupId"] for row in rows]
    if after:
        if after not in ids:
            why = Why("The cursor names no group of this app.", (Compared("after", after, "query"),))
            raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
        rows = rows[ids.index(after) + 1 :]
    size = lists.page_size(call)
    more = rows[size - 1]["groupId"] if len(rows) > size else None
    return Listing([_shown(call, row) for row in rows[:size]], more)


@operation(
    "GET", "/api/v1/apps/{appId}/groups/{groupId}", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get"
)
def get_app_group(call: Call) -> Doc:
    """One group assignment."""
    return _shown(call, _load(call)[1])


@operation(
    "PUT", "/api/v1/apps/{appId}/groups/{groupId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    body="optional_json",
    emits=("group.application_assignment.add", "group.application_assignment.update", *_MEMBERSHIP),
)  # fmt: skip
def assign_group(call: Call) -> Doc:
    """Assign a group, or change its priority and profile; every active member gets the app, a slice at a time."""
    from emulator.okta.resources import apps, groups

    app, group, body = apps.load(call), groups.load(call), body_object(call)
    profile = app_profiles.for_group(call.store, app, body)
    return _assigned(call, app, group["id"], {**body, "profile": profile})


def _assigned(call: Call, app: Doc, group_id: str, body: Doc) -> Doc:
    """Make or change the assignment, and bring the members' app users up to date."""
    from emulator.okta.resources import groups

    present = call.store.get(APP_GROUPS, f"{app['id']}.{group_id}")
    priority = _priority(call, app, body, present)
    row = new_assignment(app["id"], group_id, priority=priority, profile=body["profile"], now=call.now)
    _make_room(call.store, row)
    call.store.save(APP_GROUPS, row)
    group = groups.by_id(call, group_id)
    event = "update" if present else "add"
    emit(call, f"group.application_assignment.{event}", [group_target(group), app_target(app)])
    slices.spread(call, JOINING, key=_key(app, group_id), app=app, subject={"groupId": group_id})
    return render(call, row)


def _key(app: Doc, group_id: str) -> str:
    return f"members:{app['id']}.{group_id}"


@slices.slice_of(JOINING)
def _joining(call: Call, app: Doc, subject: Doc, after: int) -> int | None:
    """A slice of an assigned group's members get the app, or new values."""
    from emulator.okta.resources import groups, users

    if call.store.get(APP_GROUPS, f"{app['id']}.{subject['groupId']}") is None:
        return None
    rows, left = slices.page(call.store, groups.MEMBERS, "group", subject["groupId"], after)
    for user in call.store.get_many(users.USERS, [row["user"] for row in rows]):
        _member_in(call, app, user)
    return left


@slices.slice_of(LEAVING)
def _leaving(call: Call, app: Doc, subject: Doc, after: int) -> int | None:
    """A slice of a group's members: whom no other group assigns loses the app."""
    from emulator.okta.resources import groups, users

    rows, left = slices.page(call.store, groups.MEMBERS, "group", subject["groupId"], after)
    for user in call.store.get_many(users.USERS, [row["user"] for row in rows]):
        _member_out(call, app, user)
    return left


@slices.slice_of(SETTLING)
def _settling(call: Call, app: Doc, subject: Doc, after: int) -> int | None:
    """The same for the members of a group that is gone: a slice of all the app's people."""
    from emulator.okta.resources import users

    rows, left = slices.page(call.store, APP_USERS, "appId", app["id"], after)
    for user in call.store.get_many(users.USERS, [row["userId"] for row in rows]):
        _member_out(call, app, user)
    return left


@operation(
    "PATCH", "/api/v1/apps/{appId}/groups/{groupId}", source=DOCUMENTED, scope=("okta.apps.manage",),
    bucket="apps.get", emits=("group.application_assignment.update", *_MEMBERSHIP),
)  # fmt: skip
def patch_group(call: Call) -> Doc:
    """Change priority or single attributes of the profile by a JSON Patch: add, replace and remove."""
    app, present = _load(call)
    change: Doc = {"priority": present["priority"], "profile": dict(present["profile"])}
    for step in patch_steps(call.body):
        _apply(change, step)
    app_profiles.check(app_profiles.attributes(call.store, app), change["profile"])
    return _assigned(call, app, present["groupId"], change)


def patch_steps(body: Any) -> list[Doc]:
    """The steps of a JSON Patch. Raises E0000003."""
    if not isinstance(body, list) or not all(isinstance(step, dict) for step in body):
        why = Why("A JSON Patch is a list of objects.", (Compared("body", type(body).__name__, "request body"),))
        raise Problem("E0000003", why=why)
    return body


def _apply(change: Doc, step: Doc) -> None:
    action, path = step.get("op"), step.get("path")
    place, _, name = path[1:].partition("/") if isinstance(path, str) and path.startswith("/") else ("", "", "")
    known = (place == "priority" and not name) or (place == "profile" and "/" not in name)
    if action not in ("add", "replace", "remove") or not known or (action == "remove" and not name):
        compared = (Compared("op", action, "request body"), Compared("path", path, "request body"))
        why = Why("A step adds, replaces or removes /profile/{attribute}, or sets /priority or /profile.", compared)
        raise invalid("path", f"path: '{str(path)[:100]}' is not valid", why=why)
    if name:
        name = name.replace("~1", "/").replace("~0", "~")
        change["profile"][name] = step.get("value") if action != "remove" else None
        if action == "remove":
            del change["profile"][name]
    else:
        change[place] = step.get("value") if place == "priority" else (part(step, "value") or {})


@operation(
    "DELETE", "/api/v1/apps/{appId}/groups/{groupId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("group.application_assignment.remove", *_MEMBERSHIP),
)  # fmt: skip
def unassign_group(call: Call) -> None:
    """End a group's assignment; users assigned through it alone lose the app."""
    from emulator.okta.resources import groups

    app, row = _load(call)
    _remove(call, app, groups.by_id(call, row["groupId"]))


def _remove(call: Call, app: Doc, group: Doc, *, gone: bool = False) -> None:
    """End a group's assignment; gone: its memberships end, too, as soon as this returns."""
    call.store.drop(APP_GROUPS, f"{app['id']}.{group['id']}")
    emit(call, "group.application_assignment.remove", [group_target(group), app_target(app)])
    key, subject = _key(app, group["id"]), {"groupId": group["id"]}
    if not slices.spread(call, LEAVING, key=key, app=app, subject=subject) and gone:
        slices.spread(call, SETTLING, key=key, app=app, subject=subject)


def _priority(call: Call, app: Doc, body: Doc, present: Doc | None) -> int:
    asked = body.get("priority")
    if asked is None:
        if present is not None:
            return int(present["priority"])
        return max((row["priority"] for row in _by_priority(call.store, app["id"])), default=-1) + 1
    if isinstance(asked, bool) or not isinstance(asked, int) or not 0 <= asked <= 10_000:
        why = Why("priority is a whole number from 0.", (Compared("priority", asked, "request body"),))
        raise invalid("priority", f"priority: '{asked}' is not valid", why=why)
    return asked


def _make_room(store: Any, row: Doc) -> None:
    """Assignments at the same or the following priorities move down by one."""
    taken = row["priority"]
    for other in _by_priority(store, row["appId"]):
        if other["id"] != row["id"] and other["priority"] == taken:
            other["priority"] = taken = taken + 1
            store.put(APP_GROUPS, other)


def _by_priority(store: Any, app_id: str) -> list[Doc]:
    return sorted(store.find_all(APP_GROUPS, "appId", app_id), key=lambda row: (row["priority"], row["groupId"]))


def _member_in(call: Call, app: Doc, user: Doc) -> None:
    """The app for a member of an assigned group, or its values brought up to date."""
    if user["status"] in ("STAGED", "DEPROVISIONED"):
        return
    present = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    if present is None:
        assignments.assign_automatically(call, app, user)
    elif present["scope"] == assignments.GROUP:
        assignments.regroup(call, app, present, user)


def _member_out(call: Call, app: Doc, user: Doc) -> None:
    present = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    if present is None or present["scope"] != assignments.GROUP:
        return
    if app_profiles.assigned_groups(call.store, app["id"], user["id"]):
        assignments.regroup(call, app, present, user)
    else:
        assignments.unassign(call, app, present, user)


# -- what groups.py tells ------------------------------------------------------------------------------------------


def member_joined(call: Call, group_id: str, user: Doc) -> None:
    """A user has become a member: the apps of the group are theirs now."""
    for app in call.store.get_many(APPS, app_ids(call.store, group_id)):
        _member_in(call, app, user)
    group_push.group_changed(call, group_id)


def member_left(call: Call, group_id: str, user: Doc) -> None:
    """A user is a member no longer: apps that came through this group alone go."""
    for app in call.store.get_many(APPS, app_ids(call.store, group_id)):
        _member_out(call, app, user)
    group_push.group_changed(call, group_id)


def group_gone(call: Call, group: Doc) -> None:
    """A group is about to be deleted: its assignments go first, while it still has its members."""
    for app in call.store.get_many(APPS, app_ids(call.store, group["id"])):
        _remove(call, app, group, gone=True)
    group_push.group_gone(call, group["id"])
