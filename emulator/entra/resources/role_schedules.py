"""Privileged Identity Management of directory roles: what is assigned, and what may be activated.

Source: Microsoft's pages on unifiedRoleAssignmentSchedule, unifiedRoleEligibilitySchedule and their instances.
Schedules come from role_requests.py, or from assignments that were made for good.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from emulator.entra import queries
from emulator.entra.entitlements import P2, needs
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import role_management
from emulator.entra.resources.references import directory_object, rendered
from emulator.entra.resources.role_definitions import definition
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.store import Column, Kind

ELIGIBILITIES = Kind("role_eligibilities", (Column("principalId"), Column("roleDefinitionId")), settled=True)
BASE = "/v1.0/roleManagement/directory"
F = TypeVar("F", bound=Callable[..., Any])


def scopes(kind: str, *, write: bool = False) -> tuple[str, ...]:
    """The permissions of one kind of schedule."""
    own, rest = f"Role{kind}Schedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"
    if write:
        return own, rest
    return f"Role{kind}Schedule.Read.Directory", own, "RoleManagement.Read.Directory", rest, "RoleManagement.Read.All"


def _expanded(name: str) -> queries.Relation:
    def fetch(call: Call, row: Doc) -> Any:
        if name == "roleDefinition":
            return definition(call.store, row["roleDefinitionId"])
        found = directory_object(call, row["principalId"])
        return rendered(call, found) if found else None

    return fetch


def shape_of(resource: str, name: str) -> Shape:
    relations = {part: _expanded(part) for part in ("principal", "roleDefinition")}
    return Shape(resource, f"roleManagement/directory/{name}", ELIGIBILITIES, relations=relations)


def kind_of(call: Call) -> str:
    return "Eligibility" if "roleEligibility" in call.operation.path else "Assignment"


# -- schedules and what of them holds now --------------------------------------------------------------------------


def _each(kind: str, name: str, tail: str = "") -> Callable[[F], F]:
    return operation("GET", f"{BASE}/role{kind}{name}{tail}", source=DOCUMENTED, scope=scopes(kind))


def _rows(call: Call) -> list[Doc]:
    """The schedules, or instances, of the path's kind."""
    needs(call, P2, "premium_needed", "Privileged Identity Management")
    kind, instances = kind_of(call), "Instances" in call.operation.path
    if kind == "Assignment":
        found = list(role_management.assignments(call.store))
    else:
        found = [row for row in call.store.all(ELIGIBILITIES) if row.get("_until", call.now + 1) > call.now]
        found = [row for row in found if not instances or row.get("_from", call.now) <= call.now]
    return [_schedule(row, kind, instances=instances) for row in found]


def _schedule(row: Doc, kind: str, *, instances: bool) -> Doc:
    base = {
        "id": row["id"], "principalId": row["principalId"], "roleDefinitionId": row["roleDefinitionId"],
        "directoryScopeId": row["directoryScopeId"], "appScopeId": None, "memberType": "Direct",
    }  # fmt: skip
    if kind == "Assignment":
        base["assignmentType"] = "Assigned"
    begins, ends = row.get("_from"), row.get("_until")
    first, last = (iso(begins) if begins else None), (iso(ends) if ends else None)
    if instances:
        own = {f"role{kind}ScheduleId": row["id"]}
        if kind == "Assignment":
            own["roleAssignmentOriginId"] = row["id"]
        return {**base, "startDateTime": first, "endDateTime": last, **own}
    end = {"type": "afterDateTime" if last else "noExpiration", "endDateTime": last, "duration": None}
    return {
        **base, "createdUsing": row.get("_request"), "createdDateTime": None, "modifiedDateTime": None,
        "status": "Provisioned", "scheduleInfo": {"startDateTime": first, "recurrence": None, "expiration": end},
    }  # fmt: skip


def _shape_here(call: Call) -> Shape:
    name = next(part for part in call.operation.path.split("/") if part.startswith("role") and "Schedule" in part)
    return shape_of(f"unified{name[:1].upper()}{name[1:-1]}", name)


@_each("Eligibility", "ScheduleInstances")
@_each("Eligibility", "Schedules")
@_each("Assignment", "ScheduleInstances")
@_each("Assignment", "Schedules")
def list_schedules(call: Call) -> Collection:
    """What is assigned or may be activated; instances are what of it holds now."""
    shape = _shape_here(call)
    return queries.of_documents(call, _rows(call), resource=shape.resource, context=shape.set, shape=shape)


@_each("Eligibility", "ScheduleInstances", "/filterByCurrentUser/{on}")
@_each("Eligibility", "Schedules", "/filterByCurrentUser/{on}")
@_each("Assignment", "ScheduleInstances", "/filterByCurrentUser/{on}")
@_each("Assignment", "Schedules", "/filterByCurrentUser/{on}")
def list_own(call: Call) -> Collection:
    """The same of the caller."""
    shape = _shape_here(call)
    rows = [row for row in _rows(call) if row["principalId"] == call.caller.id]
    context = f"Collection({shape.resource})"
    return queries.of_documents(call, rows, resource=shape.resource, context=context, shape=shape)


@_each("Eligibility", "ScheduleInstances", "/{id}")
@_each("Eligibility", "Schedules", "/{id}")
@_each("Assignment", "ScheduleInstances", "/{id}")
@_each("Assignment", "Schedules", "/{id}")
def get_schedule(call: Call) -> Entity:
    """One of them."""
    found = next((row for row in _rows(call) if row["id"] == call.path["id"]), None)
    if found is None:
        raise not_found(call.path["id"], what="schedule")
    return queries.entity(call, _shape_here(call), public(found))
