"""What the tenant sends to people: codes by text message, calls, pushes. Nothing leaves the lab; it is read at
`/_lab/microsoft/outbox` (resources/microsoft_outbox.py).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, iso
from emulator.kernel.doc import Doc
from emulator.store import Column, Kind

OUTBOX = Kind("outbox", (Column("login", fold=True), Column("to", fold=True), Column("until", kind="number")))
KEPT = HOUR


def send(call: Call, user: Doc, channel: str, to: str, text: str, **more: Any) -> Doc:
    """Put a message into the outbox; call inside a commit. channel: sms, call, email or push. more: `code`,
    `answerable`, `challenge`, `until` (ms)."""
    for old in call.store.page(OUTBOX, limit=8).docs:
        if old["until"] < call.now:
            call.store.drop(OUTBOX, old["id"])
    row: Doc = {
        "id": call.ids.guid("message"), "kind": channel, "to": to, "login": user["userPrincipalName"], "text": text,
        "sent": iso(call.now), "answerable": False, "until": call.now + KEPT, **more,
    }  # fmt: skip
    call.store.add(OUTBOX, row)
    return row
