"""Groups: /groups. Source: graph-entra.md 1.9. Members are in group_members.py."""

import re

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity, changed, needs_role
from emulator.entra.problems import conflict, invalid, not_found, required, unsupported_here
from emulator.entra.queries import Shape
from emulator.entra.resources import memberships
from emulator.entra.resources.references import rendered
from emulator.entra.resources.users import security_identifier
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.store import Column, Duplicate, Kind, Multi, Store

SEED_RANK = 45
GROUPS = Kind(
    "groups",
    (
        Column("displayName", fold=True), Column("mailNickname", fold=True), Column("mail", fold=True),
        Column("securityEnabled", kind="bool"), Column("mailEnabled", kind="bool"), Column("uniqueName", unique=True),
        Column("onPremisesSyncEnabled", kind="bool"), Column("createdDateTime"),
    ),
    (Multi("groupTypes", fold=True), Multi("proxyAddresses", fold=True), Multi("_skus")),
)  # fmt: skip
_DEFAULT_TEXT = """
    id deletedDateTime classification createdDateTime creationOptions description displayName expirationDateTime
    groupTypes isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState
    onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName
    onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses
    renewedDateTime resourceBehaviorOptions resourceProvisioningOptions securityEnabled securityIdentifier theme
    uniqueName visibility onPremisesProvisioningErrors serviceProvisioningErrors
"""
DEFAULT = tuple(_DEFAULT_TEXT.split())
_WRITABLE_TEXT = """
    description displayName mailNickname visibility securityEnabled mailEnabled groupTypes isAssignableToRole
    uniqueName classification preferredLanguage preferredDataLocation theme resourceBehaviorOptions membershipRule
    membershipRuleProcessingState
"""
WRITABLE = frozenset(_WRITABLE_TEXT.split())
# Written once, at creation.
_FIXED = frozenset({"isAssignableToRole", "uniqueName", "mailEnabled", "resourceBehaviorOptions"})
ADMINS = {"roles": ("Groups Administrator", "User Administrator")}
_LIMITS = {"displayName": 256, "mailNickname": 64, "description": 1024, "uniqueName": 256}
_NICKNAME = re.compile(r"[^@()\\\[\]\";:<>, ]+")


def load(call: Call, key: str = "id") -> Doc:
    """The group that the path names."""
    found: Doc | None = call.store.get(GROUPS, call.path[key].lower())
    if found is None:
        raise not_found(call.path[key], what="live group")
    return found


def members(call: Call, group: Doc, kind: Kind = memberships.GROUP_MEMBERS) -> list[Doc]:
    """The live members (or owners) of a group, each with its type."""
    from emulator.entra.resources.references import directory_object

    found = (directory_object(call, id) for id in memberships.member_ids(call.store, kind, group["id"]))
    return [item for item in found if item is not None]


def _expanded(kind: Kind) -> queries.Relation:
    return lambda call, group: [rendered(call, item) for item in members(call, group, kind)[: queries.EXPANDED]]


SHAPE = Shape(
    "group", "groups", GROUPS, DEFAULT,
    (*DEFAULT, "assignedLicenses", "hasMembersWithLicenseErrors", "licenseProcessingState"),
    {"members": _expanded(memberships.GROUP_MEMBERS), "owners": _expanded(memberships.GROUP_OWNERS)},
    listed={"assignedLicenses/skuId": "_skus"},
)  # fmt: skip


