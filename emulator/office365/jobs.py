"""The org's job port, as the connector sees it: lease a job, checkpoint its steps, acknowledge it.

A checkpoint is written before the change that it announces (the first one of a name wins), so that a later attempt
knows what an earlier one set out to do, whether or not that one lived to see it done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.office365.errors import Failure, Stage
from emulator.office365.graph_client import Graph
from emulator.office365.grouping import Together
from emulator.office365.servertime import ServerTime
from emulator.wire.client import Http, doc_of


class LeaseLost(Exception):
    """The lease has expired, or the world was restored since: somebody else has the job, or nobody."""


@dataclass(slots=True)
class Job:
    """A leased job. `steps` holds the checkpoints of this and earlier attempts."""

    id: str
    kind: str
    attempt: int
    lease: str
    lease_expires: str
    subject: Doc
    desired: Doc
    settings: Doc
    secret: Doc
    steps: Doc

    @property
    def label(self) -> str:
        """The app's label."""
        return str(self.settings.get("label") or "Microsoft Office 365")


@dataclass(slots=True)
class Report:
    """What the connector tells the org about a job: outcome done, failed or retry."""

    outcome: str
    events: list[Doc] = field(default_factory=list)
    app_user: Doc | None = None
    result: Doc | None = None
    message: str | None = None
    error_code: str | None = None
    retry_at: str | None = None
    throttled: bool = False

    def to_doc(self) -> Doc:
        doc: Doc = {"outcome": self.outcome, "events": self.events}
        for key, value in (
            ("app_user", self.app_user), ("result", self.result), ("message", self.message),
            ("errorCode", self.error_code), ("retry_at", self.retry_at),
        ):  # fmt: skip
            if value is not None:
                doc[key] = value
        return doc | ({"throttled": True} if self.throttled else {})


def event(kind: str, outcome: str = "SUCCESS", *, reason: str | None = None, debug: Doc | None = None) -> Doc:
    """A System Log event for the org to write."""
    doc: Doc = {"type": kind, "outcome": outcome}
    if reason is not None:
        doc["reason"] = reason
    if debug:
        doc["debug"] = debug
    return doc


