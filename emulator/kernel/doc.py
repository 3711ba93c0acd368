"""The shape of a stored object and of a JSON body: a plain dict, as the wire has it.

Keys that start with an underscore belong to the emulator (password hashes, links between documents) and never
leave a party; `public` drops them.
"""

from functools import lru_cache
from typing import Any

Doc = dict[str, Any]


def public(doc: Doc) -> Doc:
    """The document without the emulator's own keys."""
    found = dict(doc)
    for key in _own(tuple(doc)):
        del found[key]
    return found


@lru_cache(maxsize=1024)  # documents of a kind have the same keys
def _own(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([key for key in keys if key[:1] == "_"])


def dig(doc: Any, path: str) -> Any:
    """The value at a dotted path (`profile.login`), or None where any step is missing."""
    for step in path.split("."):
        if not isinstance(doc, dict):
            return None
        doc = doc.get(step)
    return doc
