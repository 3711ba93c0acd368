"""Members and owners of groups: /groups/{id}/members and /owners. Source: graph-entra.md 1.9."""

from emulator.entra import queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection
from emulator.entra.problems import invalid, not_found
from emulator.entra.resources import groups
from emulator.entra.resources import references as refs
from emulator.entra.resources.memberships import GROUP_MEMBERS, GROUP_OWNERS, join, leave
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

WRITE = ("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
OWNER_WRITE = ("Group.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
MOST_BOUND = 20
_WORDS = {
    "members": ("Add member to group", "Remove member from group"),
    "owners": ("Add owner to group", "Remove owner from group"),
}


def _listed(call: Call, kind: Kind) -> Collection:
    found = groups.members(call, groups.load(call), kind)
    return queries.of_documents(
        call, found, resource="directoryObject", context="directoryObjects", render=refs.rendered
    )


@operation("GET", "/v1.0/groups/{id}/members", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_members(call: Call) -> Collection:
    """The direct members of a group."""
    return _listed(call, GROUP_MEMBERS)


@operation("GET", "/v1.0/groups/{id}/owners", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_owners(call: Call) -> Collection:
    """The owners of a group."""
    return _listed(call, GROUP_OWNERS)


@operation("GET", "/v1.0/groups/{id}/transitiveMembers", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_transitive_members(call: Call) -> Collection:
    """The members of a group, and of the groups in it."""
    found: dict[str, Doc] = {}
    open_ends = [groups.load(call)]
    while open_ends:
        for item in groups.members(call, open_ends.pop()):
            if item["id"] not in found:
                found[item["id"]] = item
                open_ends += [item] if item["_resource"] == "group" else []
    return queries.of_documents(
        call, list(found.values()), resource="directoryObject", context="directoryObjects", render=refs.rendered
    )


@operation(
    "POST",
    "/v1.0/groups/{id}/members/$ref",
    source=DOCUMENTED,
    scope=WRITE,
    emits=("Add member to group",),
)
def add_member(call: Call) -> None:
    """Add a member."""
    group = _writable(call)
    _add(call, group, refs.bind(call.body), "members", GROUP_MEMBERS)


@operation(
    "DELETE",
    "/v1.0/groups/{id}/members/{memberId}/$ref",
    source=DOCUMENTED,
    scope=WRITE,
    emits=("Remove member from group",),
)
def remove_member(call: Call) -> None:
    """Remove a member."""
    _remove(call, _writable(call), "members", GROUP_MEMBERS)


@operation(
    "POST",
    "/v1.0/groups/{id}/owners/$ref",
    source=DOCUMENTED,
    scope=OWNER_WRITE,
    emits=("Add owner to group",),
)
def add_owner(call: Call) -> None:
    """Add an owner: a user or service principal."""
    group = _writable(call)
    _add(call, group, refs.bind(call.body), "owners", GROUP_OWNERS)


@operation(
    "DELETE",
    "/v1.0/groups/{id}/owners/{memberId}/$ref",
    source=DOCUMENTED,
    scope=OWNER_WRITE,
    emits=("Remove owner from group",),
)
def remove_owner(call: Call) -> None:
    """Remove an owner; the last one of a Microsoft 365 group stays."""
    group = _writable(call)
    owners = groups.members(call, group, GROUP_OWNERS)
    if "Unified" in group["groupTypes"] and [item["id"] for item in owners] == [call.path["memberId"].lower()]:
        compared = (Compared("owners", 1, group["displayName"]),)
        text = "The group must have at least one owner, hence this owner cannot be removed."
        raise Problem("bad", text, why=Why("The last owner of a Microsoft 365 group stays.", compared))
    _remove(call, group, "owners", GROUP_OWNERS)


def _writable(call: Call) -> Doc:
    """The group of the path, if Graph and the caller may change who is in it."""
    from emulator.entra.graph import needs_role

    group = groups.load(call)
    groups.refuse_mastered(group)
    groups.guard_role_group(call, group)
    if "DynamicMembership" in group["groupTypes"]:
        compared = (Compared("groupTypes", group["groupTypes"], group["displayName"]),)
        raise Problem("denied", why=Why("A rule decides who is in a dynamic group.", compared))
    owners = {row["id"] for row in groups.members(call, group, GROUP_OWNERS)}
    if call.caller.kind == "user" and call.caller.id not in owners:
        needs_role(call, *groups.ADMINS["roles"])
    return group


def _add(call: Call, group: Doc, url: str, name: str, kind: Kind) -> None:
    allowed: tuple[str, ...] = ("user", "servicePrincipal") if name == "owners" else refs.MEMBERS
    if "Unified" in group["groupTypes"] and name == "members":
        allowed = ("user",)
    item = refs.referenced(call, url, only=allowed)
    if item["id"] == group["id"] or not join(call.store, kind, group["id"], item["id"]):
        compared = (Compared(name, item["id"], "request body"), Compared("group", group["displayName"], "tenant"))
        raise Problem("reference_exists", name, why=Why("The object is linked already.", compared))
    _log(call, _WORDS[name][0], group, item)
    if name == "members":
        _settle(call, group, item["id"])


def _remove(call: Call, group: Doc, name: str, kind: Kind) -> None:
    id = call.path["memberId"].lower()
    if not leave(call.store, kind, group["id"], id):
        raise not_found(call.path["memberId"], what=f"entry in the {name} of {group['displayName']}")
    _log(call, _WORDS[name][1], group, refs.directory_object(call, id) or {"id": id})
    if name == "members":
        _settle(call, group, id)


def _settle(call: Call, group: Doc, member_id: str) -> None:
    """Licences of the group follow its members."""
    from emulator.entra.resources import group_licences

    if group["assignedLicenses"]:
        group_licences.member_changed(call, member_id)


def _log(call: Call, activity: str, group: Doc, item: Doc) -> None:
    values: dict[str, tuple[object, object]] = {
        "Group.ObjectID": (None, group["id"]),
        "Group.DisplayName": (None, group["displayName"]),
    }
    if activity.startswith("Remove"):
        values = {name: (new, old) for name, (old, new) in values.items()}
    audit(call, activity, [target(item.get("_type", "User"), public(item), changed=values), target("Group", group)])


def bind(call: Call, group: Doc, name: str, kind: Kind) -> None:
    """Add what `{name}@odata.bind` of the body lists."""
    urls = call.body.get(f"{name}@odata.bind", [])
    if not isinstance(urls, list) or len(urls) > MOST_BOUND or not all(isinstance(url, str) for url in urls):
        raise invalid(f"{name}@odata.bind", "Group", urls, rule=f"{name}@odata.bind holds up to {MOST_BOUND} URLs.")
    for url in urls:
        _add(call, group, url, name, kind)


def bind_at_creation(call: Call, group: Doc) -> None:
    """Owners and members of a new group; a signed-in creator owns it."""
    bind(call, group, "owners", GROUP_OWNERS)
    bind(call, group, "members", GROUP_MEMBERS)
    if call.caller.kind == "user" and join(call.store, GROUP_OWNERS, group["id"], call.caller.id):
        owner = refs.directory_object(call, call.caller.id)
        _log(call, "Add owner to group", group, owner or {"id": call.caller.id})
