"""Conditional Access: which policies an attempt falls under, and what they make of it. Source: graph-entra.md 1.16.

Each condition of all policies together is a table from a value to a set of policies, a set being a number with one bit
for each; so a thousand policies are matched with a dozen operations. What a policy then asks (its controls) is worked
out once for all policies that ask the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from emulator.entra.ca_rules import MFA_TRUSTED_IPS
from emulator.entra.login import suites
from emulator.entra.login.controls import row
from emulator.entra.login.facts import EAS, Facts, Networks, networks_of
from emulator.entra.resources import conditional_access, named_locations
from emulator.entra.resources.conditional_access import REPORT_ONLY
from emulator.entra.resources.dynamic_groups import facts as device_facts
from emulator.entra.rules import RuleError, parse
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.store import Store

GUESTS = "GuestsOrExternalUsers"


class Table:
    """One condition: the policies that include a value and those that exclude it; `free` ones do not look at it."""

    __slots__ = ("excluded", "free", "included")

    def __init__(self) -> None:
        self.included: dict[str, int] = {}
        self.excluded: dict[str, int] = {}
        self.free = 0

    def put(self, bit: int, include: Iterable[str], exclude: Iterable[str] = ()) -> None:
        for value in include:
            self.included[value.lower()] = self.included.get(value.lower(), 0) | bit
        for value in exclude:
            self.excluded[value.lower()] = self.excluded.get(value.lower(), 0) | bit

    def match(self, values: Iterable[str]) -> int:
        """The policies that hold for somebody or something with these (lower-case) values."""
        inside, outside = self.free, 0
        for value in values:
            inside |= self.included.get(value, 0)
            outside |= self.excluded.get(value, 0)
        return inside & ~outside


_NAMES = ("users", "applications", "clientAppTypes", "platforms", "locations", "userRisk", "signInRisk", "flows")


@dataclass(slots=True)
class Book:
    """The tenant's policies, ready to be asked."""

    policies: list[Doc] = field(default_factory=list)
    enforced: int = 0
    reporting: int = 0
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table() for name in _NAMES})
    never: int = 0
    """Policies with a condition that is not emulated, or for workloads: they apply to nobody."""
    filtered: int = 0
    groups: bool = False
    roles: bool = False
    risk: bool = False
    places: Networks[str] = field(default_factory=Networks)
    countries: list[Doc] = field(default_factory=list)
    trusted: frozenset[str] = frozenset()
    signatures: list[str] = field(default_factory=list)
    idle: dict[str, Doc] = field(default_factory=dict)


def book(call: Call) -> Book:
    """The policies of the tenant as tables; made anew when one of them, or a named location, changes."""
    found: Book = call.store.settled(("conditional access",), lambda: _book(call.store))
    return found


def _book(store: Store) -> Book:
    made = Book(policies=conditional_access.effective(store))
    for number, policy in enumerate(made.policies):
        _enter(made, 1 << number, policy)
        made.signatures.append(repr((policy["grantControls"], policy["sessionControls"])))
        made.idle[policy["id"]] = row(policy, "notApplied" if policy["state"] == "enabled" else "reportOnlyNotApplied")
    trusted = set()
    for location in named_locations.all_of(store):
        if location["@odata.type"] == named_locations.COUNTRY:
            made.countries.append(location)
            continue
        for item in location["ipRanges"]:
            for network in networks_of(item["cidrAddress"]):
                made.places.add(network, location["id"])
        if location["isTrusted"]:
            trusted.add(location["id"])
    made.trusted = frozenset(trusted)
    return made


def _enter(made: Book, bit: int, policy: Doc) -> None:
    conditions, tables = policy["conditions"], made.tables
    made.enforced |= bit if policy["state"] == "enabled" else 0
    made.reporting |= bit if policy["state"] == REPORT_ONLY else 0
    users, apps = conditions["users"] or {}, conditions["applications"] or {}
    tables["users"].put(bit, _people(users, "include"), _people(users, "exclude"))
    made.groups |= bool(users.get("includeGroups") or users.get("excludeGroups"))
    made.roles |= bool(users.get("includeRoles") or users.get("excludeRoles"))
    tables["applications"].put(
        bit,
        [*_list(apps, "includeApplications"), *_list(apps, "includeUserActions"),
         *_list(apps, "includeAuthenticationContextClassReferences")],
        _list(apps, "excludeApplications"),
    )  # fmt: skip
    types = [EAS.lower() if item == "easSupported" else item for item in conditions["clientAppTypes"]]
    _narrow(tables["clientAppTypes"], bit, [item for item in types if item != "all"])
    for name in ("platforms", "locations"):
        found = conditions[name]
        included = _list(found or {}, f"include{name.capitalize()}")
        if not included:
            tables[name].free |= bit
        tables[name].put(bit, included, _list(found or {}, f"exclude{name.capitalize()}"))
    _narrow(tables["userRisk"], bit, conditions["userRiskLevels"])
    _narrow(tables["signInRisk"], bit, conditions["signInRiskLevels"])
    made.risk |= bool(conditions["userRiskLevels"])
    transfers = str((conditions.get("authenticationFlows") or {}).get("transferMethods") or "")
    _narrow(tables["flows"], bit, [item.strip() for item in transfers.split(",") if item.strip() not in ("", "none")])
    if conditions.get("insiderRiskLevels") or apps.get("applicationFilter"):
        made.never |= bit
    if (conditions["devices"] or {}).get("deviceFilter"):
        made.filtered |= bit


