"""What would the policies decide: POST /api/v1/policies/simulate. Source: okta-admin-api.md 12, appendix B.

Policies and rules are tried by the same code as real sign-ins (`policy_walk`). What the request leaves out is unknown,
and a condition that needs it is UNDEFINED.

# Differs: `policyContext` also takes `userAgent`, `client` (an office365Client value) and `risk.level`, so that
# conditions on them can be simulated; why earlier rules did not match is noted in the journal.
"""

from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.journal import Entry
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import policy_walk, reach, rule_shapes
from emulator.okta.app_kinds import APPS
from emulator.okta.params import body_object
from emulator.okta.policy_types import ACCESS, ENROLL, PROFILE, SIGN_ON
from emulator.okta.policy_walk import Found
from emulator.okta.problems import invalid
from emulator.okta.rule_conditions import Compiled
from emulator.okta.rule_subject import UNKNOWN, Subject, platform_of
from emulator.okta.shapes import boolean, many, one_of, record, text, texts
from emulator.okta.user_docs import USERS

_TYPES = (ACCESS, ENROLL, SIGN_ON, PROFILE)
_LEVEL = one_of("LOW", "MEDIUM", "HIGH")
_device = record(
    {"platform": text, "registered": boolean, "managed": boolean, "assuranceId": text},
)
_context = record({
    "user": record({"id": text}), "groups": record({"ids": texts}), "ip": text, "zones": record({"ids": texts}),
    "device": _device, "risk": record({"level": _LEVEL, "minRiskLevel": _LEVEL}), "userAgent": text,
    "client": one_of(*rule_shapes.OFFICE365_CLIENTS),
})  # fmt: skip
_body = record(
    {"appInstance": text, "policyTypes": many(one_of(*_TYPES)), "policyContext": _context}, needed=("appInstance",)
)
# Platforms as the vendor's form names them, beside the operating systems themselves.
_MOBILE = ("IOS", "ANDROID")
MATCH, NO_MATCH, UNDEFINED = "MATCH", "NOT_MATCH", "UNDEFINED"


@operation(
    "POST", "/api/v1/policies/simulate", source=DOCUMENTED, scope=("okta.policies.read",), query=("expand",),
    commit="manual",
)  # fmt: skip
def simulate_policies(call: Call) -> Doc:
    """Which policies and rules would decide for somebody who goes to an app; `expand` EVALUATED, RULE says more."""
    sent: Doc = _body(body_object(call), "")
    app = call.store.get(APPS, sent["appInstance"])
    if app is None:
        why = Why("The org has no such app.", (Compared("appInstance", sent["appInstance"][:60], "request body"),))
        raise invalid("appInstance", f"appInstance: '{sent['appInstance'][:60]}' does not exist", why=why)
    reach.require(call, app=app["id"])
    expand = frozenset(call.params.get("expand", "").replace(" ", "").split(",")) - {""}
    if not expand <= {"EVALUATED", "RULE"}:
        why = Why("expand is EVALUATED, RULE or both.", (Compared("expand", call.params["expand"][:60], "query"),))
        raise Problem("E0000001", "RequestParams", causes=("Expand query is malformed.",), why=why)
    subject = _subject(call, app, sent.get("policyContext") or {})
    return {"evaluation": [
        _evaluation(call, kind, app, subject, expand) for kind in sent.get("policyTypes") or _TYPES
    ]}  # fmt: skip


def _subject(call: Call, app: Doc, context: Doc) -> Subject:
    """What the request says of the sign-in. A known user's groups count, with those that are named."""
    from emulator.okta.resources import groups, user_risk, zones

    id = (context.get("user") or {}).get("id")
    user = call.store.get(USERS, id) if id else None
    if id and user is None:
        why = Why("The org has no such user.", (Compared("user.id", id[:60], "request body"),))
        raise invalid("policyContext", f"user.id: '{id[:60]}' does not exist", why=why)
    reach.require(call, user=id)
    mine = frozenset((context.get("groups") or {}).get("ids", ()))
    if user is not None:
        mine |= frozenset(groups.groups_of(call.store, user["id"]))
    there = frozenset((context.get("zones") or {}).get("ids", ()))
    if "ip" in context:
        there |= frozenset(zone["id"] for zone in zones.zones_of(call.store, context["ip"]))
    known = "ip" in context or "zones" in context
    risk = context.get("risk") or {}
    level = risk.get("level") or risk.get("minRiskLevel")
    device = context.get("device")
    return Subject(
        user, mine, there if known else None, context.get("ip"), context.get("userAgent"), context.get("client"),
        platform=_platform(context), device=_known_device(device) if device is not None else None,
        assured=_assured(device), app=app,
        risk=level or (user_risk.level_of(call.store, user["id"]) if user is not None else None),
    )  # fmt: skip


