"""Requests for an app: somebody asks, approvers decide one after another, the last one's yes assigns.

Source: seed-catalogue.md 1.4; the event types are Okta's catalogue's. Console functions: addresses and shapes are ours.
"""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import access_steps, app_profiles, lists, reach
from emulator.okta.access import READ_SELF
from emulator.okta.app_kinds import ACCESS_REQUESTS, APP_USERS, APPS
from emulator.okta.assignments import assign
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit, full_name, user_target
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import forbidden, invalid, not_found

__all__ = ["ACCESS_REQUESTS"]
PENDING, APPROVED, DENIED, CANCELLED = "PENDING", "APPROVED", "DENIED", "CANCELLED"
_AT = "/api/internal/v1/access-requests"
_SETTINGS = "/api/internal/v1/apps/{appId}/self-service"
_ANYONE = (READ_SELF, "okta.apps.manage")
_EVENT = "app.access_request."


@operation("GET", _SETTINGS, source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_self_service(call: Call) -> Doc:
    """Whether people may request the app, and who approves: `{enabled, note, steps}`."""
    from emulator.okta.resources import apps

    return access_steps.settings_of(apps.load(call))


@operation(
    "PUT", _SETTINGS, source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("application.lifecycle.update",),
)  # fmt: skip
def set_self_service(call: Call) -> Doc:
    """Replace them; each step `{approvers: [{type, id}], attributes: {name: HIDDEN | READ | WRITE}}`."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    found = access_steps.checked(call.store, app, body_object(call))
    app["accessibility"]["selfService"] = found["enabled"]
    app["_selfService"] = {"note": found["note"], "steps": found["steps"]}
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return access_steps.settings_of(app)


def render(call: Call, request: Doc) -> Doc:
    """A request as its caller may see it: approvers see the attributes that their step shows."""
    from emulator.okta.resources import users

    app, user = call.store.get(APPS, request["appId"]), call.store.get(users.USERS, request["requesterId"])
    step = _step(request)
    at = f"{call.base}{_AT}/{request['id']}"
    shown = {} if step is None else {
        name: {"access": kind, "value": request["profile"].get(name)}
        for name, kind in step["attributes"].items() if kind != access_steps.HIDDEN
    }  # fmt: skip
    return {
        **{name: request[name] for name in ("id", "status", "note", "created", "lastUpdated", "decisions")},
        "app": {"id": app["id"], "label": app["label"]} if app else None,
        "requester": {"id": user["id"], "login": user["profile"]["login"], "displayName": full_name(user)}
        if user else None,
        "step": None if step is None else
        {"number": len(request["decisions"]) + 1, "of": len(request["steps"]), "approvers": step["approvers"]},
        "attributes": shown,
        "_links": {"self": {"href": at}, "approve": {"href": f"{at}/approve"}, "deny": {"href": f"{at}/deny"}},
    }  # fmt: skip


def _step(request: Doc) -> Doc | None:
    """The step that is waited for."""
    done = len(request["decisions"])
    return request["steps"][done] if request["status"] == PENDING and done < len(request["steps"]) else None


def _administers(call: Call) -> bool:
    return call.caller.scopes is None or "okta.apps.manage" in call.caller.scopes


def _visible(call: Call, request: Doc) -> bool:
    """Requests are seen by administrators, by whoever made them, and by the approvers of any of their steps."""
    if request["requesterId"] == call.caller.id:
        return True
    if _administers(call):
        return reach.sees(call, user=request["requesterId"], app=request["appId"])
    return any(access_steps.approves(call.store, step, call.caller.id) for step in request["steps"])


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(ACCESS_REQUESTS, call.path["requestId"])
    if found is None or not _visible(call, found):
        raise not_found(call.path["requestId"], "AccessRequest")
    return found


@operation(
    "GET", _AT, source=UI_ONLY, scope=(READ_SELF, "okta.apps.read", "okta.apps.manage"), bucket="apps.get",
    paging=Paging(20, 200), query=("status", "appId", "limit", "after"),
)  # fmt: skip
def list_requests(call: Call) -> Listing:
    """Requests that the caller made or decides on; administrators see all."""
    asked = {name: call.params[name] for name in ("status", "appId") if call.params.get(name)}

    def keep(request: Doc) -> bool:
        return all(request[name] == value for name, value in asked.items()) and _visible(call, request)

    return lists.listing(call, ACCESS_REQUESTS, render, keep=keep)


@operation("GET", _AT + "/{requestId}", source=UI_ONLY, scope=(READ_SELF, "okta.apps.read", "okta.apps.manage"))
def get_request(call: Call) -> Doc:
    """One request."""
    return render(call, _load(call))


@operation(
    "POST", _AT, source=UI_ONLY, scope=_ANYONE, status=201,
    emits=(_EVENT + "request", _EVENT + "grant", "application.user_membership.add"),
)  # fmt: skip
def create_request(call: Call) -> Doc:
    """Ask for an app: `{appId, note?}`; an administrator may ask for somebody (`requesterId`)."""
    from emulator.okta.resources import users

    body = body_object(call)
    app = call.store.get(APPS, needed_text(body, "appId"))
    if app is None:
        raise not_found(str(body["appId"]), "AppInstance")
    user = users.by_id(call, _requester(call, body))
    if _administers(call):
        reach.require(call, user=user["id"], app=app["id"])
    steps = _steps(app)
    _refuse_twice(call, app, user)
    at = stamp(call.now)
    request: Doc = {
        "id": call.ids.okta("arq"), "appId": app["id"], "requesterId": user["id"], "status": PENDING, "created": at,
        "lastUpdated": at, "note": (text_of(body, "note") or "")[:1000], "steps": steps, "decisions": [], "profile": {},
    }  # fmt: skip
    call.store.add(ACCESS_REQUESTS, request)
    emit(call, _EVENT + "request", [user_target(user), app_target(app)])
    if not steps:
        _grant(call, request, app, user)
    return render(call, request)


def _requester(call: Call, body: Doc) -> str:
    asked = text_of(body, "requesterId")
    if asked is None or asked == call.caller.id:
        return call.caller.id
    if not _administers(call):
        compared = (Compared("requesterId", asked, "request body"), Compared("caller", call.caller.id, "session"))
        raise forbidden(Why("People ask for apps for themselves.", compared))
    return asked


def _steps(app: Doc) -> list[Doc]:
    """The approvals that a request goes through. Raises E0000043, E0000126."""
    settings = access_steps.settings_of(app)
    if not settings["enabled"] or app["status"] != "ACTIVE":
        compared = (Compared("selfService", settings["enabled"], f"accessibility of {app['label']}"),
                    Compared("status", app["status"], app["label"]))  # fmt: skip
        raise Problem("E0000043", why=Why("The app cannot be requested.", compared))
    access_steps.require_approver(app, settings["steps"])
    found: list[Doc] = settings["steps"]
    return found


def _refuse_twice(call: Call, app: Doc, user: Doc) -> None:
    if call.store.get(APP_USERS, f"{app['id']}.{user['id']}") is not None:
        compared = (Compared("user", user["profile"]["login"], "request"), Compared("app", app["label"], "app users"))
        raise Problem("E0000062", why=Why("The user already has an assignment to the app.", compared))
    for other in call.store.find_all(ACCESS_REQUESTS, "requesterId", user["id"]):
        if other["appId"] == app["id"] and other["status"] == PENDING:
            cause = "appId: The app has been requested already"
            raise bad("appId", cause, "open request", other["id"], "One request at a time.", where="access requests")


@operation(
    "POST", _AT + "/{requestId}/approve", source=UI_ONLY, scope=_ANYONE, body="optional_json",
    emits=(_EVENT + "approver.approve", _EVENT + "grant", "application.user_membership.add"),
)  # fmt: skip
def approve(call: Call) -> Doc:
    """Say yes as the present step's approver: `{profile?, note?}`, with values of the attributes it may write.

    The last yes assigns the app with what all steps have set; what nobody set stays blank.
    """
    from emulator.okta.resources import users

    request, app, step = _deciding(call)
    body = body_object(call)
    sent = part(body, "profile") or {}
    app_profiles.check(app_profiles.attributes(call.store, app), sent)
    for name in sent:
        _require_write(step, name)
    request["profile"] |= sent
    _decide(call, request, app, "APPROVED", body)
    if len(request["decisions"]) == len(request["steps"]):
        _grant(call, request, app, users.by_id(call, request["requesterId"]))
    call.store.put(ACCESS_REQUESTS, request)
    return render(call, request)


@operation(
    "POST", _AT + "/{requestId}/deny", source=UI_ONLY, scope=_ANYONE, body="optional_json",
    emits=(_EVENT + "approver.deny", _EVENT + "deny"),
)  # fmt: skip
def deny(call: Call) -> Doc:
    """Say no; the request ends."""
    request, app, _ = _deciding(call)
    _decide(call, request, app, DENIED, body_object(call))
    request["status"] = DENIED
    call.store.put(ACCESS_REQUESTS, request)
    emit(call, _EVENT + "deny", [app_target(app)])
    return render(call, request)


@operation(
    "DELETE", _AT + "/{requestId}", source=UI_ONLY, scope=_ANYONE, emits=(_EVENT + "delete",),
)  # fmt: skip
def cancel(call: Call) -> None:
    """Take back a request that waits; only its requester or an administrator does."""
    request = _load(call)
    if not _administers(call) and request["requesterId"] != call.caller.id:
        compared = (Compared("requester", request["requesterId"], "the request"),
                    Compared("caller", call.caller.id, "session"))  # fmt: skip
        raise forbidden(Why("Only the requester takes a request back.", compared))
    _require_pending(request)
    request["status"], request["lastUpdated"] = CANCELLED, stamp(call.now)
    call.store.put(ACCESS_REQUESTS, request)
    app = call.store.get(APPS, request["appId"])
    emit(call, _EVENT + "delete", [app_target(app)] if app else [])


def _deciding(call: Call) -> tuple[Doc, Doc, Doc]:
    """The request, its app and the step that the caller decides. Raises 403, 404, E0000001."""
    request = _load(call)
    _require_pending(request)
    app, step = call.store.get(APPS, request["appId"]), _step(request)
    if app is None or step is None:
        raise not_found(request["appId"], "AppInstance")
    if not access_steps.approves(call.store, step, call.caller.id):
        approvers = ", ".join(item["id"] for item in step["approvers"])
        number = len(request["decisions"]) + 1
        compared = (Compared("caller", call.caller.id, "caller"), Compared("approvers", approvers, f"step {number}"))
        raise forbidden(Why("Only an approver of the present step decides.", compared))
    return request, app, step


def _require_pending(request: Doc) -> None:
    if request["status"] != PENDING:
        compared = (Compared("status", request["status"], "the request"),)
        raise invalid("status", "The request is no longer pending", why=Why("The request is decided.", compared))


def _require_write(step: Doc, name: str) -> None:
    access = access_steps.access(step, name)
    if access != access_steps.WRITE:
        compared = (Compared(name, access, "attributes of the step"), Compared("needed", "WRITE", "setting a value"))
        hint = "Set the step's attribute to WRITE in the app's self-service settings."
        raise forbidden(Why("The step does not let its approvers set the attribute.", compared, hint))


def _decide(call: Call, request: Doc, app: Doc, outcome: str, body: Doc) -> None:
    request["decisions"].append({
        "by": call.caller.id, "at": stamp(call.now), "decision": outcome, "note": (text_of(body, "note") or "")[:1000],
    })  # fmt: skip
    request["lastUpdated"] = stamp(call.now)
    emit(call, _EVENT + ("approver.approve" if outcome == "APPROVED" else "approver.deny"), [app_target(app)])


def _grant(call: Call, request: Doc, app: Doc, user: Doc) -> None:
    assign(call, app, user, profile={name: value for name, value in request["profile"].items() if value is not None})
    request["status"] = APPROVED
    call.store.put(ACCESS_REQUESTS, request)
    emit(call, _EVENT + "grant", [user_target(user), app_target(app)])
