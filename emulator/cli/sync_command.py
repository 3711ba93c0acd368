"""`tenantlab sync`: do the connector's due jobs now, in this process, and show how far it is."""

from typing import TYPE_CHECKING, Any

import click

from emulator.cli.common import data_option, json_option, put, remote, say
from emulator.kernel.clock import monotonic

if TYPE_CHECKING:
    from emulator.office365.runner import Tally
    from emulator.serving.lab import Remote


class Progress:
    """A line a second, on stderr."""

    def __init__(self) -> None:
        self._next = monotonic() + 1

    def __call__(self, tally: "Tally") -> None:
        if monotonic() >= self._next:
            self._next = monotonic() + 1
            failed = tally.outcomes.get("failed", 0)
            say(f"{tally.jobs:,} jobs done, {failed:,} failed, {tally.rate:,.0f} a second...")


@click.command("sync")
@data_option
@json_option
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64), help="Jobs at a time.")
def command(data: str | None, as_json: bool, threads: int) -> None:
    """Run due jobs until nothing is left to do now."""
    lab = remote(data)
    tally = _connector_work(lab, threads)
    ran: list[dict[str, object]] = []
    while True:
        found = lab.control("POST", "sync?budget=PT1S")
        ran += found["ran"]
        if found["quiet"]:
            break
        say(f"{len(ran)} more jobs done, going on...")
    result = {"jobs": tally, "ran": ran, "quiet": True, "next_due": found["next_due"]}
    if as_json:
        put(result)
        return
    for kind, number in tally["kinds"].items():
        say(f"  {kind:<18} {number:,}")
    for job in ran:
        say(f"  {job.get('kind', '?'):<18} {job.get('outcome', '?')}")
    total = tally["total"] + len(ran)
    say(f"{total:,} jobs ran; next due: {result['next_due'] or 'none'}")


def _connector_work(lab: "Remote", threads: int) -> dict[str, Any]:
    """The org's jobs, by a connector of this process: `{total, outcomes, kinds, perSecond}`."""
    from emulator.office365.connector import Connector
    from emulator.office365.runner import Runner
    from emulator.wire.pool import Pooled

    info = lab.info
    if not info["hosts"]["okta"]:
        return {"total": 0, "outcomes": {}, "kinds": {}, "perSecond": 0}
    urls, transport = info["urls"], Pooled()
    connector = Connector(
        transport,
        org=urls["okta"],
        agent_token=info["okta"]["agent_token"],
        login=urls["login"],
        graph=urls["graph"],
        together=True,
    )
    try:
        tally = Runner(connector, threads=threads, progress=Progress()).run()
    finally:
        transport.close()
    return {"total": tally.jobs, "outcomes": dict(tally.outcomes), "kinds": dict(tally.kinds),
            "perSecond": round(tally.rate)}  # fmt: skip
