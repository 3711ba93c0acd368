"""Work on many people, in slices: the first in the call that asks for it, the rest one by one, each in its own short
transaction, whenever a connector asks for jobs. So nobody waits for ten thousand people.

A kind of such work is a function from (call, app, subject, after) to the next `after`, None when all is done. Source:
assigning a group answers at once and its members follow, as the vendor's console shows; the size of a slice is ours.
"""

from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.query import Compare
from emulator.okta import job_queue
from emulator.okta.app_kinds import APPS, JOBS
from emulator.store import Kind
from emulator.store.where import compile_for

SLICE = 50
"""People of one transaction: some 30 milliseconds of work."""
Slice = Callable[[Call, Doc, Doc, int], int | None]
KINDS: dict[str, Slice] = {}


def slice_of(kind: str) -> Callable[[Slice], Slice]:
    """Mark the function that does a slice of one kind of work."""

    def mark(function: Slice) -> Slice:
        KINDS[kind] = function
        return function

    return mark


def page(store: Any, kind: Kind, path: str, value: str, after: int) -> tuple[list[Doc], int | None]:
    """The documents of one slice that have a value, and where the next slice begins."""
    where = compile_for(Compare((path,), "eq", value), kind, store.multi_table)
    found = store.page(kind, where, after=after, limit=SLICE)
    return found.docs, found.last if found.more else None


def spread(call: Call, kind: str, *, key: str, app: Doc, subject: Doc, operation_id: str | None = None) -> bool:
    """Do the first slice, and leave the rest to the queue; whether all is done. In place of older work of that key."""
    subject = {"appId": app["id"], **subject}
    job_queue.cancel(call, key)
    left = KINDS[kind](call, app, subject, 0)
    if left is None:
        return True
    job_queue.enqueue(call, kind, key=key, subject=subject, desired={"after": left}, app=app, operation_id=operation_id)
    return False


def work(call: Call) -> Doc | None:
    """Do a slice of what waits, in a transaction of its own: `{id, kind, subject, left}`; None when nothing does."""
    waiting = [job for kind in KINDS for job in call.store.find_all(JOBS, "kind", kind)]
    if not waiting:
        return None
    with call.commit():
        job = call.store.get(JOBS, waiting[0]["id"])
        app = call.store.get(APPS, job["appId"]) if job is not None else None
        if job is None or app is None:
            if job is not None:
                call.store.drop(JOBS, job["id"])
            return None
        left = KINDS[job["kind"]](call, app, job["subject"], job["desired"]["after"])
        if left is None:
            call.store.drop(JOBS, job["id"])
        else:
            call.store.put(JOBS, job | {"desired": {"after": left}})
    return {"id": job["id"], "kind": job["kind"], "subject": app["label"], "left": left is not None}
