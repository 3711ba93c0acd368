"""Profiles of app users and of group assignments: what a schema admits, and how groups combine.

Source: okta-admin-api.md 7; seed-catalogue.md.
"""

from collections.abc import Mapping
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.app_kinds import APP_GROUPS
from emulator.okta.params import part, text_of
from emulator.okta.problems import invalid

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "number": (int, float), "integer": (int,), "array": (list,),
}  # fmt: skip
MOST_NAME = 100


def attributes(store: Any, app: Doc) -> dict[str, Doc]:
    """An app's profile attributes by name; the user name is a credential, not one of them. Shared: only to be read."""
    from emulator.okta.resources import schemas

    def made() -> dict[str, Doc]:
        return {name: item for name, item in schemas.app_attributes(store, app["id"]).items() if name != "userName"}

    found: dict[str, Doc] = store.settled(("app attributes", app["id"]), made)
    return found


def check(known: Mapping[str, Doc], profile: Doc) -> None:
    """Hold a profile against the schema. Raises E0000001."""
    for name, value in profile.items():
        item = known.get(name)
        if item is None:
            compared = (
                Compared("attribute", name, "request body"), Compared("attributes", ", ".join(known), "app schema"),
            )  # fmt: skip
            why = Why("The app's schema has no such attribute.", compared)
            raise invalid("profile", f"Property name '{name}' is not defined in profile", why=why)
        if value is None:
            continue
        wanted = _TYPES[item["type"]]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            compared = (Compared(name, value, "request body"), Compared("type", item["type"], "app schema"))
            why = Why("The value is of another type than the schema's.", compared)
            raise invalid("profile", f"{name}: The value is not of type {item['type']}", why=why)
        _check_values(name, item, value)


def _check_values(name: str, item: Doc, value: Any) -> None:
    allowed = (item.get("items") or {}).get("enum") if item["type"] == "array" else item.get("enum")
    if not allowed:
        return
    for element in value if isinstance(value, list) else [value]:
        if element not in allowed:
            values = ", ".join(map(str, allowed))
            compared = (Compared(name, element, "request body"), Compared("enum", values, "app schema"))
            hint = "A licence bought later shows after POST /api/internal/v1/apps/{id}/metadata/refresh."
            why = Why("The app's schema lists the values that the attribute may have.", compared, hint)
            raise invalid("profile", f"{name}: '{element}' is not one of the allowed values", why=why)


def from_groups(store: Any, app: Doc, user_id: str, known: Mapping[str, Doc]) -> Doc:
    """What a user's assigned groups give: each attribute from the group that comes first, or all of them combined.

    An attribute combines where its schema says `union: ENABLE`; the arrays are then merged in order of priority.
    """
    found: Doc = {}
    for row in assigned_groups(store, app["id"], user_id):
        for name, value in row["profile"].items():
            if name not in known:
                continue
            if name not in found:
                found[name] = value
            elif known[name].get("union") == "ENABLE" and isinstance(value, list):
                found[name] = list(dict.fromkeys([*(found[name] or []), *value]))
    return found


def assigned_groups(store: Any, app_id: str, user_id: str) -> list[Doc]:
    """The group assignments of an app that a user comes under, highest priority first."""
    from emulator.okta.resources import groups

    mine = set(groups.groups_of(store, user_id))
    rows = [row for row in store.find_all(APP_GROUPS, "appId", app_id) if row["groupId"] in mine]
    return sorted(rows, key=lambda row: (row["priority"], row["groupId"]))


def for_group(store: Any, app: Doc, body: Doc) -> Doc:
    """The profile that a group's assignment asks for, held against the schema. Raises E0000001."""
    if app["settings"]["implicitAssignment"]:
        why = Why("Everybody has an app in Federation Broker Mode; nobody is assigned to it.",
                  (Compared("implicitAssignment", True, f"settings of {app['label']}"),))  # fmt: skip
        cause = "It is not possible to assign groups to an AppInstance that has Federation Broker Mode enabled"
        raise invalid("GroupAppAssignment", cause, why=why)
    found = sent_profile(body)
    check(attributes(store, app), found)
    return found


def sent_profile(body: Doc) -> Doc:
    return part(body, "profile") or {}


def sent_name(body: Doc) -> str | None:
    """`credentials.userName` of a body. Raises E0000001 for one that is blank or too long."""
    credentials = part(body, "credentials") or {}
    name = text_of(credentials, "userName", "credentials.userName")
    if name is None:
        return None
    if not name.strip() or len(name) > MOST_NAME:
        why = Why(f"A user name has 1 to {MOST_NAME} characters.", (Compared("userName", name[:120], "request body"),))
        raise invalid("credentials.userName", "credentials.userName: The field is too long or blank", why=why)
    return name