@operation("GET", "/v1.0/groups", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_groups(call: Call) -> Collection:
    """Live groups of every kind."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/groups/$count", source=DOCUMENTED)
def count_groups(call: Call) -> Answer:
    """How many groups there are, as text."""
    number = queries.counted(call, SHAPE)
    return Answer(200, [*call.headers, ("Content-Type", "text/plain")], str(number).encode())


@operation("GET", "/v1.0/groups/{id}", source=DOCUMENTED)
def get_group(call: Call) -> Entity:
    """One group."""
    return queries.entity(call, SHAPE, load(call))


@operation(
    "POST",
    "/v1.0/groups",
    source=DOCUMENTED,
    status=201,
    extra=ADMINS,
    emits=("Add group", "Add member to group", "Add owner to group"),
)
def create_group(call: Call) -> Entity:
    """Create a security or Microsoft 365 group."""
    from emulator.entra.resources import group_members

    body = _checked(call.body)
    for name in ("displayName", "mailEnabled", "mailNickname", "securityEnabled"):
        if body.get(name) in (None, ""):
            raise required(name, "Group")
    _check_kind(call, body)
    group = blank(call.ids.guid("group"), call.now, **body)
    if "Unified" in group["groupTypes"]:
        _give_address(call, group)
    _store(call, group, new=True)
    audit(call, "Add group", [target("Group", group, changed=changes({}, body))])
    group_members.bind_at_creation(call, group)
    return queries.entity(call, SHAPE, group, location=f"/groups/{group['id']}")


@operation("PATCH", "/v1.0/groups/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update group", "Add member to group"))
def update_group(call: Call) -> Entity | None:
    """Change a group; `members@odata.bind` adds up to 20 members."""
    from emulator.entra.resources import group_members

    group = load(call)
    body = _checked(call.body)
    refuse_mastered(group)
    for name in _FIXED & set(body):
        if body[name] != group.get(name):
            raise invalid(name, "Group", body[name], rule=f"{name} is set when the group is created.")
    if "groupTypes" in body and set(body["groupTypes"]) != set(group["groupTypes"]):
        raise unsupported_here(
            "Invalid value specified for property 'groupTypes' of resource 'Group'.", "Changing the kind of a group"
        )
    old = dict(group)
    group.update(body)
    if "mailNickname" in body and "Unified" in group["groupTypes"] and body["mailNickname"] != old["mailNickname"]:
        _refuse_taken_nickname(call, group)
    _store(call, group, new=False)
    if changes(old, group):
        audit(call, "Update group", [target("Group", group, changed=changes(old, group))])
    group_members.bind(call, group, "members", memberships.GROUP_MEMBERS)
    return changed(call, queries.entity(call, SHAPE, group))


@operation("DELETE", "/v1.0/groups/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete group",))
def delete_group(call: Call) -> None:
    """Move a group to the deleted items, where it stays 30 days."""
    from emulator.entra.resources import deleted_items

    group = load(call)
    refuse_mastered(group)
    if group["assignedLicenses"]:
        compared = (
            Compared("assignedLicenses", [item["skuId"] for item in group["assignedLicenses"]], group["displayName"]),
        )
        raise Problem("group_licensed", why=Why("A group goes when its licences are removed.", compared))
    deleted_items.discard_group(call, group)


def refuse_mastered(group: Doc) -> None:
    """Groups that another system is the master of: on-premises directories, and Exchange."""
    if group.get("onPremisesSyncEnabled"):
        compared: tuple[Compared, ...] = (Compared("onPremisesSyncEnabled", True, group["displayName"]),)
        raise Problem("synced", why=Why("The directory on-premises is the master of this group.", compared))
    if group["mailEnabled"] and "Unified" not in group["groupTypes"]:
        compared = (
            Compared("mailEnabled", True, group["displayName"]),
            Compared("groupTypes", group["groupTypes"], group["displayName"]),
        )
        raise Problem("mail_group_write", why=Why("Exchange is the master of this group.", compared))


def _checked(body: Doc) -> Doc:
    shown_only = set(bodies.names("group")) - WRITABLE
    found = bodies.checked(body, "group", shown_only=shown_only, limits=_LIMITS, binds=("members", "owners"))
    if "displayName" in found and not found["displayName"]:
        raise required("displayName", "Group")
    nickname = found.get("mailNickname")
    if nickname is not None and not _NICKNAME.fullmatch(nickname):
        raise invalid(
            "mailNickname", "Group", nickname, rule='mailNickname has none of @ ( ) \\ [ ] " ; : < > , and blanks.'
        )
    visibility = found.get("visibility")
    if visibility not in (None, "Public", "Private", "HiddenMembership"):
        raise invalid("visibility", "Group", visibility, rule="visibility is Public, Private or HiddenMembership.")
    return found


def _check_kind(call: Call, body: Doc) -> None:
    """Which kinds Graph creates: security groups and Microsoft 365 groups."""
    kinds = set(body.get("groupTypes") or ())
    if kinds - {"Unified", "DynamicMembership"}:
        raise invalid("groupTypes", "Group", sorted(kinds), rule="groupTypes holds Unified and DynamicMembership.")
    if "DynamicMembership" in kinds or body.get("membershipRule"):
        raise unsupported_here(
            "Invalid value specified for property 'membershipRule' of resource 'Group'.", "Dynamic membership"
        )
    compared = tuple(
        Compared(name, body.get(name), "request body") for name in ("groupTypes", "mailEnabled", "securityEnabled")
    )
    if body["mailEnabled"] != ("Unified" in kinds):
        if body["mailEnabled"]:
            raise Problem(
                "mail_groups",
                why=Why("Exchange creates distribution lists and mail-enabled security groups.", compared),
            )
        raise Problem(
            "invalid_value", "mailEnabled", "Group", why=Why("A Microsoft 365 group is mail-enabled.", compared)
        )
    if not kinds and not body["securityEnabled"]:
        raise Problem(
            "invalid_value",
            "securityEnabled",
            "Group",
            why=Why("A group is security-enabled, mail-enabled, or both.", compared),
        )
    if body.get("isAssignableToRole"):
        guard_role_group(call, {"isAssignableToRole": True})


def guard_role_group(call: Call, group: Doc) -> None:
    """A role-assignable group wants RoleManagement.ReadWrite.Directory, or the privileged role of the user."""
    if not group.get("isAssignableToRole"):
        return
    if "RoleManagement.ReadWrite.Directory" not in (call.caller.scopes or ()):
        compared = (
            Compared("isAssignableToRole", True, "the group"),
            Compared("needed", "RoleManagement.ReadWrite.Directory", "token"),
        )
        raise Problem("denied", why=Why("A role-assignable group is guarded as roles are.", compared))
    if call.caller.kind == "user":
        needs_role(call, "Privileged Role Administrator")


def _give_address(call: Call, group: Doc) -> None:
    from emulator.entra.resources import domains

    _refuse_taken_nickname(call, group)
    default = call.store.find(domains.DOMAINS, "isDefault", 1)
    group["mail"] = f"{group['mailNickname']}@{default['id']}"
    group["proxyAddresses"] = [f"SMTP:{group['mail']}"]


def _refuse_taken_nickname(call: Call, group: Doc) -> None:
    for other in call.store.find_all(GROUPS, "mailNickname", group["mailNickname"]):
        if other["id"] != group["id"] and other["mailEnabled"]:
            raise conflict("mailNickname", group["mailNickname"], other["id"])


def _store(call: Call, group: Doc, *, new: bool) -> None:
    try:
        call.store.add(GROUPS, group) if new else call.store.put(GROUPS, group)
    except Duplicate as error:
        compared = (Compared(error.path, error.value, "request body"),)
        raise Problem("same_key", error.path, why=Why(f"{error.path} is unique.", compared)) from error


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


def seed(seeding: Seeding) -> None:
    """`groups: [{displayName, id?, mailNickname?, members: [user or group names], owners?, …properties of group}]`.

    Without further properties: a security group. Groups that Graph cannot create (mailEnabled without Unified) can be
    seeded.
    """
    made = []
    for given in seeding.spec.get("groups", ()):
        fields = {key: value for key, value in given.items() if key not in ("id", "members", "owners")}
        nickname = re.sub(r"[^A-Za-z0-9._-]", "", given["displayName"]) or "group"
        group = blank(given.get("id") or seeding.ids.guid("group"), seeding.now, **{"mailNickname": nickname, **fields})
        made.append((seeding.store.add(GROUPS, group), given))
    for group, given in made:
        for key, kind in (("members", memberships.GROUP_MEMBERS), ("owners", memberships.GROUP_OWNERS)):
            for name in given.get(key, ()):
                memberships.join(seeding.store, kind, group["id"], _seeded(seeding.store, name)["id"])


def _seeded(store: Store, name: str) -> Doc:
    from emulator.entra.resources import users

    found = users.by_upn(store, name) or by_name(store, name)
    if found is None:
        hint = "Give a user name or a display name."
        raise LabError(f"There is no user or group {name!r} to be in a group.", hint=hint)
    return found
