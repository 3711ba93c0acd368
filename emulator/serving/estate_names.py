"""Names, places and jobs of synthetic people. Invented combinations of common names; no real person is meant.

data/cultures.txt has three lines for a culture: weight and places as `CC Country: city, city`, given names, family
names; all in Latin script, with the diacritics that people write, or transliterated where the script is another. A
weight with `/f` is that of the women where family names tell.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Department: share of forty, the head's title, a manager's, and everybody else's.
DEPARTMENTS: dict[str, tuple[int, str, str, tuple[str, ...]]] = {
    "Sales": (8, "Head of Sales", "Sales Manager", ("Account Manager", "Partner Manager", "Sales Engineer")),
    "Engineering": (9, "Head of Engineering", "Engineering Manager",
                    ("Developer", "Senior Developer", "Site Reliability Engineer", "Test Engineer")),
    "Support": (6, "Head of Support", "Support Team Lead", ("Support Agent", "Senior Support Agent")),
    "Operations": (5, "Head of Operations", "Shift Supervisor", ("Operator", "Dispatcher", "Technician")),
    "Finance": (3, "Chief Financial Officer", "Controller", ("Accountant", "Payroll Specialist", "Analyst")),
    "Marketing": (3, "Head of Marketing", "Campaign Manager", ("Writer", "Designer", "Market Analyst")),
    "IT": (2, "Chief Information Officer", "IT Manager", ("Systems Administrator", "Service Desk Agent")),
    "Human Resources": (2, "Head of Human Resources", "HR Manager", ("Recruiter", "HR Partner")),
    "Legal": (1, "General Counsel", "Legal Manager", ("Counsel", "Paralegal")),
    "Facilities": (1, "Head of Facilities", "Site Manager", ("Receptionist", "Caretaker", "Contractor")),
}  # fmt: skip
FRONT_LINE = frozenset({"Operations", "Support", "Facilities"})

# What decomposing into letter and accent does not reach.
LETTERS = str.maketrans({
    "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "æ": "ae", "þ": "th", "ð": "d", "ı": "i", "œ": "oe", "ħ": "h",
    "ä": "ae", "ö": "oe", "ü": "ue",
})  # fmt: skip
"""Applied to lower-case names; the last three only where the name is German."""


@dataclass(frozen=True, slots=True)
class Culture:
    """Where people of a culture live, and what they are called. places: (country code, country, city)."""

    places: tuple[tuple[str, str, str], ...]
    given: tuple[str, ...]
    family: tuple[str, ...]

    @property
    def german(self) -> bool:
        return self.places[0][0] == "DE"


@cache
def cultures() -> tuple[Culture, ...]:
    """Every culture, as often as its weight says: a uniform choice follows the weights."""
    lines = (Path(__file__).parent / "data" / "cultures.txt").read_text(encoding="utf-8").splitlines()
    found: list[Culture] = []
    for head, given, family in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        weight, _, where = head.partition(" | ")
        places = []
        for part in where.split("; "):
            country, _, cities = part.partition(": ")
            places += [(country[:2], country[3:], city) for city in cities.split(", ")]
        culture = Culture(tuple(places), _names(given), _names(family))
        found += [culture] * int(weight.partition("/")[0])
    return tuple(found)


def _names(line: str) -> tuple[str, ...]:
    """Names by blanks; the hyphens of those that begin with a particle stand for blanks (`Van-der-Merwe`)."""
    particles = ("Van-", "Te-", "Dela-", "Ní-")
    return tuple(name.replace("-", " ") if name.startswith(particles) else name for name in line.split())
