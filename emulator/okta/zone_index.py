"""Which zones hold an address, found by bisection; and what the org's address intelligence knows of it.

Source: okta-admin-api.md 13. IP zones list ranges. Dynamic zones go by country, network and service, which the org
looks up in what the world file says of addresses (`addresses`): the stand-in for the vendor's intelligence feed.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from emulator.kernel.doc import Doc
from emulator.okta.derived import as_it_is, derived
from emulator.okta.zone_docs import TOR, Span, span
from emulator.store import Column, Kind

ADDRESSES = Kind("address_facts", (Column("kind"),), settled=True)
FACTS = "facts"
T = TypeVar("T")


@lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[int, int] | None:
    """Version and number of an address, None when it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return (address.version, int(address)) if mapped is None else (4, int(mapped))


class Spans(Generic[T]):
    """Ranges with values; `at` gives the values of every range that holds an address, in the order of addition."""

    def __init__(self, rows: Sequence[tuple[Span, T]]) -> None:
        self._edges: dict[int, list[int]] = {4: [], 6: []}
        self._values: dict[int, list[tuple[T, ...]]] = {4: [], 6: []}
        for version in (4, 6):
            mine = [(row, number) for number, (row, _) in enumerate(rows) if row[0] == version]
            self._sweep(version, mine, rows)

    def _sweep(self, version: int, mine: list[tuple[Span, int]], rows: Sequence[tuple[Span, T]]) -> None:
        """From edge to edge the same ranges hold."""
        moves = sorted(
            [(row[1], 1, number) for row, number in mine] + [(row[2] + 1, -1, number) for row, number in mine]
        )
        open_now: set[int] = set()
        edges, values = self._edges[version], self._values[version]
        for place, move, number in moves:
            if not edges or edges[-1] != place:
                edges.append(place)
                values.append(())
            (open_now.add if move > 0 else open_now.discard)(number)
            values[-1] = tuple(rows[item][1] for item in sorted(open_now))

    def at(self, address: str) -> tuple[T, ...]:
        found = parsed(address)
        if found is None:
            return ()
        version, number = found
        place = bisect_right(self._edges[version], number) - 1
        return self._values[version][place] if place >= 0 else ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an address: country `NL`, region `NL-NH`, number of its network, services (zone categories)."""

    country: str = ""
    region: str = ""
    asn: str = ""
    services: frozenset[str] = frozenset()


NOTHING = Facts()


class Held:
    """Ranges of addresses, for the one question whether they hold an address."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._lows: dict[int, list[int]] = {4: [], 6: []}
        self._highs: dict[int, list[int]] = {4: [], 6: []}
        for version, low, high in sorted(spans):
            lows, highs = self._lows[version], self._highs[version]
            if highs and low <= highs[-1] + 1:
                highs[-1] = max(highs[-1], high)
            else:
                lows.append(low)
                highs.append(high)

    def holds(self, version: int, number: int) -> bool:
        place = bisect_right(self._lows[version], number) - 1
        return place >= 0 and number <= self._highs[version][place]


@dataclass(frozen=True, slots=True)
class Ready:
    """A zone ready to be asked: by the addresses it lists, or by what is known of an address."""

    zone: Doc
    listed: Held | None
    dynamic: Callable[[Facts], bool] | None


@dataclass(slots=True)
class Index:
    """The ACTIVE zones of an org, oldest first."""

    zones: list[Ready]
    blocking: frozenset[str] = field(default_factory=frozenset)
    exempt: frozenset[str] = field(default_factory=frozenset)


def index(store: Any) -> Index:
    """The org's zones, ready to be asked."""
    from emulator.okta.resources.zones import ZONES

    return derived(store, ZONES, "status", "ACTIVE", _ready, _index)


def _ready(zone: Doc) -> Ready:
    if zone["type"] != "IP":
        return Ready(zone, None, _dynamic(zone) if zone["type"] == "DYNAMIC" else _enhanced(zone))
    return Ready(zone, Held(found for row in zone.get("gateways") or () if (found := span(row)) is not None), None)


def _index(zones: list[Ready]) -> Index:
    blocking = frozenset(item.zone["id"] for item in zones if item.zone["usage"] == "BLOCKLIST")
    return Index(zones, blocking, frozenset(item.zone["id"] for item in zones if item.zone.get("useAsExemptList")))


