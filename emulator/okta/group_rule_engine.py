"""What group rules do: who they hold of, and the memberships that follow. Source: okta-admin-api.md 4, 11.

The vendor evaluates in the background and clients poll; here the evaluation is part of the change that causes it, so
that what a client reads next is settled. Deactivated users are left as they are (inferred).
"""

from collections.abc import Iterator
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.query import And, Compare, Node, Or
from emulator.okta import memberships, search
from emulator.okta.directory_users import group_functions, internal_property
from emulator.okta.events import SYSTEM, emit, target, user_target
from emulator.okta.expressions import Environment, ExpressionError, compile_expression, references
from emulator.okta.expressions import nodes as tree
from emulator.okta.expressions.functions import GROUP_FUNCTIONS
from emulator.okta.memberships import MEMBERS
from emulator.okta.params import stamp
from emulator.okta.user_docs import USERS
from emulator.store import Column, Kind

GROUP_RULES = Kind("group_rules", (Column("name", fold=True, unique=True), Column("status")), settled=True)
_BATCH = 500
_ROUNDS = 10
"""How often the memberships that rules make may set off further rules."""


def rule_target(rule: Doc) -> Doc:
    return target("GroupRule", rule["id"], name=rule["name"])


def active_rules(store: Any) -> list[Doc]:
    found: list[Doc] = store.find_all(GROUP_RULES, "status", "ACTIVE")
    return found


def user_changed(call: Call, user: Doc) -> None:
    """A user, or one of their memberships, has changed: every active rule decides again, until nothing changes."""
    rules = active_rules(call.store)
    if not rules or user["status"] == "DEPROVISIONED":
        return
    for _ in range(_ROUNDS):
        if sum(_decide(call, rule, user) for rule in rules) == 0:  # all of them, not only up to the first change
            return
        rules = [rule for rule in rules if asks_of_groups(rule)]


def activated(call: Call, rule: Doc) -> None:
    """Hold a rule against everybody; memberships that it made before and no longer makes end."""
    moved: dict[str, Doc] = {}
    failed: list[str] = []
    held: set[str] = set()
    for user in _candidates(call, rule):
        if _holds(call.store, rule, user, call.now, failed):
            held.add(user["id"])
            if _enter_all(call, rule, user):
                moved[user["id"]] = user
    stale = {row["user"] for row in call.store.find_multi(MEMBERS, "_rules", rule["id"])} - held
    for user in call.store.get_many(USERS, sorted(stale)):
        if user["status"] != "DEPROVISIONED" and _leave_all(call, rule, user):
            moved[user["id"]] = user
    if failed:
        _error(call, rule, failed[0])
    for user in moved.values():
        user_changed(call, user)


def _candidates(call: Call, rule: Doc) -> Iterator[Doc]:
    """The users whom a rule can hold of, found by index where its expression lets one be used."""
    parts: list[Node] = [Compare(("status",), "ne", "DEPROVISIONED")]
    narrower = narrowed(compile_expression(rule["conditions"]["expression"]["value"]).parts[0])
    if narrower is not None:
        parts.append(narrower)
    where, keep = search.located(call, USERS, And(tuple(parts)), fold=False)
    after, more = 0, True
    while more:
        page = call.store.page(USERS, where, after=after, limit=_BATCH, keep=keep)
        yield from page.docs
        after, more = page.last, page.more


def narrowed(node: tree.Node) -> Node | None:
    """A filter that every user of whom the expression holds passes; None where there is none to be had."""
    match node:
        case tree.Chain(first, rest) if rest[0][0] in ("&&", "||"):
            parts = [narrowed(item) for item in (first, *(operand for _, operand, _ in rest))]
            known = tuple(part for part in parts if part is not None)
            if rest[0][0] == "||":
                return Or(known) if len(known) == len(parts) else None
            return And(known) if known else None
        case tree.Chain(first, (("==", tree.Literal(str(value)), _),)):
            return _attribute(first, "eq", value)
        case tree.Call("String.startsWith", (first, tree.Literal(str(value)))):
            return _attribute(first, "sw", value)
        case _:
            return None


