"""Privileged Identity Management of directory roles: requests for assignments and eligibilities.

Source: Microsoft's pages on unifiedRoleAssignmentScheduleRequest and unifiedRoleEligibilityScheduleRequest. An active
assignment is a row of the older resources with a beginning and an end; an eligibility is a row of role_schedules.py.
Requests are decided at once. Differs: nothing waits for an approval.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.entitlements import P2, needs
from emulator.entra.graph import Collection, Entity, needs_role
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import role_management, role_policies
from emulator.entra.resources.references import directory_object
from emulator.entra.resources.role_definitions import ADMINS, definition
from emulator.entra.resources.role_schedules import BASE, ELIGIBILITIES, kind_of, scopes, shape_of
from emulator.entra.rows import load
from emulator.kernel.call import Call
from emulator.kernel.clock import iso, parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.store import Column, Kind

ROLE_REQUESTS = Kind("role_schedule_requests", (Column("_kind"), Column("principalId"), Column("roleDefinitionId")))
NAMES = {"Assignment": "roleAssignmentScheduleRequests", "Eligibility": "roleEligibilityScheduleRequests"}
_OURS = ("id", "status", "createdDateTime", "completedDateTime", "approvalId", "createdBy")
_SELF = ("selfActivate", "selfDeactivate", "selfExtend", "selfRenew")
_ENDS = {"noexpiration": "noExpiration", "afterdatetime": "afterDateTime", "afterduration": "afterDuration",
         "notspecified": "notSpecified"}  # fmt: skip


# -- requests -----------------------------------------------------------------------------------------------------


def _request_shape(kind: str) -> Shape:
    return shape_of(f"unifiedRole{kind}ScheduleRequest", NAMES[kind])


@operation("GET", f"{BASE}/{NAMES['Eligibility']}", source=DOCUMENTED, scope=scopes("Eligibility"))
@operation("GET", f"{BASE}/{NAMES['Assignment']}", source=DOCUMENTED, scope=scopes("Assignment"))
def list_requests(call: Call) -> Collection:
    """What was asked for."""
    needs(call, P2, "premium_needed", "Privileged Identity Management")
    kind = kind_of(call)
    rows = [row for row in call.store.all(ROLE_REQUESTS) if row["_kind"] == kind]
    shape = _request_shape(kind)
    return queries.of_documents(call, rows, resource=shape.resource, context=shape.set, shape=shape)


@operation(
    "GET", f"{BASE}/{NAMES['Eligibility']}/filterByCurrentUser/{{on}}", source=DOCUMENTED, scope=scopes("Eligibility")
)
@operation(
    "GET", f"{BASE}/{NAMES['Assignment']}/filterByCurrentUser/{{on}}", source=DOCUMENTED, scope=scopes("Assignment")
)
def list_own_requests(call: Call) -> Collection:
    """What the caller asked for, or what was asked for them."""
    needs(call, P2, "premium_needed", "Privileged Identity Management")
    kind = kind_of(call)
    shape = _request_shape(kind)
    who = "createdBy" if call.path["on"].lower().endswith("=createdby") else "principal"
    rows = [row for row in call.store.all(ROLE_REQUESTS) if row["_kind"] == kind and _of(row, who) == call.caller.id]
    context = f"Collection({shape.resource})"
    return queries.of_documents(call, rows, resource=shape.resource, context=context, shape=shape)


def _of(row: Doc, who: str) -> str:
    """Whose a request is: its principal's, or that of who made it."""
    by = row["createdBy"]["user"] or row["createdBy"]["application"]
    return str(by["id"] if who == "createdBy" else row["principalId"])


@operation("GET", f"{BASE}/{NAMES['Eligibility']}/{{id}}", source=DOCUMENTED, scope=scopes("Eligibility"))
@operation("GET", f"{BASE}/{NAMES['Assignment']}/{{id}}", source=DOCUMENTED, scope=scopes("Assignment"))
def get_request(call: Call) -> Entity:
    """One request."""
    return queries.entity(call, _request_shape(kind_of(call)), _request(call))


def _request(call: Call) -> Doc:
    row = load(call, ROLE_REQUESTS, what="role request")
    if row["_kind"] != kind_of(call):
        raise not_found(call.path["id"], what="role request of this kind")
    return row


_CANCEL: dict[str, Any] = {"source": DOCUMENTED, "body": "optional_json", "status": 204}


