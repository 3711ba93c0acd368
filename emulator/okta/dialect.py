"""How the org speaks: SSWS tokens, Link paging, the error envelope, headers. Source: okta-admin-api.md 1 and 2."""

import hashlib
from typing import Any
from urllib.parse import quote_plus

import orjson

from emulator.kernel.call import Call, Caller, Listing
from emulator.kernel.clock import http_date
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import base64url
from emulator.kernel.party import Dialect
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.okta import subscription
from emulator.okta.limits import limit, uncounted, used_up
from emulator.okta.network_gate import refuse_blocked
from emulator.okta.problems import catalogue
from emulator.okta.tokens import agent_of, session_of, token_caller


def path(exchange: Exchange) -> str:
    """Doubled and trailing slashes count as single ones."""
    if "//" not in exchange.path and exchange.path[-1:] != "/":
        return exchange.path
    parts = [part for part in exchange.path.split("/") if part]
    return "/" + "/".join(parts)


def request_id(data: bytes) -> str:
    """27 characters, as `X-Okta-Request-Id` has them."""
    return base64url(hashlib.blake2b(data, digest_size=20).digest())


def unknown(call: Call, methods: list[str]) -> None:
    if methods:
        compared = (
            Compared("method", call.exchange.method, "request"),
            Compared("known methods", ", ".join(methods), "operations"),
        )
        raise Problem("E0000022", why=Why("The path exists, but not for this method.", compared))
    raise Problem("E0000008", why=not_emulated(f"If Okta has it, {call.exchange.method} {call.exchange.path}"))


def authenticate(call: Call) -> None:
    """Fill the caller from an SSWS token, an agent token, or a session cookie; blocked networks get no further."""
    refuse_blocked(call)
    if call.operation.auth == "none":
        return
    header = call.exchange.headers.get("authorization", "")
    scheme, _, value = header.partition(" ")
    if header[:4].upper() == "SSWS":  # the vendor's Python SDK (3.4) writes the token right after the word
        scheme, value = header[:4], header[4:]
    caller: Caller | None = None
    if call.operation.auth == "agent":
        caller = agent_of(call, value.strip())
    elif scheme.upper() == "SSWS":
        caller = token_caller(call, value.strip())
    elif scheme.lower() in ("bearer", "dpop"):
        from emulator.okta.oauth import bearer

        caller = bearer.caller_of(call, "DPoP" if scheme.lower() == "dpop" else "Bearer", value.strip())
    elif not header:
        caller = session_of(call)
    if caller is None:
        got = f"{scheme} token" if header else "no Authorization header"
        compared = (Compared("credential", got, "request"),)
        raise Problem("E0000011", why=Why("The token is not one of this org's API tokens.", compared))
    call.caller = caller


def authorise(call: Call) -> None:
    """A caller without scopes of its own is an administrator; others need one of the operation's.

    Whoever is not a super administrator also needs a role that covers the operation (`extra.roles`).
    """
    subscription.check(call)
    held, roles = call.caller.scopes, call.caller.extra.get("roles")
    if call.operation.auth in ("none", "agent") or not call.operation.scope or (held is None and roles is None):
        return
    if held is not None and held.isdisjoint(call.operation.scope):
        compared = (
            Compared("scopes held", " ".join(sorted(held)), "caller"),
            Compared("scope needed", " ".join(call.operation.scope), call.operation.name),
        )
        why = Why("The caller holds no scope that this operation accepts.", compared)
        if "scheme" not in call.caller.extra:
            raise Problem("E0000006", why=why)
        from emulator.okta.oauth import bearer

        raise bearer.insufficient(call, why)
    if roles is not None and not _about_self(call):
        from emulator.okta import admins

        admins.check(call, roles)


def _about_self(call: Call) -> bool:
    """Whether a scope for one's own affairs (`okta.users.read.self`) is what permits the call."""
    fitting = (call.caller.scopes or frozenset()).intersection(call.operation.scope)
    return bool(fitting) and all(name.endswith(".self") for name in fitting)


def parse(call: Call) -> None:
    """Query parameters (unknown ones are ignored, as Okta does) and the body."""
    exchange = call.exchange
    call.multi = exchange.params()
    call.params = dict(call.multi)
    wanted = call.operation.body
    if wanted in ("json", "optional_json"):
        call.body = _json(exchange.body, required=wanted == "json")
    elif wanted == "form":
        call.body = dict(Exchange("", "", "", "", exchange.body.decode("utf-8", "replace")).params())
    elif wanted == "bytes":
        call.body = exchange.body


