"""The recycle bin: /directory/deletedItems. Source: graph-entra.md 1.20.

Deleted users and groups are apart from the live ones. They stay 30 days; what is older is gone, whether or not
anything has removed it yet. A deleted user gives the user name free, but keeps the immutable id.
"""

from emulator.entra import queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import conflict, not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import (
    directory_roles,
    groups,
    licence_rules,
    licences,
    mailboxes,
    memberships,
    skus,
    user_rules,
    users,
)
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Problem
from emulator.kernel.query import Compare
from emulator.store import Column, Kind

DELETED_USERS = Kind(
    "deleted_users",
    (
        Column("userPrincipalName", fold=True), Column("onPremisesImmutableId"), Column("displayName", fold=True),
        Column("mail", fold=True), Column("deletedDateTime"),
    ),
)  # fmt: skip
DELETED_GROUPS = Kind("deleted_groups", (Column("displayName", fold=True), Column("deletedDateTime")))
LIFE = 30 * DAY
READ = (
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.DeleteRestore.All",
    "Directory.AccessAsUser.All",
)
GROUP_READ = (
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Directory.AccessAsUser.All",
)
WRITE = ("User.DeleteRestore.All", "User.ReadWrite.All", "Group.ReadWrite.All", "Directory.AccessAsUser.All")
ADMINS = {"roles": ("User Administrator", "Groups Administrator")}
USER_SHAPE = Shape(
    "user", "users", DELETED_USERS, ("id", "deletedDateTime", *users.DEFAULT), users.EVERYTHING, full=users.full,
    worked=users.WORKED,
)  # fmt: skip
GROUP_SHAPE = Shape("group", "groups", DELETED_GROUPS, groups.DEFAULT, groups.SHAPE.everything)


def is_over(call: Call, doc: Doc) -> bool:
    """Whether a deleted object's 30 days have passed."""
    return parse_iso(doc["deletedDateTime"]) + LIFE <= call.now


def _load(call: Call) -> tuple[Doc, Shape, str]:
    id = call.path["id"].lower()
    for shape, resource in ((USER_SHAPE, "user"), (GROUP_SHAPE, "group")):
        found = call.store.get(shape.kind, id)
        if found is not None and not is_over(call, found):
            return found, shape, resource
    raise not_found(call.path["id"], what="deleted item")


def discard_user(call: Call, user: Doc) -> None:
    """Soft-delete: the name is prefixed and thereby free, seats are free, licences are remembered."""
    _purge(call)
    call.store.drop(users.USERS, user["id"])
    for sku_id in licences.active(user):
        skus.take_seats(call.store, sku_id, -1)
    name = user["userPrincipalName"]
    gone = {**user, "userPrincipalName": user["id"].replace("-", "") + name, "_userPrincipalName": name}
    call.store.drop(DELETED_USERS, user["id"])
    call.store.add(DELETED_USERS, {**gone, "deletedDateTime": iso_seconds(call.now)})
    audit(call, "Delete user", [target("User", user)])


def discard_group(call: Call, group: Doc) -> None:
    """Soft-delete a group; its members are remembered."""
    _purge(call)
    call.store.drop(groups.GROUPS, group["id"])
    call.store.add(DELETED_GROUPS, {**group, "deletedDateTime": iso_seconds(call.now)})
    audit(call, "Delete group", [target("Group", group)])


def _purge(call: Call) -> None:
    """Remove what is over: done when something else is deleted, as a read writes nothing."""
    cut = iso_seconds(call.now - LIFE)
    for shape in (USER_SHAPE, GROUP_SHAPE):
        old = queries.compiled(call, shape, Compare(("deletedDateTime",), "le", cut))
        for doc in call.store.page(shape.kind, old, limit=1000).docs:
            _forget(call, shape.kind, doc)


def _forget(call: Call, kind: Kind, doc: Doc) -> None:
    call.store.drop(kind, doc["id"])
    memberships.forget(call.store, doc["id"])
    directory_roles.principal_gone(call.store, doc["id"])


@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.user", source=DOCUMENTED, scope=READ)
def list_users(call: Call) -> Collection:
    """Deleted users, as long as they can be restored."""
    return queries.collection(call, USER_SHAPE, only=_fresh(call))


