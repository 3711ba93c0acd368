"""Signing in to the org in a browser: the page, the form, and hand-over of a session token.

Source: okta-admin-api.md 15 (browser side); the page's own form post stands for the vendor's script-driven one.
"""

from urllib.parse import parse_qsl, urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import password_policy, session_policy, user_passwords
from emulator.okta.events import emit, target
from emulator.okta.resources import authn, trusted_origins, users
from emulator.okta.sso import flow, gate, pages
from emulator.protocols.html import redirect

FAILED = "We could not sign you in. Check your user name and password, and try again."
EXPIRED = "Your password has expired. Ask your administrator to reset it, then sign in with the new one."
DENIED = "You cannot sign in from here. Ask your administrator for help."
LOCKED = "Your account is locked. Ask your administrator to unlock it."


@operation(
    "GET", flow.SIGN_IN, source=inferred("the vendor's page is a script; this one is a form with the same effect"),
    bucket="login", query=("fromURI", "username", "login_hint"), **pages.as_page(),
)  # fmt: skip
def sign_in_page(call: Call) -> Answer:
    """The sign-in page; `fromURI` says where to go afterwards."""
    asked = call.params.get("fromURI", "")
    back_to = flow.local(call, asked) if asked else flow.HOME
    if back_to is None:
        call.note(f"fromURI leads away from this org and was ignored: {asked[:200]}")
        back_to = flow.HOME
    hint = call.params.get("username") or call.params.get("login_hint") or _hint(back_to)
    return pages.show(call, _form(call, back_to, hint))


@operation(
    "POST", flow.SIGN_IN, source=inferred("same texts for every failure, as POST /authn"), bucket="login", body="form",
    emits=("user.session.start", "user.account.lock", "user.account.unlock", "policy.evaluate_sign_on"),
    **pages.as_page(),
)  # fmt: skip
def sign_in(call: Call) -> Answer:
    """User name and password; a session cookie and the way on when they are right."""
    state = flow.unseal(call, "signin", call.body.get("stateToken", ""))
    if state is None:
        what = pages.notice("This page is out of date", "Go back to where you started and sign in again.")
        why = Why("The form's state was not signed by this org within the last hour, so nothing in it counts.")
        raise pages.stop(call, "E0000011", what, status=400, why=why)
    _same_site(call)
    username, password = call.body.get("username", "").strip(), call.body.get("password", "")
    user = users.by_login(call.store, username)
    right = user_passwords.password_matches(user, password)
    with call.commit():
        user = users.by_login(call.store, username)
        refused = _verify(call, user, username, password, right=right)
        if refused is None and user is not None:
            gate.enter(call, user)
    if refused is not None:
        text, why = refused
        what = _form(call, state["to"], username, text, explain=text != FAILED)
        raise pages.stop(call, "E0000004", what, status=401, why=why)
    return redirect(state["to"], headers=call.headers)


@operation(
    "GET", "/login/sessionCookieRedirect", source=DOCUMENTED, bucket="login", query=("token", "redirectUrl"),
    emits=("user.session.start",), **pages.as_page(),
)  # fmt: skip
def session_cookie_redirect(call: Call) -> Answer:
    """Turn a session token into a session, then go on to `redirectUrl`, an address of this org or a trusted origin."""
    wanted = call.params.get("redirectUrl") or flow.HOME
    back_to = wanted if trusted_origins.trusts(call.store, wanted, "REDIRECT") else flow.local(call, wanted)
    if back_to is None:
        compared = (Compared("redirectUrl", wanted[:200], "query"), Compared("org", call.info["host"], "this org"))
        what = pages.notice("That address is not allowed", "The link asked to go on to an address outside this org.")
        why = Why("redirectUrl must stay on this org or lead to a trusted origin (REDIRECT).", compared)
        raise pages.stop(call, "E0000006", what, status=400, why=why)
    if not take_session_token(call, call.params.get("token", "")):
        return redirect(flow.sign_in_url(back_to), headers=call.headers)
    return redirect(back_to, headers=call.headers)


def take_session_token(call: Call, token: str) -> tuple[Doc, Doc] | None:
    """Session and user for a session token, which works once; None when it is spent, expired or unknown."""
    with call.commit():
        user = authn.redeem_session_token(call, token) if token else None
        if user is None or user["status"] not in gate.MAY_STAY:
            call.note("The session token was spent, expired or unknown; the sign-in page follows.")
            return None
        call.memo["session_token"] = True
        return gate.enter(call, user), user


def _verify(call: Call, user: Doc | None, username: str, password: str, *, right: bool) -> tuple[str, Why] | None:
    """None for the right password of an active user, else the text for the page and the reason. Counts and logs."""
    typed = Compared("username", username, "sign-in form")
    if user is None:
        _failed(call, username, None)
        return FAILED, Why("No user of this org has that login.", (typed,))
    user_passwords.count(call, user, password, right=right)
    status = user["status"]
    state = Compared("status", status, f"user {user['profile']['login']}")
    if right and status == "ACTIVE":
        return _allowed(call, user)
    _failed(call, username, user)
    if right and status == "PASSWORD_EXPIRED":
        return EXPIRED, Why("The password is right but has expired; the user must set a new one.", (state,))
    if status == "LOCKED_OUT":
        shown = password_policy.settings(call, user)["lockout"]["showLockoutFailures"]
        return LOCKED if shown else FAILED, Why("The user is locked out after too many wrong passwords.", (state,))
    if right:
        return FAILED, Why("Only users whose status is ACTIVE sign in.", (state,))
    return FAILED, Why("The password is not the user's.", (typed, state))


def _allowed(call: Call, user: Doc) -> tuple[str, Why] | None:
    """None unless the global session policy denies."""
    decision = session_policy.enter(call, user, frozenset({"pwd"}))
    if decision.access == "ALLOW":
        return None
    gate.identify(call, user)
    emit(call, "user.session.start", outcome="FAILURE", reason="Sign-on policy evaluation resulted in DENY")
    return DENIED, decision.why


def _failed(call: Call, username: str, user: Doc | None) -> None:
    actor = target("User", user["id"] if user else "unknown", name="unknown", alternate=username)
    if user is not None:
        gate.identify(call, user)
    reason = "INVALID_CREDENTIALS" if user is not None else "VERIFICATION_ERROR"
    emit(call, "user.session.start", outcome="FAILURE", reason=reason, actor=None if user else actor)


def _form(call: Call, back_to: str, username: str, problem: str = "", *, explain: bool = True) -> pages.Page:
    values = {
        "title": "Sign in", "state": flow.seal(call, "signin", {"to": back_to}), "username": username,
        "problem": problem,
    }  # fmt: skip
    return pages.Page("signin.html", values, explain=explain)


def _hint(back_to: str) -> str:
    """The user name that a sign-in request carried: Microsoft sends what the person typed there."""
    sent = dict(parse_qsl(urlsplit(back_to).query))
    return sent.get("username") or sent.get("login_hint") or ""


def _same_site(call: Call) -> None:
    """A sign-in form posted from another site would sign a person in as somebody else."""
    headers = call.exchange.headers
    origin, site = headers.get("origin", "null"), headers.get("sec-fetch-site", "same-origin")
    if site != "cross-site" and origin in ("null", call.base):
        return
    compared = (Compared("Origin", origin, "request"), Compared("org", call.base, "this org"))
    what = pages.notice("Sign-in refused", "The form was sent from another site.")
    raise _foreign(call, what, Why("The sign-in form is taken from the org's own pages only.", compared))


def _foreign(call: Call, what: pages.Page, why: Why) -> Problem:
    return pages.stop(call, "E0000006", what, status=403, why=why)
