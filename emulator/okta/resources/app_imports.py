"""Imports of an app: ask for one, look at its results, confirm them; and the page port of connectors and agents.

Source: okta-admin-api.md 19 (import functions); seed-catalogue.md 1.2.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import Paging, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import And, Compare
from emulator.okta import app_imports, app_operations, graph_access, import_groups, import_people, import_rules
from emulator.okta.app_kinds import APP_USERS, JOBS
from emulator.okta.app_values import boolean, choice
from emulator.okta.bad_values import bad
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit
from emulator.okta.import_store import (
    IGNORED,
    IMPORT_PAGES,
    IMPORT_STATES,
    IMPORT_USERS,
    IMPORTS,
    UNCONFIRMED,
    pending_id,
    render,
)
from emulator.okta.params import body_object, text_of
from emulator.okta.problems import not_found
from emulator.okta.resources import jobs
from emulator.store.where import compile_for

__all__ = ["IMPORTS", "IMPORT_PAGES", "IMPORT_STATES", "IMPORT_USERS"]
_AT = "/api/internal/v1/apps/{appId}"
_OURS = inferred("in the cloud the connector lives inside the org; the port between them is ours")
_READ: Any = {"source": UI_ONLY, "scope": ("okta.apps.read",), "bucket": "apps.get"}
_MANAGE: Any = {"source": UI_ONLY, "scope": ("okta.apps.manage",), "bucket": "apps.get"}
ACTIONS = ("NEW", "MATCH", "IGNORE", "UNIGNORE")
MOST_ROWS = 1000


def _app(call: Call) -> Doc:
    from emulator.okta.resources import apps

    return apps.load(call)


@operation("POST", _AT + "/import", status=202, body="optional_json", emits=app_imports.EMITS, **_MANAGE)
@operation("POST", _AT + "/imports", status=202, body="optional_json", emits=app_imports.EMITS, **_MANAGE)
def import_now(call: Call) -> Doc:
    """Import Now: `{mode (or type): FULL | INCREMENTAL}` -> an operation whose result is the run's report."""
    body = body_object(call) if call.body is not None else {}
    given = {"mode": body.get("mode", body.get("type"))}
    mode = choice(given, "mode", import_rules.MODES, import_rules.FULL)
    made = app_imports.begin(call, _app(call), str(mode))
    return {**app_operations.render(call, made), "importId": made["_importId"]}


@operation("GET", _AT + "/imports", paging=Paging(20, 200), query=("limit", "after"), **_READ)
def list_imports(call: Call) -> Listing:
    """The app's imports, oldest first."""
    return _page(call, IMPORTS, Compare(("appId",), "eq", _app(call)["id"]), render)


def _page(call: Call, kind: Any, node: Any, show: Any) -> Listing:
    from emulator.okta import lists

    return lists.listing(call, kind, show, where=compile_for(node, kind, call.store.multi_table))


@operation("GET", _AT + "/imports/{importId}", **_READ)
def get_import(call: Call) -> Doc:
    """One import: status and counts, and who was skipped for which reason."""
    return render(call, _run(call, _app(call)))


def _run(call: Call, app: Doc) -> Doc:
    found: Doc | None = call.store.get(IMPORTS, call.path["importId"])
    if found is None or found["appId"] != app["id"]:
        raise not_found(call.path["importId"], "Import")
    return found


@operation(
    "GET", _AT + "/imports/{importId}/users", paging=Paging(50, 200), query=("match", "status", "limit", "after"),
    **_READ,
)  # fmt: skip
def list_results(call: Call) -> Listing:
    """Imported people who wait for confirmation, or (`status=IGNORED`) are ignored; `match`: EXACT, PARTIAL, NONE."""
    app = _app(call)
    _run(call, app)
    wanted = [Compare(("appId",), "eq", app["id"]),
              Compare(("status",), "eq", call.params.get("status") or UNCONFIRMED)]  # fmt: skip
    if call.params.get("match"):
        wanted.append(Compare(("match",), "eq", call.params["match"]))
    return _page(call, IMPORT_USERS, And(tuple(wanted)), _shown)


def _shown(call: Call, row: Doc) -> Doc:
    href = f"{call.base}/api/v1/users/{row['userId']}" if row["userId"] else None
    return {**public(row), **({"_links": {"user": {"href": href}}} if href else {})}


@operation(
    "POST", _AT + "/imports/{importId}/confirm",
    emits=("group.user_membership.add",
           "system.import.user_match.confirm", "system.import.user_match.update", "system.import.user_match.unignore",
           *import_people.EMITS), **_MANAGE,
)  # fmt: skip
def confirm(call: Call) -> Doc:
    """Confirm results: `{assignments: [{externalId, action NEW|MATCH|IGNORE|UNIGNORE, userId?}], activate?}`.

    Answers `{results: [{externalId, action, userId, status}]}`; nothing is done where one of them cannot be.
    """
    app, body = _app(call), body_object(call)
    _run(call, app)
    given = body.get("assignments")
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given) or len(given) > MOST_ROWS:
        raise bad("assignments", "assignments: must be a list of assignments", "assignments",
                  type(given).__name__, f"A list of up to {MOST_ROWS} objects.")  # fmt: skip
    rules = import_rules.matching(call.store, app)
    activate = boolean(body, "activate", rules["autoActivateNewUsers"])
    return {"results": [_confirmed(call, app, item, activate=activate) for item in given]}


