"""Fixtures of this room: a fresh small tenant per test, and Graph as an application that may do everything."""

from collections.abc import Iterator

import pytest

from emulator import World
from emulator.serving.clients import ApiClient

from .worlds import app_client, world


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
