"""Verifying a scenario both ways: the symptom shows, the checks fail; wrong fixes leave them failing; the solution
passes them. Each part starts from the same state."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.kernel.clock import monotonic
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.scenario.document import ScenarioError
from emulator.scenario.files import Scenario, everything, read
from emulator.scenario.play import Checked, Play
from emulator.scenario.stage import Stage, of_lab, of_world
from emulator.scenario.variation import varied
from emulator.scenario.vocabulary import Run

_BROKEN = "scenario"


@dataclass(slots=True)
class Result:
    """How a scenario's verification went. problems: sentences, empty when all is well."""

    id: str
    title: str
    path: str
    seed: str
    ok: bool = True
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    expect: list[Doc] = field(default_factory=list)
    check: list[Doc] = field(default_factory=list)
    error: bool = False
    """The file itself, or the emulator, was at fault; not a check."""

    def to_doc(self) -> Doc:
        return {name: getattr(self, name) for name in self.__slots__}


@contextmanager
def staged(scenario: Scenario, seed: str) -> Iterator[tuple[Any, Play]]:
    """The scenario's world, in process or, where it runs commands, served; and its play."""
    from emulator.serving.world import World

    world = varied(scenario, seed)
    if any(isinstance(step.line, Run) for _, step in everything(scenario)):
        with _served(scenario, world, seed) as found:
            yield found
        return
    with World(world, seed=seed) as made:
        yield made, Play(scenario, of_world(made), seed=seed)


@contextmanager
def _served(scenario: Scenario, world: str | Doc, seed: str) -> Iterator[tuple[Any, Play]]:
    from emulator.scenario.session import environment_of
    from emulator.serving import worldfile
    from emulator.serving.lab import Lab, Remote

    with Lab(world, seed=seed, clock=worldfile.load(world).spec.clock) as lab:
        stage = of_lab(Remote(lab.info))
        stage.serve = environment_of(lab.info)
        yield lab.world, Play(scenario, stage, seed=seed)


def verify(path: str, seed: str = "1", *, solve: bool = True) -> Result:
    """Play one scenario. solve False: only that its symptom shows and its checks fail."""
    began = monotonic()
    result = Result("", "", path, seed)
    try:
        scenario = read(Path(path))
        result.id, result.title = scenario.id, scenario.file.title
        with staged(scenario, seed) as (world, play):
            _verify(world, play, result, solve=solve)
    except ScenarioError as error:
        result.problems.append(f"{error.message}{' ' + error.hint if error.hint else ''}")
        result.error = True
    except LabError as error:
        result.problems.append(f"{error.message} {error.hint}")
        result.error = True
    except Exception as error:  # a fault of ours: reported with its place, and the other scenarios go on
        last = traceback.extract_tb(error.__traceback__)[-1]
        result.problems.append(f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})")
        result.error = True
    result.ok = not result.problems
    result.seconds = round(monotonic() - began, 3)
    return result


def _verify(world: Any, play: Play, result: Result, *, solve: bool) -> None:
    play.prepare()
    play.set_up()
    stage, scenario = play.stage, play.scenario
    world.snapshot(_BROKEN)
    kept = _State(stage)

    def again() -> None:
        world.restore(_BROKEN)
        kept.put_back(stage)

    shown = play.check(scenario.expect)
    result.expect = [each.to_doc() for each in shown]
    result.problems += [f"the symptom does not show: {_said(each)}" for each in shown if not each.ok]
    again()
    before = play.check(scenario.check)
    if all(each.ok for each in before):
        result.problems.append("the checks pass before anything is fixed")
    for fix in scenario.wrong:
        again()
        _wrong(play, fix, result)
    if not solve:
        return
    again()
    stage.mark()
    play.do(scenario.solve)
    after = play.check(scenario.check)
    result.check = [each.to_doc() for each in after]
    result.problems += [f"the solution does not pass: {_said(each)}" for each in after if not each.ok]


def _wrong(play: Play, fix: Any, result: Result) -> None:
    play.stage.mark()
    try:
        play.do(fix.do)
    except ScenarioError as error:
        result.problems.append(f"the wrong fix {fix.say!r} cannot be tried: {error.message}")
        return
    worse = play.check(fix.worsens)
    result.problems += [
        f"the wrong fix {fix.say!r} does not make it worse: {_said(each)}" for each in worse if not each.ok
    ]
    if all(each.ok for each in play.check(play.scenario.check)):
        result.problems.append(f"the wrong fix {fix.say!r} passes the checks")


def mutations(path: str, seed: str = "1") -> list[str]:
    """Cause lines taken out one at a time must each break the symptom; all backdrop taken out must break nothing."""
    scenario, found = read(Path(path)), []
    for step in scenario.cause:
        with staged(scenario, seed) as (_, play):
            if _still_shows(play, step):
                line = scenario.source.line(step.place)
                found.append(f"{path}:{line}: the symptom shows without this cause")
    if scenario.backdrop:
        with staged(scenario, seed) as (_, play):
            play.prepare()
            play.set_up(("cause", "play"))
            found += [
                f"{path}: without its backdrop: {_said(each)}" for each in play.check(scenario.expect) if not each.ok
            ]
    return found


def _still_shows(play: Play, step: Any) -> bool:
    play.prepare()
    try:
        play.set_up(without=step)
    except ScenarioError:
        return False
    return all(each.ok for each in play.check(play.scenario.expect))


def _said(check: Checked) -> str:
    return f"line {check.line}: {check.say}: {check.found}"


class _State:
    """What a stage knows beside the world."""

    def __init__(self, stage: Stage) -> None:
        self.aliases, self.answers, self.since = dict(stage.aliases), dict(stage.answers), dict(stage.since)
        self.profiles = stage.profiles()

    def put_back(self, stage: Stage) -> None:
        stage.aliases, stage.answers, stage.since = dict(self.aliases), dict(self.answers), dict(self.since)
        stage.open_profiles(self.profiles)


def verify_all(paths: list[str], seeds: list[str], *, jobs: int = 1, solve: bool = True) -> Iterator[Result]:
    """Results as they come, in order; `jobs` processes."""
    work = [(path, seed) for path in paths for seed in seeds]
    if jobs <= 1 or len(work) < 2:
        for path, seed in work:
            yield verify(path, seed, solve=solve)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(_one, [(path, seed, solve) for path, seed in work], chunksize=4)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one(task: tuple[str, str, bool]) -> Result:
    return verify(task[0], task[1], solve=task[2])
