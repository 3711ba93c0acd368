"""Group rules: /api/v1/groups/rules. Source: okta-admin-api.md 4, 11 and the recorded shape.

A rule is born INACTIVE; only then it is edited. It is INVALID when a group it assigns, or an attribute that it names,
is gone. `validateRule` as the object of a refused rule: articulate/terraform-provider-okta 148.
"""

from copy import deepcopy
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc, public
from emulator.kernel.lifecycle import Lifecycle
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.okta import group_rule_engine, group_rule_input, lists, reach
from emulator.okta.events import SYSTEM, emit
from emulator.okta.group_rule_engine import GROUP_RULES, rule_target
from emulator.okta.params import body_object, flag, stamp
from emulator.okta.problems import invalid, not_found, taken
from emulator.store import Duplicate, Kind

SETTLING = Kind("group_rule_settling")
SEED_RANK = 32
_AT = "/api/v1/groups/rules"
_SETTLING_ID = "settling"
_READ: Any = {"scope": ("okta.groups.read",), "bucket": "groups"}
_MANAGE: Any = {"scope": ("okta.groups.manage",), "bucket": "groups"}
_MOVES = (
    "group.user_membership.add", "group.user_membership.remove", "group.user_membership.rule.error",
    "application.user_membership.add", "application.user_membership.update", "application.user_membership.remove",
)  # fmt: skip
LIFECYCLE = Lifecycle({
    ("INACTIVE", "activate"): "ACTIVE",
    ("ACTIVE", "activate"): "ACTIVE",
    ("ACTIVE", "deactivate"): "INACTIVE",
    ("INACTIVE", "deactivate"): "INACTIVE",
    ("INVALID", "deactivate"): "INACTIVE",
    ("INACTIVE", "update"): "INACTIVE",
    ("INVALID", "update"): "INACTIVE",
    ("INACTIVE", "delete"): "DELETED",
    ("INVALID", "delete"): "DELETED",
})  # fmt: skip
"""Only that an ACTIVE rule is not edited is documented; that it is not deleted is what clients act on (terraform
deactivates first)."""


def render(call: Call, rule: Doc) -> Doc:
    """The rule as the API shows it."""
    shown = public(rule)
    if call.params.get("expand") == "groupIdToGroupNameMap":
        shown["_embedded"] = {"groupIdToGroupNameMap": _names(call, rule)}
    return shown


def _names(call: Call, rule: Doc) -> Doc:
    from emulator.okta.resources import groups

    found = call.store.get_many(groups.GROUPS, rule["actions"]["assignUserToGroups"]["groupIds"])
    return {group["id"]: group["profile"]["name"] for group in found}


def _check_expand(call: Call) -> None:
    asked = call.params.get("expand")
    if asked and asked != "groupIdToGroupNameMap":
        why = Why("expand takes groupIdToGroupNameMap.", (Compared("expand", asked[:100], "query"),))
        raise invalid("RequestParams", "Expand query is malformed.", why=why)


def load(call: Call) -> Doc:
    found: Doc | None = call.store.get(GROUP_RULES, call.path["groupRuleId"])
    if found is None:
        raise not_found(call.path["groupRuleId"], "GroupMembershipRule")
    if not _seen(call, found):
        raise reach.outside(call, "request path", found["id"])
    return found


def _seen(call: Call, rule: Doc) -> bool:
    """Whether the caller reaches everything that the rule is about (inferred)."""
    people = rule["conditions"]["people"]
    return all(reach.sees(call, group=id) for id in rule["actions"]["assignUserToGroups"]["groupIds"]) and all(
        reach.sees(call, user=id) for id in people["users"]["exclude"]
    )


@operation("GET", _AT, source=OBSERVED, paging=Paging(50, 200), query=("limit", "after", "search", "expand"), **_READ)
def list_group_rules(call: Call) -> Listing:
    """Rules in order of creation; `search` is a part of the name."""
    _check_expand(call)
    wanted = (call.params.get("search") or "").casefold()
    return lists.listing(
        call, GROUP_RULES, render, keep=lambda rule: wanted in rule["name"].casefold() and _seen(call, rule)
    )


