"""Realm assignments: /api/v1/realm-assignments, conditions that put users into realms. Source: the published
RealmAssignment schema, appendix E. They decide at a user's creation, and on everybody when one is executed.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.lifecycle import Lifecycle
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import lists
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import SYSTEM, emit, target
from emulator.okta.expressions import ExpressionError, compile_expression
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import invalid, not_found
from emulator.okta.realm_store import REALM_ASSIGNMENTS, by_id, default_realm_id, fits, require_realms
from emulator.okta.user_docs import USERS
from emulator.store import Column, Kind

REALM_OPERATIONS = Kind("realm_operations", (Column("assignmentId"),))
SEED_RANK = 19
_AT = "/api/v1/realm-assignments"
_BATCH = 500
_LOWEST = 499
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.realmAssignments.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.realmAssignments.manage",)}
LIFECYCLE = Lifecycle({
    ("INACTIVE", "activate"): "ACTIVE", ("ACTIVE", "activate"): "ACTIVE",
    ("ACTIVE", "deactivate"): "INACTIVE", ("INACTIVE", "deactivate"): "INACTIVE",
    ("INACTIVE", "delete"): "DELETED",
})  # fmt: skip


def render(call: Call, doc: Doc) -> Doc:
    """The assignment as the API shows it."""
    return {**public(doc), "_links": {"self": {"rel": "self", "href": f"{call.base}{_AT}/{doc['id']}",
                                               "method": "GET"}}}  # fmt: skip


def _load(call: Call) -> Doc:
    require_realms(call)
    found: Doc | None = call.store.get(REALM_ASSIGNMENTS, call.path["assignmentId"])
    if found is None:
        raise not_found(call.path["assignmentId"], "RealmAssignment")
    return found


def _target(doc: Doc) -> Doc:
    return target("RealmAssignment", doc["id"], name=doc["name"])


@operation("GET", _AT, paging=Paging(200, 200), query=("limit", "after"), **_READ)
def list_realm_assignments(call: Call) -> Listing:
    """Assignments in order of creation."""
    require_realms(call)
    return lists.listing(call, REALM_ASSIGNMENTS, render)


@operation("POST", _AT, status=201, emits=("directory.realm.assignment.create",), **_MANAGE)
def create_realm_assignment(call: Call) -> Doc:
    """Add an assignment; it is inactive."""
    require_realms(call)
    at = stamp(call.now)
    made = _checked(call, body_object(call))
    doc: Doc = {
        "id": call.ids.okta("rul"), **made, "status": "INACTIVE", "isDefault": False, "created": at, "lastUpdated": at,
    }  # fmt: skip
    call.store.add(REALM_ASSIGNMENTS, doc)
    emit(call, "directory.realm.assignment.create", [_target(doc)])
    return render(call, doc)


@operation("GET", _AT + "/{assignmentId}", **_READ)
def get_realm_assignment(call: Call) -> Doc:
    """One assignment."""
    return render(call, _load(call))


@operation("PUT", _AT + "/{assignmentId}", emits=("directory.realm.assignment.update",), **_MANAGE)
def replace_realm_assignment(call: Call) -> Doc:
    """Replace an assignment's name, priority, conditions and actions."""
    doc = _load(call)
    _refuse_default(doc)
    doc = {**doc, **_checked(call, body_object(call)), "lastUpdated": stamp(call.now)}
    call.store.put(REALM_ASSIGNMENTS, doc)
    emit(call, "directory.realm.assignment.update", [_target(doc)])
    return render(call, doc)


@operation("DELETE", _AT + "/{assignmentId}", emits=("directory.realm.assignment.delete",), **_MANAGE)
def delete_realm_assignment(call: Call) -> None:
    """Delete an inactive assignment."""
    doc = _load(call)
    _refuse_default(doc)
    _move(call, doc, "delete")
    call.store.drop(REALM_ASSIGNMENTS, doc["id"])
    emit(call, "directory.realm.assignment.delete", [_target(doc)])


@operation(
    "POST", _AT + "/{assignmentId}/lifecycle/activate", body="none", emits=("directory.realm.assignment.update",),
    **_MANAGE,
)  # fmt: skip
def activate_realm_assignment(call: Call) -> None:
    """Let an assignment decide on users who are created from now on."""
    _set_status(call, "activate")


@operation(
    "POST", _AT + "/{assignmentId}/lifecycle/deactivate", body="none", emits=("directory.realm.assignment.update",),
    **_MANAGE,
)  # fmt: skip
def deactivate_realm_assignment(call: Call) -> None:
    """Stop an assignment."""
    _set_status(call, "deactivate")


def _set_status(call: Call, action: str) -> None:
    doc = _load(call)
    _refuse_default(doc)
    status = _move(call, doc, action)
    if status != doc["status"]:
        call.store.put(REALM_ASSIGNMENTS, {**doc, "status": status, "lastUpdated": stamp(call.now)})
        emit(call, "directory.realm.assignment.update", [_target(doc)])


def _move(call: Call, doc: Doc, action: str) -> str:
    after = LIFECYCLE.after(doc["status"], action)
    if after is None:
        compared = (Compared("status", doc["status"], f"realm assignment {doc['name']}"),)
        text = f"Cannot {action} a realm assignment with status {doc['status']}"
        raise invalid("status", text, why=Why("An active assignment is not deleted.", compared))
    return after


