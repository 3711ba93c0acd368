"""`filter`, `search` and `q` of the org's lists, compiled to the store. Source: okta-admin-api.md 3.4, 4, 5, 17.2."""

from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare, Fold, Node, Or, QueryError, matches, parse_scim
from emulator.okta import lists
from emulator.okta.filters import RULES, FilterRefused, Rules, causes, prepare
from emulator.store import Kind
from emulator.store.where import Where, compile_for

Keep = Callable[[Doc], bool]
MOST_SORTED = 50_000
"""Documented: a search gives at most 50,000 results."""


def asked(call: Call, resource: str) -> tuple[Node, Rules] | None:
    """The tree of `filter` or `search`, and the rules it passed; None without either. Raises 400."""
    filter_text, search_text = (
        call.params.get(name) if f"{resource}.{name}" in RULES else None for name in ("filter", "search")
    )
    if filter_text and search_text:
        compared = (Compared("filter", filter_text[:200], "query"), Compared("search", search_text[:200], "query"))
        raise Problem("E0000033", why=Why("A list takes either search or filter.", compared))
    text = filter_text or search_text
    if not text:
        return None
    rules = RULES[f"{resource}.{'filter' if filter_text else 'search'}"]
    try:
        return prepare(parse_scim(text), rules), rules
    except (QueryError, FilterRefused) as error:
        compared = (Compared("expression", text[:200], "query"), Compared("reason", str(error), "grammar of the list"))
        why = Why("The expression is not one this list accepts.", compared)
        raise Problem("E0000031", causes=causes(error, rules), why=why) from error


def located(call: Call, kind: Kind, node: Node, fold: Fold) -> tuple[Where, Keep | None]:
    """The where clause of a tree, and the check that finishes what the indexes could not decide."""
    where = compile_for(node, kind, call.store.multi_table, fold=fold)
    if where.exact:
        return where, None
    return where, lambda doc: matches(node, doc, fold=fold)


def compiled(call: Call, kind: Kind, resource: str) -> tuple[Where | None, Keep | None]:
    """`asked` and `located` in one: what a list selects by; (None, None) selects everything."""
    found = asked(call, resource)
    if found is None:
        return None, None
    node, rules = found
    return located(call, kind, node, rules.fold)


def prefix(text: str, *paths: str) -> Node:
    """What `q` means: one of these attributes begins with the text, whatever its case (locate it with fold=True)."""
    return Or(tuple(Compare(tuple(path.split(".")), "sw", text) for path in paths))


def sorted_listing(
    call: Call, kind: Kind, render: Callable[[Call, Doc], Doc], *, where: Where | None, keep: Keep | None
) -> Listing:
    """One page in the order of `sortBy` and `sortOrder`; documents without the attribute come last, ties by id.

    The cursor is the id of the page's last document, which is looked up where it stands now.
    """
    path, descending = call.params.get("sortBy") or "id", _descending(call)
    page = call.store.page(kind, where, limit=MOST_SORTED, keep=keep)
    found = sorted(page.docs, key=lambda doc: doc["id"])
    found.sort(key=lambda doc: _rank(doc, path, descending=descending), reverse=descending)
    found = _after(call, kind, found, path, descending=descending)
    size = lists.page_size(call)
    more = found[size - 1]["id"] if len(found) > size else None
    return Listing([render(call, doc) for doc in found[:size]], more)


def _descending(call: Call) -> bool:
    order = call.params.get("sortOrder", "asc").lower()
    if order not in ("asc", "desc", "ascending", "descending", ""):
        why = Why("sortOrder is asc or desc.", (Compared("sortOrder", order[:60], "query"),))
        raise Problem("E0000031", causes=("sortOrder is not valid",), why=why)
    return order.startswith("desc")


def _rank(doc: Doc, path: str, *, descending: bool) -> tuple[int, str, float, str]:
    """Absent last either way; then by type, number, and folded text."""
    value: Any = dig(doc, path)
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, str)), None)
    if value is None or isinstance(value, dict):
        return (0 if descending else 1, "", 0.0, "")
    present = 1 if descending else 0
    if isinstance(value, int | float):
        return (present, "number", float(value), "")
    return (present, "text", 0.0, str(value).casefold())


def _after(call: Call, kind: Kind, found: list[Doc], path: str, *, descending: bool) -> list[Doc]:
    after = call.params.get("after")
    if not after:
        return found
    last = call.store.get(kind, after)
    if last is None:
        why = Why("The cursor names no item of this list.", (Compared("after", after, "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    rank = _rank(last, path, descending=descending)

    def follows(doc: Doc) -> bool:
        own = _rank(doc, path, descending=descending)
        if own != rank:
            return own < rank if descending else own > rank
        return bool(doc["id"] > after)

    return [doc for doc in found if follows(doc)]
