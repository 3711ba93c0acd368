"""What an import does with groups: an app's groups become groups of type APP_GROUP. Source: seed-catalogue.md 1.2.

A row: `{externalId, name, description?, type?, profile?, members [externalIds]}`; or, not imported, `{…,
eligible: false, reason}`. Members whom nobody has linked yet come with a later import, or when they are confirmed.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import group_push, import_store, memberships
from emulator.okta.app_kinds import APP_GROUPS, APP_USERS
from emulator.okta.directory_users import AD
from emulator.okta.events import app_target, emit, group_target
from emulator.okta.params import stamp
from emulator.okta.resources import groups
from emulator.okta.resources.groups import GROUPS
from emulator.okta.user_docs import USERS

EMITS = (
    "application.provision.group.import", "system.import.group.create", "system.import.group.update",
    "system.import.group.delete", "group.user_membership.add", "group.user_membership.remove", "group.lifecycle.delete",
)  # fmt: skip
# Inferred for apps other than Active Directory.
_CLASSES = {AD: "okta:windows_security_principal"}


def imported(store: Any, app_id: str) -> list[Doc]:
    """The groups that imports have brought from an app; not those that are pushed to it."""
    return [group for group in store.find_all(GROUPS, "source.id", app_id) if group.get("_imported")]


def _known(call: Call, app: Doc) -> Doc:
    """An app's imported groups by external id; read once a call."""
    key = f"imported groups {app['id']}"
    if key not in call.memo:
        call.memo[key] = {group["_externalId"]: group for group in imported(call.store, app["id"])}
    found: Doc = call.memo[key]
    return found


def _pushed(call: Call, app: Doc) -> set[str]:
    """External ids of the groups that Okta itself keeps at the app."""
    key = f"pushed groups {app['id']}"
    if key not in call.memo:
        rows = group_push.of_app(call.store, app["id"])
        call.memo[key] = {mapping["_externalId"] for mapping in rows if mapping.get("_externalId")}
    found: set[str] = call.memo[key]
    return found


def take(call: Call, app: Doc, run: Doc, row: Doc) -> None:
    """Import one group with its members, and count what was done."""
    run["groupsScanned"] += 1
    if not row.get("eligible", True):
        import_store.skip(run, row, row.get("reason") or "The group is not eligible for import.", kind="groups")
        return
    if row["externalId"] in _pushed(call, app):
        import_store.skip(run, row, "The group is pushed from Okta.", kind="groups")
        return
    present = _known(call, app).get(row["externalId"])
    group = present or _create(call, app, row)
    changed = _change(call, app, group, row) if present else False
    moved = _members(call, app, run, group, row["members"])
    run["groupsUpdated" if changed or (present and moved) else "groupsUnchanged" if present else "groupsAdded"] += 1


def _profile(row: Doc) -> Doc:
    return {"name": row["name"], "description": row.get("description"), **row.get("profile", {})}


def _create(call: Call, app: Doc, row: Doc) -> Doc:
    id = call.ids.okta("00g")
    group = groups.new_group(_profile(row), id=id, now=call.now, kind="APP_GROUP", source=app["id"])
    group["objectClass"] = [_CLASSES.get(app["name"], "okta:user_group")]
    group["_externalId"], group["_imported"] = row["externalId"], True
    call.store.add(GROUPS, group)
    _known(call, app)[row["externalId"]] = group
    emit(call, "system.import.group.create", [group_target(group), app_target(app)])
    return group


def _change(call: Call, app: Doc, group: Doc, row: Doc) -> bool:
    wanted = {**group["profile"], **_profile(row)}
    if wanted == group["profile"]:
        return False
    group["profile"], group["lastUpdated"] = wanted, stamp(call.now)
    call.store.put(GROUPS, group)
    emit(call, "system.import.group.update", [group_target(group), app_target(app)])
    return True


def _members(call: Call, app: Doc, run: Doc, group: Doc, members: list[str]) -> bool:
    """Bring the members in line with the source; whether anybody came or went."""
    if set(group.get("_importedMembers", ())) != set(members):
        group["_importedMembers"] = sorted(set(members))
        call.store.put(GROUPS, group)
    wanted = {row["userId"] for id in dict.fromkeys(members) if (row := _linked(call.store, app["id"], id))}
    held = set(groups.member_ids(call.store, group["id"]))
    for user in call.store.get_many(USERS, sorted(wanted - held)):
        run["membershipsAdded"] += memberships.enter(call, group, user)
    for user in call.store.get_many(USERS, sorted(held - wanted)):
        run["membershipsRemoved"] += memberships.leave(call, group, user)
    return wanted != held


def _linked(store: Any, app_id: str, external_id: str) -> Doc | None:
    rows = store.find_all(APP_USERS, "externalId", external_id)
    return next((row for row in rows if row["appId"] == app_id), None)


def joined(call: Call, app: Doc, user: Doc, external_id: str) -> None:
    """Somebody was confirmed: they enter the imported groups that name them."""
    for group in imported(call.store, app["id"]):
        if external_id in group.get("_importedMembers", ()):
            memberships.enter(call, group, user)


def app_gone(store: Any, app_id: str) -> None:
    """An app is deleted, and with it the groups that it had brought."""
    for group in imported(store, app_id):
        store.drop_where(memberships.MEMBERS, "group", group["id"])
        store.drop_where(APP_GROUPS, "groupId", group["id"])
        store.drop(GROUPS, group["id"])


def remove(call: Call, app: Doc, group: Doc) -> None:
    """An imported group goes, and with it what it assigned."""
    groups.remove(call, group)
    emit(call, "system.import.group.delete", [group_target(group), app_target(app)])
