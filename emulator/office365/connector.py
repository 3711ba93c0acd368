"""The connector: lease a job of the org, do it at Microsoft, report back. It keeps nothing but tokens between jobs.

Source: DESIGN.md "The job port"; seed-catalogue.md 0.3 PR; back-off and its cap are inferred.
"""

import threading

from emulator.kernel.clock import HOUR, SECOND, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.office365 import ad_groups, clouds, deactivate, federate, groups, imports, passwords, push, tenant
from emulator.office365.errors import PROFILE, Refused, Transient
from emulator.office365.graph_client import Graph, Microsoft
from emulator.office365.jobs import Job, JobPort, LeaseLost, Procedure, Report, Work, event
from emulator.office365.servertime import ServerTime
from emulator.wire.client import Http, Transport

PROCEDURES: dict[str, Procedure] = {
    "user.push": push.PROCEDURE,
    "user.deactivate": deactivate.PROCEDURE,
    "user.password": passwords.PROCEDURE,
    "user.logout": passwords.LOGOUT,
    "group.push": groups.PUSH,
    "group.unlink": groups.UNLINK,
    "group.sync": ad_groups.PROCEDURE,
    "domains.fetch": federate.FETCH,
    "domain.federate": federate.FEDERATE,
    "domain.unfederate": federate.UNFEDERATE,
    "dirsync.enable": tenant.DIRSYNC,
    "credentials.test": tenant.TEST,
    "licenses.refresh": tenant.REFRESH,
    "users.import": imports.PROCEDURE,
}
USER_AGENT = "Okta-Office365-Connector"
RATE_LIMITED = "app.office365.graph.api.error.rate-limit.exceeded"
# Inferred text: what calls of the retired interfaces end with once their day has come.
RETIRED = "410 Gone: MSOnline and Azure AD Graph are retired; authenticate the integration with Microsoft again."

# Inferred: how long Okta goes on by itself before it makes a task of it.
FIRST_DELAY_MS = 30 * SECOND
MOST_DELAY_MS = HOUR
MOST_ATTEMPTS = 8


class Connector:
    """The Office 365 integration of one org.

    `org` is a base URL, and so are `login` and `graph`, where the hosts of the app's cloud are not meant; every call
    goes over `transport`. Nothing is kept between jobs but tokens, so another connector may take over at any moment.
    together: several threads work with this connector (see `runner`), and their small requests travel in groups.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        org: str,
        agent_token: str,
        login: str | None = None,
        graph: str | None = None,
        together: bool = False,
    ) -> None:
        self._time = ServerTime()
        headers = {"user-agent": USER_AGENT}
        self._microsoft = Microsoft(Http(transport, headers=headers), self._time)
        self._hosts = (login, graph)
        self._paused_ms = 0
        self._lock = threading.Lock()
        agent = Http(transport, base=org, headers={**headers, "authorization": f"Bearer {agent_token}"})
        self.port = JobPort(agent, self._time, together=together)

    def run_once(self) -> Doc | None:
        """Lease a due job, do it, report it: `{id, kind, outcome, subject, ...}`; None when nothing is due.

        Where there is none, but the org has done a slice of work of its own, that is told.
        outcome: done, failed, retry, or lost (the lease was no longer ours). Raises `Unreachable` when the org does
        not answer, `LabError` when it refuses the agent.
        """
        for job in self.lease(1):
            return self.work_on(job)
        worked = self.port.worked
        if worked is None:
            return None
        return {"outcome": "done", "attempt": 1, **{name: worked[name] for name in ("id", "kind", "subject")}}

    def lease(self, most: int) -> list[Job]:
        """Due jobs; none while Microsoft has asked to wait."""
        if self.paused:
            self.port.hear_time()
        if self.paused:
            self.port.worked = None
            return []
        return self.port.lease(list(PROCEDURES), most=most)

    @property
    def paused(self) -> bool:
        """Whether Microsoft has asked to wait, and the time is not over by its own clock."""
        return self._time.now_ms < self._paused_ms

    def next_due(self) -> str | None:
        """When the org's next job becomes due, by its last answer; None when none is waiting."""
        due = self.port.next_due
        if not self.paused:
            return due
        return iso(self._paused_ms if due is None else max(self._paused_ms, parse_iso(due)))

    def work_on(self, job: Job) -> Doc:
        """Do a leased job and report it."""
        try:
            report = self._do(job)
            self.port.ack(job, report)
        except LeaseLost as lost:
            report = Report("lost", message=str(lost))
        return _summary(job, report)

    def _do(self, job: Job) -> Report:
        login, base = self._hosts
        cloud = clouds.chosen(job.settings.get("tenantType"), login=login, graph=base)
        work = Work(job, Graph(self._microsoft, cloud, job.secret, run=f"{job.id}/{job.attempt}"), self.port, PROFILE)
        procedure = PROCEDURES[job.kind]
        try:
            self._refuse_retired(job)
            return procedure.run(work)
        except Refused as refused:
            return procedure.failed(work, refused)
        except Transient as transient:
            if job.attempt >= MOST_ATTEMPTS and transient.status != 429:
                return procedure.failed(work, transient)
            return self._later(work, transient)

    def _refuse_retired(self, job: Job) -> None:
        """Stored credentials worked through interfaces that Microsoft has switched off."""
        until = job.settings.get("legacyUntil")
        if job.secret.get("username") and until and self._time.now_ms >= parse_iso(str(until)):
            raise Refused(RETIRED, code="Gone", status=410)

    def _later(self, work: Work, transient: Transient) -> Report:
        """Try again: when Microsoft says, else after twice as long as the last time."""
        delay = transient.after_ms
        throttled = transient.status == 429
        if delay is None:
            delay = min(FIRST_DELAY_MS * 2 ** min(work.job.attempt - 1, 10), MOST_DELAY_MS)
        elif throttled:
            with self._lock:
                self._paused_ms = max(self._paused_ms, self._time.now_ms + delay)
        log = [event(RATE_LIMITED, "FAILURE", reason=transient.text)] if throttled else []
        return Report(
            "retry", log, work.app_user, message=transient.text, error_code=transient.code,
            retry_at=iso(self._time.now_ms + delay), throttled=throttled,
        )  # fmt: skip


def _summary(job: Job, report: Report) -> Doc:
    subject = job.subject.get("userName") or job.desired.get("domain") or job.subject.get("displayName")
    subject = subject or job.subject.get("appId")
    doc: Doc = {"id": job.id, "kind": job.kind, "outcome": report.outcome, "subject": subject, "attempt": job.attempt}
    for name, value in (("result", report.result), ("message", report.message), ("retry_at", report.retry_at)):
        if value is not None:
            doc[name] = value
    return doc
