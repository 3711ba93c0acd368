"""What the commands share: options, output (data on stdout, talk on stderr), the running lab."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from emulator.kernel.problems import LabError

if TYPE_CHECKING:
    from emulator.serving.lab import Remote

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")(function)


def data_option(function: F) -> F:
    return click.option("--data", type=click.Path(), default=None, help="The running lab's data directory.")(function)


def world_options(function: F) -> F:
    """Options of commands that start a world."""
    options = [
        click.option("--world", default=None, help="A world's name, file or directory [default: acme]."),
        click.option("--seed", default=None, help="Seed of ids and keys."),
        click.option("--limits", type=click.Choice(["off", "documented"]), default="off", show_default=True,
                     help="Rate limits: headers only, or as documented."),
        click.option("--lenient", is_flag=True, help="Note what is not emulated instead of refusing it."),
        click.option("--allow-host", multiple=True, help="A further Host to answer for."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def say(text: str = "") -> None:
    """Talk: stderr."""
    click.echo(text, err=True)


def put(value: Any, *, compact: bool = False) -> None:
    """Data: JSON on stdout."""
    click.echo(orjson.dumps(value, option=0 if compact else orjson.OPT_INDENT_2).decode())


def remote(data: str | None) -> "Remote":
    """The running lab. LabError when none answers."""
    from emulator.serving.lab import Remote, find
    from emulator.wire.client import Unreachable

    info = find(data)
    try:
        return Remote(info)
    except Unreachable as error:
        raise LabError(
            f"The lab of {info['data_dir']} does not answer.",
            hint="It may have been killed; start it again.",
            exit_code=3,
        ) from error


def read_input(path: str) -> bytes:
    """A file's bytes, or standard input for `-`."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LabError(
            f"{path} cannot be read: {error.strerror}.", hint="Give a file, or - for standard input."
        ) from error
