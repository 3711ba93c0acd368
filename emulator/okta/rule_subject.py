"""Who stands before a rule: what is known of a sign-in when its conditions are tried.

Source: okta-admin-api.md 12.
"""

from dataclasses import dataclass, field
from typing import Any

from emulator.kernel.doc import Doc

UNKNOWN = "?"
"""What a check answers when the subject does not say."""
REPORTED = "ADMIN_REPORTED_USER_RISK"
"""How the org learns of a risk: an administrator says so."""
NO_DEVICE = "the request shows none"
"""What is said of a device that nobody proved: no cookie of Okta Verify came with the request."""
RISK = "LOW"
"""# Differs: no risk engine stands behind the org. People are at low risk until it is set (`/users/{id}/risk`)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who comes, from where, with what. None: not known, which only a simulation may leave so.

    zones: ids of those that hold the address. device: a device's document, `{}` for one that the org does not know.
    no_device: where that is so, what came instead. assured: ids of the device assurance policies that the device meets;
    lacks: what it lacks for the others, by their ids. said: what expressions made of them, by text.
    """

    user: Doc | None
    groups: frozenset[str]
    zones: frozenset[str] | None
    address: str | None
    user_agent: str | None
    client: str | None
    platform: tuple[str, str] | None = None
    device: Doc | None = None
    no_device: str = NO_DEVICE
    assured: frozenset[str] | None = None
    lacks: dict[str, str] = field(default_factory=dict, compare=False)
    risk: str | None = RISK
    auth_type: str = "ANY"
    app: Doc | None = None
    said: dict[str, str | None] = field(default_factory=dict, compare=False)


def subject_of(
    store: Any, user: Doc, address: str, user_agent: str, client: str, *, device: Doc | None = None,
    no_device: str = NO_DEVICE,
) -> Subject:  # fmt: skip
    """Somebody who really comes: everything is known."""
    from emulator.okta.resources import groups, user_risk, zones
    from emulator.okta.resources.device_assurance import judged

    id = user["id"]
    mine = store.steady(("groups of", id), lambda: frozenset(groups.groups_of(store, id)))
    there = store.settled(
        ("zones at", address), lambda: frozenset(zone["id"] for zone in zones.zones_of(store, address))
    )
    known = device or {}
    assured, lacks = judged(store, known)
    return Subject(
        user, mine, there, address, user_agent, client, platform=platform_of(user_agent), device=known,
        no_device=no_device, assured=assured, lacks=lacks,
        risk=store.steady(("risk of", id), lambda: user_risk.level_of(store, id)),
    )  # fmt: skip


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
