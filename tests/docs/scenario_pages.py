"""Pages about scenarios: the language (from `scenario.vocabulary`) and the catalogue's coverage (from scenarios and tests)."""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from emulator.scenario import files
from emulator.scenario.cast_words import CAST
from emulator.scenario.matching import OPERATORS
from emulator.scenario.scenario_file import File
from emulator.scenario.vocabulary import VERBS, Line

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"(?<![A-Za-z0-9])([SPF])[-_](\d\d)(?![A-Za-z0-9])")
LAST = {"S": 65, "P": 56, "F": 96}
NAMES = {"S": "Failures", "P": "Practice tasks", "F": "Features"}
Table = Callable[[Iterable[str], Iterable[Iterable[object]]], list[str]]


def language(table: Table) -> list[str]:
    """docs/reference/scenarios.md"""
    common = {field.encode_name for field in msgspec.structs.fields(Line)}
    lines = [
        "# Scenario files", "",
        "A folder with `scenario.yaml`, `brief.md` (the ticket) and `solution.md`. Begin with `tenantlab scenario new DIR`; "
        "`tenantlab scenario schema` prints the JSON Schema for an editor's completion.", "",
        inspect.getdoc(File) or "", "", "## Keys", "",
        *table(("key", "type", "needed"), _fields(File, frozenset())), "",
        "## Lines", "", inspect.getdoc(Line) or "", "",
        "A line has exactly one verb. `$alias.path` as a whole value keeps its type; `${alias.path}` goes into a longer text.", "",
    ]  # fmt: skip
    rows = [
        (f"`{name}`", _about(kind), ", ".join(f"`{each}`" for each in _others(kind, common | {name})))
        for name, kind in VERBS.items()
    ]
    lines += [*table(("verb", "what it does", "further keys"), rows), "", "## The cast", ""]
    cast = [(f"`{' '.join(filter(None, key))}`", _about(kind), ", ".join(f"`{each}`" for each in _others(kind, {key[0]})))
            for key, kind in CAST.items()]  # fmt: skip
    lines += [*table(("member", "what it is", "further keys"), cast), "", "Every scenario has the aliases "
              + ", ".join(f"`{name}`" for name in files.PREDECLARED) + ".", "", "## Patterns of `is`", ""]  # fmt: skip
    lines.append("A mapping fits when each key fits, a list item by item. Operators: "
                 + ", ".join(f"`{name}`" for name in OPERATORS) + ".")  # fmt: skip
    return lines


def _about(kind: type[Any]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def _others(kind: type[Any], known: set[str]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind) if field.encode_name not in known]


def _fields(kind: type[Any], known: frozenset[str]) -> list[tuple[str, str, str]]:
    return [
        (f"`{field.encode_name}`", str(getattr(field.type, "__name__", field.type)).replace("typing.", ""), "yes" if field.required else "")
        for field in msgspec.structs.fields(kind) if field.encode_name not in known
    ]  # fmt: skip


def coverage(table: Table) -> list[str]:
    """docs/reference/coverage.md"""
    scenarios: dict[str, list[str]] = defaultdict(list)
    titles: dict[str, str] = {}
    for path in files.find(every=True):
        scenario = files.read(path)
        where = f"[{path.parent.parent.name}/{path.parent.name}](../../scenarios/{path.parent.parent.name}/{path.parent.name})"
        for row in (scenario.id, *scenario.file.shows):
            scenarios[row].append(where)
        titles[scenario.id] = scenario.file.title + (
            f" (not emulated: {scenario.file.differs})" if scenario.file.differs else ""
        )
    tests: dict[str, list[str]] = defaultdict(list)
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        for row in sorted({f"{kind}-{number}" for kind, number in ROW.findall(test.read_text(encoding="utf-8"))}):
            tests[row].append(f"`{test.relative_to(ROOT)}`")
    lines = ["# Coverage of the catalogue", "",
             "What plays or tests each row of the catalogue of features, failures and practice tasks. A row without either "
             "is not emulated yet, or is knowledge that no program can show.", ""]  # fmt: skip
    for kind, last in LAST.items():
        rows = [f"{kind}-{number:02}" for number in range(1, last + 1)]
        shown = sum(bool(scenarios[row] or tests[row]) for row in rows)
        lines += [f"## {NAMES[kind]}: {shown} of {last}", ""]
        cells = [(row, titles.get(row, ""), ", ".join(scenarios[row]), ", ".join(tests[row][:4])) for row in rows]
        lines += [*table(("row", "title", "scenarios", "tests"), cells), ""]
    return lines
