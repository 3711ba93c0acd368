"""What the tenant's subscriptions allow. Source: graph-entra.md 1.16, 1.19; seed-catalogue.md."""

from emulator.entra.resources import skus
from emulator.kernel.call import Call
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Store

P1 = ("AAD_PREMIUM", "AAD_PREMIUM_P2")
P2 = ("AAD_PREMIUM_P2",)
GROUP_LICENSING = (*P1, "EXCHANGE_S_ENTERPRISE")
"""Entra ID P1 (also in Business Premium), or Office 365 E3 and above, known by its Exchange plan (inferred)."""


def has_p1(store: Store) -> bool:
    """Whether the tenant subscribes to Entra ID P1 (P2 includes it)."""
    return skus.has_plan(store, *P1)


def has_p2(store: Store) -> bool:
    return skus.has_plan(store, *P2)


def needs(call: Call, plans: tuple[str, ...], code: str, feature: str) -> None:
    """Refuse a feature that no subscription of the tenant includes."""
    if skus.has_plan(call.store, *plans):
        return
    held = ", ".join(sku["skuPartNumber"] for sku in call.store.all(skus.SKUS)) or "none"
    compared = (Compared("subscribed SKUs", held, "subscribedSkus"), Compared("plan needed", plans[0], feature))
    hint = "Subscribe the tenant to a SKU with that plan (`skus` of the world file)."
    raise Problem(code, why=Why(f"{feature} comes with the plan {plans[0]}.", compared, hint))
