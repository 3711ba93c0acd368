"""The connector: lease a job of the org, do it at Microsoft, report back. It keeps nothing but tokens between jobs.

Source: DESIGN.md "The job port"; seed-catalogue.md 0.3 PR; back-off and its cap are inferred.
"""

from emulator.kernel.clock import HOUR, SECOND, iso
from emulator.kernel.doc import Doc
from emulator.office365 import deactivate, federate, push, tenant
from emulator.office365.errors import PROFILE, Refused, Transient
from emulator.office365.graph_client import Graph, Tokens
from emulator.office365.jobs import Job, JobPort, LeaseLost, Procedure, Report, ServerTime, Work, event
from emulator.wire.client import Http, Transport

PROCEDURES: dict[str, Procedure] = {
    "user.push": push.PROCEDURE,
    "user.deactivate": deactivate.PROCEDURE,
    "domains.fetch": federate.FETCH,
    "domain.federate": federate.FEDERATE,
    "domain.unfederate": federate.UNFEDERATE,
    "credentials.test": tenant.TEST,
    "licenses.refresh": tenant.REFRESH,
}
USER_AGENT = "Okta-Office365-Connector"
RATE_LIMITED = "app.office365.graph.api.error.rate-limit.exceeded"

# Inferred: how long Okta goes on by itself before it makes a task of it.
FIRST_DELAY_MS = 30 * SECOND
MOST_DELAY_MS = HOUR
MOST_ATTEMPTS = 8


class Connector:
    """The Office 365 integration of one org.

    `org`, `login` and `graph` are base URLs; every call goes over `transport`. Nothing is kept between jobs but
    app-only tokens, so another connector may take over at any moment.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        org: str,
        agent_token: str,
        login: str = "https://login.microsoftonline.com",
        graph: str = "https://graph.microsoft.com",
    ) -> None:
        self._time = ServerTime()
        headers = {"user-agent": USER_AGENT}
        self._microsoft = Http(transport, headers=headers)
        self._tokens = Tokens(self._microsoft, login, self._time)
        self._graph = graph
        self._port = JobPort(
            Http(transport, base=org, headers={**headers, "authorization": f"Bearer {agent_token}"}), self._time
        )

    def run_once(self) -> Doc | None:
        """Lease a due job, do it, report it: `{id, kind, outcome, subject, ...}`; None when nothing is due.

        outcome: done, failed, retry, or lost (the lease was no longer ours). Raises `Unreachable` when the org does
        not answer, `LabError` when it refuses the agent.
        """
        job = self._port.lease(list(PROCEDURES))
        if job is None:
            return None
        try:
            report = self._do(job)
            self._port.ack(job, report)
        except LeaseLost as lost:
            report = Report("lost", message=str(lost))
        return _summary(job, report)

    def next_due(self) -> str | None:
        """When the org's next job becomes due, by its last answer; None when none is waiting."""
        return self._port.next_due

    def _do(self, job: Job) -> Report:
        graph = Graph(
            self._microsoft, self._tokens, self._time,
            base=self._graph, secret=job.secret, run=f"{job.id}/{job.attempt}",
        )  # fmt: skip
        work = Work(job, graph, self._port, PROFILE)
        procedure = PROCEDURES[job.kind]
        try:
            return procedure.run(work)
        except Refused as refused:
            return procedure.failed(work, refused)
        except Transient as transient:
            if job.attempt >= MOST_ATTEMPTS:
                return procedure.failed(work, transient)
            return self._later(work, transient)

    def _later(self, work: Work, transient: Transient) -> Report:
        """Try again: when Microsoft says, else after twice as long as the last time."""
        delay = transient.after_ms
        if delay is None:
            delay = min(FIRST_DELAY_MS * 2 ** (work.job.attempt - 1), MOST_DELAY_MS)
        log = [event(RATE_LIMITED, "FAILURE", reason=transient.text)] if transient.status == 429 else []
        return Report(
            "retry", log, work.app_user, message=transient.text, error_code=transient.code,
            retry_at=iso(self._time.now_ms + delay),
        )  # fmt: skip


def _summary(job: Job, report: Report) -> Doc:
    subject = job.subject.get("userName") or job.desired.get("domain") or job.subject.get("appId")
    doc: Doc = {"id": job.id, "kind": job.kind, "outcome": report.outcome, "subject": subject, "attempt": job.attempt}
    for name, value in (("result", report.result), ("message", report.message), ("retry_at", report.retry_at)):
        if value is not None:
            doc[name] = value
    return doc
