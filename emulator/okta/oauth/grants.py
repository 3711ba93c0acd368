"""The grant types: what each wants, and what tokens it gives. Source: okta-admin-api.md 2.2; RFC 6749, 7636.

`client_credentials`, `authorization_code` (with PKCE), `refresh_token`, `password`, device code, and implicit.
"""

from dataclasses import dataclass, replace

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem
from emulator.okta import delegated_authentication, user_passwords
from emulator.okta.events import emit, entry, user_target
from emulator.okta.oauth import custom_claims, decide, device, issue, scoping, tickets, token_hook
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.errors import invalid_grant, invalid_request
from emulator.okta.oauth.issue import Terms
from emulator.okta.oauth.servers import Server
from emulator.okta.user_docs import USERS
from emulator.protocols.jose import pkce_matches, read_unverified

PKCE_FAILED = "PKCE verification failed."
PKCE_NEEDED = "PKCE code verifier is required when the token endpoint authentication method is 'NONE'."
WRONG_PASSWORD = "The credentials provided were invalid."
_SIGNED_IN = ("ACTIVE", "PASSWORD_EXPIRED")


@dataclass(frozen=True, slots=True)
class Request:
    """A token request whose client is known. jkt: the key it proved to hold."""

    call: Call
    server: Server
    client: Client
    form: Doc
    jkt: str | None

    def needed(self, name: str) -> str:
        """A parameter that must be there. Raises 400 invalid_request."""
        found = self.form.get(name)
        if not found:
            raise invalid_request(f"The token request must provide '{name}'.", Compared(name, None, "request"))
        return str(found)


def client_credentials(request: Request) -> Doc:
    """An access token for the client itself."""
    call, server, client = request.call, request.server, request.client
    scopes = scoping.for_client(call, server, client, scoping.asked(request.form))
    life = decide.lifetimes(call, server, client, None, "client_credentials", scopes)
    claims = custom_claims.evaluated(call, server, client, None, scopes, kind="RESOURCE")
    terms = Terms(tuple(scopes), life_s=life.access_s, access_claims=claims, jkt=request.jkt, hook=life.hook)
    terms = token_hook.hooked(call, server, client, terms)
    access = issue.access_token(call, server, client, terms)
    with call.commit():
        _log(call, client, terms, access)
    return issue.answer(terms, access)


def authorization_code(request: Request) -> Doc:
    """Tokens for a code of this server's authorize endpoint."""
    call, client = request.call, request.client
    code = request.needed("code")
    family = call.ids.okta("oar")
    with call.commit():
        state = tickets.take_code(call, code, client, family=family)
    _check_code(request, state)
    user = _person(call, state["user"])
    terms = _terms(request, user, state["scopes"], "authorization_code")
    terms = replace(terms, auth_ms=state["auth"], amr=tuple(state["amr"]), nonce=state["nonce"], family=family)
    if state.get("sid"):
        terms = replace(terms, id_claims={**terms.id_claims, "sid": state["sid"]})
    return _person_tokens(request, terms, family)


def _check_code(request: Request, state: Doc) -> None:
    if state["server"] != request.server.id:
        compared = (Compared("server", state["server"], "authorization code"), _form(request, "code"))
        raise invalid_grant(tickets.BAD_CODE, *compared, rule="Another authorization server gave the code.")
    redirect = request.form.get("redirect_uri")
    if redirect != state["redirect"]:
        text = "The 'redirect_uri' does not match the redirection URI used in the authorization request."
        compared = (_form(request, "redirect_uri"), Compared("redirect_uri", state["redirect"], "authorize request"))
        raise invalid_grant(text, *compared)
    challenge, verifier = state["challenge"], request.form.get("code_verifier")
    if challenge is None:
        if verifier is not None or request.client.is_public:
            text = PKCE_FAILED if verifier is not None else PKCE_NEEDED
            raise invalid_grant(text, Compared("code_challenge", None, "authorize request"))
        return
    if not verifier:
        raise invalid_grant(PKCE_FAILED, _form(request, "code_verifier"), rule="The request began with a challenge.")
    if not pkce_matches(verifier, challenge, method=state["method"]):
        asked = Compared("code_challenge", challenge, "authorize request")
        raise invalid_grant(PKCE_FAILED, asked, rule="The verifier does not answer the challenge.")