def _confirmed(call: Call, app: Doc, item: Doc, *, activate: bool) -> Doc:
    external_id, action = text_of(item, "externalId") or "", choice(item, "action", ACTIONS, None)
    row = call.store.get(IMPORT_USERS, pending_id(app["id"], external_id))
    if row is None:
        raise not_found(external_id[:100], "ImportedUser")
    action = action or row["action"]
    if action in ("IGNORE", "UNIGNORE"):
        row["status"] = IGNORED if action == "IGNORE" else UNCONFIRMED
        call.store.put(IMPORT_USERS, row)
        kind = "user_match.update" if action == "IGNORE" else "user_match.unignore"
        emit(call, f"system.import.{kind}", [app_target(app)], debug={"externalId": external_id})
        return {"externalId": external_id, "action": action, "userId": None, "status": row["status"]}
    user = (
        import_people.create(call, app, row, activate=activate) if action == "NEW" else _matched(call, app, row, item)
    )
    emit(call, "system.import.user_match.confirm", [app_target(app)], debug={"externalId": external_id})
    import_groups.joined(call, app, user, external_id)
    return {"externalId": external_id, "action": action, "userId": user["id"], "status": "CONFIRMED"}


def _matched(call: Call, app: Doc, row: Doc, item: Doc) -> Doc:
    from emulator.okta.resources import users

    user_id = text_of(item, "userId") or row["userId"]
    if not user_id:
        why = "A match names the Okta user."
        raise bad("userId", "userId: The field cannot be left blank", "userId", None, why)
    user = users.by_id(call, user_id)
    other = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    if other is not None and other["externalId"] not in (None, row["externalId"]):
        compared = (Compared("externalId", row["externalId"], "request body"),
                    Compared("externalId", other["externalId"], f"app user of {user['profile']['login']}"))  # fmt: skip
        raise Problem("E0000062", why=Why("The user is linked to another account of the app.", compared))
    import_people.link(call, app, user, row)
    return user


# -- groups --------------------------------------------------------------------------------------------------------


@operation("GET", _AT + "/office365/import", **_READ)
def get_switch(call: Call) -> Doc:
    """Import Groups: `{importGroups}`."""
    from emulator.okta.resources.office365_admin import office365_app

    return {"importGroups": app_imports.imports_groups(office365_app(call))}


@operation(
    "PUT", _AT + "/office365/import", commit="manual",
    emits=("application.lifecycle.update", "group.lifecycle.delete", "system.import.group.delete",
           "group.application_assignment.remove", "application.user_membership.remove"), **_MANAGE,
)  # fmt: skip
def set_switch(call: Call) -> Doc:
    """Switch Import Groups: `{importGroups}`. Saving asks Microsoft whether the connection may read groups at all.

    Off takes the imported groups away, and with them the apps that they assign: `{importGroups, removedGroups}`.
    """
    from emulator.okta.resources.office365_admin import office365_app

    app, body = office365_app(call), body_object(call)
    if not isinstance(body.get("importGroups"), bool):
        value = body.get("importGroups")
        raise bad("importGroups", "importGroups: must be true or false", "importGroups", value, "It is a switch.")
    graph_access.require(call, app, graph_access.GROUPS, what="importGroups")
    with call.commit():
        app = office365_app(call)
        removed = app_imports.switch_groups(call, app, on=body["importGroups"])
    return {"importGroups": body["importGroups"], "removedGroups": removed}


# -- the connector's port ------------------------------------------------------------------------------------------


@operation(
    "POST", "/_lab/agent/apps/{appId}/import", source=_OURS, auth="agent",
    emits=(*import_people.EMITS, *import_groups.EMITS, *app_imports.EMITS),
)  # fmt: skip
def take_page(call: Call) -> Doc:
    """A page of a run: `{jobId, lease, users, groups, removed, cursor, full, last}` -> `{import, expiresAt}`."""
    app, body = _app(call), body_object(call)
    job = call.store.get(JOBS, text_of(body, "jobId") or "")
    if job is None:
        raise not_found((text_of(body, "jobId") or "")[:60], "Job")
    job = jobs.held(call, job, body)
    if job["appId"] != app["id"] or not job["subject"].get("importId"):
        raise app_imports.not_this_run(job, app["id"])
    rows = {name: _rows(body, name) for name in ("users", "groups")}
    removed = body.get("removed") or []
    if not isinstance(removed, list) or not all(isinstance(id, str) for id in removed) or len(removed) > MOST_ROWS:
        raise bad("removed", "removed: must be a list of ids", "removed", type(removed).__name__, "A list of texts.")
    switches = {name: boolean(body, name, False) for name in ("last", "full")}
    return app_imports.page(call, app, job, {**rows, **switches, "removed": removed, "cursor": body.get("cursor")})


_NEEDED = {"users": ("externalId", "userName"), "groups": ("externalId", "name")}


def _rows(body: Doc, name: str) -> list[Doc]:
    """The rows of a page, each of the right shape. Raises E0000001."""
    rows = body.get(name) or []
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise bad(name, f"{name}: must be a list of rows", name, type(rows).__name__, f"Up to {MOST_ROWS} objects.")
    for row in rows:
        good = isinstance(row, dict) and all(isinstance(row.get(key), str) and row[key] for key in _NEEDED[name])
        if good and name == "users":
            row.setdefault("eligible", True)
            good = isinstance(row.setdefault("profile", {}), dict) and isinstance(row["eligible"], bool)
        elif good:
            members = row.setdefault("members", [])
            good = isinstance(members, list) and all(isinstance(id, str) for id in members)
            good = good and isinstance(row.setdefault("profile", {}), dict)
        if not good:
            raise bad(name, f"{name}: a row is not valid", name, str(row)[:200],
                      f"A row has {' and '.join(_NEEDED[name])}, and the profile or members.")  # fmt: skip
    return rows
