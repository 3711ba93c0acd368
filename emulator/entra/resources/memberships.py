"""Who is in which group, and who owns one: stored links and the lists that show them.

Source: graph-entra.md 1.8 (memberOf, getMemberGroups), 1.9.
"""

from typing import Any

from emulator.entra import queries
from emulator.entra.graph import Collection
from emulator.entra.problems import invalid
from emulator.entra.resources.references import marked, rendered
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
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
    """Ids of the groups that an object is a direct member of."""
    return [row["group"] for row in store.find_all(GROUP_MEMBERS, "member", member_id)]


def all_group_ids(store: Store, member_id: str) -> list[str]:
    """Ids of the groups that an object is in, directly or by nesting."""
    found: dict[str, None] = {}
    open_ends = [member_id]
    while open_ends:
        for group_id in group_ids(store, open_ends.pop()):
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
    """The groups and directory roles of an object, each with its type."""
    from emulator.entra.resources import directory_roles, groups

    ids = all_group_ids(call.store, member_id) if nested else group_ids(call.store, member_id)
    found = [marked(group, "group") for group in call.store.get_many(groups.GROUPS, ids)]
    held = [row["role"] for row in call.store.find_all(directory_roles.ROLE_MEMBERS, "principal", member_id)]
    return found + [marked(role, "directoryRole") for role in call.store.get_many(directory_roles.ROLES, held)]


def member_of(call: Call, member_id: str, *, nested: bool) -> Collection:
    """memberOf and transitiveMemberOf; a cast at the end of the path narrows them to one type."""
    found = of(call, member_id, nested=nested)
    cast = (
        call.exchange.path.rstrip("/").rpartition("microsoft.graph.")[2]
        if "/microsoft.graph." in call.exchange.path
        else ""
    )
    if cast:
        found = [item for item in found if item["_resource"].casefold() == cast.casefold()]
    return queries.of_documents(call, found, resource="directoryObject", context="directoryObjects", render=rendered)


@operation("GET", "/v1.0/users/{id}/memberOf", source=DOCUMENTED)
@operation(
    "GET",
    "/v1.0/users/{id}/memberOf/microsoft.graph.group",
    source=DOCUMENTED,
    scope=(
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "GroupMember.Read.All",
        "GroupMember.ReadWrite.All",
        "Group.Read.All",
        "User.Read",
    ),
)
@operation(
    "GET",
    "/v1.0/users/{id}/memberOf/microsoft.graph.directoryRole",
    source=DOCUMENTED,
    scope=("Directory.Read.All", "Directory.ReadWrite.All", "RoleManagement.Read.Directory", "User.Read"),
)
def user_member_of(call: Call) -> Collection:
    """Groups and roles that a user holds directly."""
    from emulator.entra.resources import users

    return member_of(call, users.load(call)["id"], nested=False)


@operation("GET", "/v1.0/users/{id}/transitiveMemberOf", source=DOCUMENTED)
def user_transitive_member_of(call: Call) -> Collection:
    """Groups and roles that a user holds, nested groups included."""
    from emulator.entra.resources import users

    return member_of(call, users.load(call)["id"], nested=True)


@operation("GET", "/v1.0/groups/{id}/memberOf", source=DOCUMENTED)
def group_member_of(call: Call) -> Collection:
    """Groups that a group is nested in."""
    from emulator.entra.resources import groups

    return member_of(call, groups.load(call)["id"], nested=False)


@operation("POST", "/v1.0/users/{id}/getMemberGroups", source=DOCUMENTED, commit="manual")
def get_member_groups(call: Call) -> Doc:
    """Ids of all groups of a user; `securityEnabledOnly` leaves the others out."""
    from emulator.entra.resources import groups, users

    user = users.load(call)
    only = _flag(call.body)
    found = call.store.get_many(groups.GROUPS, all_group_ids(call.store, user["id"]))
    return _strings(call, [group["id"] for group in found if group["securityEnabled"] or not only])


@operation("POST", "/v1.0/users/{id}/getMemberObjects", source=DOCUMENTED, commit="manual")
def get_member_objects(call: Call) -> Doc:
    """Ids of all groups and roles of a user."""
    from emulator.entra.resources import users

    user = users.load(call)
    only = _flag(call.body)
    found = of(call, user["id"], nested=True)
    return _strings(call, [item["id"] for item in found if item.get("securityEnabled", True) or not only])


@operation("POST", "/v1.0/users/{id}/checkMemberGroups", source=DOCUMENTED, commit="manual")
def check_member_groups(call: Call) -> Doc:
    """Which of up to 20 groups a user is in."""
    from emulator.entra.resources import users

    user = users.load(call)
    wanted = call.body.get("groupIds")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 20 or not all(isinstance(item, str) for item in wanted):
        raise invalid("groupIds", "User", wanted, rule="groupIds holds 1 to 20 group ids.")
    held = set(all_group_ids(call.store, user["id"]))
    return _strings(call, [item for item in wanted if item.lower() in held])


def _flag(body: Any) -> bool:
    value = body.get("securityEnabledOnly", False)
    if not isinstance(value, bool):
        raise invalid("securityEnabledOnly", "User", value, rule="securityEnabledOnly is true or false.")
    return value


def _strings(call: Call, values: list[str]) -> Doc:
    return {"@odata.context": f"{call.base}/v1.0/$metadata#Collection(Edm.String)", "value": values}
