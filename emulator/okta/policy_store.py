"""Policies and rules as stored: how they are made, in which order they stand, and how they go.

Source: okta-admin-api.md 12. Policies for groups stand at 1, 2, 3..., the org's default one last; so do the rules
of types without a catch-all at 99, whose rules keep the number they were given until another takes it.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import APPS, POLICIES, POLICY_RULES
from emulator.okta.apps_catalog import TYPES as APP_TYPES
from emulator.okta.params import stamp
from emulator.okta.policy_types import ACCESS, CATCH_ALL, CATCH_ALL_PRIORITY, PROFILE, TYPES

__all__ = ["ACCESS", "CATCH_ALL", "CATCH_ALL_PRIORITY"]
MOST_RULES = 100
REAUTHENTICATE = "PT12H"
"""Observed in 2026: how often a rule asks again that does not say, such as the default rules of the org."""
FIRST_PARTY_POLICIES = {
    "saasure": ("Okta Admin Console", REAUTHENTICATE), "okta_enduser": ("Okta Dashboard", REAUTHENTICATE),
    "okta_browser_plugin": ("Okta Browser Plugin", REAUTHENTICATE),
}  # fmt: skip
"""Preset policies of Okta's own apps, with how often they ask again (names documented, durations inferred)."""
DEVICE_BOUND: Doc = {"possession": {"required": True, "deviceBound": "REQUIRED"}}
"""Observed: what the catch-all rule of a new policy wants of a second factor."""


def new_policy(
    ids: Any, now: int, name: str, *, kind: str = ACCESS, system: bool = False, description: str | None = None,
    conditions: Doc | None = None, settings: Doc | None = None,
) -> Doc:  # fmt: skip
    """A policy document without rules. Without a description or settings it does not show the key."""
    at = stamp(now)
    return {
        "id": ids.okta(TYPES[kind].ids[0]), "status": "ACTIVE", "name": name,
        **({"description": description} if description is not None else {}),
        "priority": 1, "system": system, "conditions": conditions, "created": at, "lastUpdated": at,
        **({"settings": settings} if settings is not None else {}), "type": kind,
    }  # fmt: skip


def new_rule(
    ids: Any,
    now: int,
    policy: Doc,
    *,
    name: str,
    priority: int,
    conditions: Doc | None,
    actions: Doc,
    system: bool = False,
) -> Doc:
    """A rule document of a policy."""
    at, kind = stamp(now), TYPES[policy["type"]]
    return {
        "id": ids.okta(kind.ids[1]), "status": "ACTIVE", "name": name, "priority": priority, "created": at,
        "lastUpdated": at, "system": system, "conditions": conditions, "actions": actions, "type": kind.rule_type,
        "policyId": policy["id"],
    }  # fmt: skip


def sign_on(
    access: str, *, factors: str = "1FA", reauthenticate: str = REAUTHENTICATE, constraints: tuple[Doc, ...] = ()
) -> Doc:
    """`actions` of an ACCESS_POLICY rule."""
    method: Doc = {"factorMode": factors, "type": "ASSURANCE", "reauthenticateIn": reauthenticate}
    if constraints:
        method["constraints"] = list(constraints)
    return {"appSignOn": {
        "access": access, "verificationMethod": method, "keepMeSignedIn": {"postAuth": "NOT_ALLOWED"},
    }}  # fmt: skip


def anyone() -> Doc:
    """`conditions` of a rule that holds for everybody, as the server fills them in."""
    return {
        "people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"}, "riskScore": {"level": "ANY"},
        "userType": {"include": [], "exclude": []},
    }  # fmt: skip


def rules_of(store: Any, policy_id: str) -> list[Doc]:
    """A policy's rules in the order in which they are tried."""
    return in_order(store.find_all(POLICY_RULES, "policyId", policy_id))


def in_order(rules: list[Doc]) -> list[Doc]:
    """By priority; the system rule last."""
    return sorted(rules, key=place)


def place(rule: Doc) -> tuple[Any, ...]:
    """Where a rule stands in its policy, by comparison."""
    return rule["system"], rule["priority"], rule["created"]


def add_policy(store: Any, ids: Any, now: int, policy: Doc, *, catch_all: Doc) -> Doc:
    """Store a policy with its catch-all rule, which shows no conditions."""
    store.add(POLICIES, policy)
    store.add(POLICY_RULES, new_rule(
        ids, now, policy, name=CATCH_ALL, priority=CATCH_ALL_PRIORITY, conditions=None, actions=catch_all, system=True,
    ))  # fmt: skip
    return policy


def policies_of(store: Any, kind: str) -> list[Doc]:
    """Every policy of a type: by priority, the org's default one last; where none comes before another, by age.

    Observed: the policies of Okta's own apps stand first.
    """
    found: list[Doc] = store.find_all(POLICIES, "type", kind)
    if not TYPES[kind].people:
        return sorted(found, key=lambda policy: "_owner" not in policy)
    return sorted(found, key=lambda policy: (policy["system"], policy["priority"]))


def place_policy(store: Any, policy: Doc, wanted: int | None, *, now: int) -> None:
    """Put a stored policy where it belongs among those of its type; numbers have no gaps."""
    if not TYPES[policy["type"]].people:
        return
    others = [item for item in policies_of(store, policy["type"]) if item["id"] != policy["id"]]
    above = [item for item in others if not item["system"]]
    at = len(above) if wanted is None else min(max(wanted, 1) - 1, len(above))
    last = [item for item in others if item["system"]]
    _number(store, [*above[:at], policy, *above[at:], *last], POLICIES, {"lastUpdated": stamp(now)})


