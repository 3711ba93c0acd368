"""`tenantlab exec -- CMD`: a world of its own for one command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from emulator.cli.common import world_options
from emulator.kernel.problems import LabError
from emulator.serving.environment import environment
from emulator.serving.lab import Lab


@click.command("exec", context_settings={"ignore_unknown_options": True})
@world_options
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Keep the world here [default: temporary].")
@click.argument("cmd", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    world: str | None, seed: str | None, limits: str, lenient: bool, allow_host: tuple[str, ...], data: Path | None,
    cmd: tuple[str, ...],
) -> None:  # fmt: skip
    """Start a world, run CMD with the environment set for common clients, stop, pass CMD's exit code."""
    lab = Lab(world, data=data, limits=limits, lenient=lenient, seed=seed, allow_hosts=allow_host).start()
    try:
        code = _run(cmd, {**os.environ, **environment(lab.info)})
    finally:
        lab.stop()
    sys.exit(code)


def _run(cmd: tuple[str, ...], variables: dict[str, str]) -> int:
    try:
        child = subprocess.Popen(cmd, env=variables)
    except OSError as error:
        raise LabError(f"{cmd[0]} cannot be run: {error.strerror}.", hint="Put the command after `--`.") from error
    previous = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the terminal has sent the signal to the child too; wait for it to end
    finally:
        signal.signal(signal.SIGTERM, previous)
