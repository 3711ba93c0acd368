"""What people would find on their phones and in their mail from Microsoft: /_lab/microsoft/outbox. Ours.

Reading it is what a test or a trainee does in place of looking at a phone; answering a push is the phone's part.
"""

from typing import Any

from emulator.entra.login import second_factors
from emulator.entra.outbox import OUTBOX
from emulator.entra.problems import invalid, not_found
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import inferred, operation

__all__ = ["OUTBOX"]
_AT = "/_lab/microsoft/outbox"
_OPEN: dict[str, Any] = {
    "source": inferred("messages stay in the lab; where they are read is ours"), "auth": "none", "extra": {},
}  # fmt: skip


def _render(row: Doc) -> Doc:
    shown = {key: value for key, value in public(row).items() if key not in ("until", "challenge")}
    return {**shown, "expiresAt": iso(row["until"])}


@operation("GET", _AT, query=("to",), **_OPEN)
def list_messages(call: Call) -> Doc:
    """Messages that are still there, oldest first; `?to=`: a user name, number or address."""
    wanted = call.params.get("to", "").casefold()
    rows = call.store.all(OUTBOX)
    if wanted:
        rows = [row for row in rows if wanted in (row["login"].casefold(), row["to"].casefold())]
    return {"messages": [_render(row) for row in rows if row["until"] >= call.now]}


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(OUTBOX, call.path["id"].lower())
    if found is None or found["until"] < call.now:
        raise not_found(call.path["id"], what="message")
    return found


@operation("GET", _AT + "/{id}", **_OPEN)
def get_message(call: Call) -> Doc:
    """One message."""
    return _render(_load(call))


@operation("POST", _AT + "/{id}/answer", **_OPEN)
def answer_message(call: Call) -> Doc:
    """Answer a push: `{"number": 42}` as the sign-in page shows it, or `{"answer": "reject"}`."""
    message = _load(call)
    challenge = call.store.get(second_factors.MFA_CHALLENGES, str(message.get("challenge")))
    if not message["answerable"] or challenge is None or challenge["state"] != second_factors.PENDING:
        raise invalid("answer", "Message", message["kind"], rule="Only a push that waits is answered.")
    number = call.body.get("number")
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 4:
        number = int(number)
    word = call.body.get("answer")
    if word not in (None, "approve", "reject") or (word != "reject" and not isinstance(number, int)):
        rule = 'Answer with {"number": …} as the sign-in page shows it, or {"answer": "reject"}.'
        raise invalid("answer", "Message", str(word)[:60], rule=rule)
    state = second_factors.say(call, challenge, None if word == "reject" else number)
    call.store.put(OUTBOX, {**message, "answerable": False})
    return {"id": message["id"], "state": state}