@operation("GET", _AT + "/operations", paging=Paging(200, 200), query=("limit", "after"), **_READ)
def list_realm_assignment_operations(call: Call) -> Listing:
    """What has been executed."""
    require_realms(call)
    return lists.listing(call, REALM_OPERATIONS, _render_operation)


@operation(
    "POST", _AT + "/operations", status=201,
    emits=("directory.realm.assignment.execution_started", "directory.realm.assignment.execution_completed"), **_MANAGE,
)  # fmt: skip
def execute_realm_assignment(call: Call) -> Doc:
    """Hold an active assignment against every user: whom it fits moves to its realm."""
    require_realms(call)
    id = needed_text(body_object(call), "assignmentId")
    doc = call.store.get(REALM_ASSIGNMENTS, id)
    if doc is None:
        raise not_found(id, "RealmAssignment")
    if doc["status"] != "ACTIVE":
        compared = (Compared("status", doc["status"], f"realm assignment {doc['name']}"),)
        cause = "assignmentId: The realm assignment is not active"
        raise invalid("assignmentId", cause, why=Why("Only an active assignment is executed.", compared))
    emit(call, "directory.realm.assignment.execution_started", [_target(doc)])
    moved = _execute(call, doc)
    row: Doc = {
        "id": call.ids.okta("rre"), "type": "realm:assignment", "status": "COMPLETED", "created": stamp(call.now),
        "started": stamp(call.now), "completed": stamp(call.now), "realmId": _realm_id(doc), "realmName":
        by_id(call, _realm_id(doc))["profile"]["name"], "assignmentOperation": {"configuration": {
            "id": doc["id"], "name": doc["name"], "conditions": doc["conditions"], "actions": doc["actions"]}},
        "numUserMoved": moved, "assignmentId": doc["id"],
    }  # fmt: skip
    call.store.add(REALM_OPERATIONS, row)
    emit(call, "directory.realm.assignment.execution_completed", [_target(doc)], actor=SYSTEM)
    return _render_operation(call, row)


def _render_operation(call: Call, row: Doc) -> Doc:
    shown = {name: value for name, value in public(row).items() if name != "assignmentId"}
    return {**shown, "_links": {"self": {"rel": "self", "href": f"{call.base}{_AT}/operations", "method": "GET"}}}


def _realm_id(doc: Doc) -> str:
    return str(doc["actions"]["assignUserToRealm"]["realmId"])


def _execute(call: Call, doc: Doc) -> int:
    after, more, moved = 0, True, 0
    while more:
        page = call.store.page(USERS, after=after, limit=_BATCH)
        for user in page.docs:
            if user.get("realmId") != _realm_id(doc) and "realmId" in user and fits(doc, user["profile"], call.now):
                call.store.put(USERS, {**user, "realmId": _realm_id(doc), "lastUpdated": stamp(call.now)})
                moved += 1
        after, more = page.last, page.more
    return moved


def _checked(call: Call, body: Doc) -> Doc:
    priority = body.get("priority", 1)
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= _LOWEST:
        raise bad("priority", "priority: The field is not valid", "priority", priority, "A number from 0 to 499.")
    conditions, actions = part(body, "conditions") or {}, part(body, "actions") or {}
    realm_id = text_of(part(actions, "assignUserToRealm") or {}, "realmId")
    if not realm_id:
        cause = "realmId: The field cannot be left blank"
        raise bad("realmId", cause, "actions.assignUserToRealm.realmId", realm_id, "An assignment names its realm.")
    by_id(call, realm_id)
    text = text_of(part(conditions, "expression") or {}, "value", "expression.value")
    _check_expression(text)
    source = text_of(conditions, "profileSourceId")
    return {
        "name": needed_text(body, "name"), "priority": priority,
        "conditions": {
            **({"profileSourceId": source} if source else {}), **({"expression": {"value": text}} if text else {}),
        },
        "actions": {"assignUserToRealm": {"realmId": realm_id}},
    }  # fmt: skip


def _check_expression(text: str | None) -> None:
    if not text:
        return
    try:
        compile_expression(text)
    except ExpressionError as error:
        compared = (Compared("expression", text, "request body"), Compared("error", error.message, "compiler"))
        why = Why("The condition is an expression.", compared)
        raise invalid("conditions.expression", error.message, why=why) from error


def _refuse_default(doc: Doc) -> None:
    if doc["isDefault"]:
        why = Why("The default assignment is the system's.", (Compared("isDefault", True, "realm assignment"),))
        raise Problem("E0000111", "realm assignment", why=why)


def seed(seeding: Seeding) -> None:
    """The default assignment: everybody whom no other fits is in the default realm."""
    realm_id = default_realm_id(seeding.store)
    if realm_id is None:
        return
    at = stamp(seeding.now)
    seeding.store.add(REALM_ASSIGNMENTS, {
        "id": seeding.ids.okta("rul"), "name": "Catch-all rule", "priority": _LOWEST, "conditions": {},
        "actions": {"assignUserToRealm": {"realmId": realm_id}}, "status": "ACTIVE", "isDefault": True,
        "created": at, "lastUpdated": at,
    })  # fmt: skip