def _platform(context: Doc) -> tuple[str, str] | None:
    named = (context.get("device") or {}).get("platform")
    if named is None:
        return platform_of(context["userAgent"]) if "userAgent" in context else None
    system = {"OSX": "MACOS"}.get(named.upper(), named.upper())
    return ("MOBILE" if system in _MOBILE else "OTHER" if system == "OTHER" else "DESKTOP"), system


def _known_device(device: Doc) -> Doc:
    """The device as far as rules ask; nothing for one that the org does not know. A managed one is registered."""
    managed = device.get("managed", False)
    if not managed and not device.get("registered"):
        return {}
    return {"status": "ACTIVE", "profile": {"registered": True, "managed": managed}}


def _assured(device: Doc | None) -> frozenset[str] | None:
    if device is None:
        return None
    return frozenset([device["assuranceId"]]) if "assuranceId" in device else frozenset()


def _evaluation(call: Call, kind: str, app: Doc, subject: Subject, expand: frozenset[str]) -> Doc:
    from emulator.okta.policy_store import enrollment_policy_id

    own = app["_policyId"] if kind == ACCESS else enrollment_policy_id(call.store, app)
    found = policy_walk.walk(call.store, policy_walk.policies_for(call.store, kind, own), subject)
    status = UNDEFINED if found.undefined else MATCH if found.rule is not None else NO_MATCH
    call.log(Entry("simulation", kind, status, {}, _why(found, kind).to_doc(), (app["id"],)))
    shown: Doc = {"status": status, "policyType": [kind], "result": {"policies": _result(call, found, subject, expand)}}
    if "EVALUATED" in expand:
        shown["evaluated"] = {"policies": _tried(call, found, subject, expand, lambda reason: reason is not UNKNOWN)}
        shown["undefined"] = {"policies": _tried(call, found, subject, expand, lambda reason: reason is UNKNOWN)}
    return shown


def _why(found: Found, kind: str) -> Why:
    """What decides and why nothing before it does, in the words in which a real sign-in says so."""
    values = [
        Compared(item.name, "not known" if item.value == UNKNOWN else item.value, item.where)
        for item in found.passed()
    ]  # fmt: skip
    if found.rule is None or found.policy is None:
        return Why(f"No rule of the {kind} policies matches.", tuple(values))
    name = f"rule {found.rule['priority']} {found.rule['name']!r}"
    matches = Compared(name, "matches", f"policy {found.policy['name']}")
    return Why(f"The rule {found.rule['name']!r} would decide.", (*values, matches))


def _result(call: Call, found: Found, subject: Subject, expand: frozenset[str]) -> list[Doc]:
    if found.policy is None or found.rule is None:
        return []
    rule = _rule(call, found.policy, found.rule, subject, expand, MATCH)
    return [_policy(found.policy, MATCH, [rule], expand)]


def _tried(
    call: Call, found: Found, subject: Subject, expand: frozenset[str], wanted: Callable[[str], bool]
) -> list[Doc]:
    """What was passed over, rule by rule below its policy."""
    shown: dict[str, Doc] = {}
    for policy, rule, reason in found.tried:
        if not wanted(reason):
            continue
        status = UNDEFINED if reason is UNKNOWN else NO_MATCH
        item = shown.setdefault(policy["id"], _policy(policy, status if rule is None else MATCH, [], expand))
        if rule is not None:
            item["rules"].append(_rule(call, policy, rule, subject, expand, status))
    return list(shown.values())


def _policy(policy: Doc, status: str, rules: list[Doc], expand: frozenset[str]) -> Doc:
    conditions = [{"type": "people", "status": status}] if "RULE" in expand and policy["conditions"] else []
    return {"id": policy["id"], "name": policy["name"], "status": status, "conditions": conditions, "rules": rules}


def _rule(call: Call, policy: Doc, rule: Doc, subject: Subject, expand: frozenset[str], status: str) -> Doc:
    shown: Doc = {"id": rule["id"], "name": rule["name"], "status": status, "conditions": []}
    if "RULE" in expand:
        ready = next(item for item in policy_walk.ready(call.store, policy["id"]) if item.rule["id"] == rule["id"])
        shown["conditions"] = _conditions(ready, subject)
    return shown


def _conditions(item: Compiled, subject: Subject) -> list[Doc]:
    """Each condition that the rule names, with what it makes of the subject."""
    made: dict[str, Any] = dict(item.checks)
    found: list[Doc] = []
    for name in item.rule["conditions"] or {}:
        reason = made[name](subject) if name in made else None
        status = MATCH if reason is None else UNDEFINED if reason is UNKNOWN else NO_MATCH
        found.append({"type": name, "status": status})
    return found