@operation("POST", _AT, source=OBSERVED, **_MANAGE)
def create_group_rule(call: Call) -> Doc:
    """Add a rule; it does nothing until it is activated."""
    _refuse_settling(call)
    made = group_rule_input.checked(call, body_object(call))
    at = stamp(call.now)
    rule: Doc = {
        "type": "group_rule", "id": call.ids.okta("0pr"), "status": "INACTIVE", "name": made["name"], "created": at,
        "lastUpdated": at, "conditions": made["conditions"], "actions": made["actions"], "allGroupsValid": True,
    }  # fmt: skip
    _store(call, rule, new=True)
    _settle(call)
    return render(call, rule)


@operation("GET", _AT + "/{groupRuleId}", source=OBSERVED, query=("expand",), **_READ)
def get_group_rule(call: Call) -> Doc:
    """One rule."""
    _check_expand(call)
    return render(call, load(call))


@operation("PUT", _AT + "/{groupRuleId}", source=OBSERVED, **_MANAGE)
def replace_group_rule(call: Call) -> Doc:
    """Replace a rule that is not active; one that was INVALID is INACTIVE afterwards."""
    rule = load(call)
    _move(rule, "update")
    made = group_rule_input.checked(call, body_object(call), rule)
    rule |= {**made, "lastUpdated": stamp(call.now), "allGroupsValid": True}
    _store(call, rule, new=False)
    return render(call, rule)


@operation(
    "DELETE", _AT + "/{groupRuleId}", source=OBSERVED, query=("removeUsers",), status=202, emits=_MOVES, **_MANAGE
)
def delete_group_rule(call: Call) -> Doc:
    """Delete a rule that is not active; whom it assigned stays, unless `removeUsers`. Answers `{}` (observed)."""
    rule = load(call)
    _move(rule, "delete")
    remove = flag(call, "removeUsers", False)
    call.store.drop(GROUP_RULES, rule["id"])
    group_rule_engine.forget_memberships(call, rule, remove=remove)
    return {}


@operation(
    "POST", _AT + "/{groupRuleId}/lifecycle/activate", source=OBSERVED, body="none",
    emits=("group.user_membership.rule.trigger", "group.user_membership.rule.evaluation", *_MOVES), **_MANAGE,
)  # fmt: skip
def activate_group_rule(call: Call) -> None:
    """Let a rule act: on everybody now, and on whoever changes from now on."""
    rule = load(call)
    if rule["status"] == "ACTIVE":
        return
    _move(rule, "activate")
    rule["lastUpdated"] = stamp(call.now)
    call.store.put(GROUP_RULES, rule)
    emit(call, "group.user_membership.rule.trigger", [rule_target(rule)])
    group_rule_engine.activated(call, rule)
    emit(call, "group.user_membership.rule.evaluation", [rule_target(rule)], actor=SYSTEM)
    _settle(call)


@operation(
    "POST", _AT + "/{groupRuleId}/lifecycle/deactivate", source=OBSERVED, body="none",
    emits=("group.user_membership.rule.deactivated",), **_MANAGE,
)  # fmt: skip
def deactivate_group_rule(call: Call) -> None:
    """Stop a rule; whom it assigned stays."""
    rule = load(call)
    if rule["status"] == "INACTIVE":
        return
    _move(rule, "deactivate")
    rule["lastUpdated"] = stamp(call.now)
    call.store.put(GROUP_RULES, rule)
    emit(call, "group.user_membership.rule.deactivated", [rule_target(rule)])
    _settle(call)


def _move(rule: Doc, action: str) -> None:
    """Put the rule into the state that an action leads to, in place. Raises 400."""
    after = LIFECYCLE.after(rule["status"], action)
    if after is not None:
        rule["status"] = after
        return
    allowed = [status for status, name in LIFECYCLE.edges if name == action]
    compared = (
        Compared("status", rule["status"], f"rule {rule['name']}"),
        Compared("statuses that allow it", ", ".join(allowed), f"action {action}"),
    )
    text = f"Cannot {action} a rule with status {rule['status']}"  # inferred wording
    raise invalid(f"{action}Rule", text, why=Why(f"The rule's status does not allow {action}.", compared))


def _store(call: Call, rule: Doc, *, new: bool) -> None:
    try:
        call.store.add(GROUP_RULES, rule) if new else call.store.put(GROUP_RULES, rule)
    except Duplicate as error:
        raise taken("name", rule["name"]) from error


