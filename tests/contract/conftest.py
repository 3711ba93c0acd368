"""Shared by this room: the org after the tour, once for all checks that read what it left."""

from collections.abc import Iterator

import pytest

from emulator import World

from . import tour


@pytest.fixture(scope="session")
def toured() -> Iterator[World]:
    """To be read only."""
    with tour.run() as made:
        assert made.engine.crashes == []
        yield made
