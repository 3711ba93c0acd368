"""Seeding a party: every resource module may have `seed(seeding)`; `SEED_RANK` (default 50) says when.

Kinds are collected the same way: a module-level `Kind` belongs to the module that made it, wherever it is imported.
"""

from typing import Any

from emulator.kernel.operations import modules
from emulator.kernel.party import Seeding

DEFAULT_RANK = 50


def seed_all(seeding: Seeding, *packages: str) -> None:
    """Run every module's `seed`, lowest rank first."""
    found = [module for package in packages for module in modules(package) if hasattr(module, "seed")]
    for module in sorted(found, key=lambda item: (getattr(item, "SEED_RANK", DEFAULT_RANK), item.__name__)):
        module.seed(seeding)


def kinds_of(kind_type: type, *packages: str) -> list[Any]:
    """Every `Kind` of the modules below some packages, once each, in name order. ValueError for two of one name."""
    found: dict[str, Any] = {}
    for package in packages:
        for module in modules(package):
            for value in vars(module).values():
                if isinstance(value, kind_type):
                    name = value.name  # type: ignore[attr-defined]
                    if found.setdefault(name, value) is not value:
                        raise ValueError(f"two kinds are named {name}")
    return [found[name] for name in sorted(found)]
