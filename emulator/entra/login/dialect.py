"""How the sign-in service speaks: AADSTS errors as JSON on API paths, as a page elsewhere; trace and correlation ids.

Source: graph-entra.md 2.3 (JSON errors, headers) and DESIGN.md 3.3 (pages). Unknown query parameters and form fields
are ignored, as the service ignores them.
"""

import re
from pathlib import Path
from typing import Any

import orjson

from emulator.entra.login.aadsts import CATALOGUE
from emulator.kernel.call import Call
from emulator.kernel.clock import http_date, iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange, pairs
from emulator.kernel.ids import as_guid
from emulator.kernel.party import Dialect
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.protocols.html import page

TEMPLATES = Path(__file__).parent.parent / "templates"
HOST = "https://login.microsoftonline.com"
"""Issuers, discovery, form targets and redirects to other parties are under this name, whatever Host was asked."""
_JSON = [
    ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store, no-cache"),
    ("Pragma", "no-cache"), ("Expires", "-1"),
]  # fmt: skip
PAGE: dict[str, Any] = {"auth": "none", "raw": True, "emits": ("Sign-in activity",)}
FORM: dict[str, Any] = {**PAGE, "body": "form", "commit": "manual"}
"""What operations that answer a browser have in common."""
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def path(exchange: Exchange) -> str:
    if "//" not in exchange.path and exchange.path[-1:] != "/":
        return exchange.path
    return "/" + "/".join(part for part in exchange.path.split("/") if part)


def unknown(call: Call, methods: list[str]) -> None:
    if methods:
        why = because(
            "The path exists, but not for this method.",
            ("method", call.exchange.method, "request"),
            ("known methods", ", ".join(methods), "operations"),
        )
        raise Problem("900561", ", ".join(methods), call.exchange.method, why=why)
    raise Problem("404", why=not_emulated(f"If the sign-in service has it, {call.exchange.path}"))


def nothing(call: Call) -> None:
    """Sign-in endpoints authenticate in their handlers: that is what they are for."""


def parse(call: Call) -> None:
    call.multi = _pairs(call.exchange.query)
    call.params = dict(call.multi)
    if call.operation.body == "form":
        call.body = dict(_pairs(call.exchange.body.decode("utf-8", "replace")))
    elif call.operation.body == "json":
        try:
            call.body = orjson.loads(call.exchange.body or b"null")
        except orjson.JSONDecodeError:
            call.body = None
        if not isinstance(call.body, dict):
            call.body = {}


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return pairs(text)
    except ValueError as error:
        raise Problem("90013", why=Why(f"The parameters cannot be read: {error}.")) from error


def fields(call: Call) -> dict[str, str]:
    """The parameters of a request that may come by GET or by POST."""
    return {**call.params, **call.body} if isinstance(call.body, dict) else call.params


def envelope(call: Call, result: Any) -> Answer:
    headers = [*call.headers, *_JSON]
    if call.operation.extra.get("telemetry"):
        headers.append(("x-ms-clitelem", "1,0,0,,"))
    return Answer(call.operation.status, headers, orjson.dumps(result))


def correlation_id(call: Call) -> str:
    """The client's `client-request-id` (or the one of the flow it takes part in), else the request's own id."""
    form = call.body if isinstance(call.body, dict) else {}
    sent = form if "client-request-id" in form else call.params
    found = call.memo.get("correlation") or sent.get("client-request-id")
    found = found or call.exchange.headers.get("client-request-id")
    return found if found and is_guid(found) else call.request_id


def error_doc(call: Call, problem: Problem) -> Doc:
    """The JSON error: text with trace, correlation id and time, as today's service writes it."""
    kind = CATALOGUE[problem.code]
    at = iso_seconds(call.now).replace("T", " ")
    text = kind.render(problem.params)
    doc: Doc = {
        "error": problem.extra.get("error") or kind.extra["error"],
        "error_description": f"AADSTS{problem.code}: {text} Trace ID: {call.request_id} "
        f"Correlation ID: {correlation_id(call)} Timestamp: {at}",
        "error_codes": [int(problem.code)], "timestamp": at, "trace_id": call.request_id,
        "correlation_id": correlation_id(call), "error_uri": f"{HOST}/error?code={problem.code}",
    }  # fmt: skip
    suberror = problem.extra.get("suberror") or kind.extra.get("suberror")
    if suberror:
        doc["suberror"] = suberror
    if problem.extra.get("claims"):
        doc["claims"] = problem.extra["claims"]
    return doc


def refuse(call: Call, problem: Problem) -> Answer:
    """By the problem's own `render` (a redirect to the client, a page to try again), else an error page or JSON."""
    if problem.code not in CATALOGUE:
        problem.code = "50000"
    doc = error_doc(call, problem)
    render = problem.extra.get("render")
    if render is not None:
        shown = render(call, problem, doc)
        assert isinstance(shown, Answer)
        return shown
    if call.operation.raw or call.operation.name == "unknown":
        return error_page(call, problem, doc)
    headers = [*call.headers, *_JSON]
    if call.operation.extra.get("telemetry"):
        headers.append(("x-ms-clitelem", f"1,{problem.code},0,,"))
    return Answer(problem.status or CATALOGUE[problem.code].status, headers, orjson.dumps(doc))


def error_page(call: Call, problem: Problem, doc: Doc) -> Answer:
    """The page that tells a person; 400 whatever status the JSON would have, except for our own faults and 404."""
    kind = CATALOGUE[problem.code]
    status = problem.status or (kind.status if kind.status in (404, 500) else 400)
    values = {"code": problem.code, "text": kind.render(problem.params), "doc": doc, "why": sentence(problem)}
    return page(TEMPLATES, "error.html", values, nonce=call.request_id, status=status)


def because(rule: str, *compared: tuple[str, Any, str], hint: str = "", emulated: bool = True) -> Why:
    """A reason: the rule, the values that were compared as (name, value, where from), what would help."""
    return Why(rule, tuple(Compared(*item) for item in compared), hint, emulated)


def sentence(problem: Problem) -> str:
    """The reason on one line, for pages."""
    return problem.why.sentence() if problem.why else ""


def crash(error: Exception) -> Problem:
    return Problem("50000")


_NOSNIFF = ("X-Content-Type-Options", "nosniff")


def stamp(call: Call, answer: Answer) -> None:
    answer.headers += [
        ("Date", http_date(call.now)),
        ("x-ms-request-id", call.request_id),
        ("x-ms-ests-server", "2.1.0 - LAB ProdSlices"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ]
    if _NOSNIFF not in answer.headers:
        answer.headers.append(_NOSNIFF)
    answer.headers += call.memo.get("cookies", [])
    sent = call.exchange.headers.get("client-request-id")
    if sent and is_guid(sent):
        answer.headers.append(("client-request-id", sent))


# Inferred: which code the service gives when it is busy; clients go by the status.
_OUTAGES = {429: "90033", 502: "90033", 503: "90033", 504: "90033", 0: "50000"}


def codes() -> dict[str, str]:
    """`AADSTS50126` and `50126`."""
    return {name: code for code in CATALOGUE for name in (code, f"AADSTS{code}")}


DIALECT = Dialect(
    path=path, request_id=as_guid, unknown=unknown, authenticate=nothing, authorise=nothing, limit=nothing,
    parse=parse, envelope=envelope, refuse=refuse, crash=crash, stamp=stamp, outages=_OUTAGES,
    codes=codes, fold_paths=True,
)  # fmt: skip
