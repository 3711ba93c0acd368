"""Licences as Okta pushes them: the whole desired set against what the user holds directly.

Source: graph-entra.md 1.10, okta-admin-api.md 7.3, seed-catalogue.md. Licences inherited from groups are
never touched: Graph would refuse, and Okta leaves them.
"""

from emulator.kernel.doc import Doc
from emulator.office365.errors import Refused

Holding = dict[str, frozenset[str]]  # skuId to the plans switched off in it

# Inferred: Microsoft's cmdlet family text for a part number that the tenant does not own (seed-catalogue.md).
UNKNOWN_SKU = "400 Unable to assign this license because it is invalid."


def held_directly(user: Doc) -> Holding:
    """What a user holds by direct assignment, from `licenseAssignmentStates`."""
    states = [state for state in user.get("licenseAssignmentStates") or () if not state.get("assignedByGroup")]
    return {str(state["skuId"]): frozenset(state.get("disabledPlans") or ()) for state in states}


def desired_holding(names: list[str], skus: list[Doc]) -> Holding:
    """`SKU` and `SKU:PLAN` names as skuIds with disabled plans, by the tenant's subscribedSkus.

    `SKU` alone gives every plan; with `SKU:PLAN` names only, all other plans that can be switched off are.
    Raises `Refused` for a SKU or plan that the tenant does not own.
    """
    by_part = {str(sku["skuPartNumber"]).casefold(): sku for sku in skus}
    plans: dict[str, set[str] | None] = {}
    for name in names:
        part, mark, plan = name.partition(":")
        sku = by_part.get(part.strip().casefold())
        if sku is None:
            raise Refused(UNKNOWN_SKU, code="Request_BadRequest")
        sku_id = str(sku["skuId"])
        if not mark:
            plans[sku_id] = None
            continue
        chosen = plans.setdefault(sku_id, set())
        if chosen is not None:
            chosen.add(_plan_id(sku, plan.strip()))
    by_id = {str(sku["skuId"]): sku for sku in skus}
    return {sku_id: _disabled(by_id[sku_id], chosen) for sku_id, chosen in plans.items()}


def _plan_id(sku: Doc, name: str) -> str:
    for plan in sku.get("servicePlans") or ():
        if str(plan["servicePlanName"]).casefold() == name.casefold():
            return str(plan["servicePlanId"])
    raise Refused(UNKNOWN_SKU, code="Request_BadRequest")


def _disabled(sku: Doc, chosen: set[str] | None) -> frozenset[str]:
    if chosen is None:
        return frozenset()
    plans = sku.get("servicePlans") or ()
    # Plans of the company are not switched per user.
    return frozenset(
        str(plan["servicePlanId"])
        for plan in plans
        if plan.get("appliesTo") != "Company" and plan["servicePlanId"] not in chosen
    )


def difference(held: Holding, desired: Holding) -> Doc | None:
    """The body of assignLicense, or None when nothing is to be done."""
    add = [{"skuId": sku, "disabledPlans": sorted(off)} for sku, off in sorted(desired.items()) if held.get(sku) != off]
    remove = sorted(set(held) - set(desired))
    return {"addLicenses": add, "removeLicenses": remove} if add or remove else None
