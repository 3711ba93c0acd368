"""Groups: /groups. Source: graph-entra.md 1.9. What may be written is in group_rules.py; see group_members.py too."""

from typing import Any

from emulator.entra import extensions, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity, changed, preferences
from emulator.entra.problems import required
from emulator.entra.queries import Shape
from emulator.entra.resources import dynamic_groups, group_rules, memberships
from emulator.entra.resources.group_rules import ADMINS, guard_role_group, refuse_mastered
from emulator.entra.resources.group_store import GROUPS, blank, by_key, by_name, load, store
from emulator.entra.resources.references import objects
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

__all__ = ["ADMINS", "GROUPS", "SHAPE", "blank", "by_name", "guard_role_group", "load", "members", "refuse_mastered"]

_DEFAULT_TEXT = """
    id deletedDateTime classification createdDateTime creationOptions description displayName expirationDateTime
    groupTypes isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState
    onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName
    onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses
    renewedDateTime resourceBehaviorOptions resourceProvisioningOptions securityEnabled securityIdentifier theme
    uniqueName visibility onPremisesProvisioningErrors serviceProvisioningErrors
"""
DEFAULT = tuple(_DEFAULT_TEXT.split())


def members(call: Call, group: Doc, kind: Kind = memberships.GROUP_MEMBERS) -> list[Doc]:
    """The live members (or owners) of a group, each with its type."""
    ids = memberships.member_ids(call.store, kind, group["id"])
    found = objects(call, ids)
    return [found[id] for id in ids if id in found]


def _first(kind: Kind) -> queries.Relation:
    def fetch(call: Call, group: Doc) -> list[Doc]:
        page = call.store.find_all(kind, "group", group["id"])[: queries.EXPANDED]
        found = objects(call, [row["member"] for row in page])
        return list(found.values())

    return fetch


def _rows(column: str) -> queries.Relation:
    def fetch(call: Call, group: Doc) -> list[Doc]:
        from emulator.entra.resources import app_role_assignments

        return [public(row) for row in call.store.find_all(app_role_assignments.SHAPE.kind, column, group["id"])]

    return fetch


def _transitive(call: Call, group: Doc) -> list[Doc]:
    from emulator.entra.resources import group_members

    return group_members.transitive(call, group)


def _errors(call: Call, group: Doc) -> bool:
    from emulator.entra.resources import group_licences

    return group_licences.has_errors(call, group)


RELATIONS: dict[str, queries.Relation] = {
    "members": _first(memberships.GROUP_MEMBERS), "owners": _first(memberships.GROUP_OWNERS),
    "memberOf": lambda call, group: memberships.of(call, group["id"]),
    "transitiveMemberOf": lambda call, group: memberships.of(call, group["id"], nested=True),
    "transitiveMembers": _transitive, "appRoleAssignments": _rows("principalId"),
}  # fmt: skip
SHAPE = Shape(
    "group", "groups", GROUPS, DEFAULT,
    (*DEFAULT, "assignedLabels", "assignedLicenses", "hasMembersWithLicenseErrors", "licenseProcessingState"),
    RELATIONS, listed={"assignedLicenses/skuId": "_skus"}, worked={"hasMembersWithLicenseErrors": _errors},
)  # fmt: skip


