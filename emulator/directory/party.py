"""The directory as a party: its types, its service, its seed."""

from emulator.kernel.doc import Doc
from emulator.kernel.operations import discover
from emulator.kernel.party import Dialect, PartyType, Seeding, ServiceType
from emulator.kernel.people import Population
from emulator.kernel.seeding import kinds_of, seed_all
from emulator.store import Kind

_PACKAGE = "emulator.directory.resources"


def describe(spec: Doc) -> Doc:
    """A forest's facts: its DNS name."""
    return {"forest": spec["forest"]}


def populate(seeding: Seeding) -> Population:
    from emulator.directory import estate

    return estate.Estate(seeding)


def seed(seeding: Seeding) -> None:
    seed_all(seeding, _PACKAGE)


def _dialect() -> Dialect:
    from emulator.directory.dialect import DIALECT

    return DIALECT


PARTY = PartyType(
    name="directory",
    make_kinds=lambda: kinds_of(Kind, _PACKAGE),
    services=(ServiceType("directory", _dialect, lambda: discover(_PACKAGE), lambda info: ["dc." + info["forest"]]),),
    seed=seed,
    describe=describe,
    populate=populate,
)
