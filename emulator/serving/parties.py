"""The parties that a world may hold, imported when a world is made and not before."""

from functools import cache

from emulator.kernel.party import PartyType

PACKAGES = {"okta": "emulator.okta.party", "entra": "emulator.entra.party", "directory": "emulator.directory.party"}


@cache
def party_type(kind: str) -> PartyType:
    """The party type behind the first half of a party's name (`okta:acme`)."""
    import importlib

    found = importlib.import_module(PACKAGES[kind]).PARTY
    assert isinstance(found, PartyType)
    return found
