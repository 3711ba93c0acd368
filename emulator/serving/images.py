"""Finished world files in a cache of the user's: a large world is made once and copied from then on.

A file is named by everything that it depends on. It appears by atomic rename, and is never written to again; one that
does not open is made again. TENANTLAB_CACHE names the folder; removing it is always safe.
"""

import contextlib
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from emulator.cache import folder

_SMALL = "small-"
_KEPT = 4
_ABANDONED = 3600
_MAKERS = (
    "**/estate*.py", "**/*seed*.py", "kernel/people.py", "serving/data/*", "store/bulk.py", "store/kinds.py",
    "okta/*_docs.py", "okta/assignments.py", "okta/mapping*.py", "okta/resources/groups.py",
    "okta/resources/directories.py", "directory/resources/*.py", "entra/resources/users.py",
    "entra/resources/groups.py", "entra/resources/licence*.py", "entra/resources/mailboxes.py",
)  # fmt: skip


def key(*parts: str) -> str:
    """A file name's stem for a world that depends on these parts and on this version of the code."""
    text = "\0".join((*parts, _version(), _code()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def small(*parts: str) -> str:
    """The same for a small world; the parts tell the version of all code."""
    return _SMALL + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def copy(name: str, to: Path, make: Callable[[Path], None]) -> None:
    """Put the image of that name at `to`; made first where it is not kept (or not whole). Nothing half is left.

    Where the cache cannot be used (read-only home, full disk), the world is made at `to`.
    """
    kept = folder() / f"{name}.db"
    partial = to.with_name(to.name + ".making")
    try:
        if not _sound(kept) and not _keep(kept, make):
            make(partial)
        elif not partial.exists():
            shutil.copyfile(kept, partial)
        partial.replace(to)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _keep(kept: Path, make: Callable[[Path], None]) -> bool:
    """Make an image in the cache; False where the cache cannot be written."""
    making = kept.with_name(f"{kept.name}.{os.getpid()}.making")
    try:
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            making.write_bytes(b"")
        except OSError:
            return False
        make(making)
        making.replace(kept)
    finally:
        with contextlib.suppress(OSError):
            for left in making.parent.glob(making.name + "*"):
                left.unlink()
    _prune(kept)
    _tidy(kept.parent)
    return True


def _tidy(cache: Path) -> None:
    """Remove what a process that was killed had begun."""
    with contextlib.suppress(OSError):
        newest = max(path.stat().st_mtime for path in cache.glob("*.db"))
        for left in cache.glob("*.making*"):
            if left.stat().st_mtime < newest - _ABANDONED:
                left.unlink()


def replace_with(path: Path, data: bytes) -> None:
    """Write a file of the cache: whole, or not there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f"{path.name}.{os.getpid()}.making")
    try:
        making.write_bytes(data)
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def _prune(newest: Path) -> None:
    """Keep the newest few; the small ones apart, which are made in a moment and must not push out large ones."""
    small = newest.name.startswith(_SMALL)
    with contextlib.suppress(OSError):
        alike = [path for path in newest.parent.glob("*.db") if path.name.startswith(_SMALL) == small]
        found = sorted(alike, key=lambda path: path.stat().st_mtime, reverse=True)
        for old in [path for path in found if path != newest][_KEPT - 1 :]:
            old.unlink()


def _sound(path: Path) -> bool:
    """Whether a kept image opens and is whole."""
    if not path.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            pages, size = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            database.execute("SELECT schema FROM meta").fetchone()
        return bool(pages * size == path.stat().st_size)
    except (sqlite3.Error, OSError):
        return False


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tenantlab")
    except PackageNotFoundError:
        return ""


def _code() -> str:
    """The code that makes people, by content: in a checkout the version alone does not tell."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _MAKERS for path in root.glob(pattern)}):
        digest.update(path.read_bytes())
    return digest.hexdigest()
