"""WS-Federation for browsers: a request of Microsoft's comes in, a form that posts itself to login.srf goes out.

Source: federation.md 3. The reply address is configuration; `wreply` is never followed. Nothing but `wctx` of the
request comes back in the answer.
"""

import hashlib
import re
from urllib.parse import urlsplit

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, SECOND
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import signon
from emulator.okta.events import app_target, app_user_target, client_address, emit
from emulator.okta.sso import admission, assertion, flow, gate, pages, signin, signout
from emulator.protocols import saml, wsfed
from emulator.protocols.html import redirect

PATH = "/app/{appName}/{externalKey}/sso/wsfed"
_OURS = re.compile(r"(?:sessionToken|okta_key)=")
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
    found = _signed_in(call, request)
    if isinstance(found, Answer):
        return found
    return respond(call, app, *found, wctx=request.wctx, mfa_asked=saml.MULTIPLE_AUTHN in request.wauth.split())


def respond(call: Call, app: Doc, session: Doc, user: Doc, *, wctx: str = "", mfa_asked: bool = False) -> Answer:
    """The form for login.srf, or the page that says why there is none. Without `wctx` the sign-in began here."""
    agent = call.exchange.headers.get("user-agent", "")
    authenticated_ms = gate.authenticated_at(session)
    context = signon.SignOnContext(
        client=signon.client_class(active=False, user_agent=agent, ms_client_application=""),
        address=client_address(call), user_agent=agent, factors=gate.factors(session),
        auth_age_ms=call.now - authenticated_ms,
    )  # fmt: skip
    app_user = admission.admit(call, app, user, context, mfa_asked=mfa_asked)
    if isinstance(app_user, admission.Refused):
        raise _refusal(call, app_user)
    mfa = len(context.factors) > 1
    issued = assertion.issue(call, app, app_user, authenticated_ms=authenticated_ms, mfa=mfa)
    wresult = wsfed.rstr(issued.xml, created_ms=issued.issued_ms, expires_ms=issued.expires_ms, assertion_id=issued.id)
    emit(call, "user.authentication.sso", [app_target(app), app_user_target(app_user, user)])
    form = wsfed.auto_post_fields(wresult, wctx)
    values = {"title": f"Signing in to {app['label']}", "action": form.action, "fields": form.fields}
    target = urlsplit(form.action)
    return pages.show(call, pages.Page("continue.html", values), posts_to=(f"{target.scheme}://{target.netloc}",))


def _request(call: Call) -> wsfed.PassiveRequest:
    try:
        return wsfed.PassiveRequest.parse(call.params)
    except wsfed.PassiveRejected as error:
        why = Why(f"The request makes no sense: {error.reason}.", (Compared(error.field, error.found, "query"),))
        raise _bad(call, why) from error


def _bad(call: Call, why: Why) -> Exception:
    what = pages.notice("Bad request", "This is not a sign-in request that the application understands.")
    return pages.stop(call, "E0000003", what, status=400, why=why)


def _signed_in(call: Call, request: wsfed.PassiveRequest) -> tuple[Doc, Doc] | Answer:
    """Session and user, or the redirect to the sign-in page that comes back here."""
    token = call.params.get("sessionToken", "")
    found = signin.take_session_token(call, token) if token else None
    if found is not None:
        return found
    query = "&".join(part for part in call.exchange.query.split("&") if not _OURS.match(part))
    found = gate.person(call)
    if found is not None and _fresh(call, request, found[0], query):
        return found
    back_to = f"{PATH.format(**call.path)}/passive?{query}"
    if request.wfresh is not None:
        asked = {"at": call.now, "query": _digest(query), "session": found[0]["id"] if found else ""}
        back_to += "&okta_key=" + flow.seal(call, "fresh", asked)
    return redirect(flow.sign_in_url(back_to), headers=call.headers)


def _fresh(call: Call, request: wsfed.PassiveRequest, session: Doc, query: str) -> bool:
    """Whether the session is as young as `wfresh` wants: its minutes, or begun since we asked for this very request."""
    if request.wfresh is None:
        return True
    at = gate.authenticated_at(session)
    asked = flow.unseal(call, "fresh", call.params.get("okta_key", ""))
    if asked is not None and asked["query"] == _digest(query):
        return bool(session["id"] != asked["session"] and at // SECOND >= asked["at"] // SECOND)
    return not request.fresh and call.now - at <= request.wfresh * MINUTE


def _digest(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:32]


def _refusal(call: Call, refused: admission.Refused) -> Exception:
    """The page for a person who may not go on."""
    if refused.reason == "unconfigured":
        what = pages.notice("Office 365 Login Failure", admission.NOT_CONFIGURED)
        return pages.stop(call, "E0000079", what, status=200, why=refused.why)
    if refused.reason == "unassigned":
        what = pages.notice("User is not assigned to this application", "Ask your administrator for access.")
    elif refused.reason == "factors":
        what = pages.notice(
            "Another factor is needed",
            "This sign-in asks for more than a password, and you have no second factor set up. "
            "Ask your administrator for help.",
        )
    else:
        what = pages.notice("Access denied", "The sign-on policy of this application does not let you in from here.")
    return pages.stop(call, "E0000006", what, status=403, why=refused.why)
