"""Groups as they are kept: the table, finding one, writing one, world files. Source: graph-entra.md 1.9."""

import re

from emulator.entra.filtering import EXTENSIONS
from emulator.entra.problems import not_found
from emulator.entra.resources import memberships
from emulator.entra.resources.user_store import by_upn, security_identifier
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.store import Column, Duplicate, Kind, Multi, Store

SEED_RANK = 45
GROUPS = Kind(
    "groups",
    (
        Column("displayName", fold=True), Column("mailNickname", fold=True), Column("mail", fold=True),
        Column("securityEnabled", kind="bool"), Column("mailEnabled", kind="bool"), Column("uniqueName", unique=True),
        Column("onPremisesSyncEnabled", kind="bool"), Column("createdDateTime"), Column("_dynamic", kind="bool"),
        Column("_anchor"),
    ),
    (
        Multi("groupTypes", fold=True), Multi("proxyAddresses", fold=True), Multi("_skus"),
        Multi(EXTENSIONS, fold=True),
    ),
)  # fmt: skip


def load(call: Call, key: str = "id") -> Doc:
    """The live group that the path names: by id, or as `uniqueName=…`."""
    found = by_key(call, call.path[key])
    if found is None:
        raise not_found(call.path[key].partition("=")[2] or call.path[key], what="live group")
    return found


def by_key(call: Call, key: str) -> Doc | None:
    name, equals, value = key.partition("=")
    if equals and name.lower() == "uniquename":
        found: Doc | None = call.store.find(GROUPS, "uniqueName", value)
        return found
    return call.store.get(GROUPS, key.lower()) or None


def by_name(store: Store, name: str) -> Doc | None:
    """The first group of that display name."""
    return store.find(GROUPS, "displayName", name)


def blank(id: str, now: int, **given: object) -> Doc:
    """A group with nobody in it."""
    at = iso_seconds(now)
    doc: Doc = {
        "id": id, "deletedDateTime": None, "createdDateTime": at, "renewedDateTime": at, "description": None,
        "groupTypes": [], "mail": None, "mailEnabled": False, "securityEnabled": True, "proxyAddresses": [],
        "resourceBehaviorOptions": [], "resourceProvisioningOptions": [], "creationOptions": [],
        "securityIdentifier": security_identifier(id), "assignedLicenses": [], "_skus": [],
    }  # fmt: skip
    return {**doc, **{name: value for name, value in given.items() if value is not None}}


def store(call: Call, group: Doc, *, new: bool) -> None:
    """Insert or replace a group. Raises 409 for a unique name that is taken."""
    from emulator.entra.resources import dynamic_groups

    dynamic_groups.settle(group)
    try:
        call.store.add(GROUPS, group) if new else call.store.put(GROUPS, group)
    except Duplicate as error:
        compared = (Compared(error.path, error.value, "request body"),)
        raise Problem("same_key", error.path, why=Why(f"{error.path} is unique.", compared)) from error


def seed(seeding: Seeding) -> None:
    """`groups: [{displayName, id?, mailNickname?, members: [user or group names], owners?, …properties of group}]`.

    Without further properties: a security group. Groups that Graph cannot create (mailEnabled without Unified) can be
    seeded. The members of a dynamic group (`membershipRule`) are those that are named: rules are judged from the first
    change on.
    """
    made = []
    for given in seeding.spec.get("groups", ()):
        fields = {key: value for key, value in given.items() if key not in ("id", "members", "owners")}
        nickname = re.sub(r"[^A-Za-z0-9._-]", "", given["displayName"]) or "group"
        group = blank(given.get("id") or seeding.ids.guid("group"), seeding.now, **{"mailNickname": nickname, **fields})
        if group.get("membershipRule"):
            group["groupTypes"] = list(dict.fromkeys([*group["groupTypes"], "DynamicMembership"]))
            group.setdefault("membershipRuleProcessingState", "On")
            group["_dynamic"] = group["membershipRuleProcessingState"] == "On"
        made.append((seeding.store.add(GROUPS, group), given))
    for group, given in made:
        for key, kind in (("members", memberships.GROUP_MEMBERS), ("owners", memberships.GROUP_OWNERS)):
            for name in given.get(key, ()):
                memberships.join(seeding.store, kind, group["id"], _seeded(seeding.store, name)["id"])


def _seeded(store: Store, name: str) -> Doc:
    found = by_upn(store, name) or by_name(store, name)
    if found is None:
        hint = "Give a user name or a display name."
        raise LabError(f"There is no user or group {name!r} to be in a group.", hint=hint)
    return found
