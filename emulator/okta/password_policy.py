"""What the org's password policies say about a user: complexity, history, lockout, expiry, recovery.

Source: okta-admin-api.md 12, appendix C. The first ACTIVE policy by priority decides that is for the user's provider
and one of their groups; the org's own ones, for Active Directory and the default one, are last and are for everyone.
Their numbers are the vendor's for a new org (inferred where the recordings show the shape only); `password_policy` in
the world file changes them, by the same names.
"""

from functools import cache
from pathlib import Path
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, MINUTE, parse_iso
from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import POLICIES
from emulator.okta.derived import as_it_is, derived
from emulator.okta.policy_types import PASSWORD

SETTINGS: Doc = {
    "password": {
        "complexity": {
            "minLength": 8, "minLowerCase": 1, "minUpperCase": 1, "minNumber": 1, "minSymbol": 0,
            "excludeUsername": True, "dictionary": {"common": {"exclude": False}}, "excludeAttributes": [],
        },
        "age": {"maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": 4},
        "lockout": {
            "maxAttempts": 10, "autoUnlockMinutes": 0, "userLockoutNotificationChannels": [],
            "showLockoutFailures": False,
        },
        "breachedProtection": {"expireAfterDays": None, "logoutEnabled": False, "delegatedWorkflowId": None},
    },
    "recovery": {"factors": {
        "recovery_question": {"status": "ACTIVE", "properties": {"complexity": {"minLength": 4}}},
        "okta_email": {"status": "ACTIVE", "properties": {"recoveryToken": {"tokenLifetimeMinutes": 60}}},
        "okta_sms": {"status": "INACTIVE"}, "okta_call": {"status": "INACTIVE"},
    }},
    "delegation": {"options": {"skipUnlock": False}},
}  # fmt: skip
DEFAULT: Doc = SETTINGS["password"]


def policy_for(store: Any, user: Doc | None) -> Doc | None:
    """The password policy that governs a user; the org's default one where nothing is known of them."""
    from emulator.okta.resources.groups import groups_of

    ordered = derived(store, POLICIES, "type", PASSWORD, as_it_is, _in_order)
    default = ordered[-1] if ordered else None
    if user is None:
        return default
    mine = None
    provider = user["credentials"]["provider"]["type"]
    for policy in ordered:
        if policy["status"] != "ACTIVE" or not _provides(policy, provider):
            continue
        if policy["system"]:
            return policy
        mine = frozenset(groups_of(store, user["id"])) if mine is None else mine
        if not mine.isdisjoint(policy["conditions"]["people"]["groups"]["include"]):
            return policy
    return default


def _in_order(found: list[Doc]) -> list[Doc]:
    return sorted(found, key=lambda policy: policy["priority"])


def _provides(policy: Doc, provider: str) -> bool:
    wanted: str = policy["conditions"]["authProvider"]["provider"]
    return wanted == "ANY" or (wanted == "ACTIVE_DIRECTORY") == (provider == "ACTIVE_DIRECTORY")


def settings(call: Call, user: Doc | None = None) -> Doc:
    """`settings.password` of the policy that governs the user: complexity, age, lockout."""
    return settings_of(call.store, user)


def settings_of(store: Any, user: Doc | None = None) -> Doc:
    policy = policy_for(store, user)
    found: Doc = policy["settings"]["password"] if policy is not None else DEFAULT
    return found


def recovery_factors(call: Call, user: Doc) -> Doc:
    """`settings.recovery.factors` of the policy that governs the user."""
    policy = policy_for(call.store, user)
    found: Doc = (policy or {"settings": SETTINGS})["settings"]["recovery"]["factors"]
    return found


def expired(call: Call, user: Doc) -> bool:
    """Whether the user's password is older than `maxAgeDays`; never for passwords that live elsewhere."""
    return days_left(call, user) == 0


def days_left(call: Call, user: Doc) -> int | None:
    """Whole days until the password runs out, 0 when it has; None when it never does."""
    most = int(settings(call, user)["age"]["maxAgeDays"])
    if not most or not user["passwordChanged"] or user["credentials"]["provider"]["type"] not in ("OKTA", "IMPORT"):
        return None
    left = parse_iso(user["passwordChanged"]) + most * DAY - call.now
    return max(0, -(-left // DAY))


def too_young(call: Call, user: Doc) -> bool:
    """Whether the password is younger than `minAgeMinutes`: people then may not change it yet."""
    least = int(settings(call, user)["age"]["minAgeMinutes"])
    if not least or not user["passwordChanged"]:
        return False
    return call.now < parse_iso(user["passwordChanged"]) + least * MINUTE


def shortcomings(password: str, login: str, complexity: Doc, profile: Doc | None = None) -> list[str]:
    """The requirements that a password does not meet, in the vendor's words; empty when it meets all."""
    if _meets(password, login, complexity, profile or {}):
        return []
    return requirements(complexity)


def _meets(password: str, login: str, complexity: Doc, profile: Doc) -> bool:
    counts = (
        ("minLowerCase", sum(c.islower() for c in password)),
        ("minUpperCase", sum(c.isupper() for c in password)),
        ("minNumber", sum(c.isdigit() for c in password)),
        ("minSymbol", sum(not c.isalnum() for c in password)),
    )
    if len(password) < complexity["minLength"] or len(password) > 72:
        return False
    if any(found < complexity[name] for name, found in counts):
        return False
    folded = password.casefold()
    if complexity["dictionary"]["common"]["exclude"] and folded in common():
        return False
    for name in complexity["excludeAttributes"]:
        value = str(profile.get(name) or "").casefold()
        if value and value in folded:
            return False
    return not (complexity["excludeUsername"] and _holds_part(folded, login.casefold()))


@cache
def common() -> frozenset[str]:
    """Passwords that everybody tries first.

    # Differs: a short list; the vendor's has about a million.
    """
    text = (Path(__file__).parent / "data" / "common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


def _holds_part(password: str, login: str) -> bool:
    """Parts of a user name: what stands between `.`, `,`, `-`, `_`, `#` and `@`, from four characters on."""
    for mark in ".,-_#@":
        login = login.replace(mark, " ")
    return any(len(part) >= 4 and part in password for part in login.split())


def requirements(complexity: Doc) -> list[str]:
    """The policy in the vendor's words."""
    texts = [f"at least {complexity['minLength']} characters"]
    for name, text in (
        ("minLowerCase", "a lowercase letter"), ("minUpperCase", "an uppercase letter"), ("minNumber", "a number"),
        ("minSymbol", "a symbol"),
    ):  # fmt: skip
        if complexity[name]:
            texts.append(text)
    if complexity["excludeUsername"]:
        texts.append("no parts of your username")
    for name, text in (("firstName", "first name"), ("lastName", "last name")):
        if name in complexity["excludeAttributes"]:
            texts.append(f"does not include your {text}")
    return texts
