"""`tenantlab logs`: the logs of one side or both, with the whys."""

import threading

import click

from emulator.cli.common import data_option, json_option, put, remote
from emulator.scenario.show import render
from emulator.scenario.timeline import logs, side_of

_SIDES = {"okta": "Okta", "entra": "Microsoft", "directory": "Directory"}


@click.command("logs")
@click.argument("side", type=click.Choice(["okta", "entra", "directory", "both"]), default="both")
@click.option("-f", "--follow", is_flag=True, help="Go on showing what happens.")
@click.option("-n", "--last", default=50, show_default=True, help="How many rows to begin with.")
@data_option
@json_option
def command(side: str, follow: bool, last: int, data: str | None, as_json: bool) -> None:
    """Show System Log, sign-in and audit rows of SIDE in one order, each refusal with its reason."""
    lab = remote(data)
    after, rows = 0, []
    while batch := lab.control("GET", f"journal?after={after}&limit=5000")["rows"]:
        rows += batch
        after = batch[-1]["n"]
        rows = _of(side, rows)[-last:] if last else _of(side, rows)
    _show(rows, as_json)
    while follow:
        threading.Event().wait(0.5)
        fresh = lab.control("GET", f"journal?after={after}&limit=5000")["rows"]
        if fresh:
            after = fresh[-1]["n"]
            _show(_of(side, fresh), as_json)


def _of(side: str, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if side == "both" or side_of(str(row["party"])) == _SIDES[side]]


def _show(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        for row in rows:
            put(row, compact=True)
    elif rows:
        click.echo(render(logs(rows)))
