"""`/userinfo`: what an access token with scope `openid` tells of its person. Source: OpenID Connect core 5.3."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.oauth import custom_claims, dpop, errors, presented
from emulator.okta.oauth.challenge import challenge
from emulator.okta.oauth.clients import find
from emulator.okta.oauth.person import profile_claims
from emulator.okta.oauth.servers import by_path
from emulator.okta.user_docs import USERS


def refuse(call: Call, problem: Problem) -> Answer:
    """A refusal is a status and a challenge, without a body."""
    if "challenge" not in problem.extra:
        return errors.refuse(call, problem)
    return Answer(problem.status or 401, [*call.headers])


_AT: Any = errors.as_endpoint(extra={"refuse": refuse}, bucket="token")


@operation("GET", "/oauth2/v1/userinfo", source=DOCUMENTED, **_AT)
@operation("POST", "/oauth2/v1/userinfo", source=DOCUMENTED, body="bytes", **_AT)
def org_userinfo(call: Call) -> Doc:
    """The person behind an access token of the org server."""
    return _userinfo(call)


@operation("GET", "/oauth2/{authServerId}/v1/userinfo", source=DOCUMENTED, **_AT)
@operation("POST", "/oauth2/{authServerId}/v1/userinfo", source=DOCUMENTED, body="bytes", **_AT)
def custom_userinfo(call: Call) -> Doc:
    """The person behind an access token of a custom server."""
    return _userinfo(call)


def _userinfo(call: Call) -> Doc:
    server = by_path(call)
    scheme, _, token = call.exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "dpop") or not token.strip():
        raise _stop(call, 401, "invalid_token", "The access token is invalid.", Compared("token", None, "request"))
    try:
        shown = presented.any_token(call, token.strip(), server=server)
    except presented.Unusable as error:
        compared = tuple(Compared(name, value, "access token") for name, value in error.details.items())
        raise _stop(call, 401, "invalid_token", "The access token is invalid.", *compared, rule=error.reason) from error
    claims = shown.claims
    if "cnf" in claims:
        dpop.of_api_request(call, token.strip(), claims["cnf"]["jkt"])
    if "openid" not in claims["scp"]:
        text = "The access token must provide the 'openid' scope."
        raise _stop(call, 403, "insufficient_scope", text, Compared("scp", " ".join(claims["scp"]), "access token"))
    user = call.store.get(USERS, claims.get("uid", ""))
    client = find(call, claims["cid"])
    if user is None or client is None or user["status"] not in ("ACTIVE", "PASSWORD_EXPIRED"):
        compared = (Compared("uid", claims.get("uid"), "access token"), Compared("cid", claims["cid"], "access token"))
        raise _stop(call, 401, "invalid_token", "The access token is invalid.", *compared, rule="Its person has gone.")
    found: Doc = {
        "sub": user["id"], **profile_claims(user, claims["scp"], custom_claims.told(call.store, server), full=True),
    }  # fmt: skip
    more = custom_claims.evaluated(call, server, client, user, claims["scp"], kind="IDENTITY")
    return found | {name: value for name, value in more.items() if name not in found}


def _stop(call: Call, status: int, error: str, text: str, *compared: Compared, rule: str = "") -> Problem:
    why = Why(rule or text, compared)
    header = challenge(call, "Bearer", scope="openid", error=error, description=text)
    return Problem(error, status=status, why=why, headers=(header,), challenge=True)