def place_rule(store: Any, rule: Doc, wanted: int | None) -> None:
    """Put a stored rule at a priority; rules that stood there or after move down, the system rule stays last."""
    others = [item for item in rules_of(store, rule["policyId"]) if item["id"] != rule["id"] and not item["system"]]
    if has_catch_all(rule):
        rule["priority"] = wanted if wanted is not None else max((item["priority"] for item in others), default=0) + 1
        store.put(POLICY_RULES, rule)
        taken = rule["priority"]
        for other in others:
            if other["priority"] == taken:
                other["priority"] = taken = taken + 1
                store.put(POLICY_RULES, other)
        return
    at = len(others) if wanted is None else min(max(wanted, 1) - 1, len(others))
    _number(store, [*others[:at], rule, *others[at:], *_last(store, rule)], POLICY_RULES)


def close_gap(store: Any, policy_id: str) -> None:
    """Number a policy's rules anew after one has gone, where their numbers have no gaps."""
    rules = rules_of(store, policy_id)
    if rules and not has_catch_all(rules[0]):
        _number(store, rules, POLICY_RULES)


def close_policy_gap(store: Any, kind: str, *, now: int) -> None:
    """The same for the policies of a type."""
    if TYPES[kind].people:
        _number(store, policies_of(store, kind), POLICIES, {"lastUpdated": stamp(now)})


def has_catch_all(rule: Doc) -> bool:
    return any(kind.rule_type == rule["type"] and kind.catch_all for kind in TYPES.values())


def _last(store: Any, rule: Doc) -> list[Doc]:
    return [item for item in rules_of(store, rule["policyId"]) if item["system"] and item["id"] != rule["id"]]


def _number(store: Any, ordered: list[Doc], kind: Any, also: Doc | None = None) -> None:
    """Number what stands in an order anew. also: what else changes of those that move (observed of policies)."""
    for number, item in enumerate(ordered, 1):
        if item["priority"] != number:
            item.update(priority=number, **(also or {}))
            store.put(kind, item)


def default_policy(store: Any, kind: str) -> Doc | None:
    """The org's own policy of a type."""
    found = [policy for policy in store.find_all(POLICIES, "type", kind) if policy["system"]]
    return found[0] if found else None


def enrollment_policy_id(store: Any, app: Doc | None = None) -> str | None:
    """The profile enrolment policy of an app: the one it was given, else the org's default one."""
    if app is not None and app.get("_enrollmentId"):
        return str(app["_enrollmentId"])
    found = default_policy(store, PROFILE)
    return found["id"] if found else None


def policy_for(store: Any, ids: Any, now: int, app: Doc) -> str | None:
    """The sign-on policy of a new app: Office 365 and Okta's own have theirs, others share the org's default one."""
    if APP_TYPES[app["name"]].provisioning:
        return str(_office365_policy(store, ids, now, app)["id"])
    if app["name"] == "active_directory":
        return None
    if app["name"] in FIRST_PARTY_POLICIES:
        return _preset(store, ids, now, app["name"])
    found = default_policy(store, ACCESS)
    return found["id"] if found else None


def _preset(store: Any, ids: Any, now: int, app_name: str) -> str:
    name, again = FIRST_PARTY_POLICIES[app_name]
    found = store.find(POLICIES, "name", name)
    if found is None:
        found = new_policy(ids, now, name)
        found["_owner"] = name
        add_policy(store, ids, now, found, catch_all=sign_on("ALLOW", reauthenticate=again))
    return str(found["id"])


def _office365_policy(store: Any, ids: Any, now: int, app: Doc) -> Doc:
    """Rule 1 lets browsers and modern clients in; the catch-all, not editable, denies the rest."""
    policy = new_policy(ids, now, app["label"])
    policy["_madeFor"] = app["id"]
    add_policy(store, ids, now, policy, catch_all=sign_on("DENY"))
    conditions = {**anyone(), "office365Client": {"include": ["WEB", "MODERN_AUTH"]}}
    store.add(POLICY_RULES, new_rule(
        ids, now, policy, name="Allow Web and Modern Auth", priority=1, conditions=conditions, actions=sign_on("ALLOW"),
    ))  # fmt: skip
    return policy


def apps_of(store: Any, policy_id: str) -> list[Doc]:
    """The apps that use a sign-on policy."""
    found: list[Doc] = store.find_all(APPS, "_policyId", policy_id)
    return found


def users_of(store: Any, policy: Doc) -> list[Doc]:
    """The apps that use a policy of a type that apps have."""
    if policy["type"] == ACCESS:
        return apps_of(store, policy["id"])
    if policy["type"] != PROFILE:
        return []
    apps = (app for app in store.all(APPS) if not APP_TYPES[app["name"]].first_party)
    return [app for app in apps if enrollment_policy_id(store, app) == policy["id"]]


def app_gone(store: Any, app: Doc) -> None:
    """The policy that came with an app goes with it when no other app uses it (inferred); others stay."""
    policy = store.get(POLICIES, app["_policyId"]) if app["_policyId"] else None
    if policy is not None and policy.get("_madeFor") == app["id"] and len(apps_of(store, policy["id"])) == 1:
        drop_policy(store, policy["id"])


def drop_policy(store: Any, policy_id: str) -> None:
    store.drop_where(POLICY_RULES, "policyId", policy_id)
    store.drop(POLICIES, policy_id)