def _attribute(node: tree.Node, op: Any, value: str) -> Node | None:
    match node:
        case tree.Steps(tree.Name("user", _), (tree.Member(name, _),)):
            return Compare(("profile", name), op, value)
        case _:
            return None


def asks_of_groups(rule: Doc) -> bool:
    """Whether memberships decide on a rule."""
    named = references(compile_expression(rule["conditions"]["expression"]["value"]))
    groups = rule["conditions"]["people"]["groups"]["exclude"]
    return bool(groups) or any(name.removesuffix("()").rpartition(".")[2] in _OF_GROUPS for name in named)


_OF_GROUPS = frozenset(name.rpartition(".")[2] for name in GROUP_FUNCTIONS) | {"isMemberOf", "getGroups"}


def holds(store: Any, rule: Doc, user: Doc, now: int) -> bool:
    """Whether a rule assigns a user; ExpressionError where its expression cannot be evaluated for them."""
    people = rule["conditions"]["people"]
    if user["id"] in people["users"]["exclude"]:
        return False
    functions = group_functions(store, user)
    if any(functions["isMemberOfGroup"](id) for id in people["groups"]["exclude"]):
        return False
    expression = compile_expression(rule["conditions"]["expression"]["value"])
    own = {"user.getInternalProperty": internal_property(user)}
    environment = Environment({"user": user["profile"]}, {**functions, **own}, now)
    return expression.evaluate(environment) is True


def _holds(store: Any, rule: Doc, user: Doc, now: int, failed: list[str]) -> bool:
    try:
        return holds(store, rule, user, now)
    except ExpressionError as error:
        failed.append(error.message)
        return False


def _decide(call: Call, rule: Doc, user: Doc) -> bool:
    """Bring one user's memberships in line with one rule; whether any changed."""
    failed: list[str] = []
    found = _holds(call.store, rule, user, call.now, failed)
    if failed:
        _error(call, rule, failed[0], user)
    return _enter_all(call, rule, user) if found else _leave_all(call, rule, user)


def _enter_all(call: Call, rule: Doc, user: Doc) -> bool:
    from emulator.okta.resources import groups

    wanted = rule["actions"]["assignUserToGroups"]["groupIds"]
    found = call.store.get_many(groups.GROUPS, wanted)
    return sum(memberships.enter(call, group, user, rule=rule) for group in found) > 0


def _leave_all(call: Call, rule: Doc, user: Doc) -> bool:
    changed = False
    for group_id in rule["actions"]["assignUserToGroups"]["groupIds"]:
        row = call.store.get(MEMBERS, f"{group_id}.{user['id']}")
        if row is not None and rule["id"] in (row.get("_rules") or ()):
            changed |= memberships.release(call, row, rule, user)
    return changed


def _error(call: Call, rule: Doc, message: str, user: Doc | None = None) -> None:
    targets = [rule_target(rule), *([user_target(user)] if user else [])]
    kind = "group.user_membership.rule.error"
    emit(call, kind, targets, actor=SYSTEM, outcome="FAILURE", reason=message)


def exclude(call: Call, rule_id: str, user: Doc) -> None:
    """Whom somebody takes out of a group by hand, the rule that put them there passes over from now on."""
    rule = call.store.get(GROUP_RULES, rule_id)
    if rule is None or user["id"] in rule["conditions"]["people"]["users"]["exclude"]:
        return
    rule["conditions"]["people"]["users"]["exclude"].append(user["id"])
    rule["lastUpdated"] = stamp(call.now)
    call.store.put(GROUP_RULES, rule)
    emit(call, "group.user_membership.rule.add_exclusion", [rule_target(rule), user_target(user)])


def forget_memberships(call: Call, rule: Doc, *, remove: bool) -> None:
    """A rule is being deleted: its members go, or stay as if somebody had put them there."""
    for row in call.store.find_multi(MEMBERS, "_rules", rule["id"]):
        if not remove:
            rest = [id for id in row["_rules"] if id != rule["id"]]
            plain = memberships.membership(row["group"], row["user"])
            call.store.put(MEMBERS, plain | ({"_rules": rest, "_manual": True} if rest else {}))
            continue
        user = call.store.get(USERS, row["user"])
        if user is not None and memberships.release(call, row, rule, user):
            user_changed(call, user)
