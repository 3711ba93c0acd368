"""Imports as stored: each run with its counts, what it has seen so far, the people who wait for confirmation.

A run: `{id, appId, type FULL|INCREMENTAL, trigger MANUAL|SCHEDULED, status PENDING|RUNNING|COMPLETED|FAILED, created,
started, completed, message, skipped [{externalId, userName, reason}], operationId}` and the counts of `COUNTS`.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.okta.params import stamp
from emulator.store import Column, Kind

IMPORTS = Kind("imports", (Column("appId"), Column("status")))
IMPORT_PAGES = Kind("import_pages", (Column("importId"),))
"""External ids that a run has brought, page by page: what a full import does not bring is gone."""
IMPORT_USERS = Kind("import_users", (Column("appId"), Column("status"), Column("match")))
"""Imported people whom nobody has confirmed: `{id appId:externalId, externalId, userName, profile, match, userId}`."""
IMPORT_STATES = Kind("import_states")
"""Where an app's next incremental import goes on: `{id appId, cursor}`."""

PENDING, RUNNING, COMPLETED, FAILED = "PENDING", "RUNNING", "COMPLETED", "FAILED"
UNCONFIRMED, IGNORED = "UNCONFIRMED", "IGNORED"
USER_COUNTS = ("Scanned", "Added", "Matched", "Updated", "Unchanged", "Removed", "Unconfirmed", "Skipped")
GROUP_COUNTS = ("Scanned", "Added", "Updated", "Unchanged", "Removed", "Skipped")
COUNTS = (
    *(f"users{name}" for name in USER_COUNTS), *(f"groups{name}" for name in GROUP_COUNTS), "membershipsAdded",
    "membershipsRemoved",
)  # fmt: skip
MOST_SKIPPED = 1000


def new_run(call: Call, app: Doc, mode: str, *, trigger: str, operation_id: str | None) -> Doc:
    """Store a run that waits."""
    run: Doc = {
        "id": call.ids.okta("imp"), "appId": app["id"], "type": mode, "trigger": trigger, "status": PENDING,
        "created": stamp(call.now), "started": None, "completed": None, "message": None,
        **dict.fromkeys(COUNTS, 0), "skipped": [], "operationId": operation_id,
    }  # fmt: skip
    call.store.add(IMPORTS, run)
    return run


def restart(call: Call, run: Doc) -> None:
    """A run begins, or begins again."""
    run |= {"status": RUNNING, "started": stamp(call.now), "message": None, **dict.fromkeys(COUNTS, 0), "skipped": []}
    call.store.drop_where(IMPORT_PAGES, "importId", run["id"])
    call.store.put(IMPORTS, run)


def open_run(store: Any, app_id: str) -> Doc | None:
    """The run of an app that is not over."""
    rows = store.find_all(IMPORTS, "appId", app_id)
    return next((row for row in rows if row["status"] in (PENDING, RUNNING)), None)


def skip(run: Doc, row: Doc, reason: str, *, kind: str = "users") -> None:
    """Count a row that is not imported; the first thousand are told with their reason."""
    run[f"{kind}Skipped"] += 1
    if len(run["skipped"]) < MOST_SKIPPED:
        name = {"userName": row.get("userName")} if kind == "users" else {"name": row.get("name")}
        run["skipped"].append({"externalId": row.get("externalId"), **name, "reason": reason})


def cursor(store: Any, app_id: str) -> Any:
    found = store.get(IMPORT_STATES, app_id)
    return found["cursor"] if found else None


def keep_cursor(store: Any, app_id: str, value: Any) -> None:
    row = {"id": app_id, "cursor": value}
    store.save(IMPORT_STATES, row)


def pending_id(app_id: str, external_id: str) -> str:
    return f"{app_id}:{external_id}"


def forget(store: Any, app_id: str) -> None:
    """An app is gone, and its imports with it."""
    for run in store.drop_where(IMPORTS, "appId", app_id):
        store.drop_where(IMPORT_PAGES, "importId", run["id"])
    store.drop_where(IMPORT_USERS, "appId", app_id)
    store.drop(IMPORT_STATES, app_id)


def render(call: Call, run: Doc) -> Doc:
    """A run as the console shows it."""
    at = f"{call.base}/api/internal/v1/apps/{run['appId']}/imports/{run['id']}"
    return {
        **public(run),
        "_links": {"self": {"href": at}, "users": {"href": f"{at}/users"}, "confirm": {"href": f"{at}/confirm"}},
    }


def report(run: Doc) -> Doc:
    """What the operation of a run tells at its end."""
    users = {name.lower(): run[f"users{name}"] for name in USER_COUNTS}
    users["new"] = users.pop("added")
    return {
        "importId": run["id"], **users, "skippedCount": users["skipped"], "skipped": run["skipped"],
        "groups": {name.lower(): run[f"groups{name}"] for name in GROUP_COUNTS},
        "memberships": {"added": run["membershipsAdded"], "removed": run["membershipsRemoved"]},
    }  # fmt: skip
