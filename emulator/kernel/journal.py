"""The journal's rows: what happened at a party, in the vendor's own shape, beside the reason where it refused.

Streams are a party's logs (`system_log`, `signIns`, `directoryAudits`) plus `refusal`, which is ours: one row per
refused request, keyed by its request id, holding the `why`.
"""

from dataclasses import dataclass, field

from emulator.kernel.doc import Doc

REFUSAL = "refusal"
NOTE = "note"
"""The stream of what was ignored or left out without a word to the client."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row before it is written; the pipeline adds party, time and request id.

    `doc` is the record as the vendor's log shows it (empty for refusals); `about` are ids that a reader may look up
    (users, apps, domains), indexed.
    """

    stream: str
    type: str
    outcome: str
    doc: Doc = field(default_factory=dict)
    why: Doc | None = None
    about: tuple[str, ...] = ()
