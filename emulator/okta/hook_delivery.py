"""What an event hook is owed: events of the System Log since it was switched on, in batches.

Source: okta-admin-api.md 18.

A hook keeps how far it has come (`_after`, a row of the journal); nothing is queued when an event is written. The
courier leases a batch, sends it, and reports; a batch is tried twice, then counts as lost, as the vendor has it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.okta import hook_filter
from emulator.okta.events import STREAM, emit, target
from emulator.store import Column, Kind, journal

HOOKS = Kind("event_hooks", (Column("status"), Column("name", fold=True)))
ACTIVE, INACTIVE, VERIFIED, UNVERIFIED = "ACTIVE", "INACTIVE", "VERIFIED", "UNVERIFIED"
MOST_TRIES = 2
LEASE = MINUTE
_BATCH, _LOOKED_AT = 20, 200


def newest(store: Any) -> int:
    """The newest row of the journal: a hook that is switched on sees what comes after."""
    row = store.database.execute("SELECT max(n) FROM journal").fetchone()
    return int(row[0] or 0)


def target_of(hook: Doc) -> Doc:
    return target("EventHook", hook["id"], name=hook["name"])


class Owed(NamedTuple):
    """Something to deliver: to whom, the row of the journal to go on after, and the request, `{uri, headers, body}`."""

    kind: Kind
    item: Doc
    after: int
    request: Callable[[Call, str], Doc]


def next_batch(call: Call) -> Owed | None:
    """What the first hook that is owed something gets. Looking writes nothing."""
    for hook in call.store.find_all(HOOKS, "status", ACTIVE):
        if hook["verificationStatus"] != VERIFIED or held(hook, call.now):
            continue
        found, last = _events(call, hook)
        if found:
            return Owed(HOOKS, hook, last, partial(_request, hook=hook, events=found))
    return None


def held(item: Doc, now: int) -> bool:
    """Whether a courier is on its way there."""
    lease = item.get("_lease")
    return lease is not None and lease["until"] > now


def _events(call: Call, hook: Doc) -> tuple[list[Doc], int]:
    wanted, after = hook["events"]["items"], int(hook["_after"])
    found: list[Doc] = []
    while True:
        rows = journal.read(
            call.store.database, party=call.party, stream=STREAM, after=after, limit=_LOOKED_AT, types=wanted
        )
        for row in rows:
            after = row["n"]
            if passes(hook, row["doc"]):
                found.append(row["doc"])
                if len(found) == _BATCH:
                    return found, after
        if len(rows) < _LOOKED_AT:
            return found, after


def passes(hook: Doc, event: Doc) -> bool:
    """Whether an event satisfies the hook's filter for its type; an expression that fails lets nothing through."""
    for item in (hook["events"].get("filter") or {}).get("eventFilterMap") or ():
        if item["event"] == event["eventType"]:
            return hook_filter.holds(item["condition"]["expression"], event)
    return True


def _request(call: Call, number: str, *, hook: Doc, events: list[Doc]) -> Doc:
    """The request that a hook's receiver gets."""
    body = {
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
        "source": f"https://{call.info['host']}/api/v1/eventHooks/{hook['id']}", "eventId": number,
        "data": {"events": events}, "eventTime": iso(call.now), "contentType": "application/json",
    }  # fmt: skip
    headers = {**headers_of(hook), "content-type": "application/json"}
    return {"uri": hook["channel"]["config"]["uri"], "headers": headers, "body": body}


def headers_of(hook: Doc) -> dict[str, str]:
    """The configured headers and the secret of the authorisation scheme."""
    config = hook["channel"]["config"]
    found = {item["key"]: item["value"] for item in config["headers"]}
    scheme = config.get("authScheme")
    if scheme and hook.get("_secret") is not None:
        found[scheme["key"]] = hook["_secret"]
    return {key.lower(): value for key, value in found.items() if key.lower() not in ("host", "content-length")}


def lease(call: Call, owed: Owed, token: str) -> None:
    """Keep in what is owed something that a courier has it."""
    tries = owed.item.get("_tries", 0) + 1
    owed.item["_lease"] = {"token": token, "after": owed.after, "until": call.now + LEASE, "tries": tries}
    call.store.put(owed.kind, owed.item)


def settle(call: Call, kind: Kind, item: Doc, *, status: int) -> bool | None:
    """Take the courier's report, the HTTP status (0: nobody there): True for delivered, which 2xx is; False for lost;
    None where it is tried once more."""
    held = item.pop("_lease")
    delivered = 200 <= status < 300
    again = not delivered and (status == 0 or status >= 500) and held["tries"] < MOST_TRIES
    if again:
        item["_tries"] = held["tries"]
    else:
        item["_after"] = held["after"]
        item.pop("_tries", None)
    call.store.put(kind, item)
    return None if again else delivered


def log(call: Call, hook: Doc, *, delivered: bool, reason: str) -> None:
    """How a hook's batch ended."""
    emit(
        call, "event_hook.delivery", [target_of(hook)], outcome="SUCCESS" if delivered else "FAILURE",
        reason=None if delivered else reason, severity="DEBUG" if delivered else "WARN",
    )  # fmt: skip
