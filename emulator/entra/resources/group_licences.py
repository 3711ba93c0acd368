"""Licences that come by groups: /groups/{id}/assignLicense. Source: graph-entra.md 1.9 and 1.10.

Licences are not inherited through nesting. A member who cannot have one keeps a row that says why.
"""

from emulator.entra import queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.entitlements import GROUP_LICENSING, needs
from emulator.entra.graph import Collection, Entity
from emulator.entra.relations import related
from emulator.entra.resources import groups, licence_rules, licences, memberships, users
from emulator.entra.resources.references import marked
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Store

ADMINS = {"roles": ("License Administrator", "Groups Administrator")}


@operation(
    "POST",
    "/v1.0/groups/{id}/assignLicense",
    source=DOCUMENTED,
    status=202,
    extra=ADMINS,
    emits=("Set group license", "Change user license"),
)
def assign_license(call: Call) -> Entity:
    """Set the licences of a group; its members have them when the call returns."""
    # Differs: Microsoft works through the members later; here it is done at once.
    group = groups.load(call)
    added, removed = licences.request_of(call.body)
    held = {item["skuId"]: item for item in group["assignedLicenses"]}
    for sku_id in removed:
        if held.pop(sku_id, None) is None:
            compared = (
                Compared("removeLicenses", sku_id, "request body"),
                Compared("group", group["displayName"], "tenant"),
            )
            raise Problem("not_licensed", why=Why("The group does not have this licence.", compared))
    if added:
        needs(call, GROUP_LICENSING, "ca_unlicensed", "Group-based licensing")
    for item in added:
        licence_rules.check_sku(call.store, item)
        held[item["skuId"]] = {"disabledPlans": item["disabledPlans"], "skuId": item["skuId"]}
    old = group["assignedLicenses"]
    group.update(assignedLicenses=list(held.values()), _skus=list(held))
    call.store.put(groups.GROUPS, group)
    audit(
        call,
        "Set group license",
        [target("Group", group, changed={"AssignedLicense": (old, group["assignedLicenses"])})],
    )
    group["licenseProcessingState"] = {"state": "ProcessingComplete"}
    call.store.put(groups.GROUPS, group)
    for id in memberships.member_ids(call.store, memberships.GROUP_MEMBERS, group["id"]):
        member_changed(call, id)
    return queries.entity(call, groups.SHAPE, group)


@related(
    "/v1.0/groups/{id}/membersWithLicenseErrors", source=DOCUMENTED,
    scope=("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.AccessAsUser.All"),
)  # fmt: skip
def members_with_errors(call: Call) -> Collection | Answer | Doc:
    """Members who could not get a licence of the group."""
    found = call.store.find_multi(users.USERS, "_licenceErrors", groups.load(call)["id"])
    return relations.of_objects(call, [marked(user, "user") for user in found])


def has_errors(call: Call, group: Doc) -> bool:
    """Whether a member could not get a licence of the group."""
    sql = f"SELECT 1 FROM {call.store.multi_table} WHERE kind = ? AND attribute = ? AND value = ? LIMIT 1"  # noqa: S608
    row = call.store.database.execute(sql, (users.USERS.name, "_licenceErrors", group["id"])).fetchone()
    return row is not None


def member_changed(call: Call, user_id: str) -> None:
    """A user joined or left a licensed group, or its licences changed: work out the inherited ones."""
    user = call.store.get(users.USERS, user_id)
    if user is None:
        return
    old = user["assignedLicenses"]
    rows = inherited(call.store, user, now=call.now)
    if rows != user["licenseAssignmentStates"]:
        licences.settle(call.store, user, rows, now=call.now)
        call.store.put(users.USERS, user)
        licences.log(call, user, old)


def inherited(store: Store, user: Doc, *, now: int) -> list[Doc]:
    """A user's assignments, with those of the groups they are in as these are now."""
    rows = _direct(store, user, now=now)
    before = {(row["assignedByGroup"], row["skuId"]): row for row in user["licenseAssignmentStates"]}
    for group in store.get_many(groups.GROUPS, memberships.group_ids(store, user["id"])):
        for item in group["assignedLicenses"]:
            old = before.get((group["id"], item["skuId"]))
            if old and old["state"] == "Active" and old["disabledPlans"] == item["disabledPlans"]:
                rows.append(old)
                continue
            made = licences.row(item["skuId"], item["disabledPlans"], now, group=group["id"])
            error = _error(store, user, rows, made)
            if old and old["error"] == error and old["disabledPlans"] == item["disabledPlans"]:
                rows.append(old)
                continue
            rows.append(licences.row(item["skuId"], item["disabledPlans"], now, group=group["id"], error=error))
    return rows


def _direct(store: Store, user: Doc, *, now: int) -> list[Doc]:
    """Direct assignments; one that failed is tried again."""
    rows = [row for row in user["licenseAssignmentStates"] if row["assignedByGroup"] is None]
    tried: list[Doc] = [row for row in rows if row["state"] == "Active"]
    for row in rows:
        if row["state"] != "Active":
            made = licences.row(row["skuId"], row["disabledPlans"], now)
            error = _error(store, user, tried, made)
            tried.append(
                row if error == row["error"] else licences.row(row["skuId"], row["disabledPlans"], now, error=error)
            )
    return tried


def _error(store: Store, user: Doc, rows: list[Doc], made: Doc) -> str:
    """Why a licence cannot be given (`None` where it can)."""
    held = [row for row in rows if row["state"] == "Active"]
    if made["skuId"] not in licences.active(user) and all(row["skuId"] != made["skuId"] for row in held):
        try:
            licence_rules.check_seats(store, made["skuId"])
        except Problem:
            return "CountViolation"
    if licence_rules.exclusive_pair(store, [*held, made]) is not None:
        return "MutuallyExclusiveViolation"
    return "DependencyViolation" if licence_rules.lacking_plan(store, [*held, made]) is not None else "None"
