"""What a request to `GET /logs` asks for, read and checked once. Source: okta-admin-api.md 17.2.

Not documented, hence inferred: the causes of bad dates and limits, and the form of the cursor.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import And, Compare, Node, QueryError, matches, parse_scim
from emulator.okta.filters import RULES, FilterRefused, log_syntax_error, prepare

DEFAULT_SPAN = 7 * DAY
OLDEST = 180 * DAY
RETENTION = 90 * DAY
MOST_KEYWORDS, LONGEST_KEYWORD = 10, 40


@dataclass(frozen=True, slots=True)
class LogQuery:
    """since, until: instants in ms (until None: no end). after: (published, row) of the last event already given.

    polling: no `until` and oldest first; such a list never ends. newest_first: sortOrder DESCENDING.
    """

    since: int
    until: int | None
    after: tuple[int, int] | None
    newest_first: bool
    node: Node | None
    keywords: tuple[str, ...]
    limit: int

    @property
    def polling(self) -> bool:
        return self.until is None and not self.newest_first

    def keeps(self, event: Doc) -> bool:
        """Whether an event satisfies `filter` and `q`."""
        if self.node is not None and not matches(self.node, event, fold=False):
            return False
        if not self.keywords:
            return True
        values = set(_words(event))
        return all(word in values for word in self.keywords)

    def about(self) -> str | None:
        """An id that every wanted event names as actor or target, for the journal's index."""
        parts = self.node.items if isinstance(self.node, And) else (self.node,)
        for part in parts:
            if isinstance(part, Compare) and part.op == "eq" and part.path in (("actor", "id"), ("target", "id")):
                return part.value if isinstance(part.value, str) else None
        return None


def read(call: Call) -> LogQuery:
    """The query of a request. Raises 400."""
    newest_first = _order(call)
    until = _instant(call, "until")
    end = call.now if until is None else until
    since = _instant(call, "since")
    start = end - DEFAULT_SPAN if since is None else since
    if since is not None and since < call.now - OLDEST:
        compared = (
            Compared("since", call.params["since"][:60], "query"),
            Compared("oldest, days ago", 180, "System Log"),
        )
        raise _scim("since is older than 180 days", Why("The System Log does not look back further.", compared))
    return LogQuery(
        since=max(start, call.now - RETENTION), until=until, after=_cursor(call), newest_first=newest_first,
        node=_filter(call), keywords=_keywords(call), limit=_limit(call),
    )  # fmt: skip


def _order(call: Call) -> bool:
    order = call.params.get("sortOrder") or "ASCENDING"
    if order not in ("ASCENDING", "DESCENDING"):
        raise _invalid("sortOrder", "sortOrder: must be ASCENDING or DESCENDING", order)
    return order == "DESCENDING"


def _instant(call: Call, name: str) -> int | None:
    text = call.params.get(name)
    if not text:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        return parse_iso(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise _invalid(name, f"{name}: The field must be a valid ISO 8601 date and time", text) from None


def _limit(call: Call) -> int:
    text = call.params.get("limit") or "100"
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > 1000:
        raise _invalid("limit", "limit: The field must be a number between 0 and 1000", text)
    return int(text)


def _cursor(call: Call) -> tuple[int, int] | None:
    text = call.params.get("after")
    if not text:
        return None
    published, _, row = text.partition("_")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (published, row)):
        why = Why("The cursor is not one that this list gave out.", (Compared("after", text[:60], "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    return int(published), int(row)


def cursor(published: int, row: int) -> str:
    """The cursor that goes on after an event."""
    return f"{published}_{row}"


def _filter(call: Call) -> Node | None:
    text = call.params.get("filter")
    if not text:
        return None
    rules = RULES["logs.filter"]
    try:
        return prepare(parse_scim(text), rules)
    except QueryError as error:
        compared = (Compared("filter", text[:200], "query"), Compared("position", error.position, "grammar"))
        raise _scim(log_syntax_error(text, error), Why(error.message, compared)) from error
    except FilterRefused as error:
        why = Why(error.cause, (Compared("filter", text[:200], "query"),))
        if error.operator:
            raise Problem("E0000031", summary=error.cause, why=why) from error
        raise _scim(error.cause, why) from error


def _keywords(call: Call) -> tuple[str, ...]:
    words = tuple((call.params.get("q") or "").casefold().split())
    if len(words) > MOST_KEYWORDS or any(len(word) > LONGEST_KEYWORD for word in words):
        shown = f"{len(words)} keywords, longest {max(map(len, words))}"
        raise _invalid("q", f"q: at most {MOST_KEYWORDS} keywords of {LONGEST_KEYWORD} characters", shown)
    return words


def _invalid(name: str, cause: str, value: str) -> Problem:
    why = Why(f"{name} is not valid.", (Compared(name, value[:60], "query"),))
    return Problem("E0000001", name, causes=(cause,), why=why)


def _scim(text: str, why: Why) -> Problem:
    """The System Log says what is wrong in the summary, and sends no causes."""
    return Problem("E0000053", summary=text, why=why)


def _words(value: Any) -> Iterator[str]:
    """Every value of an event as a keyword sees it: whole, by word, and by part where it is hyphenated."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif isinstance(value, str):
        folded = value.casefold()
        yield folded
        for word in folded.split():
            yield word
            if "-" in word:
                yield from word.split("-")
