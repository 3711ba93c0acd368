"""Rules of policies: /api/v1/policies/{policyId}/rules. Source: okta-admin-api.md 12 and the recorded shapes."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import policy_store, rule_actions, rule_shapes, shapes
from emulator.okta.app_kinds import POLICY_RULES
from emulator.okta.bad_values import needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, flag, part, stamp, text_of
from emulator.okta.policy_types import ACCESS, PROFILE, TYPES
from emulator.okta.problems import forbidden, invalid, not_found

__all__ = ["POLICY_RULES"]
_AT = "/api/v1/policies/{policyId}/rules"
_READ: Any = {"scope": ("okta.policies.read",)}
_MANAGE: Any = {"scope": ("okta.policies.manage",)}


def render(call: Call, rule: Doc) -> Doc:
    """The rule as the API shows it; a system rule cannot be deleted or switched off."""
    at = f"{call.base}/api/v1/policies/{rule['policyId']}/rules/{rule['id']}"
    allow = ["GET", "PUT"] if rule["system"] else ["GET", "PUT", "DELETE"]
    links: Doc = {"self": {"href": at, "hints": {"allow": allow}}}
    if not rule["system"]:
        action = "deactivate" if rule["status"] == "ACTIVE" else "activate"
        links[action] = {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}
    kind = rule["type"]
    shown = {key: value for key, value in rule.items() if key not in ("policyId", "type")}
    return {**shown, "_links": links, "type": kind}


def load(call: Call) -> tuple[Doc, Doc]:
    """Policy and rule that the path names. Raises 404."""
    policy = _policy(call)
    found = call.store.get(POLICY_RULES, call.path["ruleId"])
    if found is None or found["policyId"] != policy["id"]:
        raise not_found(call.path["ruleId"], "PolicyRule")
    return policy, found


def _policy(call: Call) -> Doc:
    from emulator.okta.resources import policies

    return policies.load(call)


def _classic(call: Call) -> bool:
    return bool(call.info["engine"] == "classic")


def _targets(policy: Doc, rule: Doc) -> list[Doc]:
    entity = target("PolicyEntity", policy["id"], name=policy["name"])
    return [target("PolicyRule", rule["id"], name=rule["name"]), entity]


@operation("GET", _AT, source=OBSERVED, query=("limit",), **_READ)
def list_rules(call: Call) -> list[Doc]:
    """A policy's rules in the order in which they are tried."""
    return [render(call, rule) for rule in policy_store.rules_of(call.store, _policy(call)["id"])]


@operation("GET", _AT + "/{ruleId}", source=OBSERVED, **_READ)
def get_rule(call: Call) -> Doc:
    """One rule."""
    return render(call, load(call)[1])


@operation("POST", _AT, source=OBSERVED, query=("activate", "limit"), emits=("policy.rule.add",), **_MANAGE)
def create_rule(call: Call) -> Doc:
    """Add a rule at a priority (without one: above the system rule); rules from there on move down."""
    policy, body = _policy(call), body_object(call)
    kind = TYPES[policy["type"]]
    if not kind.rules:
        compared = (Compared("type", kind.name, "the policy"),)
        why = Why("Policies of this type have one rule, which can be changed only.", compared)
        raise invalid("type", f"type: rules of '{kind.name}' cannot be added", why=why)
    rules = policy_store.rules_of(call.store, policy["id"])
    if len(rules) >= policy_store.MOST_RULES:
        full = (Compared("rules", len(rules), "the policy"), Compared("most", policy_store.MOST_RULES, "policies"))
        raise invalid("rules", "The policy has the most rules it may have", why=Why("A policy is full.", full))
    name = _name(body, rules)
    wanted = _priority(policy, body)
    rule = policy_store.new_rule(
        call.ids, call.now, policy, name=name, priority=wanted if wanted is not None else 0,
        conditions=rule_shapes.conditions(call, kind, body),
        actions=rule_actions.actions(kind, body, classic=_classic(call)),
    )  # fmt: skip
    rule["status"] = "ACTIVE" if flag(call, "activate", True) else "INACTIVE"
    call.store.add(POLICY_RULES, rule)
    policy_store.place_rule(call.store, rule, wanted)
    emit(call, "policy.rule.add", _targets(policy, rule))
    return render(call, rule)


def copy(call: Call, rule: Doc, policy: Doc) -> None:
    """The same rule in another policy."""
    made = policy_store.new_rule(
        call.ids, call.now, policy, name=rule["name"], priority=rule["priority"], conditions=rule["conditions"],
        actions=rule["actions"], system=rule["system"],
    )  # fmt: skip
    call.store.add(POLICY_RULES, {**made, "status": rule["status"]})


