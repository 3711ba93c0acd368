"""Synthetic estates: `--people N` adds N people to a world, linked on all sides, the same ones for the same seed.

Who they are is decided here and told to every party, which makes its own documents of them. The people are made in
order, so that managers come before their reports and a larger estate begins as a smaller one does.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids, scramble
from emulator.kernel.party import Seeding
from emulator.kernel.people import Person, Population
from emulator.serving.estate_names import DEPARTMENTS, FRONT_LINE, LETTERS, cultures
from emulator.serving.parties import party_type
from emulator.store import Database
from emulator.store.bulk import loading

REPORTS = 8
_UNLIMITED = 10**9
_CHUNK = 2000
_IN_DIRECTORY, _UNLICENSED, _BY_HAND = 40, 6, 3  # per cent
# Per thousand, for people without reports; the rest is ACTIVE.
_STATUSES = (("SUSPENDED", 8), ("STAGED", 8), ("DEPROVISIONED", 12), ("LOCKED_OUT", 3), ("PASSWORD_EXPIRED", 5))
_WEIGHTS = {"SPE_E5": 10, "SPE_E3": 55, "SPB": 10, "SPE_F1": 25}
_SEATS_AT_MOST = {"SPB": 300, "O365_BUSINESS_PREMIUM": 300}  # Microsoft sells no more of these to one tenant

Progress = Callable[[int, int], None]
"""Told how many people are made, and of how many."""


def grow(
    database: Database, seedings: dict[str, Seeding], ids_of: Callable[[str, Callable[[str], int]], Ids], people: int,
    *, seed: str, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Add people to a world that has just been seeded. seedings: by party. ids_of: a party's ids over a counter."""
    with loading(database):
        chosen: dict[str, _Side] = {}
        for party, seeding in seedings.items():
            kind = party_type(party.partition(":")[0])
            if kind.populate is not None and kind.name not in chosen:
                counters = _Counters(database, party)
                ids = ids_of(party, counters.take)
                filled = Seeding(seeding.store, ids, seeding.now, seeding.spec, seeding.read_fixture, seeding.info)
                chosen[kind.name] = _Side(kind.populate(filled), ids, counters)
        made = _People(chosen, seed, people)
        everyone = iter(made)
        done = 0
        while chunk := list(islice(everyone, _CHUNK)):
            for side in chosen.values():
                side.population.add(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, people)
        for side in chosen.values():
            side.population.close()
            side.counters.write()


class _Counters:
    """A party's counters in memory, written once at the end."""

    def __init__(self, database: Database, party: str) -> None:
        self._database = database
        self._party = party
        rows = database.execute("SELECT kind, n FROM counters WHERE party = ?", (party,)).fetchall()
        self._numbers: dict[str, int] = dict(rows)

    def take(self, kind: str) -> int:
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return number

    def write(self) -> None:
        for kind, number in self._numbers.items():
            row = (self._party, kind, number)
            self._database.execute("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)", row)


@dataclass(frozen=True, slots=True)
class _Side:
    population: Population
    ids: Ids
    counters: _Counters

    @property
    def facts(self) -> Doc:
        return self.population.facts


_Place = tuple[str, int]


def _pattern() -> list[_Place]:
    """Forty people's departments, and which one of its department each is: spread evenly by largest remainder."""
    total = sum(share for share, *_ in DEPARTMENTS.values())
    taken = dict.fromkeys(DEPARTMENTS, 0)
    found: list[_Place] = []
    for at in range(1, total + 1):
        name = max(DEPARTMENTS, key=lambda item: DEPARTMENTS[item][0] * at / total - taken[item])
        found.append((name, taken[name]))
        taken[name] += 1
    return found


