"""What delta queries follow, and the tokens by which clients say where they stand. Source: graph-entra.md 1.4."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from emulator.entra import queries
from emulator.entra.odata import QueryOptions
from emulator.entra.problems import bad
from emulator.entra.shaping import Shape
from emulator.kernel.call import Call
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare, In, Node, Or
from emulator.store import Kind

MOST_IDS = 50


@dataclass(frozen=True, slots=True)
class Links:
    """A relationship that is followed: stored links with ids `{object}.{other}`. always: also without `$select`."""

    kind: Kind
    by: str
    to: str
    always: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One type that can be followed. gone: the table of its deleted objects. single: a relationship to one object,
    to the (private) property that holds its id."""

    shape: Shape
    gone: Kind | None = None
    links: Mapping[str, Links] = field(default_factory=dict)
    single: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """Where a client stands. since: the position it knows; until: where this round ends (first round: where it
    began); cursor: how far the round has come (None: a new round begins)."""

    since: int | None
    until: int
    epoch: int
    at: int
    select: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    top: int | None = None
    cursor: tuple[int, ...] | None = None

    def text(self) -> str:
        row = [self.since, self.until, self.epoch, self.at, self.select, self.ids, self.types, self.top, self.cursor]
        return base64.urlsafe_b64encode(orjson.dumps(row)).rstrip(b"=").decode()

    @staticmethod
    def read(text: str) -> "Token":
        """Raises 400 for what is no token."""
        try:
            since, until, epoch, at, select, ids, types, top, cursor = orjson.loads(
                base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            )
            numbers = [until, epoch, at, since or 0, top or 0, *(cursor or [])]
            if all(type(item) is int and abs(item) < 2**62 for item in numbers):
                texts = [tuple(str(item) for item in part) for part in (select, ids, types)]
                stop = tuple(cursor) if cursor is not None else None
                return Token(since, until, epoch, at, texts[0], texts[1], texts[2], top, stop)
        except (binascii.Error, ValueError, TypeError):
            pass
        why = Why("The token is none that a delta query has given out.", (Compared("token", text[:200], "query"),))
        raise Problem("delta_token", why=why)


def options_of(call: Call, resource: str) -> QueryOptions:
    """What a delta query asks. Raises 400 for options that it does not take."""
    wanted = queries.options(call, resource)
    refused = {"$expand": wanted.expand, "$orderby": wanted.orderby, "$search": wanted.search}
    for name, value in refused.items():
        if value:
            compared = (Compared(name, call.params.get(name), "query"),)
            text = f"The query parameter '{name}' is not supported for delta queries."
            raise bad(text, Why("A delta query takes $select, $top, and a $filter of ids.", compared))
    return wanted


def ids_of(node: Node | None) -> tuple[str, ...]:
    """The ids of a filter `id eq '…' or id eq '…'`. Raises 400 for any other."""
    found: list[str] = []
    for item in node.items if isinstance(node, Or) else (node,) if node is not None else ():
        match item:
            case Compare(("id",), "eq", str(value)):
                found.append(value.lower())
            case In(("id",), values):
                found += [str(value).lower() for value in values]
            case _:
                raise bad("The $filter of a delta query can only compare 'id' with 'eq'.")
    if len(found) > MOST_IDS:
        raise bad(f"The $filter of a delta query names at most {MOST_IDS} objects.")
    return tuple(found)
