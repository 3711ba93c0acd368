"""Playing a scenario's lines on a stage: casting, setting up, checking, and one record for every check."""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.scenario.api_verbs import Failed
from emulator.scenario.cast import Casting, predeclared
from emulator.scenario.document import ScenarioError, suggestion
from emulator.scenario.files import Scenario, Step, inside
from emulator.scenario.matching import mismatch
from emulator.scenario.references import Unknown, resolve
from emulator.scenario.stage import Stage
from emulator.scenario.verbs import VERBS
from emulator.scenario.vocabulary import Line
from emulator.serving.clients import ApiError

SETTING = ("backdrop", "cause", "play")


@dataclass(frozen=True, slots=True)
class Checked:
    """One check: whether it held, and if not, what was found and what to think about."""

    say: str
    ok: bool
    found: str = ""
    hint: str = ""
    line: int = 0
    aside: bool = False
    """An aside holds before the fix too (nothing else was changed); it may not be the only kind of check."""

    def to_doc(self) -> Doc:
        doc: Doc = {"say": self.say, "ok": self.ok, "line": self.line}
        return doc if self.ok else {**doc, "found": self.found, "else": self.hint}


class Play:
    """One playing of a scenario on a stage."""

    def __init__(self, scenario: Scenario, stage: Stage, *, seed: str = "1") -> None:
        self.scenario, self.stage, self.seed = scenario, stage, seed
        stage.own, stage.folder = self._own, scenario.folder
        self._module: Any = None

    def prepare(self) -> None:
        """The cast, in the file's order."""
        self.stage.aliases.update(predeclared(self.stage, self.seed))
        casting = Casting(self.stage, self.seed)
        for name, member in self.scenario.cast.items():
            place = ("cast", name)
            try:
                member = msgspec.convert(resolve(msgspec.to_builtins(member), self.stage.aliases), type(member))
                self.stage.aliases[name] = casting.make(name, member)
            except Unknown as error:
                raise self.scenario.error(
                    place, f"{name}: {error}.", suggestion(error.reference, error.known)
                ) from error
            except ApiError as error:
                raise self.scenario.error(place, f"{name} could not be made: {error}.") from error
            except ScenarioError:
                raise
            except LabError as error:
                raise self.scenario.error(place, f"{name}: {error.message}", error.hint) from error

    def set_up(self, parts: Iterable[str] = SETTING, *, without: Step | None = None) -> None:
        """Backdrop, cause and play; `without` leaves one line out."""
        for part in parts:
            if part == "play":
                self.stage.mark()
            self.do(step for step in getattr(self.scenario, part) if step is not without)

    def do(self, steps: Iterable[Step]) -> None:
        """Lines that must succeed. ScenarioError with file and line for the one that does not."""
        for step in steps:
            result, error = self._result(step, asking=False)
            if error:
                raise self.scenario.error(
                    step.place, f"{error}.", "See the journal of both sides for what came before."
                )
            self._keep(step.line, result)
            if step.line.is_ is not UNSET:
                found = mismatch(self._resolved(step, step.line.is_), result)
                if found:
                    raise self.scenario.error(step.place, f"{found}.")

    def check(self, steps: Iterable[Step]) -> list[Checked]:
        """Lines that are looked at, all of them, whatever the others say."""
        return [self._checked(step) for step in steps]

    def _checked(self, step: Step) -> Checked:
        result, error = self._result(step, asking=True)
        line = self.scenario.source.line(step.place)
        say = step.line.say or self._words(step)
        if error:
            return Checked(say, False, error, step.line.else_, line)
        self._keep(step.line, result)
        if step.line.is_ is UNSET:
            return Checked(say, True, line=line)
        found = mismatch(self._resolved(step, step.line.is_), result)
        return Checked(say, found is None, found or "", step.line.else_, line)

    def _words(self, step: Step) -> str:
        return f"{step.verb}: {getattr(step.line, step.verb, '')}"[:120]

    def _keep(self, line: Line, result: Any) -> None:
        if line.as_:
            self.stage.aliases[line.as_] = result

    def _result(self, step: Step, *, asking: bool) -> tuple[Any, str]:
        """What the verb gives, or why it could not be done."""
        raw = msgspec.to_builtins(step.line)
        raw.pop("is", None)
        try:
            line = msgspec.convert(resolve(raw, self.stage.aliases), type(step.line))
            return VERBS[step.verb](self.stage, line, asking=asking), ""
        except Unknown as error:
            return None, error.message
        except Failed as error:
            return None, str(error)
        except (ApiError, LabError, LookupError, msgspec.ValidationError) as error:
            return None, str(error).rstrip(".")

    def _resolved(self, step: Step, pattern: Any) -> Any:
        try:
            return resolve(pattern, self.stage.aliases)
        except Unknown as error:
            return {"equals": f"<{error.message}>"}

    def _own(self, name: str) -> Callable[..., Any]:
        """A function of the scenario's steps.py."""
        if self._module is None:
            path = inside(self.scenario, "steps.py", ())
            spec = importlib.util.spec_from_file_location(f"scenario_steps_{abs(hash(path))}", path)
            assert spec is not None and spec.loader is not None
            self._module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self._module)
        function = getattr(self._module, name.removeprefix("steps."), None)
        if not callable(function) or name.startswith("_"):
            raise Failed(f"steps.py has no function {name!r}")
        return function  # type: ignore[no-any-return]
