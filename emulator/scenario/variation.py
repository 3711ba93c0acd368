"""Variation: the scenario's world under another company's name, with other people, ids and keys, as the seed says.

A scenario that names nothing by hand holds for every seed. Seed 1 is the world as its file has it.
"""

import base64
import re
import uuid
from functools import lru_cache
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid, base62, scramble
from emulator.scenario.dice import Dice, ascii_of
from emulator.scenario.files import Scenario
from emulator.serving import worldfile
from emulator.serving.estate_names import cultures

FIRST = "1"
_VENDORS = frozenset({"okta", "entra", "microsoft", "directory", "global"})
"""Names of administrators in the worlds that are words of something else as well."""
_GUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_OKTA_ID = re.compile(r"\b(?=[0-9A-Za-z]*[A-Z])(00[uogTp]|0oa|0pr|exk|rst|rul|nzo|aut|oty|osc|prm)[0-9A-Za-z]{17}\b")
_SYLLABLES = (
    "ba",
    "co",
    "da",
    "fe",
    "go",
    "ha",
    "ki",
    "lo",
    "mi",
    "na",
    "pe",
    "qua",
    "ro",
    "su",
    "ta",
    "vi",
    "wo",
    "ze",
)


def varied(scenario: Scenario, seed: str) -> str | Doc:
    """The world to build for a seed."""
    world = scenario.world()
    if seed == FIRST:
        return world
    return rolled(worldfile.load(world).key, world if isinstance(world, str) else orjson.dumps(world).decode(), seed)


@lru_cache(maxsize=64)
def rolled(key: str, world: str, seed: str) -> Doc:
    """A world file's mapping with everything renamed. key: tells versions of the file apart."""
    loaded = worldfile.load(orjson.loads(world) if world.startswith("{") else world)
    spec: Any = loaded.spec
    raw: Doc = {"world": spec.world, "title": spec.title, "seed": spec.seed, "clock": spec.clock,
                "parties": spec.parties,
                "lab": spec.lab, "lag": spec.lag}  # fmt: skip
    dice = Dice(seed)
    words = {**_people(raw, dice), **_company(raw, dice)}
    found: Doc = _renamed(raw, words, seed.encode())
    return found


def _company(raw: Doc, dice: Dice) -> dict[str, str]:
    """The company's word, wherever it stands: subdomain, tenant, domains, forest, display name."""
    orgs = [spec["org"] for name, spec in raw["parties"].items() if name.startswith("okta:")]
    found: dict[str, str] = {}
    for at, org in enumerate(orgs):
        old = str(org["subdomain"])
        new = "".join(dice.choose(f"company {at} {part}", list(_SYLLABLES)) for part in range(3))
        found |= {old: new, old.capitalize(): new.capitalize()}
    return found


def _people(raw: Doc, dice: Dice) -> dict[str, str]:
    """First and last names, as they are written and as they stand in addresses; service accounts keep theirs."""
    found: dict[str, str] = {}
    kept = {str(user["login"]) for user in raw["lab"].get("users") or () if user.get("role") in ("service", "device")}
    for name, spec in raw["parties"].items():
        if not name.startswith("okta:"):
            continue
        for user in spec.get("users", ()):
            if user.get("login") in kept:
                continue
            for part in ("firstName", "lastName"):
                old = str(user.get(part, ""))
                if not old or old in found or len(old) < 3 or old.lower() in _VENDORS:
                    continue
                culture = dice.choose(f"{old} culture", list(cultures()))
                new = dice.choose(f"{old} {part}", list(culture.given if part == "firstName" else culture.family))
                found[old] = new
                alias = re.sub(r"[^a-z]", "", ascii_of(old))
                found.setdefault(alias, ascii_of(new) + dice.text(old, 2).lower())
    return found


def _renamed(value: Any, words: dict[str, str], key: bytes) -> Any:
    pattern = re.compile(
        r"(?<![A-Za-z])(" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")(?![a-z])"
    )

    def guid(found: re.Match[str]) -> str:
        return as_guid(scramble(key, found.group(), 0, 16))

    def okta_id(found: re.Match[str]) -> str:
        return found.group(1) + base62(scramble(key, found.group(), 0, 17), 17)

    anchors = {
        _anchor(old): _anchor(as_guid(scramble(key, old, 0, 16))) for old in set(_GUID.findall(_all_text(value)))
    }

    def text(old: str) -> str:
        if old in anchors:
            return anchors[old]
        if old.startswith(("@certificates/", "certificates/", "http://schemas.")):
            return old
        new = pattern.sub(lambda found: words[found.group()], old)
        return _OKTA_ID.sub(okta_id, _GUID.sub(guid, new))

    def walk(part: Any) -> Any:
        if isinstance(part, str):
            return text(part)
        if isinstance(part, list):
            return [walk(each) for each in part]
        if isinstance(part, dict):
            return {text(name) if isinstance(name, str) else name: walk(each) for name, each in part.items()}
        return part

    return walk(value)


def _anchor(guid: str) -> str:
    """What a GUID is as an immutable id: base64 of its sixteen little-endian bytes."""
    return base64.b64encode(uuid.UUID(guid).bytes_le).decode()


def _all_text(value: Any) -> str:
    return orjson.dumps(value).decode()
