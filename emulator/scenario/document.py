"""Scenario files as data that remembers its lines, so that every complaint names the place.

YAML without anchors, tags and merges: a scenario is read by people, and nothing in it may expand.
"""

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.files import parse_yaml

MOST_BYTES = 256 * 1024
MOST_DEPTH = 30

Place = tuple[str | int, ...]
"""Where a value stands: keys and indexes from the root."""


@dataclass(frozen=True)
class Source:
    """A parsed file: its data, and the line of every value."""

    path: Path
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """The line (from 1) of a value, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, message: str, hint: str = "") -> "ScenarioError":
        return ScenarioError(f"{self.path}:{self.line(place)}: {message}", hint=hint)


class ScenarioError(LabError):
    """A scenario file that cannot be played: one sentence with file and line, and a suggestion. Exit code 2."""


def load(path: Path) -> Source:
    """Read a YAML file. ScenarioError with file and line when it is not plain, small YAML."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"{path}:1: the file cannot be read ({error.strerror}).", hint="Check the path.") from error
    if len(data) > MOST_BYTES:
        raise ScenarioError(f"{path}:1: the file is larger than {MOST_BYTES // 1024} KiB.", hint="Split the scenario.")
    _plain(path, data)
    found = parse_yaml(data, name=str(path))
    lines: dict[Place, int] = {}
    node = yaml.compose(data, Loader=yaml.CSafeLoader)
    if node is not None:
        _walk(path, node, (), lines)
    return Source(path, found, lines)


def _plain(path: Path, data: bytes) -> None:
    """Refuse what could expand or nest without end, before anything is built from it."""
    depth = 0
    try:
        for event in yaml.parse(data, Loader=yaml.CSafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise ScenarioError(f"{path}:{line}: YAML anchors and aliases are not used here.",
                                    hint="Write the value out.")  # fmt: skip
            if getattr(event, "tag", None):
                raise ScenarioError(f"{path}:{line}: YAML tags are not used here.", hint="Remove the !tag.")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            if isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MOST_DEPTH:
                raise ScenarioError(f"{path}:{line}: nested deeper than {MOST_DEPTH} levels.", hint="Flatten it.")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise ScenarioError(
            f"{path}:{line}: {error.problem or 'not YAML'}.", hint="Check indentation and quotes."
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ScenarioError(f"{path}:1: not YAML ({error}).", hint="The file must be UTF-8 text.") from error


def _walk(path: Path, node: Any, place: Place, lines: dict[Place, int]) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _walk(path, value, (*place, str(key.value)), lines)
            lines[(*place, str(key.value))] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(path, value, (*place, index), lines)


def suggestion(word: str, known: Any) -> str:
    """`did you mean …` for a misspelt word, else the words that exist."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(known))}."


def is_doc(value: Any) -> bool:
    """Whether a value is a mapping with text keys."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


__all__ = ["MOST_BYTES", "Doc", "Place", "ScenarioError", "Source", "is_doc", "load", "suggestion"]
