"""The org as a party: its types, its one service, its seed."""

from emulator.kernel.doc import Doc
from emulator.kernel.operations import Operation, check_unique, discover
from emulator.kernel.party import Dialect, PartyType, Seeding, ServiceType
from emulator.kernel.people import Population
from emulator.kernel.seeding import kinds_of, seed_all
from emulator.okta import subscription
from emulator.store import Kind

_PACKAGES = ("emulator.okta.resources", "emulator.okta.sso", "emulator.okta.oauth")


def describe(spec: Doc) -> Doc:
    """An org's facts: canonical host, subdomain, engine (`oie` or `classic`), products that it has not got."""
    org = spec["org"]
    return {"host": org["host"], "subdomain": org["subdomain"], "engine": spec.get("engine", "oie"),
            "without": subscription.missing(spec)}  # fmt: skip


def hosts(info: Doc) -> list[str]:
    """The org's name, its admin console's, and those that take Kerberos tickets and certificates."""
    name, dot, domain = info["host"].partition(".")
    return [info["host"], *(f"{name}{more}{dot}{domain}" for more in ("-admin", ".kerberos", ".mtls"))]


def populate(seeding: Seeding) -> Population:
    from emulator.okta import estate

    return estate.Estate(seeding)


def seed(seeding: Seeding) -> None:
    seed_all(seeding, *_PACKAGES)


def _dialect() -> Dialect:
    from emulator.okta.dialect import DIALECT

    return DIALECT


def _operations() -> list[Operation]:
    return check_unique([item for package in _PACKAGES for item in discover(package)])


PARTY = PartyType(
    name="okta",
    make_kinds=lambda: kinds_of(Kind, *_PACKAGES),
    services=(ServiceType("okta", _dialect, _operations, hosts),),
    seed=seed,
    describe=describe,
    populate=populate,
)
