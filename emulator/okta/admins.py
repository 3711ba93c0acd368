"""Least privilege: which roles a credential acts with, and whether one of them covers an operation on its subject.

Source: okta-admin-api.md 2.1, 2.2, 16. Targets and resource sets limit a role (see `reach`): one role has to cover the
operation and reach everything that the path names.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import reach, role_table
from emulator.okta.app_kinds import APPS
from emulator.okta.memberships import MEMBERS
from emulator.okta.problems import forbidden
from emulator.okta.reach import Reach
from emulator.okta.role_kinds import CUSTOM_ROLES, ROLES
from emulator.okta.role_table import Powers

SUPER = "SUPER_ADMIN"


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
    reaches = [reach.of_role(call.store, row) for row in covering]
    subjects = _subjects(call) if covering else []
    if any(_in_reach(call, found, subjects) for found in reaches):
        _refuse_administrators(call, subjects)
        together = reach.joined(reaches)
        if not together.whole:
            call.memo["reach"] = together
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


_SUBJECTS = {
    "userId": "users", "id": "users", "primaryUserId": "users", "groupId": "groups", "appId": "apps",
    "clientId": "apps",
}  # fmt: skip
_AREAS = {
    "users": "users", "factors": "users", "sessions": "users", "groups": "groups", "apps": "apps", "appGrants": "apps",
    "clients": "apps", "profileMappings": "apps", "apiTokens": "users",
}  # fmt: skip
"""The kind of object that the scopes of an area are about."""


def _subjects(call: Call) -> list[tuple[str, str]]:
    """`(users | groups | apps, id)` of what the path names; what does not exist is left to the handler's 404."""
    from emulator.okta.resources import groups, users

    found: list[tuple[str, str]] = []
    for name, key in call.path.items():
        area = _SUBJECTS.get(name)
        if area == "users":
            user = users.named(call, key)
            found += [("users", user["id"])] if user is not None else []
        elif area == "groups" and call.store.get(groups.GROUPS, key) is not None:
            found.append(("groups", key))
        elif area == "apps" and call.store.get(APPS, key) is not None:
            found.append(("apps", key))
    return found


def _in_reach(call: Call, found: Reach, subjects: list[tuple[str, str]]) -> bool:
    """Whether a role reaches all that the path names; without a subject, whether it may do that to the org."""
    item = call.operation
    if not any(name in _SUBJECTS for name in call.path):
        changes = item.method != "GET" and any(scope.endswith(".manage") for scope in item.scope)
        return not changes or "reach" in item.extra or not any(found.limits(area) for area in _areas(item.scope))
    store = call.store
    return all(
        reach.holds_user(store, found, id) if area == "users"
        else reach.holds_group(found, id) if area == "groups"
        else reach.holds_app(store, found, id)
        for area, id in subjects
    )  # fmt: skip


def _areas(scopes: tuple[str, ...]) -> set[str]:
    areas = (scope.removeprefix("okta.").rpartition(".")[0] for scope in scopes)
    return {_AREAS[area] for area in areas if area in _AREAS}


def _refuse_administrators(call: Call, subjects: list[tuple[str, str]]) -> None:
    """Documented: only super administrators manage users and groups that have administrator roles. Raises 403."""
    if call.operation.method == "GET" or all(scope.endswith((".read", ".self")) for scope in call.operation.scope):
        return
    for area, id in subjects:
        if area == "apps" or (area == "users" and id == call.caller.id):
            continue
        if (of_user(call.store, id) if area == "users" else _assigned(call.store, id)) != ():
            compared = (Compared("caller", call.caller.id, call.caller.kind), Compared("subject", id, "request path"))
            raise forbidden(Why("Only super administrators manage whoever has administrator roles.", compared))


def needs_super(call: Call, what: str) -> None:
    """Raises 403 unless the caller is a super administrator (or the world file's own token)."""
    if call.caller.extra.get("roles") is None:
        return
    compared = (Compared("caller", call.caller.id, call.caller.kind),)
    raise Problem("E0000006", why=Why(f"Only super administrators may {what}.", compared))
