"""Dashboard > Tasks: /api/internal/v1/tasks. Source: okta-admin-api.md 19; seed-catalogue.md 1.2."""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import app_profiles, assignments, group_push, job_queue, lists, provisioning, reach, task_store
from emulator.okta.app_kinds import APP_USERS, APPS, JOBS, TASKS
from emulator.okta.console import UI_ONLY
from emulator.okta.events import emit, full_name, target
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found

__all__ = ["TASKS"]
_AT = "/api/internal/v1/tasks"


def render(call: Call, task: Doc) -> Doc:
    """The task as the dashboard shows it."""
    from emulator.okta.resources import groups, users

    app = call.store.get(APPS, task["appId"])
    user = call.store.get(users.USERS, task["userId"]) if task["userId"] else None
    group = call.store.get(groups.GROUPS, task["_groupId"]) if task.get("_groupId") else None
    assigned = f"users/{task['userId']}" if task["userId"] else f"groups/{task.get('_groupId')}"
    at = f"{call.base}{_AT}/{task['id']}"
    return {
        **{name: task[name] for name in ("id", "type", "status")},
        "app": {name: app[name] for name in ("id", "name", "label")} if app else None,
        "user": {"id": user["id"], "login": user["profile"]["login"], "displayName": full_name(user)} if user else None,
        "group": {"id": group["id"], "name": group["profile"]["name"]} if group else None,
        **{name: task[name] for name in ("message", "errorCode", "attempts", "created", "lastUpdated")},
        "_links": {
            "self": {"href": at}, "retry": {"href": f"{at}/retry"},
            "dismiss": {"href": at, "hints": {"allow": ["DELETE"]}},
            "assignment": {"href": f"{call.base}/api/v1/apps/{task['appId']}/{assigned}"},
        },
    }  # fmt: skip


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(TASKS, call.path["taskId"])
    if found is None:
        raise not_found(call.path["taskId"], "Task")
    reach.require(call, app=found["appId"], user=found["userId"])
    return found


@operation(
    "GET", _AT, source=UI_ONLY, scope=("okta.apps.read",), paging=Paging(20, 200),
    query=("appId", "type", "status", "q", "limit", "after"),
)  # fmt: skip
def list_tasks(call: Call) -> Listing:
    """Open tasks, oldest first; `status` shows finished ones, too. `q`: a part of the message."""
    asked = {name: call.params[name] for name in ("appId", "type", "status") if call.params.get(name)}
    wanted = (call.params.get("q") or "").casefold()

    def keep(task: Doc) -> bool:
        if "status" not in asked and task["status"] not in task_store.OPEN:
            return False
        return all(task[name] == value for name, value in asked.items()) and wanted in task["message"].casefold()

    return lists.listing(call, TASKS, render, keep=keep)


@operation("GET", _AT + "/{taskId}", source=UI_ONLY, scope=("okta.apps.read",))
def get_task(call: Call) -> Doc:
    """One task."""
    return render(call, _load(call))


@operation(
    "POST",
    _AT + "/{taskId}/retry",
    source=UI_ONLY,
    scope=("okta.apps.manage",),
    body="none",
    extra={"reach": "load"},
    emits=("application.user_membership.add",),
)
def retry_task(call: Call) -> Doc:
    """Do a task's work again, with the state of today."""
    task = _load(call)
    if task["status"] != task_store.FAILED:
        compared = (
            Compared("status", task["status"], "the task"),
            Compared("status needed", task_store.FAILED, "retry"),
        )
        raise invalid("task", "The task is not failed", why=Why("Only failed tasks are retried.", compared))
    if not _retry(call, task):
        if task["_kind"] == task_store.ASSIGN:
            return render(call, _load(call))
        why = Why(
            "The task's app, user or assignment is gone, or the app pushes nothing.",
            (Compared("task", task["id"], "tasks"),),
        )
        raise Problem("E0000195", "task", causes=("The task can no longer be retried",), why=why)
    return render(call, _load(call))


@operation(
    "POST", _AT + "/retry", source=UI_ONLY, scope=("okta.apps.manage",), status=202, extra={"reach": "load"},
    emits=("application.user_membership.add",),
)  # fmt: skip
def retry_tasks(call: Call) -> Doc:
    """Retry the failed tasks of `{appId, type?}`: `{retried: n}`."""
    body = body_object(call)
    count = 0
    for task in call.store.find_all(TASKS, "appId", body.get("appId")):
        if not reach.sees(call, app=task["appId"], user=task["userId"]):
            continue
        if task["status"] == task_store.FAILED and body.get("type") in (None, task["type"]):
            count += _retry(call, task)
    return {"retried": count}


def _retry(call: Call, task: Doc) -> bool:
    from emulator.okta.resources import users

    app = call.store.get(APPS, task["appId"])
    user = call.store.get(users.USERS, task["userId"]) if task["userId"] else None
    if app is None:
        return False
    if task["_kind"] == "group.push":
        mapping = call.store.get(group_push.MAPPINGS, task["_subject"]["mappingId"])
        if mapping is None or not group_push.push(call, app, mapping):
            return False
    elif task["_kind"] in ("user.deactivate", "group.unlink", "user.password", "user.logout", "group.sync"):
        job = job_queue.enqueue(
            call, task["_kind"], key=task["_key"], subject=task["_subject"], desired=task["_desired"], app=app
        )
        if task.get("_password"):
            job["_password"] = task["_password"]
            call.store.put(JOBS, job)
    elif task["_kind"] == task_store.ASSIGN:
        return user is not None and _assigned(call, app, user)
    elif task["_kind"] == "dirsync.enable":
        return False
    else:
        app_user = call.store.get(APP_USERS, task["_appUserId"])
        if app_user is None or user is None or not provisioning.push(call, app, app_user, user):
            return False
    task_store.mark(call, task, task_store.RETRYING)
    return True


def _assigned(call: Call, app: Doc, user: Doc) -> bool:
    """Whether the app, which a group still brings, could be assigned now; the assignment closes the task."""
    if not app_profiles.assigned_groups(call.store, app["id"], user["id"]):
        return False
    present = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    return present is not None or assignments.assign_automatically(call, app, user) is not None


@operation(
    "DELETE", _AT + "/{taskId}", source=UI_ONLY, scope=("okta.apps.manage",), emits=("system.org.task.remove",),
    extra={"reach": "load"},
)  # fmt: skip
def dismiss_task(call: Call) -> None:
    """Take a task off the list; what it was about stays undone."""
    task = _load(call)
    task_store.mark(call, task, task_store.DISMISSED)
    emit(call, "system.org.task.remove", [target("Task", task["id"], name=task["message"][:80])])
