"""A second world from the state of a first: what happens in one does not happen in the other."""

import contextlib
import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from emulator.kernel.problems import LabError
from emulator.serving import exports
from emulator.serving.world import World
from emulator.store import Database, portable


def fork(world: World) -> World:
    """A world of its own with the present state of another; its tape is empty, its next ids are the other's next."""
    with world.database.lock:
        exported = exports.head(world)
        database, scratch = _scratch(world) if world.database.path is not None else (Database(world.kinds()), None)
        if scratch is None or world.replaced:
            value = exports.value(world)
            exports.fill(database, value, fresh=True)
        elif world.database.private:
            portable.catch_up(database, world.database, exported)
    made = World(
        world.loaded.source or world.loaded.given or "", database=database, allow_hosts=tuple(world.hosts.extra)
    )
    made.go_on(exported["requests"], exported["windows"])
    made.keep(scratch)
    return made


def _scratch(world: World) -> tuple[Database, "TemporaryDirectory[str]"]:
    """A copy of a world's file: all that is committed, which in a world of one process is its beginning."""
    assert world.database.path is not None
    folder = TemporaryDirectory(prefix="tenantlab-world-", ignore_cleanup_errors=True)
    path = Path(folder.name) / "world.db"
    if world.database.private:
        shutil.copyfile(world.database.path, path)
    else:
        _copy(world.database.path, path)
    database = Database(world.kinds(), path=path)
    database.private = True
    return database, folder


def fork_file(data: Path, to: Path) -> Path:
    """Copy a data directory's world, which may be running, to a new data directory. LabError; nothing half is left."""
    source, target = data / "world.db", to / "world.db"
    if not source.is_file():
        raise LabError(f"{data} holds no world.", hint="Give a data directory.")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise LabError(f"{to} is there already.", hint="Give a directory that does not exist yet, or an empty one.")
    made_here = not to.exists()
    making = target.with_suffix(".making")
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy(source, making)
        making.rename(target)
    except (OSError, sqlite3.Error) as error:
        making.unlink(missing_ok=True)
        if made_here:
            shutil.rmtree(to, ignore_errors=True)
        told = error.strerror if isinstance(error, OSError) else error
        raise LabError(f"The world cannot be copied to {to}: {told}.", hint="Nothing was changed there.") from error
    return to


def _copy(source: Path, target: Path) -> None:
    """One state of a database that others may be writing to: its file and its log, while nobody may commit.

    A log that is being moved into the file just then does no harm: its copy still holds all of what is moved.
    """
    log, copied = (path.with_name(f"{path.name}-wal") for path in (source, target))
    try:
        with contextlib.closing(sqlite3.connect(source, isolation_level=None)) as held:
            held.execute("PRAGMA busy_timeout=5000")
            held.execute("BEGIN IMMEDIATE")
            shutil.copyfile(source, target)
            if log.exists():
                shutil.copyfile(log, copied)
            held.execute("ROLLBACK")
        with contextlib.closing(sqlite3.connect(target)) as new:
            new.execute("PRAGMA synchronous=OFF")
            new.execute("PRAGMA journal_mode=DELETE")
    except BaseException:
        copied.unlink(missing_ok=True)
        raise
