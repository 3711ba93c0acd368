"""Licences of users: assignLicense, and what follows from it. Source: graph-entra.md 1.10.

`licenseAssignmentStates` is what is kept: one row for each SKU and each way it came (directly, or by a group).
`assignedLicenses` follows from the active rows, seats are counted once for each SKU. `assignedPlans`, which would be
ten times as large as the rest of a user, is worked out where it is shown; `_plans` keeps what does not follow:
`{since, later: {plan id: date}, gone: [plans]}`.
"""

from collections import Counter
from collections.abc import Iterable

from emulator.entra import queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found
from emulator.entra.resources import licence_rules, mailboxes, skus
from emulator.entra.resources.user_paths import load, of_user
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Store

ADMINS = {"roles": ("License Administrator", "User Administrator")}


def active(user: Doc) -> list[str]:
    """SKU ids that a user holds, by whatever way."""
    return list(dict.fromkeys(row["skuId"] for row in user["licenseAssignmentStates"] if row["state"] == "Active"))


def row(sku_id: str, disabled: Iterable[str], now: int, *, group: str | None = None, error: str = "None") -> Doc:
    """An assignment: direct, or by a group; `error` other than None keeps it from being active."""
    return {
        "skuId": sku_id, "disabledPlans": list(disabled), "assignedByGroup": group,
        "state": "Active" if error == "None" else "Error", "error": error, "lastUpdatedDateTime": iso_seconds(now),
    }  # fmt: skip


def settle(store: Store, user: Doc, rows: list[Doc], *, now: int) -> None:
    """Give a user these assignments: seats, plans and mailbox follow. The caller stores the user."""
    before, old_plans = set(active(user)), assigned_plans(store, user)
    user["licenseAssignmentStates"] = rows
    held = active(user)
    for sku_id in sorted(set(held) ^ before):
        skus.take_seats(store, sku_id, 1 if sku_id in held else -1)
    user["assignedLicenses"] = [{"disabledPlans": _disabled(rows, sku_id), "skuId": sku_id} for sku_id in held]
    user["_skus"] = held
    user["_licenceErrors"] = sorted({row["assignedByGroup"] for row in rows if row["state"] == "Error"} - {None})
    user["_plans"] = _plans(store, user, old_plans, now=now)
    mailboxes.settle(store, user)


def _disabled(rows: list[Doc], sku_id: str) -> list[str]:
    """A plan is off where every way the SKU came has it off."""
    ways = [row["disabledPlans"] for row in rows if row["skuId"] == sku_id and row["state"] == "Active"]
    return [plan for plan in ways[0] if all(plan in way for way in ways[1:])]


def assigned_plans(store: Store, user: Doc) -> list[Doc]:
    """assignedPlans: the plans that the licences turn on, then those that went, shown as Deleted."""
    kept = user.get("_plans") or {}
    if not kept and not user["assignedLicenses"]:
        return []
    since, later = kept.get("since"), kept.get("later", {})
    found = [
        {"assignedDateTime": later.get(plan["servicePlanId"], since), "capabilityStatus": "Enabled",
         "service": skus.service_of(plan["servicePlanName"]), "servicePlanId": plan["servicePlanId"]}
        for plan in licence_rules.enabled_plans(store, user["assignedLicenses"])
    ]  # fmt: skip
    return [*found, *kept.get("gone", ())]


def _plans(store: Store, user: Doc, old: list[Doc], *, now: int) -> Doc:
    """What to keep of the plans: enabled ones keep their date, those that went are shown as Deleted."""
    enabled = [plan["servicePlanId"] for plan in licence_rules.enabled_plans(store, user["assignedLicenses"])]
    kept = {plan["servicePlanId"]: plan["assignedDateTime"] for plan in old if plan["capabilityStatus"] == "Enabled"}
    today = iso_seconds(now)
    dates = {id: kept.get(id, today) for id in enabled}
    since = Counter(dates.values()).most_common(1)[0][0] if dates else today
    gone = [{**plan, "capabilityStatus": "Deleted"} for plan in old if plan["servicePlanId"] not in dates]
    return {"since": since, "later": {id: date for id, date in dates.items() if date != since}, "gone": gone}


@of_user("POST", "/assignLicense", source=DOCUMENTED, extra=ADMINS, emits=("Change user license",))
def assign_license(call: Call) -> Entity:
    """Add and remove licences of a user in one operation: all of it holds, or none."""
    from emulator.entra.resources import dynamic_groups, users

    user = load(call)
    added, removed = request_of(call.body)
    old = user["assignedLicenses"]
    if added and not user.get("usageLocation"):
        compared = (Compared("usageLocation", user.get("usageLocation"), user["userPrincipalName"]),)
        raise Problem("usage_location", why=Why("A licence needs the user's usageLocation.", compared))
    rows = {item["skuId"]: item for item in user["licenseAssignmentStates"] if item["assignedByGroup"] is None}
    inherited = [item for item in user["licenseAssignmentStates"] if item["assignedByGroup"] is not None]
    for sku_id in removed:
        _remove(user, rows, inherited, sku_id)
    for item in added:
        licence_rules.check_sku(call.store, item)
        rows[item["skuId"]] = row(item["skuId"], item["disabledPlans"], call.now)
    wanted = [*rows.values(), *inherited]
    for item in added:
        if item["skuId"] not in active(user):
            licence_rules.check_seats(call.store, item["skuId"])
    licence_rules.check_plans(call.store, [item for item in wanted if item["state"] == "Active"])
    settle(call.store, user, wanted, now=call.now)
    call.store.put(users.USERS, user)
    dynamic_groups.user_changed(call, user["id"])
    log(call, user, old)
    return queries.entity(call, users.SHAPE, user)


