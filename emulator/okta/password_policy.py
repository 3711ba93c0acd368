"""What the org's password policy says about a user: complexity, history, lockout, expiry. Source: okta-admin-api.md 12.

The org's default policy applies to everyone. Its numbers are the vendor's defaults for a new org (inferred where the
recordings show the shape only); `password_policy` in the world file changes them, by the same names.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta.tokens import ORG

DEFAULT: Doc = {
    "complexity": {
        "minLength": 8, "minLowerCase": 1, "minUpperCase": 1, "minNumber": 1, "minSymbol": 0, "excludeUsername": True,
        "dictionary": {"common": {"exclude": False}}, "excludeAttributes": [],
    },
    "age": {"maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": 4},
    "lockout": {
        "maxAttempts": 10, "autoUnlockMinutes": 0, "userLockoutNotificationChannels": [], "showLockoutFailures": False,
    },
}  # fmt: skip


def merged(changes: Doc) -> Doc:
    """The default settings with some changed."""
    return {name: {**values, **changes.get(name, {})} for name, values in DEFAULT.items()}


def settings(call: Call) -> Doc:
    """The `settings.password` in force: complexity, age, lockout."""
    return settings_of(call.store)


def settings_of(store: Any) -> Doc:
    found: list[Doc] = store.all(ORG)
    return merged(found[0].get("_passwordPolicy", {}) if found else {})


def shortcomings(password: str, login: str, complexity: Doc) -> list[str]:
    """The requirements that a password does not meet, in the vendor's words; empty when it meets all."""
    if _meets(password, login, complexity):
        return []
    return requirements(complexity)


def _meets(password: str, login: str, complexity: Doc) -> bool:
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
    return not (complexity["excludeUsername"] and _holds_part(password.casefold(), login.casefold()))


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
    return texts
