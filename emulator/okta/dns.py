"""DNS as the org sees it: what is published under names that it asks about. Publishing is state, not an API of the
vendor's: records are seeded, or brought by resources/dns_records.py.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.store import Column, Kind

DNS_RECORDS = Kind("dns_records", (Column("fqdn"),))
TYPES = ("TXT", "CNAME")


def record(fqdn: str, kind: str, value: str) -> Doc:
    """A published record; names do not tell cases apart."""
    return {"id": f"{kind} {fqdn.lower()} {value}", "fqdn": fqdn.lower(), "recordType": kind, "value": value}


def published(store: Any, fqdn: str, kind: str) -> list[str]:
    """The values of a name's records of a type; those of CNAME in lower case, without the root's dot."""
    found = [row["value"] for row in store.find_all(DNS_RECORDS, "fqdn", fqdn.lower()) if row["recordType"] == kind]
    return [value.lower().rstrip(".") for value in found] if kind == "CNAME" else found


def lacking(store: Any, wanted: list[Doc]) -> list[Doc]:
    """Which of some wanted records, `{recordType, fqdn, value}`, nobody publishes."""
    return [row for row in wanted if row["value"] not in published(store, row["fqdn"], row["recordType"].upper())]
