"""How a failed user job is told: the task's sentence and the log's events. Source: okta-admin-api.md 20."""

from emulator.office365.errors import Failure, Stage, frame
from emulator.office365.jobs import Report, Work, event


def failed_user(work: Work, failure: Failure, stage: Stage) -> Report:
    """A failed user.* job; what was done before the failure is kept."""
    subject = work.job.subject
    user_name = str(work.job.desired.get("userName") or subject.get("userName") or "")
    message = frame(
        stage, failure, name=str(subject.get("displayName") or user_name), label=work.job.label, user_name=user_name
    )
    told = [event(kind, "FAILURE", reason=message, debug=failure.debug) for kind in (stage.event, stage.error_event)]
    done = [item for item in work.events if item["type"] != stage.event]
    return Report("failed", [*done, *told], work.app_user, message=message, error_code=failure.code)
