"""What the tenant knows of addresses: country, region, city. Read from the world file; no operation shows them.

It stands in for the service's own data on where an address is, which cannot be had offline.
"""

from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.store import Kind

ADDRESS_FACTS = Kind("address_facts", settled=True)


def seed(seeding: Seeding) -> None:
    """`addresses: [{addresses: CIDR | first-last, country: NL, region?, city?}]`, as in Okta's part of the world."""
    for number, given in enumerate(seeding.spec.get("addresses", ())):
        row: Doc = {"id": f"address{number}", **given}
        seeding.store.add(ADDRESS_FACTS, row)
