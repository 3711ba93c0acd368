"""Which known situations evidence fits, ranked, and how sure one can be. The situations are data: fixtures/knowledge/.

A file is a list of rows: `row` (an id, or none), `title`, `about` (words), `signs`, `settle`, `fix`. A sign holds when
its condition does (`if`: fact name -> pattern, all of them; a list of such: any of them; `one: true`: all in one
piece). A pattern is a text (compared without case), /an expression/, a list (any), true (there is such a fact), false
(there is none), or {above: number}. `proof` marks a sign that shows the state itself and not only its symptom.

Confidence follows from rules: `shown` needs a proof; `likely` a clear lead; `possible` is the rest; `words only` says
that nothing but the choice of words speaks for it. What the evidence does not hold is asked for, never assumed.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.evidence.model import Fact, Piece
from emulator.serving.files import data_folder, parse_yaml

MOST_ROWS = 8
_LIKELY, _LEAD, _LEAST = 5.0, 1.5, 2.0
_WORDS_AT_MOST = 2.4
_LEAST_WORDS = 1.0
_UNKNOWN_WORD = 1.0
_WORD = re.compile(r"[a-z][a-z0-9]{2,}")
_STOP = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "that",
        "this",
        "from",
        "are",
        "was",
        "not",
        "you",
        "your",
        "can",
        "has",
        "have",
        "but",
        "all",
        "any",
        "its",
        "into",
        "when",
        "they",
        "them",
        "then",
        "office",
        "microsoft",
        "okta",
        "user",
        "users",
        "account",
        "error",
    ]
)
_SAYS = {
    "shown": "The state itself stands in the evidence.",
    "likely": "The symptom fits this better than anything else; the state itself is not in the evidence.",
    "possible": "The symptom fits; other causes give the same.",
    "words only": "Only the wording resembles it: take it as a question to ask.",
}


@dataclass(frozen=True, slots=True)
class Sign:
    """One condition over facts, and what it means for a row."""

    conditions: tuple[Doc, ...]
    weight: float
    says: str
    proof: bool
    one: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A known situation. `row` is empty for one that no catalogue lists."""

    row: str
    title: str
    about: frozenset[str]
    signs: tuple[Sign, ...]
    settle: tuple[Doc, ...]
    fix: str


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """All known situations. LabError for a malformed file."""
    folder = data_folder("fixtures") / "knowledge"
    found = [
        _row(item, path.name) for path in sorted(folder.glob("*.yaml"))
        for item in parse_yaml(path.read_bytes(), name=path.name)
    ]  # fmt: skip
    if not found:
        raise LabError(f"There is no knowledge below {folder}.", hint="Reinstall the package.")
    return tuple(found)


def _row(item: Doc, name: str) -> Row:
    try:
        signs = tuple(
            Sign(tuple(each["if"] if isinstance(each["if"], list) else [each["if"]]), float(each.get("weight", 3)),
                 each["says"], bool(each.get("proof")), bool(each.get("one")))
            for each in item["signs"]
        )  # fmt: skip
        title = item["title"]
        words = frozenset(_words(f"{title} {item.get('about', '')}"))
        return Row(item.get("row") or "", title, words, signs, tuple(item.get("settle") or ()), item.get("fix", ""))
    except (KeyError, TypeError) as error:
        raise LabError(
            f"{name}: a row is malformed near {item.get('row') or item.get('title')!r}: {error!r}."
        ) from error


def rank(pieces: list[Piece]) -> list[Doc]:
    """The rows that fit, best first: `{id, title, confidence, says, score, evidence, settle, fix}`."""
    facts = [[*piece.facts] for piece in pieces]
    said = _said(pieces)
    weights = _rarity()
    made = []
    for order, row in enumerate(rows()):
        matched = [(sign, found) for sign in row.signs if (found := _holds(sign, facts)) is not None]
        score = sum(sign.weight for sign, _ in matched)
        close = _closeness(row, said, weights)
        if (matched and score >= _LEAST) or close >= _LEAST_WORDS:
            made.append((-(score + close / (2 if matched else 1)), order, row, matched, close))
    made.sort(key=lambda each: each[:2])
    best = [-each[0] for each in made[:2]]
    lead = best[0] - best[1] if len(best) > 1 else math.inf
    return [
        _shown(row, matched, -score, first=not n, lead=lead, facts=facts)
        for n, (score, _, row, matched, _) in enumerate(made[:MOST_ROWS])
    ]


