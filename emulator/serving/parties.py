"""The parties that a world may hold and their route tables, made when a world is made and not before."""

from functools import cache

from emulator.kernel.operations import Routes
from emulator.kernel.party import PartyType

PACKAGES = {"okta": "emulator.okta.party", "entra": "emulator.entra.party", "directory": "emulator.directory.party"}


@cache
def party_type(kind: str) -> PartyType:
    """The party type behind the first half of a party's name (`okta:acme`)."""
    import importlib

    found = importlib.import_module(PACKAGES[kind]).PARTY
    assert isinstance(found, PartyType)
    return found


@cache
def routes_of(kind: str, service: str) -> Routes:
    """A service's route table, built once per process."""
    found = next(item for item in party_type(kind).services if item.name == service)
    return Routes(found.operations, fold=found.dialect.fold_paths)
