"""How Azure Resource Manager speaks: bearer tokens of its own audience, `api-version`, `{"error": {code, message}}`.

Source: the public REST reference's error texts, and what the Azure command line asks at sign-in. A person or an
application needs no role for what is here: it lists what they may see.
"""

import re
from typing import Any

import orjson

from emulator.entra.arm.problems import CATALOGUE
from emulator.entra.login.suites import AZURE_MANAGEMENT
from emulator.entra.tokens import bearer_of, tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import http_date
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import as_guid
from emulator.kernel.party import Dialect
from emulator.kernel.problems import Compared, Problem, Why, not_emulated

HOST = "management.azure.com"
AUDIENCES = frozenset(
    {AZURE_MANAGEMENT, *(f"https://{name}{end}" for name in (HOST, "management.core.windows.net") for end in ("", "/"))}
)
READS_LEFT = 11_999
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-[a-z]+)?")


_OUTAGES = {429: "throttled", 502: "unavailable", 503: "unavailable", 504: "unavailable", 0: "internal"}


def path(exchange: Exchange) -> str:
    return "/" + "/".join(part for part in exchange.path.split("/") if part)


def unknown(call: Call, methods: list[str]) -> None:
    if methods:
        compared = (
            Compared("method", call.exchange.method, "request"),
            Compared("known methods", ", ".join(methods), "operations"),
        )
        raise Problem("method", call.exchange.method, why=Why("The path exists, but not for this method.", compared))
    why = not_emulated(f"If Azure Resource Manager has it, {call.exchange.method} {call.exchange.path}")
    raise Problem("unknown", why=why)


def authenticate(call: Call) -> None:
    if call.operation.auth != "none":
        call.caller = bearer_of(call, AUDIENCES, "Azure Resource Manager")


def nothing(call: Call) -> None:
    """Lists show what the caller may see; there are no budgets to count against."""


def parse(call: Call) -> None:
    call.multi = call.exchange.params()
    call.params = {name.lower(): value for name, value in call.multi}
    asked = call.params.get("api-version")
    compared = (Compared("api-version", asked, "query"),)
    if not asked:
        raise Problem("api_version", why=Why("Every request of this service names the version it wants.", compared))
    if not _VERSION.fullmatch(asked):
        raise Problem("bad_api_version", asked, why=Why("The version asked for is no date.", compared))


def envelope(call: Call, result: Any) -> Answer:
    headers = [*call.headers, ("Content-Type", "application/json; charset=utf-8")]
    headers.append(("x-ms-ratelimit-remaining-tenant-reads", str(READS_LEFT)))
    return Answer(call.operation.status, headers, orjson.dumps(result))


def refuse(call: Call, problem: Problem) -> Answer:
    kind = CATALOGUE.get(problem.code) or CATALOGUE["internal"]
    code = kind.extra["code"]
    error = {"code": code, "message": kind.render(problem.params)}
    headers = [*call.headers, ("Content-Type", "application/json; charset=utf-8"), ("x-ms-failure-cause", "gateway")]
    status = problem.status or kind.status
    if status == 401:
        authority = f"https://login.windows.net/{tenant(call)['id']}"
        challenge = f'Bearer authorization_uri="{authority}", error="invalid_token"'
        headers.append(("WWW-Authenticate", f'{challenge}, error_description="{error["message"]}"'))
    return Answer(status, headers, orjson.dumps({"error": error}))


def crash(error: Exception) -> Problem:
    return Problem("internal")


def stamp(call: Call, answer: Answer) -> None:
    answer.headers += [
        ("Date", http_date(call.now)),
        ("x-ms-request-id", call.request_id),
        ("x-ms-correlation-request-id", call.exchange.headers.get("x-ms-correlation-request-id") or call.request_id),
        ("x-ms-routing-request-id", f"LAB:{call.request_id}"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Expires", "-1"),
    ]


def codes() -> dict[str, str]:
    return {kind.extra["code"]: name for name, kind in reversed(CATALOGUE.items())}


DIALECT = Dialect(
    path=path, request_id=as_guid, unknown=unknown, authenticate=authenticate, authorise=nothing, limit=nothing,
    parse=parse, envelope=envelope, refuse=refuse, crash=crash, stamp=stamp, outages=_OUTAGES, codes=codes,
    fold_paths=True,
)  # fmt: skip
