"""Network zones as documents: what a request may say, and the addresses that an IP zone lists.

Source: okta-admin-api.md 13, appendices B and C.
"""

import ipaddress
from functools import lru_cache
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.problems import invalid

TYPES = ("IP", "DYNAMIC", "DYNAMIC_V2")
USAGES = ("POLICY", "BLOCKLIST")
PROXY_TYPES = (None, "null", "", "Any", "Tor", "TorAnonymizer", "NotTorAnonymizer")
MOST_NAME = 128
MOST_ADDRESSES = 150
MOST_CATEGORIES = 75
TOR = "ANONYMIZER_TOR"
GROUPS_OF_SERVICES = ("ALL_ANONYMIZERS", "ALL_ANONYMIZERS_EXCEPT_TOR", "ALL_IP_SERVICES", "ALL_PROXIES_VPNS")
SERVICES = (*GROUPS_OF_SERVICES, TOR, *(
    f"{name}_PROXY" for name in (
        "ABCPROXY", "APPLE_ICLOUD_RELAY", "BIGMAMA", "DATAIMPULSE", "FACELESS", "FROXY", "GEONODE", "IPCOLA", "IPIDEA",
        "IPROXYSHOP", "LUMINATI", "NETNUT", "NEXUS", "OCULUS", "OXYLABS", "PROXYRACK", "SPACEPROXIES", "YILU",
    )
), *(
    f"{name}_VPN" for name in (
        "ASTRILL", "AVAST", "CYBERGHOST", "EXPRESS", "GLOBALPROTECT", "GOOGLE", "MULLVAD", "NORD", "PIA", "SAMSUNG",
        "SURFSHARK", "SYMANTEC", "TRENDMICRO", "ULTRASURF", "WARP",
    )
))  # fmt: skip

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Span = tuple[int, int, int]
"""Version, first and last address of a range."""


def checked(body: Doc, *, kind: str | None = None) -> Doc:
    """The fields of a zone that a request sets, by type. Raises 400.

    kind: the type of the zone that is replaced, which stays as it is.
    """
    name, wanted, usage = body.get("name"), body.get("type", kind), body.get("usage") or "POLICY"
    if not isinstance(name, str) or not name.strip():
        raise _refused("name", "name: The field cannot be left blank", name)
    if len(name) > MOST_NAME:
        raise _refused("name", "name: The field is too long", f"{len(name)} characters")
    if wanted not in TYPES or (kind is not None and wanted != kind):
        raise _refused("type", "type: The field is not valid", wanted)
    if usage not in USAGES:
        raise _refused("usage", "usage: The field is not valid", usage)
    fields = {"IP": _ip, "DYNAMIC": _dynamic, "DYNAMIC_V2": _enhanced}[wanted](body)
    return {"type": wanted, "name": name, "usage": usage, **fields}


def status(body: Doc) -> str:
    """The status that a new zone is asked to have. Raises 400."""
    found = body.get("status") or "ACTIVE"
    if found not in ("ACTIVE", "INACTIVE"):
        raise _refused("status", "status: The field is not valid", found)
    return str(found)


def _refused(field: str, cause: str, value: Any) -> Exception:
    shown = value if not isinstance(value, str) else value[:100]
    return invalid(field, cause, why=Why("The zone's field does not hold what it must.", (_sent(field, shown),)))


def _sent(field: str, value: Any) -> Compared:
    return Compared(field, value, "request body")


def _ip(body: Doc) -> Doc:
    found = {name: _addresses(body, name) for name in ("gateways", "proxies")}
    for name in ("useAsBlackList", "useAsExemptList"):
        if isinstance(body.get(name), bool):
            found[name] = body[name]
    return found


def _addresses(body: Doc, name: str) -> Any:
    rows = body.get(name)
    if rows is None or rows == []:
        return None
    if not isinstance(rows, list) or len(rows) > MOST_ADDRESSES:
        shown = f"{len(rows)} entries" if isinstance(rows, list) else type(rows).__name__
        raise _refused(name, f"{name}: The field is not valid", shown)
    for row in rows:
        if not isinstance(row, dict) or span(row) is None:
            raise _refused(name, f"{name}: The address is not valid", row)
    return [{"type": row["type"], "value": row["value"]} for row in rows]


def _dynamic(body: Doc) -> Doc:
    """ASNs show where they were given (observed)."""
    proxy = body.get("proxyType")
    if not isinstance(proxy, str | None) or proxy not in PROXY_TYPES:
        raise _refused("proxyType", "proxyType: The field is not valid", proxy)
    found: Doc = {"locations": _locations(body.get("locations")), "proxyType": proxy if proxy is not None else "null"}
    if body.get("asns") is not None:
        found["asns"] = _listed("asns", body["asns"])
    return found


def _enhanced(body: Doc) -> Doc:
    found: Doc = {}
    for name in ("locations", "ipServiceCategories", "asns"):
        sides = body.get(name) or {}
        if not isinstance(sides, dict):
            raise _refused(name, f"{name}: The field is not valid", type(sides).__name__)
        found[name] = {side: _side(name, sides.get(side)) for side in ("include", "exclude")}
    return found


def _side(name: str, rows: Any) -> list[Any]:
    if name == "locations":
        return _locations(rows) or []
    found = _listed(name, rows)
    if name == "ipServiceCategories":
        unknown = next((row for row in found if row not in SERVICES), None)
        if unknown is not None or len(found) > MOST_CATEGORIES:
            raise _refused(name, f"{name}: The field is not valid", unknown or f"{len(found)} categories")
    return found


def _locations(rows: Any) -> Any:
    """Places by country and region, as the vendor orders them (observed)."""
    if rows is None:
        return None
    if not isinstance(rows, list) or not all(_is_place(row) for row in rows):
        raise _refused("locations", "locations: The field is not valid", rows)
    found = [{"country": row["country"], "region": row.get("region")} for row in rows]
    return sorted(found, key=lambda row: (row["country"], row["region"] or ""))


def _is_place(row: Any) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("country"), str):
        return False
    return isinstance(row.get("region"), str | None)


def _listed(name: str, rows: Any) -> list[str]:
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise _refused(name, f"{name}: The field is not a list of texts", type(rows).__name__)
    return list(rows)


def span(row: Doc) -> Span | None:
    """The range that a CIDR or RANGE names; None when it is neither."""
    kind, text = row.get("type"), row.get("value")
    if not isinstance(text, str) or len(text) > 100 or not isinstance(kind, str):
        return None
    return _span(kind, text)


@lru_cache(maxsize=16_384)  # an edited zone has most of its ranges still
def _span(kind: str, text: str) -> Span | None:
    try:
        if kind == "CIDR":
            network = ipaddress.ip_network(text.strip(), strict=False)
            return network.version, int(network.network_address), int(network.broadcast_address)
        if kind == "RANGE":
            low, _, high = text.partition("-")
            first, last = ipaddress.ip_address(low.strip()), ipaddress.ip_address((high or low).strip())
            if first.version == last.version and int(first) <= int(last):
                return first.version, int(first), int(last)
    except ValueError:
        return None
    return None
