"""`tenantlab status`: what is running, and where."""

import click

from emulator.cli.common import data_option, json_option, put, remote, say


@click.command("status")
@data_option
@json_option
def command(data: str | None, as_json: bool) -> None:
    """Show the running lab: health, time, URLs."""
    lab = remote(data)
    where = {key: lab.info[key] for key in ("pid", "data_dir", "urls", "https_urls")}
    found = {**lab.control("GET", "health"), "clock": lab.control("GET", "clock"), **where}
    if as_json:
        put(found)
        return
    clock = found["clock"]
    say(f"World {found['world']!r} is {found['status']}, process {found['pid']}, data in {found['data_dir']}.")
    say(f"World time {clock['now']}{' (frozen)' if clock['frozen'] else ''}, epoch {found['epoch']}.")
    for name, url in found["urls"].items():
        say(f"  {name:<8} {url:<26} {found['https_urls'].get(name, '')}")
    say("  hosts    " + ", ".join(found["hosts"]))