class JobPort:
    """`/_lab/agent/jobs` of one org. together: steps and reports of several threads travel in groups.

    next_due: when the org's next job becomes due, by its last answer. held: how many jobs anybody was at. worked: what
    the org did for itself at the last lease.
    """

    def __init__(self, http: Http, time: ServerTime, *, together: bool = False) -> None:
        self._http = http
        self._time = time
        self._together: Together[Doc, Doc] | None = Together(self._send) if together else None
        self.refused = ""
        self.worked: Doc | None = None
        self.next_due: str | None = None
        self.held = 0

    def lease(self, kinds: Sequence[str], *, most: int = 1) -> list[Job]:
        """Due jobs. Raises `LabError` when the org refuses, `Unreachable` when it does not answer."""
        self.worked = None
        answer = self._post("/lease", {"kinds": list(kinds), "max": most})
        if answer.status != 200:
            raise LabError(
                f"The org refused to lease a job: {answer.status} {answer.text()[:200]}",
                hint="Is the agent token that of this org (lab.json okta.agent_token)?",
            )
        body = doc_of(answer)
        self.next_due, self.held, self.worked = body.get("next_due"), int(body.get("held") or 0), body.get("worked")
        items = body.get("jobs") or []
        if items and not self._time.now_ms:
            self._time.now_ms = parse_iso(items[0]["lease"]["expiresAt"])
        return [_job(item) for item in items]

    def hear_time(self) -> None:
        """Ask for nothing, to learn what time it is."""
        self._post("/lease", {"kinds": ["none"], "max": 1})

    def step(self, job: Job, name: str, result: Doc, *, later: bool = False) -> Doc:
        """Checkpoint a step and answer what is recorded under its name: the first result wins. Raises `LeaseLost`.

        later: what was done already, and is only to be known; it may go with the next request.
        """
        if name not in job.steps:
            body = {"lease": job.lease, "name": name, "result": result}
            if self._together is not None and later:
                self._together.tell({"id": job.id, **body}, self._heard)
                found = {}
            elif self._together is not None:
                found = self._together.ask({"id": job.id, **body})
            else:
                answer = self._post(f"/{job.id}/step", body)
                self._check(answer)
                found = doc_of(answer)
            job.steps = self._kept(found).get("steps") or {**job.steps, name: result}
        recorded = job.steps[name]
        return recorded if isinstance(recorded, dict) else {}

    def ack(self, job: Job, report: Report) -> None:
        """Hand the job back. Raises `LeaseLost`."""
        body = {"lease": job.lease, **report.to_doc()}
        if self._together is not None:
            self._together.tell({"id": job.id, **body}, self._heard)
        else:
            self._check(self._post(f"/{job.id}/ack", body))

    def flush(self) -> None:
        """Send what waits to go with others. Raises LabError where the org has refused a report."""
        if self._together is not None:
            self._together.flush()
        if self.refused:
            raise LabError(f"The org refused the connector's report: {self.refused}")

    def _heard(self, found: Doc) -> None:
        """The answer to something that nobody waited for: a lost lease means that somebody else does the job."""
        if found.get("status") not in (None, 404, 409):
            self.refused = str(found.get("error"))

    def page(self, job: Job, rows: Doc) -> None:
        """Hand in a page of an import. Raises `LeaseLost`."""
        path = f"/_lab/agent/apps/{job.subject['appId']}/import"
        body = {"jobId": job.id, "lease": job.lease, **rows}
        self._check(self._time.hear(self._http.request("POST", path, json=body)))

    def _send(self, items: list[Doc]) -> list[Doc]:
        answer = self._post("/reports", {"items": items})
        self._check(answer)
        found: list[Doc] = doc_of(answer).get("results") or []
        return found

    @staticmethod
    def _kept(found: Doc) -> Doc:
        """The answer to one item of a group. Raises `LeaseLost`, or LabError for a report that is refused."""
        if found.get("status") in (404, 409):
            raise LeaseLost(str(found.get("error")))
        if "error" in found:
            raise LabError(f"The org refused the connector's report: {found['error']}")
        return found

    def _post(self, path: str, body: Doc) -> Answer:
        return self._time.hear(self._http.request("POST", "/_lab/agent/jobs" + path, json=body))

    @staticmethod
    def _check(answer: Answer) -> None:
        if answer.status in (404, 409):
            raise LeaseLost(answer.text()[:300])
        if answer.status >= 400:
            raise LabError(f"The org refused the connector's report: {answer.status} {answer.text()[:300]}")


def _job(item: Doc) -> Job:
    return Job(
        id=item["id"], kind=item["kind"], attempt=int(item.get("attempt") or 1), lease=item["lease"]["token"],
        lease_expires=item["lease"]["expiresAt"], subject=item.get("subject") or {}, desired=item.get("desired") or {},
        settings=item.get("settings") or {}, secret=item.get("secret") or {}, steps=item.get("steps") or {},
    )  # fmt: skip


@dataclass(slots=True)
class Work:
    """A job in hand: the job, Microsoft Graph as its service client, how far it is, and what it found so far."""

    job: Job
    graph: Graph
    port: JobPort
    stage: Stage
    events: list[Doc] = field(default_factory=list)
    app_user: Doc | None = None

    def checkpoint(self, name: str, result: Doc, *, later: bool = False) -> Doc:
        """Record a step; answers what was recorded first under that name. later: it may go with the next request."""
        return self.port.step(self.job, name, result, later=later)

    def log(self, kind: str, outcome: str = "SUCCESS", *, reason: str | None = None) -> None:
        """An event of the org's log, with the request id under which the tenant's log has the same."""
        debug = {"clientRequestId": self.graph.last_request_id} if self.graph.last_request_id else None
        self.events.append(event(kind, outcome, reason=reason, debug=debug))


@dataclass(frozen=True, slots=True)
class Procedure:
    """How one kind of job is done, and how its failure is told."""

    run: Callable[[Work], Report]
    failed: Callable[[Work, Failure], Report]
