"""`tenantlab snapshot`: take, list and restore snapshots."""

from urllib.parse import quote

import click

from emulator.cli.common import data_option, json_option, put, remote, say


@click.group("snapshot")
def command() -> None:
    """Snapshots of the whole world: both sides, clock and logs."""


@command.command("take")
@click.argument("name")
@data_option
@json_option
def take(name: str, data: str | None, as_json: bool) -> None:
    """Remember the present state as NAME."""
    _show(remote(data).control("POST", "snapshots", {"name": name}), as_json)


@command.command("list")
@data_option
@json_option
def list_(data: str | None, as_json: bool) -> None:
    """The snapshots that can be restored."""
    _show(remote(data).control("GET", "snapshots"), as_json)


@command.command("restore")
@click.argument("name")
@data_option
@json_option
def restore(name: str, data: str | None, as_json: bool) -> None:
    """Go back to NAME; later snapshots are gone."""
    found = remote(data).control("POST", f"snapshots/{quote(name, safe='')}/restore")
    put(found) if as_json else say(f"Restored {name!r}; epoch {found['epoch']}, world time {found['now']}.")


def _show(found: dict[str, list[str]], as_json: bool) -> None:
    put(found) if as_json else say("\n".join(found["snapshots"]))
