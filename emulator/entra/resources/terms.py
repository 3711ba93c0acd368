"""Terms of use: who accepted which. Agreements are known by their ids in Conditional Access policies only.

Source: graph-entra.md 1.16 (grantControls.termsOfUse).
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.store import Column, Kind

ACCEPTANCES = Kind("terms_acceptances", (Column("userId"),))


def accepted_by(call: Call, user: Doc) -> frozenset[str]:
    """Ids of the agreements that a user accepted."""
    return frozenset(row["agreementId"] for row in call.store.find_all(ACCEPTANCES, "userId", user["id"]))


def accept(call: Call, user: Doc, agreements: tuple[str, ...]) -> None:
    """Remember that a user accepted agreements; call inside a commit."""
    for name in agreements:
        row = {"id": f"{user['id']}/{name}", "userId": user["id"], "agreementId": name, "at": iso(call.now)}
        if call.store.get(ACCEPTANCES, row["id"]) is None:
            call.store.add(ACCEPTANCES, row)
