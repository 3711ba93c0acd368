"""Okta's error catalogue, and the problems that resources raise most. Source: okta-admin-api.md 1.4 and appendix D."""

from functools import cache
from pathlib import Path

import orjson

from emulator.kernel.problems import Compared, Problem, ProblemKind, Why


@cache
def catalogue() -> dict[str, ProblemKind]:
    """Error code to HTTP status and summary text."""
    rows = orjson.loads((Path(__file__).parent / "data" / "errors.json").read_bytes())
    return {code: ProblemKind(row["status"], row["summary"]) for code, row in rows.items()}


def not_found(id: str, entity: str) -> Problem:
    """404 for an id that names nothing; `entity` is Okta's class name (User, UserGroup, AppInstance...)."""
    why = Why(f"No {entity} of this org has that id.", (Compared("id", id, "request path"),))
    return Problem("E0000007", f"Resource not found: {id} ({entity})", why=why)


def invalid(what: str, *causes: str, why: Why | None = None) -> Problem:
    """400 validation failure of `what`, with its causes."""
    return Problem("E0000001", what, causes=causes, why=why or Why("; ".join(causes) or f"{what} is not valid"))


def taken(what: str, value: str) -> Problem:
    """400 for a value that must be unique in the org."""
    cause = f"{what}: An object with this field already exists in the current organization"
    why = Why(f"{what} is unique in an org.", (Compared(what, value, "request body"),))
    return Problem("E0000001", what, causes=(cause,), why=why)


def forbidden(why: Why) -> Problem:
    """403: the caller may not do this."""
    return Problem("E0000006", why=why)
