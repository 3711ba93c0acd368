"""Somebody with a session stands before an app: one path for every protocol by which they may go in.

Source: seed-catalogue.md 0.3, okta-admin-api.md 20. The sign-on policy, the assignment and the factors are asked in the
same way whether the app speaks WS-Federation or SAML; only what is then handed over differs.
"""

from dataclasses import dataclass

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.okta import office365, signon
from emulator.okta.events import client_address
from emulator.okta.sso import admission, challenge, device_proof, flow, fresh, gate, pages, signin
from emulator.protocols.html import redirect


@dataclass(frozen=True, slots=True)
class Visit:
    """Who may go in: their app user, the decision and what it was made from; when they signed in (ms)."""

    app_user: Doc
    admitted: admission.Admitted
    context: signon.SignOnContext
    authenticated_ms: int


def person(call: Call, where: str, *, again: bool = False) -> tuple[Doc, Doc] | Answer:
    """Session and user, or the way to the sign-in page that comes back to `where`.

    again: a session that began before this request does not do.
    """
    token = call.params.get("sessionToken", "")
    found = signin.take_session_token(call, token) if token else None
    if found is not None:
        return found
    found = gate.person(call)
    if again and (found is None or not fresh.proved(call, where, found[0])):
        return fresh.ask(call, where, found[0] if found else None)
    return found or redirect(flow.sign_in_url(where), headers=call.headers)


def enter(call: Call, app: Doc, session: Doc, user: Doc, *, where: str, step_up: bool = False) -> Visit | Answer:
    """The visit, or the page that asks for more first. Raises the page that says why there is no way in.

    where: path and own query to come back to. step_up: two factors are wanted whatever the rule says.
    """
    agent = call.exchange.headers.get("user-agent", "")
    authenticated_ms = gate.authenticated_at(session)
    just_now = "session_token" in call.memo or fresh.proved(call, where, session)
    device, no_device = device_proof.device_of(call, user)
    context = signon.SignOnContext(
        client=signon.client_class(active=False, user_agent=agent, ms_client_application=""),
        address=client_address(call), user_agent=agent, factors=gate.factors(session),
        auth_age_ms=0 if just_now else call.now - authenticated_ms, device=device, no_device=no_device,
    )  # fmt: skip
    admitted = admission.admit(
        call, app, user, context, proofs=session["_proofs"], remembered=session["_remembered"], step_up=step_up
    )
    if isinstance(admitted, admission.Admitted):
        return Visit(admitted.app_user, admitted, context, authenticated_ms)
    if admitted.reason == "stale":
        return fresh.ask(call, where, session)
    short = admitted.reason == "factors"
    asked = challenge.for_app(call, session, user, admitted, to=fresh.back(call, where)) if short else None
    if asked is not None:
        return asked
    raise refusal(call, app, admitted)


def refusal(call: Call, app: Doc, refused: admission.Refused) -> Exception:
    """The page for a person who may not go on."""
    if refused.reason == "unconfigured":
        name = "Office 365" if office365.is_office365(app) else app["label"]
        what = pages.notice(f"{name} Login Failure", admission.NOT_CONFIGURED)
        return pages.stop(call, "E0000079", what, status=200, why=refused.why)
    if refused.reason == "unassigned":
        what = pages.notice("User is not assigned to this application", "Ask your administrator for access.")
    elif refused.reason == "factors":
        what = challenge.NO_FACTOR
    else:
        what = pages.notice("Access denied", "The sign-on policy of this application does not let you in from here.")
    return pages.stop(call, "E0000006", what, status=403, why=refused.why)
