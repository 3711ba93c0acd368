"""WS-Trust with a Kerberos ticket: desktop Office on a computer of the domain signs in and nobody sees it.

Source: seed-catalogue.md 1.3 (silent activation): a ticket for the org's service principal name, AES only; the UPN in
the directory is the name at Microsoft; a rule that denies web browsers denies this too, one that asks for factors does
not count. Which refusal is which is inferred from the event types app.kerberos_rich_client.*.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import office365, signon
from emulator.okta.events import app_target, app_user_target, client_address, emit, target
from emulator.okta.mfa import strength
from emulator.okta.oauth import once
from emulator.okta.resources import app_users, desktop_sso, users
from emulator.okta.sso import active, admission, assertion, gate
from emulator.okta.sso.passive import PATH
from emulator.protocols import kerberos, wstrust

_SKEW = 5 * MINUTE
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
    user, app_user = _person(call, app, _opened(call, app, ticket.strip()))
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
    return active.answered(call, request, issued)


def _opened(call: Call, app: Doc, ticket: str) -> Doc:
    """What the ticket says, once everything about it holds. Raises 401."""
    held = desktop_sso.keys(call.store)
    if not held:
        emit(call, "app.kerberos_rich_client.instance_not_found", [app_target(app)], outcome="FAILURE")
        raise _unknown(
            call, "No directory of the org has desktop single sign-on.", Compared("directories", 0, "the org")
        )
    try:
        service, kind = kerberos.service_of(ticket)
        wanted = desktop_sso.service_name(call.info)
        if service.casefold() != wanted.casefold():
            raise _unknown(call, "The ticket is for another service.", Compared("sname", service[:200], "ticket"),
                           Compared("servicePrincipalName", wanted, "the org"))  # fmt: skip
        if kind != kerberos.AES256:
            raise _unknown(call, "The ticket is not sealed with AES.", Compared("etype", kind, "ticket"),
                           Compared("wanted", kerberos.AES256, "the org"),
                           hint="Let the service account support AES 256 in the directory.")  # fmt: skip
        found = _by_any(held, ticket)
    except kerberos.TicketRejected as error:
        raise _unknown(
            call,
            f"The ticket cannot be read: {error.reason}.",
            Compared("error", error.problem, "ticket"),
            hint="Is the service account's password at the org the one in the directory?",
        ) from error
    _in_time(call, found)
    if not once.first(call, f"ticket {ticket}", parse_iso(found["until"])):
        raise _unknown(call, "The ticket has been used before.", Compared("error", "KRB_AP_ERR_REPEAT", "ticket"))
    return found


def _by_any(held: list[tuple[Doc, bytes]], ticket: str) -> Doc:
    """Opened with the key of the directory that it comes from."""
    for _, key in held[:-1]:
        try:
            return kerberos.opened(key, ticket)
        except kerberos.TicketRejected:
            continue
    return kerberos.opened(held[-1][1], ticket)


def _in_time(call: Call, found: Doc) -> None:
    begins, ends = parse_iso(found["from"]), parse_iso(found["until"])
    compared = (Compared("from", found["from"], "ticket"), Compared("until", found["until"], "ticket"),
                Compared("now", call.now, "world clock"))  # fmt: skip
    if abs(begins - call.now) > _SKEW or ends < call.now - _SKEW:
        hint = "The domain controller's clock and the world's may be five minutes apart."
        raise _unknown(call, "The ticket is not of this time (KRB_AP_ERR_SKEW).", *compared, hint=hint)


def _person(call: Call, app: Doc, found: Doc) -> tuple[Doc, Doc]:
    """The user and their assignment: by the name that the directory knows, which is the one at Microsoft."""
    name = str(found["client"])
    app_user = app_users.by_user_name(call.store, app["id"], name)
    user = call.store.get(users.USERS, app_user["userId"]) if app_user is not None else None
    if app_user is None or user is None or user["status"] not in gate.MAY_STAY:
        actor = target("User", "unknown", name="unknown", alternate=name)
        compared = (Compared("client", name, "ticket"), Compared("app user", None, f"app {app['label']}"))
        text = "Nobody is assigned to the app under the directory's name for this person."
        emit(call, "app.kerberos_rich_client.account_not_found", [app_target(app)], outcome="FAILURE", actor=actor,
             why=Why(text, compared))  # fmt: skip
        raise _unknown(call, text, *compared, hint="The app user name has to be the directory's userPrincipalName.")
    gate.identify(call, user)
    return user, app_user


def _unknown(call: Call, rule: str, *compared: Compared, hint: str = "") -> Problem:
    problem = active.refused(call, wstrust.failed_authentication(), Why(rule, compared, hint))
    problem.status, problem.headers = 401, (_ASKS,)
    return problem
