"""What is worked out from stored documents and costs more than reading them: zone indexes, compiled rules.

Kept until the documents change, document by document: what one write changes is worked out again, the rest stays. So a
decision stays fast while administrators work. The results are shared: never changed in place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from emulator.kernel.doc import Doc, dig
from emulator.store import Kind, feed
from emulator.store.feed import Position

T = TypeVar("T")
M = TypeVar("M")


@dataclass(slots=True)
class _Kept:
    """What was made of the documents (by sequence number) up to a position of the log, and of all of them together."""

    at: Position
    rewound: int
    made: dict[int, Any]
    whole: Any


_KEPT: WeakKeyDictionary[Any, dict[tuple[Any, ...], _Kept]] = WeakKeyDictionary()


def derived(
    store: Any, kind: Kind, path: str, value: Any, each: Callable[[Doc], M], whole: Callable[[list[M]], T]
) -> T:
    """`whole` of `each` of the documents of a settled kind whose declared attribute has that value, oldest first."""
    key = ("derived", kind.name, path, value, each, whole)
    found: T = store.settled(key, lambda: _refreshed(store, kind, path, value, key).whole)
    return found


def _refreshed(store: Any, kind: Kind, path: str, value: Any, key: tuple[Any, ...]) -> _Kept:
    each, whole = key[-2:]
    kept = _KEPT.setdefault(store.database, {})
    known, at = kept.get((store.party, *key)), feed.position(store)
    if known is None or known.rewound != store.database.rewound or not feed.good(store, known.at):
        made = {seq: each(doc) for seq, doc in feed.rows(store, kind, path, value).items()}
        known = _Kept(at, store.database.rewound, made, None)
    else:
        changed = feed.moved(store, kind, since=known.at.n, until=at.n)
        if not changed:
            return (
                known
                if store.database.writing
                else _keep(kept, store, key, _Kept(at, known.rewound, known.made, known.whole))
            )
        made = {seq: item for seq, item in known.made.items() if seq not in changed}
        fresh = feed.now_at(store, kind, changed)
        made |= {seq: each(doc) for seq, doc in fresh.items() if dig(doc, path) == value}
        known = _Kept(at, known.rewound, made, None)
    known.whole = whole([known.made[seq] for seq in sorted(known.made)])
    # What a transaction sees may yet be undone.
    return known if store.database.writing else _keep(kept, store, key, known)


def _keep(kept: dict[tuple[Any, ...], _Kept], store: Any, key: tuple[Any, ...], made: _Kept) -> _Kept:
    kept[store.party, *key] = made
    return made


def as_it_is(doc: Doc) -> Doc:
    """For what is worked out of all documents together only."""
    return doc
