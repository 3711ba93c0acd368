"""What a connector's report changes in the org: app users, domains, licences, operations, tasks.

Source: okta-admin-api.md 7.1, 19, 20; seed-catalogue.md 0.3 PR8.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import (
    app_imports,
    app_operations,
    awaited_managers,
    federating,
    group_push,
    job_queue,
    licence_catalogue,
    office365_groups,
    office365_passwords,
    office365_types,
    provisioning,
    task_store,
)
from emulator.okta.app_kinds import APP_USERS, APPS, JOBS, OPERATIONS
from emulator.okta.events import EVENTS, app_target, app_user_target, emit, target, user_target
from emulator.okta.params import stamp
from emulator.okta.problems import invalid

DONE, FAILED, RETRY = "done", "failed", "retry"
OUTCOMES = (DONE, FAILED, RETRY)
_TOLD = ("user.deactivate", "user.password", "user.logout")
# Inferred: when a connector that says "later" does not say when.
_BACK_OFF, _MOST_DOUBLINGS = MINUTE, 6


def apply(call: Call, job: Doc, report: Doc) -> None:
    """Take a report; the job is gone unless it is to be tried again."""
    _log(call, job, report.get("events") or [])
    if job["kind"].startswith("user."):
        _user(call, job, report)
    if report["outcome"] == RETRY:
        _again(call, job, report)
        return
    call.store.drop(JOBS, job["id"])
    if not job["kind"].startswith("user."):
        _settle(call, job, report)


def check(report: Doc) -> None:
    """What a report must be like. Raises E0000001, before anything of it is taken."""
    if report.get("outcome") == RETRY and report.get("retry_at"):
        _instant(report["retry_at"])
    for item in report.get("events") or ():
        kind = item.get("type") if isinstance(item, dict) else None
        if kind not in EVENTS:
            unknown = Why("The org writes no events of that type.", (Compared("type", kind, "request body"),))
            raise invalid("events", f"events: '{kind}' is not a known event type", why=unknown)


def _again(call: Call, job: Doc, report: Doc) -> None:
    """Back into the queue, unless a newer state of the same thing waits there already."""
    at = report.get("retry_at")
    newer = any(row["state"] == job_queue.PENDING for row in call.store.find_all(JOBS, "key", job["key"]))
    if newer:
        call.store.drop(JOBS, job["id"])
        return
    delay = _BACK_OFF * 2 ** min(job["attempt"] - 1, _MOST_DOUBLINGS)
    job["state"], job["lease"] = job_queue.PENDING, None
    if report.get("throttled"):
        job["attempt"] -= 1
    job["notBefore"] = _instant(at) if at else call.now + delay
    call.store.put(JOBS, job)


def _instant(text: str) -> int:
    try:
        return parse_iso(text)
    except (ValueError, TypeError) as error:
        why = Why("retry_at is an ISO 8601 instant.", (Compared("retry_at", text, "request body"),))
        raise invalid("retry_at", f"retry_at: '{text}' is not a valid date", why=why) from error


def _user(call: Call, job: Doc, report: Doc) -> None:
    """The app user takes over what the connector learnt; a failure becomes a task."""
    outcome = report["outcome"]
    app_user = call.store.get(APP_USERS, job["subject"]["appUserId"]) if job["kind"] == "user.push" else None
    if job["kind"] == "user.password" and outcome == DONE:
        office365_passwords.reported(call, job)
    learnt = report.get("app_user") or {}
    if app_user is not None:
        new = bool(learnt.get("externalId")) and app_user["externalId"] is None
        if learnt.get("externalId"):
            app_user["externalId"] = learnt["externalId"]
        app_user["profile"] |= {k: v for k, v in (learnt.get("profile") or {}).items() if k in app_user["profile"]}
        if outcome == DONE:
            if (report.get("result") or {}).get("tile") is not False:
                provisioning.set_status(call, app_user, "PROVISIONED")
            app_user["syncState"] = "SYNCING" if _newer(call, job) else "SYNCHRONIZED"
            app_user["lastSync"] = stamp(call.now)
        elif outcome == FAILED:
            app_user["syncState"] = "ERROR"
        call.store.put(APP_USERS, app_user)
        app = call.store.get(APPS, job["appId"])
        if app is not None and outcome != RETRY:
            awaited_managers.reported(call, app, app_user, job, done=outcome == DONE)
        if app is not None and new:
            group_push.user_provisioned(call, app, app_user["userId"])
            office365_groups.settle(call, app)
            awaited_managers.arrived(call, app, app_user)
    elif learnt.get("externalId"):
        _orphan(call, job, learnt["externalId"])
    if outcome == DONE:
        task_store.close(call, job["key"])
    elif outcome == FAILED and (app_user is not None or job["kind"] in _TOLD):
        task_store.failed(call, job, message=report.get("message"), code=report.get("errorCode"))


def _orphan(call: Call, job: Doc, external_id: str) -> None:
    """The assignment ended while its account was being made: the account is deactivated after all."""
    app = call.store.get(APPS, job["appId"])
    if app is None or "PUSH_USER_DEACTIVATION" not in app["features"]:
        return
    action, _ = provisioning.ACTIONS[app.get("_deprovisioning", provisioning.FIRST_DEPROVISIONING)["action"]]
    job_queue.enqueue(
        call, "user.deactivate", key=job["key"], subject={**job["subject"], "externalId": external_id},
        desired={"action": action}, app=app,
    )  # fmt: skip


def _newer(call: Call, job: Doc) -> bool:
    return any(row["id"] != job["id"] for row in call.store.find_all(JOBS, "key", job["key"]))


def _settle(call: Call, job: Doc, report: Doc) -> None:
    failed = report["outcome"] == FAILED
    if job["kind"] == "group.push":
        group_push.reported(call, job, report, failed=failed)
    if job["kind"].startswith("group."):
        if failed:
            task_store.failed(call, job, message=report.get("message"), code=report.get("errorCode"))
        else:
            task_store.close(call, job["key"])
    if job["kind"] in ("users.import", job_queue.DIRECTORY_IMPORT):
        app_imports.reported(call, job, report, failed=failed)
        return
    result: Any = report.get("result") or {}
    operation = call.store.get(OPERATIONS, job["operationId"]) if job["operationId"] else None
    if job["kind"] == "dirsync.enable":
        office365_types.reported(call, job, report, failed=failed)
        if failed:
            task_store.failed(call, job, message=report.get("message"), code=report.get("errorCode"))
        else:
            task_store.close(call, job["key"])
    if job["kind"] in ("domain.federate", "domain.unfederate"):
        _domain(call, job, report, operation, failed=failed)
        return
    if job["kind"] == "licenses.refresh" and not failed:
        licence_catalogue.keep(call.store, job["appId"], result.get("items") or (), now=call.now)
    if operation is not None:
        message = {"message": report["message"]} if report.get("message") else {}
        code = {"errorCode": report["errorCode"]} if report.get("errorCode") else {}
        app_operations.settle(call, operation, {**message, **code, **result}, failed=failed)


def _done_to(report: Doc, *, federate: bool) -> str:
    """What a domain's job came to: federate, unfederate, or none where everything was as it should be."""
    if (report.get("result") or {}).get("change") == "unchanged":
        return "none"
    return "federate" if federate else "unfederate"


