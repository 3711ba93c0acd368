"""OAuth for Okta: whom an access token of the org authorization server stands for at the admin API.

Source: okta-admin-api.md 2.2, 2.3. A token bound to a key needs `Authorization: DPoP` and a proof; a service app acts
with its own admin roles, a person's token with the person's.
"""

from emulator.kernel.call import Call, Caller
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import admins
from emulator.okta.events import full_name
from emulator.okta.oauth import clients, dpop, presented
from emulator.okta.oauth.challenge import challenge
from emulator.okta.user_docs import USERS

INVALID = "The access token is invalid."
MISSING_SCOPES = "The access token provided does not contain the required scopes."


def caller_of(call: Call, scheme: str, token: str) -> Caller:
    """The client or person behind a token. Raises 401 E0000011 with a challenge."""
    try:
        claims = presented.org_token(call, token).claims
    except presented.Unusable as error:
        compared = tuple(Compared(name, value, "access token") for name, value in error.details.items())
        why = Why(f"The access token does not count: {error.reason}.", compared)
        raise _invalid(call, scheme, "invalid_token", INVALID, why) from error
    _check_binding(call, scheme, token, claims)
    client = clients.find(call, claims["cid"])
    if client is None:
        why = Why("The token's client has gone or is inactive.", (Compared("cid", claims["cid"], "access token"),))
        raise _invalid(call, scheme, "invalid_token", INVALID, why)
    scopes, extra = frozenset(claims["scp"]), {"scheme": scheme, "client": client.id, "token": claims["jti"]}
    if "uid" not in claims:
        roles = None if client.is_integration else admins.of_client(call.store, client.id)
        return Caller("app", client.id, client.app["label"], scopes, {**extra, "roles": roles})
    user = call.store.get(USERS, claims["uid"])
    if user is None or user["status"] != "ACTIVE":
        state = Compared("status", user["status"] if user else None, f"user {claims['uid']}")
        raise _invalid(call, scheme, "invalid_token", INVALID, Why("The token's person is not active.", (state,)))
    roles = admins.of_user(call.store, user["id"])
    return Caller("user", user["id"], full_name(user), scopes, {**extra, "roles": roles})


def _check_binding(call: Call, scheme: str, token: str, claims: Doc) -> None:
    bound = (claims.get("cnf") or {}).get("jkt")
    if bound is None and scheme == "DPoP":
        why = Why("The token is bound to no key, so it is a Bearer token.", (Compared("cnf", None, "access token"),))
        raise _invalid(call, scheme, "invalid_token", INVALID, why)
    if bound is None:
        return
    if scheme != "DPoP":
        compared = (Compared("scheme", scheme, "Authorization header"), Compared("cnf.jkt", bound, "access token"))
        why = Why("The token is bound to a key: it wants the DPoP scheme and a proof.", compared)
        raise _invalid(call, "DPoP", "invalid_token", INVALID, why)
    try:
        dpop.of_api_request(call, token, bound)
    except Problem as problem:
        text = str(problem.extra["description"])
        raise _invalid(call, scheme, "invalid_dpop_proof", text, problem.why or Why(text)) from problem


def _invalid(call: Call, scheme: str, error: str, text: str, why: Why) -> Problem:
    scopes = " ".join(call.operation.scope)
    header = challenge(call, scheme, scope=scopes, error=error, description=text)
    return Problem("E0000011", why=why, headers=(header,))


def insufficient(call: Call, why: Why) -> Problem:
    """403 for a token without a scope that the operation accepts."""
    scheme = str(call.caller.extra["scheme"])
    scope = next((name for name in call.operation.scope if not name.endswith(".self")), call.operation.scope[0])
    header = challenge(call, scheme, scope=scope, error="insufficient_scope", description=MISSING_SCOPES)
    return Problem("E0000006", why=why, headers=(header,))
