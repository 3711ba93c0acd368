"""`filter`, `search` and `q` of the org's lists, compiled to the store. Source: okta-admin-api.md 3.4, 4, 5, 17.2."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import And, Compare, Fold, Node, Or, QueryError, matches, parse_scim
from emulator.okta import lists, reach, sorted_pages
from emulator.okta.filters import RULES, FilterRefused, Rules, causes, prepare
from emulator.okta.profile_index import indexed
from emulator.store import Column, Kind
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
    where = _driven(call, kind, indexed(kind, node), fold)
    if where.exact:
        return where, None
    return where, lambda doc: matches(node, doc, fold=fold)


def _driven(call: Call, kind: Kind, node: Node, fold: Fold) -> Where:
    """The compiled tree; a range of few documents in it is found first, by its index.

    Pages are in order of creation, and SQLite would rather walk that order than sort what a range finds: right for a
    range that holds most documents, a scan of the whole table for one that holds hardly any.
    """
    where = compile_for(node, kind, call.store.multi_table, fold=fold)
    parts = node.items if isinstance(node, And) else (node,)
    if any(_compares(kind, part, _EQUALITY) for part in parts):
        return where
    for part in parts:
        if not _compares(kind, part, _RANGES):
            continue
        found = compile_for(part, kind, call.store.multi_table, fold=fold)
        # The names are the store's own, the values are bound.
        rows = f"SELECT seq FROM {call.store.table(kind)} WHERE {found.sql}"  # noqa: S608
        counted = f"SELECT count(*) FROM ({rows} LIMIT {_FEW + 1})"  # noqa: S608
        if found.sql != "1" and call.store.database.execute(counted, found.params).fetchone()[0] <= _FEW:
            return replace(where, sql=f"seq IN ({rows}) AND {where.sql}", params=(*found.params, *where.params))
    return where


_EQUALITY = frozenset({"eq"})
_RANGES = frozenset({"sw", "gt", "ge", "lt", "le"})
_FEW = 2_000


def _compares(kind: Kind, part: Node, operators: frozenset[str]) -> bool:
    """Whether a part compares a column that has an index."""
    if not isinstance(part, Compare) or part.op not in operators or part.value is None:
        return False
    column = kind.column(".".join(part.path))
    return column is not None and column.indexed


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
    where = reach.narrowed(call, kind, where)
    column = kind.column(path)
    if column is not None and column.indexed and keep is None:
        return _by_column(call, kind, render, where=where, column=column, descending=descending)
    page = call.store.page(kind, where, limit=MOST_SORTED, keep=keep)
    found = sorted(page.docs, key=lambda doc: doc["id"])
    found.sort(key=lambda doc: _rank(doc, path, descending=descending), reverse=descending)
    found = _after(call, kind, found, path, descending=descending)
    size = lists.page_size(call)
    more = found[size - 1]["id"] if len(found) > size else None
    return Listing([render(call, doc) for doc in found[:size]], more)


def _by_column(
    call: Call, kind: Kind, render: Callable[[Call, Doc], Doc], *, where: Where | None, column: Column, descending: bool
) -> Listing:
    size = lists.page_size(call)
    found = sorted_pages.page(
        call.store, kind, column, where=where, last=_last(call, kind), descending=descending, limit=size + 1
    )
    more = found[size - 1]["id"] if len(found) > size else None
    return Listing([render(call, doc) for doc in found[:size]], more)


def _last(call: Call, kind: Kind) -> Doc | None:
    """The document that `after` names. Raises 400 where it names none."""
    after = call.params.get("after")
    if not after:
        return None
    found: Doc | None = call.store.get(kind, after)
    if found is None:
        why = Why("The cursor names no item of this list.", (Compared("after", after, "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    return found


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
    last = _last(call, kind)
    if last is None:
        return found
    rank = _rank(last, path, descending=descending)

    def follows(doc: Doc) -> bool:
        own = _rank(doc, path, descending=descending)
        if own != rank:
            return own < rank if descending else own > rank
        return bool(doc["id"] > last["id"])

    return [doc for doc in found if follows(doc)]
