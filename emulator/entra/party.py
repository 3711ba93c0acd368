"""The tenant as a party: its types, its two services, its seed."""

from emulator.entra import graph
from emulator.entra.login import dialect as login
from emulator.kernel.doc import Doc
from emulator.kernel.operations import discover
from emulator.kernel.party import PartyType, Seeding, ServiceType
from emulator.kernel.people import Population
from emulator.kernel.seeding import kinds_of, seed_all
from emulator.store import Kind

_PACKAGES = ("emulator.entra.resources", "emulator.entra.login")

LOGIN_HOSTS = [
    "login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net",
    "nexus.microsoftonline-p.com", "autologon.microsoftazuread-sso.com",
]  # fmt: skip


def describe(spec: Doc) -> Doc:
    """A tenant's facts: its id."""
    return {"tenant": spec["tenant"]["id"]}


def populate(seeding: Seeding) -> Population:
    from emulator.entra import estate

    return estate.Estate(seeding)


def seed(seeding: Seeding) -> None:
    seed_all(seeding, *_PACKAGES)


PARTY = PartyType(
    name="entra",
    kinds=kinds_of(Kind, *_PACKAGES),
    services=(
        ServiceType("graph", graph.DIALECT, discover("emulator.entra.resources"), lambda _: ["graph.microsoft.com"]),
        ServiceType("login", login.DIALECT, discover("emulator.entra.login"), lambda _: LOGIN_HOSTS),
    ),
    seed=seed,
    describe=describe,
    populate=populate,
)
