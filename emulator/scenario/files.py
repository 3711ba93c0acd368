"""Scenario folders: found, read and checked before anything is played.

A folder holds scenario.yaml, brief.md (the ticket), solution.md, and perhaps steps.py and a world file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from emulator.kernel.doc import Doc
from emulator.scenario.cast_words import CAST, Member
from emulator.scenario.document import Place, ScenarioError, Source, is_doc, load, suggestion
from emulator.scenario.references import bare_in, names_in
from emulator.scenario.scenario_file import File
from emulator.scenario.vocabulary import VERBS, Line, Python
from emulator.serving.files import data_folder

FILE = "scenario.yaml"
PREDECLARED = ("world", "app", "tenant", "org", "domain", "seed")
"""Aliases that every scenario has."""


@dataclass(frozen=True)
class Step:
    """A checked line and where it stands."""

    verb: str
    line: Line
    place: Place


@dataclass(frozen=True)
class WrongFix:
    """A wrong fix, checked."""

    say: str
    do: tuple[Step, ...]
    worsens: tuple[Step, ...]


@dataclass(frozen=True)
class Scenario:
    """A scenario that can be played."""

    folder: Path
    source: Source
    file: File
    cast: dict[str, Member]
    backdrop: tuple[Step, ...]
    cause: tuple[Step, ...]
    play: tuple[Step, ...]
    expect: tuple[Step, ...]
    check: tuple[Step, ...]
    solve: tuple[Step, ...]
    wrong: tuple[WrongFix, ...]

    @property
    def id(self) -> str:
        return self.file.id

    def text(self, name: str) -> str:
        """brief.md or solution.md."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def world(self) -> str | Doc:
        """The world to build: a name, a file beside the scenario, or a mapping."""
        world = self.file.world
        if isinstance(world, str) and world.endswith((".yaml", ".yml")):
            return str(inside(self, world, ("world",)))
        if isinstance(world, str | dict):
            return world
        raise self.source.error(("world",), "world must be a name, a file or a mapping.", "For example: world: acme")

    def error(self, place: Place, message: str, hint: str = "") -> ScenarioError:
        return self.source.error(place, message, hint)


def inside(scenario: Scenario, relative: str, place: Place) -> Path:
    """A file of the scenario's own folder. ScenarioError when the path leads out of it."""
    base = scenario.folder.resolve()
    path = (base / relative).resolve()
    if not path.is_relative_to(base):
        raise scenario.error(place, f"{relative} is outside the scenario's folder.", "Keep its files together.")
    if not path.is_file():
        raise scenario.error(place, f"there is no file {relative} beside the scenario.", "Check the name.")
    return path


def find(paths: tuple[str, ...] = (), *, every: bool = False) -> list[Path]:
    """Scenario files below paths, or by id; `every`: those that come with tenantlab. Raises ScenarioError."""
    home = data_folder("scenarios")
    if every or not paths:
        return sorted(home.glob(f"*/*/{FILE}"))
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            here = [path / FILE] if (path / FILE).is_file() else sorted(path.rglob(FILE))
        elif path.is_file():
            here = [path]
        else:
            here = by_id(text, home)
        if not here:
            raise ScenarioError(f"There is no scenario {text!r}.", hint="Give an id, a folder or a file.")
        found += here
    return list(dict.fromkeys(found))


def by_id(text: str, home: Path | None = None) -> list[Path]:
    """The scenario of a catalogue id or a folder name."""
    home = home or data_folder("scenarios")
    wanted = text.casefold()
    found = [path for path in sorted(home.glob(f"*/*/{FILE}")) if path.parent.name.casefold() == wanted]
    return found or [path for path in sorted(home.glob(f"*/*/{FILE}")) if _id_of(path).casefold() == wanted]


