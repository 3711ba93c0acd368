"""The world of these tests; none of them may leave a crash behind."""

from collections.abc import Iterator

import pytest

from emulator import World
from tests.entra.login.worlds import spec


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec()) as made:
        yield made
        assert made.engine.crashes == []
