"""The conditions of policy rules, one function each, made ready once per rule.

Source: okta-admin-api.md 12, seed-catalogue.md.

A check answers None where its condition holds, UNKNOWN where nothing is known of what it asks for (a simulation that
leaves it out), else why it does not hold, in a few words. A condition that always holds makes no check.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.okta import device_compliance
from emulator.okta.expressions import Environment, ExpressionError, compile_expression
from emulator.okta.rule_shapes import ALL_ZONES
from emulator.okta.rule_subject import REPORTED, UNKNOWN, Subject

Check = Callable[[Subject], str | None]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule ready to be tried: its document, and a check for each condition that may fail, by the condition's name."""

    rule: Doc
    checks: tuple[tuple[str, Check], ...]

    def failed(self, subject: Subject) -> str | None:
        """Why the first condition that does not hold does not; None when all hold."""
        for _, check in self.checks:
            reason = check(subject)
            if reason is not None:
                return reason
        return None


def compiled(rule: Doc) -> Compiled | None:
    """A rule ready to be tried; None where it is not ACTIVE. A system rule holds for everybody."""
    return Compiled(rule, _checks(rule)) if rule["status"] == "ACTIVE" else None


def _checks(rule: Doc) -> tuple[tuple[str, Check], ...]:
    return () if rule["system"] else _checks_of(orjson.dumps(rule["conditions"] or {}))


@lru_cache(maxsize=4096)  # a change of one rule leaves the others' as they are
def _checks_of(conditions: bytes) -> tuple[tuple[str, Check], ...]:
    found: list[tuple[str, Check]] = []
    for name, value in orjson.loads(conditions).items():
        check = _MAKERS[name](value) if name in _MAKERS and value else None
        if check is not None:
            found.append((name, check))
    return tuple(found)


def first_failed(rule: Doc, subject: Subject) -> str | None:
    """The first condition of a rule that does not hold, or None."""
    return Compiled(rule, _checks(rule)).failed(subject)


def _people(item: Doc) -> Check | None:
    users, groups = item.get("users") or {}, item.get("groups") or {}
    no_users, no_groups = frozenset(users.get("exclude") or ()), frozenset(groups.get("exclude") or ())
    some_users, some_groups = frozenset(users.get("include") or ()), frozenset(groups.get("include") or ())
    if not (no_users or no_groups or some_users or some_groups):
        return None
    missed = "the user is in none of the included groups" if some_groups else "the user is not included"

    def check(subject: Subject) -> str | None:
        id = subject.user["id"] if subject.user is not None else None
        if id in no_users:
            return "the user is excluded"
        if no_groups and not subject.groups.isdisjoint(no_groups):
            return "the user is in an excluded group"
        if not some_users and not some_groups:
            return None
        return None if id in some_users or not subject.groups.isdisjoint(some_groups) else missed

    return check


def _network(item: Doc) -> Check | None:
    if item.get("connection", "ANYWHERE") == "ANYWHERE":
        return None
    include, exclude = frozenset(item.get("include") or ()), frozenset(item.get("exclude") or ())

    def check(subject: Subject) -> str | None:
        if subject.zones is None:
            return UNKNOWN
        if exclude and _in_zones(exclude, subject.zones):
            return f"{subject.address} is in an excluded zone"
        if include and not _in_zones(include, subject.zones):
            return f"{subject.address} is in none of the zones"
        return None

    return check


def _in_zones(wanted: frozenset[str], zones: frozenset[str]) -> bool:
    return bool(zones) if ALL_ZONES in wanted else not zones.isdisjoint(wanted)


def _platform(item: Doc) -> Check | None:
    include, exclude = item.get("include") or (), item.get("exclude") or ()
    if not include and not exclude:
        return None

    def fits(wanted: Doc, platform: tuple[str, str]) -> bool:
        system = {"OSX": "MACOS"}.get(wanted["os"]["type"], wanted["os"]["type"])
        return wanted["type"] in ("ANY", platform[0]) and system in ("ANY", platform[1])

    def check(subject: Subject) -> str | None:
        platform = subject.platform
        if platform is None:
            return UNKNOWN
        if any(fits(wanted, platform) for wanted in exclude):
            return f"the platform {platform[1]} is excluded"
        if include and not any(fits(wanted, platform) for wanted in include):
            return f"the platform is {platform[1]}"
        return None

    return check


def _device(item: Doc) -> Check | None:
    registered, managed = item.get("registered"), item.get("managed")
    assurance = frozenset((item.get("assurance") or {}).get("include") or ())
    if not registered and not managed and not assurance:
        return None

    def check(subject: Subject) -> str | None:
        if subject.device is None:
            return UNKNOWN
        if registered and not device_compliance.registered(subject.device):
            return f"the device is not registered: {_shown(subject)}"
        if managed and not device_compliance.managed(subject.device):
            return f"the device is not managed: {_shown(subject)}"
        if assurance and subject.assured is None:
            return UNKNOWN
        if assurance and assurance.isdisjoint(subject.assured or ()):
            lacks = [subject.lacks[id] for id in sorted(assurance & subject.lacks.keys())]
            return f"the device meets none of the assurance policies: {'; '.join(lacks) or _shown(subject)}"
        return None

    return check


