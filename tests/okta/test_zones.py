"""Network zones. Behaviour: okta-admin-api.md 13, appendix C."""

from typing import Any

import pytest

from emulator import World
from emulator.okta import zone_docs
from emulator.okta.resources import zones

from .worlds import events, kinds, refused, world

AT = "/api/v1/zones"
OFFICE: dict[str, Any] = {
    "type": "IP", "name": "Office", "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"},
                                                {"type": "RANGE", "value": "198.51.100.5-198.51.100.9"}],
}  # fmt: skip


def test_a_new_org_has_four_system_zones(org: World) -> None:
    found = {zone["name"]: zone for zone in org.okta.get(AT)}
    assert {name: (zone["type"], zone["usage"]) for name, zone in found.items()} == {
        "LegacyIpZone": ("IP", "POLICY"), "BlockedIpZone": ("IP", "BLOCKLIST"), "DefaultExemptIpZone": ("IP", "POLICY"),
        "DefaultEnhancedDynamicZone": ("DYNAMIC_V2", "BLOCKLIST"),
    }  # fmt: skip
    assert all(zone["system"] and zone["id"].startswith("nzo") for zone in found.values())
    blocked = [zone["name"] for zone in org.okta.get(f"{AT}?filter=usage+eq+%22BLOCKLIST%22")]
    assert blocked == ["BlockedIpZone", "DefaultEnhancedDynamicZone"]
    legacy = found["LegacyIpZone"]["id"]
    assert [zone["id"] for zone in org.okta.get(f"{AT}?filter=id+eq+%22{legacy}%22")] == [legacy]
    for call in (("DELETE", f"{AT}/{legacy}"), ("POST", f"{AT}/{legacy}/lifecycle/deactivate")):
        assert refused(org, *call)[:2] == (403, "E0000006")
    body = {"type": "IP", "name": "LegacyIpZone", "gateways": OFFICE["gateways"]}
    assert org.okta.put(f"{AT}/{legacy}", body)["gateways"] == OFFICE["gateways"]
    assert refused(org, "PUT", f"{AT}/{legacy}", {**body, "name": "Mine"})[:2] == (403, "E0000006")


def test_the_life_of_a_zone(org: World) -> None:
    zone = org.okta.post(AT, OFFICE)
    assert list(zone) == [
        "type", "id", "name", "status", "usage", "created", "lastUpdated", "system", "gateways", "proxies", "_links",
    ]  # fmt: skip
    assert (zone["status"], zone["usage"], zone["system"], zone["proxies"]) == ("ACTIVE", "POLICY", False, None)
    at = f"{AT}/{zone['id']}"
    assert set(zone["_links"]) == {"self", "deactivate"}
    assert org.okta.get(at) == zone
    assert org.okta.put(at, {**OFFICE, "name": "Office 2"})["name"] == "Office 2"
    assert refused(org, "PUT", at, {**OFFICE, "type": "DYNAMIC"})[:2] == (400, "E0000001")
    assert refused(org, "DELETE", at)[:2] == (400, "E0000001")
    assert org.okta.post(f"{at}/lifecycle/deactivate")["status"] == "INACTIVE"
    assert org.okta.post(f"{at}/lifecycle/activate")["status"] == "ACTIVE"
    org.okta.post(f"{at}/lifecycle/deactivate")
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")
    assert kinds(org) == [
        "zone.create", "zone.update", "zone.deactivate", "zone.activate", "zone.deactivate", "zone.delete",
    ]  # fmt: skip


def test_dynamic_zones(org: World) -> None:
    made = org.okta.post(AT, {"type": "DYNAMIC", "name": "D", "locations": [{"country": "AF"}], "proxyType": "Tor"})
    assert (made["locations"], made["proxyType"]) == ([{"country": "AF", "region": None}], "Tor")
    assert "asns" not in made  # observed: shown where it was given
    body = {"type": "DYNAMIC_V2", "name": "E", "asns": {"include": ["2232"]}}
    made = org.okta.post(AT, body)
    assert made["asns"] == {"include": ["2232"], "exclude": []}
    assert made["locations"] == {"include": [], "exclude": []}


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"name": "x" * 129}, {"type": "HEXAGON"}, {"usage": "FUN"}, {"gateways": "all"},
        {"gateways": [{"type": "CIDR", "value": "300.1.1.1/8"}]},
        {"gateways": [{"type": "RANGE", "value": "9.9.9.9-1.1.1.1"}]}, {"gateways": [{"type": "CIDR"}]},
        {"type": "DYNAMIC", "locations": ["NL"]}, {"type": "DYNAMIC", "proxyType": "Odd"},
        {"type": "DYNAMIC_V2", "asns": ["1"]}, {"type": "DYNAMIC", "asns": [1]}, {"name": "legacyipzone"},
    ],
)  # fmt: skip
def test_zones_that_are_refused(org: World, change: dict[str, Any]) -> None:
    assert refused(org, "POST", AT, {**OFFICE, **change})[:2] == (400, "E0000001")


def test_the_log_names_the_clients_zone() -> None:
    with world(zones=[OFFICE]) as org:
        for address in ("192.0.2.9", "203.0.113.1"):
            org.okta.call("POST", AT, {**OFFICE, "name": address}, client=address)
        assert [event["client"]["zone"] for event in events(org)] == ["Office", "null"]


def test_which_zones_hold_an_address() -> None:
    with world(zones=[OFFICE, {**OFFICE, "name": "Old", "status": "INACTIVE"}]) as org:
        store = org.database.store("okta:acme")
        assert [zone["name"] for zone in zones.zones_of(store, "192.0.2.77")] == ["Office"]
        assert [zone["name"] for zone in zones.zones_of(store, "198.51.100.9")] == ["Office"]
        assert zones.zones_of(store, "198.51.100.10") == []
        assert zones.zones_of(store, "not an address") == []
    assert zone_docs.span({"type": "CIDR", "value": "2001:db8::/32"}) is not None
