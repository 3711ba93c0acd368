"""Who is in which group, and who owns one: stored links. The lists that show them are in member_lists.py.

Source: graph-entra.md 1.8 (memberOf, getMemberGroups), 1.9.
"""

from emulator.entra.resources.references import marked
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.store import Column, Duplicate, Kind, Store

GROUP_MEMBERS = Kind("group_members", (Column("group"), Column("member")), together=(("group", "member"),))
GROUP_OWNERS = Kind("group_owners", (Column("group"), Column("member")), together=(("group", "member"),))


def link(group_id: str, member_id: str) -> Doc:
    """The stored link between a group and a member or an owner."""
    return {"id": f"{group_id}.{member_id}", "group": group_id, "member": member_id}


def join(store: Store, kind: Kind, group_id: str, member_id: str) -> bool:
    """Add a link; False when it is there already."""
    try:
        store.add(kind, link(group_id, member_id))
    except Duplicate:
        return False
    return True


def leave(store: Store, kind: Kind, group_id: str, member_id: str) -> bool:
    """Drop a link; False when there was none."""
    return store.drop(kind, f"{group_id}.{member_id}") is not None


def member_ids(store: Store, kind: Kind, group_id: str) -> list[str]:
    """Ids of a group's members (or owners), in order of joining."""
    return [row["member"] for row in store.find_all(kind, "group", group_id)]


def group_ids(store: Store, member_id: str) -> list[str]:
    """Ids of the groups that an object is a direct member of, deleted ones included."""
    return [row["group"] for row in store.find_all(GROUP_MEMBERS, "member", member_id)]


def live_group_ids(store: Store, member_id: str) -> list[str]:
    """Ids of the live groups that an object is a direct member of."""
    from emulator.entra.resources import groups

    held = group_ids(store, member_id)
    return [group["id"] for group in store.get_many(groups.GROUPS, held)] if held else []


def all_group_ids(store: Store, member_id: str) -> list[str]:
    """Ids of the live groups that an object is in, directly or by nesting."""
    found: dict[str, None] = {}
    open_ends = [member_id]
    while open_ends:
        for group_id in live_group_ids(store, open_ends.pop()):
            if group_id not in found:
                found[group_id] = None
                open_ends.append(group_id)
    return list(found)


def forget(store: Store, object_id: str) -> None:
    """An object is deleted for good: its links go, as a member and as a group."""
    for kind in (GROUP_MEMBERS, GROUP_OWNERS):
        store.drop_where(kind, "member", object_id)
        store.drop_where(kind, "group", object_id)


def of(call: Call, member_id: str, *, nested: bool = False) -> list[Doc]:
    """The groups and directory roles (and administrative units) of an object, each with its type."""
    from emulator.entra.resources import directory_roles, groups

    ids = all_group_ids(call.store, member_id) if nested else group_ids(call.store, member_id)
    found = [marked(group, "group") for group in call.store.get_many(groups.GROUPS, ids)]
    holders = [member_id, *(group["id"] for group in found if group.get("isAssignableToRole") and nested)]
    held = [
        row["role"]
        for holder in holders
        for row in directory_roles.in_force(
            call.store, call.store.find_all(directory_roles.ROLE_MEMBERS, "principal", holder)
        )
    ]
    roles = call.store.get_many(directory_roles.ROLES, list(dict.fromkeys(held)))
    return [*found, *(marked(role, "directoryRole") for role in roles), *_units(call, member_id)]


def _units(call: Call, member_id: str) -> list[Doc]:
    from emulator.entra.resources.references import objects

    kind = call.store.kinds.get("unit_members")
    if kind is None or len(kind.columns) < 2:
        return []
    near, far = kind.columns[:2]
    ids = [row[near.path] for row in call.store.find_all(kind, far.path, member_id)]
    return list(objects(call, ids, only="administrativeUnit").values())
