"""Operations as data: one plain function, and everything the pipeline, the docs and the checks need to know of it.

A resource module decorates its functions with `operation`; `discover` imports every module of a package and collects
them. There is no registry to edit: adding a resource adds one file.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, TypeVar

Grade = Literal["documented", "observed", "inferred"]


@dataclass(frozen=True, slots=True)
class Source:
    """How we know an operation's behaviour: the grade, and where to look (a section, a recording, a reason)."""

    grade: Grade
    note: str = ""


DOCUMENTED = Source("documented")
OBSERVED = Source("observed")


def inferred(reason: str) -> Source:
    """Behaviour that no source states; the reason is printed in the support matrix."""
    return Source("inferred", reason)


@dataclass(frozen=True, slots=True)
class Paging:
    """Page size of a list: the default, the most that may be asked for, and the query parameter that asks."""

    default: int
    most: int
    parameter: str = "limit"


Commit = Literal["auto", "manual"]
Auth = Literal["token", "none", "agent", "session"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method on one path does.

    scope: any one of these permits the call (empty: any authenticated caller). bucket: its rate-limit bucket.
    query: the query parameters it knows. emits: the event types it may log. body: how the request body is read.
    commit: `auto` runs the handler inside one write transaction; `manual` lets it sign or read first and open the
    short transaction itself (`call.commit()`). raw: the handler answers without the party's envelope. parts: the
    handler answers further exchanges as parts of its own (`call.answer`). keys: it publishes signing keys.
    """

    name: str
    method: str
    path: str
    handler: Callable[..., Any]
    source: Source
    scope: tuple[str, ...] = ()
    auth: Auth = "token"
    bucket: str = ""
    status: int = 200
    paging: Paging | None = None
    query: tuple[str, ...] = ()
    body: Literal["none", "json", "optional_json", "form", "bytes"] = "none"
    emits: tuple[str, ...] = ()
    commit: Commit = "manual"
    raw: bool = False
    parts: bool = False
    keys: bool = False
    summary: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        return self.commit == "auto"


F = TypeVar("F", bound=Callable[..., Any])


def operation(method: str, path: str, *, source: Source, **data: Any) -> Callable[[F], F]:
    """Mark a function as the handler of `method path`; `data` are the other fields of `Operation`.

    Writing methods default to a JSON body and an automatic transaction, reading ones to neither. A function may
    carry several operations.
    """
    reads = method in ("GET", "HEAD", "OPTIONS")
    data.setdefault("commit", "manual" if reads else "auto")
    data.setdefault("body", "none" if reads or method == "DELETE" else "json")

    def mark(handler: F) -> F:
        name = f"{handler.__module__.rpartition('.')[2]}.{handler.__name__}"
        summary = (handler.__doc__ or "").strip().partition("\n")[0]
        made = Operation(name, method, path, handler, source, summary=summary, **data)
        handler.__dict__.setdefault("operations", []).append(made)
        return handler

    return mark


def modules(package: str) -> Iterator[ModuleType]:
    """Every module below a package, imported, in name order."""
    root = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda item: item.name):
        name = f"{package}.{info.name}"
        if info.ispkg:
            yield from modules(name)
        else:
            yield importlib.import_module(name)


def discover(package: str) -> list[Operation]:
    """The operations of every module below `package`. ValueError when two claim the same method and path."""
    found: list[Operation] = []
    for module in modules(package):
        for value in vars(module).values():
            if getattr(value, "__module__", None) == module.__name__:
                found.extend(getattr(value, "operations", ()))
    return check_unique(found)


def check_unique(found: list[Operation]) -> list[Operation]:
    taken: dict[tuple[str, str], Operation] = {}
    for item in found:
        key = (item.method, _shape(item.path))
        if key in taken:
            raise ValueError(f"{item.name} and {taken[key].name} both claim {item.method} {item.path}")
        taken[key] = item
    return found


def _shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


class Routes:
    """Method and path segments to an operation; literal segments win over placeholders.

    `fold` compares literal segments without regard to case (Graph).
    """

    def __init__(self, operations: list[Operation], *, fold: bool = False) -> None:
        self._fold = fold
        self._root: dict[str, Any] = {}
        for item in operations:
            node = self._root
            for part in self._split(item.path):
                key = "{}" if part.startswith("{") else self._case(part)
                node = node.setdefault(key, {})
            node.setdefault("", {})[item.method] = (item, [p[1:-1] for p in self._split(item.path) if p[:1] == "{"])

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation and its path values, or None when the path or the method is unknown."""
        found = self._find(self._split(path))
        if found is None:
            return None
        methods, values = found
        entry = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if entry is None:
            return None
        item, names = entry
        return item, dict(zip(names, values, strict=True))

    def methods(self, path: str) -> list[str]:
        """The methods a path answers; empty when the path is unknown."""
        found = self._find(self._split(path))
        return sorted(found[0]) if found else []

    def _find(self, parts: list[str]) -> tuple[dict[str, Any], tuple[str, ...]] | None:
        """Straight down while there is one way to go; `_walk` where a part is both a literal and a value."""
        node: dict[str, Any] | None
        node, values, fold = self._root, [], self._fold
        for part in parts:
            literal = node.get(part.casefold() if fold else part)
            if literal is None:
                node = node.get("{}")
                if node is None:
                    return None
                values.append(part)
            elif "{}" in node:
                return self._walk(self._root, parts, 0, ())
            else:
                node = literal
        return (node[""], tuple(values)) if "" in node else None

    def _walk(
        self, node: dict[str, Any], parts: list[str], at: int, values: tuple[str, ...]
    ) -> tuple[dict[str, Any], tuple[str, ...]] | None:
        if at == len(parts):
            return (node[""], values) if "" in node else None
        literal = node.get(self._case(parts[at]))
        if literal is not None:
            found = self._walk(literal, parts, at + 1, values)
            if found is not None:
                return found
        open_end = node.get("{}")
        if open_end is not None:
            return self._walk(open_end, parts, at + 1, (*values, parts[at]))
        return None

    def _case(self, part: str) -> str:
        return part.casefold() if self._fold else part

    @staticmethod
    def _split(path: str) -> list[str]:
        if path[:1] == "/" and path[-1] != "/" and "//" not in path:
            return path[1:].split("/")
        return [part for part in path.split("/") if part]