@operation("POST", f"{BASE}/{NAMES['Eligibility']}/{{id}}/cancel", scope=scopes("Eligibility", write=True), **_CANCEL)
@operation("POST", f"{BASE}/{NAMES['Assignment']}/{{id}}/cancel", scope=scopes("Assignment", write=True), **_CANCEL)
def cancel_request(call: Call) -> None:
    """Take back a request that has not begun to hold."""
    row = _request(call)
    if row["status"] != "Granted" or parse_iso(row["scheduleInfo"]["startDateTime"]) <= call.now:
        compared = (Compared("status", row["status"], "the request"),)
        raise Problem("request_decided", why=Why("Only what has not begun is cancelled.", compared))
    _remove(call, row["_kind"], row)
    call.store.put(ROLE_REQUESTS, {**row, "status": "Canceled"})


_CREATE: dict[str, Any] = {
    "source": DOCUMENTED, "status": 201, "emits": ("Add member to role", "Remove member from role",
                                                   "Add role from template"),
}  # fmt: skip


@operation("POST", f"{BASE}/{NAMES['Eligibility']}", scope=scopes("Eligibility", write=True), **_CREATE)
@operation("POST", f"{BASE}/{NAMES['Assignment']}", scope=scopes("Assignment", write=True), **_CREATE)
def create_request(call: Call) -> Entity:
    """Give, activate, change or take away a role, or the right to activate it."""
    needs(call, P2, "premium_needed", "Privileged Identity Management")
    kind = kind_of(call)
    body = _checked(call, kind)
    action = body["action"]
    if call.caller.kind == "user" and action not in _SELF:
        needs_role(call, *ADMINS["roles"])
    row = _new(call, kind, body)
    if action in ("adminRemove", "selfDeactivate"):
        _remove(call, kind, row)
        row["status"] = "Revoked"
    else:
        _put(call, kind, row, again=action not in ("adminAssign", "selfActivate"))
    if not row["isValidationOnly"]:
        call.store.add(ROLE_REQUESTS, {**row, "_kind": kind})
    shape = _request_shape(kind)
    return queries.entity(call, shape, row, location=f"/{shape.set}/{row['id']}")


def _checked(call: Call, kind: str) -> Doc:
    """The body, with enumerations in their own spelling, and what it names present."""
    given, resource = dict(call.body), f"unifiedRole{kind}ScheduleRequest"
    info = given.get("scheduleInfo")
    if isinstance(info, dict) and isinstance(info.get("expiration"), dict):
        ends = info["expiration"].get("type")
        known = _ENDS.get(ends.lower(), ends) if isinstance(ends, str) else ends
        given["scheduleInfo"] = {**info, "expiration": {**info["expiration"], "type": known}}
    body = bodies.checked(given, resource, shown_only=_OURS)
    label = resource[:1].upper() + resource[1:]
    wanted = ("action", "principalId", "roleDefinitionId", "directoryScopeId")
    for name in wanted:
        if not body.get(name):
            raise required(name, label)
    if body.get("appScopeId"):
        raise Problem("bad_request", "App scopes are not supported.", why=not_emulated("appScopeId"))
    body["directoryScopeId"] = role_management.scope_of(call, body["directoryScopeId"])
    principal = directory_object(call, body["principalId"].lower())
    role = definition(call.store, body["roleDefinitionId"])
    if principal is None or role is None:
        raise not_found(body["principalId"] if principal is None else body["roleDefinitionId"])
    if body["action"] in _SELF and call.caller.id != principal["id"]:
        compared = (
            Compared("principalId", principal["id"], "request body"), Compared("caller", call.caller.id, "token")
        )  # fmt: skip
        raise Problem("denied", why=Why("People act for themselves only.", compared))
    return {**body, "principalId": principal["id"], "roleDefinitionId": role["id"]}


