"""What can go wrong on the way to Microsoft, and the texts that an Okta administrator sees for it.

Texts: seed-catalogue.md 0.1 (envelope of a Graph error) and okta-admin-api.md 20 (frame of a task and an event).
"""

from dataclasses import dataclass

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.wire.client import doc_of

TRANSIENT = frozenset({429, 502, 503, 504})
_PROVISIONING_EXCEPTION = "com.saasure.application.microsoft.exceptions.Office365ProvisioningException"


class Failure(Exception):
    """A job could not be done. `text` is the inner error as the administrator reads it, `code` Microsoft's."""

    def __init__(self, text: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.status = status
        self.debug: dict[str, str] = {}


class Refused(Failure):
    """A definite no: the same request would be refused again."""


class Transient(Failure):
    """Throttled, unavailable or out of reach; `after_ms` is Microsoft's Retry-After, None where it gave none."""

    def __init__(self, text: str, *, status: int | None = None, after_ms: int | None = None) -> None:
        super().__init__(text, code=str(status) if status else None, status=status)
        self.after_ms = after_ms


def graph_refused(answer: Answer, *, method: str, url: str) -> Refused:
    """Graph's error in Okta's one-line envelope."""
    text, code = graph_text(answer, method=method, url=url)
    refused = Refused(text, code=code, status=answer.status)
    inner = _inner(doc_of(answer))
    refused.debug = {
        "clientRequestId": str(inner.get("client-request-id") or answer.header("client-request-id") or ""),
        "microsoftRequestId": str(inner.get("request-id") or answer.header("request-id") or ""),
    }
    return refused


def graph_text(answer: Answer, *, method: str, url: str) -> tuple[str, str]:
    """The envelope of seed-catalogue.md 0.1, and Graph's error code."""
    body = doc_of(answer)
    error = body.get("error") if isinstance(body.get("error"), dict) else {}
    assert isinstance(error, dict)
    inner = _inner(body)
    code = str(error.get("code") or "UnknownError")
    message = str(error.get("message") or "")
    return envelope(answer, code=code, message=message, method=method, url=url, inner=inner), code


def envelope(answer: Answer, *, code: str, message: str, method: str, url: str, inner: Doc | None = None) -> str:
    """The one-line envelope of seed-catalogue.md 0.1."""
    inner = inner or {}
    client_id = inner.get("client-request-id") or answer.header("client-request-id") or ""
    request_id = inner.get("request-id") or answer.header("request-id") or ""
    at = inner.get("date") or answer.header("date") or ""
    return (
        f"Received response with HTTP status code {answer.status}. httpStatusCode={answer.status} errorCode={code} "
        f'errorMessage="{message}" client-request-id={client_id} request-id={request_id} '
        f"timestamp='{at}' method={method} url={url}"
    )


def _inner(body: Doc) -> Doc:
    error = body.get("error")
    inner = error.get("innerError") if isinstance(error, dict) else None
    return inner if isinstance(inner, dict) else {}


def token_refused(answer: Answer) -> Refused:
    """The sign-in service's AADSTS text, as Okta's tasks show it."""
    body = doc_of(answer)
    text = str(body.get("error_description") or answer.text()[:300] or "no token was issued")
    numbers = body.get("error_codes")
    code = str(body.get("error") or "invalid_request")
    if isinstance(numbers, list) and numbers:
        code = f"AADSTS{numbers[0]}"
    return Refused(f"{_PROVISIONING_EXCEPTION}: {answer.status} {text}", code=code, status=answer.status)


def bare(failure: Failure) -> str:
    """The inner error without the name of the exception class, for texts that show `400 AADSTS...` only."""
    return failure.text.removeprefix(f"{_PROVISIONING_EXCEPTION}: ")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a user's job stands: the words for a failure there, and the events that tell of it."""

    action: str
    verb: str
    event: str
    error_event: str


_USER = "application.provision.user."
_ERROR = "app.office365.api.error."
VERIFY = Stage("provisioning", "verify existence of", _USER + "verify_exists", _ERROR + "check.user.exists")
CREATE = Stage("provisioning", "create user", _USER + "push", _ERROR + "create.user")
REVOKE = Stage("password push", "revoke refresh tokens of", _USER + "push_password", _ERROR + "revoke.refresh.token")
LOGGED_OUT = Stage(
    "universal logout", "revoke refresh tokens of", "user.authentication.universal_logout",
    _ERROR + "revoke.refresh.token",
)  # fmt: skip
PASSWORD = Stage("password push", "push password for", _USER + "push_okta_password", _ERROR + "push.password")
PROFILE = Stage("profile push", "push profile for", _USER + "push_profile", _ERROR + "push.profile")
DEACTIVATE = Stage("deprovisioning", "deactivate", _USER + "deactivate", _ERROR + "deactivate.user")


def frame(stage: Stage, failure: Failure, *, name: str, label: str, user_name: str) -> str:
    """The sentence of a failed task. Source: okta-admin-api.md 20; the verbs of VERIFY and DEACTIVATE are inferred."""
    return (
        f"Automatic {stage.action} of user {name} to app {label} failed: "
        f"Could not {stage.verb} Office 365 user {user_name}, received error: {failure.text}"
    )
