"""`python -m emulator.office365`: the connector by itself, for any org and any tenant.

    python -m emulator.office365 --okta URL --okta-token T [--graph URL] [--login URL] [--ca FILE] [--once]

Microsoft's credentials come with each job. It waits for work until it is stopped, or with --once until nothing is due.
"""

import argparse
import sys
import threading
from urllib.parse import urlsplit

from emulator.kernel.clock import monotonic
from emulator.kernel.problems import LabError
from emulator.office365.connector import Connector
from emulator.office365.runner import Runner, Tally
from emulator.wire.client import Unreachable
from emulator.wire.pool import Pooled

_POLL_S = 1.0


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0; 1 where the org refuses or does not answer, and --once was given."""
    given = _parsed(arguments)
    transport = Pooled(_addresses(given.address), ca_file=given.ca)
    connector = Connector(
        transport, org=given.okta.rstrip("/"), agent_token=given.okta_token, together=True,
        login=given.login and given.login.rstrip("/"), graph=given.graph and given.graph.rstrip("/"),
    )  # fmt: skip
    pause, lines = threading.Event(), Lines(quiet=given.quiet)
    while True:
        try:
            tally = Runner(connector, threads=given.threads, progress=lines.show).run()
            lines.end(tally)
        except (Unreachable, LabError) as error:
            print(f"{error}", file=sys.stderr)
            if given.once:
                return 1
        if given.once:
            return 0
        pause.wait(_POLL_S)


class Lines:
    """Progress, a line a second, on standard error."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._next = monotonic() + 1

    def show(self, tally: Tally) -> None:
        if not self._quiet and monotonic() >= self._next:
            self._next = monotonic() + 1
            self._say(tally)

    def end(self, tally: Tally) -> None:
        if not self._quiet and tally.jobs:
            self._say(tally)

    @staticmethod
    def _say(tally: Tally) -> None:
        counts = ", ".join(f"{number:,} {name}" for name, number in sorted(tally.outcomes.items()))
        print(f"{tally.jobs:,} jobs ({counts}), {tally.rate:,.0f} a second", file=sys.stderr, flush=True)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m emulator.office365", description=about)
    parser.add_argument("--okta", required=True, help="The org's base URL.")
    parser.add_argument("--okta-token", required=True, help="The agent token of the org.")
    parser.add_argument("--graph", help="Base URL of Microsoft Graph [default: by the app's cloud].")
    parser.add_argument("--login", help="Base URL of the sign-in service [default: by the app's cloud].")
    parser.add_argument("--ca", help="A file of certificates to trust.")
    parser.add_argument(
        "--address", action="append", default=[], metavar="HOST=IP:PORT", help="Where a host name is (repeatable)."
    )
    parser.add_argument("--threads", type=int, default=8, help="Jobs at a time.")
    parser.add_argument("--once", action="store_true", help="Stop when nothing is due.")
    parser.add_argument("--quiet", action="store_true", help="No progress.")
    return parser.parse_args(arguments)


def _addresses(given: list[str]) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for item in given:
        name, _, place = item.partition("=")
        parts = urlsplit(f"//{place}")
        found[name] = (parts.hostname or "127.0.0.1", parts.port or 443)
    return found


if __name__ == "__main__":
    sys.exit(main())
