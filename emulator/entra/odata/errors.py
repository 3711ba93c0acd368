"""Refusals of a query, in Graph's words. Source: graph-entra.md 1.1; texts marked inferred have no source."""

from __future__ import annotations

BAD = "BadRequest"
BAD_DIRECTORY = "Request_BadRequest"
UNSUPPORTED = "Request_UnsupportedQuery"

SKIP = "'$skip' is not supported by the service."
SEARCH_HEADER = (
    "Request with $search query parameter only works through MSGraph with a special request header: "
    "'ConsistencyLevel: eventual'"
)
SORTING = "Sorting not supported for current query."  # observed 2020-11, microsoft-graph-docs 4187
EXPAND_ADVANCED = "$expand is not supported with advanced query parameters."  # inferred
EXPAND_LEVELS = "$levels is only supported when a single user is requested."  # inferred
EXPAND_ONE = "Only one property can be expanded in a single query."  # inferred


class ODataError(Exception):
    """A refused query: HTTP status, Graph's error code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad(message: str) -> ODataError:
    return ODataError(400, BAD, message)


def unsupported(message: str) -> ODataError:
    return ODataError(400, UNSUPPORTED, message)


def page_size(given: str, most: int) -> ODataError:
    return unsupported(f"Invalid page size specified: '{given}'. Must be between 1 and {most} inclusive.")


def clause(name: str, label: str) -> ODataError:
    """A property that cannot be filtered so. ``label`` is the resource as Graph names it ("User")."""
    return unsupported(
        f"Unsupported or invalid query filter clause specified for property '{name}' of resource '{label}'."
    )


def operator(name: str) -> ODataError:
    """An operator that only an advanced query has."""
    return unsupported(
        f"Operator '{name}' is not supported because the required parameters might be missing. Try adding "
        "$count=true query parameter and ConsistencyLevel:eventual header. Refer to "
        "https://aka.ms/graph-docs/advanced-queries for more information"
    )


def sort_property(name: str, label: str) -> ODataError:
    """Observed 2023-03, microsoft-graph-docs 20427."""
    return unsupported(f"Unsupported sort property '{name}' for '{label}'.")
