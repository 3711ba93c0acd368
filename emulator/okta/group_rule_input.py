"""A group rule as a request describes it, checked. Source: okta-admin-api.md 4, 11; appendix B."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.expressions import (
    ExpressionError,
    compile_expression,
    invalid_property,
    references,
    validate_for_group_rule,
)
from emulator.okta.params import part, text_of
from emulator.okta.problems import invalid, not_found

EXPRESSION = "urn:okta:expression:1.0"
MOST_NAME = 50
MOST_GROUPS = 100
MOST_EXCLUDED = 100
_OBJECT = "validateRule"


def checked(call: Call, body: Doc, before: Doc | None = None) -> Doc:
    """`{name, conditions, actions}` of a request; what a PUT leaves out stays. Raises 400 or 404."""
    kind = text_of(body, "type")
    if kind not in (None, "group_rule"):
        raise bad("type", "type: The field is not valid", "type", kind, "A group rule is of type group_rule.")
    name = needed_text(body, "name", most=MOST_NAME)
    conditions = part(body, "conditions")
    if conditions is None and before is not None:
        conditions = before["conditions"]
    actions = part(body, "actions")
    if actions is None and before is not None:
        actions = before["actions"]
    return {
        "name": name, "conditions": _conditions(call, conditions or {}), "actions": _actions(call, actions or {}),
    }  # fmt: skip


def _conditions(call: Call, given: Doc) -> Doc:
    expression = part(given, "expression") or {}
    text, kind = text_of(expression, "value", "expression.value"), text_of(expression, "type", "expression.type")
    if kind not in (None, EXPRESSION):
        raise bad(
            "expression", "expression.type: The field is not valid", "expression.type", kind, f"It is {EXPRESSION}."
        )
    if not text or not text.strip():
        cause = "expression.value: The field cannot be left blank"
        raise bad("expression", cause, "expression.value", text, "A rule has an expression.")
    _check_expression(call, text)
    people = part(given, "people") or {}
    users = _ids(part(people, "users") or {}, "exclude", MOST_EXCLUDED)
    groups = _ids(part(people, "groups") or {}, "exclude", MOST_EXCLUDED)
    _all_there(call, users, groups)
    return {
        "people": {"users": {"exclude": users}, "groups": {"exclude": groups}},
        "expression": {"value": text, "type": EXPRESSION},
    }  # fmt: skip


def _check_expression(call: Call, text: str) -> None:
    try:
        expression = compile_expression(text)
        validate_for_group_rule(expression)
        known = _attributes(call)
        for name in sorted(attributes_named(text)):
            if name not in known:
                raise invalid_property(name, text)
    except ExpressionError as error:
        compared = (Compared("expression", text, "request body"), Compared("error", error.message, "compiler"))
        why = Why("A rule's expression is a condition on a user's attributes and groups.", compared)
        raise invalid(_OBJECT, error.message, why=why) from error


def attributes_named(text: str) -> set[str]:
    """The user's attributes that an expression names."""
    found = set()
    for reference in references(compile_expression(text)):
        root, _, rest = reference.partition(".")
        name = rest.partition(".")[0]
        if root == "user" and name and not name.endswith("()"):
            found.add(name)
    return found


def _attributes(call: Call) -> set[str]:
    """Attributes of any user type: a rule is of the org."""
    from emulator.okta.resources import schemas
    from emulator.okta.resources.user_types import USER_TYPES

    return {name for kind in call.store.all(USER_TYPES) for name in schemas.user_attributes(call.store, kind["id"])}


def _ids(given: Doc, name: str, most: int) -> list[str]:
    found: Any = given.get(name) or []
    if not isinstance(found, list) or not all(isinstance(id, str) for id in found):
        why = Why(f"{name} is a list of ids.", (Compared(name, type(found).__name__, "request body"),))
        raise Problem("E0000003", why=why)
    if len(found) > most:
        raise bad(name, f"{name}: has too many items", name, f"{len(found)} items", f"At most {most}.")
    return list(dict.fromkeys(found))


def _all_there(call: Call, users: list[str], groups: list[str]) -> None:
    """Excluded users and groups exist (reported for users: terraform-provider-okta 1674). Raises 404."""
    from emulator.okta.resources.groups import GROUPS
    from emulator.okta.user_docs import USERS

    for kind, ids, entity in ((USERS, users, "User"), (GROUPS, groups, "UserGroup")):
        for id in ids:
            if call.store.get(kind, id) is None:
                raise not_found(id, entity)


def _actions(call: Call, given: Doc) -> Doc:
    from emulator.okta.resources import groups

    ids = _ids(part(given, "assignUserToGroups") or {}, "groupIds", MOST_GROUPS)
    if not ids:
        cause = "groupIds: The field cannot be left blank"
        raise bad(_OBJECT, cause, "actions.assignUserToGroups.groupIds", ids, "A rule assigns at least one group.")
    for id in ids:
        group = groups.by_id(call, id)
        if group["type"] != "OKTA_GROUP":
            compared = (Compared("type", group["type"], f"group {group['profile']['name']}"),)
            why = Why("Rules assign groups of type OKTA_GROUP.", compared)
            raise invalid(_OBJECT, f"Group {id} cannot be assigned by a rule", why=why)
    return {"assignUserToGroups": {"groupIds": ids}}
