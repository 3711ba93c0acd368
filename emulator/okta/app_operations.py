"""Long work of an app as an operation that can be looked at: PENDING, then SUCCESS or FAILED.

Source: DESIGN.md "Nobody waits inside a transaction"; okta-admin-api.md 19.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.okta import job_queue
from emulator.okta.app_kinds import OPERATIONS

PENDING, SUCCESS, FAILED = "PENDING", "SUCCESS", "FAILED"


def begin(call: Call, app: Doc, kind: str, *, waits_for: int = 1) -> Doc:
    """A new operation; `waits_for`: how many jobs have to report before it is settled."""
    operation = {
        "id": call.ids.okta("opn"), "type": kind, "status": PENDING, "created": iso(call.now),
        "lastUpdated": iso(call.now), "appId": app["id"], "result": None, "_waits": waits_for, "_parts": [],
    }  # fmt: skip
    call.store.add(OPERATIONS, operation)
    return operation


def ask(call: Call, app: Doc, kind: str) -> Doc:
    """An operation that is one job of the connector's."""
    operation = begin(call, app, kind)
    subject = {"appId": app["id"], "operationId": operation["id"]}
    job_queue.enqueue(
        call, kind, key=f"{kind}:{operation['id']}", subject=subject, desired={}, app=app, operation_id=operation["id"]
    )
    return operation


def settle(call: Call, operation: Doc, result: Any, *, failed: bool) -> None:
    """An operation is over."""
    operation["status"], operation["result"] = FAILED if failed else SUCCESS, result
    operation["lastUpdated"] = iso(call.now)
    call.store.put(OPERATIONS, operation)


def part_done(call: Call, operation: Doc, part: Doc, *, failed: bool) -> None:
    """One of several jobs has reported; the last one settles the operation with all parts."""
    operation["_parts"].append(part)
    operation["_failed"] = operation.get("_failed", False) or failed
    operation["_waits"] -= 1
    call.store.put(OPERATIONS, operation)
    if operation["_waits"] <= 0:
        settle(call, operation, {"domains": operation["_parts"]}, failed=operation["_failed"])


def render(call: Call, operation: Doc) -> Doc:
    href = f"{call.base}/api/internal/v1/operations/{operation['id']}"
    return {**public(operation), "_links": {"self": {"href": href}}}