def _domain(call: Call, job: Doc, report: Doc, operation: Doc | None, *, failed: bool) -> None:
    name, federate = job["desired"]["domain"], job["kind"] == "domain.federate"
    if not failed:
        if federate or operation is None:
            federating.settled(call, job["appId"], name, federated=federate)
        else:
            federating.forgotten(call, job["appId"], name)
    if operation is not None:
        part = {
            "domain": name, "action": _done_to(report, federate=federate),
            "status": app_operations.FAILED if failed else app_operations.SUCCESS,
            **({"message": report.get("message"), "errorCode": report.get("errorCode")} if failed else {}),
        }  # fmt: skip
        app_operations.part_done(call, operation, part, failed=failed)


def _log(call: Call, job: Doc, events: list[Any]) -> None:
    """The connector's events, about the job's app and user."""
    targets = _targets(call, job)
    for item in events:
        outcome = str(item.get("outcome") or "SUCCESS")
        cause = (Compared("outcome", outcome, "connector"),)
        emit(
            call, item["type"], targets, outcome=outcome, reason=item.get("reason"),
            debug={str(key): str(value) for key, value in (item.get("debug") or {}).items()},
            why=Why(str(item["reason"]), cause) if item.get("reason") and outcome == "FAILURE" else None,
        )  # fmt: skip


def _targets(call: Call, job: Doc) -> list[Doc]:
    from emulator.okta.resources import users

    app = call.store.get(APPS, job["appId"])
    shown = app_target(app) if app else target("AppInstance", job["appId"], name=job["settings"]["label"])
    if job["kind"] == office365_groups.KIND:
        return [shown]
    if job["kind"].startswith("group."):
        group = job["subject"]
        return [target("UserGroup", group["groupId"], name=group["displayName"]), shown]
    if not job["kind"].startswith("user."):
        name = job["desired"].get("domain")
        return [shown, *([target("Domain", name, name=name)] if name else [])]
    user = call.store.get(users.USERS, job["subject"]["userId"])
    subject = job["subject"]
    if user is None:
        name, alternate = subject["displayName"], subject["userName"]
        return [target("AppUser", subject["appUserId"], name=name, alternate=alternate), shown]
    app_user = {"id": subject["appUserId"], "credentials": {"userName": subject["userName"]}}
    return [app_user_target(app_user, user), shown, user_target(user)]
