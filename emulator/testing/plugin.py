"""The pytest plugin `tenantlab`: fixtures `world` (in process, fresh per test) and `live_world` (TCP and TLS).

Nothing of the emulator is imported until a fixture is asked for, and nothing is automatic.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator import World
    from emulator.serving.lab import Lab


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tenantlab")
    group.addoption("--tenantlab-seed", action="append", default=[], metavar="SEED",
                    help="seed of collected scenario folders; may be given several times [1]")  # fmt: skip


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A folder's scenario.yaml is a test: `pytest scenarios/`."""
    if file_path.name != "scenario.yaml":
        return None
    from emulator.testing.collecting import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "world(name, **options): the world that `world` and `live_world` build")
    config.addinivalue_line("markers", "faults(*rules, **rule): fault rules that `world` and `live_world` start with")


def _marked(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any]]:
    marker = request.node.get_closest_marker("world")
    if marker is None:
        return "acme", {}
    return (marker.args[0] if marker.args else "acme"), dict(marker.kwargs)


def _strike(request: pytest.FixtureRequest, world: "World") -> None:
    """Add the marked fault rules: those of the module first, then the class's, then the test's own."""
    for marker in reversed(list(request.node.iter_markers("faults"))):
        for rule in (*marker.args, *([marker.kwargs] if marker.kwargs else [])):
            world.faults.add(rule)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator["World"]:
    """A fresh in-process world: frozen clock, real host names, no sockets."""
    from emulator import World

    name, options = _marked(request)
    with World(name, **options) as made:
        _strike(request, made)
        yield made


@pytest.fixture
def live_world(request: pytest.FixtureRequest) -> Iterator["Lab"]:
    """A fresh served world: HTTP, HTTPS and the proxy on free loopback ports."""
    from emulator.serving.lab import Lab

    name, options = _marked(request)
    with Lab(name, **options) as lab:
        _strike(request, lab.world)
        yield lab
