"""`tenantlab world`: a world as files: export, load, fork, compare, and make one from other people's files."""

from pathlib import Path

import click

from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.problems import LabError

_FOLDER = click.Path(path_type=Path)


@click.group("world")
def command() -> None:
    """Worlds as files: export, load, fork, compare, and seed from other systems' files."""


@command.command("export")
@click.argument("folder", type=_FOLDER)
@data_option
@json_option
def export(folder: Path, data: str | None, as_json: bool) -> None:
    """Write the running world to FOLDER as JSON, all at once; `tenantlab up --world FOLDER` brings it back."""
    from emulator.serving import exports

    found = remote(data).control("GET", "world")
    exports.save(found, folder)
    count = sum(len(items) for kinds in found["parties"].values() for items in kinds.values())
    if as_json:
        put({"folder": str(folder.resolve()), "documents": count})
    else:
        say(f"{count:,} documents written to {folder}. It holds the world's secrets.")


@command.command("load")
@click.argument("folder", type=_FOLDER)
@data_option
@json_option
def load(folder: Path, data: str | None, as_json: bool) -> None:
    """Have the running world take over the state that was exported to FOLDER; a reset returns to it."""
    import orjson

    from emulator.serving import edge, exports

    value = exports.read(folder)
    if len(orjson.dumps(value)) > edge.MOST_BODY:
        raise LabError(
            f"The world in {folder} is too large to be put into a running one.",
            hint=f"Start it: `tenantlab up --world {folder}` with a new --data directory.",
        )
    found = remote(data).control("PUT", "world", value)
    put(found) if as_json else say(f"Loaded {folder}; epoch {found['epoch']}, world time {found['now']}.")


@command.command("fork")
@click.argument("folder", type=_FOLDER)
@data_option
@json_option
def fork(folder: Path, data: str | None, as_json: bool) -> None:
    """Copy the world, running or not, to a new data directory FOLDER; `tenantlab up --data FOLDER` goes on with it."""
    import os

    from emulator.serving import forks

    source = Path(data or os.environ.get("TENANTLAB_DATA") or ".tenantlab")
    forks.fork_file(source, folder)
    put({"data": str(folder.resolve())}) if as_json else say(f"Forked: `tenantlab up --data {folder}`.")


@command.command("diff")
@click.argument("one", required=False, type=_FOLDER)
@click.argument("other", required=False, type=_FOLDER)
@click.option("--since", default="start", show_default=True, help="Without ONE: the snapshot to compare with.")
@data_option
@json_option
def diff(one: Path | None, other: Path | None, since: str, data: str | None, as_json: bool) -> None:
    """What differs between two exports; between ONE and the running world; or, without any, what has changed there."""
    from urllib.parse import quote

    from emulator.serving import differences, exports

    if one is None:
        changes = remote(data).control("GET", f"world/changes?since={quote(since)}")["changes"]
    else:
        after = exports.read(other) if other is not None else remote(data).control("GET", "world")
        changes = differences.between(exports.read(one)["parties"], after["parties"])
    if as_json:
        put(changes)
    elif changes:
        click.echo(differences.render(changes))
    else:
        say("Nothing differs.")


@command.command("seed")
@click.argument("files", nargs=-1, required=True, type=_FOLDER)
@click.option("--out", "out", required=True, type=_FOLDER, help="The world file to write.")
@click.option("--base", default="empty", show_default=True, help="The world that everything is added to.")
@json_option
def seed(files: tuple[Path, ...], out: Path, base: str, as_json: bool) -> None:
    """Make a world file from FILES: people (YAML, CSV, JSON), Terraform state, folders of Graph and Okta answers.

    What is not understood is named. Passwords and other secrets are left out; everybody gets a test password.
    """
    from emulator.serving.seeds import writing

    report = writing.make(list(files), base, out)
    if as_json:
        put(report)
        return
    for name, count in sorted(report["taken"].items()):
        say(f"{count:>7,}  {name}")
    for name, count in sorted(report["left"].items()):
        say(f"{count:>7,}  {name}: not taken")
    say(f"Written to {out}: `tenantlab up --world {out}`.")
