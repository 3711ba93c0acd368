"""`tenantlab sync`: run the connector's due jobs now."""

import click

from emulator.cli.common import data_option, json_option, put, remote, say


@click.command("sync")
@data_option
@json_option
def command(data: str | None, as_json: bool) -> None:
    """Run due jobs until nothing is left to do now."""
    lab = remote(data)
    ran: list[dict[str, object]] = []
    while True:
        found = lab.control("POST", "sync?budget=PT1S")
        ran += found["ran"]
        if found["quiet"]:
            break
        say(f"{len(ran)} jobs done, going on...")
    result = {"ran": ran, "quiet": True, "next_due": found["next_due"]}
    if as_json:
        put(result)
        return
    for job in ran:
        say(f"  {job.get('kind', '?'):<18} {job.get('outcome', '?')}")
    say(f"{len(ran)} jobs ran; next due: {result['next_due'] or 'none'}")
