"""Push groups by rule: every group that a rule finds is pushed under its own name. Source: okta-admin-api.md 19.

A rule looks at names and descriptions, at the groups that are there and at those that come or change later (inferred:
a group that no longer fits stays pushed).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import group_push
from emulator.okta.app_kinds import APPS
from emulator.store import Column, Kind

RULES = Kind("group_push_rules", (Column("appId"),), settled=True)
OPERATORS = ("EQUALS", "STARTS_WITH", "ENDS_WITH", "CONTAINS")
ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"


def fits(rule: Doc, group: Doc) -> bool:
    """Whether a rule finds a group: both expressions must hold, whatever the case."""
    if group["type"] != "OKTA_GROUP":
        return False
    parts = (("nameExpr", "name"), ("descriptionExpr", "description"))
    asked = [(rule[name], str(group["profile"].get(field) or "")) for name, field in parts if rule.get(name)]
    return bool(asked) and all(_holds(item["op"], item["value"], text) for item, text in asked)


def _holds(operator: str, value: str, text: str) -> bool:
    wanted, found = value.casefold(), text.casefold()
    if operator == "EQUALS":
        return found == wanted
    if operator == "STARTS_WITH":
        return found.startswith(wanted)
    return found.endswith(wanted) if operator == "ENDS_WITH" else wanted in found


def run(call: Call, app: Doc, rule: Doc) -> int:
    """Push what a rule finds now; how many groups are new."""
    from emulator.okta.resources import groups

    if rule["status"] != ACTIVE:
        return 0
    return sum(_push(call, app, group) for group in call.store.all(groups.GROUPS) if fits(rule, group))


def group_seen(call: Call, group: Doc) -> None:
    """A group is new, or has another name or description."""
    for rule in _active(call.store):
        app = call.store.get(APPS, rule["appId"])
        if app is not None and fits(rule, group):
            _push(call, app, group)


def _active(store: Any) -> list[Doc]:
    found: list[Doc] = store.settled(("push rules",), lambda: store.all(RULES))
    return [rule for rule in found if rule["status"] == ACTIVE]


def _push(call: Call, app: Doc, group: Doc) -> bool:
    """Give the group a mapping, unless it has one; False where nothing is to be done."""
    from emulator.okta.resources import group_push_mappings

    if group_push.FEATURE not in app["features"] or group_push.of_source(call.store, app["id"], group["id"]):
        return False
    group_push_mappings.add_mapping(call, app, group, {"targetGroupName": group["profile"]["name"]})
    return True
