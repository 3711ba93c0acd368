"""Policies as stored: the org's default ones, Office 365's own, and the order of rules.

Source: okta-admin-api.md 12, F-63.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import APPS, POLICIES, POLICY_RULES
from emulator.okta.apps_catalog import TYPES
from emulator.okta.params import stamp

ACCESS, ENROLLMENT = "ACCESS_POLICY", "PROFILE_ENROLLMENT"
CATCH_ALL, CATCH_ALL_PRIORITY = "Catch-all Rule", 99
MOST_RULES = 100
OFFICE365_CLIENTS = ("WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC", "AAD_JOIN")
# Inferred: how often the default rules ask again; the vendor's form offers two hours.
REAUTHENTICATE = "PT2H"


def new_policy(
    ids: Any, now: int, name: str, *, kind: str = ACCESS, system: bool = False, description: str = ""
) -> Doc:
    """A policy document without rules."""
    at = stamp(now)
    return {
        "id": ids.okta("rst"), "status": "ACTIVE", "name": name, "description": description or f"{name} policy",
        "priority": 1, "system": system, "conditions": None, "created": at, "lastUpdated": at, "type": kind,
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
    at = stamp(now)
    return {
        "id": ids.okta("rul"), "status": "ACTIVE", "name": name, "priority": priority, "created": at, "lastUpdated": at,
        "system": system, "conditions": conditions, "actions": actions, "type": policy["type"],
        "policyId": policy["id"],
    }  # fmt: skip


def sign_on(access: str, *, factors: str = "1FA", reauthenticate: str = REAUTHENTICATE) -> Doc:
    """`actions` of an ACCESS_POLICY rule."""
    return {"appSignOn": {
        "access": access,
        "verificationMethod": {"factorMode": factors, "type": "ASSURANCE", "reauthenticateIn": reauthenticate},
        "keepMeSignedIn": {"postAuth": "NOT_ALLOWED"},
    }}  # fmt: skip


def anyone() -> Doc:
    """`conditions` of a rule that holds for everybody, as the server fills them in."""
    return {
        "people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"}, "riskScore": {"level": "ANY"},
        "userType": {"include": [], "exclude": []},
    }  # fmt: skip


def rules_of(store: Any, policy_id: str) -> list[Doc]:
    """A policy's rules in the order in which they are tried."""
    found = store.find_all(POLICY_RULES, "policyId", policy_id)
    return sorted(found, key=lambda rule: (rule["priority"], rule["created"]))


def add_policy(store: Any, ids: Any, now: int, policy: Doc, *, catch_all: Doc) -> Doc:
    """Store a policy with its catch-all rule."""
    store.add(POLICIES, policy)
    conditions = anyone() if policy["type"] == ACCESS else None
    store.add(POLICY_RULES, new_rule(
        ids, now, policy, name=CATCH_ALL, priority=CATCH_ALL_PRIORITY, conditions=conditions, actions=catch_all,
        system=True,
    ))  # fmt: skip
    return policy


def insert_rule(store: Any, rule: Doc) -> Doc:
    """Store a rule at its priority; the ones that stood there or after move down. The catch-all stays last."""
    others = [item for item in rules_of(store, rule["policyId"]) if not item["system"] and item["id"] != rule["id"]]
    taken = rule["priority"]
    for other in others:
        if other["priority"] == taken:
            other["priority"] = taken = taken + 1
            store.put(POLICY_RULES, other)
    store.add(POLICY_RULES, rule)
    return rule


def next_priority(store: Any, policy_id: str) -> int:
    """The priority after the last rule above the catch-all."""
    return max((rule["priority"] for rule in rules_of(store, policy_id) if not rule["system"]), default=0) + 1


def default_policy(store: Any, kind: str) -> Doc | None:
    """The org's own policy of a type."""
    found = [policy for policy in store.find_all(POLICIES, "type", kind) if policy["system"]]
    return found[0] if found else None


def enrollment_policy_id(store: Any) -> str | None:
    found = default_policy(store, ENROLLMENT)
    return found["id"] if found else None


def policy_for(store: Any, ids: Any, now: int, app: Doc) -> str | None:
    """The sign-on policy of a new app: Office 365 gets its own, others share the org's default one."""
    if TYPES[app["name"]].provisioning:
        return str(_office365_policy(store, ids, now, app)["id"])
    if app["name"] == "active_directory":
        return None
    found = default_policy(store, ACCESS)
    return found["id"] if found else None


def _office365_policy(store: Any, ids: Any, now: int, app: Doc) -> Doc:
    """Rule 1 lets browsers and modern clients in; the catch-all, not editable, denies the rest."""
    policy = new_policy(ids, now, app["label"], description=f"Sign-on policy of {app['label']}")
    add_policy(store, ids, now, policy, catch_all=sign_on("DENY"))
    conditions = {**anyone(), "office365Client": {"include": ["WEB", "MODERN_AUTH"]}}
    store.add(POLICY_RULES, new_rule(
        ids, now, policy, name="Allow Web and Modern Auth", priority=1, conditions=conditions, actions=sign_on("ALLOW"),
    ))  # fmt: skip
    return policy


def apps_of(store: Any, policy_id: str) -> list[Doc]:
    """The apps that use a policy."""
    found: list[Doc] = store.find_all(APPS, "_policyId", policy_id)
    return found


def app_gone(store: Any, app: Doc) -> None:
    """An app's own policy goes with it when no other app uses it (inferred); the org's default ones stay."""
    policy = store.get(POLICIES, app["_policyId"]) if app["_policyId"] else None
    if policy is None or policy["system"] or len(apps_of(store, policy["id"])) > 1:
        return
    drop_policy(store, policy["id"])


def drop_policy(store: Any, policy_id: str) -> None:
    store.drop_where(POLICY_RULES, "policyId", policy_id)
    store.drop(POLICIES, policy_id)
