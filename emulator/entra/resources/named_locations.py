"""Named locations: /identity/conditionalAccess/namedLocations. Source: graph-entra.md 1.16."""

import ipaddress
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.countries import CODES
from emulator.entra.entitlements import P1, needs
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.queries import Shape
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

NAMED_LOCATIONS = Kind("named_locations", (Column("displayName", fold=True), Column("createdDateTime")), settled=True)
PATH = "/v1.0/identity/conditionalAccess/namedLocations"
READERS = {
    "roles": ("Conditional Access Administrator", "Security Administrator", "Security Reader", "Global Reader"),
    "denied": "scopes_missing",
}
ADMINS = {"roles": ("Conditional Access Administrator", "Security Administrator"), "denied": "scopes_missing"}
IP, COUNTRY = "#microsoft.graph.ipNamedLocation", "#microsoft.graph.countryNamedLocation"
MOST, MOST_RANGES = 195, 2000
_SHOWN_ONLY = ("createdDateTime", "modifiedDateTime", "deletedDateTime")
SHAPE = Shape("namedLocation", "identity/conditionalAccess/namedLocations", NAMED_LOCATIONS)


def all_of(store: Store) -> list[Doc]:
    """Every named location."""
    return store.all(NAMED_LOCATIONS)


def holds(location: Doc, address: str, country: str | None) -> bool:
    """Whether a client is in a location. country: its ISO code, None where it is unknown."""
    if location["@odata.type"] == COUNTRY:
        unknown = bool(location["includeUnknownCountriesAndRegions"])
        return unknown if country is None else country in location["countriesAndRegions"]
    try:
        client = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(client in ipaddress.ip_network(item["cidrAddress"], strict=False) for item in location["ipRanges"])


def _refuse(reason: str, name: str, value: Any, rule: str) -> Problem:
    return Problem("ca_location", reason, why=Why(rule, (Compared(name, value, "request body"),)))


