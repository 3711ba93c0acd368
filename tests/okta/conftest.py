"""Fixtures of this room: a fresh small org per test."""

from collections.abc import Iterator

import pytest

from emulator import World

from .worlds import world


@pytest.fixture
def org() -> Iterator[World]:
    """The org of `worlds.py`; no test of this room may leave a crash behind."""
    with world() as made:
        yield made
        assert made.engine.crashes == []
