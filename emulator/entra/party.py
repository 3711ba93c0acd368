"""The tenant as a party: its types, its services, its seed."""

from emulator.kernel.doc import Doc
from emulator.kernel.operations import discover
from emulator.kernel.party import Dialect, PartyType, Seeding, ServiceType
from emulator.kernel.people import Population
from emulator.kernel.seeding import kinds_of, seed_all
from emulator.store import Kind

_PACKAGES = ("emulator.entra.resources", "emulator.entra.login")

LOGIN_HOSTS = [
    "login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net",
    "nexus.microsoftonline-p.com", "autologon.microsoftazuread-sso.com", "microsoft.com", "www.microsoft.com",
    "enterpriseregistration.windows.net", "certauth.login.microsoftonline.com",
]  # fmt: skip


def describe(spec: Doc) -> Doc:
    """A tenant's facts: its id."""
    return {"tenant": spec["tenant"]["id"]}


def populate(seeding: Seeding) -> Population:
    from emulator.entra import estate

    return estate.Estate(seeding)


def seed(seeding: Seeding) -> None:
    seed_all(seeding, *_PACKAGES)


def _graph() -> Dialect:
    from emulator.entra.graph import DIALECT

    return DIALECT


def _login() -> Dialect:
    from emulator.entra.login.dialect import DIALECT

    return DIALECT


def _arm() -> Dialect:
    from emulator.entra.arm.dialect import DIALECT

    return DIALECT


PARTY = PartyType(
    name="entra",
    make_kinds=lambda: kinds_of(Kind, *_PACKAGES),
    services=(
        ServiceType("graph", _graph, lambda: discover("emulator.entra.resources"), lambda _: ["graph.microsoft.com"]),
        ServiceType("login", _login, lambda: discover("emulator.entra.login"), lambda _: LOGIN_HOSTS),
        ServiceType("arm", _arm, lambda: discover("emulator.entra.arm"), lambda _: ["management.azure.com"]),
    ),
    seed=seed,
    describe=describe,
    populate=populate,
)
