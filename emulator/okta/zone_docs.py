"""Network zones as documents: what a request may say, and which addresses an IP zone holds.

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
PROXY_TYPES = (None, "null", "", "Any", "Tor", "NotTorAnonymizer")
MOST_NAME = 128
MOST_ADDRESSES = 150

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


def _refused(field: str, cause: str, value: Any) -> Exception:
    return invalid(field, cause, why=Why("The zone's field does not hold what it must.", (_sent(field, value),)))


def _sent(field: str, value: Any) -> Compared:
    return Compared(field, value, "request body")


def _ip(body: Doc) -> Doc:
    found = {name: _addresses(body, name) for name in ("gateways", "proxies")}
    if isinstance(body.get("useAsExemptList"), bool):
        found["useAsExemptList"] = body["useAsExemptList"]
    return found


def _addresses(body: Doc, name: str) -> Any:
    rows = body.get(name)
    if rows is None or rows == []:
        return None
    if not isinstance(rows, list) or len(rows) > MOST_ADDRESSES:
        raise _refused(name, f"{name}: The field is not valid", type(rows).__name__)
    for row in rows:
        if not isinstance(row, dict) or bounds(row) is None:
            raise _refused(name, f"{name}: The address is not valid", row)
    return [{"type": row["type"], "value": row["value"]} for row in rows]


def _dynamic(body: Doc) -> Doc:
    proxy = body.get("proxyType")
    if proxy not in PROXY_TYPES:
        raise _refused("proxyType", "proxyType: The field is not valid", proxy)
    return {"locations": _locations(body.get("locations")), "asns": _texts(body, "asns"), "proxyType": proxy}


def _enhanced(body: Doc) -> Doc:
    found: Doc = {}
    for name in ("locations", "asns", "ipServiceCategories"):
        sides = body.get(name) or {}
        if not isinstance(sides, dict):
            raise _refused(name, f"{name}: The field is not valid", type(sides).__name__)
        read = _locations if name == "locations" else _listed
        found[name] = {side: read(sides.get(side)) or [] for side in ("include", "exclude")}
    return found


def _locations(rows: Any) -> Any:
    if rows is None:
        return None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("country"), str) for row in rows
    ):
        raise _refused("locations", "locations: The field is not valid", rows)
    return [{"country": row["country"], "region": row.get("region")} for row in rows]


def _texts(body: Doc, name: str) -> list[str]:
    return _listed(body.get(name)) or []


def _listed(rows: Any) -> list[str]:
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise _refused("list", "The field is not a list of texts", rows)
    return list(rows)


def bounds(row: Doc) -> tuple[Address, Address] | None:
    """First and last address of a CIDR or RANGE; None when it is neither."""
    text = row.get("value")
    return _bounds(str(row.get("type")), text) if isinstance(text, str) else None


@lru_cache(maxsize=1024)  # every sign-in asks every zone
def _bounds(kind: str, text: str) -> tuple[Address, Address] | None:
    try:
        if kind == "CIDR":
            network = ipaddress.ip_network(text.strip(), strict=False)
            return network[0], network[-1]
        if kind == "RANGE":
            low, _, high = text.partition("-")
            first, last = ipaddress.ip_address(low.strip()), ipaddress.ip_address((high or low).strip())
            return (first, last) if _ordered(first, last) else None
    except ValueError:
        return None
    return None


def _ordered(first: Address, last: Address) -> bool:
    return first.version == last.version and int(first) <= int(last)


@lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def holds(zone: Doc, address: str) -> bool:
    """Whether an IP zone's gateways hold an address. Dynamic zones hold nothing: no place is known of an address."""
    if zone["type"] != "IP":
        return False
    wanted = _address(address)
    if wanted is None:
        return False
    for row in zone.get("gateways") or ():
        found = bounds(row)
        if found and found[0].version == wanted.version and int(found[0]) <= int(wanted) <= int(found[1]):
            return True
    return False
