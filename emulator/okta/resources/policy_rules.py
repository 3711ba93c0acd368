"""Rules of app sign-on policies: /api/v1/policies/{policyId}/rules.

Source: okta-admin-api.md 12 and the recorded shapes.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Why, not_emulated
from emulator.okta import policy_store, rule_shapes
from emulator.okta.app_kinds import POLICY_RULES
from emulator.okta.bad_values import needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, flag, stamp, text_of
from emulator.okta.policy_store import ACCESS
from emulator.okta.problems import forbidden, invalid, not_found
from emulator.okta.resources import policies

__all__ = ["POLICY_RULES"]


def render(call: Call, rule: Doc) -> Doc:
    """The rule as the API shows it; a catch-all cannot be deleted or switched off."""
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
    policy = policies.load(call)
    found = call.store.get(POLICY_RULES, call.path["ruleId"])
    if found is None or found["policyId"] != policy["id"]:
        raise not_found(call.path["ruleId"], "PolicyRule")
    return policy, found


def _targets(policy: Doc, rule: Doc) -> list[Doc]:
    return [target("PolicyRule", rule["id"], name=rule["name"]), policies.policy_target(policy)]


@operation("GET", "/api/v1/policies/{policyId}/rules", source=OBSERVED, scope=("okta.policies.read",))
def list_rules(call: Call) -> list[Doc]:
    """A policy's rules in the order in which they are tried."""
    return [render(call, rule) for rule in policy_store.rules_of(call.store, policies.load(call)["id"])]


@operation("GET", "/api/v1/policies/{policyId}/rules/{ruleId}", source=OBSERVED, scope=("okta.policies.read",))
def get_rule(call: Call) -> Doc:
    """One rule."""
    return render(call, load(call)[1])


@operation(
    "POST", "/api/v1/policies/{policyId}/rules", source=OBSERVED, scope=("okta.policies.manage",), query=("activate",),
    emits=("policy.rule.add",),
)  # fmt: skip
def create_rule(call: Call) -> Doc:
    """Add a rule at a priority (without one: above the catch-all); rules from there on move down."""
    policy, body = policies.load(call), body_object(call)
    _refuse_type(policy)
    rules = policy_store.rules_of(call.store, policy["id"])
    if len(rules) >= policy_store.MOST_RULES:
        compared = (Compared("rules", len(rules), "the policy"), Compared("most", policy_store.MOST_RULES, "policies"))
        raise invalid("rules", "The policy has the most rules it may have", why=Why("A policy is full.", compared))
    rule = policy_store.new_rule(
        call.ids, call.now, policy, name=needed_text(body, "name"), priority=_priority(call, policy, body),
        conditions=rule_shapes.conditions(call, body), actions=rule_shapes.actions(body),
    )  # fmt: skip
    rule["status"] = "ACTIVE" if flag(call, "activate", True) else "INACTIVE"
    policy_store.insert_rule(call.store, rule)
    emit(call, "policy.rule.add", _targets(policy, rule))
    return render(call, rule)


@operation(
    "PUT", "/api/v1/policies/{policyId}/rules/{ruleId}", source=OBSERVED, scope=("okta.policies.manage",),
    emits=("policy.rule.update",),
)  # fmt: skip
def replace_rule(call: Call) -> Doc:
    """Replace a rule: a condition that is left out is gone. Office 365's catch-all stays as it is."""
    policy, rule = load(call)
    body = body_object(call)
    _refuse_type(policy)
    if rule["system"]:
        _catch_all(call, policy, rule, body)
    else:
        rule["name"] = needed_text(body, "name")
        rule["conditions"] = rule_shapes.conditions(call, body)
        wanted = _priority(call, policy, body, rule["priority"])
        if wanted != rule["priority"]:
            rule["priority"] = wanted
            call.store.drop(POLICY_RULES, rule["id"])
            policy_store.insert_rule(call.store, rule)
    rule["actions"] = rule_shapes.actions(body)
    _store(call, policy, rule, "policy.rule.update")
    return render(call, rule)


