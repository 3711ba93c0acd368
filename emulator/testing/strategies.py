"""Hypothesis strategies from the operations' own declarations: what could be asked of a world.

    @given(data=st.data())
    def test_nothing_breaks_it(world, data):
        asked = data.draw(strategies.requests(world, service="graph"))
        assert strategies.send(world, asked).status < 500

Values in paths are ids of the world's own objects, or nonsense; query parameters are those that an operation knows.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import Operation
from emulator.kernel.problems import LabError
from emulator.wire.client import Http

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from emulator.serving.pipeline import Service
    from emulator.serving.world import World

_MOST_IDS = 200
_READS = ("GET", "HEAD")
_API = {"okta": "okta", "graph": "entra", "directory": "directory"}


@dataclass(frozen=True)
class Asked:
    """A request that could be made. path: as the operation writes it, filled in."""

    service: str
    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    json: Any = field(default=None)

    @property
    def url(self) -> str:
        """Path and query."""
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")


def operations(world: "World", *, service: str = "", reads: bool | None = None) -> "SearchStrategy[Operation]":
    """An operation of a world's APIs. service: `okta`, `graph` or `directory`. reads: only those that (do not) read."""
    return st.sampled_from([item for _, item in _known(world, service=service, reads=reads)])


def requests(world: "World", *, service: str = "", reads: bool | None = None) -> "SearchStrategy[Asked]":
    """A request to one of a world's APIs, as its operations declare them."""
    ids = _ids(world)
    return st.sampled_from(_known(world, service=service, reads=reads)).flatmap(lambda found: _asked(*found, ids))


def bodies() -> "SearchStrategy[Any]":
    """JSON objects as wrong as they come."""
    leaf = st.none() | st.booleans() | st.integers(-5, 10**12) | st.text(max_size=20)
    inner = st.recursive(leaf, _nested, max_leaves=6)
    return st.dictionaries(st.text(max_size=12), inner, max_size=5)


def _nested(inner: "SearchStrategy[Any]") -> "SearchStrategy[Any]":
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


def send(world: "World", asked: Asked) -> Answer:
    """Make the request, as the administrator of its side."""
    client = getattr(world, _API[asked.service])
    host = world.hosts.service(asked.service).host
    http: Http = client.http
    return http.request(asked.method, f"https://{host}{asked.url}", json=asked.json)


def _known(world: "World", *, service: str, reads: bool | None) -> "list[tuple[Service, Operation]]":
    found = [
        (item, operation)
        for item in world.services if item.name in _API and service in ("", item.name)
        for operation in item.type.operations
        if (operation.auth == "token" or item.name == "directory") and reads in (None, operation.method in _READS)
    ]  # fmt: skip
    if not found:
        raise LabError(f"The world has no such operations (service {service!r}).", hint="okta, graph or directory.")
    return found


def _ids(world: "World") -> list[str]:
    """Some ids of every type, in order of creation."""
    found: list[str] = []
    for party, kinds in world.database.parties.items():
        store = world.database.store(party)
        for kind in kinds.values():
            found += [doc["id"] for doc in store.page(kind, limit=3).docs if isinstance(doc.get("id"), str)]
    return found[:_MOST_IDS] or ["none"]


def _asked(service: "Service", operation: Operation, ids: list[str]) -> "SearchStrategy[Asked]":
    names = [part for part in operation.path.split("/") if part.startswith("{")]
    value = st.sampled_from(ids) | st.text(min_size=1, max_size=12).filter(lambda text: text not in (".", ".."))
    wants_body = operation.body in ("json", "optional_json")
    return st.builds(
        lambda values, query, json: Asked(
            service.name, operation.name, operation.method, _filled(operation.path, values), tuple(query.items()), json
        ),
        st.tuples(*(value for _ in names)), _query(operation), bodies() if wants_body else st.none(),
    )  # fmt: skip


def _query(operation: Operation) -> "SearchStrategy[Doc]":
    known: dict[str, SearchStrategy[str]] = {name: st.text(max_size=12) for name in operation.query}
    if operation.paging is not None:
        known[operation.paging.parameter] = st.integers(-1, operation.paging.most + 1).map(str)
    return st.fixed_dictionaries({}, optional=known)


def _filled(path: str, values: tuple[str, ...]) -> str:
    left = iter(values)
    return "/".join(quote(next(left), safe="") if part.startswith("{") else part for part in path.split("/"))
