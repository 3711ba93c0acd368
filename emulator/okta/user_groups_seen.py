"""What expressions see of a user's groups and links. Source: okta-admin-api.md 11.

Functions of the classic language (`isMemberOfGroupName`, `getFilteredGroups`, `Groups.startsWith`), and methods of
`user`: `isMemberOf` and `getGroups` with their criteria, `getLinkedObject`. How criteria combine is documented for one
map; that further maps are conditions on top of it is inferred.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from emulator.kernel.doc import Doc, dig
from emulator.okta.expressions import ExpressionError

_MOST_PATTERN = 200
_MOST_GROUPS = 100
# A repeated group that repeats inside may take for ever: (a+)+
_RUNAWAY = re.compile(r"[*+}]\)[*+{?]|[*+}][*+]")
_FIELDS = ("group.id", "group.type", "group.source.id", "group.profile.name")
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "EXACT": str.__eq__, "STARTS_WITH": str.startswith, "CONTAINS": str.__contains__, "ENDS_WITH": str.endswith,
}  # fmt: skip


class Memberships:
    """A user's groups, read once."""

    def __init__(self, store: Any, user: Doc) -> None:
        self._store = store
        self._user = user
        self._ids: list[str] | None = None
        self._groups: list[Doc] | None = None

    @property
    def ids(self) -> list[str]:
        from emulator.okta.resources import groups

        if self._ids is None:
            self._ids = groups.groups_of(self._store, self._user["id"])
        return self._ids

    @property
    def groups(self) -> list[Doc]:
        from emulator.okta.resources import groups

        if self._groups is None:
            self._groups = self._store.get_many(groups.GROUPS, self.ids)
        return self._groups

    @property
    def names(self) -> list[str]:
        return [group["profile"]["name"] for group in self.groups]

    # -- classic functions --------------------------------------------------------------------------------------

    def filtered(self, allowed: object, wanted: object, limit: object = _MOST_GROUPS) -> object:
        """`getFilteredGroups({ids}, "group.name", limit)`: what of the listed groups the user is in."""
        ids = allowed if isinstance(allowed, list) else [allowed]
        found = [group for group in self.groups if group["id"] in ids]
        return [_value(group, wanted) for group in found][: _limit(limit)]

    def of_source(self, test: Callable[[str, str], bool]) -> Callable[..., object]:
        """`Groups.startsWith(app, pattern, limit)`: names of the user's groups of an app, or of Okta itself."""

        def run(source: object, pattern: object, limit: object = _MOST_GROUPS) -> object:
            found = [group for group in self.groups if self._is_of(group, str(source))]
            names = [group["profile"]["name"] for group in found]
            return [name for name in names if test(name, str(pattern))][: _limit(limit)]

        return run

    def _is_of(self, group: Doc, source: str) -> bool:
        from emulator.okta.app_kinds import APPS

        app_id = (group.get("source") or {}).get("id")
        if source.upper() == "OKTA":
            return app_id is None
        app = self._store.get(APPS, app_id) if app_id is not None else None
        return app is not None and source in (app["id"], app["name"])

    def matched(self, pattern: object) -> bool:
        """`isMemberOfGroupNameRegex`."""
        if not isinstance(pattern, str) or len(pattern) > _MOST_PATTERN:
            raise ExpressionError("The pattern is not a text of at most 200 characters")
        if _RUNAWAY.search(pattern):
            raise ExpressionError("The pattern repeats what repeats")
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise ExpressionError(f"Invalid pattern: {error}") from error
        return any(compiled.fullmatch(name) for name in self.names)

    # -- methods of `user` --------------------------------------------------------------------------------------

    def is_member(self, *criteria: object) -> bool:
        """`user.isMemberOf({'group.id': {...}})`."""
        return bool(self._selected(criteria))

    def selected(self, *criteria: object) -> object:
        """`user.getGroups({'group.profile.name': 'West', 'operator': 'STARTS_WITH'})`."""
        return [
            {"id": group["id"], "type": group["type"], "name": group["profile"]["name"], "profile": group["profile"]}
            for group in self._selected(criteria)
        ]

    def _selected(self, criteria: tuple[object, ...]) -> list[Doc]:
        found = self.groups
        for wanted in criteria:
            if not isinstance(wanted, Mapping):
                raise ExpressionError("Expected a map of group criteria")
            found = [group for group in found if _fits(group, wanted)]
        return found


def _fits(group: Doc, wanted: Mapping[str, object]) -> bool:
    operator = str(wanted.get("operator", "EXACT")).upper()
    if operator not in _TESTS:
        raise ExpressionError(f"Invalid operator {operator}")
    for name, value in wanted.items():
        if name == "operator":
            continue
        if name not in _FIELDS:
            raise ExpressionError(f"Invalid group criterion {name}")
        actual = dig(group, name.removeprefix("group."))
        values = value if isinstance(value, list) else [value]
        if not any(_TESTS[operator](str(actual or ""), str(item)) for item in values):
            return False
    return True


def _value(group: Doc, wanted: object) -> object:
    path = str(wanted).removeprefix("group.")
    return group["id"] if path == "id" else group["profile"].get(path.removeprefix("profile."))


def _limit(limit: object) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ExpressionError("The limit is not a whole number")
    return min(limit, _MOST_GROUPS)


def group_functions(store: Any, user: Doc) -> Mapping[str, Callable[..., object]]:
    """Membership tests and lists by group id and name."""
    own = Memberships(store, user)
    return {
        "isMemberOfGroup": lambda id: id in own.ids,
        "isMemberOfAnyGroup": lambda *wanted: not set(map(str, wanted)).isdisjoint(own.ids),
        "isMemberOfGroupName": lambda name: name in own.names,
        "isMemberOfGroupNameStartsWith": lambda text: any(name.startswith(str(text)) for name in own.names),
        "isMemberOfGroupNameContains": lambda text: any(str(text) in name for name in own.names),
        "isMemberOfGroupNameRegex": own.matched,
        "getFilteredGroups": own.filtered,
        "Groups.startsWith": own.of_source(str.startswith),
        "Groups.endsWith": own.of_source(str.endswith),
        "Groups.contains": own.of_source(str.__contains__),
        "user.isMemberOf": own.is_member,
        "user.getGroups": own.selected,
    }


def user_methods(store: Any, user: Doc) -> Mapping[str, Callable[..., object]]:
    """`user.getLinkedObject("manager")`: the profile of whom a link names, and null without one."""
    from emulator.okta.resources import linked_objects

    def linked(name: object) -> object:
        found = linked_objects.primary_of(store, user["id"], name)
        return {**found["profile"], "id": found["id"]} if found is not None else None

    return {"user.getLinkedObject": linked, "source.getLinkedObject": linked}
