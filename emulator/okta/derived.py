"""What is worked out from stored documents and costs more than reading them: zone indexes, compiled rules.

Kept until the documents change. A write to any settled kind only costs a comparison of their text; so a decision stays
fast while administrators work. The results are shared: never changed in place.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import orjson

from emulator.kernel.doc import Doc
from emulator.store import Kind

T = TypeVar("T")
_KEPT: WeakKeyDictionary[Any, dict[tuple[Any, ...], tuple[str, Any]]] = WeakKeyDictionary()


def derived(store: Any, kind: Kind, path: str, value: Any, build: Callable[[list[Doc]], T]) -> T:
    """`build` of every document of a settled kind whose attribute has that value, oldest first."""
    key = ("derived", kind.name, path, value, build)

    def compare() -> T:
        text = store.text(kind, path, value)
        kept = _KEPT.setdefault(store.database, {})
        known = kept.get((store.party, *key))
        if known is None or known[0] != text:
            known = kept[store.party, *key] = (text, build(orjson.loads(text)))
        made: T = known[1]
        return made

    found: T = store.settled(key, compare)
    return found
