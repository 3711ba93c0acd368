"""Signing in to the org in a browser: the page, the form, and hand-over of a session token.

Source: okta-admin-api.md 15 (browser side); the page's own form post stands for the vendor's script-driven one.
"""

from urllib.parse import parse_qsl, urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import delegated_authentication, password_policy, user_passwords
from emulator.okta.events import emit, target
from emulator.okta.mfa import fastpass, journey, strength
from emulator.okta.resources import authn, trusted_origins, users
from emulator.okta.sso import challenge, fastpass_page, flow, gate, pages, smart_card
from emulator.protocols.html import redirect

FAILED = "We could not sign you in. Check your user name and password, and try again."
DENIED = "You cannot sign in from here. Ask your administrator for help."
LOCKED = "Your account is locked. Ask your administrator to unlock it."
OUT_OF_REACH = "Your company's directory cannot be reached right now. Try again later."


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
    emits=("user.session.start", "user.account.lock", "user.account.unlock", "policy.evaluate_sign_on",
           *delegated_authentication.EMITS),
    **pages.as_page(),
)  # fmt: skip
def sign_in(call: Call) -> Answer:
    """User name and password; a session cookie and the way on when they are right."""
    state = flow.unseal(call, "signin", call.body.get("stateToken", ""))
    if state is None:
        what = pages.notice("This page is out of date", "Go back to where you started and sign in again.")
        why = Why("The form's state was not signed by this org within the last hour, so nothing in it counts.")
        raise pages.stop(call, "E0000011", what, status=400, why=why)
    same_site(call)
    username, password = call.body.get("username", "").strip(), call.body.get("password", "")
    if username and not password:
        return pages.show(call, _form(call, state["to"], username, known=True))
    right = _compared(call, username, password, state["to"])
    answer: Answer | None = None
    try:
        with call.commit():
            user = users.by_login(call.store, username)
            refused = _verify(call, user, username, password, right=right)
            if refused is None and user is not None:
                answer = _entered(call, user, state["to"])
    except Problem as problem:
        raise _no_way_in(call, problem, state["to"], username) from problem
    if answer is None and refused is not None:
        text, why = refused
        what = _form(call, state["to"], username, text, explain=text != FAILED)
        raise pages.stop(call, "E0000004", what, status=401, why=why)
    return answer or redirect(state["to"], headers=call.headers)


def _entered(call: Call, user: Doc, back_to: str) -> Answer:
    """In, or the page that asks for what the org's policies want besides the password. Raises E0000006."""
    gate.identify(call, user)
    proofs = [strength.password(call.now)]
    trip = journey.draft(
        call, user, proofs=proofs, to=back_to, device=challenge.device_of(call),
        expired=delegated_authentication.standing(call, user) == "PASSWORD_EXPIRED",
        options={"warnBeforePasswordExpired": True},
    )  # fmt: skip
    if journey.advance(trip) == journey.SUCCESS:
        return challenge.enter(trip)
    return challenge.ask(trip)


def _no_way_in(call: Call, problem: Problem, back_to: str, username: str) -> Problem:
    """The right password, but a rule that denies, or a factor that the person does not have."""
    why = problem.why or Why(problem.code)
    if problem.code != "E0000006":
        return problem
    if why.rule == journey.NO_FACTOR:
        return pages.stop(call, "E0000006", challenge.NO_FACTOR, status=403, why=why)
    return pages.stop(call, "E0000004", _form(call, back_to, username, DENIED), status=401, why=why)


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
        found = authn.redeem_session_token(call, token) if token else None
        if found is None or found[0]["status"] not in gate.MAY_STAY:
            call.note("The session token was spent, expired or unknown; the sign-in page follows.")
            return None
        user, row = found
        call.memo["session_token"] = True
        return gate.enter(call, user, row["proofs"], remembered=row["remembered"]), user


def _compared(call: Call, username: str, password: str, back_to: str) -> bool:
    """Whether the password is right, by whoever keeps it. Raises the page that says a directory is out of reach."""
    try:
        user = users.by_login(call.store, username)
        return delegated_authentication.compare(call, user, username, password)[1]
    except delegated_authentication.Unavailable as unavailable:
        what = _form(call, back_to, username, OUT_OF_REACH)
        problem = unavailable.problem
        why = problem.why or Why("No agent of the directory answers.")
        raise pages.stop(call, problem.code, what, status=503, why=why) from unavailable


def _verify(call: Call, user: Doc | None, username: str, password: str, *, right: bool) -> tuple[str, Why] | None:
    """None for the right password of an active user, else the text for the page and the reason. Counts and logs."""
    typed = Compared("username", username, "sign-in form")
    if user is None:
        _failed(call, username, None)
        return FAILED, Why("No user of this org has that login.", (typed,))
    user_passwords.count(call, user, password, right=right)
    status = delegated_authentication.standing(call, user)
    state = Compared("status", status, f"user {user['profile']['login']}")
    if right and status in ("ACTIVE", "PASSWORD_EXPIRED"):
        return None
    _failed(call, username, user)
    if status == "LOCKED_OUT":
        shown = password_policy.settings(call, user)["lockout"]["showLockoutFailures"]
        why = Why("The user is locked out after too many wrong passwords.", (state,))
        return LOCKED if shown else FAILED, delegated_authentication.because(call, why)
    if right:
        return FAILED, Why("Only users whose status is ACTIVE sign in.", (state,))
    return FAILED, delegated_authentication.because(call, Why("The password is not the user's.", (typed, state)))


def _failed(call: Call, username: str, user: Doc | None) -> None:
    actor = target("User", user["id"] if user else "unknown", name="unknown", alternate=username)
    if user is not None:
        gate.identify(call, user)
    reason = "INVALID_CREDENTIALS" if user is not None else "VERIFICATION_ERROR"
    emit(call, "user.session.start", outcome="FAILURE", reason=reason, actor=None if user else actor)


def _form(
    call: Call, back_to: str, username: str, problem: str = "", *, explain: bool = True, known: bool = False
) -> pages.Page:
    """known: the name was given first, and the password is asked for now, whether or not there is such a user."""
    values = {
        "title": "Sign in", "state": flow.seal(call, "signin", {"to": back_to}), "username": username,
        "problem": problem, "known": known, "card": smart_card.offer(call, back_to),
        "fastpass": fastpass_page.AT if fastpass.offered(call) else "",
    }  # fmt: skip
    return pages.Page("signin.html", values, explain=explain)


def _hint(back_to: str) -> str:
    """The user name that a sign-in request carried: Microsoft sends what the person typed there."""
    sent = dict(parse_qsl(urlsplit(back_to).query))
    return sent.get("username") or sent.get("login_hint") or ""


def same_site(call: Call) -> None:
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