def _narrow(table: Table, bit: int, values: Iterable[str]) -> None:
    """A condition that holds for everything where it names nothing."""
    given = list(values)
    if not given:
        table.free |= bit
    table.put(bit, given)


def _list(doc: Doc, name: str) -> list[str]:
    return list(doc.get(name) or ())


def _people(users: Doc, side: str) -> list[str]:
    found = [item for name in ("Users", "Groups", "Roles") for item in _list(users, side + name)]
    guests = users.get(f"{side}GuestsOrExternalUsers")
    return [*found, GUESTS] if guests else found


# -- matching ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Matches:
    """What an attempt falls under: sets of policies, and what each condition said of it."""

    applied: int
    by_condition: dict[str, int]
    values: dict[str, list[str]]


def match(call: Call, made: Book, facts: Facts, *, people: list[str]) -> Matches:
    """The policies that an attempt falls under. people: ids of the user's groups and role templates."""
    values = _values(call, made, facts, people)
    applied = (made.enforced | made.reporting) & ~made.never
    by_condition = {}
    for name, table in made.tables.items():
        by_condition[name] = table.match(values[name])
        applied &= by_condition[name]
    if applied & made.filtered:
        by_condition["devices"] = _devices(call, made, facts, applied & made.filtered) | ~made.filtered
        applied &= by_condition["devices"]
    return Matches(applied, by_condition, values)


def _values(call: Call, made: Book, facts: Facts, people: list[str]) -> dict[str, list[str]]:
    user = facts.user
    who = ["all", user["id"], *people]
    if user.get("userType") == "Guest":
        who.append(GUESTS.lower())
    if facts.action:
        what = [facts.action]
    else:
        what = ["all", *facts.apps, *facts.contexts, *suites.names_of(facts.apps)]
    risk = _risk(call, user) if made.risk else "none"
    return {
        "users": who, "applications": what, "clientAppTypes": [facts.client.lower()],
        "platforms": ["all", facts.platform.lower()] if facts.platform else ["all"],
        "locations": locations(made, facts), "userRisk": [risk], "signInRisk": ["none"],
        "flows": ["devicecodeflow"] if facts.flow == "deviceCode" else [],
    }  # fmt: skip


def failed(made: Book, matches: Matches, number: int) -> list[str]:
    """The conditions of a policy that did not hold; `notEmulated` for one that never does here."""
    names = [name for name, mask in matches.by_condition.items() if not mask >> number & 1]
    return [*names, "notEmulated"] if made.never >> number & 1 else names


def tried(made: Book, matches: Matches, results: list[Doc]) -> list[Doc]:
    """Every policy that is on, with its result and the conditions that did not hold: the why of a sign-in."""
    return [
        {"id": item["id"], "displayName": item["displayName"], "result": item["result"],
         "controls": item["enforcedGrantControls"], "conditionsNotSatisfied": failed(made, matches, number)}
        for number, item in enumerate(results)
    ]  # fmt: skip


def locations(made: Book, facts: Facts) -> list[str]:
    """Ids of the named locations that the client is in, with the words for all of them and for the trusted ones."""
    inside = made.places.at(facts.address)
    for location in made.countries:
        if named_locations.holds(location, facts.address, facts.place.country or None):
            inside.append(location["id"])
    words = ["all"]
    if facts.held.inside:
        inside.append(MFA_TRUSTED_IPS)
    if facts.held.inside or not made.trusted.isdisjoint(inside):
        words.append("alltrusted")
    return [*words, *inside]


def _risk(call: Call, user: Doc) -> str:
    from emulator.entra.resources.identity_protection import level_of

    return level_of(call.store, user["id"])


def _devices(call: Call, made: Book, facts: Facts, chosen: int) -> int:
    """Of the chosen policies, those whose device filter lets them apply."""
    found = 0
    for number in _numbers(chosen):
        rule = made.policies[number]["conditions"]["devices"]["deviceFilter"]
        if _device_holds(call, str(rule["rule"]), facts.device) == (rule["mode"] == "include"):
            found |= 1 << number
    return found


def _device_holds(call: Call, text: str, device: Doc | None) -> bool:
    """Whether a filter's rule is true of a device; an unknown one has no properties. A rule that does not parse is
    true of none."""
    try:
        rule = parse(_spelt(text))
    except RuleError:
        return False
    return bool(rule.holds(device_facts(call, device or {"id": ""}, kind="device")))


_SPELLINGS = {
    "operatingSystemVersion": "deviceOSVersion", "operatingSystem": "deviceOSType",
    "manufacturer": "deviceManufacturer", "model": "deviceModel", "trustType": "deviceTrustType",
    "physicalIds": "devicePhysicalIds",
}  # fmt: skip


def _spelt(text: str) -> str:
    """Device filters and dynamic groups name some properties of a device differently."""
    for name, other in _SPELLINGS.items():
        text = text.replace(f"device.{name} ", f"device.{other} ")
    return text


def _numbers(mask: int) -> Iterator[int]:
    """The policies of a set, in order."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
