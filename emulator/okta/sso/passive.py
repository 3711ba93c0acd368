"""WS-Federation for browsers: a request of Microsoft's comes in, a form that posts itself to login.srf goes out.

Source: federation.md 3. The reply address is configuration; `wreply` is never followed. Nothing but `wctx` of the
request comes back in the answer.
"""

from dataclasses import replace

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import events
from emulator.okta.events import app_target, app_user_target, user_target
from emulator.okta.mfa import claims
from emulator.okta.sso import assertion, flow, fresh, gate, pages, signin, signout, template_wsfed, visit
from emulator.protocols import saml, wsfed
from emulator.protocols.html import redirect

PATH = "/app/{appName}/{externalKey}/sso/wsfed"
_EVENTS = (
    "user.session.start", "policy.evaluate_sign_on", "user.authentication.sso", "app.generic.unauth_app_access_attempt",
    "application.policy.sign_on.deny_access", "user.session.end",
)  # fmt: skip


@operation(
    "GET", PATH + "/passive", source=DOCUMENTED, bucket="wsfed.passive", emits=_EVENTS,
    query=("wa", "wtrealm", "wctx", "wfresh", "wauth", "username", "login_hint", "sessionToken", "okta_key",
           "client-request-id", "mkt", "lc", "cbcxt", "popupui", "wreply"),
    **pages.as_page(),
)  # fmt: skip
def passive(call: Call) -> Answer:
    """Sign in to Office 365, or out of the org, as `wa` says."""
    other = gate.application(call)
    if other is not None and template_wsfed.speaks(other):
        return template_wsfed.passive(call)
    app = gate.office365(call)
    request = _request(call)
    if request.wa != wsfed.SIGN_IN:
        return signout.finish(call)
    if request.wtrealm != saml.MICROSOFT_ONLINE:
        compared = (
            Compared("wtrealm", request.wtrealm[:200], "query"),
            Compared("realm", saml.MICROSOFT_ONLINE, f"app {app['label']}"),
        )
        raise _bad(call, Why("The app signs people in to one realm only.", compared))
    where = f"{PATH.format(**call.path)}/passive?{fresh.own_query(call)}"
    if request.wfresh is not None and not claims.honours_freshness(call, app):
        call.note("wfresh was ignored: the app does not honour it, or the org's engine does not know it.")
        request = replace(request, wfresh=None)
    found = _signed_in(call, request, where)
    if isinstance(found, Answer):
        return found
    asked = saml.MULTIPLE_AUTHN in request.wauth.split()
    return respond(call, app, *found, where=where, wctx=request.wctx, mfa_asked=asked)


def respond(
    call: Call, app: Doc, session: Doc, user: Doc, *, where: str, wctx: str = "", mfa_asked: bool = False
) -> Answer:
    """The form for login.srf, a new sign-in, or the page that says why there is neither.

    `where`: path and own query of this request. Without `wctx` the sign-in began here.
    """
    step_up = mfa_asked and claims.steps_up(call, app, asked=True)
    found = visit.enter(call, app, session, user, where=where, step_up=step_up)
    if isinstance(found, Answer):
        return found
    app_user, decision, authenticated_ms = found.app_user, found.admitted.decision, found.authenticated_ms
    later = claims.opened_later(call, session)

    def claimed() -> tuple[bool, events.Event]:
        claim = claims.claim(call, app, user, decision, found.context, stepped_up=step_up, later=later)
        wauth = (Compared("wauth", "multipleauthn", "query"),) if mfa_asked else ()
        why = Why(claim.because, (*decision.why.compared, *wauth, *claim.compared))
        targets = [app_target(app), app_user_target(app_user, user)]
        event = events.event("user.authentication.sso", targets, actor=user_target(user), why=why)
        return claim.sent, events.encoded(event)

    key = ("handed over", app["id"], user["id"], *found.context.lasting, mfa_asked, step_up, later)
    mfa, event = call.store.steady(key, claimed)
    issued = assertion.issue(call, app, app_user, authenticated_ms=authenticated_ms, mfa=mfa)
    wresult = wsfed.rstr(issued.xml, created_ms=issued.issued_ms, expires_ms=issued.expires_ms, assertion_id=issued.id)
    events.log(call, event)
    form = wsfed.auto_post_fields(wresult, wctx)
    return pages.hand_over(call, f"Signing in to {app['label']}", form.action, list(form.fields))


def _request(call: Call) -> wsfed.PassiveRequest:
    try:
        return wsfed.PassiveRequest.parse(call.params)
    except wsfed.PassiveRejected as error:
        why = Why(f"The request makes no sense: {error.reason}.", (Compared(error.field, error.found, "query"),))
        raise _bad(call, why) from error


def _bad(call: Call, why: Why) -> Exception:
    what = pages.notice("Bad request", "This is not a sign-in request that the application understands.")
    return pages.stop(call, "E0000003", what, status=400, why=why)


def _signed_in(call: Call, request: wsfed.PassiveRequest, where: str) -> tuple[Doc, Doc] | Answer:
    """Session and user, or the redirect to the sign-in page that comes back here."""
    token = call.params.get("sessionToken", "")
    found = signin.take_session_token(call, token) if token else None
    if found is not None:
        return found
    found = gate.person(call)
    if found is None and request.wfresh is None:
        return redirect(flow.sign_in_url(where), headers=call.headers)
    if found is None or not _young(call, request, found[0], where):
        return fresh.ask(call, where, found[0] if found else None)
    return found


def _young(call: Call, request: wsfed.PassiveRequest, session: Doc, where: str) -> bool:
    """Whether the session is as young as `wfresh` wants, in minutes; 0 wants one that began for this request."""
    if request.wfresh is None or fresh.proved(call, where, session):
        return True
    return not request.fresh and call.now - gate.authenticated_at(session) <= request.wfresh * MINUTE
