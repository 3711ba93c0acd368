"""Least privilege: which roles a credential acts with, and whether one of them covers an operation on its subject.

Source: okta-admin-api.md 2.1, 2.2, 16. Targets limit a role to groups (and the people in them) or apps; a custom role
is limited by its resource set. Inferred: lists are not narrowed to the targets, only what a path names is.
"""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import role_table
from emulator.okta.app_kinds import APPS
from emulator.okta.memberships import MEMBERS
from emulator.okta.problems import forbidden
from emulator.okta.role_kinds import CUSTOM_ROLES, ROLES, SET_RESOURCES
from emulator.okta.role_table import Powers

SUPER = "SUPER_ADMIN"
_RESOURCE = re.compile(
    r"(?:https?://[^/]+/api/v1/|orn:[^:]*:[^:]*:[^:]*:)(?P<kind>users|groups|apps)(?:[/:](?P<id>.*))?"
)


def of_user(store: Any, user_id: str) -> tuple[Doc, ...] | None:
    """The role assignments that a person acts with, their groups' included; None for a super administrator."""
    own = _assigned(store, user_id)
    if own is None or not _any_group_roles(store):
        return own
    found = list(own)
    for group in _groups_of(store, user_id):
        through = _assigned(store, group)
        if through is None:
            return None
        found += through
    return tuple(found)


def _groups_of(store: Any, user_id: str) -> list[str]:
    return [row["group"] for row in store.find_all(MEMBERS, "user", user_id)]


def of_client(store: Any, client_id: str) -> tuple[Doc, ...] | None:
    """The role assignments of a service app; None for a super administrator."""
    return _assigned(store, client_id)


def _assigned(store: Any, principal: str) -> tuple[Doc, ...] | None:
    memo, key = store.database.memo, ("roles of", store.party, principal)
    if key in memo and not store.database.writing:
        kept: tuple[Doc, ...] | None = memo[key]
        return kept
    rows = tuple(store.find_all(ROLES, "principal", principal))
    found = None if any(row["_role"]["type"] == SUPER for row in rows) else rows
    if not store.database.writing:
        memo[key] = found
    return found


def _any_group_roles(store: Any) -> bool:
    memo, key = store.database.memo, ("group roles", store.party)
    if key not in memo or store.database.writing:
        found = any(row["_role"]["assignmentType"] == "GROUP" for row in store.all(ROLES))
        if store.database.writing:
            return found
        memo[key] = found
    return bool(memo[key])


def check(call: Call, roles: tuple[Doc, ...]) -> None:
    """Raises 403 unless one of the roles covers the call's operation on what its path names."""
    item = call.operation
    covering = [row for row in roles if any(role_table.allows(powers, item) for powers in _powers(call, row))]
    if any(_in_reach(call, row) for row in covering):
        return
    held = ", ".join(row["_role"]["label"] for row in roles) or "none"
    compared = [Compared("roles held", held, f"{call.caller.kind} {call.caller.id}")]
    compared.append(Compared("operation", item.name, " ".join(item.scope)))
    if covering:
        compared.append(Compared("path", call.exchange.path, "request"))
        raise forbidden(Why("The role covers the operation, but not on this subject.", tuple(compared)))
    raise forbidden(Why("None of the administrator roles covers the operation.", tuple(compared)))


def _powers(call: Call, row: Doc) -> list[Powers]:
    role = row["_role"]
    if role["type"] != "CUSTOM":
        found = role_table.ROLES.get(role["type"])
        return [found] if found else []
    custom = call.store.get(CUSTOM_ROLES, role["role"])
    names = custom["_permissions"] if custom else ()
    return [role_table.PERMISSIONS[name] for name in names if name in role_table.PERMISSIONS]


def _in_reach(call: Call, row: Doc) -> bool:
    """Whether what the path names is among the role's targets. A role without targets reaches everything."""
    path = call.path
    if row["_role"]["type"] == "CUSTOM":
        return _in_set(call, row["_role"]["resource-set"])
    if row.get("_groups"):
        group, user = path.get("groupId"), path.get("userId") or path.get("id")
        if group is not None and group not in row["_groups"]:
            return False
        if group is None and user is not None:
            return bool(set(_groups_of(call.store, _user_id(call, user))) & set(row["_groups"]))
    if row.get("_apps") and path.get("appId") is not None:
        app = call.store.get(APPS, path["appId"])
        return app is not None and any(
            item["name"] == app["name"] and item["id"] in (None, app["id"]) for item in row["_apps"]
        )
    return True


def _user_id(call: Call, key: str) -> str:
    from emulator.okta.resources import users

    if key == "me":
        return call.caller.id
    found = users.by_login(call.store, key)
    return str(found["id"]) if found is not None else key


def _in_set(call: Call, set_id: str) -> bool:
    path = call.path
    named = [
        (kind, _user_id(call, path[key]) if kind == "users" else path[key])
        for kind, key in (("users", "userId"), ("users", "id"), ("groups", "groupId"), ("apps", "appId")) if key in path
    ]  # fmt: skip
    rows = call.store.find_all(SET_RESOURCES, "_set", set_id)
    texts = [row.get("orn") or row.get("_href") or "" for row in rows]
    if not named:
        return bool(rows)
    return any(_holds(call, text, kind, id) for text in texts for kind, id in named)


def _holds(call: Call, text: str, kind: str, id: str) -> bool:
    """Whether a resource (an ORN, or an API address) holds a subject; `groups/{id}/users` holds the people in it."""
    found = _RESOURCE.match(text)
    if found is None:
        return False
    rest = (found["id"] or "").strip("/")
    if found["kind"] == "groups" and kind == "users":
        group, _, what = rest.replace(":", "/").partition("/")
        return what in ("users", "contained_resources") and group in _groups_of(call.store, id)
    return found["kind"] == kind and rest.rpartition(":")[2] in ("", id)


def needs_super(call: Call, what: str) -> None:
    """Raises 403 unless the caller is a super administrator (or the world file's own token)."""
    if call.caller.extra.get("roles") is None:
        return
    compared = (Compared("caller", call.caller.id, call.caller.kind),)
    raise Problem("E0000006", why=Why(f"Only super administrators may {what}.", compared))
