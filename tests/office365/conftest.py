"""Estates at the stages of a deployment."""

from collections.abc import Iterator

import pytest

from emulator import World
from tests.office365.worlds import Estate, spec


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An Office 365 app that has just been added."""
    with World(spec()) as world:
        yield Estate(world)
        assert world.engine.crashes == []


@pytest.fixture
def ready(estate: Estate) -> Estate:
    """Federated and provisioning."""
    assert estate.federate("acme.example")["status"] == "SUCCESS"
    estate.provision()
    return estate


@pytest.fixture
def managed(estate: Estate) -> Estate:
    """Provisioning, with SWA: the domain stays managed."""
    estate.provision()
    return estate
