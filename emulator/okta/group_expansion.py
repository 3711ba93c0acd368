"""What `expand` of groups embeds: counts, and the app that masters a group. Source: okta-admin-api.md 4."""

from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.kernel.query import Compare
from emulator.okta.memberships import MEMBERS
from emulator.okta.problems import invalid
from emulator.store.where import compile_for

Render = Callable[[Call, Doc], Doc]
_KNOWN = ("stats", "app")


def shower(call: Call, render: Render) -> Render:
    """`render`, with what `expand` asks for. Raises 400 for a name it does not know."""
    asked = [name.strip() for name in (call.params.get("expand") or "").split(",") if name.strip()]
    for name in asked:
        if name not in _KNOWN:
            why = Why("expand takes stats and app.", (Compared("expand", call.params["expand"][:100], "query"),))
            raise invalid("RequestParams", "Expand query is malformed.", why=why)
    if not asked:
        return render

    def show(call: Call, group: Doc) -> Doc:
        embedded: Doc = {}
        if "stats" in asked:
            embedded["stats"] = _stats(call, group)
        if "app" in asked and (app := _app(call, group)) is not None:
            embedded["app"] = app
        return {**render(call, group), "_embedded": embedded}

    return show


def _stats(call: Call, group: Doc) -> Doc:
    from emulator.okta.resources import app_groups

    at = f"{call.base}/api/v1/groups/{group['id']}"
    where = compile_for(Compare(("group",), "eq", group["id"]), MEMBERS, call.store.multi_table)
    return {
        "usersCount": call.store.count(MEMBERS, where),
        "appsCount": len(app_groups.app_ids(call.store, group["id"])),
        "groupPushMappingsCount": _rows(call.store, "group_push_mappings", "sourceGroupId", group["id"]),
        "hasAdminPrivilege": _rows(call.store, "role_assignments", "principal", group["id"]) > 0,
        "_links": {
            "self": {"href": f"{at}/stats"}, "group": {"href": at}, "users": {"href": f"{at}/users"},
            "apps": {"href": f"{at}/apps"},
        },
    }  # fmt: skip


def _rows(store: Any, kind: str, path: str, value: str) -> int:
    """Documents of a kind that say so; 0 where the org has no such kind."""
    found = store.kinds.get(kind)
    return len(store.find_all(found, path, value)) if found is not None and found.column(path) is not None else 0


def _app(call: Call, group: Doc) -> Doc | None:
    from emulator.okta.app_kinds import APPS

    app = call.store.get(APPS, group["source"]["id"]) if group.get("source") else None
    return {name: app[name] for name in ("id", "name", "label", "signOnMode")} if app is not None else None