def log(call: Call, user: Doc, old: list[Doc]) -> None:
    if old != user["assignedLicenses"]:
        values = {"AssignedLicense": (old, user["assignedLicenses"])}
        audit(call, "Change user license", [target("User", user, changed=values)])


def _remove(user: Doc, rows: dict[str, Doc], inherited: list[Doc], sku_id: str) -> None:
    if rows.pop(sku_id, None) is not None:
        return
    groups = [item["assignedByGroup"] for item in inherited if item["skuId"] == sku_id]
    compared = (
        Compared("removeLicenses", sku_id, "request body"),
        Compared("assigned by group", ", ".join(groups) or "no", user["userPrincipalName"]),
    )
    if groups:
        raise Problem("inherited_license", why=Why("A licence that came by a group goes with the group.", compared))
    raise Problem("not_licensed", why=Why("Only a licence that the user holds directly can be removed.", compared))


def request_of(body: Doc) -> tuple[list[Doc], list[str]]:
    """`addLicenses` and `removeLicenses` of a body, ids in lower case; both must be there."""
    missing = [name for name in ("addLicenses", "removeLicenses") if not isinstance(body.get(name), list)]
    if missing:
        compared = tuple(Compared(name, body.get(name), "request body") for name in missing)
        raise Problem(
            "missing_parameters", "assignLicense", ", ".join(missing), why=Why("Both arrays are required.", compared)
        )
    added: list[Doc] = []
    for item in body["addLicenses"]:
        plans = item.get("disabledPlans", []) if isinstance(item, dict) else None
        if plans is None or not isinstance(item.get("skuId"), str) or not all(isinstance(plan, str) for plan in plans):
            raise invalid("addLicenses", "User", item, rule="addLicenses holds {skuId, disabledPlans}.")
        added.append({"skuId": item["skuId"].lower(), "disabledPlans": [plan.lower() for plan in plans]})
    for item in body["removeLicenses"]:
        if not isinstance(item, str):
            raise invalid("removeLicenses", "User", item, rule="removeLicenses holds SKU ids.")
    return added, [item.lower() for item in body["removeLicenses"]]


@of_user("GET", "/licenseDetails", source=DOCUMENTED)
def license_details(call: Call) -> Collection:
    """The SKUs that a user holds, with the state of each service plan."""
    user = load(call)
    found = details(call, user, "").items
    context = f"users('{call.path.get('id', user['id'])}')/licenseDetails"
    return queries.of_documents(call, found, resource="licenseDetails", context=context)


@of_user("GET", "/licenseDetails/{detailsId}", source=DOCUMENTED, extra={"like": "/users/{id}/licenseDetails"})
def one_license_details(call: Call) -> Entity:
    """One SKU that a user holds."""
    user = load(call)
    for item in details(call, user, "").items:
        if item["id"] == call.path["detailsId"]:
            return Entity(f"users('{user['id']}')/licenseDetails/$entity", item)
    raise not_found(call.path["detailsId"], what="licence of the user")


@operation(
    "POST", "/v1.0/users/{id}/reprocessLicenseAssignment", source=DOCUMENTED, body="optional_json", extra=ADMINS,
    emits=("Change user license",),
)  # fmt: skip
def reprocess(call: Call) -> Entity:
    """Work out anew what a user has by their groups: what failed for want of seats may succeed now."""
    from emulator.entra.resources import group_licences, users

    user = load(call)
    group_licences.member_changed(call, user["id"])
    return queries.entity(call, users.SHAPE, users.by_key(call, user["id"]))


def details(call: Call, user: Doc, context: str) -> Collection:
    """licenseDetails of a user."""
    items = []
    for held in user["assignedLicenses"]:
        sku = skus.by_id(call.store, held["skuId"])
        if sku is not None:
            plans = [
                {
                    **plan,
                    "provisioningStatus": "Disabled" if plan["servicePlanId"] in held["disabledPlans"] else "Success",
                }
                for plan in sku["servicePlans"]
            ]
            key = licence_rules.details_id(user["id"], held["skuId"])
            items.append(
                {"id": key, "skuId": held["skuId"], "skuPartNumber": sku["skuPartNumber"], "servicePlans": plans}
            )
    return Collection(context, items)