@operation("GET", PATH, source=DOCUMENTED, extra=READERS)
def list_locations(call: Call) -> Collection:
    """Every named location, of both kinds."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", source=DOCUMENTED, extra=READERS)
def get_location(call: Call) -> Entity:
    """One named location."""
    return queries.entity(call, SHAPE, load(call, NAMED_LOCATIONS, what="named location"))


@operation("POST", PATH, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add named location",))
def create_location(call: Call) -> Entity:
    """Name IP ranges or countries."""
    needs(call, P1, "ca_unlicensed", "Conditional Access")
    kind = "#" + str(call.body.get("@odata.type", "")).removeprefix("#")
    if kind not in (IP, COUNTRY):
        raise _refuse(
            "the type is missing.", "@odata.type", call.body.get("@odata.type"), "It is an IP or a country location."
        )
    if call.store.count(NAMED_LOCATIONS) >= MOST:
        compared = (Compared("named locations", MOST, "tenant"),)
        raise Problem(
            "ca_limit", "named locations", str(MOST), why=Why("A tenant has a limited number of them.", compared)
        )
    body = bodies.checked(call.body, kind.removeprefix("#microsoft.graph."), shown_only=_SHOWN_ONLY)
    made = blank(kind, call.ids.guid("namedLocation"), iso(call.now))
    made.update(body)
    _validate(made)
    call.store.add(NAMED_LOCATIONS, made)
    logged(call, "Add named location", "Policy", made)
    return queries.entity(call, SHAPE, made, location=f"/identity/conditionalAccess/namedLocations/{made['id']}")


@operation("PATCH", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update named location",))
def update_location(call: Call) -> Entity | None:
    """Change a location; it stays of its kind."""
    row = load(call, NAMED_LOCATIONS, what="named location")
    sent = "#" + str(call.body.get("@odata.type", row["@odata.type"])).removeprefix("#")
    if sent != row["@odata.type"]:
        raise _refuse(
            "its type cannot be changed.", "@odata.type", sent, f"The location is of type {row['@odata.type']}."
        )
    body = bodies.checked(call.body, row["@odata.type"].removeprefix("#microsoft.graph."), shown_only=_SHOWN_ONLY)
    old = dict(row)
    row.update(body, modifiedDateTime=iso(call.now))
    _validate(row)
    call.store.put(NAMED_LOCATIONS, row)
    logged(call, "Update named location", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


@operation("DELETE", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete named location",))
def delete_location(call: Call) -> None:
    """Remove a location that is neither trusted nor named by a policy."""
    from emulator.entra.resources.conditional_access import policies_naming

    row = load(call, NAMED_LOCATIONS, what="named location")
    users = [policy["displayName"] for policy in policies_naming(call.store, row["id"])]
    if row.get("isTrusted") or users:
        compared = (
            Compared("isTrusted", row.get("isTrusted", False), row["displayName"]),
            Compared("named by", users or "none", "policies"),
        )
        raise Problem(
            "ca_location_used", row["id"], why=Why("Untrust it and take it out of its policies first.", compared)
        )
    call.store.drop(NAMED_LOCATIONS, row["id"])
    logged(call, "Delete named location", "Policy", row)


def _validate(row: Doc) -> None:
    name = row["displayName"]
    if not name or len(name) > 256:
        raise _refuse(
            "displayName is missing or too long.", "displayName", name, "displayName has 1 to 256 characters."
        )
    if row["@odata.type"] == COUNTRY:
        wrong = sorted({str(code) for code in row["countriesAndRegions"]} - CODES)
        if wrong or not row["countriesAndRegions"]:
            raise _refuse(
                "countriesAndRegions is invalid.",
                "countriesAndRegions",
                wrong,
                "They are ISO 3166 codes, at least one.",
            )
        return
    ranges = row["ipRanges"]
    if not 1 <= len(ranges) <= MOST_RANGES:
        raise _refuse("ipRanges is invalid.", "ipRanges", len(ranges), f"A location has 1 to {MOST_RANGES} ranges.")
    for item in ranges:
        _check_range(item)


def _check_range(item: Doc) -> None:
    """A range says which family it is of, and its address fits; the prefix is 8 or longer (IPv6: 64 or shorter too)."""
    kind, address = str(item.get("@odata.type", "")).removeprefix("#"), item.get("cidrAddress")
    version = {"microsoft.graph.iPv4CidrRange": 4, "microsoft.graph.iPv6CidrRange": 6}.get(kind)
    try:
        network = ipaddress.ip_network(str(address), strict=False)
        fits = network.version == version and network.prefixlen >= 8 and "/" in str(address)
    except ValueError:
        fits = False
    if not fits:
        raise _refuse(
            f"'{address}' is not a valid range.",
            "cidrAddress",
            address,
            f"CIDR notation of the family {kind or 'absent'}.",
        )
    item["@odata.type"] = f"#{kind}"


def blank(kind: str, id: str, at: str) -> Doc:
    """A location of a kind with nothing in it."""
    base = {
        "@odata.type": kind, "id": id, "displayName": None, "modifiedDateTime": at, "createdDateTime": at,
    }  # fmt: skip
    if kind == IP:
        return {**base, "isTrusted": False, "ipRanges": []}
    more = {"countryLookupMethod": "clientIpAddress", "includeUnknownCountriesAndRegions": False}
    return {**base, "countriesAndRegions": [], **more}


def seed(seeding: Seeding) -> None:
    """`named_locations: [{displayName, ipRanges: [CIDR…], isTrusted?} | {displayName, countriesAndRegions: [..]}]`."""
    for given in seeding.spec.get("named_locations", ()):
        kind = COUNTRY if "countriesAndRegions" in given else IP
        row = {**blank(kind, seeding.ids.guid("namedLocation"), iso(seeding.now)), **given}
        row["ipRanges"] = [_range(text) for text in given.get("ipRanges", ())]
        if kind == COUNTRY:
            del row["ipRanges"]
        seeding.store.add(NAMED_LOCATIONS, row)


def _range(text: str) -> Doc:
    version = ipaddress.ip_network(text, strict=False).version
    return {"@odata.type": f"#microsoft.graph.iPv{version}CidrRange", "cidrAddress": text}
