"""What subscribers are owed: change notifications, queued in the transaction of the change.

Source: Microsoft's pages on change notifications.

The world's pump takes one at a time (`lease`), sends it and reports (`settle`). A receiver that fails is asked again,
later and later, for up to four hours.
"""

from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, MINUTE, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.store import Column, Kind, Store

SUBSCRIPTIONS = Kind(
    "graph_subscriptions", (Column("_set"), Column("_object"), Column("applicationId"), Column("expirationDateTime"))
)
NOTIFICATIONS = Kind("graph_notifications", (Column("due", kind="number"),))
PATIENCE = 4 * HOUR
LEASE = MINUTE
_WAITS = (10_000, 30_000, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
# Type of an audit target to the entity set and type that a notification names.
_SETS = {"User": ("users", "User"), "Group": ("groups", "Group")}


def changed(call: Call, activity: str, targets: list[Doc]) -> None:
    """Queue what the subscribers of these objects are owed. Audit rows are where every change passes."""
    for item in targets:
        found = _SETS.get(item["type"])
        if found is None or call.store.count(SUBSCRIPTIONS) == 0:
            continue
        change = _change(activity, item["type"])
        for row in call.store.find_all(SUBSCRIPTIONS, "_set", found[0]):
            if change in row["changeType"].split(",") and row["_object"] in ("", item["id"]):
                _queue(call, row, change, found, item["id"])


def _change(activity: str, kind: str) -> str:
    """created, updated or deleted. Of users and groups, Graph tells creation as an update."""
    word = activity.partition(" ")[0]
    whole = activity.lower().endswith(kind.lower())
    if word in ("Delete", "Hard") and whole:
        return "deleted"
    return "updated"


def _queue(call: Call, subscription: Doc, change: str, found: tuple[str, str], object_id: str) -> None:
    if parse_iso(subscription["expirationDateTime"]) <= call.now:
        return
    entity_set, kind = found
    path = f"{entity_set[0].upper()}{entity_set[1:]}/{object_id}"
    value = {
        "changeType": change, "clientState": subscription["clientState"], "resource": path,
        "resourceData": {
            "@odata.type": f"#Microsoft.Graph.{kind}", "@odata.id": path, "id": object_id,
            "organizationId": _tenant(call), "sequenceNumber": call.now,
        },
        "subscriptionExpirationDateTime": subscription["expirationDateTime"], "subscriptionId": subscription["id"],
        "tenantId": _tenant(call),
    }  # fmt: skip
    call.store.add(NOTIFICATIONS, {
        "id": call.ids.guid("notification"), "due": call.now, "since": call.now, "attempts": 0,
        "url": subscription["notificationUrl"], "subscription": subscription["id"], "body": {"value": [value]},
    })  # fmt: skip


def _tenant(call: Call) -> str:
    from emulator.entra.tokens import tenant

    return str(tenant(call)["id"])


# -- delivery -----------------------------------------------------------------------------------------------------


def lease(store: Store, now: int) -> Doc | None:
    """The next notification that is due, kept from others for a minute."""
    if _first(store, now) is None:
        return None
    with store.write():
        row = _first(store, now)
        if row is None:
            return None
        return store.put(NOTIFICATIONS, {**row, "due": now + LEASE, "attempts": row["attempts"] + 1})


def _first(store: Store, now: int) -> Doc | None:
    sql = f"SELECT id FROM {store.table(NOTIFICATIONS)} WHERE c_due <= ? ORDER BY c_due, seq LIMIT 1"  # noqa: S608
    found = store.database.execute(sql, (now,)).fetchone()
    return store.get(NOTIFICATIONS, found[0]) if found else None


def settle(store: Store, row: Doc, status: int, now: int) -> str:
    """Report how a delivery went: `done`, `again` or `dropped`. status: 0 where nobody answered."""
    with store.write():
        if 200 <= status < 300:
            store.drop(NOTIFICATIONS, row["id"])
            return "done"
        if now - row["since"] >= PATIENCE:
            store.drop(NOTIFICATIONS, row["id"])
            return "dropped"
        wait = _WAITS[min(row["attempts"], len(_WAITS)) - 1]
        store.put(NOTIFICATIONS, {**row, "due": now + wait})
        return "again"


def next_due(store: Store) -> str | None:
    """When the next delivery is due, as an instant."""
    table = store.table(NOTIFICATIONS)
    found = store.database.execute(f"SELECT min(c_due) FROM {table}").fetchone()  # noqa: S608
    return iso(int(found[0])) if found and found[0] is not None else None


def body_of(row: Doc) -> bytes:
    found: Any = row["body"]
    return orjson.dumps(found)
