"""A world as a directory of JSON, and back; the same as one JSON value for the control routes.

    world.json                    what the world is, its settings, clock and counters
    okta-acme/users.json          the documents of one type of one party, one to a line
    journal.json, log.json        the logs, one row to a line

A directory appears whole or not at all. It holds the world's secrets, so only its owner can read it.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.store import Database, portable

if TYPE_CHECKING:
    from emulator.serving.world import World

FORMAT = "tenantlab world 1"
HEAD = "world.json"
_LOGS = ("journal", "log")
_EMPTY_HINT = "Give a directory that does not exist yet, an empty one, or an older export."


# -- out --------------------------------------------------------------------------------------------------------------


def value(world: "World") -> Doc:
    """A world as one value: `world.json`, and with it `parties` (by party and type) and the logs."""
    database = world.database
    with database.lock:
        parties = {
            party: {kind: list(portable.documents(database, party, kind)) for kind in kinds}
            for party, kinds in database.parties.items()
        }
        logs = {"journal": list(portable.journal_rows(database)), "log": list(portable.log_rows(database))}
        return {**head(world), "parties": parties, **logs}


def head(world: "World") -> Doc:
    """All that an export holds but the documents and the logs."""
    spec = msgspec.to_builtins(world.spec)
    counted = {f"{item.party} {item.name}": item.windows.held() for item in world.services}
    more = {"requests": world.engine.requests, "windows": counted}
    return {"format": FORMAT, "world": spec, **portable.head(world.database), **more}


def save(exported: Doc, folder: Path) -> None:
    """Write an exported value as a directory, which may replace an older export. LabError when it cannot be written."""
    _check_free(folder)
    making = folder.with_name(f".{folder.name}.{os.getpid()}.making")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        for party, kinds in exported["parties"].items():
            (making / _folder_of(party)).mkdir(mode=0o700)
            for kind, items in kinds.items():
                if items:
                    _write(making / _folder_of(party) / f"{kind}.json", items)
        for name in _LOGS:
            _write(making / f"{name}.json", exported[name])
        rest = {key: item for key, item in exported.items() if key not in ("parties", *_LOGS)}
        (making / HEAD).write_bytes(orjson.dumps(rest, option=orjson.OPT_INDENT_2) + b"\n")
        _move(making, folder)
    except OSError as error:
        raise LabError(
            f"The world cannot be written to {folder}: {error.strerror}.", hint="Nothing was changed there."
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _check_free(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise LabError(f"{folder} is no directory.", hint=_EMPTY_HINT)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / HEAD).is_file():
        raise LabError(f"{folder} holds something else than an exported world.", hint=_EMPTY_HINT)


def _write(path: Path, items: Iterable[Doc]) -> None:
    with path.open("wb") as file:
        file.write(b"[\n" + b",\n".join(orjson.dumps(item) for item in items) + b"\n]\n")
        file.flush()


def _move(making: Path, folder: Path) -> None:
    """Put the new directory in place; where there is an old one, it goes only when the new one is there."""
    old = making.with_suffix(".old")
    if folder.exists():
        folder.rename(old)
    try:
        making.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _folder_of(party: str) -> str:
    return party.replace(":", "-")


# -- in ---------------------------------------------------------------------------------------------------------------


def read_head(folder: Path) -> Doc:
    """`world.json` of an export. LabError when it is none."""
    found = _read(folder, HEAD)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise LabError(f"{folder / HEAD} is no exported world of a version that is known here.", hint=portable.HINT)
    return found


def read(folder: Path) -> Doc:
    """A whole export as one value. Only files that the head leads to are read, and none through a link. LabError."""
    head = read_head(folder)
    parties: Doc = {}
    for party in head.get("world", {}).get("parties", {}):
        beneath = folder / _folder_of(str(party))
        if ".." in str(party) or "/" in str(party) or "\\" in str(party) or beneath.is_symlink():
            raise LabError(f"{party!r} is no party of an exported world.", hint=portable.HINT)
        names = sorted(path.stem for path in beneath.glob("*.json"))
        parties[party] = {name: _read(folder, _folder_of(party), f"{name}.json") for name in names}
    return {**head, "parties": parties, **{name: _read(folder, f"{name}.json") for name in _LOGS}}


def _read(folder: Path, *parts: str) -> Any:
    path = folder.joinpath(*parts)
    try:
        if path.is_symlink():
            raise LabError(f"{path} is a link; an exported world holds none.", hint=portable.HINT)
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise LabError(f"{path} cannot be read: {error}.", hint="Export the world again.") from error


def fill(database: Database, exported: Doc, *, fresh: bool) -> None:
    """Put an exported value into a database. LabError when it does not fit; nothing is changed then."""
    for name in ("parties", "counters", "settings"):
        if not isinstance(exported.get(name), dict):
            raise LabError(f"The exported world has no {name}.", hint=portable.HINT)
    if set(exported["parties"]) - set(database.parties):
        names = ", ".join(sorted(map(str, set(exported["parties"]) - set(database.parties))))
        raise LabError(f"This world has no party {names}.", hint="Start one from it: `tenantlab up --world DIR`.")
    portable.replace(
        database, _held(exported["parties"]), exported.get("journal", ()), exported.get("log", ()), exported,
        fresh=fresh,
    )  # fmt: skip


def _held(parties: Doc) -> Iterator[tuple[str, str, Iterable[Doc]]]:
    for party, kinds in parties.items():
        for kind, items in dict(kinds).items():
            yield party, kind, items
