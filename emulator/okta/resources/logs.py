"""The System Log: GET /api/v1/logs. Source: okta-admin-api.md 17.2.

A request without `until`, oldest first, is a poll: it is ordered by when events were kept, and always has a next link.
Any other is bounded: ordered by `published`, and its last page has none.
"""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.okta import log_query
from emulator.okta.events import STREAM
from emulator.okta.log_query import LogQuery, cursor
from emulator.store import journal

_BATCH = 500


@operation(
    "GET", "/api/v1/logs", source=OBSERVED, scope=("okta.logs.read",), bucket="logs", paging=Paging(100, 1000),
    query=("since", "until", "after", "filter", "q", "limit", "sortOrder"),
)  # fmt: skip
def list_events(call: Call) -> Listing:
    """Events by time, `filter` and keywords."""
    asked = log_query.read(call)
    rows, seen, more = _poll(call, asked) if asked.polling else _bounded(call, asked)
    last = seen or asked.after or (asked.since, 0)
    following = cursor(*last) if asked.polling or more else None
    return Listing([row["doc"] for row in rows], following)


def _poll(call: Call, asked: LogQuery) -> tuple[list[Doc], tuple[int, int] | None, bool]:
    """The next wanted rows in order of writing, and the last row looked at: nothing before it needs another look."""
    found: list[Doc] = []
    after, seen = asked.after[1] if asked.after else 0, None
    while len(found) < asked.limit:
        batch = journal.read(
            call.store.database, party=call.party, stream=STREAM, since=None if asked.after else asked.since,
            about=asked.about(), after=after, limit=_BATCH,
        )  # fmt: skip
        for row in batch:
            seen, after = (row["at"], row["n"]), row["n"]
            if asked.keeps(row["doc"]):
                found.append(row)
                if len(found) == asked.limit:
                    return found, seen, True
        if len(batch) < _BATCH:
            break
    return found, seen, False


def _bounded(call: Call, asked: LogQuery) -> tuple[list[Doc], tuple[int, int] | None, bool]:
    """The next wanted rows by time, the last one's place, and whether any follows."""
    found: list[Doc] = []
    place = asked.after
    until = asked.until if asked.until is not None else call.now + 1
    while True:
        batch = journal.read(
            call.store.database, party=call.party, stream=STREAM, since=asked.since, until=until, about=asked.about(),
            by_time=True, place=place, limit=_BATCH, newest_first=asked.newest_first,
        )  # fmt: skip
        for row in batch:
            if asked.keeps(row["doc"]):
                if len(found) >= asked.limit:
                    return found, _place(found), bool(found)
                found.append(row)
            place = (row["at"], row["n"])
        if len(batch) < _BATCH:
            return found, _place(found), False


def _place(rows: list[Doc]) -> tuple[int, int] | None:
    return (rows[-1]["at"], rows[-1]["n"]) if rows else None
