"""`tenantlab permissions`: the least privileges that each client's recorded calls needed."""

import click

from emulator.cli.common import data_option, json_option, put, remote, say


@click.command("permissions")
@click.option("--after", default=0, show_default=True, help="Only exchanges after this number of the tape.")
@data_option
@json_option
def command(after: int, data: str | None, as_json: bool) -> None:
    """Show, per client, what its calls needed, what its tokens held, and what was too much or missing."""
    found = remote(data).control("GET", f"permissions?after={after}")
    if as_json:
        put(found)
        return
    for client in found["clients"]:
        calls = sum(row["count"] for row in client["calls"])
        say(f"{client['service']}  {client['client']}  ({client['kind']}, {calls} calls)")
        for title in ("needs", "missing", "surplus"):
            if client[title]:
                say(f"  {title:<8} {' '.join(client[title][:20])}{' …' if len(client[title]) > 20 else ''}")
    if not found["clients"]:
        say("No client has called yet.")
