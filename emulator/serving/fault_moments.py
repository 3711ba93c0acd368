"""Faults that are not on a request itself: the handshake before it, what the service sends, and reads of the past.

A replica for stale reads is made when a rule first asks for it, and follows from then on; each process has its own.
"""

import weakref
from typing import TYPE_CHECKING

from emulator.kernel.faults import DELIVERY, HANDSHAKE, Rule, Target
from emulator.serving import faults
from emulator.store import Database, Store, replica

if TYPE_CHECKING:
    from emulator.serving.pipeline import Service
    from emulator.serving.world import World

_Replicas = dict[tuple[str, int], replica.Replica]
_replicas: "weakref.WeakKeyDictionary[Database, _Replicas]" = weakref.WeakKeyDictionary()


# -- stale reads ------------------------------------------------------------------------------------------------------


def past(store: Store, now: int, stale_ms: int) -> Store:
    """The party's store as it was so long ago; as it was when the first rule asked, if that is later."""
    return _replica(store.database, store.party, stale_ms).at(now)


def follow(world: "World", rule: Rule) -> None:
    """Begin to follow what a new rule will want to read stale."""
    with world.database.lock:
        for service in world.services:
            if rule.stale_ms and rule.reaches(service.party, service.name):
                _replica(world.database, service.party, rule.stale_ms)


def release(database: Database) -> None:
    """Close the replicas that no rule needs any more."""
    for held in _replicas.pop(database, {}).values():
        held.close()


def _replica(database: Database, party: str, stale_ms: int) -> replica.Replica:
    held = _replicas.setdefault(database, {})
    if (party, stale_ms) not in held:
        held[party, stale_ms] = replica.follow(database, party, stale_ms)
    return held[party, stale_ms]


# -- handshakes -------------------------------------------------------------------------------------------------------


def certificate(world: "World", host: str) -> str:
    """Which wrong certificate a connection to an emulated host is shown now; empty for the right one. It counts."""
    service = world.hosts.by_name.get(host.lower())
    if service is None:
        return ""
    target = Target(service.party, service.name, "", "", (), moment=HANDSHAKE)
    struck = _struck(world, service, target)
    return struck[0].certificate if struck else ""


# -- deliveries -------------------------------------------------------------------------------------------------------


def repeats(world: "World", service: "Service", path: str) -> int:
    """How many more times than once something is delivered to a receiver's path. It counts."""
    target = Target(service.party, service.name, "", "POST", (path,), moment=DELIVERY)
    return sum(rule.duplicate for rule in _struck(world, service, target))


def _struck(world: "World", service: "Service", target: Target) -> tuple[Rule, ...]:
    with world.database.lock:
        _, clock = world.database.moment()
        now = clock.now()
        if not faults.covered(world.database.current, target, now):
            return ()
        return faults.counted(world.engine, service.party, "", now, target).rules
