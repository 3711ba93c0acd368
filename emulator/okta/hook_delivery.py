"""What an event hook is owed: events of the System Log since it was switched on, in batches.

Source: okta-admin-api.md 18.

A hook keeps how far it has come (`_after`, a row of the journal); nothing is queued when an event is written. The
courier leases a batch, sends it, and reports; a batch is tried twice, then counts as lost, as the vendor has it.
"""

from typing import Any

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


def next_batch(call: Call) -> tuple[Doc, list[Doc], int] | None:
    """The first hook that is owed something, the events, and the row to go on after. Looking writes nothing."""
    for hook in call.store.find_all(HOOKS, "status", ACTIVE):
        if hook["verificationStatus"] != VERIFIED or _held(hook, call.now):
            continue
        found, last = _events(call, hook)
        if found:
            return hook, found, last
    return None


def _held(hook: Doc, now: int) -> bool:
    lease = hook.get("_lease")
    return lease is not None and lease["until"] > now


def _events(call: Call, hook: Doc) -> tuple[list[Doc], int]:
    wanted, after = frozenset(hook["events"]["items"]), int(hook["_after"])
    found: list[Doc] = []
    while True:
        rows = journal.read(call.store.database, party=call.party, stream=STREAM, after=after, limit=_LOOKED_AT)
        for row in rows:
            after = row["n"]
            if row["type"] in wanted and passes(hook, row["doc"]):
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


def body_of(call: Call, hook: Doc, events: list[Doc], number: str) -> Doc:
    """The request that a hook's receiver gets."""
    return {
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
        "source": f"https://{call.info['host']}/api/v1/eventHooks/{hook['id']}", "eventId": number,
        "data": {"events": events}, "eventTime": iso(call.now), "contentType": "application/json",
    }  # fmt: skip


def headers_of(hook: Doc) -> dict[str, str]:
    """The configured headers and the secret of the authorisation scheme."""
    config = hook["channel"]["config"]
    found = {item["key"]: item["value"] for item in config["headers"]}
    scheme = config.get("authScheme")
    if scheme and hook.get("_secret") is not None:
        found[scheme["key"]] = hook["_secret"]
    return {key.lower(): value for key, value in found.items() if key.lower() not in ("host", "content-length")}


def settle(call: Call, hook: Doc, *, status: int, problem: str | None) -> None:
    """Take the courier's report: 2xx is delivered; another answer is tried once more, then lost."""
    lease = hook.pop("_lease")
    delivered = 200 <= status < 300
    again = not delivered and (status == 0 or status >= 500) and lease["tries"] < MOST_TRIES
    if again:
        hook["_tries"] = lease["tries"]
    else:
        hook["_after"] = lease["after"]
        hook.pop("_tries", None)
        reason = None if delivered else problem or f"The endpoint answered {status}"
        emit(
            call, "event_hook.delivery", [target_of(hook)], outcome="SUCCESS" if delivered else "FAILURE",
            reason=reason, severity="DEBUG" if delivered else "WARN",
        )  # fmt: skip
    call.store.put(HOOKS, hook)
