"""Refusals of the OAuth endpoints: `{"error", "error_description"}`, never the E-code envelope.

Source: okta-admin-api.md 1.4, 2.2, 2.3. Texts that no source gives are inferred and stand where they are raised.
"""

from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Compared, Problem, Why


def stop(error: str, description: str, *compared: Compared, rule: str = "", status: int = 400, **more: Any) -> Problem:
    """A refusal; `rule` (the description, where it says enough) and the values compared are its why."""
    headers = tuple(more.pop("headers", ()))
    why = Why(rule or description, compared, hint=str(more.pop("hint", "")))
    return Problem(error, why=why, status=status, headers=headers, error=error, description=description, **more)


def invalid_client(description: str, *compared: Compared, rule: str = "") -> Problem:
    return stop("invalid_client", description, *compared, rule=rule, status=401)


def invalid_request(description: str, *compared: Compared, rule: str = "") -> Problem:
    return stop("invalid_request", description, *compared, rule=rule)


def invalid_grant(description: str, *compared: Compared, rule: str = "", **more: Any) -> Problem:
    return stop("invalid_grant", description, *compared, rule=rule, **more)


def refuse(call: Call, problem: Problem) -> Answer:
    """A problem as the OAuth endpoints answer it; those of the gateway (limits, outages) keep their E-codes."""
    if "error" not in problem.extra:
        from emulator.okta.dialect import standard_refusal

        return standard_refusal(call, problem)
    body: Doc = {"error": problem.extra["error"], "error_description": problem.extra["description"]}
    headers = [*call.headers, ("Content-Type", "application/json")]
    return Answer(problem.status or 400, headers, orjson.dumps(body))


def as_endpoint(**more: Any) -> Doc:
    """The fields of an operation that clients call with their own credentials."""
    return {"auth": "none", "commit": "manual", "extra": {"refuse": refuse}, **more}
