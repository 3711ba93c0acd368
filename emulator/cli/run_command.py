"""`tenantlab run`: play scenarios headless, and say which are not as they should be."""

import os
import sys
from pathlib import Path

import click

from emulator.cli.common import json_option, put, say
from emulator.kernel.problems import LabError


@click.command("run")
@click.argument("paths", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every scenario that comes with tenantlab.")
@click.option(
    "--verify", is_flag=True, help="Both ways: symptom, failing checks, wrong fixes, solution, passing checks."
)
@click.option(
    "--seed", "seeds", multiple=True, help="Names, ids, picks and counts; may be given several times [default: 1]."
)
@click.option("--mutate", is_flag=True, help="Also take causes and backdrop away and see what that breaks.")
@click.option("--junitxml", type=click.Path(dir_okay=False), help="Write JUnit XML to this file.")
@click.option(
    "--artifacts", type=click.Path(file_okay=False), help="Write logs, tape and reasons of failures below here."
)
@click.option("-j", "jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@json_option
def command(
    paths: tuple[str, ...], every: bool, verify: bool, seeds: tuple[str, ...], mutate: bool, junitxml: str | None,
    artifacts: str | None, jobs: int, as_json: bool,
) -> None:  # fmt: skip
    """Play scenarios: ids, folders or files. Exit 1 when one is not as it should be, 2 for a broken file.

    Without --verify only the symptom and the failing checks are looked at.
    """
    from emulator.scenario import files, reports
    from emulator.scenario.runner import Result, mutations, verify_all

    if not paths and not every:
        raise LabError("Which scenarios?", hint="Give ids, folders or files, or --all.")
    found = [str(path) for path in files.find(paths, every=every)]
    if not found:
        raise LabError("There are no scenarios there.", hint="A scenario is a folder with a scenario.yaml.")
    results: list[Result] = []
    for result in verify_all(found, list(seeds or ("1",)), jobs=jobs, solve=verify):
        if mutate and result.ok:
            result.problems += mutations(result.path, result.seed)
            result.ok = not result.problems
        results.append(result)
        _show(result, len(results), len(found) * len(seeds or ("1",)))
        if artifacts and not result.ok:
            say(f"     artefacts: {reports.write_artifacts(result, Path(artifacts))}")
    good = sum(result.ok for result in results)
    say(f"{good} of {len(results)} as they should be, {sum(each.seconds for each in results):.1f} s of playing")
    if junitxml:
        Path(junitxml).write_bytes(reports.junit(results))
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as page:
            page.write(reports.summary(results))
    if as_json:
        put(reports.as_doc(results))
    if good < len(results):
        broken = any(not result.ok and not result.id for result in results)
        sys.exit(2 if broken else 1)


def _show(result: object, done: int, of: int) -> None:
    from emulator.scenario.reports import line
    from emulator.scenario.runner import Result

    assert isinstance(result, Result)
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K[{done}/{of}] ", nl=False, err=True)
        if result.ok:
            click.echo(line(result), nl=done == of, err=True)
            return
    say(line(result))
    for problem in result.problems:
        say(f"     {problem}")
