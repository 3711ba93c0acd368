"""The tour's part through shared signals: who reports to the org, and what they say."""

from typing import Any

from tests.contract.touring import AGENT
from tests.okta import test_security_events as signals
from tests.okta import test_ssf_streams as streams


def tour(tour: Any) -> None:
    tour.cycle(signals.AT, signals.OWN)
    provider = tour.send("POST", signals.AT, signals.OWN)["id"]
    before = tour.org.engine.outbound
    signals.published(tour.org)
    assert signals.push(tour.org, signals.token(tour.org), AGENT).status == 202
    tour.org.engine.outbound = before
    tour.send("DELETE", f"{signals.AT}/{provider}")
    client = {"headers": streams.bearer(tour.org)}
    made = tour.send("POST", streams.AT, streams.WANTED, **client)
    for method in ("PUT", "PATCH"):
        tour.send(method, streams.AT, streams.WANTED, **client)
    tour.send("GET", "/.well-known/ssf-configuration")
    for path in (streams.AT, f"{streams.AT}/status?stream_id={made['stream_id']}"):
        tour.send("GET", path, **client)
    tour.send("POST", f"{streams.AT}/verification", {"stream_id": made["stream_id"]}, **client)
    tour.send("DELETE", streams.AT, **client)