def _catch_all(call: Call, policy: Doc, rule: Doc, body: Doc) -> None:
    """Only its actions may change, and those of Office 365's not at all (F-63)."""
    if any(app["name"] == "office365" for app in policy_store.apps_of(call.store, policy["id"])):
        compared = (Compared("rule", rule["name"], "the policy"), Compared("app", "office365", "the policy's app"))
        raise forbidden(Why("The last rule of an Office 365 policy denies everybody and cannot be edited.", compared))
    if body.get("conditions"):
        call.note("conditions of a catch-all rule are fixed and were ignored")


@operation(
    "DELETE", "/api/v1/policies/{policyId}/rules/{ruleId}", source=OBSERVED, scope=("okta.policies.manage",),
    emits=("policy.rule.delete",),
)  # fmt: skip
def delete_rule(call: Call) -> None:
    """Delete a rule."""
    policy, rule = load(call)
    _refuse_system(rule)
    call.store.drop(POLICY_RULES, rule["id"])
    emit(call, "policy.rule.delete", _targets(policy, rule))


@operation(
    "POST", "/api/v1/policies/{policyId}/rules/{ruleId}/lifecycle/activate", source=OBSERVED,
    scope=("okta.policies.manage",), body="none", emits=("policy.rule.activate",),
)  # fmt: skip
def activate_rule(call: Call) -> None:
    """Make a rule count again."""
    _set_status(call, "ACTIVE", "policy.rule.activate")


@operation(
    "POST", "/api/v1/policies/{policyId}/rules/{ruleId}/lifecycle/deactivate", source=OBSERVED,
    scope=("okta.policies.manage",), body="none", emits=("policy.rule.deactivate",),
)  # fmt: skip
def deactivate_rule(call: Call) -> None:
    """Skip a rule."""
    _set_status(call, "INACTIVE", "policy.rule.deactivate")


def _set_status(call: Call, status: str, event: str) -> None:
    policy, rule = load(call)
    _refuse_system(rule)
    if rule["status"] != status:
        rule["status"] = status
        _store(call, policy, rule, event)


def _store(call: Call, policy: Doc, rule: Doc, event: str) -> None:
    rule["lastUpdated"] = stamp(call.now)
    call.store.put(POLICY_RULES, rule)
    emit(call, event, _targets(policy, rule))


def _refuse_system(rule: Doc) -> None:
    if rule["system"]:
        compared = (Compared("system", True, f"rule {rule['name']}"),)
        raise forbidden(Why("A catch-all rule is neither deleted nor switched off.", compared))


def _refuse_type(policy: Doc) -> None:
    if policy["type"] != ACCESS:
        what = f"Changing rules of policies of type {policy['type']}"
        raise invalid("type", f"type: rules of '{policy['type']}' cannot be changed", why=not_emulated(what))


def _priority(call: Call, policy: Doc, body: Doc, present: int | None = None) -> int:
    if text_of(body, "type") not in (None, policy["type"]):
        compared = (Compared("type", body["type"], "request body"), Compared("type", policy["type"], "the policy"))
        raise invalid(
            "type", f"type: '{body['type']}' is not valid", why=Why("A rule has its policy's type.", compared)
        )
    asked = body.get("priority")
    if asked is None:
        return policy_store.next_priority(call.store, policy["id"]) if present is None else present
    if isinstance(asked, bool) or not isinstance(asked, int) or not 0 <= asked < policy_store.CATCH_ALL_PRIORITY:
        compared = (
            Compared("priority", asked, "request body"),
            Compared("below", policy_store.CATCH_ALL_PRIORITY, "catch-all"),
        )
        raise invalid(
            "priority", f"priority: '{asked}' is not valid", why=Why("Rules stand above the catch-all.", compared)
        )
    return asked
