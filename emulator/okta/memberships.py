"""Entering and leaving groups, by hand or by a rule, with what follows. Source: okta-admin-api.md 4.

A stored membership is `{id, group, user}`; one that rules made has `_rules` (their ids), and `_manual` where it was
also made by hand.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta.events import SYSTEM, emit, group_target, user_target
from emulator.store import Column, Kind, Multi

MEMBERS = Kind(
    "group_members", (Column("group"), Column("user")), (Multi("_rules"),), together=(("group", "user"),)
)  # fmt: skip


def membership(group_id: str, user_id: str) -> Doc:
    """The stored link between a group and a member."""
    return {"id": f"{group_id}.{user_id}", "group": group_id, "user": user_id}


def enter(call: Call, group: Doc, user: Doc, *, rule: Doc | None = None) -> bool:
    """Make a user a member, by hand or by a rule; whether they were none before."""
    from emulator.okta.resources import app_groups, groups

    fresh = note_member(call.store, group["id"], user["id"], rule_id=rule["id"] if rule else None)
    if fresh:
        groups.touch(call, group, membership=True)
        _log(call, "group.user_membership.add", group, user, rule)
        app_groups.member_joined(call, group["id"], user)
    return fresh


def note_member(store: Any, group_id: str, user_id: str, *, rule_id: str | None = None) -> bool:
    """Store a membership and who made it; whether there was none before. Logs nothing."""
    row = store.get(MEMBERS, f"{group_id}.{user_id}")
    if row is None:
        store.add(MEMBERS, membership(group_id, user_id) | ({"_rules": [rule_id]} if rule_id else {}))
        return True
    rules = row.get("_rules") or []
    if rule_id is None:
        if rules and not row.get("_manual"):
            store.put(MEMBERS, {**row, "_manual": True})
    elif rule_id not in rules:
        store.put(MEMBERS, {**row, "_rules": [*rules, rule_id], "_manual": row.get("_manual", not rules)})
    return False


def release(call: Call, row: Doc, rule: Doc, user: Doc) -> bool:
    """A rule gives a membership up: it goes, unless another rule or somebody's hand holds it. Whether it went."""
    from emulator.okta.resources import groups

    rest = [id for id in row.get("_rules") or () if id != rule["id"]]
    if rest or row.get("_manual"):
        kept = {**row, "_rules": rest} if rest else membership(row["group"], row["user"])
        call.store.put(MEMBERS, kept)
        return False
    group = call.store.get(groups.GROUPS, row["group"])
    return group is not None and leave(call, group, user, rule=rule)


def leave(call: Call, group: Doc, user: Doc, *, rule: Doc | None = None) -> bool:
    """End a membership; whether there was one."""
    from emulator.okta.resources import app_groups, groups

    if call.store.drop(MEMBERS, f"{group['id']}.{user['id']}") is None:
        return False
    groups.touch(call, group, membership=True)
    _log(call, "group.user_membership.remove", group, user, rule)
    app_groups.member_left(call, group["id"], user)
    return True


def _log(call: Call, kind: str, group: Doc, user: Doc, rule: Doc | None) -> None:
    """What a rule does is the system's doing, and names the rule."""
    targets = [user_target(user), group_target(group)]
    if rule is None:
        emit(call, kind, targets)
    else:
        emit(call, kind, targets, actor=SYSTEM, debug={"triggeredByGroupRuleId": rule["id"]})
