"""What readers have found: people, groups and a few more, on each side, by the keys of a world file."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from emulator.kernel.doc import Doc

SECRETS = (
    "password", "passwordhash", "passwordprofile", "passwordcredentials", "credentials", "secret", "clientsecret",
    "token", "privatekey", "keycredentials", "recoveryanswer", "recoveryquestion",
)  # fmt: skip
"""Attributes that are never taken over, whatever they hold."""


@dataclass
class Collected:
    """Items by side and section (`okta` `users`), once for each id; and what was (not) taken, by name."""

    okta: dict[str, dict[str, Doc]] = field(default_factory=dict)
    entra: dict[str, dict[str, Doc]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def put(self, side: str, section: str, id: str, item: Doc, *, called: str) -> None:
        """Add an item; what is said of one a second time is merged into the first. called: its name in the report."""
        held = getattr(self, side).setdefault(section, {})
        key = id.casefold()
        if key not in held:
            self.taken[called] += 1
        held[key] = {**held.get(key, {}), **scrubbed(item)}

    def get(self, side: str, section: str) -> dict[str, Doc]:
        found: dict[str, Doc] = getattr(self, side).get(section, {})
        return found


def scrubbed(value: Any) -> Any:
    """A value without secrets, and without what is empty."""
    if isinstance(value, dict):
        return {key: scrubbed(item) for key, item in value.items() if item is not None and _plain(key) not in SECRETS}
    return [scrubbed(item) for item in value] if isinstance(value, list) else value


def text(item: Doc, *names: str) -> str:
    """The first of some attributes that is a text with something in it, whatever its case and underscores."""
    plain = {_plain(key): value for key, value in item.items()}
    for name in names:
        value = plain.get(_plain(name))
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _plain(key: Any) -> str:
    return "".join(c for c in str(key).casefold() if c.isalnum())


def only(item: Doc, names: dict[str, str]) -> Doc:
    """Attributes under other names: source -> target; what is absent or empty is left out."""
    return {to: item[name] for name, to in names.items() if item.get(name) not in (None, "", [], {})}
