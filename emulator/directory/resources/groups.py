"""Directory groups and their members: /_lab/directory/groups."""

from typing import Any

from emulator.directory import objects
from emulator.directory.objects import COLUMNS, render, required
from emulator.directory.resources import users
from emulator.directory.resources.users import OURS, USERS, objects_page
from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.store import Column, Kind, Multi

GROUPS = Kind(
    "groups", (Column("sAMAccountName", fold=True, unique=True), *COLUMNS),
    multi=(Multi("proxyAddresses", fold=True, unique=True),),
)  # fmt: skip
MEMBERS = Kind("members", (Column("groupId"), Column("memberId")))
SEED_RANK = 60
_AT = "/_lab/directory/groups"
_TYPES = ("security", "distribution")
_SCOPES = ("global", "universal", "domainLocal")
_SCOPE_BITS, _SECURITY_BIT = {"global": 2, "domainLocal": 4, "universal": 8}, -(2**31)
"""Flags of LDAP's `groupType`, a signed number of 32 bits."""
_OURS = frozenset({"type", "scope", "sourceAnchor"})
"""What a group is shown with that LDAP does not know."""


@operation("GET", _AT, source=OURS, auth="none", paging=Paging(200, 1000), query=("after",))
def list_groups(call: Call) -> Listing:
    """Groups in order of making."""
    return objects_page(call, GROUPS)


@operation("GET", _AT + "/{name}", source=OURS, auth="none")
def get_group(call: Call) -> Doc:
    """One group, by sAMAccountName or objectGUID, with the names of its members."""
    return _shown(call, load(call))


def _shown(call: Call, group: Doc) -> Doc:
    return {**render(group), "member": [doc["distinguishedName"] for doc in members_of(call.store, group["id"])]}


@operation("POST", _AT, source=OURS, auth="none", status=201)
def create_group(call: Call) -> Doc:
    """Create a group: sAMAccountName, `type` (security, distribution), `scope`, `mail`, `container`."""
    for key, value in call.body.items():
        objects.checked(key, value)
    return _shown(call, add(call.store, call.ids.guid("objectGUID"), call.now, call.body, _domain(call.store)))


@operation("PATCH", _AT + "/{name}", source=OURS, auth="none")
def update_group(call: Call) -> Doc:
    """Change attributes; null removes one."""
    group = objects.change(load(call), call.body)
    _check(group)
    return _shown(call, objects.put(call.store, GROUPS, group, call.now))


@operation("DELETE", _AT + "/{name}", source=OURS, auth="none")
def delete_group(call: Call) -> None:
    """Delete a group."""
    group = load(call)
    call.store.drop_where(MEMBERS, "groupId", group["id"])
    forget(call, group["id"])
    objects.drop(call.store, GROUPS, group)


@operation("PUT", _AT + "/{name}/members/{member}", source=OURS, auth="none", body="none")
def add_member(call: Call) -> None:
    """Add a user or a group."""
    put_in(call, load(call), member_named(call.store, call.path["member"]))


@operation("DELETE", _AT + "/{name}/members/{member}", source=OURS, auth="none")
def remove_member(call: Call) -> None:
    """Take a member out."""
    take_out(call, load(call), member_named(call.store, call.path["member"]))


def in_ldap(group: Doc) -> Doc:
    """A group's attributes as LDAP has them, by name in small letters; without its members."""
    found = {name.lower(): value for name, value in render(group).items() if name not in _OURS}
    kind = _SCOPE_BITS[group["scope"]] + (_SECURITY_BIT if group["type"] == "security" else 0)
    return {**found, "grouptype": kind, "name": group["cn"]}


def put_in(call: Call, group: Doc, member: Doc) -> None:
    """Make an object a member; one that is already changes nothing."""
    row = {"id": f"{group['id']}.{member['id']}", "groupId": group["id"], "memberId": member["id"]}
    if call.store.get(MEMBERS, row["id"]) is None:
        call.store.add(MEMBERS, row)
        objects.put(call.store, GROUPS, group, call.now)


def take_out(call: Call, group: Doc, member: Doc) -> None:
    """End a membership, if there is one."""
    if call.store.drop(MEMBERS, f"{group['id']}.{member['id']}") is not None:
        objects.put(call.store, GROUPS, group, call.now)


def member_named(store: Any, name: str) -> Doc:
    """A user or group by any of its names. Raises 404."""
    found = users.find(store, name) or find(store, name)
    if found is None:
        raise objects.missing(name, "user or group")
    return found


def forget(call: Call, member_id: str) -> None:
    """Take an object out of all groups, which thereby change."""
    for row in call.store.drop_where(MEMBERS, "memberId", member_id):
        group = call.store.get(GROUPS, row["groupId"])
        if group is not None:
            objects.put(call.store, GROUPS, group, call.now)


def members_of(store: Any, group_id: str) -> list[Doc]:
    """The direct members of a group."""
    ids = [row["memberId"] for row in store.find_all(MEMBERS, "groupId", group_id)]
    return [*store.get_many(USERS, ids), *store.get_many(GROUPS, ids)]


def find(store: Any, name: str) -> Doc | None:
    found: Doc | None = store.find(GROUPS, "sAMAccountName", name) or store.get(GROUPS, name)
    return found


def load(call: Call) -> Doc:
    found = find(call.store, call.path["name"])
    if found is None:
        raise objects.missing(call.path["name"], "group")
    return found


def _check(group: Doc) -> None:
    for key, known in (("type", _TYPES), ("scope", _SCOPES)):
        if group.get(key) not in known:
            compared = (Compared(key, group.get(key), "request body"), Compared("known", ", ".join(known), "schema"))
            raise Problem("constraintViolation", f"{key} is not valid.", why=Why("A group has one of these.", compared))


def _domain(store: Any) -> str:
    from emulator.directory.resources import forests

    return str(forests.the(store)["forest"])


def add(store: Any, guid: str, now: int, attributes: Doc, domain: str) -> Doc:
    """Insert a group."""
    sam = required(attributes, "sAMAccountName")
    given = {key: value for key, value in attributes.items() if key not in objects.FIXED}
    container = given.pop("container", None)
    given = {"type": "security", "scope": "global", "cn": sam, **given}
    _check(given)
    if "distinguishedName" not in given:
        given["distinguishedName"] = objects.placed(given["cn"], container, domain)
    return objects.add(store, GROUPS, guid, now, given)


def seed(seeding: Seeding) -> None:
    """`groups: [{objectGUID?, sAMAccountName, type?, scope?, mail?, container?, members: [sAMAccountName]}]`."""
    for given in seeding.spec.get("groups", ()):
        guid = given.get("objectGUID") or seeding.ids.guid("objectGUID")
        own = {key: value for key, value in given.items() if key != "members"}
        add(seeding.store, guid, seeding.now, own, seeding.spec["forest"])
        for name in given.get("members", ()):
            member = users.find(seeding.store, name) or find(seeding.store, name)
            if member is None:
                raise LabError(
                    f"The group {given['sAMAccountName']} has no member {name!r}.", hint="Add it to `users`."
                )
            row = {"id": f"{guid}.{member['id']}", "groupId": guid, "memberId": member["id"]}
            seeding.store.add(MEMBERS, row)
