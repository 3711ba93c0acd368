"""The conditions of an app sign-on rule, one function each.

Source: okta-admin-api.md 12, seed-catalogue.md F-64 to F-67.

A condition answers None where it holds, else why it does not, in a few words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.expressions import Environment, ExpressionError, compile_expression
from emulator.okta.rule_shapes import ALL_ZONES

# Differs: no risk engine and no registered devices stand behind the org. Everybody is at low risk on an unknown device.
RISK = "LOW"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who comes, from where, with what."""

    user: Doc
    groups: frozenset[str]
    zones: frozenset[str]
    address: str
    user_agent: str
    client: str


def subject_of(store: Any, user: Doc, address: str, user_agent: str, client: str) -> Subject:
    from emulator.okta.resources import groups, zones

    mine = frozenset(groups.groups_of(store, user["id"]))
    there = frozenset(zone["id"] for zone in zones.zones_of(store, address))
    return Subject(user, mine, there, address, user_agent, client)


def first_failed(rule: Doc, subject: Subject) -> str | None:
    """The first condition of a rule that does not hold, or None."""
    conditions = rule["conditions"] or {}
    for name, check in _CHECKS.items():
        if name in conditions:
            failed = check(conditions[name], subject)
            if failed is not None:
                return failed
    return None


def _people(item: Doc, subject: Subject) -> str | None:
    users, groups = item.get("users") or {}, item.get("groups") or {}
    if subject.user["id"] in (users.get("exclude") or ()):
        return "the user is excluded"
    if not subject.groups.isdisjoint(groups.get("exclude") or ()):
        return "the user is in an excluded group"
    wanted_users, wanted_groups = users.get("include") or (), groups.get("include") or ()
    if not wanted_users and not wanted_groups:
        return None
    if subject.user["id"] in wanted_users or not subject.groups.isdisjoint(wanted_groups):
        return None
    return "the user is in none of the included groups" if wanted_groups else "the user is not included"


def _network(item: Doc, subject: Subject) -> str | None:
    if item.get("connection", "ANYWHERE") == "ANYWHERE":
        return None
    if _in_zones(item.get("exclude") or (), subject):
        return f"{subject.address} is in an excluded zone"
    if item.get("include") and not _in_zones(item["include"], subject):
        return f"{subject.address} is in none of the zones"
    return None


def _in_zones(wanted: Any, subject: Subject) -> bool:
    return bool(subject.zones) if ALL_ZONES in wanted else not subject.zones.isdisjoint(wanted)


def platform_of(user_agent: str) -> tuple[str, str]:
    """(type, operating system) by user agent."""
    for mark, kind, system in (
        ("iPhone", "MOBILE", "IOS"), ("iPad", "MOBILE", "IOS"), ("Android", "MOBILE", "ANDROID"),
        ("Windows Phone", "MOBILE", "OTHER"), ("Windows", "DESKTOP", "WINDOWS"), ("CrOS", "DESKTOP", "CHROMEOS"),
        ("Mac OS", "DESKTOP", "MACOS"), ("Macintosh", "DESKTOP", "MACOS"), ("Linux", "DESKTOP", "LINUX"),
    ):  # fmt: skip
        if mark in user_agent:
            return kind, system
    return "OTHER", "OTHER"


def _platform(item: Doc, subject: Subject) -> str | None:
    kind, system = platform_of(subject.user_agent)

    def fits(wanted: Doc) -> bool:
        return wanted["type"] in ("ANY", kind) and wanted["os"]["type"] in ("ANY", system)

    if any(fits(wanted) for wanted in item.get("exclude") or ()):
        return f"the platform {system} is excluded"
    if item.get("include") and not any(fits(wanted) for wanted in item["include"]):
        return f"the platform is {system}"
    return None


def _device(item: Doc, subject: Subject) -> str | None:
    if item.get("registered") or item.get("managed") or (item.get("assurance") or {}).get("include"):
        return "the device is not registered"
    return None


def _risk(item: Doc, subject: Subject) -> str | None:
    level = item.get("level", "ANY")
    return None if level in ("ANY", RISK) else f"the risk is {RISK}, not {level}"


def _user_type(item: Doc, subject: Subject) -> str | None:
    kind = subject.user["type"]["id"]
    if kind in (item.get("exclude") or ()) or (item.get("include") and kind not in item["include"]):
        return "the user is of another type"
    return None


def _expression(item: Doc, subject: Subject) -> str | None:
    text = item["condition"]
    environment = Environment({
        "request": {"userAgent": subject.user_agent, "ipAddress": subject.address, "ip": subject.address},
        "user": {"id": subject.user["id"], "status": subject.user["status"], "profile": subject.user["profile"]},
        "security": {"risk": {"level": RISK}}, "device": None,
    })  # fmt: skip
    try:
        holds = compile_expression(text).evaluate(environment)
    except ExpressionError as error:
        return f"the expression fails: {error.message}"
    return None if holds is True else f"the expression {text} is false"


def client_matches(include: list[str], client: str) -> bool:
    """Whether a client is one of those a rule names.

    Inferred: Windows' own sign-in is a legacy client as well, as every active request is (seed-catalogue.md 5, rule 2).
    """
    return client in include or (client == "AAD_JOIN" and "EXCHANGE_ACTIVE_SYNC" in include)


def _client(item: Doc, subject: Subject) -> str | None:
    include = item.get("include") or []
    if not include or client_matches(include, subject.client):
        return None
    return f"the client is {subject.client}, the rule is for {', '.join(include)}"


_CHECKS: dict[str, Callable[[Doc, Subject], str | None]] = {
    "people": _people, "network": _network, "platform": _platform, "device": _device, "riskScore": _risk,
    "userType": _user_type, "elCondition": _expression, "office365Client": _client,
}  # fmt: skip