@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.group", source=DOCUMENTED, scope=GROUP_READ)
def list_groups(call: Call) -> Collection:
    """Deleted groups, as long as they can be restored."""
    return queries.collection(call, GROUP_SHAPE, only=_fresh(call))


def _fresh(call: Call) -> Compare:
    return Compare(("deletedDateTime",), "gt", iso_seconds(call.now - LIFE))


@operation("GET", "/v1.0/directory/deletedItems/{id}", source=DOCUMENTED, scope=(*READ, *GROUP_READ))
def get_item(call: Call) -> Entity:
    """One deleted object of any kind."""
    doc, shape, resource = _load(call)
    shown = queries.shown(call, shape, doc, queries.options(call, resource))
    return Entity("directoryObjects/$entity", {"@odata.type": f"#microsoft.graph.{resource}", **shown})


@operation(
    "DELETE",
    "/v1.0/directory/deletedItems/{id}",
    source=DOCUMENTED,
    scope=WRITE,
    extra=ADMINS,
    emits=("Hard Delete user", "Hard Delete group"),
)
def remove_item(call: Call) -> None:
    """Delete for good: the immutable id is free, memberships and roles go."""
    doc, shape, resource = _load(call)
    if resource == "user":
        users.check_sensitive(call, doc, {"delete"})
    _forget(call, shape.kind, doc)
    audit(call, f"Hard Delete {resource}", [target(resource.capitalize(), doc)])


@operation(
    "POST",
    "/v1.0/directory/deletedItems/{id}/restore",
    source=DOCUMENTED,
    body="optional_json",
    scope=WRITE,
    extra=ADMINS,
    emits=("Restore user", "Restore Group"),
)
def restore_item(call: Call) -> Entity:
    """Bring a deleted object back, with its licences while seats are free."""
    doc, shape, resource = _load(call)
    call.store.drop(shape.kind, doc["id"])
    doc.pop("deletedDateTime", None)
    if resource == "group":
        group = {**doc, "deletedDateTime": None}
        call.store.add(groups.GROUPS, group)
        audit(call, "Restore Group", [target("Group", group)])
        return _restored(call, groups.SHAPE, group, "group")
    users.check_sensitive(call, doc, {"delete"})
    user = _restored_user(call, doc)
    audit(call, "Restore user", [target("User", user)])
    return _restored(call, users.SHAPE, user, "user")


def _restored(call: Call, shape: Shape, doc: Doc, resource: str) -> Entity:
    shown = queries.shown(call, shape, doc, queries.QueryOptions())
    return Entity("directoryObjects/$entity", {"@odata.type": f"#microsoft.graph.{resource}", **shown})


def _restored_user(call: Call, doc: Doc) -> Doc:
    """The live user again: the name must be free, and the addresses (or they are dropped on request)."""
    wanted = call.body.get("newUserPrincipalName")
    name = doc.pop("_userPrincipalName")
    if wanted is not None:
        name = user_rules.checked({"userPrincipalName": wanted})["userPrincipalName"]
        user_rules.domain_of(call, name)
    user = {**doc, "userPrincipalName": name}
    users.refuse_taken_name(call, user["id"], name)
    clashes = [
        item for item in user["proxyAddresses"] if mailboxes.taken(call.store, item.partition(":")[2], user["id"])
    ]
    if clashes and call.body.get("autoReconcileProxyConflict") is not True:
        raise conflict("proxyAddresses", clashes[0], "another object")
    user["proxyAddresses"] = [item for item in user["proxyAddresses"] if item not in clashes]
    user["identities"] = user_rules.identities(call, user, user["identities"])
    rows, user["licenseAssignmentStates"] = user["licenseAssignmentStates"], []
    licences.settle(call.store, user, _seated(call, rows), now=call.now)
    users.store(call, user, new=True)
    return user


def _seated(call: Call, rows: list[Doc]) -> list[Doc]:
    """The assignments of a restored user; without a free seat one is kept with its error (inferred)."""
    kept = []
    for row in rows:
        try:
            licence_rules.check_seats(call.store, row["skuId"])
            kept.append(row)
        except Problem:
            kept.append({**row, "state": "Error", "error": "CountViolation"})
    return kept
