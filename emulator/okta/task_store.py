"""Tasks of the administrator's dashboard: what a connector could not do, to be retried.

Source: okta-admin-api.md 19, 20.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import TASKS
from emulator.okta.events import full_name

FAILED, RETRYING, COMPLETED, DISMISSED = "FAILED", "RETRYING", "COMPLETED", "DISMISSED"
OPEN = frozenset({FAILED, RETRYING, "PENDING"})
NEW, PROFILE, DEACTIVATE, GROUP = "PUSH_NEW_USER", "PUSH_PROFILE_UPDATE", "DEACTIVATE_USER", "GROUP_PUSH"
PASSWORD, MANUAL = "PUSH_PASSWORD", "MANUAL"
ASSIGN = "assign"
"""The kind of a task about an assignment that could not be made."""
_DOING = {NEW: "provisioning", PROFILE: "profile push", DEACTIVATE: "deprovisioning", PASSWORD: "password push"}


def type_of(job: Doc) -> str:
    if job["kind"] == "user.deactivate":
        return DEACTIVATE
    if job["kind"].startswith("group."):
        return GROUP
    if job["kind"] == "user.password":
        return PASSWORD
    if job["kind"] in ("dirsync.enable", ASSIGN):
        return MANUAL
    return PROFILE if job["subject"]["externalId"] else NEW


def _type_told(job: Doc, text: str) -> str:
    """The type by what was being done when it failed: an account may be made, and its profile not."""
    told = next((kind for kind, doing in _DOING.items() if text.startswith(f"Automatic {doing} of ")), None)
    return told or type_of(job)


def text_of(job: Doc, message: str | None) -> str:
    """The task's text: the connector's, in the documented frame if it sent the inner error alone."""
    inner = message or "no reason was given"
    if inner.startswith(("Automatic ", "Unable to push group ")) or type_of(job) == MANUAL:
        return inner
    if type_of(job) == GROUP:
        name, label = job["subject"]["displayName"], job["settings"]["label"]
        return f"Unable to push group {name} to app {label}: {inner}"  # inferred
    name, label = job["subject"]["displayName"], job["settings"]["label"]
    return f"Automatic {_DOING[type_of(job)]} of user {name} to app {label} failed: {inner}"


def failed(call: Call, job: Doc, *, message: str | None, code: str | None) -> Doc:
    """Make a task of a failed job, or bring the one that is open for its key up to date."""
    present, text = open_for(call, job["key"]), text_of(job, message)
    task = present or {
        "id": call.ids.okta("tsk"), "created": iso(call.now), "attempts": 0, "_key": job["key"],
        "appId": job["appId"], "userId": job["subject"].get("userId"), "_groupId": job["subject"].get("groupId"),
    }  # fmt: skip
    task |= {
        "type": _type_told(job, text), "status": FAILED, "message": text, "errorCode": code,
        "attempts": task["attempts"] + 1, "lastUpdated": iso(call.now), "_appUserId": job["subject"].get("appUserId"),
        "_kind": job["kind"], "_subject": job["subject"], "_desired": job["desired"],
        **({"_password": job["_password"]} if job.get("_password") else {}),
    }  # fmt: skip
    call.store.save(TASKS, task)
    return task


def assignment_key(app: Doc, user: Doc) -> str:
    return f"assign:{app['id']}.{user['id']}"


def not_assigned(call: Call, app: Doc, user: Doc, template: str) -> None:
    """A group brings the app to a user for whom its template gives no name. Texts: seed-catalogue.md 2.4."""
    key = assignment_key(app, user)
    job: Doc = {
        "key": key, "kind": ASSIGN, "appId": app["id"], "settings": {"label": app["label"]}, "desired": {},
        "subject": {"userId": user["id"], "externalId": None, "displayName": full_name(user), "template": template},
    }  # fmt: skip
    message = "App could not be assigned automatically. '' is an invalid value for userName field (code blank)."
    failed(call, job, message=message, code="E0000001")


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
