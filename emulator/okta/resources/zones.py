"""Network zones: /api/v1/zones. Source: okta-admin-api.md 13, appendix C."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, dig, public
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Why
from emulator.okta import lists, search, zone_docs, zone_index
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import forbidden, invalid, not_found, taken
from emulator.okta.zone_index import ADDRESSES
from emulator.store import Column, Duplicate, Kind

__all__ = ["ADDRESSES", "ZONES"]
ZONES = Kind("zones", (Column("name", fold=True, unique=True), Column("usage"), Column("status")), settled=True)
SEED_RANK = 18
_AT = "/api/v1/zones"
_READ: Any = {"scope": ("okta.networkZones.read",)}
_UPDATES = ("zone.update", "zone.make_blacklist", "zone.remove_blacklist")
_MANAGE: Any = {"scope": ("okta.networkZones.manage",)}
# The enhanced zone's shape is documented, not recorded: it shows no empty `locations` and `asns`, because the vendor's
# Python SDK (3.4) cannot read those as the recorded arrays, and would then fail on every list of zones.
SYSTEM_ZONES: tuple[Doc, ...] = (
    {"type": "IP", "name": "LegacyIpZone", "usage": "POLICY", "gateways": None, "proxies": None},
    {"type": "IP", "name": "BlockedIpZone", "usage": "BLOCKLIST", "gateways": None, "proxies": None},
    {
        "type": "IP", "name": "DefaultExemptIpZone", "usage": "POLICY", "gateways": None, "proxies": None,
        "useAsExemptList": True,
    },
    {
        "type": "DYNAMIC_V2", "name": "DefaultEnhancedDynamicZone", "usage": "BLOCKLIST",
        "ipServiceCategories": {"include": ["ALL_ANONYMIZERS"], "exclude": []},
    },
)  # fmt: skip


def zones_of(store: Any, address: str) -> list[Doc]:
    """The ACTIVE zones that hold an address."""
    return zone_index.zones_of(store, address)


def new_zone(fields: Doc, *, id: str, now: int, system: bool = False) -> Doc:
    """An active zone."""
    at = stamp(now)
    base = {"type": fields["type"], "id": id, "name": fields["name"], "status": "ACTIVE", "usage": fields["usage"]}
    return {**base, "created": at, "lastUpdated": at, "system": system, **fields}


def render(call: Call, zone: Doc) -> Doc:
    """The zone as the API shows it."""
    at = f"{call.base}{_AT}/{zone['id']}"
    links: Doc = {"self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}}}
    if not zone["system"]:
        action = "deactivate" if zone["status"] == "ACTIVE" else "activate"
        links[action] = {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}
    return {**public(zone), "_links": links}


def _load(call: Call) -> Doc:
    id = call.path["zoneId"]
    found: Doc | None = call.store.get(ZONES, id)
    if found is None:
        raise not_found(id, "NetworkZone")
    return found


def _target(zone: Doc) -> Doc:
    return target("NetworkZone", zone["id"], name=zone["name"])


def _keep(call: Call, zone: Doc, *, new: bool) -> None:
    try:
        call.store.add(ZONES, zone) if new else call.store.put(ZONES, zone)
    except Duplicate as error:
        raise taken("name", str(zone["name"])) from error


@operation("GET", _AT, source=OBSERVED, paging=Paging(20, 200), query=("filter", "limit", "after"), **_READ)
def list_zones(call: Call) -> Listing:
    """Zones, all of them or by `filter` on id or usage."""
    where, keep = search.compiled(call, ZONES, "zones")
    return lists.listing(call, ZONES, render, where=where, keep=keep)


@operation("POST", _AT, source=OBSERVED, emits=("zone.create", "zone.make_blacklist"), **_MANAGE)
def create_zone(call: Call) -> Doc:
    """Create a zone; `status` INACTIVE makes one that does not count yet."""
    body = body_object(call)
    fields = zone_docs.checked(body)
    zone = new_zone(fields, id=call.ids.okta("nzo"), now=call.now)
    zone["status"] = zone_docs.status(body)
    _keep(call, zone, new=True)
    emit(call, "zone.create", [_target(zone)])
    _log_usage(call, zone, "POLICY")
    return render(call, zone)


@operation("GET", _AT + "/{zoneId}", source=OBSERVED, **_READ)
def get_zone(call: Call) -> Doc:
    """One zone."""
    return render(call, _load(call))


@operation("PUT", _AT + "/{zoneId}", source=OBSERVED, emits=_UPDATES, **_MANAGE)
def replace_zone(call: Call) -> Doc:
    """Replace a zone's contents; a system zone keeps its name and usage."""
    zone = _load(call)
    fields = zone_docs.checked(body_object(call), kind=zone["type"])
    for name in ("name", "usage"):
        if zone["system"] and fields[name] != zone[name]:
            compared = (Compared(name, zone[name], "the zone"), Compared(name, fields[name], "request body"))
            raise forbidden(Why(f"The {name} of a system zone is fixed.", compared))
    before = zone["usage"]
    zone = {**{k: v for k, v in zone.items() if k != "asns"}, **fields, "lastUpdated": stamp(call.now)}
    _keep(call, zone, new=False)
    emit(call, "zone.update", [_target(zone)])
    _log_usage(call, zone, before)
    return render(call, zone)


