"""What an administrator's roles reach: the people, groups and apps that lists show them and that they may change.

Source: okta-admin-api.md 16; the vendor's pages on administrator roles: targets limit a role to groups (and, but for
group membership administrators, to the people in them) or to apps by kind or instance; a custom role is limited by its
resource set. The rule stands here once: lists narrow by `narrowed`, single objects are held against `require`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import And
from emulator.okta.app_kinds import APPS
from emulator.okta.memberships import MEMBERS
from emulator.okta.problems import forbidden
from emulator.okta.role_kinds import SET_RESOURCES
from emulator.store import Kind
from emulator.store.where import Where

_SEES_EVERYBODY = ("GROUP_MEMBERSHIP_ADMIN",)
"""Documented: they manage members of their groups, and view all users."""
_WITHOUT_EVERYONE = ("USER_ADMIN",)
"""Documented: the built-in group is not listed for a group administrator."""


@dataclass(frozen=True, slots=True)
class People:
    """Users by id, and the members of groups."""

    ids: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AppsOf:
    """Apps by id, and every instance of a kind of app."""

    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """What is reached of each kind; None: all. placed: a new user must be put into a group that is reached.

    everyone: whether the built-in group is listed. makes_groups: whether new groups may be made.
    """

    users: People | None = None
    groups: frozenset[str] | None = None
    apps: AppsOf | None = None
    placed: bool = False
    everyone: bool = True
    makes_groups: bool = True

    @property
    def whole(self) -> bool:
        return self.users is None and self.groups is None and self.apps is None and self.everyone

    def limits(self, area: str) -> bool:
        """Whether less than all of an area (`users`, `groups`, `apps`) is reached."""
        return getattr(self, area, None) is not None


WHOLE = Reach()


def of_role(store: Any, row: Doc) -> Reach:
    """What one role assignment reaches."""
    kind = row["_role"]["type"]
    if kind == "CUSTOM":
        return _of_set(store, row["_role"]["resource-set"])
    found = Reach(everyone=kind not in _WITHOUT_EVERYONE)
    if row.get("_groups"):
        groups = frozenset(row["_groups"])
        users = None if kind in _SEES_EVERYBODY else People(groups=groups)
        found = replace(found, users=users, groups=groups, placed=True, makes_groups=False)
    if row.get("_apps"):
        ids = frozenset(item["id"] for item in row["_apps"] if item["id"])
        names = frozenset(item["name"] for item in row["_apps"] if not item["id"])
        found = replace(found, apps=AppsOf(ids, names))
    return found


_RESOURCE = re.compile(
    r"(?:https?://[^/]+/api/v1/|orn:[^:]*:[^:]*:[^:]*:)(?P<kind>users|groups|apps)(?:[/:](?P<rest>[^?]*))?(?P<query>\?.*)?"
)
_NAMED = re.compile(r'\?filter=name eq "(?P<name>[^"]+)"')
_MEMBERS = ("users", "contained_resources")


def _of_set(store: Any, set_id: str) -> Reach:
    """The union of a resource set's resources: ORNs, or addresses as the API has them."""
    found = Reach(People(), frozenset(), AppsOf())
    for row in store.find_all(SET_RESOURCES, "_set", set_id):
        found = _joined(found, _of_resource(unquote_plus(row.get("orn") or row.get("_href") or "")))
    return found


def _of_resource(text: str) -> Reach:
    none = Reach(People(), frozenset(), AppsOf())
    found = _RESOURCE.fullmatch(text)
    if found is None:
        return none
    first, _, more = (found["rest"] or "").strip("/").replace(":", "/").partition("/")
    if found["kind"] == "users":
        return replace(none, users=People(frozenset({first})) if first else None)
    if found["kind"] == "apps":
        return replace(none, apps=_apps_of(first, more, found["query"] or "", orn=text.startswith("orn:")))
    if not first:
        return replace(none, groups=None)
    if more in _MEMBERS:
        return replace(none, users=People(groups=frozenset({first})))
    return replace(none, groups=frozenset({first}))


def _apps_of(first: str, more: str, query: str, *, orn: bool) -> AppsOf | None:
    """All apps, those of a kind (`apps?filter=name eq "x"`, `apps:{kind}`), or an instance."""
    if first:
        own = more or ("" if orn else first)
        return AppsOf(ids=frozenset({own})) if own else AppsOf(names=frozenset({first}))
    if not query:
        return None
    named = _NAMED.fullmatch(query)
    return AppsOf(names=frozenset({named["name"]})) if named else AppsOf()


def joined(reaches: Iterable[Reach]) -> Reach:
    """What several roles reach together."""
    found: Reach | None = None
    for one in reaches:
        found = one if found is None else _joined(found, one)
    return found or WHOLE


def _joined(one: Reach, other: Reach) -> Reach:
    users, groups, apps = None, None, None
    if one.users is not None and other.users is not None:
        users = People(one.users.ids | other.users.ids, one.users.groups | other.users.groups)
    if one.groups is not None and other.groups is not None:
        groups = one.groups | other.groups
    if one.apps is not None and other.apps is not None:
        apps = AppsOf(one.apps.ids | other.apps.ids, one.apps.names | other.apps.names)
    return Reach(
        users, groups, apps, one.placed and other.placed, one.everyone or other.everyone,
        one.makes_groups or other.makes_groups,
    )  # fmt: skip