def refresh_token(request: Request) -> Doc:
    """New tokens for a refresh token; fewer scopes may be asked for."""
    call, server, client = request.call, request.server, request.client
    value = request.needed("refresh_token")
    row = tickets.held(call, server, value, client)
    if row["_jkt"] is not None and row["_jkt"] != request.jkt:
        compared = (Compared("jkt", request.jkt, "DPoP proof"), Compared("jkt", row["_jkt"], "refresh token"))
        raise invalid_grant(tickets.BAD_REFRESH, *compared, rule="The refresh token is bound to another key.")
    wanted = scoping.asked(request.form) or row["scopes"]
    more = sorted(set(wanted) - set(row["scopes"]))
    if more:
        from emulator.okta.oauth.errors import stop

        text = "The requested scope is not a subset of the scopes that were granted."
        raise stop("invalid_scope", text, Compared("scope", " ".join(more), "request"))
    user = _person(call, row["userId"])
    terms = _terms(request, user, wanted, None)
    terms = replace(terms, auth_ms=row["_authMs"], amr=tuple(row["_amr"]), family=row["id"])
    terms = token_hook.hooked(call, server, client, terms)
    access = issue.access_token(call, server, client, terms)
    id_text = issue.id_token(call, server, client, terms, access=access) if "openid" in wanted else None
    with call.commit():
        text = tickets.used(call, row, value, client)
        _log(call, client, terms, access, id_text=id_text)
    return issue.answer(terms, access, id_text=id_text, refresh=text)


def password(request: Request) -> Doc:
    """Tokens for a user name and password, where the app allows it."""
    from emulator.okta.resources import users

    call = request.call
    name, secret = request.needed("username"), request.needed("password")
    user = users.by_login(call.store, name)
    try:
        user, right = delegated_authentication.compare(call, user, name, secret)
    except delegated_authentication.Unavailable as unavailable:
        raise unavailable.problem from unavailable
    with call.commit():
        user = users.by_login(call.store, name)
        if user is not None:
            user_passwords.count(call, user, secret, right=right)
    if user is None or not right or delegated_authentication.standing(call, user) != "ACTIVE":
        state = Compared("status", user["status"] if user else None, "the user")
        compared = (Compared("username", name[:100], "request"), state)
        raise invalid_grant(WRONG_PASSWORD, *compared, rule="It takes the password of an active user.")
    terms = _terms(request, user, scoping.asked(request.form), "password")
    decide.admit(call, request.client, user, factors=frozenset({"pwd"}), auth_ms=call.now)
    family = call.ids.okta("oar")
    terms = replace(terms, auth_ms=call.now, amr=("pwd",), family=family)
    return _person_tokens(request, terms, family)


def _terms(request: Request, user: Doc, wanted: list[str], grant: str | None) -> Terms:
    """What a person's tokens will hold. `grant` None: a refresh, which keeps what was decided then."""
    call, server, client = request.call, request.server, request.client
    scopes = scoping.for_person(call, server, client, wanted)
    life = decide.Lifetimes()
    for kind in (grant,) if grant else ("authorization_code", "password"):
        try:
            life = decide.lifetimes(call, server, client, user, str(kind), scopes)
            break
        except Problem:
            if grant or kind == "password":
                raise
    thin = "openid" in scopes
    return Terms(
        tuple(scopes), user, life_s=life.access_s, refresh_ms=life.refresh_ms, refresh_life_ms=life.refresh_life_ms,
        access_claims=custom_claims.evaluated(call, server, client, user, scopes, kind="RESOURCE"),
        id_claims=custom_claims.evaluated(call, server, client, user, scopes, kind="IDENTITY", thin=True)
        if thin else {}, jkt=request.jkt, hook=life.hook,
    )  # fmt: skip