def _shown(
    row: Row, matched: list[tuple[Sign, list[Fact]]], score: float, *, first: bool, lead: float, facts: list[list[Fact]]
) -> Doc:
    confidence = _confidence(matched, score, first=first, lead=lead)
    asked = [each["ask"] for each in row.settle if not _any_of(each.get("unless"), facts)]
    return {
        "id": row.row or None, "title": row.title, "confidence": confidence, "says": _SAYS[confidence],
        "score": round(score, 1), "evidence": [_evidence(sign, found) for sign, found in matched],
        "settle": asked, "fix": row.fix,
    }  # fmt: skip


def _confidence(matched: list[tuple[Sign, list[Fact]]], score: float, *, first: bool, lead: float) -> str:
    if not matched:
        return "words only"
    if any(sign.proof for sign, _ in matched) and score >= _LIKELY:
        return "shown"
    return "likely" if first and score >= _LIKELY and lead >= _LEAD else "possible"


def _evidence(sign: Sign, found: list[Fact]) -> Doc:
    value = found[0].value if found else ""
    shown = value if len(value) <= 160 else value[:160] + "..."
    where = sorted({fact.where for fact in found})[:4]
    return {"says": sign.says.replace("{value}", shown), "where": where, "for": sign.weight >= 0}


# -- conditions -----------------------------------------------------------------------------------------------------


def _holds(sign: Sign, facts: list[list[Fact]]) -> list[Fact] | None:
    """The facts that make a sign hold; None when it does not."""
    for condition in sign.conditions:
        groups = facts if sign.one else [[fact for piece in facts for fact in piece]]
        for group in groups:
            found = _all_of(condition, group)
            if found is not None:
                return found
    return None


def _any_of(condition: Any, facts: list[list[Fact]]) -> bool:
    if not condition:
        return False
    flat = [fact for piece in facts for fact in piece]
    several = condition if isinstance(condition, list) else [condition]
    return any(_all_of(each, flat) is not None for each in several)


def _all_of(condition: Doc, facts: list[Fact]) -> list[Fact] | None:
    found: list[Fact] = []
    for name, pattern in condition.items():
        named = [fact for fact in facts if fact.name == name]
        if pattern is False:
            if named:
                return None
            continue
        hit = [fact for fact in named if _fits(pattern, fact.value)]
        if not hit:
            return None
        found += hit[:3]
    return found


def _fits(pattern: Any, value: str) -> bool:
    if pattern is True:
        return True
    if isinstance(pattern, list):
        return any(_fits(each, value) for each in pattern)
    if isinstance(pattern, dict):
        return _number(value) is not None and (_number(value) or 0) > float(pattern["above"])
    text = str(pattern)
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return _expression(text[1:-1]).search(value) is not None
    return text.casefold() == value.casefold()


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _expression(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


# -- words ----------------------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """Words in a form that endings do not matter to."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP]


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _said(pieces: list[Piece]) -> frozenset[str]:
    """What people wrote, in words: short texts only, for pages and recordings are full of others' words."""
    texts = [fact.value for piece in pieces for fact in piece.facts if fact.name == "text" and len(fact.value) < 3000]
    return frozenset(_words(" ".join(texts[:40])))


@lru_cache(maxsize=1)
def _rarity() -> dict[str, float]:
    """How telling a word is: the fewer rows use it, the more."""
    used = Counter(word for row in rows() for word in row.about)
    return {word: math.log(len(rows()) / count) for word, count in used.items()}


def _closeness(row: Row, said: frozenset[str], weights: dict[str, float]) -> float:
    """How much of what was said is about this row, 0 to `_WORDS_AT_MOST`; rare words count for more."""
    shared = said & row.about
    if len(shared) < 2:
        return 0.0
    told = sum(weights.get(word, _UNKNOWN_WORD) for word in said)
    return _WORDS_AT_MOST * min(1.0, 1.3 * sum(weights[word] for word in shared) / told)
