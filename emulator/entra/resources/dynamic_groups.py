"""Dynamic groups: whose members a rule finds. Source: graph-entra.md 1.9; the rules are in emulator/entra/rules.

A rule is judged for one user whenever that user changes, and for everybody when the rule does or is switched on.
"""

from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.graph import beta_operation, version
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.resources import group_licences, licences, memberships, skus
from emulator.entra.resources.group_store import GROUPS, load
from emulator.entra.resources.references import directory_object, marked
from emulator.entra.resources.user_store import USERS
from emulator.entra.rules import Facts, Rule, RuleError, parse
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

READ = ("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All")  # fmt: skip
# Names of rules that are not the property's own, in lower case.
_NAMES = {
    "objectid": "id", "dirsyncenabled": "onPremisesSyncEnabled", "physicaldeliveryofficename": "officeLocation",
    "telephonenumber": "businessPhones", "facsimiletelephonenumber": "faxNumber", "mobile": "mobilePhone",
    "sipproxyaddress": "imAddresses", "manager": "_manager",
}  # fmt: skip
_DEVICE_NAMES = {
    "objectid": "id", "deviceostype": "operatingSystem", "deviceosversion": "operatingSystemVersion",
    "devicemanufacturer": "manufacturer", "devicemodel": "model", "deviceownership": "deviceOwnership",
    "devicetrusttype": "trustType", "devicephysicalids": "physicalIds", "devicecategory": "deviceCategory",
    "organizationalunit": "organizationalUnit",
}  # fmt: skip


def is_dynamic(group: Doc) -> bool:
    return "DynamicMembership" in group["groupTypes"]


def check_rule(call: Call, text: Any) -> Rule:
    """The parsed rule. Raises 400 for one that Graph does not understand, 403 without Entra ID P1."""
    if not skus.has_plan(call.store, "AAD_PREMIUM", "AAD_PREMIUM_P2"):
        compared = (Compared("service plans", "no AAD_PREMIUM", "subscribedSkus"),)
        raise Problem("not_premium", why=Why("Dynamic groups need a subscription with Entra ID P1.", compared))
    if not isinstance(text, str) or not text.strip():
        raise required("membershipRule", "Group")
    try:
        return parse(text)
    except RuleError as error:
        raise invalid("membershipRule", "Group", text, rule=str(error)) from error


def settle(group: Doc) -> None:
    """Bring up to date what a group's rule is found by; the caller stores the group."""
    group["_dynamic"] = is_dynamic(group) and group.get("membershipRuleProcessingState") == "On"


def user_changed(call: Call, user_id: str) -> None:
    """Judge every rule that is on for one user."""
    found = call.store.find_all(GROUPS, "_dynamic", 1)
    if not found:
        return
    user = call.store.get(USERS, user_id)
    for group in found:
        rule = _rule(group)
        if rule is not None and rule.kind == "user" and user is not None:
            _place(call, group, marked(user, "user"), belongs=rule.holds(facts(call, user)))


def rule_changed(call: Call, group: Doc) -> None:
    """Judge a group's rule for everybody."""
    rule = _rule(group)
    if rule is None or not group.get("_dynamic"):
        return
    kind = _population(call, rule)
    held = set(memberships.member_ids(call.store, memberships.GROUP_MEMBERS, group["id"]))
    after, more = 0, kind is not None
    while more:
        page = call.store.page(kind, after=after, limit=1000)
        for doc in page.docs:
            belongs = rule.holds(facts(call, doc, kind=rule.kind))
            if belongs != (doc["id"] in held):
                _place(call, group, marked(doc, rule.kind), belongs=belongs)
            held.discard(doc["id"])
        after, more = page.last, page.more
    for id in held:  # what was assigned before the group had a rule
        stays = directory_object(call, id)
        if stays is not None:
            _place(call, group, stays, belongs=False)


def _population(call: Call, rule: Rule) -> Kind | None:
    kind: Kind | None = USERS if rule.kind == "user" else call.store.kinds.get("devices")
    return kind


def _rule(group: Doc) -> Rule | None:
    try:
        return parse(group.get("membershipRule") or "")
    except RuleError:  # a seeded group may have any rule
        return None


def _place(call: Call, group: Doc, item: Doc, *, belongs: bool) -> None:
    """Put an object in the group or take it out, as the rule says."""
    change = memberships.join if belongs else memberships.leave
    if not change(call.store, memberships.GROUP_MEMBERS, group["id"], item["id"]):
        return
    values: dict[str, tuple[object, object]] = {
        "Group.ObjectID": (None, group["id"]), "Group.DisplayName": (None, group["displayName"]),
    }  # fmt: skip
    if not belongs:
        values = {name: (new, old) for name, (old, new) in values.items()}
    activity = "Add member to group" if belongs else "Remove member from group"
    audit(call, activity, [target(item["_type"], public(item), changed=values), target("Group", group)])
    if group["assignedLicenses"] and item["_resource"] == "user":
        group_licences.member_changed(call, item["id"])


def facts(call: Call, doc: Doc, *, kind: str = "user") -> Facts:
    """The values of a user's (or device's) properties, by the names that rules use."""
    known = {key.casefold(): key for key in doc if not key.startswith("_") or key == "_manager"}

    def values(name: str) -> list[Any]:
        if name == "memberof":
            return memberships.live_group_ids(call.store, doc["id"])
        if name == "assignedplans":
            return licences.assigned_plans(call.store, doc)
        if name.startswith("extensionattribute"):
            value = (doc.get("onPremisesExtensionAttributes") or {}).get("extensionAttribute" + name[18:])
        elif name in ("division", "costcenter"):
            value = (doc.get("employeeOrgData") or {}).get("costCenter" if name == "costcenter" else name)
        else:
            names = _NAMES if kind == "user" else _DEVICE_NAMES
            value = doc.get(names.get(name) or known.get(name, ""))
        return value if isinstance(value, list) else [] if value is None else [value]

    return values


# -- trying a rule out --------------------------------------------------------------------------------------------


@beta_operation("POST", "/beta/groups/{id}/evaluateDynamicMembership", source=DOCUMENTED, commit="manual", scope=READ)
def evaluate_group(call: Call) -> Doc:
    """Whether an object is a member by the rule of a group."""
    group = load(call)
    return _evaluated(call, group.get("membershipRule"))


@beta_operation("POST", "/beta/groups/evaluateDynamicMembership", source=DOCUMENTED, commit="manual", scope=READ)
def evaluate_rule(call: Call) -> Doc:
    """Whether an object would be a member by a rule."""
    return _evaluated(call, call.body.get("membershipRule"))


def _evaluated(call: Call, text: Any) -> Doc:
    rule = check_rule(call, text)
    id = call.body.get("memberId")
    if not isinstance(id, str) or not id:
        raise required("memberId", "Group")
    found = directory_object(call, id.lower())
    if found is None or found["_resource"] != rule.kind:
        raise not_found(id, what=rule.kind)
    holds = rule.holds(facts(call, found, kind=rule.kind))
    return {
        "@odata.context": f"{call.base}/{version(call)}/$metadata#microsoft.graph.evaluateDynamicMembershipResult",
        "membershipRule": text, "membershipRuleEvaluationResult": holds, "membershipRuleEvaluationDetails": None,
    }  # fmt: skip
