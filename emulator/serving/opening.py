"""Where a world's database comes from: memory, a private copy in a scratch folder, or the file of a data directory."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emulator.kernel.clock import Clock
from emulator.kernel.doc import Doc
from emulator.kernel.ids import machine_random
from emulator.kernel.problems import LabError
from emulator.serving import worldfile
from emulator.serving.building import Builder, Progress
from emulator.serving.parties import party_type
from emulator.store import Database, schema, snapshots

_images: dict[tuple[str, str, int], bytes] = {}
_LARGE = 1000
"""From this many people on a world is kept as an image in the user's cache."""
_MOST = 1_000_000


@dataclass(slots=True)
class Opening:
    """What is to be opened; `seed` and `people` are afterwards what the world that was found has.

    scratch: the folder that goes with the world. apart: a new file is made by a process of its own.
    """

    loaded: worldfile.Loaded
    seed: str
    people: int | None
    data: Path | None
    worker: int
    progress: Progress | None
    apart: bool
    scratch: "TemporaryDirectory[str] | None" = None

    def open(self, settings: Doc) -> Database:
        """The database, with its settings. LabError for one of another world, or that cannot be made."""
        if self.data is not None:
            from emulator.serving import codeindex

            parties = self.loaded.spec.parties
            stored = {name: codeindex.stored_types(name.partition(":")[0]) for name in parties}
            return self._file(stored, self.data, settings)
        kinds = kinds_of(self.loaded.spec)
        database = self._memory(kinds) if (self.people or 0) < _LARGE else self._private(kinds)
        kept = database.settings()
        if self.loaded.exported is not None:
            settings = self._as_exported(kept, settings)
        database.set_settings({**kept, **settings})
        return database

    def _memory(self, kinds: dict[str, list[Any]]) -> Database:
        key = (self.loaded.key, self.seed, self.people or 0)
        image = _images.get(key)
        if image is None:
            database = self._builder().build(kinds, None)
            image = _images[key] = database.image()
            database.close()
        return Database(kinds, image=image)

    def _builder(self) -> Builder:
        return Builder(self.loaded, self.seed, self.people or 0, self.progress)

    def _private(self, kinds: dict[str, list[Any]]) -> Database:
        """A large world in process: a private copy of its image, gone with the world."""
        self.scratch = TemporaryDirectory(prefix="tenantlab-world-", ignore_cleanup_errors=True)
        path = Path(self.scratch.name) / "world.db"
        self._make_file(kinds, path)
        database = Database(kinds, path=path)
        database.private = True
        database.execute("PRAGMA synchronous=OFF")
        return database

    def _make_file(self, kinds: dict[str, list[Any]], path: Path) -> None:
        """A new world's file at `path`: whole, or not there."""
        from emulator.serving import codeindex, images

        builder = self._builder()
        make = builder.apart if self.apart else builder.file
        people = self.people or 0
        if people < _LARGE and self.loaded.source:
            images.copy(images.small(codeindex.fingerprint(), self.loaded.key, self.seed, str(people)), path, make)
            return
        if people >= _LARGE:
            name = images.key(schema.fingerprint(kinds), self.loaded.key, self.seed, str(people))
            images.copy(name, path, make)
            return
        making = path.with_suffix(".making")
        making.unlink(missing_ok=True)
        try:
            make(making)
            making.rename(path)
        except BaseException:
            making.unlink(missing_ok=True)
            raise

    def _file(self, kinds: dict[str, list[Any]], data: Path, settings: Doc) -> Database:
        """The data directory's world, made where it holds none."""
        path = data / "world.db"
        if path.exists():
            database = Database(kinds, path=path)
            kept = database.settings()
            self._same(kept)
            self.people = kept.get("people", 0)
            if not self.worker:
                snapshots.renew(database)
            settings = {**settings, "seed": kept.get("seed", self.seed)}
        else:
            self._make_file(kinds, path)
            database = Database(kinds, path=path)
            if self.loaded.exported is not None:
                settings = self._as_exported(database.settings(), settings)
            else:
                database.set_clock(Clock())
                database.set_settings({**database.settings(), "secret": machine_random(32).hex()})
        if self.worker:
            return database
        fresh: Doc = {"requestKey": machine_random(16).hex(), "requests": 0, "windows": {}}
        database.set_settings({**database.settings(), **settings, **fresh})
        return database

    def _same(self, kept: Doc) -> None:
        """Refuse a data directory whose world is not the one that was asked for."""
        if kept.get("world") != self.loaded.spec.world:  # a file made by another world file
            raise LabError(
                f"The data directory {self.data} holds the world {kept.get('world')!r}.",
                hint="Give another --data directory, or leave --world out.",
            )
        if self.people is not None and self.people != kept.get("people", 0):
            raise LabError(
                f"The data directory {self.data} holds a world with {kept.get('people', 0):,} people, "
                f"not {self.people:,}.",
                hint="Give another --data directory, or leave --people out.",
            )

    def _as_exported(self, kept: Doc, asked: Doc) -> Doc:
        """The settings of an exported world, which keeps its seed: its own, but for what is asked for."""
        self.seed = str(kept.get("seed", ""))
        default = {"limits": "off", "lenient": False}
        return {key: value for key, value in asked.items() if key != "seed" and value != default.get(key)}


def kinds_of(spec: worldfile.WorldSpec) -> dict[str, list[Any]]:
    """The stored types of every party."""
    return {name: party_type(name.partition(":")[0]).kinds for name in spec.parties}


def refuse_more(seed: str | int | None, people: int | None) -> None:
    """An exported world takes neither. LabError."""
    if seed is not None or people:
        raise LabError(
            "An exported world comes back as it was, with its own seed and people.",
            hint="Leave --seed and --people out.",
        )


def checked(people: int | None) -> int | None:
    """A number of people that a world can have. LabError."""
    if people is not None and not 0 <= people <= _MOST:
        raise LabError(f"A world takes 0 to {_MOST:,} people.", hint="100,000 take about a minute to make.")
    return people
