"""A party as a value: its stored types, its services, how it is seeded; and a service's dialect.

The pipeline and the composition know parties only through these. A dialect says once how a vendor authenticates,
pages, parses, refuses and stamps; everything else about an operation is data on the operation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import Ids
from emulator.kernel.operations import Operation
from emulator.kernel.people import Population
from emulator.kernel.problems import Problem

Stage = Callable[[Call], None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A vendor's manners.

    path: the request's path as the routes know it. request_id: a fresh one from 16 pseudo-random bytes.
    unknown: raises the vendor's answer to a path (`methods` empty) or method that it does not know.
    authenticate: fills `call.caller` or raises. authorise: checks the operation's scope. limit: counts against the
    bucket, adds headers. parse: fills params and body. envelope: a handler's result as an answer. refuse: a problem as
    an answer. crash: an unexpected exception as a problem. stamp: headers on every answer. outages: the problem code of
    a status that a fault rule injects (0: of any other). codes: the vendor's error codes by which a rule may name a
    problem, to our own.
    """

    path: Callable[[Exchange], str]
    request_id: Callable[[bytes], str]
    unknown: Callable[[Call, list[str]], None]
    authenticate: Stage
    authorise: Stage
    limit: Stage
    parse: Stage
    envelope: Callable[[Call, Any], Answer]
    refuse: Callable[[Call, Problem], Answer]
    crash: Callable[[Exception], Problem]
    stamp: Callable[[Call, Answer], None]
    outages: Mapping[int, str]
    codes: Callable[[], Mapping[str, str]]
    order: tuple[str, ...] = ("authenticate", "limit", "authorise", "parse")
    fold_paths: bool = False


@dataclass(frozen=True)
class ServiceType:
    """One host's worth of a party: the org, Graph, the sign-in service. hosts: its names, from the instance's facts.

    `dialect` and `operations` are made when they are first asked for: they are most of the program, and a served world
    is up before it needs them.
    """

    name: str
    make_dialect: Callable[[], Dialect]
    make_operations: Callable[[], list[Operation]]
    hosts: Callable[[Doc], list[str]]

    @cached_property
    def dialect(self) -> Dialect:
        return self.make_dialect()

    @cached_property
    def operations(self) -> list[Operation]:
        return self.make_operations()


@dataclass(slots=True)
class Seeding:
    """What a party's seed function is given: its store handle, ids, the world time, and its part of the world file."""

    store: Any
    ids: Ids
    now: int
    spec: Doc
    read_fixture: Callable[[str], bytes]
    info: Doc = field(default_factory=dict)


@dataclass(frozen=True)
class PartyType:
    """A kind of party (okta, entra, directory). `kinds`, its stored types, are collected when first asked for.

    describe: an instance's facts from its part of the world file. populate: starts to fill it with many people.
    """

    name: str
    make_kinds: Callable[[], list[Any]]
    services: tuple[ServiceType, ...]
    seed: Callable[[Seeding], None]
    describe: Callable[[Doc], Doc]
    populate: Callable[[Seeding], Population] | None = None

    @cached_property
    def kinds(self) -> list[Any]:
        return self.make_kinds()
