"""World files: which parties a world holds and what each starts with.

A file gives `world`, `seed`, `clock`, `parties: {name: spec}` and `lab` (what `lab.json` hands out). A party's spec
is read by that party alone; nothing here knows a vendor's fields.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import orjson

from emulator.kernel.clock import parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
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
    """A world and what identifies it: equal `key`s build equal worlds. source: its file; given: its mapping."""

    spec: WorldSpec
    clock_ms: int
    key: str
    source: str
    given: Doc | None = None


def load(world: str | Doc) -> Loaded:
    """A world by name, file or directory (holding world.yaml), or as a mapping. LabError when it cannot be had."""
    if isinstance(world, dict):
        return _checked(world, "the world", "inline:" + hashlib.sha256(orjson.dumps(world)).hexdigest(), "")
    path = _find(world)
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
    if (path / "world.yaml").is_file():
        return path / "world.yaml"
    if world in known():
        return data_folder("fixtures") / "worlds" / f"{world}.yaml"
    raise LabError(f"There is no world {world!r}.", hint=f"Known worlds: {', '.join(known())}; or give a YAML file.")


@lru_cache(maxsize=8)
def _load(path: Path, mtime: int, size: int) -> Loaded:
    raw = parse_yaml(path.read_bytes(), name=str(path))
    return _checked(raw, str(path), f"{path}:{mtime}:{size}", str(path.resolve()))


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
