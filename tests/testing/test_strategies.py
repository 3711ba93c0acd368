"""The Hypothesis strategies: whatever they ask of a world, it is answered in the vendor's way and never with a 500."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.kernel.problems import LabError
from emulator.testing import strategies
from tests.serving.spec import SMALL


@pytest.fixture(scope="module")
def acme():
    with World("acme") as world:
        yield world
        assert not world.engine.crashes


@pytest.mark.parametrize("service", ["okta", "graph", "directory"])
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_that_can_be_asked_breaks_it(acme, service, data):
    asked = data.draw(strategies.requests(acme, service=service))
    answer = strategies.send(acme, asked)
    assert answer.status < 500, (asked, answer.text())
    hop = acme.tape[-1]
    assert (hop.service, hop.method) == (service, asked.method)


@settings(max_examples=20)
@given(data=st.data())
def test_reads_only_means_reads_only(acme, data):
    asked = data.draw(strategies.requests(acme, reads=True))
    assert asked.method in ("GET", "HEAD") and asked.json is None
    assert "{" not in asked.path or "%7B" in asked.path or asked.path.count("{") == 0


@settings(max_examples=5)
@given(data=st.data())
def test_operations_are_the_declared_ones(acme, data):
    found = data.draw(strategies.operations(acme, service="graph"))
    assert found in acme.hosts.service("graph").type.operations


def test_a_world_without_such_a_service_says_so():
    with World(SMALL) as small, pytest.raises(LabError, match="no such operations"):
        strategies.requests(small, service="okta")
