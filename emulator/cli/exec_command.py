"""`tenantlab exec -- CMD`: a world of its own for one command."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from emulator.cli.common import world_options
from emulator.kernel.problems import LabError
from emulator.serving.environment import environment
from emulator.serving.lab import Lab
from emulator.serving.netns import INSIDE, Inside, entering, loopback_up


@click.command("exec", context_settings={"ignore_unknown_options": True})
@world_options
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Keep the world here [default: temporary].")
@click.option("--netns", is_flag=True, help="In a network of its own (Linux), for clients that ignore proxies.")
@click.argument("cmd", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    world: str | None, seed: str | None, limits: str, lenient: bool, allow_host: tuple[str, ...], data: Path | None,
    netns: bool, cmd: tuple[str, ...],
) -> None:  # fmt: skip
    """Start a world, run CMD with the environment set for common clients, stop, pass CMD's exit code."""
    inside = netns and os.environ.pop(INSIDE, None) is not None
    if netns and not inside:
        sys.exit(_run(tuple(entering(sys.argv[1:])), {**os.environ, INSIDE: "1"}, []))
    if inside:
        loopback_up()
    asked: list[int] = []  # signals that come while the world starts or stops are minded when it has
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: asked.append(number))
    lab = Lab(world, data=data, limits=limits, lenient=lenient, seed=seed, allow_hosts=allow_host).start()
    try:
        with _furnished(lab) if inside else contextlib.nullcontext():
            code = _run(cmd, {**os.environ, **environment(lab.info)}, asked)
    finally:
        lab.stop()
    sys.exit(code)


def _furnished(lab: Lab) -> Inside:
    front = urlsplit(lab.info["https_urls"]["front"])
    return Inside(lab.info["emulated"], lab.info["bundle_file"], (front.hostname or "127.0.0.1", front.port or 443))


def _run(cmd: tuple[str, ...], variables: dict[str, str], asked: list[int]) -> int:
    """CMD's exit code. asked: signals that came before."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal sends it to the command too: its end is waited for
    try:
        if asked:
            return 128 + asked[0]
        try:
            child = subprocess.Popen(cmd, env=variables)
        except OSError as error:
            raise LabError(f"{cmd[0]} cannot be run: {error.strerror}.", hint="Put the command after `--`.") from error
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        if asked:
            child.terminate()
        return child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
