"""WS-Trust with a Kerberos ticket: desktop Office on a computer of the domain signs in and nobody sees it.

Source: seed-catalogue.md 1.3 (silent activation): a ticket for the org's service principal name, AES only; the UPN in
the directory is the name at Microsoft; a rule that denies web browsers denies this too, one that asks for factors does
not count. Which refusal is which is inferred from the event types app.kerberos_rich_client.*.
"""

from dataclasses import replace

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import office365, signon
from emulator.okta.events import app_target, app_user_target, client_address, emit, target
from emulator.okta.mfa import strength
from emulator.okta.resources import app_users, users
from emulator.okta.sso import active, admission, assertion, gate, tickets
from emulator.okta.sso.passive import PATH
from emulator.protocols import wstrust

_ASKS = ("WWW-Authenticate", "Negotiate")
_EVENTS = (
    "app.kerberos_rich_client.user_authentication_successful", "app.kerberos_rich_client.account_not_found",
    "app.kerberos_rich_client.instance_not_found",
    "policy.evaluate_sign_on", "application.policy.sign_on.deny_access", "app.generic.unauth_app_access_attempt",
    "user.authentication.sso",
)  # fmt: skip


@operation(
    "POST", PATH + "/windowstransport", bucket="wsfed.active", emits=_EVENTS, **active.SOAP,
    source=inferred("the path; that it asks for Negotiate is Integrated Windows Authentication"),
)  # fmt: skip
def windows_transport(call: Call) -> Answer:
    """A token for a Kerberos ticket: 401 until a client brings one."""
    app = gate.office365(call)
    scheme, _, ticket = call.exchange.headers.get("authorization", "").partition(" ")
    if not office365.takes_windows(app):
        compared = (Compared("windowsTransportEnabled", False, f"app {app['label']}"),)
        why = Why("The app offers no Windows transport.", compared, "Sign in with a password: /active or /username13.")
        problem = active.refused(call, wstrust.failed_authentication(), why)
        problem.status = 400
        raise problem
    if scheme.lower() != "negotiate" or not ticket.strip():
        return Answer(401, [*call.headers, _ASKS, ("Content-Type", "text/plain")])
    shown = _shown(call, app, ticket.strip())
    user, app_user = _person(call, app, shown.name)
    request = active.request_of(call, "2005", named=False)
    agent = call.exchange.headers.get("user-agent", "")
    context = signon.SignOnContext(
        client="WEB", address=client_address(call), user_agent=agent, factors=frozenset({"pwd"}), auth_age_ms=0
    )
    admitted = admission.admit(call, app, user, context, proofs=[strength.password(call.now)], silent=True)
    if isinstance(admitted, admission.Refused):
        raise active.refused(call, wstrust.failed_authentication(), admitted.why)
    issued = assertion.issue(call, app, admitted.app_user, authenticated_ms=call.now)
    targets = [app_target(app), app_user_target(app_user, user)]
    emit(call, "app.kerberos_rich_client.user_authentication_successful", targets)
    answer = active.answered(call, request, issued)
    proof = [(_ASKS[0], f"Negotiate {shown.answer}")] if shown.answer else []
    return replace(answer, headers=[*answer.headers, *proof])


def _shown(call: Call, app: Doc, token: str) -> tickets.Shown:
    """Who brings the ticket. Raises 401."""
    try:
        return tickets.shown(call, token)
    except tickets.Rejected as error:
        if not error.instance:
            event = "app.kerberos_rich_client.instance_not_found"
            emit(call, event, [app_target(app)], outcome="FAILURE", why=error.why)
        raise _unknown(call, error.why) from error


def _person(call: Call, app: Doc, name: str) -> tuple[Doc, Doc]:
    """The user and their assignment: by the name that the directory knows, which is the one at Microsoft."""
    app_user = app_users.by_user_name(call.store, app["id"], name)
    user = call.store.get(users.USERS, app_user["userId"]) if app_user is not None else None
    if app_user is None or user is None or user["status"] not in gate.MAY_STAY:
        actor = target("User", "unknown", name="unknown", alternate=name)
        compared = (Compared("client", name, "ticket"), Compared("app user", None, f"app {app['label']}"))
        text = "Nobody is assigned to the app under the directory's name for this person."
        why = Why(text, compared, "The app user name has to be the directory's userPrincipalName.")
        event = "app.kerberos_rich_client.account_not_found"
        emit(call, event, [app_target(app)], outcome="FAILURE", actor=actor, why=why)
        raise _unknown(call, why)
    gate.identify(call, user)
    return user, app_user


def _unknown(call: Call, why: Why) -> Problem:
    problem = active.refused(call, wstrust.failed_authentication(), why)
    problem.status, problem.headers = 401, (_ASKS,)
    return problem
