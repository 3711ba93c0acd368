"""The job port: what the org offers its connectors. /_lab/agent/jobs. Source: DESIGN.md "The job port".

Agents hold the org's agent token. A lease that has expired, or was given out before a restore, is refused with 409.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import job_queue, job_results, slices
from emulator.okta.app_kinds import AWAITED_MANAGERS, JOBS
from emulator.okta.bad_values import bad
from emulator.okta.events import EVENTS
from emulator.okta.job_queue import enqueue
from emulator.okta.params import body_object, text_of
from emulator.okta.problems import invalid, not_found

__all__ = ["AWAITED_MANAGERS", "JOBS", "enqueue"]
_OURS = inferred("in the cloud the connector lives inside the org; the port between them is ours")
_MOST = 100
_CONFLICT = "E0000195"

_WORKED = tuple(kind for kind in EVENTS if kind.startswith((
    "application.user_membership.", "app.app_instance.provision_sync_job.", "system.import.", "application.provision.",
    "group.user_membership.", "application.appuser.",
)))  # fmt: skip
"""What the org's own work, slice by slice, logs."""
_REPORTED = (*_WORKED, *(kind for kind in EVENTS if kind.startswith((
    "app.office365.", "app.api.error.", "user.authentication.universal_logout",
))))  # fmt: skip
"""What the outcomes of a connector's work log."""


@operation(
    "POST", "/_lab/agent/jobs/lease", source=_OURS, auth="agent", body="optional_json", commit="manual",
    emits=_WORKED,
)  # fmt: skip
def lease_jobs(call: Call) -> Doc:
    """Take due jobs: `{kinds?, max?, appId?}` -> `{jobs, next_due, held, worked?}`.

    jobs: each with lease, payload and secret. held: how many jobs anybody is at, these included. worked: a slice of
    the org's own work that was done first (`{id, kind, subject, left}`), where there was any.
    """
    body, app_id = body_object(call), text_of(body_object(call), "appId")
    kinds = body.get("kinds") or list(job_queue.KINDS)
    most = body.get("max", 1)
    if not isinstance(kinds, list) or len(kinds) > _MOST or not all(isinstance(kind, str) for kind in kinds):
        raise bad("kinds", "kinds: must be a list of job kinds", "kinds", kinds, "kinds is a list of a few texts.")
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MOST:
        why = Why(f"max is 1 to {_MOST}.", (Compared("max", most, "request body"),))
        raise invalid("max", f"max: '{most}' is not valid", why=why)
    worked = slices.work(call)
    found = _leased(call, kinds, most, app_id)
    due = None if found else job_queue.next_due(call, [*kinds, *slices.KINDS], app_id=app_id)
    told = {"worked": worked} if worked is not None else {}
    return {"jobs": found, "next_due": due, "held": job_queue.held(call), **told}


def _leased(call: Call, kinds: list[str], most: int, app_id: str | None) -> list[Doc]:
    """Looking writes nothing (a commit would wake the pump that asks); leasing does."""
    if not job_queue.due(call, kinds, 1, app_id=app_id):
        return []
    found: list[Doc] = []
    with call.commit():
        while len(found) < most:
            ready = job_queue.due(call, kinds, most - len(found), app_id=app_id)
            if not ready:
                break
            found += [leased for job in ready if (leased := job_queue.lease(call, job)) is not None]
    return found


@operation("POST", "/_lab/agent/jobs/{jobId}/step", source=_OURS, auth="agent")
def record_step(call: Call) -> Doc:
    """Checkpoint: `{lease, name, result}` -> `{steps}`; the first result of a name stays."""
    body = body_object(call)
    return _step(call, _held(call, body), body)


def _step(call: Call, job: Doc, body: Doc) -> Doc:
    name, result = text_of(body, "name"), body.get("result")
    if not name or not isinstance(result, dict):
        why = Why("A step has a name and an object as its result.", (Compared("name", name, "request body"),))
        raise invalid("step", "name and result: The field cannot be left blank", why=why)
    if name not in job["steps"]:
        job["steps"][name] = result
        call.store.put(JOBS, job)
    return {"steps": job["steps"]}


