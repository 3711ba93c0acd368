"""`tenantlab clock`: read and move world time."""

import click

from emulator.cli.common import data_option, json_option, put, remote, say


@click.command("clock")
@click.option("--advance", metavar="PT36H", help="Move forward by an ISO 8601 duration.")
@click.option("--freeze", is_flag=True, help="Stop world time.")
@click.option("--run", "run_on", is_flag=True, help="Let it run on.")
@click.option("--rate", type=float, help="World seconds for each machine second.")
@data_option
@json_option
def command(
    advance: str | None, freeze: bool, run_on: bool, rate: float | None, data: str | None, as_json: bool
) -> None:
    """Show world time, or move it."""
    change: dict[str, object] = {}
    if advance:
        change["advance"] = advance
    if rate is not None:
        change["rate"] = rate
    if freeze or run_on:
        change["freeze"] = freeze
    lab = remote(data)
    found = lab.control("PATCH", "clock", change) if change else lab.control("GET", "clock")
    if as_json:
        put(found)
    else:
        say(f"{found['now']}{' (frozen)' if found['frozen'] else ''}, rate {found['rate']:g}")
