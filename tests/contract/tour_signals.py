"""The tour's part through shared signals: who reports to the org, and what they say."""

from typing import Any

from tests.contract.touring import AGENT
from tests.okta import test_security_events as signals


def tour(tour: Any) -> None:
    tour.cycle(signals.AT, signals.OWN)
    provider = tour.send("POST", signals.AT, signals.OWN)["id"]
    before = tour.org.engine.outbound
    signals.published(tour.org)
    assert signals.push(tour.org, signals.token(tour.org), AGENT).status == 202
    tour.org.engine.outbound = before
    tour.send("DELETE", f"{signals.AT}/{provider}")
