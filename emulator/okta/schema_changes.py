"""What follows from a change of a schema: values, mappings and rules that speak of an attribute.

Source: okta-admin-api.md 10.1 (a property set to null is removed); that values, mapping entries and assignments' values
go with it is inferred, as is INVALID for the group rules that name it.
"""

from collections.abc import Iterator
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.kernel.query import And, Compare, Node, Or, Present
from emulator.okta import search
from emulator.okta.app_kinds import APP_GROUPS, APP_USERS, MAPPINGS
from emulator.okta.problems import invalid
from emulator.okta.schema_docs import attributes
from emulator.okta.user_docs import USERS

_BATCH = 500


def unique_names(schema: Doc) -> list[str]:
    """Custom attributes whose values no two users of the org may share."""
    return [name for name, item in attributes(schema).items() if item.get("unique") == "UNIQUE_VALIDATED"]


def check_users(call: Call, schema: Doc) -> None:
    """Refuse to make an attribute unique that two users share already. Raises 400."""
    before = _unique_before(call, schema)
    for name in unique_names(schema):
        if name in before:
            continue
        seen: dict[Any, str] = {}
        for user in users_with(call, schema["_typeId"], {name}):
            value = user["profile"][name]
            other = seen.setdefault(str(value).casefold(), user["id"])
            if other != user["id"]:
                compared = (Compared(name, value, f"user {other}"), Compared(name, value, f"user {user['id']}"))
                why = Why("An attribute becomes unique only where no two users share a value.", compared)
                raise invalid("unique", f"unique: The values of {name} are not unique", why=why)


def _unique_before(call: Call, schema: Doc) -> set[str]:
    from emulator.okta.resources.schemas import USER_SCHEMAS

    present = call.store.get(USER_SCHEMAS, schema["id"])
    return set(unique_names(present)) if present is not None else set()


def users_with(call: Call, type_id: str, names: set[str]) -> Iterator[Doc]:
    """Every user of a type that has a value for one of these attributes."""
    some: Node = Or(tuple(Present(("profile", name)) for name in sorted(names)))
    node = And((Compare(("type", "id"), "eq", type_id), some))
    where, keep = search.located(call, USERS, node, fold=False)
    after, more = 0, True
    while more:
        page = call.store.page(USERS, where, after=after, limit=_BATCH, keep=keep)
        yield from page.docs
        after, more = page.last, page.more


def user_attributes_gone(call: Call, type_id: str, names: set[str]) -> None:
    """A user type has lost attributes: their values, their mappings, and the rules that name them."""
    from emulator.okta.resources import group_rules

    for user in users_with(call, type_id, names):
        user["profile"] = {name: value for name, value in user["profile"].items() if name not in names}
        call.store.put(USERS, user)
    _forget_targets(call.store, type_id, names)
    group_rules.attributes_gone(call, names)


def app_attributes_gone(call: Call, app_id: str, names: set[str]) -> None:
    """An app instance has lost attributes: values of its users and of its groups, and its mapping of them."""
    for kind in (APP_USERS, APP_GROUPS):
        for row in call.store.find_all(kind, "appId", app_id):
            if names.isdisjoint(row["profile"]) and names.isdisjoint(row.get("_pinned", ())):
                continue
            row["profile"] = {name: value for name, value in row["profile"].items() if name not in names}
            if "_pinned" in row:
                row["_pinned"] = [name for name in row["_pinned"] if name not in names]
            call.store.put(kind, row)
    _forget_targets(call.store, app_id, names)


def _forget_targets(store: Any, target_id: str, names: set[str]) -> None:
    for mapping in store.find_all(MAPPINGS, "target.id", target_id):
        if not names.isdisjoint(mapping["properties"]):
            kept = {name: item for name, item in mapping["properties"].items() if name not in names}
            store.put(MAPPINGS, {**mapping, "properties": kept})
