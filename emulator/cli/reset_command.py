"""`tenantlab reset`: back to the world's first state."""

import click

from emulator.cli.common import data_option, json_option, put, remote, say


@click.command("reset")
@data_option
@json_option
def command(data: str | None, as_json: bool) -> None:
    """Undo everything since the world was made."""
    found = remote(data).control("POST", "reset")
    put(found) if as_json else say(f"World {found['world']!r} is as it was made; epoch {found['epoch']}.")
