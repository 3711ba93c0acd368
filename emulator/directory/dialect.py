"""How the directory speaks: plain JSON of our own. It is not a vendor's API (a real one speaks LDAP), so it is small.

# Differs: a domain controller speaks LDAP; here its objects are read and written as JSON with LDAP attribute names.
"""

from typing import Any

import orjson

from emulator.kernel.call import Call, Listing
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import as_guid
from emulator.kernel.party import Dialect
from emulator.kernel.problems import Problem, ProblemKind, Why

CATALOGUE = {
    "invalidDNSyntax": ProblemKind(400, "{0}"),
    "notAllowedOnNonLeaf": ProblemKind(400, "{0} is not empty."),
    "noSuchObject": ProblemKind(404, "There is no object {0} in this directory."),
    "entryAlreadyExists": ProblemKind(409, "{0} is taken."),
    "constraintViolation": ProblemKind(400, "{0}"),
    "unwillingToPerform": ProblemKind(400, "{0}"),
    "operationsError": ProblemKind(500, "The directory failed."),
    "busy": ProblemKind(429, "The directory is busy."),
    "unavailable": ProblemKind(503, "The directory is not available."),
}


def path(exchange: Exchange) -> str:
    return exchange.path


def unknown(call: Call, methods: list[str]) -> None:
    raise Problem("noSuchObject", call.exchange.path, why=Why("The directory has no such route."))


def nothing(call: Call) -> None:
    """The directory is reached through control routes, which have checked the caller already."""


def parse(call: Call) -> None:
    call.multi = call.exchange.params()
    call.params = dict(call.multi)
    if call.operation.body == "json":
        try:
            call.body = orjson.loads(call.exchange.body or b"null")
        except orjson.JSONDecodeError as error:
            raise Problem("constraintViolation", f"The body is not JSON: {error}.") from error
        if not isinstance(call.body, dict):
            raise Problem("constraintViolation", "The body must be a JSON object.")


def envelope(call: Call, result: Any) -> Answer:
    if result is None:
        return Answer(204)
    if isinstance(result, Listing):
        result = {"value": result.items, "next": result.next}
    return Answer(call.operation.status, [("Content-Type", "application/json")], orjson.dumps(result))


def refuse(call: Call, problem: Problem) -> Answer:
    kind = CATALOGUE.get(problem.code, CATALOGUE["operationsError"])
    body = {"error": {"code": problem.code, "message": kind.render(problem.params)}}
    return Answer(problem.status or kind.status, [("Content-Type", "application/json")], orjson.dumps(body))


def stamp(call: Call, answer: Answer) -> None:
    answer.headers.append(("X-Request-Id", call.request_id))


DIALECT = Dialect(
    path=path, request_id=as_guid, unknown=unknown, authenticate=nothing, authorise=nothing, limit=nothing,
    parse=parse, envelope=envelope, refuse=refuse, crash=lambda _: Problem("operationsError"), stamp=stamp,
    outages={429: "busy", 503: "unavailable", 0: "operationsError"}, codes=lambda: {code: code for code in CATALOGUE},
)  # fmt: skip