def device_code(request: Request) -> Doc:
    """Tokens for a device whose code a person has typed."""
    call = request.call
    row = device.take(call, request.server, request.client, request.needed("device_code"))
    said = row["said"]
    user = _person(call, said["user"])
    terms = _terms(request, user, row["scopes"], device.GRANT)
    family = call.ids.okta("oar")
    terms = replace(terms, auth_ms=said["auth_ms"], amr=tuple(said["amr"]), family=family)
    return _person_tokens(request, terms, family)


def implicit(request: Request, user: Doc, *, scopes: list[str], wants: set[str], code: str | None, proofs: Doc) -> Doc:
    """Tokens straight from the authorize endpoint, without a refresh token. proofs: auth_ms, amr, nonce."""
    call, server, client = request.call, request.server, request.client
    scopes = [name for name in scopes if name != "offline_access"]
    terms = token_hook.hooked(call, server, client, replace(_terms(request, user, scopes, "implicit"), **proofs))
    access = issue.access_token(call, server, client, terms) if "token" in wants else None
    given = issue.answer(terms, access) if access is not None else {}
    id_text = None
    if "id_token" in wants:
        id_text = given["id_token"] = issue.id_token(call, server, client, terms, access=access, code=code)
    with call.commit():
        _log(call, client, terms, access, id_text=id_text)
    return given


def _person_tokens(request: Request, terms: Terms, family: str) -> Doc:
    call, server, client = request.call, request.server, request.client
    terms = token_hook.hooked(call, server, client, terms)
    refreshes = "offline_access" in terms.scopes and "refresh_token" in client.grant_types
    access = issue.access_token(call, server, client, terms)
    id_text = issue.id_token(call, server, client, terms, access=access) if "openid" in terms.scopes else None
    refresh = None
    with call.commit():
        if refreshes:
            refresh = tickets.give_refresh(call, server, client, terms, id=family)
        _log(call, client, terms, access, id_text=id_text, refresh=family if refresh else None)
    return issue.answer(terms, access, id_text=id_text, refresh=refresh)


def _person(call: Call, user_id: str) -> Doc:
    user: Doc | None = call.store.get(USERS, user_id)
    if user is None or user["status"] not in _SIGNED_IN:
        state = Compared("status", user["status"] if user else None, f"user {user_id}")
        raise invalid_grant("The user is not active.", state, rule="Tokens are for people who may sign in.")
    return user


def _form(request: Request, name: str) -> Compared:
    return Compared(name, str(request.form.get(name))[:200], "request")


def _log(
    call: Call,
    client: Client,
    terms: Terms,
    access: str | None,
    *,
    id_text: str | None = None,
    refresh: str | None = None,
) -> None:
    """One event for each token, by the client."""
    from emulator.okta.events import target

    about = [user_target(terms.user)] if terms.user is not None else []
    debug = {"grantedScopes": " ".join(terms.scopes)}
    given = [("access_token", access, "access_token"), ("id_token", id_text, "id_token")]
    for kind, text, name in given:
        if text is not None:
            jti = str(read_unverified(text).claims["jti"])
            token = target(name, jti, name=kind.replace("_", " ").title())
            emit(call, f"app.oauth2.token.grant.{kind}", [token, *about], actor=client.actor(), debug=debug)
    if refresh is not None:
        token = target("refresh_token", refresh, name="Refresh Token")
        emit(call, "app.oauth2.token.grant.refresh_token", [token, *about], actor=client.actor(), debug=debug)


def logged(call: Call, client: Client, problem: Problem) -> Problem:
    """A refusal that the System Log tells of."""
    if "error" in problem.extra:
        reason = str(problem.extra["error"])
        row = entry(call, "app.oauth2.token.grant", outcome="FAILURE", reason=reason, actor=client.actor(),
                    why=problem.why)  # fmt: skip
        problem.extra["log"] = (*problem.extra.get("log", ()), row)
    return problem


__all__ = [
    "Request", "authorization_code", "client_credentials", "device_code", "implicit", "logged", "password",
    "refresh_token",
]  # fmt: skip
