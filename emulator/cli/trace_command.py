"""`tenantlab trace`: the tape as a timeline: what was asked, what was logged, why it was refused.

`tenantlab trace why`: the decisions of sign-ins, each with the rules that were tried and the facts that they compared.
"""

import click

from emulator.cli.common import data_option, json_option, put, remote
from emulator.kernel.doc import Doc
from emulator.scenario.decisions import decisions, told
from emulator.scenario.show import render
from emulator.scenario.timeline import timeline


@click.group("trace", invoke_without_command=True)
@click.option("--after", default=0, show_default=True, help="Only exchanges after this number of the tape.")
@click.option("-n", "--last", default=100, show_default=True, help="At most this many exchanges.")
@click.option("--bodies", is_flag=True, help="With --json: whole exchanges, secrets masked.")
@data_option
@json_option
@click.pass_context
def command(context: click.Context, after: int, last: int, bodies: bool, data: str | None, as_json: bool) -> None:
    """Show the last exchanges of a running lab, each with its log rows and reasons."""
    if context.invoked_subcommand is not None:
        return
    lab = remote(data)
    hops = lab.control("GET", f"tape?after={after}&limit=5000")["hops"][-last:]
    rows = lab.control("GET", "journal?limit=5000")["rows"]
    if as_json:
        put(hops if bodies else [line.to_doc() for line in timeline(hops, rows)])
        return
    lines = timeline(hops, rows)
    click.echo(render(lines) if lines else "Nothing has crossed the wire yet.")


@command.command("why")
@click.argument("subject", required=False, default="")
@click.option("-n", "--last", default=20, show_default=True, help="At most this many decisions.")
@data_option
@json_option
def why(subject: str, last: int, data: str | None, as_json: bool) -> None:
    """Show why sign-ins went as they did, on both sides.

    SUBJECT is a login or a request id; without one, everybody's last.
    """
    rows: list[Doc] = remote(data).control("GET", "journal?newest=5000")["rows"]
    found = decisions(reversed(rows), subject)[-last:]
    if as_json:
        put(found)
        return
    click.echo("\n\n".join(told(item) for item in found) if found else "No sign-in has been decided yet.")
