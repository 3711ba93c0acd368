"""`filter`, `search` and `q` of the org's lists, compiled to the store. Source: okta-admin-api.md 3.4, 4, 5, 17.2."""

from collections.abc import Callable

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import QueryError, matches, parse_scim
from emulator.okta.filters import RULES, FilterRefused, check
from emulator.store import Kind
from emulator.store.where import Where, compile_for

Keep = Callable[[Doc], bool]


def compiled(call: Call, kind: Kind, resource: str) -> tuple[Where | None, Keep | None]:
    """The where clause of `filter` or `search`, and the check that finishes what the indexes could not decide."""
    filter_text, search_text = call.params.get("filter"), call.params.get("search")
    if filter_text and search_text:
        raise Problem("E0000033", why=Why("A list takes either search or filter."))
    text = filter_text or search_text
    if not text:
        return None, None
    rules = RULES[f"{resource}.{'filter' if filter_text else 'search'}"]
    try:
        node = parse_scim(text)
        check(node, rules)
    except (QueryError, FilterRefused) as error:
        why = Why("The filter is not one this list accepts.", (Compared("expression", text[:200], "query"),))
        raise Problem("E0000031", causes=(str(error),), why=why) from error
    where = compile_for(node, kind, call.store.multi_table, fold=rules.fold)
    if where.exact:
        return where, None
    return where, lambda doc: matches(node, doc, fold=rules.fold)