def _log_usage(call: Call, zone: Doc, before: str) -> None:
    if zone["usage"] != before:
        emit(call, "zone.make_blacklist" if zone["usage"] == "BLOCKLIST" else "zone.remove_blacklist", [_target(zone)])


@operation("DELETE", _AT + "/{zoneId}", source=OBSERVED, emits=("zone.delete",), **_MANAGE)
def delete_zone(call: Call) -> None:
    """Delete an inactive zone that no rule uses."""
    zone = _load(call)
    _refuse_system(zone)
    if zone["status"] == "ACTIVE":
        why = Why("An active zone is deactivated before it is deleted.", (Compared("status", "ACTIVE", "the zone"),))
        raise invalid("status", "status: The network zone must be deactivated before it is deleted", why=why)
    _refuse_used(call, zone)
    call.store.drop(ZONES, zone["id"])
    emit(call, "zone.delete", [_target(zone)])


@operation(
    "POST", _AT + "/{zoneId}/lifecycle/activate", source=OBSERVED, body="none", emits=("zone.activate",), **_MANAGE
)
def activate_zone(call: Call) -> Doc:
    """Make a zone active."""
    return _set_status(call, "ACTIVE", "zone.activate")


@operation(
    "POST", _AT + "/{zoneId}/lifecycle/deactivate", source=OBSERVED, body="none", emits=("zone.deactivate",), **_MANAGE
)
def deactivate_zone(call: Call) -> Doc:
    """Make a zone inactive."""
    zone = _load(call)
    _refuse_system(zone)
    _refuse_used(call, zone)
    return _set_status(call, "INACTIVE", "zone.deactivate")


def _set_status(call: Call, status: str, event: str) -> Doc:
    zone = _load(call)
    if zone["status"] != status:
        zone["status"], zone["lastUpdated"] = status, stamp(call.now)
        call.store.put(ZONES, zone)
        emit(call, event, [_target(zone)])
    return render(call, zone)


def _refuse_system(zone: Doc) -> None:
    if zone["system"]:
        raise forbidden(Why("System zones stay as they are.", (Compared("system", True, f"zone {zone['name']}"),)))


def _refuse_used(call: Call, zone: Doc) -> None:
    from emulator.okta.app_kinds import POLICY_RULES

    for rule in call.store.all(POLICY_RULES):
        network = dig(rule, "conditions.network") or {}
        if zone["id"] in (network.get("include") or ()) or zone["id"] in (network.get("exclude") or ()):
            compared = (
                Compared("zone", zone["id"], "request path"),
                Compared("rule", rule["name"], "its network condition"),
            )
            why = Why("A rule still uses the zone.", compared)
            raise invalid("zone", "The network zone is in use by a policy rule", why=why)


def seed(seeding: Seeding) -> None:
    """The four system zones, `zones: [{name, type?, gateways, proxies?, usage?, status?, id?}]` and what is known of
    addresses, `addresses: [{addresses: CIDR or range, country?, region?, asn?, services?}]`."""
    facts = [dict(row) for row in seeding.spec.get("addresses", ())]
    for row in facts:
        if zone_index.span_of(row) is None:
            raise LabError(f"{row.get('addresses')!r} is no range of addresses.", hint="Give a CIDR or `first-last`.")
    seeding.store.add(ADDRESSES, {"id": zone_index.FACTS, "kind": zone_index.FACTS, "rows": facts})
    given = {spec["name"]: spec for spec in seeding.spec.get("zones", ())}
    for fields in SYSTEM_ZONES:
        spec = given.pop(fields["name"], {})
        zone = new_zone(dict(fields), id=spec.get("id") or seeding.ids.okta("nzo"), now=seeding.now, system=True)
        zone.update({name: spec[name] for name in ("gateways", "proxies") if name in spec})
        seeding.store.add(ZONES, zone)
    for spec in given.values():
        fields = zone_docs.checked({"type": "IP", **spec})
        zone = new_zone(fields, id=spec.get("id") or seeding.ids.okta("nzo"), now=seeding.now)
        seeding.store.add(ZONES, {**zone, "status": spec.get("status", "ACTIVE")})
