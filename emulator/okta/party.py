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
    """`org {subdomain, host, companyName, id?...}`. `engine: oie | classic`.

    `subscription {lifecycle, governance, workflows, threat, realms, earlyAccess}`: false for a product that the org has
    not got. `user_emails: true`: users print their mail addresses among their credentials.
    """
    org = spec["org"]
    return {"host": org["host"], "subdomain": org["subdomain"], "engine": spec.get("engine", "oie"),
            "without": subscription.missing(spec), "user_emails": bool(spec.get("user_emails", False))}  # fmt: skip


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
