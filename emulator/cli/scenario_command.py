"""`tenantlab scenario`: work on a scenario in a running lab: list, show, new, start, check, hint, answer, solve."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.problems import LabError

if TYPE_CHECKING:
    from emulator.scenario.files import Scenario
    from emulator.scenario.play import Checked
    from emulator.scenario.session import Session


@click.group("scenario")
def command() -> None:
    """Broken estates to repair: a ticket, both sides, checks, hints and a solution."""


@command.command("list")
@click.option("--area", help="Only this area.")
@json_option
def list_scenarios(area: str | None, as_json: bool) -> None:
    """The scenarios that come with tenantlab."""
    from emulator.scenario import files

    rows = []
    for path in files.find(every=True):
        file = files.read(path).file
        where = path.parent.parent.name
        if area in (None, where, file.area):
            rows.append(
                {"id": file.id, "title": file.title, "area": where, "level": file.level, "minutes": file.minutes}
            )
    rows.sort(key=lambda row: str(row["id"]))
    if as_json:
        put(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:<5} level {row['level']}  {row['minutes']:>3} min  {row['area']:<13} {row['title']}")


@command.command("show")
@click.argument("id")
@click.option("--solution", is_flag=True, help="Also how it is solved, and why.")
@json_option
def show(id: str, solution: bool, as_json: bool) -> None:
    """A scenario's ticket, and what it teaches."""
    scenario = _one(id)
    file = scenario.file
    if as_json:
        doc: dict[str, Any] = {
               "id": file.id, "title": file.title, "level": file.level, "minutes": file.minutes,
               "teaches": file.teaches,
               "area": file.area, "world": file.world, "brief": scenario.text("brief.md"), "hints": len(file.hints),
               "differs": file.differs}  # fmt: skip
        put({**doc, "solution": scenario.text("solution.md")} if solution else doc)
        return
    click.echo(f"{file.id}  {file.title}  (level {file.level}, about {file.minutes} minutes)\n")
    click.echo(scenario.text("brief.md").strip() or "No ticket was written for this one.")
    if file.differs:
        click.echo(f"\nNot emulated: {file.differs}")
    if solution:
        click.echo("\n" + scenario.text("solution.md").strip())


@command.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--id", default="X-01", show_default=True, help="Its id.")
def new(folder: Path, id: str) -> None:
    """Write a scenario to begin with: it plays, and shows the shape."""
    from emulator.scenario.template import FILES

    if folder.exists() and any(folder.iterdir()):
        raise LabError(f"{folder} is not empty.", hint="Give a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text.replace("X-01", id), encoding="utf-8")
    say(f"Wrote {folder}; try: tenantlab run {folder} --verify")


@command.command("schema")
def schema() -> None:
    """The JSON Schema of scenario files, for an editor's completion."""
    from emulator.scenario.scenario_file import json_schema

    put(json_schema())


@command.command("start")
@click.argument("id")
@click.option("--seed", default="1", show_default=True, help="Names, picks and counts.")
@data_option
@json_option
def start(id: str, seed: str, data: str | None, as_json: bool) -> None:
    """Reset the running lab and break it as the scenario says."""
    from emulator.scenario import session

    scenario = _one(id)
    cast = session.cast(scenario, session.start(scenario, remote(data), seed=seed))
    if as_json:
        put({"id": scenario.id, "title": scenario.file.title, "seed": seed, "cast": cast,
             "questions": _questions(scenario)})  # fmt: skip
        return
    click.echo(f"{scenario.id}  {scenario.file.title}\n\n{scenario.text('brief.md').strip()}")
    if cast:
        click.echo("\nWho and what:" + "".join(f"\n  {name}: {_told(value)}" for name, value in cast.items()))
    for name, question in scenario.file.questions.items():
        click.echo(
            f"\nQuestion {name}: {question.ask}" + (f" ({', '.join(question.choices)})" if question.choices else "")
        )
    say("\nWhen you think that it is solved: tenantlab scenario check. Stuck: tenantlab scenario hint.")


def _told(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_told, value))
    if not isinstance(value, dict):
        return str(value)
    return f"{value['name']} <{value['login']}>, password {value['password']}"


@command.command("check")
@data_option
@json_option
def check(data: str | None, as_json: bool) -> None:
    """Whether it is solved: every check, and what to think about where one fails. Exit 1 when one does."""
    from emulator.scenario import session

    lab = remote(data)
    _report(session.check(_session(lab), lab), as_json=as_json)


@command.command("hint")
@data_option
@json_option
def hint(data: str | None, as_json: bool) -> None:
    """The next hint; each says more than the one before."""
    found = _session(remote(data))
    hints = found.scenario().file.hints
    if not hints:
        raise LabError("This scenario has no hints.", hint="tenantlab scenario show ID --solution")
    text = hints[min(found.hints, len(hints) - 1)]
    found.hints = min(found.hints + 1, len(hints))
    found.save()
    if as_json:
        put({"hint": text, "number": found.hints, "of": len(hints)})
    else:
        click.echo(f"Hint {found.hints} of {len(hints)}: {text}")


@command.command("answer")
@click.argument("question")
@click.argument("answer")
@data_option
@json_option
def answer(question: str, answer: str, data: str | None, as_json: bool) -> None:
    """Answer one of the scenario's questions; lists and tables as JSON."""
    found = _session(remote(data))
    questions = found.scenario().file.questions
    if question not in questions:
        raise LabError(
            f"This scenario has no question {question!r}.", hint=f"Questions: {', '.join(questions) or 'none'}."
        )
    found.answers[question] = _typed(questions[question], answer)
    found.save()
    if as_json:
        put(found.answers)
    else:
        say("Noted. tenantlab scenario check compares it with what the lab really does.")


@command.command("solve")
@data_option
@json_option
def solve(data: str | None, as_json: bool) -> None:
    """Play the solution in the lab, then check, and explain."""
    from emulator.scenario import session

    lab = remote(data)
    found = _session(lab)
    checks = session.solve(found, lab)
    if not as_json:
        click.echo(found.scenario().text("solution.md").strip() + "\n")
    _report(checks, as_json=as_json)


def _typed(question: Any, answer: str) -> Any:
    import orjson

    if question.kind in ("text", "choice"):
        if question.choices and answer not in question.choices:
            raise LabError(f"{answer!r} is no choice.", hint=f"Choices: {', '.join(question.choices)}.")
        return answer
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise LabError(f"A {question.kind} is written as JSON: {error}.", hint='For example: ["one", "two"]') from error


def _one(id: str) -> "Scenario":
    from emulator.scenario import files

    return files.read(files.find((id,))[0])


def _session(lab: Any) -> "Session":
    from emulator.scenario import session

    return session.load(Path(lab.info["data_dir"]))


def _questions(scenario: "Scenario") -> dict[str, str]:
    return {name: question.ask for name, question in scenario.file.questions.items()}


def _report(checks: "list[Checked]", *, as_json: bool) -> None:
    solved = all(each.ok for each in checks)
    if as_json:
        put({"solved": solved, "checks": [each.to_doc() for each in checks]})
    else:
        for each in checks:
            click.echo(f"{'ok  ' if each.ok else 'no  '} {each.say}")
            if not each.ok:
                click.echo(f"      found: {each.found}")
                if each.hint:
                    click.echo(f"      {each.hint}")
        click.echo("Solved." if solved else "Not yet.")
    if not solved:
        sys.exit(1)