@operation("PUT", _AT + "/{ruleId}", source=OBSERVED, emits=("policy.rule.update",), **_MANAGE)
def replace_rule(call: Call) -> Doc:
    """Replace a rule: a condition that is left out is gone. A system rule's name and conditions are fixed."""
    policy, rule = load(call)
    body, kind = body_object(call), TYPES[policy["type"]]
    wanted = _priority(policy, body, rule)
    if rule["system"]:
        _system(call, policy, rule, body)
    else:
        others = policy_store.rules_of(call.store, policy["id"])
        rule["name"] = _name(body, [other for other in others if other["id"] != rule["id"]])
        rule["conditions"] = rule_shapes.conditions(call, kind, body)
    rule["actions"] = rule_actions.actions(kind, body, classic=_classic(call))
    _store(call, policy, rule, "policy.rule.update")
    if not rule["system"] and wanted is not None and wanted != rule["priority"]:
        policy_store.place_rule(call.store, rule, wanted)
    return render(call, rule)


def _system(call: Call, policy: Doc, rule: Doc, body: Doc) -> None:
    """Only its actions may change, and those of Office 365's not at all."""
    apps = policy_store.apps_of(call.store, policy["id"]) if policy["type"] == ACCESS else []
    if any(app["name"] == "office365" for app in apps):
        compared = (Compared("rule", rule["name"], "the policy"), Compared("app", "office365", "the policy's app"))
        raise forbidden(Why("The last rule of an Office 365 policy denies everybody and cannot be edited.", compared))
    if body.get("conditions"):
        call.note("conditions of a system rule are fixed and were ignored")
    if policy["type"] == PROFILE and rule["actions"]["profileEnrollment"].get("uiSchemaId"):
        sent = part(part(body, "actions") or {}, "profileEnrollment") or {}
        if not sent.get("uiSchemaId"):  # documented in 2022, the wording is inferred
            raise shapes.blank("actions.profileEnrollment.uiSchemaId")


@operation("DELETE", _AT + "/{ruleId}", source=OBSERVED, emits=("policy.rule.delete",), **_MANAGE)
def delete_rule(call: Call) -> None:
    """Delete a rule."""
    policy, rule = load(call)
    _refuse_system(rule)
    call.store.drop(POLICY_RULES, rule["id"])
    policy_store.close_gap(call.store, policy["id"])
    emit(call, "policy.rule.delete", _targets(policy, rule))


@operation(
    "POST", _AT + "/{ruleId}/lifecycle/activate", source=OBSERVED, body="none", emits=("policy.rule.activate",),
    **_MANAGE,
)  # fmt: skip
def activate_rule(call: Call) -> None:
    """Make a rule count again."""
    policy, rule = load(call)
    _set_status(call, policy, rule, "ACTIVE", "policy.rule.activate")


@operation(
    "POST", _AT + "/{ruleId}/lifecycle/deactivate", source=OBSERVED, body="none", emits=("policy.rule.deactivate",),
    **_MANAGE,
)  # fmt: skip
def deactivate_rule(call: Call) -> None:
    """Skip a rule."""
    policy, rule = load(call)
    _refuse_system(rule)
    _set_status(call, policy, rule, "INACTIVE", "policy.rule.deactivate")


def _set_status(call: Call, policy: Doc, rule: Doc, status: str, event: str) -> None:
    """Observed: who asks for what already is changes `lastUpdated` only."""
    if rule["status"] == status:
        call.store.put(POLICY_RULES, {**rule, "lastUpdated": stamp(call.now)})
        return
    rule["status"] = status
    _store(call, policy, rule, event)


def _store(call: Call, policy: Doc, rule: Doc, event: str) -> None:
    rule["lastUpdated"] = stamp(call.now)
    call.store.put(POLICY_RULES, rule)
    emit(call, event, _targets(policy, rule))


def _refuse_system(rule: Doc) -> None:
    if rule["system"]:
        compared = (Compared("system", True, f"rule {rule['name']}"),)
        raise forbidden(Why("A system rule is neither deleted nor switched off.", compared))


def _name(body: Doc, others: list[Doc]) -> str:
    """Names of a policy's rules differ (inferred wording)."""
    name = needed_text(body, "name")
    taken = next((other for other in others if other["name"] == name), None)
    if taken is not None:
        compared = (Compared("name", name, "request body"), Compared("taken by", taken["id"], "the policy's rules"))
        raise invalid("name", "name: Policy rule name already in use", why=Why("Rule names differ.", compared))
    return name


def _priority(policy: Doc, body: Doc, rule: Doc | None = None) -> int | None:
    """The place asked for. Where there is a catch-all, rules stand above it. Raises E0000001."""
    kind, sent = TYPES[policy["type"]], text_of(body, "type")
    if sent not in (None, kind.rule_type):
        compared = (Compared("type", sent[:60], "request body"), Compared("type", kind.rule_type, "the policy"))
        raise invalid("type", f"type: '{sent[:60]}' is not valid", why=Why("A rule has its policy's type.", compared))
    asked = body.get("priority")
    if asked is None or (rule is not None and rule["system"]):
        return None
    most = policy_store.CATCH_ALL_PRIORITY - 1 if kind.catch_all and kind.name != PROFILE else 2**31 - 1
    if isinstance(asked, bool) or not isinstance(asked, int) or not 0 <= asked <= most:
        raise shapes.bad("priority", asked, allowed=f"0 to {most}")
    return asked
