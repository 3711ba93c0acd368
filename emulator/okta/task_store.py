"""Tasks of the administrator's dashboard: what a connector could not do, to be retried.

Source: okta-admin-api.md 19, 20; F-57.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import TASKS

FAILED, RETRYING, COMPLETED, DISMISSED = "FAILED", "RETRYING", "COMPLETED", "DISMISSED"
OPEN = frozenset({FAILED, RETRYING, "PENDING"})
NEW, PROFILE, DEACTIVATE, GROUP = "PUSH_NEW_USER", "PUSH_PROFILE_UPDATE", "DEACTIVATE_USER", "GROUP_PUSH"
_DOING = {NEW: "provisioning", PROFILE: "profile push", DEACTIVATE: "deprovisioning"}


def type_of(job: Doc) -> str:
    if job["kind"] == "user.deactivate":
        return DEACTIVATE
    if job["kind"].startswith("group."):
        return GROUP
    return PROFILE if job["subject"]["externalId"] else NEW


def text_of(job: Doc, message: str | None) -> str:
    """The task's text: the connector's, in the documented frame if it sent the inner error alone."""
    inner = message or "no reason was given"
    if inner.startswith("Automatic "):
        return inner
    if type_of(job) == GROUP:
        name, label = job["subject"]["displayName"], job["settings"]["label"]
        return f"Unable to push group {name} to app {label}: {inner}"  # inferred
    name, label = job["subject"]["displayName"], job["settings"]["label"]
    return f"Automatic {_DOING[type_of(job)]} of user {name} to app {label} failed: {inner}"


def failed(call: Call, job: Doc, *, message: str | None, code: str | None) -> Doc:
    """Make a task of a failed job, or bring the one that is open for its key up to date."""
    present = open_for(call, job["key"])
    task = present or {
        "id": call.ids.okta("tsk"), "created": iso(call.now), "attempts": 0, "_key": job["key"],
        "appId": job["appId"], "userId": job["subject"].get("userId"), "_groupId": job["subject"].get("groupId"),
    }  # fmt: skip
    task |= {
        "type": type_of(job), "status": FAILED, "message": text_of(job, message), "errorCode": code,
        "attempts": task["attempts"] + 1, "lastUpdated": iso(call.now), "_appUserId": job["subject"].get("appUserId"),
        "_kind": job["kind"], "_subject": job["subject"], "_desired": job["desired"],
    }  # fmt: skip
    call.store.put(TASKS, task) if present else call.store.add(TASKS, task)
    return task


def open_for(call: Call, key: str) -> Doc | None:
    """The open task about a job key."""
    rows = call.store.find_all(TASKS, "_key", key)
    return next((row for row in rows if row["status"] in OPEN), None)


def close(call: Call, key: str, status: str = COMPLETED) -> None:
    """The work that a task was about is done, or has no object any more."""
    task = open_for(call, key)
    if task is not None:
        mark(call, task, status)


def mark(call: Call, task: Doc, status: str) -> None:
    task["status"], task["lastUpdated"] = status, iso(call.now)
    call.store.put(TASKS, task)
