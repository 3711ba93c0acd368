"""What the org sends to people: text messages, calls, mails, pushes. Nothing leaves the lab; tests and people read it
at `/_lab/outbox`.

A message stays for an hour of world time, a push as long as it can be answered.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, iso
from emulator.kernel.doc import Doc
from emulator.store import Column, Kind

OUTBOX = Kind("outbox", (Column("login", fold=True), Column("to", fold=True), Column("until", kind="number")))
KEPT = HOUR


def send(call: Call, user: Doc, channel: str, to: str, text: str, **more: Any) -> Doc:
    """Put a message into the outbox. channel: sms, call, email or push. more: `code`, `link`, `until` (ms)..."""
    for old in call.store.all(OUTBOX):
        if old["until"] < call.now:
            call.store.drop(OUTBOX, old["id"])
    row: Doc = {
        "id": call.ids.okta("msg"), "kind": channel, "to": to, "login": user["profile"]["login"], "text": text,
        "sent": iso(call.now), "until": call.now + KEPT, **more,
    }  # fmt: skip
    call.store.add(OUTBOX, row)
    return row


def messages(call: Call, to: str = "") -> list[Doc]:
    """What is there now, oldest first; `to`: for that login, number or address."""
    found = call.store.all(OUTBOX)
    if to:
        wanted = to.casefold()
        found = [row for row in found if wanted in (row["login"].casefold(), row["to"].casefold())]
    return [row for row in found if row["until"] >= call.now]
