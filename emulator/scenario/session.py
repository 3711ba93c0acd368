"""A trainee's session: one scenario on a running lab, kept in the lab's data directory between commands."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.scenario.cast import predeclared
from emulator.scenario.files import Scenario, Step, read
from emulator.scenario.members import kept, revived
from emulator.scenario.play import Checked, Play
from emulator.scenario.stage import Stage, of_lab
from emulator.serving import worldfile

FILE = "scenario.json"


@dataclass(slots=True)
class Session:
    """What has been started: the file, the seed, aliases, browser profiles, hints shown and answers given."""

    path: str
    seed: str
    data: Path
    aliases: Doc = field(default_factory=dict)
    since: Doc = field(default_factory=dict)
    answers: Doc = field(default_factory=dict)
    profiles: Doc = field(default_factory=dict)
    hints: int = 0
    solved: bool = False

    def save(self) -> None:
        """By atomic rename: never half written."""
        from emulator.serving.tls import write_private

        names = ("path", "seed", "aliases", "since", "answers", "profiles", "hints", "solved")
        doc = {name: getattr(self, name) for name in names}
        write_private(self.data / FILE, orjson.dumps(doc, option=orjson.OPT_INDENT_2) + b"\n")

    def scenario(self) -> Scenario:
        return read(Path(self.path))

    def play(self, remote: Any) -> Play:
        """The play, as it stands now."""
        stage = of_lab(remote)
        stage.serve = environment_of(remote.info)
        play = Play(self.scenario(), stage, seed=self.seed)
        stage.aliases.update(predeclared(stage, self.seed))
        stage.aliases.update({name: revived(stage, value) for name, value in self.aliases.items()})
        stage.since, stage.answers = dict(self.since), dict(self.answers)
        stage.open_profiles(self.profiles)
        return play

    def keep(self, stage: Stage) -> None:
        fixed = predeclared(stage, self.seed)
        self.aliases = {name: kept(value) for name, value in stage.aliases.items() if name not in fixed}
        self.since, self.answers, self.profiles = dict(stage.since), dict(stage.answers), stage.profiles()
        self.save()


def environment_of(info: Doc) -> Callable[[], AbstractContextManager[dict[str, str]]]:
    """What the verb `run` puts around a command."""
    from emulator.serving.environment import environment

    return lambda: nullcontext(environment(info))


def load(data: Path) -> Session:
    """The lab's session. LabError when no scenario was started on it."""
    try:
        doc = orjson.loads((data / FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise LabError("No scenario is started on this lab.", hint="tenantlab scenario start ID") from error
    return Session(data=data, **doc)


def start(scenario: Scenario, remote: Any, *, seed: str) -> Session:
    """Reset the lab, play the scenario's setting on it, and remember it. LabError when the lab has another world."""
    world, running = scenario.world(), remote.info["world"]
    wanted = worldfile.load(world).spec.world
    if wanted != running:
        named = world if isinstance(world, str) else "FILE"
        raise LabError(
            f"{scenario.id} plays in the world {wanted!r}, and this lab runs {running!r}.",
            hint=f"tenantlab up --world {named} --data DIR",
        )
    stage = of_lab(remote)
    stage.serve = environment_of(remote.info)
    stage.control("POST", "reset")
    play = Play(scenario, stage, seed=seed)
    play.prepare()
    play.set_up()
    session = Session(str(scenario.source.path.resolve()), seed, Path(remote.info["data_dir"]))
    session.keep(stage)
    return session


def cast(scenario: Scenario, session: Session) -> Doc:
    """Who and what the scenario is about, by alias: `{name, login, password}` of people, names of everything else."""
    return {name: _member(session.aliases[name]) for name in scenario.cast if name in session.aliases}


def _member(value: Any) -> Any:
    if isinstance(value, list):
        return [_member(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "person" in value:
        facts = value["person"]
        name = f"{facts.get('first', '')} {facts.get('last', '')}".strip()
        return {"name": name or facts["login"], "login": facts["login"], "password": value["password"]}
    return (value.get("group") or value).get("name")


def check(session: Session, remote: Any) -> list[Checked]:
    """Look at every check. Sign-ins made by checks stay in the logs, as a help desk's own tests would; where checks
    change something to see what follows, the lab is afterwards as it was before."""
    return _looked(session.play(remote))


_LOOKS = frozenset({"value", "answered", "journal", "tape", "sign_in"})
_CALLS = ("okta", "entra", "directory", "lab", "http")
_BEFORE = "before-the-check"


def _changes(step: Step) -> bool:
    """Whether a line may change the world."""
    if step.verb in _CALLS:
        return not str(getattr(step.line, step.verb)).lstrip().startswith(("GET ", "HEAD "))
    return step.verb not in _LOOKS


def _looked(play: Play) -> list[Checked]:
    steps = play.scenario.check
    if not any(map(_changes, steps)):
        return play.check(steps)
    play.stage.control("POST", "snapshots", {"name": _BEFORE})
    try:
        return play.check(steps)
    finally:
        play.stage.control("POST", f"snapshots/{_BEFORE}/restore")


def solve(session: Session, remote: Any) -> list[Checked]:
    """Play the solution, then check."""
    play = session.play(remote)
    play.stage.mark()
    play.do(play.scenario.solve)
    session.solved = True
    session.keep(play.stage)
    return _looked(play)
