"""A person of a synthetic estate, as every party is told of them: plain facts, and the ids that link the parties.

Who they are is decided once (`serving.estates`); each party makes its own documents of it (`PartyType.populate`).
"""

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from emulator.kernel.doc import Doc

PASSWORD = "Test-only-99-People"
"""Everybody's password, where they have one."""


@dataclass(frozen=True, slots=True)
class Person:
    """One of many. login: in Okta and the directory; upn: at Microsoft, the same where the two are linked.

    status: the Okta user's. licence: a SKU part number; by_hand: not through a group. okta_id, entra_id, guid
    (objectGUID): empty where the person is not known there. dn: the directory's.
    """

    number: int
    login: str
    upn: str
    first: str
    last: str
    department: str
    title: str
    city: str
    country: str
    country_name: str
    status: str = "ACTIVE"
    licence: str | None = None
    by_hand: bool = False
    okta_id: str = ""
    entra_id: str = ""
    guid: str = ""
    dn: str = ""
    manager: "Person | None" = None
    linked: bool = False

    @property
    def display(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def alias(self) -> str:
        return self.login.partition("@")[0]

    @property
    def sam_account_name(self) -> str:
        """At most twenty characters, and unique as the login is."""
        return self.alias if len(self.alias) <= 20 else f"{self.alias[:13]}{self.number:07d}"

    @property
    def employee_number(self) -> str:
        return f"E{self.number + 1:06d}"

    @property
    def anchor(self) -> str:
        """What links the parties: base64 of the objectGUID's bytes, or the Okta id of who is in no directory."""
        return base64.b64encode(uuid.UUID(self.guid).bytes_le).decode() if self.guid else self.okta_id

    @property
    def signs_in_with_okta(self) -> bool:
        """Whether the Okta user is one that keeps its assignments."""
        return self.status not in ("STAGED", "DEPROVISIONED")


class Population(Protocol):
    """A party that is being filled.

    facts: `logins` (casefolded, taken already), and by party. okta: `domain`, `licences` (SKUs that a group brings),
    `directory` (an AD domain it knows), `linked` (has an Office 365 app). entra: `domain` (for who is not linked),
    `domains` (verified), `by_hand` (SKUs subscribed to). directory: `forest`.
    """

    facts: Doc

    def add(self, people: Sequence[Person]) -> None:
        """Store these people."""

    def close(self) -> None:
        """Write what is outstanding."""