@operation("GET", "/v1.0/groups", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_groups(call: Call) -> Collection:
    """Live groups of every kind."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/groups/$count", source=DOCUMENTED)
def count_groups(call: Call) -> Answer:
    """How many groups there are, as text."""
    return queries.count_text(call, queries.counted(call, SHAPE))


@operation("GET", "/v1.0/groups/{id}", source=DOCUMENTED)
def get_group(call: Call) -> Entity:
    """One group."""
    return queries.entity(call, SHAPE, load(call))


@operation(
    "POST", "/v1.0/groups", source=DOCUMENTED, status=201, extra=ADMINS,
    emits=("Add group", "Add member to group", "Add owner to group"),
)  # fmt: skip
def create_group(call: Call) -> Entity:
    """Create a security or Microsoft 365 group, assigned or dynamic."""
    return _created(call, {})


def _created(call: Call, given: Doc) -> Entity:
    from emulator.entra.resources import group_members

    plain, more = extensions.taken_from(call, call.body, "group")
    body = {**group_rules.checked(plain), **given}
    for name in group_rules.REQUIRED:
        if body.get(name) in (None, ""):
            raise required(name, "Group")
    group_rules.check_new(call, body)
    group = blank(call.ids.guid("group"), call.now, **body)
    group["createdByAppId"] = call.caller.extra.get("appId")
    if dynamic_groups.is_dynamic(group):
        group.setdefault("membershipRuleProcessingState", "On")
    if "Unified" in group["groupTypes"]:
        _give_address(call, group)
    extensions.apply(group, more, "group")
    store(call, group, new=True)
    audit(call, "Add group", [target("Group", group, changed=changes({}, body))])
    group_members.bind_at_creation(call, group)
    dynamic_groups.rule_changed(call, group)
    return queries.entity(call, SHAPE, group, status=201, location=f"/groups/{group['id']}")


@operation("PATCH", "/v1.0/groups/{id}", source=DOCUMENTED, emits=("Update group", "Add member to group", "Add group"))
def update_group(call: Call) -> Entity | None:
    """Change a group; `members@odata.bind` adds up to 20 members. By unique name, one can be made as well."""
    from emulator.entra.resources import group_members

    key = call.path["id"]
    if "=" in key and by_key(call, key) is None and "create-if-missing" in preferences(call):
        return _created(call, {"uniqueName": key.partition("=")[2]})
    group = load(call)
    group_rules.needs_owner(call, group)
    plain, more = extensions.taken_from(call, call.body, "group")
    body = group_rules.checked(plain)
    refuse_mastered(group)
    group_rules.check_change(call, group, body)
    old = dict(group)
    group.update(body)
    extensions.apply(group, more, "group")
    _settle_rule(group)
    if "mailNickname" in body and "Unified" in group["groupTypes"] and body["mailNickname"] != old["mailNickname"]:
        group_rules.refuse_taken_nickname(call, group)
    store(call, group, new=False)
    if changes(old, group):
        audit(call, "Update group", [target("Group", group, changed=changes(old, group))])
    group_members.bind(call, group, "members", memberships.GROUP_MEMBERS)
    if any(old.get(name) != group.get(name) for name in ("membershipRule", "_dynamic")):
        dynamic_groups.rule_changed(call, group)
    made = queries.entity(call, SHAPE, group)
    # What Exchange keeps is answered with 200 and the group (Microsoft's page on the update of a group).
    return made if body and set(body) <= group_rules.EXCHANGE else changed(call, made)


def _settle_rule(group: Doc) -> None:
    """A group that is assigned again has no rule; one that became dynamic is processed."""
    if not dynamic_groups.is_dynamic(group):
        group.pop("membershipRule", None)
        group.pop("membershipRuleProcessingState", None)
    elif group.get("membershipRuleProcessingState") is None:
        group["membershipRuleProcessingState"] = "On"


@operation("DELETE", "/v1.0/groups/{id}", source=DOCUMENTED, emits=("Delete group",))
def delete_group(call: Call) -> None:
    """Move a group to the deleted items, where it stays 30 days."""
    remove(call, load(call))


def remove(call: Call, group: Doc) -> None:
    """Soft-delete a group, if the caller may and no licence hangs on it."""
    from emulator.entra.resources import deleted_items

    group_rules.needs_owner(call, group)
    refuse_mastered(group)
    guard_role_group(call, group)
    if group["assignedLicenses"]:
        held = [item["skuId"] for item in group["assignedLicenses"]]
        compared: tuple[Any, ...] = (Compared("assignedLicenses", held, group["displayName"]),)
        raise Problem("group_licensed", why=Why("A group goes when its licences are removed.", compared))
    deleted_items.discard_group(call, group)


def _give_address(call: Call, group: Doc) -> None:
    from emulator.entra.resources import domains

    group_rules.refuse_taken_nickname(call, group)
    default = call.store.find(domains.DOMAINS, "isDefault", 1)
    group["mail"] = f"{group['mailNickname']}@{default['id']}"
    group["proxyAddresses"] = [f"SMTP:{group['mail']}"]
