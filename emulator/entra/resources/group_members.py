"""Members and owners of groups: /groups/{id}/members and /owners. Source: graph-entra.md 1.9."""

from emulator.entra import relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection
from emulator.entra.problems import invalid, not_found
from emulator.entra.relations import related
from emulator.entra.resources import dynamic_groups, group_rules, groups
from emulator.entra.resources import references as refs
from emulator.entra.resources.memberships import GROUP_MEMBERS, GROUP_OWNERS, join, leave, member_ids
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

WRITE = ("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
OWNER_WRITE = ("Group.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
MOST_BOUND = 20
MOST_OWNERS = 100
_WORDS = {
    "members": ("Add member to group", "Remove member from group"),
    "owners": ("Add owner to group", "Remove owner from group"),
}


# -- reading ------------------------------------------------------------------------------------------------------


@related("/v1.0/groups/{id}/members", source=DOCUMENTED)
def list_members(call: Call) -> Collection | Answer | Doc:
    """The direct members of a group."""
    return relations.of_links(call, GROUP_MEMBERS, by="group", id=groups.load(call)["id"], to="member")


@related("/v1.0/groups/{id}/owners", source=DOCUMENTED)
def list_owners(call: Call) -> Collection | Answer | Doc:
    """The owners of a group."""
    return relations.of_links(call, GROUP_OWNERS, by="group", id=groups.load(call)["id"], to="member")


@related("/v1.0/groups/{id}/transitiveMembers", source=DOCUMENTED)
def list_transitive_members(call: Call) -> Collection | Answer | Doc:
    """The members of a group, and of the groups in it."""
    return relations.of_objects(call, transitive(call, groups.load(call)))


def transitive(call: Call, group: Doc) -> list[Doc]:
    """Members at any depth, each once, with its type."""
    found: dict[str, Doc] = {}
    open_ends = [group]
    while open_ends:
        for item in groups.members(call, open_ends.pop()):
            if item["id"] not in found:
                found[item["id"]] = item
                open_ends += [item] if item["_resource"] == "group" else []
    return list(found.values())


# -- writing ------------------------------------------------------------------------------------------------------


@operation("POST", "/v1.0/groups/{id}/members/$ref", source=DOCUMENTED, scope=WRITE, emits=("Add member to group",))
def add_member(call: Call) -> None:
    """Add a member."""
    group = _writable(call)
    _add(call, group, refs.bind(call.body), "members", GROUP_MEMBERS)


@operation(
    "DELETE", "/v1.0/groups/{id}/members/{memberId}/$ref", source=DOCUMENTED, scope=WRITE,
    emits=("Remove member from group",),
)  # fmt: skip
def remove_member(call: Call) -> None:
    """Remove a member."""
    _remove(call, _writable(call), "members", GROUP_MEMBERS, call.path["memberId"])


@operation(
    "DELETE", "/v1.0/groups/{id}/members/$ref", source=DOCUMENTED, scope=WRITE, emits=("Remove member from group",)
)
def remove_member_by_url(call: Call) -> None:
    """Remove the member that `@id=…` in the query names."""
    _remove(call, _writable(call), "members", GROUP_MEMBERS, refs.named_in_query(call))


@operation(
    "DELETE", "/v1.0/groups/{id}/members/{memberId}", source=DOCUMENTED, emits=("Delete user", "Delete group"),
    scope=("User.ReadWrite.All", "User.DeleteRestore.All", "Group.ReadWrite.All", "Directory.AccessAsUser.All"),
)  # fmt: skip
def delete_member_object(call: Call) -> None:
    """Without `/$ref` the member itself is deleted, if the caller may delete such objects."""
    from emulator.entra.resources import directory_objects

    group, id = groups.load(call), call.path["memberId"].lower()
    if id not in member_ids(call.store, GROUP_MEMBERS, group["id"]):
        raise not_found(call.path["memberId"], what=f"member of {group['displayName']}")
    directory_objects.delete(call, id)


@operation("POST", "/v1.0/groups/{id}/owners/$ref", source=DOCUMENTED, scope=OWNER_WRITE, emits=("Add owner to group",))
def add_owner(call: Call) -> None:
    """Add an owner: a user or service principal."""
    group = _writable(call, members=False)
    _add(call, group, refs.bind(call.body), "owners", GROUP_OWNERS)


@operation(
    "DELETE", "/v1.0/groups/{id}/owners/{memberId}/$ref", source=DOCUMENTED, scope=OWNER_WRITE,
    emits=("Remove owner from group",),
)  # fmt: skip
def remove_owner(call: Call) -> None:
    """Remove an owner; the last one of a Microsoft 365 group stays."""
    _remove_owner(call, call.path["memberId"])


@operation(
    "DELETE", "/v1.0/groups/{id}/owners/$ref", source=DOCUMENTED, scope=OWNER_WRITE, emits=("Remove owner from group",)
)
def remove_owner_by_url(call: Call) -> None:
    """Remove the owner that `@id=…` in the query names."""
    _remove_owner(call, refs.named_in_query(call))


def _remove_owner(call: Call, id: str) -> None:
    group = _writable(call, members=False)
    owners = groups.members(call, group, GROUP_OWNERS)
    if "Unified" in group["groupTypes"] and [item["id"] for item in owners] == [id.lower()]:
        compared = (Compared("owners", 1, group["displayName"]),)
        text = "The group must have at least one owner, hence this owner cannot be removed."
        raise Problem("bad", text, why=Why("The last owner of a Microsoft 365 group stays.", compared))
    _remove(call, group, "owners", GROUP_OWNERS, id)


def _writable(call: Call, *, members: bool = True) -> Doc:
    """The group of the path, if Graph and the caller may change who is in it (or who owns it)."""
    group = groups.load(call)
    groups.refuse_mastered(group)
    groups.guard_role_group(call, group)
    if members and dynamic_groups.is_dynamic(group):
        compared = (Compared("groupTypes", group["groupTypes"], group["displayName"]),)
        raise Problem("denied", why=Why("A rule decides who is in a dynamic group.", compared))
    group_rules.needs_owner(call, group)
    return group


def _add(call: Call, group: Doc, url: str, name: str, kind: Kind) -> None:
    allowed: tuple[str, ...] = ("user", "servicePrincipal") if name == "owners" else refs.MEMBERS
    if "Unified" in group["groupTypes"] and name == "members":
        allowed = ("user",)
    item = refs.referenced(call, url, only=allowed)
    if name == "owners":
        _check_owners(call, group)
    if item.get("isAssignableToRole") or (item["_resource"] == "group" and group.get("isAssignableToRole")):
        compared = (
            Compared("isAssignableToRole", bool(group.get("isAssignableToRole")), group["displayName"]),
            Compared("member", item["_resource"], "request body"),
        )
        text = "Nesting is not supported for groups that can be assigned to a role."
        raise Problem("bad", text, why=Why("Role-assignable groups neither nest nor are nested.", compared))
    if item["id"] == group["id"] or not join(call.store, kind, group["id"], item["id"]):
        compared = (Compared(name, item["id"], "request body"), Compared("group", group["displayName"], "tenant"))
        raise Problem("reference_exists", name, why=Why("The object is linked already.", compared))
    _log(call, _WORDS[name][0], group, item)
    if name == "members":
        _settle(call, group, item["id"])


def _check_owners(call: Call, group: Doc) -> None:
    held = len(member_ids(call.store, GROUP_OWNERS, group["id"]))
    if held >= MOST_OWNERS:
        compared = (Compared("owners", held, group["displayName"]), Compared("at most", MOST_OWNERS, "Graph"))
        text = f"The number of owners exceeds the limit of {MOST_OWNERS}."
        raise Problem("bad", text, why=Why("The number of owners is limited.", compared))


def _remove(call: Call, group: Doc, name: str, kind: Kind, member_id: str) -> None:
    id = member_id.lower()
    if not leave(call.store, kind, group["id"], id):
        raise not_found(member_id, what=f"entry in the {name} of {group['displayName']}")
    _log(call, _WORDS[name][1], group, refs.directory_object(call, id) or {"id": id})
    if name == "members":
        _settle(call, group, id)


def _settle(call: Call, group: Doc, member_id: str) -> None:
    """Licences of the group follow its members; so do rules that ask for memberships."""
    from emulator.entra.resources import group_licences

    if group["assignedLicenses"]:
        group_licences.member_changed(call, member_id)
    dynamic_groups.user_changed(call, member_id)


def _log(call: Call, activity: str, group: Doc, item: Doc) -> None:
    values: dict[str, tuple[object, object]] = {
        "Group.ObjectID": (None, group["id"]),
        "Group.DisplayName": (None, group["displayName"]),
    }
    if activity.startswith("Remove"):
        values = {name: (new, old) for name, (old, new) in values.items()}
    audit(call, activity, [target(item.get("_type", "User"), public(item), changed=values), target("Group", group)])


def _bound(call: Call, name: str) -> list[str]:
    """What `{name}@odata.bind` of the body lists. Raises 400."""
    urls = call.body.get(f"{name}@odata.bind", [])
    if not isinstance(urls, list) or len(urls) > MOST_BOUND or not all(isinstance(url, str) for url in urls):
        raise invalid(f"{name}@odata.bind", "Group", urls, rule=f"{name}@odata.bind holds up to {MOST_BOUND} URLs.")
    return urls


def bind(call: Call, group: Doc, name: str, kind: Kind) -> None:
    """Add what `{name}@odata.bind` of the body lists."""
    urls = _bound(call, name)
    if urls and name == "members" and dynamic_groups.is_dynamic(group):
        compared = (Compared("groupTypes", group["groupTypes"], group["displayName"]),)
        raise Problem("denied", why=Why("A rule decides who is in a dynamic group.", compared))
    for url in urls:
        _add(call, group, url, name, kind)


def bind_at_creation(call: Call, group: Doc) -> None:
    """Owners and members of a new group, 20 in all; a signed-in creator owns it."""
    bound = {name: len(_bound(call, name)) for name in ("owners", "members")}
    if sum(bound.values()) > MOST_BOUND:
        rule = f"A group is created with at most {MOST_BOUND} relationships."
        raise invalid("members@odata.bind", "Group", bound, rule=rule)
    bind(call, group, "owners", GROUP_OWNERS)
    bind(call, group, "members", GROUP_MEMBERS)
    if call.caller.kind == "user" and join(call.store, GROUP_OWNERS, group["id"], call.caller.id):
        owner = refs.directory_object(call, call.caller.id)
        _log(call, "Add owner to group", group, owner or {"id": call.caller.id})