def zones_of(store: Any, address: str) -> list[Doc]:
    """The ACTIVE zones that hold an address, oldest first."""
    place, facts = parsed(address), facts_of(store, address)
    known = facts is not NOTHING
    return [
        item.zone for item in index(store).zones
        if (item.listed is not None and place is not None and item.listed.holds(*place))
        or (item.dynamic is not None and known and item.dynamic(facts))
    ]  # fmt: skip


def facts_of(store: Any, address: str) -> Facts:
    """What is known of an address; the narrowest range decides, the last of equal ones."""
    rows = derived(store, ADDRESSES, "kind", FACTS, as_it_is, _facts).at(address)
    return min(reversed(rows), key=lambda row: row[0])[1] if rows else NOTHING


def span_of(row: Doc) -> Span | None:
    """The range that a row of `addresses` is about."""
    text = str(row.get("addresses"))
    return span({"type": "RANGE" if "-" in text else "CIDR", "value": text})


def _facts(docs: list[Doc]) -> Spans[tuple[int, Facts]]:
    rows: list[tuple[Span, tuple[int, Facts]]] = []
    for doc in docs:
        for row in doc["rows"]:
            found = span_of(row)
            if found is not None:
                facts = Facts(
                    row.get("country", ""), row.get("region", ""), str(row.get("asn", "")),
                    frozenset(row.get("services", ())),
                )  # fmt: skip
                rows.append((found, (found[2] - found[1], facts)))
    return Spans(rows)


def _dynamic(zone: Doc) -> Callable[[Facts], bool]:
    """All of locations, networks and proxy that the zone names; one that names nothing holds nothing (inferred)."""
    places, asns, proxy = zone.get("locations") or (), frozenset(zone.get("asns") or ()), zone.get("proxyType")
    tests: list[Callable[[Facts], bool]] = []
    if places:
        tests.append(lambda facts: _in_places(facts, places))
    if asns:
        tests.append(lambda facts: facts.asn in asns)
    if proxy in _PROXIES:
        tests.append(_PROXIES[proxy])
    return lambda facts: bool(tests) and all(test(facts) for test in tests)


def _enhanced(zone: Doc) -> Callable[[Facts], bool]:
    """Included by every part that includes anything, excluded by none."""
    tests: list[Callable[[Facts], bool]] = []
    refused: list[Callable[[Facts], bool]] = []
    for name, test in (("locations", _in_places), ("asns", _in_asns), ("ipServiceCategories", _of_services)):
        sides = zone.get(name) or {}
        for side, found in (("include", tests), ("exclude", refused)):
            if sides.get(side):
                found.append(lambda facts, test=test, rows=sides[side]: test(facts, rows))  # type: ignore[misc]
    return lambda facts: (
        bool(tests or refused) and all(test(facts) for test in tests) and not any(test(facts) for test in refused)
    )


def _in_places(facts: Facts, places: Sequence[Doc]) -> bool:
    return any(row["country"] == facts.country and row["region"] in (None, "", facts.region) for row in places)


def _in_asns(facts: Facts, asns: Sequence[str]) -> bool:
    return facts.asn in asns


def _of_services(facts: Facts, wanted: Sequence[str]) -> bool:
    return any(_SERVICES[name](facts) if name in _SERVICES else name in facts.services for name in wanted)


def _proxies_or_vpns(facts: Facts) -> bool:
    return any(name.endswith(("_PROXY", "_VPN")) for name in facts.services)


def _tor(facts: Facts) -> bool:
    return TOR in facts.services


_PROXIES: dict[Any, Callable[[Facts], bool]] = {
    "Any": lambda facts: bool(facts.services), "Tor": _tor, "TorAnonymizer": _tor,
    "NotTorAnonymizer": lambda facts: bool(facts.services) and not _tor(facts),
}  # fmt: skip
_SERVICES: dict[str, Callable[[Facts], bool]] = {
    "ALL_IP_SERVICES": lambda facts: bool(facts.services), "ALL_PROXIES_VPNS": _proxies_or_vpns,
    "ALL_ANONYMIZERS": lambda facts: _tor(facts) or _proxies_or_vpns(facts),
    "ALL_ANONYMIZERS_EXCEPT_TOR": _proxies_or_vpns,
}  # fmt: skip
