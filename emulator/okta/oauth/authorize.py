"""The authorize endpoints: a person comes with a browser, signs in at the org's page, and goes back with a code.

Source: RFC 6749, 7636, 9207 and Okta's /authorize as documented; security.md J9 to J11. What is wrong with the client
or its redirect URI is shown as a page; all else goes back to the client, with a code, tokens (implicit) or both
(hybrid) where nothing is wrong.
"""

from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from emulator.kernel.call import Call
from emulator.kernel.clock import SECOND
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.events import app_target, app_user_target, emit, user_target
from emulator.okta.oauth import decide, forms, grants, person_consent, scoping, tickets
from emulator.okta.oauth.authorize_request import Asked, checked
from emulator.okta.oauth.clients import Client, named
from emulator.okta.oauth.errors import stop
from emulator.okta.oauth.servers import Server, by_path
from emulator.okta.sso import challenge, flow, fresh, gate, pages, signin, slo
from emulator.protocols.html import redirect

_EVENTS = (
    "app.oauth2.authorize.code", "app.oauth2.signon", "user.authentication.sso", "policy.evaluate_sign_on",
    "app.generic.unauth_app_access_attempt", "user.session.start", "app.oauth2.token.grant.access_token",
    "app.oauth2.token.grant.id_token", "inline_hook.executed",
)  # fmt: skip
_QUERY = (
    "client_id", "response_type", "response_mode", "redirect_uri", "scope", "state", "nonce", "prompt", "max_age",
    "login_hint", "code_challenge", "code_challenge_method", "sessionToken", "okta_key", "display", "acr_values",
    "request", "request_uri", "idp", "ui_locales", person_consent.ANSWER,
)  # fmt: skip
_OWN = ("sessionToken", "okta_key", person_consent.ANSWER)
NOT_SIGNED_IN = "The client specified not to prompt, but the user is not logged in."


def refuse(call: Call, problem: Problem) -> Answer:
    """Back to the client where that is safe, else a page."""
    answer: Answer | None = problem.extra.get("answer")
    return answer or pages.refuse(call, problem)


_AT: Any = {**pages.as_page(bucket="login", emits=_EVENTS, query=_QUERY), "extra": {"refuse": refuse}}


@operation("GET", "/oauth2/v1/authorize", source=DOCUMENTED, **_AT)
@operation("POST", "/oauth2/v1/authorize", source=DOCUMENTED, body="bytes", **_AT)
def org_authorize(call: Call) -> Answer:
    """Sign in to an app of the org authorization server."""
    return _authorize(call)


@operation("GET", "/oauth2/{authServerId}/v1/authorize", source=DOCUMENTED, **_AT)
@operation("POST", "/oauth2/{authServerId}/v1/authorize", source=DOCUMENTED, body="bytes", **_AT)
def custom_authorize(call: Call) -> Answer:
    """Sign in to an app of a custom authorization server."""
    return _authorize(call)


def _authorize(call: Call) -> Answer:
    server = by_path(call)
    try:
        form = forms.parameters(call)
        client = named(call, form.get("client_id", ""))
        target = redirect_of(client, form.get("redirect_uri"))
    except Problem as problem:
        raise _page(call, problem) from problem
    asked = Asked.read(form, target)
    try:
        return _decided(call, server, client, asked, form)
    except Problem as problem:
        if "error" not in problem.extra:
            raise
        raise _refused(call, server, client, asked, problem) from problem


def redirect_of(client: Client, wanted: str | None) -> str:
    """The redirect URI, exactly as registered (loopback addresses of native apps: any port). Raises 400."""
    known: list[str] = list(client.settings.get("redirect_uris") or [])
    if wanted in known:
        return str(wanted)
    native = client.settings.get("application_type") == "native"
    if native and wanted and any(_same_loopback(item, wanted) for item in known):
        return wanted
    text = "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."
    compared = (Compared("redirect_uri", str(wanted)[:300], "query"), Compared("registered", known, "the client"))
    raise stop("invalid_request", text, *compared)


def _same_loopback(known: str, wanted: str) -> bool:
    try:
        ours, theirs = urlsplit(known), urlsplit(wanted)
        local = ours.hostname in ("127.0.0.1", "::1") and ours.scheme == "http"
        same = (ours.scheme, ours.hostname, ours.path, ours.query) == (
            theirs.scheme, theirs.hostname, theirs.path, theirs.query
        )  # fmt: skip
        return local and same and theirs.port is not None and "@" not in theirs.netloc and not theirs.fragment
    except ValueError:
        return False


def _decided(call: Call, server: Server, client: Client, asked: Asked, form: Doc) -> Answer:
    checked(client, asked)
    scopes = scoping.for_person(call, server, client, scoping.asked(form))
    where = f"{call.exchange.path}?{_own_query(call, form)}"
    found = _signed_in(call, asked, where)
    if isinstance(found, Answer):
        return found
    session, user = found
    factors, auth_ms = gate.factors(session), gate.authenticated_at(session)
    for grant, needed in (("authorization_code", "code" in asked.wants), ("implicit", asked.wants != {"code"})):
        if needed:
            decide.lifetimes(call, server, client, user, grant, scopes)
    if "id_token" in asked.wants and "openid" not in scopes:
        raise stop("invalid_scope", "The 'openid' scope is required for response type 'id_token'.",
                   Compared("scope", " ".join(scopes), "query"))  # fmt: skip
    short = decide.admit(call, client, user, factors=factors, auth_ms=auth_ms, session=session)
    if short is None:
        page = person_consent.ask(call, server, client, user, scopes, asked.prompt, where=where)
        if page is not None:
            return page
    else:
        to = fresh.whole(call) if call.exchange.method == "GET" else where
        page = None if "none" in asked.prompt else challenge.for_app(call, session, user, short, to=to)
        if page is None:
            raise decide.denied(call, short)
        return page
    return _granted(call, server, client, asked, user, scopes=scopes, auth_ms=auth_ms, factors=factors)


