"""`tenantlab up`: serve a world until stopped."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import click

from emulator.cli.common import json_option, put, say, world_options
from emulator.kernel.people import PASSWORD
from emulator.kernel.problems import LabError
from emulator.serving.hosts import is_loopback
from emulator.serving.lab import Lab

_TOLD_EVERY = 10_000


@click.command("up")
@world_options
@click.option(
    "--data", default=".tenantlab", show_default=True, type=click.Path(path_type=Path), help="Data directory."
)
@click.option(
    "--port", default=0, show_default=True, type=click.IntRange(0, 65000), help="First port; 0 takes free ones."
)
@click.option(
    "--https-port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port of the front's HTTPS, where the vendors' names lead to this machine: 443.",
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes on the same ports."
)
@click.option(
    "--people", default=None, type=click.IntRange(0, 1_000_000), help="That many synthetic people, linked on all sides."
)
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--i-know-these-are-test-passwords", "known", is_flag=True, help="Needed to bind beyond loopback.")
@json_option
def command(
    world: str | None, seed: str | None, limits: str, lenient: bool, allow_host: tuple[str, ...], data: Path, port: int,
    https_port: int, workers: int, people: int | None, bind: str, known: bool, as_json: bool,
) -> None:  # fmt: skip
    """Serve a world until Ctrl-C or SIGTERM; where everything is stands in lab.json."""
    if not is_loopback(bind) and not known:
        raise LabError(
            f"Binding {bind} would show the seeded test passwords to the network.",
            hint="Add --i-know-these-are-test-passwords if that is what you want.",
        )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    lab = Lab(
        world,
        data=data,
        port=port,
        bind=bind,
        limits=limits,
        lenient=lenient,
        seed=seed,
        allow_hosts=allow_host,
        workers=workers,
        people=people,
        https_port=https_port,
        progress=_progress(stop),
        own_process=True,
    ).start()
    try:
        put(lab.info, compact=True) if as_json else _banner(lab)
        while not stop.wait(1.0):
            pass
    finally:
        lab.stop()
    if not as_json:
        say("Stopped.")


def _progress(stop: threading.Event) -> Callable[[int, int], None]:
    """Tell how a large world comes along, every ten thousand people; give up when asked to stop."""
    told = 0

    def tell(made: int, people: int) -> None:
        nonlocal told
        if stop.is_set():
            raise click.Abort
        if made // _TOLD_EVERY > told or (told and made == people):
            told = made // _TOLD_EVERY
            say(f"Making people: {made:,} of {people:,}")

    return tell


def _banner(lab: Lab) -> None:
    info = lab.info
    say(f"World {info['world']!r} is up. Stop it with Ctrl-C.\n")
    for name in ("okta", "graph", "login"):
        say(f"  {name:<8} {info['urls'][name]}   https://{info['hosts'][name]} through the proxy")
    say(f"  {'control':<8} {info['urls']['control']}/_lab/health")
    say(f"  {'proxy':<8} {info['urls']['proxy']}   trusts {info['ca_file']}")
    if lab.world.people:
        say(f"  {'people':<8} {lab.world.people:,}, password {PASSWORD}   (synthetic)")
    say(f"\n  tokens, people and passwords: {lab.data / 'lab.json'}   (test values)")
    say("  try:  tenantlab call okta GET /api/v1/users?limit=3")
