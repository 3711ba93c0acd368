"""The recycle bin: /directory/deletedItems. Source: graph-entra.md 1.20.

Deleted objects are apart from the live ones, one table for each type. They stay 30 days; what is older is gone, whether
or not anything has removed it yet. A deleted user gives the user name free, but keeps the immutable id.
"""

from emulator.entra import queries, shaping
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.permissions import needs_permission
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import ownership, restoring, users
from emulator.entra.resources.bin import BINS, LIFE, Bin, discard, forget, is_over
from emulator.entra.resources.references import TYPES, shapes
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.query import Compare

READ = (
    "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", "User.DeleteRestore.All",
    "Directory.AccessAsUser.All", "Group.Read.All", "Group.ReadWrite.All", "Application.Read.All",
    "Application.ReadWrite.All", "AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All",
)  # fmt: skip
WRITE = ("User.DeleteRestore.All", "User.ReadWrite.All", "Group.ReadWrite.All", "Application.ReadWrite.All",
         "AdministrativeUnit.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")  # fmt: skip
# What the token must hold for a type: to see deleted ones, to bring one back or remove it for good.
_SEES = {
    "user": ("User.Read.All", "User.ReadWrite.All", "User.DeleteRestore.All"),
    "group": ("Group.Read.All", "Group.ReadWrite.All"),
    "application": ("Application.Read.All", "Application.ReadWrite.All"),
    "servicePrincipal": ("Application.Read.All", "Application.ReadWrite.All"),
    "administrativeUnit": ("AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All"),
}  # fmt: skip
_CHANGES = {
    "user": ("User.DeleteRestore.All", "User.ReadWrite.All"), "group": ("Group.ReadWrite.All",),
    "application": ("Application.ReadWrite.All",), "servicePrincipal": ("Application.ReadWrite.All",),
    "administrativeUnit": ("AdministrativeUnit.ReadWrite.All",),
}  # fmt: skip
_ALWAYS_SEE = ("Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
_ALWAYS_CHANGE = ("Directory.ReadWrite.All", "Directory.AccessAsUser.All")
ADMINS = {"roles": ("User Administrator", "Groups Administrator", "Application Administrator",
                    "Cloud Application Administrator", "Privileged Role Administrator")}  # fmt: skip
DELETED_USERS = BINS["user"].kind


def shape_of(resource: str) -> Shape:
    """How deleted objects of a type are listed: as live ones, with the date."""
    live = shapes()[resource]
    default = (
        live.default
        if "deletedDateTime" in live.default or not live.default
        else ("id", "deletedDateTime", *live.default)
    )
    return Shape(
        resource,
        live.set,
        BINS[resource].kind,
        tuple(dict.fromkeys(default)),
        live.everything,
        full=live.full,
        worked=live.worked,
    )


def _load(call: Call) -> tuple[Doc, Bin]:
    id = call.path["id"].lower()
    for found in BINS.values():
        doc = call.store.get(found.kind, id)
        if doc is not None and not is_over(call, doc):
            return doc, found
    raise not_found(call.path["id"], what="deleted item")


def _fresh(call: Call) -> Compare:
    return Compare(("deletedDateTime",), "gt", iso_seconds(call.now - LIFE))


def _named(call: Call) -> str:
    """The type that the path names by a cast."""
    name = call.operation.path.partition("microsoft.graph.")[2].partition("/")[0]
    needs_permission(call, *_SEES[name], *_ALWAYS_SEE)
    return name


@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.user", source=DOCUMENTED, scope=READ)
@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.group", source=DOCUMENTED, scope=READ)
@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.application", source=DOCUMENTED, scope=READ)
@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal", source=DOCUMENTED, scope=READ)
@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.administrativeUnit", source=DOCUMENTED, scope=READ)
def list_items(call: Call) -> Collection:
    """Deleted objects of one type, as long as they can be restored."""
    name = _named(call)
    if name not in shapes():
        return Collection("directoryObjects", [])
    return queries.collection(call, shape_of(name), only=_fresh(call))


@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.user/$count", source=DOCUMENTED, scope=READ)
@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.group/$count", source=DOCUMENTED, scope=READ)
@operation("GET", "/v1.0/directory/deletedItems/microsoft.graph.application/$count", source=DOCUMENTED, scope=READ)
def count_items(call: Call) -> Answer:
    """How many deleted objects of one type can be restored, as text."""
    return queries.count_text(call, queries.counted(call, shape_of(_named(call)), only=_fresh(call)))


@operation("GET", "/v1.0/directory/deletedItems/{id}", source=DOCUMENTED, scope=READ)
def get_item(call: Call) -> Entity:
    """One deleted object of any kind."""
    doc, found = _load(call)
    needs_permission(call, *_SEES[found.resource], *_ALWAYS_SEE)
    wanted = queries.options(call, found.resource, single=True)
    return _entity(queries.shown(call, shape_of(found.resource), doc, wanted), found.resource)


@operation(
    "DELETE", "/v1.0/directory/deletedItems/{id}", source=DOCUMENTED, scope=WRITE, extra=ADMINS,
    emits=("Hard Delete user", "Hard Delete group", "Hard Delete application", "Hard Delete service principal",
           "Hard Delete administrative unit"),
)  # fmt: skip
def remove_item(call: Call) -> None:
    """Delete for good: the immutable id is free, memberships and roles go."""
    doc, found = _load(call)
    needs_permission(call, *_CHANGES[found.resource], *_ALWAYS_CHANGE)
    if found.resource == "user":
        users.check_sensitive(call, doc, {"delete"})
    forget(call, found, doc)
    audit(call, f"Hard Delete {found.words}", [target(TYPES[found.resource], doc)])


@operation(
    "POST", "/v1.0/directory/deletedItems/{id}/restore", source=DOCUMENTED, body="optional_json", scope=WRITE,
    extra=ADMINS,
    emits=("Restore user", "Restore Group", "Restore application", "Restore service principal",
           "Restore administrative unit"),
)  # fmt: skip
def restore_item(call: Call) -> Entity:
    """Bring a deleted object back, a user with its licences while seats are free."""
    doc, found = _load(call)
    needs_permission(call, *_CHANGES[found.resource], *_ALWAYS_CHANGE)
    if found.resource == "user":
        users.check_sensitive(call, doc, {"delete"})
    call.store.drop(found.kind, doc["id"])
    live = restoring.restored(call, found, doc)
    audit(call, found.restored, [target(TYPES[found.resource], live)])
    return _entity(shaping.shown(call, shapes()[found.resource], live, queries.QueryOptions()), found.resource)


@operation(
    "POST", "/v1.0/directory/deletedItems/getUserOwnedObjects", source=DOCUMENTED, commit="manual",
    scope=("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.AccessAsUser.All"),
)  # fmt: skip
def owned_items(call: Call) -> Collection:
    """Deleted objects that a user owned; groups are the only type that is known."""
    user, kind = call.body.get("userId"), call.body.get("type")
    if not isinstance(user, str) or not user:
        raise required("userId", "DirectoryObject")
    if kind != "Group":
        raise invalid("type", "DirectoryObject", kind, rule="type is Group.")
    ids = [
        row["group"]
        for owners in ownership.links(call, "group_owners")
        for row in call.store.find_all(owners, "member", user.lower())
    ]
    found = [doc for doc in call.store.get_many(BINS["group"].kind, ids) if not is_over(call, doc)]
    shape = shape_of("group")
    items = [
        {"@odata.type": "#microsoft.graph.group", **queries.shown(call, shape, doc, queries.QueryOptions())}
        for doc in found
    ]
    return Collection("directoryObjects", items)


def _entity(doc: Doc, resource: str) -> Entity:
    return Entity("directoryObjects/$entity", {"@odata.type": f"#microsoft.graph.{resource}", **doc})


def discard_user(call: Call, user: Doc) -> None:
    """Soft-delete a user."""
    discard(call, "user", user)


def discard_group(call: Call, group: Doc) -> None:
    """Soft-delete a group."""
    discard(call, "group", group)
