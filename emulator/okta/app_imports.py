"""The import engine: a run from the request to its report.

Source: seed-catalogue.md 1.2; okta-admin-api.md 19. A run is a job for the app's connector or agent
(`users.import`, `directory.import`), which hands what it finds in page by page; each page is one transaction, and a
page that comes twice changes nothing. What a full import does not bring is gone.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import (
    app_operations,
    import_groups,
    import_leaving,
    import_people,
    import_rules,
    import_store,
    job_queue,
    office365,
    office365_groups,
)
from emulator.okta.app_kinds import APP_USERS, APPS, JOBS, OPERATIONS
from emulator.okta.apps_catalog import TYPES
from emulator.okta.directory_users import AD
from emulator.okta.events import app_target, emit
from emulator.okta.import_store import COMPLETED, FAILED, IMPORT_PAGES, IMPORTS
from emulator.okta.params import stamp
from emulator.okta.problems import invalid

MANUAL, SCHEDULED = "MANUAL", "SCHEDULED"
EMITS = ("system.import.session.triggered", "system.import.start", "system.import.complete",
         "system.import.implicit_deletion.complete", "system.import.incremental_converted_to_full")  # fmt: skip


def begin(call: Call, app: Doc, mode: str) -> Doc:
    """Ask for an import: the operation to look at. Raises E0000001 where the app imports nothing, or is at it."""
    require_importing(call, app)
    running = import_store.open_run(call.store, app["id"])
    if running is not None:
        compared = (
            Compared("import", running["id"], app["label"]),
            Compared("status", running["status"], "the import"),
        )
        raise invalid("import", "An import is already in progress.", why=Why("One import runs at a time.", compared))
    operation = app_operations.begin(call, app, "import")
    run = import_store.new_run(call, app, mode, trigger=MANUAL, operation_id=operation["id"])
    subject = {"appId": app["id"], "importId": run["id"], "mode": mode}
    job_queue.enqueue(
        call, job_queue.import_kind(app), key=f"import:{app['id']}", subject=subject, desired={"mode": mode}, app=app,
        operation_id=operation["id"],
    )  # fmt: skip
    emit(call, "system.import.session.triggered", [app_target(app)], debug={"importType": mode})
    return {**operation, "_importId": run["id"]}


def require_importing(call: Call, app: Doc) -> None:
    """Raises E0000001 unless the app is active and has somebody who imports for it."""
    directory = app["name"] == AD
    able = directory or (TYPES[app["name"]].provisioning and bool(app["features"]))
    if able and app["status"] == "ACTIVE":
        return
    compared = (
        Compared("name", app["name"], "the app"), Compared("status", app["status"], "the app"),
        Compared("features", ", ".join(app["features"]) or "none", "the app"),
    )  # fmt: skip
    hint = "Connect the app first: connections/default."
    raise invalid(
        "import", "The application does not import users.", why=Why("Imports need the connection.", compared, hint)
    )


# -- what the queue tells ------------------------------------------------------------------------------------------


def leased(call: Call, job: Doc) -> bool:
    """A run begins: its job is made complete. False where there is nothing to import any more."""
    app = call.store.get(APPS, job["appId"])
    if app is None or app["status"] != "ACTIVE":
        _abandon(call, job)
        return False
    if job["subject"]["importId"] is None and not _scheduled(call, app, job):
        return False
    run = call.store.get(IMPORTS, job["subject"]["importId"])
    if run is None:
        return False
    import_store.restart(call, run)
    job["desired"] = {
        "mode": run["type"], "cursor": import_store.cursor(call.store, app["id"]),
        "groups": imports_groups(app), "provisioningType": _type(app),
    }  # fmt: skip
    if job["attempt"] == 0:
        emit(call, "system.import.start", [app_target(app)], debug={"importType": run["type"]})
    return True


def _type(app: Doc) -> str | None:
    return office365.provisioning_type(app) if office365.is_office365(app) else None


def _scheduled(call: Call, app: Doc, job: Doc) -> bool:
    """A schedule is due: its run begins, unless one is under way; the one after it waits."""
    mode, job["key"] = job["subject"]["mode"], f"import:{app['id']}"
    call.store.put(JOBS, job)  # no longer the schedule's: the next one may wait under that key
    import_rules.following(call, app, mode)
    if import_store.open_run(call.store, app["id"]) is not None:
        return False
    run = import_store.new_run(call, app, mode, trigger=SCHEDULED, operation_id=None)
    job["subject"] = {**job["subject"], "importId": run["id"]}
    return True


def _abandon(call: Call, job: Doc) -> None:
    run = call.store.get(IMPORTS, job["subject"]["importId"] or "")
    if run is not None:
        _over(call, run, FAILED, message="The application is not active.")


def imports_groups(app: Doc) -> bool:
    """Whether the app's groups are imported: they are unless somebody switched it off."""
    return bool(app.get("_importGroups", True))


# -- pages ---------------------------------------------------------------------------------------------------------