def _json(body: bytes, *, required: bool) -> Any:
    if not body.strip():
        if required:
            raise Problem("E0000003", why=Why("The operation needs a JSON body and none was sent."))
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("E0000003", why=Why(f"The body is not JSON: {error}.")) from error
    if not isinstance(value, (dict, list)):
        raise Problem("E0000003", why=Why("The body must be a JSON object.", (Compared("body", value, "request"),)))
    return value


def envelope(call: Call, result: Any) -> Answer:
    """JSON with the operation's status; lists with Link headers; None is 204."""
    headers = list(call.headers)
    if result is None:
        return Answer(204, headers)
    if isinstance(result, Listing):
        headers += _links(call, result)
        result = result.items
    headers.append(("Content-Type", "application/json"))
    if isinstance(result, bytes):
        return Answer(call.operation.status, headers, result)
    return Answer(call.operation.status, headers, orjson.dumps(result))


def _links(call: Call, listing: Listing) -> list[tuple[str, str]]:
    """`self` always, `next` when there is more; the effective limit is written in, order after, limit, others.

    `extra.unlinked` of an operation names the parameters that its links leave out.
    """
    unlinked = call.operation.extra.get("unlinked", ())
    sent = {name: value for name, value in call.params.items() if name not in unlinked}
    paging = call.operation.paging
    limit = sent.pop("limit", str(paging.default) if paging else None)
    after = sent.pop("after", None)

    def url(cursor: str | None) -> str:
        pairs = [("after", cursor), ("limit", limit), *sent.items()]
        query = "&".join(f"{k}={quote_plus(v)}" for k, v in pairs if v is not None)
        return f"<{call.base}{call.exchange.path}{'?' + query if query else ''}>"

    links = [("Link", f'{url(after)}; rel="self"')]
    if listing.next is not None:
        links.append(("Link", f'{url(listing.next)}; rel="next"'))
    return links


def refuse(call: Call, problem: Problem) -> Answer:
    """The E-code envelope. A code outside the catalogue is a defect, and shows as E0000009.

    An operation that speaks to browsers or rich clients says in `extra.refuse` how it refuses.
    """
    if "refuse" in call.operation.extra:
        answer: Answer = call.operation.extra["refuse"](call, problem)
        return answer
    return standard_refusal(call, problem)


def standard_refusal(call: Call, problem: Problem) -> Answer:
    """The E-code envelope, whatever the operation says."""
    known = catalogue()
    code = problem.code if problem.code in known else "E0000009"
    kind = known[code]
    error_id = "oae" + base64url(hashlib.blake2b(call.request_id.encode(), digest_size=16).digest())
    body: Doc = {
        "errorCode": code, "errorSummary": problem.extra.get("summary") or kind.render(problem.params),
        "errorLink": code, "errorId": error_id,
    }  # fmt: skip
    if "summary" not in problem.extra:  # the System Log words its summaries itself, and sends no causes
        body["errorCauses"] = [{"errorSummary": cause, **problem.extra.get("details", {})} for cause in problem.causes]
    headers = [*call.headers, ("Content-Type", "application/json")]
    return Answer(problem.status or kind.status, headers, orjson.dumps(body))


def crash(error: Exception) -> Problem:
    return Problem("E0000009")


def stamp(call: Call, answer: Answer) -> None:
    """Headers that every answer of the org carries."""
    present = dict(answer.headers)
    answer.headers += [("Date", http_date(call.now)), ("X-Okta-Request-Id", call.request_id), *_ALWAYS]
    if answer.status == 429 and "X-Rate-Limit-Reset" not in present:
        answer.headers += used_up(call, answer.header("Retry-After"))
    elif "X-Rate-Limit-Limit" not in present and call.caller.kind != "agent":
        answer.headers += uncounted(call)
    for header in _UNLESS_GIVEN:
        if header[0] not in present:
            answer.headers.append(header)


_ALWAYS = (
    ("Accept-Ch", "Sec-CH-UA-Platform-Version"), ("Strict-Transport-Security", "max-age=315360000; includeSubDomains"),
    ("Expires", "0"), ("Pragma", "no-cache"),
)  # fmt: skip
_UNLESS_GIVEN = (
    ("Cache-Control", "no-cache, no-store"), ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)  # fmt: skip


# Inferred: what a busy or broken org says; the codes are documented, which outage gives which is not.
_OUTAGES = {429: "E0000047", 503: "E0000181", 0: "E0000009"}


def codes() -> dict[str, str]:
    return {code: code for code in catalogue()}


DIALECT = Dialect(
    path=path, request_id=request_id, unknown=unknown, authenticate=authenticate, authorise=authorise, limit=limit,
    parse=parse, envelope=envelope, refuse=refuse, crash=crash, stamp=stamp, outages=_OUTAGES,
    codes=codes,
)  # fmt: skip
