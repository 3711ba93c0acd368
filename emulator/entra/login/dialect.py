"""How the sign-in service speaks: AADSTS errors as JSON on API paths and as a page elsewhere, trace and correlation ids.

Source: graph-entra.md 2.3 (JSON errors, headers) and DESIGN.md 3.3 (pages).
"""

from pathlib import Path
from typing import Any

import orjson

from emulator.entra.login.aadsts import CATALOGUE
from emulator.kernel.call import Call
from emulator.kernel.clock import http_date, iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import as_guid
from emulator.kernel.party import Dialect
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.protocols.html import page

TEMPLATES = Path(__file__).parent.parent / "templates"


def path(exchange: Exchange) -> str:
    return "/" + "/".join(part for part in exchange.path.split("/") if part)


def unknown(call: Call, methods: list[str]) -> None:
    if methods:
        compared = (
            Compared("method", call.exchange.method, "request"),
            Compared("known methods", ", ".join(methods), "operations"),
        )
        why = Why("The path exists, but not for this method.", compared)
        raise Problem("900561", ", ".join(methods), call.exchange.method, why=why)
    raise Problem("404", why=not_emulated(f"If the sign-in service has it, {call.exchange.path}"))


def nothing(call: Call) -> None:
    """Sign-in endpoints authenticate in their handlers: that is what they are for."""


def parse(call: Call) -> None:
    call.multi = call.exchange.params()
    call.params = dict(call.multi)
    if call.operation.body == "form":
        form = Exchange("", "", "", "", call.exchange.body.decode("utf-8", "replace"))
        call.body = dict(form.params())
    elif call.operation.body == "json":
        try:
            call.body = orjson.loads(call.exchange.body or b"null")
        except orjson.JSONDecodeError:
            call.body = None
        if not isinstance(call.body, dict):
            call.body = {}


def envelope(call: Call, result: Any) -> Answer:
    headers = [*call.headers, ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache")]
    return Answer(call.operation.status, headers, orjson.dumps(result))


def correlation_id(call: Call) -> str:
    return call.params.get("client-request-id") or call.exchange.headers.get("client-request-id") or call.request_id


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
        "correlation_id": correlation_id(call),
        "error_uri": f"https://login.microsoftonline.com/error?code={problem.code}",
    }  # fmt: skip
    if kind.extra.get("suberror"):
        doc["suberror"] = kind.extra["suberror"]
    return doc


def refuse(call: Call, problem: Problem) -> Answer:
    """JSON where the operation is an API (`raw` unset), otherwise an error page."""
    if problem.code not in CATALOGUE:
        problem.code = "50000"
    kind = CATALOGUE[problem.code]
    doc = error_doc(call, problem)
    if call.operation.raw or call.operation.name == "unknown":
        values = {"code": problem.code, "text": kind.render(problem.params), "doc": doc,
                  "why": problem.why.sentence() if problem.why else ""}  # fmt: skip
        return page(TEMPLATES, "error.html", values, nonce=call.request_id, status=problem.status or kind.status)
    answer = Answer(problem.status or kind.status, [], orjson.dumps(doc))
    answer.headers = [*call.headers, ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache")]
    return answer


def crash(error: Exception) -> Problem:
    return Problem("50000")


def stamp(call: Call, answer: Answer) -> None:
    answer.headers += [
        ("Date", http_date(call.now)),
        ("x-ms-request-id", call.request_id),
        ("x-ms-ests-server", "2.1.0 - LAB ProdSlices"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    sent = call.exchange.headers.get("client-request-id")
    if sent:
        answer.headers.append(("client-request-id", sent))


DIALECT = Dialect(
    path=path, request_id=as_guid, unknown=unknown, authenticate=nothing, authorise=nothing, limit=nothing,
    parse=parse, envelope=envelope, refuse=refuse, crash=crash, stamp=stamp, fold_paths=True,
)  # fmt: skip
