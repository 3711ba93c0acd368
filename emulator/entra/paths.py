"""Paths of Graph: the many spellings of one, and what only beta has. Source: graph-entra.md 1.1 and 1.3."""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote

from emulator.entra.odata import ODataError, split_path
from emulator.entra.odata.schema import structured
from emulator.entra.problems import refused_query
from emulator.kernel.exchange import Exchange
from emulator.kernel.operations import operation

VERSIONS = ("v1.0", "beta")
_CAST = re.compile(r"(?:microsoft\.)?graph\.(.+)", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(
    r"(?:^|&)[@$]id=[^&]*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})['\")]*(?:&|$)", re.IGNORECASE
)
_BETA_ONLY: set[tuple[str, ...]] = set()

F = TypeVar("F", bound=Callable[..., Any])


def beta_operation(method: str, path: str, **data: Any) -> Callable[[F], F]:
    """An operation that only /beta has; `path` begins with `/beta`."""
    _BETA_ONLY.add(tuple("" if part.startswith("{") else part.lower() for part in path.split("/")[2:]))
    return operation(method, path, **data)


def path(exchange: Exchange) -> str:
    """The request's path as the operations write it.

    Keys in parentheses are opened up (`/v1.0/users('a')` is `/v1.0/users/a`, `applications(appId='b')` is
    `applications/appId=b`), names of actions lose their namespace, casts have it in full, doubled slashes are one,
    and beta is v1.0 but for what only beta has.
    """
    try:
        segments = split_path(exchange.path)
    except ODataError as error:
        raise refused_query(error, exchange.path) from error
    parts: list[str] = []
    for segment in segments:
        parts.append(segment.text if segment.key else _plain(segment.text))
        parts += [f"{name}={value}" for name, value in segment.arguments]
    if exchange.method == "DELETE" and parts[-1:] == ["$ref"]:
        parts = _by_url(exchange, parts)
    if parts and parts[0].lower() in VERSIONS:
        parts[0] = "beta" if parts[0].lower() == "beta" and _is_beta_only(parts[1:]) else "v1.0"
    return "/" + "/".join(parts)


def _by_url(exchange: Exchange, parts: list[str]) -> list[str]:
    """`DELETE …/owners/$ref?@id={url}` is `DELETE …/owners/{id}/$ref`: OData's way to name what is unlinked."""
    named = _REFERENCE.search(unquote(exchange.query))
    return [*parts[:-1], named[1], "$ref"] if named else parts


def _plain(text: str) -> str:
    """A segment without the namespace of an action or function; the cast to a type in full."""
    found = _CAST.fullmatch(text)
    if found is None:
        return text
    name = structured(found[1])
    return f"microsoft.graph.{name}" if name else found[1]


def _is_beta_only(parts: list[str]) -> bool:
    return any(
        len(wanted) == len(parts)
        and all(not own or own == part.lower() for own, part in zip(wanted, parts, strict=True))
        for wanted in _BETA_ONLY
    )
