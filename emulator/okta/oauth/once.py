"""Things that work once: ids of assertions and proofs, kept until they would have expired anyway."""

import hashlib

from emulator.kernel.call import Call
from emulator.kernel.query import Compare
from emulator.okta import search
from emulator.okta.oauth.kinds import CODES, REVOKED, SEEN, VALUES
from emulator.store import Duplicate, Kind

_SWEEP = 32


def first(call: Call, name: str, until_ms: int) -> bool:
    """Whether nobody has used that name before; one caller of several gets True. Opens its own short transaction."""
    id = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    with call.commit():
        sweep(call, SEEN)
        try:
            call.store.add(SEEN, {"id": id, "_until": until_ms})
        except Duplicate:
            return False
    return True


def sweep(call: Call, *kinds: Kind) -> None:
    """Forget a few of what has expired; inside a write transaction."""
    for kind in kinds:
        where, keep = search.located(call, kind, Compare(("_until",), "lt", call.now), fold=False)
        old = call.store.page(kind, where, limit=_SWEEP, keep=keep)
        for row in old.docs:
            call.store.drop(kind, row["id"])


def sweep_all(call: Call) -> None:
    sweep(call, CODES, VALUES, REVOKED)