# -- one object ------------------------------------------------------------------------------------------------------


def holds_user(store: Any, reach: Reach, user_id: str) -> bool:
    if reach.users is None or user_id in reach.users.ids:
        return True
    return any(store.get(MEMBERS, f"{group}.{user_id}") is not None for group in reach.users.groups)


def holds_group(reach: Reach, group_id: str) -> bool:
    return reach.groups is None or group_id in reach.groups


def holds_app(store: Any, reach: Reach, app_id: str) -> bool:
    if reach.apps is None or app_id in reach.apps.ids:
        return True
    app = store.get(APPS, app_id) if reach.apps.names else None
    return app is not None and app["name"] in reach.apps.names


def of(call: Call) -> Reach:
    """What the caller reaches with the roles that cover the call's operation."""
    found: Reach = call.memo.get("reach", WHOLE)
    return found


def sees(call: Call, *, user: str | None = None, group: str | None = None, app: str | None = None) -> bool:
    """Whether everything named is reached."""
    reach = of(call)
    if reach is WHOLE:
        return True
    return (
        (user is None or holds_user(call.store, reach, user))
        and (group is None or holds_group(reach, group))
        and (app is None or holds_app(call.store, reach, app))
    )


def require(call: Call, *, user: str | None = None, group: str | None = None, app: str | None = None) -> None:
    """Raises 403 where something named is out of reach."""
    if not sees(call, user=user, group=group, app=app):
        raise outside(call, "request", user or group or app)


def outside(call: Call, where: str, id: str | None) -> Problem:
    """The refusal of an object that no role reaches."""
    compared = (Compared("caller", call.caller.id, call.caller.kind), Compared("subject", id, where))
    return forbidden(Why("The role covers the operation, but not on this subject.", compared))


# -- lists -----------------------------------------------------------------------------------------------------------

_COLUMNS = {
    "users": {"id": "users"}, "groups": {"id": "groups"}, "apps": {"id": "apps"},
    "app_users": {"c_userId": "users", "c_appId": "apps"}, "app_groups": {"c_groupId": "groups", "c_appId": "apps"},
    "group_members": {"c_user": "users", "c_group": "groups"}, "tasks": {"c_appId": "apps", "c_userId": "users"},
    "access_requests": {"c_appId": "apps", "c_requesterId": "users"},
}  # fmt: skip
"""Which columns of which kinds name a person, a group or an app."""


def narrowed(call: Call, kind: Kind, where: Where | None) -> Where | None:
    """A list's condition, and that its items are reached."""
    reach, columns = of(call), _COLUMNS.get(kind.name)
    if reach is WHOLE or columns is None:
        return where
    parts = [made for column, area in columns.items() if (made := _condition(call, reach, column, area)) is not None]
    if kind.name == "groups" and not reach.everyone and reach.groups is None:
        parts.append(("c_type <> 'BUILT_IN'", ()))
    if not parts:
        return where
    sql = " AND ".join(text for text, _ in parts)
    params = tuple(value for _, values in parts for value in values)
    if where is None:
        return Where(sql, params, exact=True, node=And(()), fold=False)
    return replace(where, sql=f"({where.sql}) AND {sql}", params=(*where.params, *params))


_AMONG = "IN (SELECT value FROM json_each(?))"


def _condition(call: Call, reach: Reach, column: str, area: str) -> tuple[str, tuple[str, ...]] | None:
    # The names are the store's own, the values are bound.
    if area == "users" and reach.users is not None:
        members = f"SELECT c_user FROM {call.store.table(MEMBERS)} WHERE c_group {_AMONG}"  # noqa: S608
        empty = f"{column} IS NULL OR " if column != "id" else ""
        return f"({empty}{column} {_AMONG} OR {column} IN ({members}))", (
            _list(reach.users.ids),
            _list(reach.users.groups),
        )
    if area == "groups" and reach.groups is not None:
        return f"{column} {_AMONG}", (_list(reach.groups),)
    if area == "apps" and reach.apps is not None:
        named = f"SELECT id FROM {call.store.table(APPS)} WHERE c_name {_AMONG}"  # noqa: S608
        return f"({column} {_AMONG} OR {column} IN ({named}))", (_list(reach.apps.ids), _list(reach.apps.names))
    return None


def _list(values: frozenset[str]) -> str:
    return orjson.dumps(sorted(values)).decode()


# -- what is made ----------------------------------------------------------------------------------------------------


def require_new_user(call: Call, group_ids: list[str]) -> None:
    """A new user's groups are reached; who is limited to groups puts them into one. Raises 403."""
    reach = of(call)
    for id in group_ids:
        require(call, group=id)
    if reach.placed and not group_ids:
        compared = (Compared("groupIds", "none", "request body"), Compared("targets", "groups", "the role"))
        raise forbidden(Why("The role is limited to groups, so a new user is put into one of them.", compared))


def require_new_group(call: Call) -> None:
    """Who is limited to groups makes no others. Raises 403."""
    if not of(call).makes_groups:
        compared = (Compared("caller", call.caller.id, call.caller.kind), Compared("targets", "groups", "the role"))
        raise forbidden(Why("The role is limited to the groups that there are.", compared))


def require_new_app(call: Call, name: str) -> None:
    """Instances are added of the kinds of app that are reached as a whole. Raises 403."""
    apps = of(call).apps
    if apps is not None and name not in apps.names:
        raise outside(call, "request body", name)
