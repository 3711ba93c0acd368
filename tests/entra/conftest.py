"""Fixtures of this room: a fresh small tenant per test, and Graph as an application that may do everything."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.entra.odata.schema import structured
from emulator.entra.odata.sets import type_of
from emulator.kernel.exchange import Answer, Exchange
from emulator.serving.clients import ApiClient
from emulator.wire.tape import Tape
from tests.contract.graph_vendor import complaints

from .worlds import app_client, world

OPEN = "customSecurityAttributes"
"""Holds whatever sets of attributes a tenant defines."""


@pytest.fixture(scope="session", autouse=True)
def answered_as_described() -> Iterator[None]:
    """Whatever a test asks of Graph, writes too: objects are as the published schema has their type."""
    record = Tape.record

    def recorded(self: Tape, exchange: Exchange, answer: Answer, **about: Any) -> None:
        record(self, exchange, answer, **about)
        if about["service"] == "graph" and exchange.path.startswith("/v1.0/") and 200 <= answer.status < 300:
            wrong = [text for text in judged(answer) if OPEN not in text]
            assert not wrong, f"{about['operation']}: {wrong}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tape, "record", recorded)
        yield


def judged(answer: Answer) -> list[str]:
    """What the schema finds wrong with an answer whose context tells its type."""
    body = orjson.loads(answer.body) if answer.body.startswith(b"{") else {}
    announced = str(body.get("@odata.context", "")).partition("#")[2]
    kind = type_of(announced) or structured(announced.removeprefix("microsoft.graph."))
    return list(complaints(kind, body, many=isinstance(body.get("value"), list))) if kind else []


@pytest.fixture
def tenant() -> Iterator[World]:
    """The tenant of `worlds.py`; no test of this room may leave a crash behind."""
    with world() as made:
        yield made
        assert made.engine.crashes == []


@pytest.fixture
def graph(tenant: World) -> ApiClient:
    """Graph with every application permission."""
    return app_client(tenant)