def page(call: Call, app: Doc, job: Doc, body: Doc) -> Doc:
    """Take a page: `{users, groups, removed, cursor, full?, last}`; answers the counts so far."""
    run: Doc = call.store.get(IMPORTS, job["subject"]["importId"])
    if body.get("full") and run["type"] != import_rules.FULL:
        run["type"] = import_rules.FULL
        emit(call, "system.import.incremental_converted_to_full", [app_target(app)])
    seen = [row["externalId"] for row in (*body["users"], *body["groups"])]
    for row in body["users"]:
        import_people.take(call, app, run, row)
    if imports_groups(app):
        for row in body["groups"]:
            import_groups.take(call, app, run, row)
    call.store.add(IMPORT_PAGES, {"id": call.ids.okta("ipg"), "importId": run["id"], "ids": seen})
    for external_id in body["removed"]:
        _gone(call, app, run, external_id)
    if body["last"]:
        _last(call, app, run, body.get("cursor"))
    call.store.put(IMPORTS, run)
    job["lease"] |= {"expiresAt": iso(call.now + job_queue.LEASE)}
    call.store.put(JOBS, job)
    return {"import": import_store.report(run), "expiresAt": job["lease"]["expiresAt"]}


def _gone(call: Call, app: Doc, run: Doc, external_id: str) -> None:
    app_user = import_people.linked(call.store, app["id"], external_id)
    if app_user is not None:
        import_leaving.gone(call, app, app_user)
        run["usersRemoved"] += 1
    call.store.drop(import_store.IMPORT_USERS, import_store.pending_id(app["id"], external_id))
    group = next(
        (row for row in import_groups.imported(call.store, app["id"]) if row["_externalId"] == external_id), None
    )
    if group is not None:
        import_groups.remove(call, app, group)
        run["groupsRemoved"] += 1


def _last(call: Call, app: Doc, run: Doc, cursor: Any) -> None:
    """The end of a run's pages: a full import takes away what it has not brought."""
    if run["type"] == import_rules.FULL:
        seen: set[str] = set()
        for row in call.store.find_all(IMPORT_PAGES, "importId", run["id"]):
            seen.update(row["ids"])
        held = [row["externalId"] for row in call.store.find_all(APP_USERS, "appId", app["id"]) if row["externalId"]]
        if imports_groups(app):
            held += [group["_externalId"] for group in import_groups.imported(call.store, app["id"])]
        held += [row["externalId"] for row in call.store.find_all(import_store.IMPORT_USERS, "appId", app["id"])]
        missing = [external_id for external_id in dict.fromkeys(held) if external_id not in seen]
        for external_id in missing:
            _gone(call, app, run, external_id)
        if missing:
            emit(
                call, "system.import.implicit_deletion.complete", [app_target(app)], debug={"count": str(len(missing))}
            )
    if cursor is not None:
        import_store.keep_cursor(call.store, app["id"], cursor)


# -- the end -------------------------------------------------------------------------------------------------------


def reported(call: Call, job: Doc, outcome: Doc, *, failed: bool) -> None:
    """The connector is through with a run, or has given up."""
    run = call.store.get(IMPORTS, job["subject"]["importId"] or "")
    if run is not None:
        _over(call, run, FAILED if failed else COMPLETED, message=outcome.get("message"))
        if job["kind"] == job_queue.DIRECTORY_IMPORT and not failed:
            office365_groups.settle_all(call)


def _over(call: Call, run: Doc, status: str, *, message: str | None) -> None:
    run |= {"status": status, "completed": stamp(call.now), "message": message}
    call.store.put(IMPORTS, run)
    call.store.drop_where(IMPORT_PAGES, "importId", run["id"])
    app = call.store.get(APPS, run["appId"])
    if app is not None:
        counts = {name: str(run[name]) for name in ("usersScanned", "usersAdded", "usersUpdated", "usersRemoved")}
        failed = status == FAILED
        why = Why(message or "The import failed.", (Compared("import", run["id"], "connector"),)) if failed else None
        emit(call, "system.import.complete", [app_target(app)], outcome="FAILURE" if failed else "SUCCESS",
             reason=message, debug=counts, why=why)  # fmt: skip
    operation = call.store.get(OPERATIONS, run["operationId"]) if run["operationId"] else None
    if operation is not None:
        result = import_store.report(run) | ({"message": message} if message else {})
        app_operations.settle(call, operation, result, failed=status == FAILED)


# -- settings ------------------------------------------------------------------------------------------------------


def switch_groups(call: Call, app: Doc, *, on: bool) -> int:
    """Switch the import of groups; off takes imported groups away, with what they assign. How many went."""
    from emulator.okta.resources import apps

    app["_importGroups"] = on
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    rows = [] if on else import_groups.imported(call.store, app["id"])
    for group in rows:
        import_groups.remove(call, app, group)
    return len(rows)


def not_this_run(job: Doc, app_id: str) -> Problem:
    """409: the lease is for another app's work."""
    compared = (Compared("app", app_id, "request path"), Compared("app", job["appId"], "the job"))
    return Problem("E0000195", "lease", causes=("The lease is for another import.",),
                   why=Why("A lease stands for one run of one app.", compared))  # fmt: skip