# -- what others tell ----------------------------------------------------------------------------------------------


def group_gone(call: Call, group_id: str) -> None:
    """A group has been deleted: rules that assign it are INVALID."""
    for rule in call.store.all(GROUP_RULES):
        if group_id in rule["actions"]["assignUserToGroups"]["groupIds"]:
            _invalidate(call, {**rule, "allGroupsValid": False})


def attributes_gone(call: Call, names: set[str]) -> None:
    """The users' schemas have lost attributes: rules that name them are INVALID."""
    for rule in call.store.all(GROUP_RULES):
        if names & group_rule_input.attributes_named(rule["conditions"]["expression"]["value"]):
            _invalidate(call, rule)


def _invalidate(call: Call, rule: Doc) -> None:
    call.store.put(GROUP_RULES, {**rule, "status": "INVALID", "lastUpdated": stamp(call.now)})
    if rule["status"] != "INVALID":
        emit(call, "group.user_membership.rule.invalidate", [rule_target(rule)], actor=SYSTEM)


def _refuse_settling(call: Call) -> None:
    """423 while the last change of a rule is still being worked on, in orgs that take their time."""
    row = call.store.get(SETTLING, _SETTLING_ID)
    if row is None or call.now >= row["until"]:
        return
    compared = (Compared("now", stamp(call.now), "world clock"), Compared("settled at", stamp(row["until"]), "rules"))
    raise Problem("E0000239", why=Why("The change of another rule is still being worked on.", compared))


def _settle(call: Call) -> None:
    row = call.store.get(SETTLING, _SETTLING_ID)
    if row is not None:
        call.store.put(SETTLING, {**row, "until": call.now + row["forMs"]})


def seed(seeding: Seeding) -> None:
    """`group_rules: [{name, expression, groups [names], users_excluded? [logins], status?, id?}]`; status is ACTIVE
    unless it says otherwise. `group_rule_settling: PT2S`: so long after each change further rules are refused (423).
    """
    from emulator.okta.resources import users

    if seeding.spec.get("group_rule_settling"):
        length = parse_duration(seeding.spec["group_rule_settling"])
        seeding.store.add(SETTLING, {"id": _SETTLING_ID, "forMs": length, "until": 0})
    for spec in seeding.spec.get("group_rules", ()):
        excluded = [users.by_login(seeding.store, login) for login in spec.get("users_excluded", ())]
        if None in excluded:
            raise LabError(
                f"group rule {spec['name']!r} excludes a user who is not there.", hint="Add them to `users`."
            )
        rule = _seeded(seeding, spec, [user["id"] for user in excluded if user is not None])
        seeding.store.add(GROUP_RULES, deepcopy(rule))
        if rule["status"] == "ACTIVE":
            _join_seeded(seeding, rule, users.USERS)


def _seeded(seeding: Seeding, spec: Doc, excluded: list[str]) -> Doc:
    from emulator.okta.resources import groups

    at = stamp(seeding.now)
    return {
        "type": "group_rule", "id": spec.get("id") or seeding.ids.okta("0pr"), "status": spec.get("status", "ACTIVE"),
        "name": spec["name"], "created": at, "lastUpdated": at,
        "conditions": {
            "people": {"users": {"exclude": excluded}, "groups": {"exclude": []}},
            "expression": {"value": spec["expression"], "type": group_rule_input.EXPRESSION},
        },
        "actions": {"assignUserToGroups": {
            "groupIds": [groups.named(seeding.store, name)["id"] for name in spec["groups"]],
        }},
        "allGroupsValid": True,
    }  # fmt: skip


def _join_seeded(seeding: Seeding, rule: Doc, kind: Kind) -> None:
    from emulator.okta import memberships

    for user in seeding.store.all(kind):
        if user["status"] != "DEPROVISIONED" and group_rule_engine.holds(seeding.store, rule, user, seeding.now):
            for group_id in rule["actions"]["assignUserToGroups"]["groupIds"]:
                memberships.note_member(seeding.store, group_id, user["id"], rule_id=rule["id"])


def targets(store: Any, group_id: str) -> list[Doc]:
    """Rules that assign a group."""
    found = store.all(GROUP_RULES)
    return [rule for rule in found if group_id in rule["actions"]["assignUserToGroups"]["groupIds"]]
