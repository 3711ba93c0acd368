"""`tenantlab trace`: the tape as a timeline: what was asked, what was logged, why it was refused."""

import click

from emulator.cli.common import data_option, json_option, put, remote
from emulator.scenario.show import render
from emulator.scenario.timeline import timeline


@click.command("trace")
@click.option("--after", default=0, show_default=True, help="Only exchanges after this number of the tape.")
@click.option("-n", "--last", default=100, show_default=True, help="At most this many exchanges.")
@click.option("--bodies", is_flag=True, help="With --json: whole exchanges, secrets masked.")
@data_option
@json_option
def command(after: int, last: int, bodies: bool, data: str | None, as_json: bool) -> None:
    """Show the last exchanges of a running lab, each with its log rows and reasons."""
    lab = remote(data)
    hops = lab.control("GET", f"tape?after={after}&limit=5000")["hops"][-last:]
    rows = lab.control("GET", "journal?limit=5000")["rows"]
    if as_json:
        put(hops if bodies else [line.to_doc() for line in timeline(hops, rows)])
        return
    lines = timeline(hops, rows)
    click.echo(render(lines) if lines else "Nothing has crossed the wire yet.")
