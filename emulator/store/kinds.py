"""What a stored resource type looks like: its table, the attributes that are extracted into indexed columns, and the
multi-valued ones that go to the side table. Declared next to the resource; read by the store and the filter compiler.
"""

from dataclasses import dataclass
from typing import Literal

import orjson

from emulator.kernel.doc import Doc, dig, public

ColumnKind = Literal["text", "number", "bool"]


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute that has an index. path: dotted, in the document. fold: compared without regard to case."""

    path: str
    fold: bool = False
    unique: bool = False
    kind: ColumnKind = "text"
    indexed: bool = True

    @property
    def sql(self) -> str:
        """The column's name in SQL."""
        return "c_" + self.path.lstrip("_").replace(".", "_")

    def of(self, doc: Doc) -> str | int | float | None:
        """The column's value for a document; folded where the column is."""
        value = dig(doc, self.path)
        if value is None or isinstance(value, (dict, list)):
            return None
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, str):
            return value.casefold() if self.fold else value
        if isinstance(value, int) and value.bit_length() > 63:
            return float(value)  # what a column cannot hold; the document keeps it
        return value if isinstance(value, (int, float)) else str(value)


@dataclass(frozen=True, slots=True)
class Shown(Column):
    """How many bytes of a document's text are public (without the closing brace): lists are then made in SQL.

    It relies on `text_of`, which writes the emulator's own keys last.
    """

    path: str = "_public"
    kind: ColumnKind = "number"
    indexed: bool = False

    def of(self, doc: Doc) -> int:
        return len(orjson.dumps(public(doc))) - 1


def text_of(doc: Doc) -> str:
    """A document as it is stored: public keys first, ours last."""
    own = {key: value for key, value in doc.items() if key.startswith("_")}
    return orjson.dumps({**public(doc), **own} if own else doc).decode()


@dataclass(frozen=True, slots=True)
class Multi:
    """A list of strings that is searched by element (`proxyAddresses`), kept in the side table."""

    path: str
    fold: bool = False
    unique: bool = False

    def of(self, doc: Doc) -> list[str]:
        value = dig(doc, self.path)
        if not isinstance(value, list):
            return []
        texts = [item for item in value if isinstance(item, str)]
        return list(dict.fromkeys(item.casefold() if self.fold else item for item in texts))


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource type's table. `together`: groups of column paths that must be unique as a whole.

    settled: seldom written and small (apps, keys, policies): reads go through a memo that any write to such a kind
    empties, in every process. Outside a write transaction its documents are shared: not to be changed in place.
    """

    name: str
    columns: tuple[Column, ...] = ()
    multi: tuple[Multi, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    settled: bool = False

    def column(self, path: str) -> Column | None:
        for column in self.columns:
            if column.path == path:
                return column
        return None
