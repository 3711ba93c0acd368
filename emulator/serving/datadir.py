"""The data directory of a lab: made, held by one process, and which world it holds already."""

import contextlib
from pathlib import Path
from typing import Any

import orjson

from emulator.kernel.problems import LabError


def made(data: Path) -> Path:
    """The folder, made where it was not there. LabError where it cannot be written to."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise LabError(
            f"The data directory {data} cannot be used: {error.strerror}.", hint="Give another --data directory."
        ) from error
    return data


def locked(data: Path) -> Any:
    """Hold the data directory for this process; LabError when another one has it."""
    handle = (data / "lock").open("a+")
    try:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        handle.close()
        raise LabError(
            f"Another tenantlab is already running on {data}.", hint="Stop it, or give another --data directory."
        ) from error
    return handle


def kept_world(data: Path) -> str | None:
    """The world that a data directory already holds."""
    import sqlite3

    path = data / "world.db"
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            found = orjson.loads(database.execute("SELECT settings FROM meta").fetchone()[0])
    except (sqlite3.Error, TypeError, orjson.JSONDecodeError) as error:
        raise LabError(f"{path} is not a world ({error}).", hint="Give an empty --data directory.") from error
    return str(found.get("source") or found.get("world") or "") or None
