"""What a licence assignment must satisfy: known SKU, seats, plans that go together. Source: graph-entra.md 1.10."""

import base64
from collections.abc import Iterable, Mapping

from emulator.entra.resources import skus
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Store

# At most one plan of each family on one user.
EXCLUSIVE: tuple[frozenset[str], ...] = (
    frozenset({"EXCHANGE_S_STANDARD", "EXCHANGE_S_ENTERPRISE", "EXCHANGE_S_DESKLESS"}),
    frozenset({"SHAREPOINTSTANDARD", "SHAREPOINTENTERPRISE", "SHAREPOINTDESKLESS"}),
    frozenset({"MCOSTANDARD", "MCOIMP"}),
)
_SHAREPOINT = frozenset({"SHAREPOINTSTANDARD", "SHAREPOINTENTERPRISE", "SHAREPOINTDESKLESS"})
# A plan to those of which one must be enabled, where its own SKU brings one at all.
DEPENDS: Mapping[str, frozenset[str]] = {
    "SHAREPOINTWAC": _SHAREPOINT, "YAMMER_ENTERPRISE": _SHAREPOINT, "MCOEV": frozenset({"MCOSTANDARD"}),
}  # fmt: skip


def _sku(store: Store, sku_id: str) -> Doc | None:
    """A subscribed SKU, only to be read."""
    return store.settled(("sku", sku_id), lambda: skus.by_id(store, sku_id))


def enabled_plans(store: Store, licences: Iterable[Doc]) -> list[Doc]:
    """The service plans that licences (`{skuId, disabledPlans}`) turn on, each once."""
    found: dict[str, Doc] = {}
    for held in licences:
        sku = _sku(store, held["skuId"])
        for plan in sku["servicePlans"] if sku else ():
            if plan["servicePlanId"] not in held["disabledPlans"]:
                found.setdefault(plan["servicePlanId"], plan)
    return list(found.values())


def check_sku(store: Store, wanted: Doc) -> None:
    """The tenant subscribes to the SKU, and the plans to turn off are its own."""
    sku = _sku(store, wanted["skuId"])
    if sku is None:
        known = ", ".join(row["skuPartNumber"] for row in store.all(skus.SKUS))
        compared = (Compared("skuId", wanted["skuId"], "request body"), Compared("subscribed", known, "subscribedSkus"))
        raise Problem("no_sku", wanted["skuId"], why=Why("The tenant does not subscribe to this SKU.", compared))
    own = {plan["servicePlanId"] for plan in sku["servicePlans"]}
    for plan in wanted["disabledPlans"]:
        if plan not in own:
            compared = (
                Compared("disabledPlans", plan, "request body"),
                Compared("SKU", sku["skuPartNumber"], "subscribedSkus"),
            )
            raise Problem(
                "external_plan", plan, wanted["skuId"], why=Why("Only plans of the SKU can be turned off.", compared)
            )


def check_seats(store: Store, sku_id: str) -> None:
    """A seat is free."""
    sku = _sku(store, sku_id)
    if sku is None:
        return
    usable = sku["prepaidUnits"]["enabled"] + sku["prepaidUnits"]["warning"]
    used = skus.consumed(store, sku_id)
    if used >= usable or sku["capabilityStatus"] not in ("Enabled", "Warning"):
        compared = (
            Compared("consumedUnits", used, sku["skuPartNumber"]),
            Compared("prepaidUnits", usable, sku["skuPartNumber"]),
            Compared("capabilityStatus", sku["capabilityStatus"], sku["skuPartNumber"]),
        )  # fmt: skip
        raise Problem("no_seats", sku_id, why=Why("Every seat of the subscription is taken.", compared))


def check_plans(store: Store, licences: list[Doc]) -> None:
    """No two plans exclude each other, and what a plan needs is there."""
    clash = exclusive_pair(store, licences)
    if clash is not None:
        one, other = clash
        compared = (
            Compared("plan", one["servicePlanName"], "licences wanted"),
            Compared("plan", other["servicePlanName"], "licences wanted"),
        )
        why = Why("These plans cannot be enabled together.", compared, "Turn one of them off with disabledPlans.")
        raise Problem("exclusive_plans", f"{one['servicePlanId']}, {other['servicePlanId']}", why=why)
    lacking = lacking_plan(store, licences)
    if lacking is not None:
        plan, needed = lacking
        names = ", ".join(item["servicePlanName"] for item in needed)
        compared = (
            Compared("plan", plan["servicePlanName"], "licences wanted"),
            Compared("needs one of", names, "the SKU"),
        )
        ids = ", ".join(item["servicePlanId"] for item in needed)
        raise Problem(
            "plan_dependency",
            plan["servicePlanId"],
            ids,
            why=Why("A plan that this one needs is turned off.", compared),
        )


def exclusive_pair(store: Store, licences: list[Doc]) -> tuple[Doc, Doc] | None:
    """Two enabled plans that exclude each other."""
    plans = enabled_plans(store, licences)
    for family in EXCLUSIVE:
        found = [plan for plan in plans if plan["servicePlanName"] in family]
        if len(found) > 1:
            return found[0], found[1]
    return None


def lacking_plan(store: Store, licences: list[Doc]) -> tuple[Doc, list[Doc]] | None:
    """A plan whose needs are turned off, and the plans of its SKU one of which it needs."""
    names = {plan["servicePlanName"] for plan in enabled_plans(store, licences)}
    for held in licences:
        sku = _sku(store, held["skuId"])
        for plan in sku["servicePlans"] if sku else ():
            needs = DEPENDS.get(plan["servicePlanName"])
            if needs is None:
                continue
            own = [item for item in (sku or {})["servicePlans"] if item["servicePlanName"] in needs]
            if plan["servicePlanId"] not in held["disabledPlans"] and own and needs.isdisjoint(names):
                return plan, own
    return None


def details_id(user_id: str, sku_id: str) -> str:
    """The opaque id of a licenseDetails item."""
    raw = bytes.fromhex(user_id.replace("-", "")) + bytes.fromhex(sku_id.replace("-", ""))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
