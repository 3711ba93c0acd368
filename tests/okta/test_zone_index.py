"""Which zones hold an address: bisection against a naive search; dynamic zones; blocked networks."""

import ipaddress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator import World
from emulator.okta.zone_index import Spans
from tests.okta.worlds import anonymous, events, refused, world

AT = "/api/v1/zones"
ADDRESSES = [
    {"addresses": "203.0.113.0/24", "country": "US", "region": "US-CA", "asn": "64500"},
    {
        "addresses": "203.0.113.64/26",
        "country": "NL",
        "region": "NL-NH",
        "asn": "64501",
        "services": ["ANONYMIZER_TOR"],
    },
    {"addresses": "203.0.113.200-203.0.113.210", "country": "US", "services": ["NORD_VPN"]},
]
number = st.integers(0, 60)


@given(st.lists(st.tuples(number, number), max_size=12), number)
def test_spans_agree_with_a_naive_search(pairs: list[tuple[int, int]], wanted: int) -> None:
    rows = [((4, min(pair), max(pair)), place) for place, pair in enumerate(pairs)]
    naive = tuple(place for (_, low, high), place in rows if low <= wanted <= high)
    assert Spans(rows).at(str(ipaddress.ip_address(wanted))) == naive


def names(org: World, address: str) -> list[str]:
    from emulator.okta.zone_index import zones_of

    found = zones_of(org.database.store("okta:acme"), address)
    return [zone["name"] for zone in found if not zone["system"]]


def test_dynamic_zones_go_by_what_is_known_of_an_address() -> None:
    with world(addresses=ADDRESSES) as org:
        for body in (
            {"type": "DYNAMIC", "name": "US", "locations": [{"country": "US"}]},
            {"type": "DYNAMIC", "name": "Holland", "locations": [{"country": "NL", "region": "NL-NH"}, {"country": "BE"}]},
            {"type": "DYNAMIC", "name": "AS", "asns": ["64500"], "locations": [{"country": "US"}]},
            {"type": "DYNAMIC", "name": "Tor", "proxyType": "Tor"},
            {"type": "DYNAMIC", "name": "Other proxies", "proxyType": "NotTorAnonymizer"},
            {"type": "DYNAMIC", "name": "Nothing"},
            {"type": "DYNAMIC_V2", "name": "VPNs", "ipServiceCategories": {"include": ["ALL_PROXIES_VPNS"]}},
            {"type": "DYNAMIC_V2", "name": "US without VPN", "locations": {"include": [{"country": "US"}]},
             "ipServiceCategories": {"exclude": ["NORD_VPN"]}},
        ):  # fmt: skip
            org.okta.post(AT, body)
        assert names(org, "203.0.113.1") == ["US", "AS", "US without VPN"]
        assert names(org, "203.0.113.70") == ["Holland", "Tor"]
        assert names(org, "203.0.113.205") == ["US", "Other proxies", "VPNs"]
        assert names(org, "198.51.100.1") == []


def test_blocked_networks_get_no_further_and_the_exempt_zone_wins() -> None:
    with world() as org:
        bad = [{"type": "CIDR", "value": "198.51.100.0/24"}]
        zone = org.okta.post(AT, {"type": "IP", "name": "Bad", "usage": "BLOCKLIST", "gateways": bad})

        def status(address: str, path: str = "/api/v1/users/me") -> int:
            headers = {"authorization": org.okta.http.headers["authorization"]}
            return anonymous(org).request("GET", path, client=address, headers=headers).status

        assert (status("198.51.100.7"), status("192.0.2.1")) == (403, 200)
        assert status("198.51.100.7", "/login/login.htm") == 403
        event = events(org, "security.request.blocked")[0]
        assert event["target"][0]["id"] == zone["id"] and event["outcome"]["result"] == "DENY"
        exempt = next(item for item in org.okta.get(AT) if item["name"] == "DefaultExemptIpZone")
        one = [{"type": "CIDR", "value": "198.51.100.7/32"}]
        org.okta.put(f"{AT}/{exempt['id']}", {**exempt, "gateways": one})
        assert (status("198.51.100.7"), status("198.51.100.8")) == (200, 403)
        org.okta.post(f"{AT}/{zone['id']}/lifecycle/deactivate")
        assert status("198.51.100.8") == 200
        assert [event["eventType"] for event in events(org) if event["eventType"].startswith("zone.make")] == [
            "zone.make_blacklist"
        ]


def test_an_index_follows_every_change(org: World) -> None:
    body: Any = {"type": "IP", "name": "Z", "gateways": [{"type": "CIDR", "value": "10.0.0.0/8"}]}
    zone = org.okta.post(AT, body)
    assert names(org, "10.1.1.1") == ["Z"]
    org.okta.put(f"{AT}/{zone['id']}", {**body, "gateways": [{"type": "RANGE", "value": "10.1.1.2-10.1.1.9"}]})
    assert (names(org, "10.1.1.1"), names(org, "10.1.1.5"), names(org, "::ffff:10.1.1.5")) == ([], ["Z"], ["Z"])
    org.okta.post(f"{AT}/{zone['id']}/lifecycle/deactivate")
    assert names(org, "10.1.1.5") == []
    for change in ({"status": "HALF"}, {"type": "DYNAMIC_V2", "ipServiceCategories": {"include": ["FREE_LUNCH_VPN"]}}):
        assert refused(org, "POST", AT, {**body, "name": "x", **change})[:2] == (400, "E0000001")
