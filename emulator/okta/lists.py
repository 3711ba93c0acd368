"""Lists of the org: cursors are ids, `after` one that names nothing is refused. Source: okta-admin-api.md 1.5."""

from collections.abc import Callable

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import reach
from emulator.store import Kind
from emulator.store.where import Where


def page_size(call: Call) -> int:
    """The effective limit: the default, or what was asked up to the most. Raises 400 for no number."""
    asked = _asked(call)
    return asked if call.page_limit is None else min(asked, call.page_limit)


def _asked(call: Call) -> int:
    paging = call.operation.paging
    assert paging is not None
    return number_asked(call, paging.parameter, default=paging.default, most=paging.most)


def number_asked(call: Call, parameter: str, *, default: int, most: int) -> int:
    """The limit that a query parameter names. Raises 400 for no number."""
    text = call.params.get(parameter)
    if text is None or text == "":
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        why = Why("limit is a whole number.", (Compared("limit", text, "query"),))
        raise Problem("E0000001", "limit", causes=(f"limit: '{text}' is not a valid number",), why=why)
    return min(max(int(text), 1), most)


def part_of(call: Call, found: list[Doc], size: int | None = None) -> tuple[list[Doc], str | None]:
    """The page of a list that stands ready: what comes after the item that `after` names, and the next cursor."""
    after, ids = call.params.get("after"), [item["id"] for item in found]
    if after and after not in ids:
        why = Why("The cursor names no item of this list.", (Compared("after", after[:128], "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    rest = found[ids.index(after) + 1 :] if after else found
    size = page_size(call) if size is None else size
    return rest[:size], rest[size - 1]["id"] if len(rest) > size else None


def start(call: Call, kind: Kind) -> int:
    """The sequence number that `after` stands for; 0 without one."""
    after = call.params.get("after")
    if not after:
        return 0
    found = call.store.seq(kind, after)
    if found is None:
        why = Why("The cursor names no item of this list.", (Compared("after", after, "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    return int(found)


def listing(
    call: Call,
    kind: Kind,
    render: Callable[[Call, Doc], Doc],
    *,
    where: Where | None = None,
    keep: Callable[[Doc], bool] | None = None,
    tail: tuple[str, str] | None = None,
) -> Listing:
    """One page of a kind, in creation order.

    tail: where an item is the public document and links that only need its id, the text around that id; the page is
    then made in SQL, without reading the documents.
    """
    where = reach.narrowed(call, kind, where)
    if tail is not None and keep is None:
        found = call.store.page_text(kind, where, after=start(call, kind), limit=page_size(call), tail=tail)
        return Listing(found.text, found.last if found.more else None)
    page = call.store.page(kind, where, after=start(call, kind), limit=page_size(call), keep=keep)
    more = page.docs[-1]["id"] if page.more and page.docs else None
    return Listing([render(call, doc) for doc in page.docs], more)
