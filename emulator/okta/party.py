"""The org as a party: its types, its one service, its seed."""

from emulator.kernel.doc import Doc
from emulator.kernel.operations import check_unique, discover
from emulator.kernel.party import PartyType, Seeding, ServiceType
from emulator.kernel.people import Population
from emulator.kernel.seeding import kinds_of, seed_all
from emulator.okta.dialect import DIALECT
from emulator.store import Kind

_PACKAGES = ("emulator.okta.resources", "emulator.okta.sso")


def describe(spec: Doc) -> Doc:
    """An org's facts: canonical host, subdomain, engine (`oie` or `classic`)."""
    org = spec["org"]
    return {"host": org["host"], "subdomain": org["subdomain"], "engine": spec.get("engine", "oie")}


def hosts(info: Doc) -> list[str]:
    """The org's name, and its admin console's."""
    name, dot, domain = info["host"].partition(".")
    return [info["host"], f"{name}-admin{dot}{domain}"]


def populate(seeding: Seeding) -> Population:
    from emulator.okta import estate

    return estate.Estate(seeding)


def seed(seeding: Seeding) -> None:
    seed_all(seeding, *_PACKAGES)


PARTY = PartyType(
    name="okta",
    kinds=kinds_of(Kind, *_PACKAGES),
    services=(ServiceType("okta", DIALECT, check_unique([o for p in _PACKAGES for o in discover(p)]), hosts),),
    seed=seed,
    describe=describe,
    populate=populate,
)
