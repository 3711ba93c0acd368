"""The pytest plugin `tenantlab`: worlds as fixtures, and what a failed test needs to be understood.

`world` is in process and fresh for each test, `live_world` is served over TCP and TLS; `okta`, `entra`, `directory`,
`clock`, `faults` and `tape` are parts of whichever the test uses, `agent` signs people in there. Nothing of the
emulator is imported until a fixture is asked for, and nothing is automatic.
"""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator import World
    from emulator.serving.clients import ApiClient
    from emulator.serving.clocks import ClockControl
    from emulator.serving.faults import Faults
    from emulator.serving.lab import Lab
    from emulator.testing.tape import TapeView
    from emulator.wire.agents import Outcome

_WORLDS: "pytest.StashKey[list[World]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tenantlab")
    group.addoption("--tenantlab-seed", action="append", default=[], metavar="SEED",
                    help="seed of collected scenario folders; may be given several times [1]")  # fmt: skip
    group.addoption("--tenantlab-artifacts", type=Path, default=None, metavar="DIR",
                    help="keep each failed test's exchanges (HAR), logs and whole world below DIR")  # fmt: skip


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A folder's scenario.yaml is a test: `pytest scenarios/`."""
    if file_path.name != "scenario.yaml":
        return None
    from emulator.testing.collecting import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "world(name, **options): the world that `world` and `live_world` build")
    config.addinivalue_line("markers", "faults(*rules, **rule): fault rules that `world` and `live_world` start with")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test tells what crossed the wire, what both sides logged, and why they refused."""
    report = yield
    worlds = item.stash.get(_WORLDS, [])
    if report.failed and call.when != "teardown" and worlds:
        from emulator.testing.reporting import sections

        report.sections += sections(item, worlds)
    return report


def _marked(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any]]:
    marker = request.node.get_closest_marker("world")
    if marker is None:
        return "acme", {}
    return (marker.args[0] if marker.args else "acme"), dict(marker.kwargs)


def _begin(request: pytest.FixtureRequest, world: "World") -> None:
    """Note the world for reports; add the marked fault rules: the module's first, then the class's, then the test's."""
    request.node.stash.setdefault(_WORLDS, []).append(world)
    for marker in reversed(list(request.node.iter_markers("faults"))):
        for rule in (*marker.args, *([marker.kwargs] if marker.kwargs else [])):
            world.faults.add(rule)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator["World"]:
    """A fresh in-process world: frozen clock, real host names, no sockets."""
    from emulator import World

    name, options = _marked(request)
    with World(name, **options) as made:
        _begin(request, made)
        yield made


@pytest.fixture
def live_world(request: pytest.FixtureRequest) -> Iterator["Lab"]:
    """A fresh served world: HTTP, HTTPS and the proxy on free loopback ports."""
    from emulator.serving.lab import Lab

    name, options = _marked(request)
    with Lab(name, **options) as lab:
        _begin(request, lab.world)
        yield lab


def _used(request: pytest.FixtureRequest) -> "World":
    """The world that the test uses: the served one where it asks for that."""
    found: World
    if "live_world" in request.fixturenames:
        found = request.getfixturevalue("live_world").world
    else:
        found = request.getfixturevalue("world")
    return found


@pytest.fixture
def okta(request: pytest.FixtureRequest) -> "ApiClient":
    """A thin client of the org's API as its administrator."""
    return _used(request).okta


@pytest.fixture
def entra(request: pytest.FixtureRequest) -> "ApiClient":
    """A thin client of Microsoft Graph as an application with every permission."""
    return _used(request).entra


@pytest.fixture
def directory(request: pytest.FixtureRequest) -> "ApiClient":
    """A thin client of the on-premises directory."""
    return _used(request).directory


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> "ClockControl":
    """World time: `advance(hours=36)`, `freeze()`, `run(rate=60)`."""
    return _used(request).clock


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> "Faults":
    """The world's fault rules: `add(service="graph", status=429, first=2)`, `list()`, `clear()`."""
    return _used(request).faults


@pytest.fixture
def tape(request: pytest.FixtureRequest) -> "TapeView":
    """What has crossed the wire: `tape[-1].status`, `tape.where(service="graph", method="POST")`."""
    from emulator.testing.tape import TapeView

    return TapeView(_used(request))


@pytest.fixture
def agent(request: pytest.FixtureRequest) -> "Callable[..., Outcome]":
    """A scripted client signs a person in: `agent("imap", "dana@acme.example", address="203.0.113.9")`.

    Keywords are those of `emulator.wire.agents.Visit`; the password is the person's test password unless given.
    """
    from emulator.wire.agents import Visit, sign_in

    world = _used(request)

    def signs_in(name: str, login: str, **more: Any) -> "Outcome":
        people = world.spec.lab.get("users", ())
        known = {person["login"].casefold(): person["password"] for person in people}
        more.setdefault("password", known.get(login.casefold(), ""))
        return sign_in(name, Visit(world.transport, world.spec.lab, login, **more))

    return signs_in
