"""World files: which parties a world holds and what each starts with.

A file gives `world`, `seed`, `clock`, `parties: {name: spec}` and `lab` (what `lab.json` hands out). A party's spec
is read by that party alone; nothing here knows a vendor's fields. `like: acme` begins with another world and changes
it: mappings are merged, null takes a key away, anything else is replaced.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import orjson

from emulator.kernel.clock import parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving import exports
from emulator.serving.files import data_folder, parse_yaml
from emulator.serving.parties import PACKAGES


class WorldSpec(msgspec.Struct, forbid_unknown_fields=True):
    """A world file, checked. `parties` keys are `kind:instance` (`okta:acme`).

    lag: by party, how far behind eventually consistent reads are (`{"entra:acme": "PT5S"}`).
    """

    world: str
    parties: dict[str, Doc]
    title: str = ""
    seed: str = "tenantlab"
    clock: str = "2026-01-15T09:00:00Z"
    lab: Doc = msgspec.field(default_factory=dict)
    lag: dict[str, str] = msgspec.field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """A world and what identifies it: equal `key`s build equal worlds. source: its file; given: its mapping.

    exported: the directory of JSON that it comes back from.
    """

    spec: WorldSpec
    clock_ms: int
    key: str
    source: str
    given: Doc | None = None
    exported: Path | None = None


def load(world: str | Doc) -> Loaded:
    """A world by name, file or directory (holding world.yaml), or as a mapping. LabError when it cannot be had."""
    if isinstance(world, dict):
        world = _grown(world)
        return _checked(world, "the world", "inline:" + hashlib.sha256(orjson.dumps(world)).hexdigest(), "")
    path = _find(world)
    if path.name == exports.HEAD:
        return _load_export(path.parent)
    try:
        stat = path.stat()
        return _load(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise LabError(
            f"The world file {path} cannot be read: {error.strerror}.", hint="Check its permissions."
        ) from error


def known() -> list[str]:
    """The names of the worlds that come with tenantlab."""
    return sorted(path.stem for path in (data_folder("fixtures") / "worlds").glob("*.yaml"))


def _find(world: str) -> Path:
    path = Path(world)
    if world.endswith((".yaml", ".yml")) and path.is_file():
        return path
    if path.name == exports.HEAD and path.is_file():
        return path
    if (path / exports.HEAD).is_file():
        return path / exports.HEAD
    if (path / "world.yaml").is_file():
        return path / "world.yaml"
    if world in known():
        return data_folder("fixtures") / "worlds" / f"{world}.yaml"
    raise LabError(f"There is no world {world!r}.", hint=f"Known worlds: {', '.join(known())}; or give a YAML file.")


def _load_export(folder: Path) -> Loaded:
    """An exported world; changed when any of its files is."""
    stats = [(path.as_posix(), path.lstat()) for path in sorted(folder.rglob("*.json"))]
    digest = hashlib.sha256(repr([(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats]).encode())
    head = exports.read_head(folder)
    loaded = _checked(
        head.get("world"), str(folder), f"export:{digest.hexdigest()}", str((folder / exports.HEAD).resolve())
    )
    return replace(loaded, exported=folder.resolve())


@lru_cache(maxsize=8)
def _load(path: Path, mtime: int, size: int) -> Loaded:
    raw = _grown(parse_yaml(path.read_bytes(), name=str(path)))
    return _checked(raw, str(path), f"{path}:{mtime}:{size}", str(path.resolve()))


def _grown(raw: Any) -> Any:
    """A world that begins with another one: that one, changed."""
    if not isinstance(raw, dict) or "like" not in raw:
        return raw
    like = str(raw["like"])
    path = _find(like)
    if path.name == exports.HEAD or path.stem not in known():
        raise LabError(f"A world cannot be like {like!r}.", hint=f"like is one of {', '.join(known())}.")
    base = parse_yaml(path.read_bytes(), name=str(path))
    return _merged(base, {key: value for key, value in raw.items() if key != "like"})


def _merged(base: Any, change: Any) -> Any:
    """RFC 7396."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    merged = {key: _merged(base.get(key), value) for key, value in change.items() if value is not None}
    return {**{key: value for key, value in base.items() if key not in change}, **merged}


def _checked(raw: Any, path: str, key: str, source: str) -> Loaded:
    try:
        spec = msgspec.convert(raw, WorldSpec)
        clock_ms = parse_iso(spec.clock)
        for name, lag in spec.lag.items():
            if name not in spec.parties or parse_duration(lag) < 0:
                raise ValueError(f"lag: {name}: {lag} is no duration for a party of this world")
    except (msgspec.ValidationError, ValueError) as error:
        raise LabError(f"{path}: {error}.", hint="See docs/reference/worlds.md for the keys.") from error
    for name in spec.parties:
        kind, colon, instance = name.partition(":")
        if kind not in PACKAGES or not colon or not instance.isidentifier():
            raise LabError(
                f"{path}: {name!r} is no party name.", hint=f"Write kind:instance, kind one of {', '.join(PACKAGES)}."
            )
    return Loaded(spec, clock_ms, key, source, None if source else raw)