@operation(
    "POST", "/_lab/agent/jobs/{jobId}/ack", source=_OURS, auth="agent",
    emits=_REPORTED,
)  # fmt: skip
def acknowledge(call: Call) -> Doc:
    """Report: `{lease, outcome: done|failed|retry, events, app_user, result, message, errorCode, retry_at, throttled}`.

    Answers `{}`. throttled: the other side asked to wait, which is no failed attempt.
    """
    body = body_object(call)
    return _ack(call, _held(call, body), body)


@operation("POST", "/_lab/agent/jobs/reports", source=_OURS, auth="agent", emits=_REPORTED)
def take_reports(call: Call) -> Doc:
    """Checkpoints and final reports of several jobs, in order: `{items: [{id, lease, ...}]}` -> `{results: [...]}`.

    An item with a `name` is a checkpoint and answered with its `{steps}`, any other a report, answered with `{}`.
    One that is refused, with `{status, error}`, does not stop the others: it is refused before anything is written.
    """
    items = body_object(call).get("items")
    if not isinstance(items, list) or len(items) > _MOST or not all(isinstance(item, dict) for item in items):
        raise bad("items", f"items: must be a list of up to {_MOST} objects", "items", items, "items is a list.")
    return {"results": [_taken(call, item) for item in items]}


def _taken(call: Call, item: Doc) -> Doc:
    job = call.store.get(JOBS, str(item.get("id")))
    if job is None:
        return {"status": 404, "error": f"There is no job {str(item.get('id'))[:60]}."}
    try:
        return (_step if "name" in item else _ack)(call, held(call, job, item), item)
    except Problem as problem:
        status = 409 if problem.code == _CONFLICT else 400
        return {"status": status, "error": "; ".join(problem.causes) or problem.code}


def _ack(call: Call, job: Doc, body: Doc) -> Doc:
    if body.get("outcome") not in job_results.OUTCOMES:
        compared = (Compared("outcome", body.get("outcome"), "request body"),)
        raise invalid(
            "outcome", "outcome: must be done, failed or retry", why=Why("There are three outcomes.", compared)
        )
    for name, kind in (("events", list), ("app_user", dict), ("result", dict)):
        if body.get(name) is not None and not isinstance(body[name], kind):
            raise bad(name, f"{name}: has the wrong type", name, body[name], f"{name} is of type {kind.__name__}.")
    job_results.check(body)
    job_results.apply(call, job, body)
    return {}


def _held(call: Call, body: Doc) -> Doc:
    job: Doc | None = call.store.get(JOBS, call.path["jobId"])
    if job is None:
        raise not_found(call.path["jobId"], "Job")
    return held(call, job, body)


def held(call: Call, job: Doc, body: Doc) -> Doc:
    """The job, if the lease in the body is the one that holds it. Raises 409."""
    epoch, _ = call.store.database.moment()
    lease: Doc = job["lease"] or {}
    sent = text_of(body, "lease")
    if not sent or sent != lease.get("token"):
        raise _conflict("The lease is not the one that holds the job.", ("lease", sent, "request body"),
                        ("job", job["state"], "queue"))  # fmt: skip
    if lease["epoch"] != epoch:
        values = ("lease's epoch", lease["epoch"], "lease"), ("epoch", epoch, "store")
        raise _conflict("The lease was given out before the world was restored.", *values)
    if parse_iso(lease["expiresAt"]) <= call.now:
        values = ("expiresAt", lease["expiresAt"], "lease"), ("now", iso(call.now), "world clock")
        raise _conflict("The lease has expired.", *values)
    return job


def _conflict(rule: str, *compared: tuple[str, Any, str]) -> Problem:
    """409 with the catalogue's text for conflicts (our choice: the vendor's own agents speak another protocol)."""
    why = Why(rule, tuple(Compared(*item) for item in compared))
    return Problem(_CONFLICT, "lease", causes=(rule,), why=why)
