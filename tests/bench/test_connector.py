"""How many people a second the connector provisions: its own process and the lab's, over TLS, no batches.

Each person is one verified absence, one create and one licence assignment at Graph, and a report at Okta.
"""

import resource
import sys
import time

import pytest

from emulator.serving.lab import Lab
from tests.office365.test_large_run import accounts, assign_all, connector, crowd, seats
from tests.office365.worlds import Estate

PEOPLE = 10_000

pytestmark = pytest.mark.bench


def cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def test_people_a_second() -> None:
    with Lab(crowd(PEOPLE)) as lab:
        if lab.pump is not None:
            lab.pump.stop()
        estate = Estate(lab.world)
        estate.federate("acme.example")
        estate.provision()
        assign_all(estate)
        began, here, there = time.monotonic(), cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN)
        process = connector(lab)
        said = process.communicate()[1]
        took = time.monotonic() - began
        assert process.returncode == 0, said
        assert accounts(estate) == PEOPLE and seats(estate) == PEOPLE + 1
        here, there = cpu(resource.RUSAGE_SELF) - here, cpu(resource.RUSAGE_CHILDREN) - there
    print(
        f"\nprovisioned {PEOPLE / took:.0f} people a second; processor a person: "
        f"lab {here / PEOPLE * 1000:.2f} ms, connector {there / PEOPLE * 1000:.2f} ms",
        file=sys.stderr,
    )