def _new(call: Call, kind: str, body: Doc) -> Doc:
    """The request as it is kept: when it begins and how it ends."""
    id = call.ids.guid("roleRequest")
    info = body.get("scheduleInfo") or {}
    begins = max(parse_iso(info["startDateTime"]) if info.get("startDateTime") else call.now, call.now)
    end = {"type": "noExpiration", "endDateTime": None, "duration": None, **(info.get("expiration") or {})}
    if begins > call.now:
        status = "Granted"
    else:
        status = "Provisioned"
    role_policies.check(call, kind, body, end, _until(begins, end))
    by = {"displayName": None, "id": call.caller.id}
    user = call.caller.kind == "user"
    return {
        "id": id, "status": status, "createdDateTime": iso(call.now), "completedDateTime": iso(begins),
        "approvalId": None, "customData": body.get("customData"), "action": body["action"],
        "principalId": body["principalId"], "roleDefinitionId": body["roleDefinitionId"],
        "directoryScopeId": body["directoryScopeId"], "appScopeId": None,
        "isValidationOnly": bool(body.get("isValidationOnly")), "targetScheduleId": id,
        "justification": body.get("justification"),
        "createdBy": {"application": None if user else by, "device": None, "user": by if user else None},
        "scheduleInfo": {"startDateTime": iso(begins), "recurrence": None, "expiration": end},
        "ticketInfo": {"ticketNumber": None, "ticketSystem": None, **(body.get("ticketInfo") or {})},
    }  # fmt: skip


def _until(begins: int, end: Doc) -> int | None:
    """World time at which a schedule ends."""
    resource = "RequestSchedule"
    if end["type"] == "afterDateTime":
        if not end.get("endDateTime"):
            raise invalid("expiration", resource, end, rule="afterDateTime needs an endDateTime.")
        return parse_iso(end["endDateTime"])
    if end["type"] != "afterDuration":
        return None
    try:
        return begins + parse_duration(end.get("duration") or "")
    except ValueError as error:
        raise invalid("expiration", resource, end, rule="afterDuration needs a duration (PT5H).") from error


def _bounds(row: Doc, now: int) -> Doc:
    begins = parse_iso(row["scheduleInfo"]["startDateTime"])
    until = _until(begins, row["scheduleInfo"]["expiration"])
    return {**({"_from": begins} if begins > now else {}), **({"_until": until} if until is not None else {})}


def _held(call: Call, kind: str, row: Doc) -> Doc | None:
    """The live eligibility or assignment of a request's principal, role and scope."""
    id = role_management.assignment(row["principalId"], row["roleDefinitionId"], row["directoryScopeId"])["id"]
    if kind == "Assignment":
        return next((item for item in role_management.assignments(call.store) if item["id"] == id), None)
    found: Doc | None = call.store.get(ELIGIBILITIES, id)
    return found if found is not None and found.get("_until", call.now + 1) > call.now else None


def _put(call: Call, kind: str, row: Doc, *, again: bool) -> None:
    """Give what a request asks for. again: it changes what is held."""
    held = _held(call, kind, row)
    if row["action"] == "selfActivate" and _held(call, "Eligibility", row) is None:
        raise _absent(row, "The role is activated by those who are eligible for it.")
    if again and held is None:
        raise _absent(row, "Only what is held is changed.")
    if held is not None and not again:
        compared = (Compared("principalId", row["principalId"], "request body"),
                    Compared("roleDefinitionId", row["roleDefinitionId"], "request body"))  # fmt: skip
        raise Problem("schedule_exists", why=Why("The principal has this role already.", compared))
    if row["isValidationOnly"]:
        return
    if again:
        _drop(call, kind, row)
    made = role_management.assignment(row["principalId"], row["roleDefinitionId"], row["directoryScopeId"])
    bounds = _bounds(row, call.now)
    if kind == "Eligibility":
        call.store.drop(ELIGIBILITIES, made["id"])
        call.store.add(ELIGIBILITIES, {**made, **bounds, "_request": row["id"]})
        return
    role_management.give(call, made, bounds)


def _remove(call: Call, kind: str, row: Doc) -> None:
    if _held(call, kind, row) is None and row.get("status") != "Granted":
        raise _absent(row, "Only what is held is taken away.")
    if not row["isValidationOnly"]:
        _drop(call, kind, row)


def _drop(call: Call, kind: str, row: Doc) -> None:
    made = role_management.assignment(row["principalId"], row["roleDefinitionId"], row["directoryScopeId"])
    if kind == "Eligibility":
        call.store.drop(ELIGIBILITIES, made["id"])
    else:
        role_management.take(call, made)


def _absent(row: Doc, rule: str) -> Problem:
    compared = (
        Compared("principalId", row["principalId"], "request body"),
        Compared("roleDefinitionId", row["roleDefinitionId"], "request body"),
    )
    return Problem("schedule_absent", why=Why(rule, compared))