def _shown(subject: Subject) -> str:
    """The device as a reason names it, or what came instead of one."""
    device = subject.device
    if not device:
        return subject.no_device
    named = device["profile"].get("displayName")
    return f"{named!r} ({device['id']})" if named else "the request shows one that is not"


def _risk(item: Doc) -> Check | None:
    level = item.get("level", "ANY")
    if level == "ANY":
        return None

    def check(subject: Subject) -> str | None:
        if subject.risk is None:
            return UNKNOWN
        return None if level == subject.risk else f"the risk is {subject.risk}, not {level}"

    return check


def _detections(item: Doc) -> Check | None:
    """The one kind of detection that the org has is an administrator's report."""
    include, exclude = item.get("include") or (), item.get("exclude") or ()
    if (include and REPORTED not in include) or REPORTED in exclude:
        return lambda subject: f"the risk was not detected as {', '.join(include) or 'wanted'}"
    return None


def _behaviors(item: Doc) -> Check | None:
    """# Differs: nothing watches how people behave, so no behaviour is ever detected."""
    return (lambda subject: "none of the behaviours was detected") if item.get("behaviors") else None


def _user_type(item: Doc) -> Check | None:
    include, exclude = frozenset(item.get("include") or ()), frozenset(item.get("exclude") or ())
    if not include and not exclude:
        return None

    def check(subject: Subject) -> str | None:
        kind = subject.user["type"]["id"] if subject.user is not None else None
        if kind in exclude or (include and kind not in include):
            return "the user is of another type"
        return None

    return check


_parsed = lru_cache(maxsize=1024)(compile_expression)


def _expression(item: Doc) -> Check | None:
    text = item["condition"]
    parsed = _parsed(text)

    def check(subject: Subject) -> str | None:
        if text not in subject.said:
            subject.said[text] = _says(parsed, text, subject)
        return subject.said[text]

    return check


def _says(parsed: Any, text: str, subject: Subject) -> str | None:
    if subject.user is None or (subject.user_agent is None and "userAgent" in text):
        return UNKNOWN
    user, device = subject.user, subject.device or {}
    environment = Environment({
        "request": {"userAgent": subject.user_agent, "ipAddress": subject.address, "ip": subject.address},
        "user": {"id": user["id"], "status": user["status"], "profile": user["profile"]},
        "security": {"risk": {"level": subject.risk}},
        "device": {"profile": device["profile"]} if device.get("profile") else None,
    })  # fmt: skip
    try:
        holds = parsed.evaluate(environment)
    except ExpressionError as error:
        return f"the expression fails: {error.message}"
    return None if holds is True else f"the expression {text} is false"


def client_matches(include: list[str], client: str) -> bool:
    """Whether a client is one of those a rule names.

    Inferred: Windows' own sign-in is a legacy client as well, as every active request is (seed-catalogue.md 5, rule 2).
    """
    return client in include or (client == "AAD_JOIN" and "EXCHANGE_ACTIVE_SYNC" in include)


def _client(item: Doc) -> Check | None:
    include = item.get("include") or []
    if not include:
        return None
    named = ", ".join(include)

    def check(subject: Subject) -> str | None:
        if subject.client is None:
            return UNKNOWN
        if client_matches(include, subject.client):
            return None
        return f"the client is {subject.client}, the rule is for {named}"

    return check


def _auth_type(item: Doc) -> Check | None:
    wanted = item.get("authType", "ANY")
    if wanted == "ANY":
        return None
    return lambda subject: None if subject.auth_type == wanted else f"the sign-in does not come over {wanted}"


def _provider(item: Doc) -> Check | None:
    """Everybody signs in with Okta's own password here."""
    return (lambda subject: "the user signs in with Okta") if item.get("provider") == "SPECIFIC_IDP" else None


def _app(item: Doc) -> Check | None:
    include, exclude = item.get("include") or (), item.get("exclude") or ()
    if not include and not exclude:
        return None

    def named(rows: Any, app: Doc) -> bool:
        return any(row.get("id") == app["id"] or (row["type"] == "APP_TYPE" and row.get("name") == app["name"])
                   for row in rows)  # fmt: skip

    def check(subject: Subject) -> str | None:
        if subject.app is None:
            return UNKNOWN if include else None
        if named(exclude, subject.app) or (include and not named(include, subject.app)):
            return "the rule is for other apps"
        return None

    return check


_MAKERS: dict[str, Callable[[Doc], Check | None]] = {
    "people": _people, "network": _network, "platform": _platform, "device": _device, "riskScore": _risk,
    "risk": _behaviors, "userType": _user_type, "elCondition": _expression, "office365Client": _client,
    "authContext": _auth_type, "identityProvider": _provider, "app": _app, "entityRisk": _risk,
    "riskDetectionTypes": _detections,
}  # fmt: skip
