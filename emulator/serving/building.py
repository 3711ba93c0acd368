"""Making a new world's database: every party seeds its own part, then the synthetic people come.

A world that is served is made in a process of its own (`apart`): what that took of memory goes with it.
"""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from emulator.kernel.clock import Clock
from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids
from emulator.kernel.party import Seeding
from emulator.kernel.problems import LabError
from emulator.serving import exports, worldfile
from emulator.serving.files import read_fixture
from emulator.serving.parties import party_type
from emulator.store import Database

_START = "from emulator import cache; cache.keep_bytecode(); from emulator.serving.building import main; main()"
Progress = Callable[[int, int], None]


def ids_of(database: Database, party: str, seed: str, secret: bytes) -> Ids:
    """A party's source of ids."""
    return Ids(seed.encode(), secret, lambda kind: database.take(party, kind), scope=party)


@dataclass(frozen=True, slots=True)
class Builder:
    """What a new world is made of. people: so many synthetic ones beside its own; progress: told of them."""

    loaded: worldfile.Loaded
    seed: str
    people: int = 0
    progress: Progress | None = None

    def build(self, kinds: dict[str, list[Any]], path: Path | None) -> Database:
        """The world, in memory or in a new file."""
        database = Database(kinds, path=path)
        if self.loaded.exported is not None:
            return self._restored(database, self.loaded.exported)
        secret = self.seed.encode()
        database.set_settings({
            "world": self.loaded.spec.world, "source": self.loaded.source, "seed": self.seed, "people": self.people,
            "secret": secret.hex(), "requestKey": secret.hex(),
        })  # fmt: skip
        database.set_clock(Clock(frozen_ms=self.loaded.clock_ms))
        seedings: dict[str, Seeding] = {}
        try:
            with database.write():
                for name, spec in self._in_order(database):
                    kind = party_type(name.partition(":")[0])
                    ids = ids_of(database, name, self.seed, secret)
                    store, info = database.store(name), kind.describe(spec)
                    seedings[name] = Seeding(store, ids, self.loaded.clock_ms, spec, read_fixture, info)
                    kind.seed(seedings[name])
            if self.people:
                self._populate(database, seedings, secret)
        except BaseException:
            database.close()
            raise
        database.execute("DELETE FROM log")
        return database

    def _restored(self, database: Database, folder: Path) -> Database:
        """What was exported, with all its secrets."""
        try:
            exported = exports.read(folder)
            exports.fill(database, exported, fresh=True)
        except BaseException:
            database.close()
            raise
        more: Doc = {name: exported[name] for name in ("requests", "windows") if name in exported}
        database.set_settings({**database.settings(), "source": self.loaded.source, **more})
        return database

    def file(self, path: Path) -> None:
        """The world as one file that nobody has open."""
        kinds = {name: party_type(name.partition(":")[0]).kinds for name in self.loaded.spec.parties}
        try:
            made = self.build(kinds, path)
            made.execute("PRAGMA journal_mode=DELETE")
            made.close()
        except (OSError, sqlite3.Error) as error:
            raise unwritable(path.parent, error) from error

    def apart(self, path: Path) -> None:
        """The same by another process. LabError where it cannot."""
        child = subprocess.Popen([sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None and child.stdout is not None
        order = {"world": self.loaded.source or self.loaded.given, "seed": self.seed, "people": self.people}
        try:
            child.stdin.write(orjson.dumps({**order, "path": str(path)}) + b"\n")
            child.stdin.flush()
            for line in child.stdout:
                told = orjson.loads(line)
                if "message" in told:
                    raise LabError(told["message"], hint=told["hint"], exit_code=told["exit_code"])
                if self.progress is not None:
                    self.progress(told["made"], told["people"])
            if child.wait() != 0:
                raise LabError("The world could not be made.", hint="What went wrong stands above.", exit_code=3)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
            with contextlib.suppress(OSError):
                child.stdin.close()
            child.stdout.close()

    def _in_order(self, database: Database) -> Iterator[tuple[str, Doc]]:
        """The parties and their parts of the world file; directories first, for orgs have imported from them."""
        parties = self.loaded.spec.parties
        forests = [name for name in parties if name.partition(":")[0] == "directory"]
        for name in [*forests, *(name for name in parties if name not in forests)]:
            spec = parties[name]
            if forests and name.partition(":")[0] == "okta":
                from emulator.serving.onpremises import completed

                spec = completed(spec, database, parties)
            yield name, spec

    def _populate(self, database: Database, seedings: dict[str, Seeding], secret: bytes) -> None:
        from emulator.serving import estates

        def ids(party: str, take: Callable[[str], int]) -> Ids:
            return Ids(self.seed.encode(), secret, take, scope=party)

        estates.grow(database, seedings, ids, self.people, seed=self.seed, progress=self.progress)


def unwritable(folder: Path, error: Exception) -> LabError:
    """What is told of a disk that is full or may not be written to."""
    told = error.strerror if isinstance(error, OSError) else error
    return LabError(f"{folder} cannot be written to: {told}.", hint="Is the disk full?", exit_code=3)


def main() -> None:
    """The other process: one line of orders, lines of progress, the file. It ends when its standard input does."""
    order = orjson.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        builder = Builder(worldfile.load(order["world"]), order["seed"], order["people"], _tell)
        builder.file(Path(order["path"]))
    except LabError as error:
        _say({"message": error.message, "hint": error.hint, "exit_code": error.exit_code})


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not the buffered reader, whose lock would be in the way when this process ends
        pass
    os._exit(1)


def _tell(made: int, people: int) -> None:
    _say({"made": made, "people": people})


def _say(doc: Doc) -> None:
    sys.stdout.buffer.write(orjson.dumps(doc) + b"\n")
    sys.stdout.buffer.flush()