@dataclass(slots=True)
class _People:
    """The people of an estate, in order."""

    sides: dict[str, _Side]
    seed: str
    count: int
    domain: str = ""
    upn_domain: str = ""
    linked: bool = False
    licences: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    _seats: dict[str, int] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)
    _leaders: dict[int, Person] = field(default_factory=dict)
    _pattern: list[_Place] = field(default_factory=_pattern)

    def __post_init__(self) -> None:
        okta, entra = self._facts("okta"), self._facts("entra")
        self.domain = str(okta.get("domain") or entra.get("domain") or "people.example")
        known = entra.get("domains", ())
        self.upn_domain = self.domain if self.domain in known else str(entra.get("domain", self.domain))
        self.linked = bool(okta.get("linked")) and self.domain in known
        subscribed = entra.get("by_hand", [])
        brought = okta.get("licences", [])
        self.licences = [name for name in brought if name in subscribed] if self.linked else []
        self.by_hand = [name for name in subscribed if name not in brought]
        taken = {login for side in self.sides.values() for login in side.facts.get("logins", ())}
        self._names = {login.partition("@")[0]: 1 for login in taken}

    def _facts(self, name: str) -> Doc:
        return self.sides[name].facts if name in self.sides else {}

    def __iter__(self) -> Iterator[Person]:
        for number in range(self.count):
            yield self._person(number)

    # -- one ----------------------------------------------------------------------------------------------------

    def _person(self, number: int) -> Person:
        dice = scramble(self.seed.encode(), "person", number, 32)
        culture = cultures()[_at(dice, 0) % len(cultures())]
        first = culture.given[_at(dice, 2) % len(culture.given)]
        last = culture.family[_at(dice, 4) % len(culture.family)]
        country, country_name, city = culture.places[_at(dice, 6) % len(culture.places)]
        department, title, manager, leads = self._job(number, dice)
        status = "ACTIVE" if leads else _status(_at(dice, 10) % 1000)
        alias = self._alias(first, last, german=culture.german)
        licence, by_hand = self._licence(department, status, dice)
        in_directory = self._in_directory and _at(dice, 12) % 100 < _IN_DIRECTORY
        person = Person(
            number=number, login=f"{alias}@{self.domain}", upn=f"{alias}@{self.upn_domain}", first=first, last=last,
            department=department, title=title, city=city, country=country, country_name=country_name, status=status,
            licence=licence, by_hand=by_hand, manager=manager, linked=self.linked,
            okta_id=self.sides["okta"].ids.okta("00u") if "okta" in self.sides else "",
            entra_id=self._entra_id(status),
            guid=self.sides["directory"].ids.guid("objectGUID") if in_directory else "",
            dn=self._dn(first, last, alias, department) if in_directory else "",
        )  # fmt: skip
        if leads:
            self._leaders[number] = person
        return person

    @property
    def _in_directory(self) -> bool:
        """Only where the org knows the directory."""
        return "directory" in self.sides and bool(self._facts("okta").get("directory"))

    def _entra_id(self, status: str) -> str:
        """Who was never activated in Okta was never provisioned."""
        if "entra" not in self.sides or (self.linked and status == "STAGED"):
            return ""
        return self.sides["entra"].ids.guid("user")

    def _alias(self, first: str, last: str, *, german: bool) -> str:
        name = f"{_ascii(first, german=german)}.{_ascii(last, german=german)}"[:56]
        before = self._names.get(name, 0)
        self._names[name] = before + 1
        return f"{name}{before + 1}" if before else name

    def _dn(self, first: str, last: str, alias: str, department: str) -> str:
        name = f"{first} {last}" + (f" ({alias})" if alias[-1].isdigit() else "")
        place = ",".join(f"DC={part}" for part in self._facts("directory")["forest"].split("."))
        return f"CN={name},OU={department},OU=Staff,{place}"

    def _job(self, number: int, dice: bytes) -> tuple[str, str, Person | None, bool]:
        """Department, title, manager, and whether anybody reports: eight to a manager, department by department."""
        if number == 0:
            return "Executive", "Chief Executive Officer", None, self.count > 1
        block, place = divmod(number - 1, len(self._pattern))
        department, rank = self._pattern[place]
        share, head, manager, others = DEPARTMENTS[department]
        nth = block * share + rank
        leads = self._number(department, nth * REPORTS + 1) < self.count
        above = self._leaders[0 if nth == 0 else self._number(department, (nth - 1) // REPORTS)]
        title = head if nth == 0 else manager if leads else others[_at(dice, 8) % len(others)]
        return department, title, above, leads

    def _number(self, department: str, nth: int) -> int:
        """The number of the nth person of a department."""
        block, rank = divmod(nth, DEPARTMENTS[department][0])
        return 1 + block * len(self._pattern) + self._pattern.index((department, rank))

    def _licence(self, department: str, status: str, dice: bytes) -> tuple[str | None, bool]:
        """A SKU, and whether it was given by hand."""
        chance = _at(dice, 14) % 100
        if not self.linked or status in ("STAGED", "DEPROVISIONED") or chance < _UNLICENSED:
            return None, False
        if self.by_hand and chance < _UNLICENSED + _BY_HAND:
            return self.by_hand[_at(dice, 16) % len(self.by_hand)], True
        wanted = self._weighted(_at(dice, 16), front_line=department in FRONT_LINE)
        if wanted is not None:
            self._seats[wanted] = self._seats.get(wanted, 0) + 1
        return wanted, False

    def _weighted(self, roll: int, *, front_line: bool) -> str | None:
        free = [name for name in self.licences if self._seats.get(name, 0) < _SEATS_AT_MOST.get(name, _UNLIMITED)]
        if front_line and "SPE_F1" in free and roll % 4:
            return "SPE_F1"
        weights = [(name, _WEIGHTS.get(name, 10)) for name in free]
        roll %= max(1, sum(weight for _, weight in weights))
        for name, weight in weights:
            if roll < weight:
                return name
            roll -= weight
        return None


def _at(dice: bytes, place: int) -> int:
    return int.from_bytes(dice[place : place + 2], "big")


def _status(roll: int) -> str:
    for status, share in _STATUSES:
        if roll < share:
            return status
        roll -= share
    return "ACTIVE"


def _ascii(name: str, *, german: bool) -> str:
    """A name as user names have it: lower-case ASCII letters and hyphens."""
    text = unicodedata.normalize("NFC", name.casefold() if german else name.lower())
    if german:
        text = text.translate(LETTERS)
    text = unicodedata.normalize("NFD", text)
    text = text.translate(LETTERS)
    return "".join(letter for letter in text if letter.isascii() and (letter.isalpha() or letter == "-"))
