"""WS-Trust with user name and password: what rich clients, Windows and Microsoft's relays of old mail clients call.

Source: federation.md 4 and seed-catalogue.md 0.3 (AF). Every failed authentication gets the same fault; the reason is
in the journal. A password is the only factor here, so a rule that wants two refuses.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import delegated_authentication, signon
from emulator.okta.events import app_target, app_user_target, client_address, emit, target
from emulator.okta.mfa import strength
from emulator.okta.resources import app_users, users
from emulator.okta.sso import admission, assertion, attempts, gate
from emulator.okta.sso.passive import PATH
from emulator.protocols import wstrust

_EVENTS = (
    "user.authentication.auth_via_richclient", "user.session.start", "policy.evaluate_sign_on",
    "application.policy.sign_on.deny_access", "app.generic.unauth_app_access_attempt", "user.authentication.sso",
    "user.account.lock", "user.account.unlock", *delegated_authentication.EMITS,
)  # fmt: skip


def refuse(call: Call, problem: Problem) -> Answer:
    """A problem as a SOAP fault: its own, else the generic one. `details` of a fault never leave the journal."""
    fault = problem.extra.get("fault")
    if fault is None:
        fault = wstrust.WsTrustFault("Receiver", "wst:RequestFailed", reason="The specified request failed")
    headers = [*call.headers, ("Content-Type", wstrust.CONTENT_TYPE)]
    return Answer(problem.status or 500, headers, wstrust.fault_envelope(fault))


SOAP = {"auth": "none", "raw": True, "body": "bytes", "commit": "manual", "extra": {"refuse": refuse}}


@operation("POST", PATH + "/active", source=DOCUMENTED, bucket="wsfed.active", emits=_EVENTS, **SOAP)
def active(call: Call) -> Answer:
    """A token for a user name and password, WS-Trust of February 2005."""
    return _answer(call, "2005")


@operation("POST", PATH + "/username13", source=DOCUMENTED, bucket="wsfed.active", emits=_EVENTS, **SOAP)
def username13(call: Call) -> Answer:
    """A token for a user name and password, WS-Trust 1.3."""
    return _answer(call, "1.3")


def _answer(call: Call, version: wstrust.Version) -> Answer:
    app = gate.office365(call)
    request = request_of(call, version)
    user = _authenticated(call, app, request)
    context = signon.SignOnContext(
        client=signon.client_class(
            active=True, user_agent=_agent(call),
            ms_client_application=call.exchange.headers.get("x-ms-client-application", ""),
        ),
        address=client_address(call), user_agent=_agent(call), factors=frozenset({"pwd"}), auth_age_ms=0,
    )  # fmt: skip
    admitted = admission.admit(call, app, user, context, proofs=[strength.password(call.now)])
    if isinstance(admitted, admission.Refused):
        raise _failed(call, request, app, admitted.why, reason=admitted.reason)
    app_user = admitted.app_user
    issued = assertion.issue(call, app, app_user, authenticated_ms=call.now)
    targets = [app_target(app), app_user_target(app_user, user)]
    emit(call, "user.authentication.auth_via_richclient", targets)
    emit(call, "user.session.start")
    return answered(call, request, issued)


def answered(call: Call, request: wstrust.RstRequest, issued: assertion.Issued) -> Answer:
    """The token as the answer to a request for one."""
    body = wstrust.rstr_envelope(
        request.version, issued.xml, relates_to=request.message_id, created_ms=issued.issued_ms,
        expires_ms=issued.expires_ms, assertion_id=issued.id, applies_to=request.applies_to,
    )  # fmt: skip
    return Answer(200, [*call.headers, ("Content-Type", wstrust.CONTENT_TYPE)], body)


def request_of(call: Call, version: wstrust.Version, *, named: bool = True) -> wstrust.RstRequest:
    """The request, in the endpoint's version of WS-Trust. named: it names the person. Raises the fault."""
    headers = call.exchange.headers
    try:
        request = wstrust.parse_rst(
            call.body, soap_action=headers.get("soapaction"), content_type=headers.get("content-type"),
            now_ms=call.now, named=named,
        )  # fmt: skip
    except wstrust.WsTrustFault as error:
        compared = tuple(Compared(name, value, "request") for name, value in error.details.items())
        raise refused(call, error, Why(f"The request was not accepted: {error.reason}.", compared)) from error
    if request.version == version:
        return request
    text = "The action cannot be processed at the receiver"
    fault = wstrust.WsTrustFault("Sender", "wsa:ActionNotSupported", reason=text)
    fault.version, fault.message_id = request.version, request.message_id
    compared = (Compared("version", request.version, "request"), Compared("spoken here", version, "endpoint"))
    raise refused(call, fault, Why("Each endpoint speaks one version of WS-Trust.", compared))


def _authenticated(call: Call, app: Doc, request: wstrust.RstRequest) -> Doc:
    """The active user of that name whose password it is. Raises the generic fault."""
    user = _named(call, app, request.username)
    if user is not None:
        gate.identify(call, user)
    why = attempts.check(call, user, request.username, request.password)
    if why is None and user is not None:
        return user
    raise _failed(call, request, app, why or Why("No such user."), reason="INVALID_CREDENTIALS")


def _named(call: Call, app: Doc, name: str) -> Doc | None:
    """By the app user's name first: that is the UPN Microsoft knows; then by Okta login."""
    app_user = app_users.by_user_name(call.store, app["id"], name)
    if app_user is not None:
        found: Doc | None = call.store.get(users.USERS, app_user["userId"])
        return found
    return users.by_login(call.store, name)


def _failed(call: Call, request: wstrust.RstRequest, app: Doc, why: Why, *, reason: str) -> Problem:
    """The same fault for whatever was wrong; the log and the journal tell."""
    known = call.caller.kind == "user"
    actor = None if known else target("User", "unknown", name="unknown", alternate=request.username)
    for kind in ("user.authentication.auth_via_richclient", "user.session.start"):
        emit(call, kind, [app_target(app)], outcome="FAILURE", reason=reason, actor=actor, why=why)
    fault = wstrust.failed_authentication()
    fault.version, fault.message_id = request.version, request.message_id
    return refused(call, fault, why)


def refused(call: Call, fault: wstrust.WsTrustFault, why: Why) -> Problem:
    """A fault as a problem; what was logged stays."""
    return Problem("E0000004", status=fault.status, why=why, fault=fault, log=tuple(call.entries))


def _agent(call: Call) -> str:
    return call.exchange.headers.get("user-agent", "")
