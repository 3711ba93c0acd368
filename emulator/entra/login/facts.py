"""What is known of an attempt to sign in before anything is decided: who, from where, with what, to what.

Source: graph-entra.md 1.16, 1.19 (conditions of Conditional Access; deviceDetail and location of the sign-in log).
"""

# Differs: a device that has not proven itself with a primary refresh token may also name itself by the id it is
# registered under, in the request header `x-ms-deviceid`; only an enabled device of the tenant counts.
# Differs: where an address is comes from the world file (`addresses`), in place of the service's own data.

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from emulator.entra.resources import devices
from emulator.entra.resources.address_facts import ADDRESS_FACTS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc

BROWSER, NATIVE, EAS, OTHER = "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"
SHOWN = {
    BROWSER: "Browser", NATIVE: "Mobile Apps and Desktop clients", EAS: "Exchange ActiveSync",
    OTHER: "Other clients",
}  # fmt: skip
DEVICE_HEADER = "x-ms-deviceid"
T = TypeVar("T")
_RELAYED = {
    "microsoft.exchange.activesync": EAS, "microsoft.exchange.imap": "IMAP4", "microsoft.exchange.pop": "POP3",
    "microsoft.exchange.smtp": "Authenticated SMTP", "microsoft.exchange.autodiscover": "AutoDiscover",
    "microsoft.exchange.rpc": "Outlook Anywhere (RPC over HTTP)",
}  # fmt: skip
_APPLICATIONS = re.compile(r"\b(?:MSAL|ADAL|MSOIDSVC|Microsoft Office|MSOffice|WebView|wv\)|Outlook|Teams/)", re.I)
_PLATFORMS = (
    (re.compile(r"Windows Phone"), "windowsPhone"), (re.compile(r"Windows"), "windows"),
    (re.compile(r"iPhone|iPad|iOS"), "iOS"), (re.compile(r"Android"), "android"),
    (re.compile(r"Mac ?OS"), "macOS"), (re.compile(r"Linux|X11"), "linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is: country and state as ISO codes, "" where unknown."""

    country: str = ""
    state: str = ""
    city: str = ""

    def to_doc(self) -> Doc:
        """`location` of the sign-in log."""
        return {"city": self.city, "state": self.state, "countryOrRegion": self.country, "geoCoordinates": {}}


@dataclass(frozen=True, slots=True)
class Held:
    """What has been proven so far. methods: as authentication strengths name them (`password`, `sms`, …,
    `federatedSingleFactor`, `federatedMultiFactor`). auth_ms, mfa_ms: when (0: never). inside: the identity provider
    says that the client is in the corporate network.
    """

    methods: frozenset[str] = frozenset()
    mfa: bool = False
    auth_ms: int = 0
    mfa_ms: int = 0
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """The attempt, as policies see it. apps: ids of what is signed in to. action: a user action instead of an
    application. flow: browser, ropc, refreshToken, onBehalfOf, deviceCode, bearer, legacy.
    """

    user: Doc
    apps: frozenset[str]
    address: str
    place: Place
    platform: str
    client: str
    flow: str
    held: Held
    device: Doc | None = None
    action: str = ""
    contexts: frozenset[str] = field(default_factory=frozenset)

    def compared(self) -> list[tuple[str, Any, str]]:
        """The facts as a why shows them."""
        device = self.device
        state = ""
        if device is not None:
            state = f"{device['displayName']}, compliant {bool(device['isCompliant'])}, {device['trustType']}"
        return [
            ("user", self.user.get("userPrincipalName"), "sign-in"), ("applications", sorted(self.apps), "request"),
            ("client", self.client, "request"), ("address", self.address, "connection"),
            ("country", self.place.country or "unknown", "addresses"),
            ("platform", self.platform or "unknown", "User-Agent"),
            ("device", state or "none known", "request"), ("authenticated with", sorted(self.held.methods), "sign-in"),
            ("multi-factor", self.held.mfa, "sign-in"),
        ]  # fmt: skip


@lru_cache(maxsize=512)
def platform_of(user_agent: str) -> str:
    """The platform that a user agent names; "" for none of those that Conditional Access knows."""
    return next((name for pattern, name in _PLATFORMS if pattern.search(user_agent)), "")


@lru_cache(maxsize=512)
def _is_browser(user_agent: str) -> bool:
    return user_agent.startswith(("Mozilla/", "Opera/")) and not _APPLICATIONS.search(user_agent)


def client_of(call: Call, *, native: bool, flow: str = "browser") -> str:
    """The client app type. native: the redirect URI is a native application's, or there is none."""
    # Differs: an application that opens the system's browser counts as a browser, by the user agent.
    relayed = relayed_protocol(call)
    if relayed:
        return EAS if relayed == EAS else OTHER
    if flow == "legacy":
        return OTHER
    if flow == "browser" and (not native or _is_browser(call.exchange.headers.get("user-agent", ""))):
        return BROWSER
    return NATIVE


def relayed_protocol(call: Call) -> str:
    """The old mail protocol that Exchange Online relays a sign-in for; "" for none."""
    name = call.exchange.headers.get("x-ms-client-application", "").lower()
    return next((shown for prefix, shown in _RELAYED.items() if name.startswith(prefix)), "") if name else ""


def device_of(call: Call) -> Doc | None:
    """The registered, enabled device that the request comes from: as its primary refresh token has shown
    (`memo["device_id"]`), else as it names itself.
    """
    proven = call.memo.get("device_id")
    if proven:
        device: Doc | None = call.store.get(devices.DEVICES, proven)
        return device
    name = call.exchange.headers.get(DEVICE_HEADER, "")
    found = devices.by_device_id(call.store, name) if name else None
    return found if found is not None and found["accountEnabled"] else None


def place_of(call: Call) -> Place:
    """What the tenant knows of the client's address."""
    return place_at(call, call.exchange.client)


def location_of(call: Call) -> Doc:
    """The same as the sign-in log shows it; shared, not to be changed in place."""
    found: Doc = call.store.settled(("location", call.exchange.client), lambda: place_of(call).to_doc())
    return found


def place_at(call: Call, address: str) -> Place:
    """What the tenant knows of an address."""
    table: Networks[Place] = call.store.settled(("addresses",), lambda: _table(call.store.all(ADDRESS_FACTS)))
    return table.narrowest(address, Place())


def _table(rows: list[Doc]) -> "Networks[Place]":
    found: Networks[Place] = Networks()
    for row in rows:
        place = Place(row.get("country", ""), row.get("region", ""), row.get("city", ""))
        for network in networks_of(str(row["addresses"])):
            found.add(network, place)
    return found


def networks_of(text: str) -> list[Any]:
    """The networks of `10.0.0.0/8`, `10.0.0.1` or `10.0.0.1-10.0.0.9`."""
    first, dash, last = text.partition("-")
    if not dash:
        return [ipaddress.ip_network(text.strip(), strict=False)]
    ends: Any = (ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip()))
    return list(ipaddress.summarize_address_range(*ends))


class Networks(Generic[T]):
    """Networks with values, found by their prefix: as fast with ten thousand as with one."""

    def __init__(self) -> None:
        self._tables: dict[tuple[int, int], dict[int, list[T]]] = {}

    def add(self, network: Any, value: T) -> None:
        table = self._tables.setdefault((network.version, network.prefixlen), {})
        table.setdefault(int(network.network_address) >> (network.max_prefixlen - network.prefixlen), []).append(value)

    def at(self, address: str) -> list[T]:
        """The values of every network that holds an address, the widest first."""
        found: list[T] = []
        version, number = _number(address)
        bits = 32 if version == 4 else 128
        for (kind, length), table in sorted(self._tables.items()) if version else ():
            if kind == version:
                found += table.get(number >> (bits - length), ())
        return found

    def narrowest(self, address: str, default: T) -> T:
        """The value of the narrowest network, the last of equal ones."""
        values = self.at(address)
        return values[-1] if values else default


@lru_cache(maxsize=4096)
def _number(text: str) -> tuple[int, int]:
    """Version and number of an address; version 0 for what is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return 0, 0
    mapped = getattr(address, "ipv4_mapped", None)
    return (address.version, int(address)) if mapped is None else (4, int(mapped))
