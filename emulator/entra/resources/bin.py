"""Soft-deleted objects: their tables, how one gets there, and what goes with one. Source: graph-entra.md 1.20."""

from dataclasses import dataclass

from emulator.entra import queries
from emulator.entra.audit import audit, target
from emulator.entra.resources import directory_roles, licences, memberships, ownership, skus
from emulator.entra.resources.references import TYPES, shapes
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.query import Compare
from emulator.store import Column, Kind

LIFE = 30 * DAY
DELETED_USERS = Kind(
    "deleted_users",
    (
        Column("userPrincipalName", fold=True), Column("onPremisesImmutableId"), Column("displayName", fold=True),
        Column("mail", fold=True), Column("deletedDateTime"),
    ),
)  # fmt: skip
DELETED_GROUPS = Kind("deleted_groups", (Column("displayName", fold=True), Column("deletedDateTime")))
DELETED_APPLICATIONS = Kind(
    "deleted_applications", (Column("displayName", fold=True), Column("deletedDateTime"), Column("appId"))
)
DELETED_PRINCIPALS = Kind(
    "deleted_service_principals", (Column("displayName", fold=True), Column("deletedDateTime"), Column("appId"))
)
DELETED_UNITS = Kind("deleted_administrative_units", (Column("displayName", fold=True), Column("deletedDateTime")))


@dataclass(frozen=True, slots=True)
class Bin:
    """The deleted objects of one type. words: as the audit log names the type."""

    resource: str
    kind: Kind
    words: str
    deleted: str
    restored: str


BINS = {
    item.resource: item for item in (
        Bin("user", DELETED_USERS, "user", "Delete user", "Restore user"),
        Bin("group", DELETED_GROUPS, "group", "Delete group", "Restore Group"),
        Bin("application", DELETED_APPLICATIONS, "application", "Delete application", "Restore application"),
        Bin("servicePrincipal", DELETED_PRINCIPALS, "service principal", "Remove service principal",
            "Restore service principal"),
        Bin("administrativeUnit", DELETED_UNITS, "administrative unit", "Delete administrative unit",
            "Restore administrative unit"),
    )
}  # fmt: skip


def is_over(call: Call, doc: Doc) -> bool:
    """Whether a deleted object's 30 days have passed."""
    return parse_iso(doc["deletedDateTime"]) + LIFE <= call.now


def discard(call: Call, resource: str, doc: Doc) -> None:
    """Soft-delete a live object; where it was a member is remembered. A user's name and seats are free."""
    _purge(call)
    found = BINS[resource]
    call.store.drop(shapes()[resource].kind, doc["id"])
    gone = {**doc, "deletedDateTime": iso_seconds(call.now), "_memberships": _leave_groups(call, doc["id"])}
    if resource == "user":
        for sku_id in licences.active(doc):
            skus.take_seats(call.store, sku_id, -1)
        name = doc["userPrincipalName"]
        gone.update(userPrincipalName=doc["id"].replace("-", "") + name, _userPrincipalName=name)
    call.store.drop(found.kind, doc["id"])
    call.store.add(found.kind, gone)
    audit(call, found.deleted, [target(TYPES[resource], doc)])


def _leave_groups(call: Call, id: str) -> list[list[str]]:
    """Take an object out of the groups that it is in or owns; answers where it was, for a restore."""
    found = []
    for kind in (memberships.GROUP_MEMBERS, memberships.GROUP_OWNERS):
        found += [[kind.name, row["group"]] for row in call.store.drop_where(kind, "member", id)]
    return found


def join_groups(call: Call, id: str, held: list[list[str]]) -> None:
    """Put a restored object back where it was, as far as the groups are still there."""
    kinds = {kind.name: kind for kind in (memberships.GROUP_MEMBERS, memberships.GROUP_OWNERS)}
    for name, group in held:
        if call.store.get(shapes()["group"].kind, group) or call.store.get(DELETED_GROUPS, group):
            memberships.join(call.store, kinds[name], group, id)


def _purge(call: Call) -> None:
    """Remove what is over: done when something else is deleted, as a read writes nothing."""
    cut = iso_seconds(call.now - LIFE)
    for item in BINS.values():
        shape = queries.Shape(item.resource, "", item.kind)
        old = queries.compiled(call, shape, Compare(("deletedDateTime",), "le", cut))
        for doc in call.store.page(item.kind, old, limit=1000).docs:
            forget(call, item, doc)


def forget(call: Call, item: Bin, doc: Doc) -> None:
    """Gone for good: with it go memberships, roles and what was granted."""
    from emulator.entra import links
    from emulator.entra.resources import grants

    call.store.drop(item.kind, doc["id"])
    ownership.forget(call, doc["id"])
    directory_roles.principal_gone(call.store, doc["id"])
    links.forget_all(call.store, doc["id"])
    if item.resource == "servicePrincipal":
        grants.forget(call.store, doc["id"])
    scoped = call.store.kinds.get("scoped_role_members")
    if item.resource == "administrativeUnit" and scoped is not None:
        call.store.drop_where(scoped, "administrativeUnitId", doc["id"])