def _granted(
    call: Call, server: Server, client: Client, asked: Asked, user: Doc, *, scopes: list[str], auth_ms: int,
    factors: frozenset[str],
) -> Answer:  # fmt: skip
    """Back to the client with a code, with tokens, or with both."""
    given: Doc = {}
    if "code" in asked.wants:
        with call.commit():
            given["code"] = _code(call, server, client, asked, user, scopes, auth_ms, factors)
    if asked.wants - {"code"}:
        request = grants.Request(call, server, client, {}, None)
        proofs: Doc = {"auth_ms": auth_ms, "amr": tuple(sorted(factors)), "nonce": asked.nonce}
        given |= grants.implicit(
            request, user, scopes=scopes, wants=asked.wants, code=given.get("code"), proofs=proofs
        )  # fmt: skip
    with call.commit():
        _log_sso(call, client, user)
        slo.joined(call, str(call.memo.get("session_id", "")), client.app)
    return _back(call, server, asked, given)


def _code(
    call: Call, server: Server, client: Client, asked: Asked, user: Doc, scopes: list[str], auth_ms: int,
    factors: frozenset[str],
) -> str:  # fmt: skip
    code = tickets.give_code(call, {
        "client": client.id, "server": server.id, "user": user["id"], "scopes": scopes, "redirect": asked.redirect,
        "challenge": asked.challenge, "method": "S256", "nonce": asked.nonce, "auth": auth_ms,
        "amr": sorted(factors), "sid": slo.sid_for(call, client.app),
    })  # fmt: skip
    emit(call, "app.oauth2.authorize.code", [app_target(client.app), user_target(user)])
    return code


def _log_sso(call: Call, client: Client, user: Doc) -> None:
    from emulator.okta.resources import app_users

    app_user = app_users.find(call.store, client.app["id"], user["id"])
    targets = [app_target(client.app)] + ([app_user_target(app_user, user)] if app_user else [])
    emit(call, "user.authentication.sso", targets)


def _own_query(call: Call, form: Doc) -> str:
    """The request as a query that comes back here, without what this org put there itself."""
    if call.exchange.method == "GET":
        return fresh.own_query(call)
    return urlencode({name: value for name, value in form.items() if name not in _OWN})


def _signed_in(call: Call, asked: Asked, where: str) -> tuple[Doc, Doc] | Answer:
    """Session and user, or the way to the sign-in page. Raises login_required where the client wants no page."""
    found = signin.take_session_token(call, asked.session_token) if asked.session_token else gate.person(call)
    old = found is not None and asked.max_age_s is not None and (
        call.now - gate.authenticated_at(found[0]) > asked.max_age_s * SECOND
    )  # fmt: skip
    again = found is not None and (old or "login" in asked.prompt) and not asked.session_token
    if again and found is not None and fresh.proved(call, where, found[0]):
        again = False
    if found is not None and not again:
        return found
    if "none" in asked.prompt:
        raise stop("login_required", NOT_SIGNED_IN, Compared("prompt", "none", "query"))
    if again and found is not None:
        return fresh.ask(call, where, found[0])
    return redirect(flow.sign_in_url(where), headers=call.headers)


def _refused(call: Call, server: Server, client: Client, asked: Asked, problem: Problem) -> Problem:
    """A refusal that goes to the client's redirect URI."""
    error = str(problem.extra["error"])
    for row in problem.extra.get("log", ()):
        if row not in call.entries:
            call.log(row)
    emit(call, "app.oauth2.authorize.code", [app_target(client.app)], outcome="FAILURE", reason=error, why=problem.why)
    back = _back(call, server, asked, {"error": error, "error_description": problem.extra["description"]})
    return Problem(error, why=problem.why, answer=back, log=tuple(call.entries))


def _back(call: Call, server: Server, asked: Asked, values: Doc) -> Answer:
    """Back to the client, in the way it asked for."""
    if asked.state is not None:
        values["state"] = asked.state
    values["iss"] = server.issuer
    if asked.mode == "form_post":
        fields = [(name, str(value)) for name, value in values.items()]
        return pages.hand_over(call, "Signing in", asked.redirect, fields)
    mark = "#" if asked.mode == "fragment" else "&" if "?" in asked.redirect else "?"
    text = urlencode(values, quote_via=quote)
    return redirect(f"{asked.redirect}{mark}{text}", headers=call.headers)


def _page(call: Call, problem: Problem) -> Problem:
    """A refusal that must not go to a redirect URI."""
    text = str(problem.extra.get("description") or "The request is not valid.")
    what = pages.notice("400 Bad Request", f"Your request resulted in an error. {text}")
    return pages.stop(call, str(problem.code), what, status=400, why=problem.why or Why(text))