def _id_of(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as lines:
        first = next((line for line in lines if line.startswith("id:")), "id:")
    return first.partition(":")[2].strip().strip("\"'")


def read(path: Path) -> Scenario:
    """Read and check a scenario file. ScenarioError with file, line and a suggestion."""
    source = load(path)
    if not is_doc(source.data):
        raise source.error((), "a scenario is a mapping of keys.", "Start with id, title, level, minutes, teaches.")
    file = _convert(source, (), source.data, File)
    parts: Doc = {
        name: _steps(source, name, getattr(file, name))
        for name in ("backdrop", "cause", "play", "expect", "check", "solve")
    }
    wrong = tuple(
        WrongFix(
            each.say, _steps(source, "wrong", each.do, at, "do"), _steps(source, "wrong", each.worsens, at, "worsens")
        )
        for at, each in enumerate(file.wrong)
    )
    cast = {name: _member(source, name, raw) for name, raw in file.cast.items()}
    scenario = Scenario(path.parent, source, file, cast, wrong=wrong, **parts)
    _check_aliases(scenario)
    _check_files(scenario)
    return scenario


def _convert(source: Source, place: Place, raw: Any, kind: type[Any]) -> Any:
    """`raw` as a struct; the struct's complaint becomes one with a line."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        inner = _place(path.rstrip("`"))
        known = [field.encode_name for field in msgspec.structs.fields(kind)]
        unknown = text.split("`")[1] if "unknown field" in text else ""
        hint = suggestion(unknown, known) if unknown else ""
        where = (*place, *inner, unknown) if unknown else (*place, *inner)
        raise source.error(where, f"{_said(text, inner)}.", hint) from error


def _said(text: str, inner: Place) -> str:
    text = text.replace("Object contains unknown field", "unknown key").replace(
        "Object missing required field", "the key is missing:"
    )
    text = text.replace("`", "'")
    name = ".".join(map(str, inner))
    return f"{name}: {text[0].lower()}{text[1:]}" if name else f"{text[0].lower()}{text[1:]}"


def _place(path: str) -> Place:
    found: list[str | int] = []
    for piece in path.replace("[", ".[").split("."):
        if piece.startswith("["):
            inner = piece.strip("[]")
            if inner.isdigit():
                found.append(int(inner))
        elif piece:
            found.append(piece)
    return tuple(found)


def _steps(source: Source, name: str, lines: list[Doc], *more: str | int) -> tuple[Step, ...]:
    return tuple(_step(source, (name, *more, at), raw) for at, raw in enumerate(lines))


def _step(source: Source, place: Place, raw: Doc) -> Step:
    verbs = [key for key in raw if key in VERBS]
    if len(verbs) != 1:
        strange = next((key for key in raw if key not in VERBS), "")
        message = f"a line has exactly one verb, and this one has {', '.join(verbs) or 'none'}."
        raise source.error(place, message, suggestion(str(strange), VERBS) if not verbs else "Make two lines of it.")
    line = _convert(source, place, raw, VERBS[verbs[0]])
    return Step(verbs[0], line, place)


def _member(source: Source, name: str, raw: Doc) -> Member:
    place: Place = ("cast", name)
    if name in PREDECLARED or not name.isidentifier():
        raise source.error(place, f"{name!r} cannot be an alias.", f"Taken: {', '.join(PREDECLARED)}.")
    head = next((key for key in ("pick", "new", "number", "word") if key in raw), "")
    what = str(raw.get(head, "")) if head in ("pick", "new") else ""
    kind = CAST.get((head, what))
    if kind is None:
        known = sorted(" ".join(filter(None, key)) for key in CAST)
        raise source.error(place, f"{name} is neither picked nor new.", f"Known: {', '.join(known)}.")
    found = _convert(source, place, raw, kind)
    assert isinstance(found, Member)
    return found


def _check_aliases(scenario: Scenario) -> None:
    """Every reference leads to an alias that is there by then."""
    known = {*PREDECLARED, *scenario.cast}
    for part in (scenario.backdrop, scenario.cause, scenario.play, scenario.expect):
        known = _names(scenario, part, known)
    _names(scenario, scenario.check, set(known))
    _names(scenario, scenario.solve, set(known))
    for fix in scenario.wrong:
        _names(scenario, fix.worsens, _names(scenario, fix.do, set(known)))


def _names(scenario: Scenario, steps: tuple[Step, ...], known: set[str]) -> set[str]:
    known = set(known)
    for step in steps:
        raw = msgspec.to_builtins(step.line)
        bare = bare_in({key: value for key, value in raw.items() if key not in ("say", "else", "as")}, known)
        if bare:
            raise scenario.error(step.place, f"${bare} inside a longer text is not put in.", f"Write ${{{bare}}}.")
        for name in sorted(names_in(raw)):
            if name not in known:
                raise scenario.error(step.place, f"there is no alias {name!r} here.", suggestion(name, known))
        if step.line.as_:
            known.add(step.line.as_)
    return known


def _check_files(scenario: Scenario) -> None:
    for _, step in everything(scenario):
        if isinstance(step.line, Python):
            inside(scenario, "steps.py", step.place)
    scenario.world()


def everything(scenario: Scenario) -> Iterator[tuple[str, Step]]:
    """Every line, with the part it stands in."""
    for name in ("backdrop", "cause", "play", "expect", "check", "solve"):
        for step in getattr(scenario, name):
            yield name, step
    for fix in scenario.wrong:
        for step in (*fix.do, *fix.worsens):
            yield "wrong", step
