"""Three parties at once: the AD agent brings people to Okta, Entra Connect to Microsoft, Okta pushes what is left to it."""

from typing import Any

import pytest

from emulator import World
from emulator.directory.objects import source_anchor
from emulator.kernel.doc import Doc
from tests.office365 import worlds

GUID = "00000009-0000-4000-8000-000000000009"
CONNECT = "a0000000-0000-4000-8000-000000000012"


def spec(*, connect: bool) -> Doc:
    made = worlds.spec()
    org, tenant = made["parties"]["okta:acme"], made["parties"]["entra:acme"]
    org["directories"] = [{"domain": "corp.acme.example"}]
    tenant["applications"].append({
        "appId": CONNECT, "displayName": "Entra Connect", "secret": "connect-secret",
        "application_permissions": ["OnPremDirectorySynchronization.ReadWrite.All"],
    })  # fmt: skip
    made["parties"]["directory:corp"] = {
        "forest": "corp.acme.example",
        "users": [{"objectGUID": GUID, "sAMAccountName": "eve", "userPrincipalName": "eve@acme.example",
                   "givenName": "Eve", "sn": "Dunn", "displayName": "Eve Dunn", "mail": "eve@acme.example",
                   "msExchUsageLocation": "DK", "password": "Directory-pass-1"}],
        **({"connect": {"tenant": "acme.onmicrosoft.com", "clientId": CONNECT, "clientSecret": "connect-secret",
                        "initial": True}} if connect else {}),
    }  # fmt: skip
    return made


def _type(estate: worlds.Estate, kind: str) -> None:
    whole = estate.okta.get(f"/api/v1/apps/{estate.app}")
    whole["settings"]["app"]["office365ProvisioningType"] = kind
    estate.okta.put(f"/api/v1/apps/{estate.app}", whole)


def imported(world: World) -> None:
    [done] = world.directory.post("/_lab/directory/import")["imports"]
    assert done["status"] == "SUCCESS"


def user(estate: worlds.Estate, upn: str) -> Any:
    select = "id,onPremisesImmutableId,onPremisesSyncEnabled,usageLocation,assignedLicenses"
    return estate.entra.get(f"/users/{upn}?$select={select}")


def test_without_entra_connect_okta_makes_the_accounts() -> None:
    """The agent brings them, Okta provisions; the anchor is the directory's all the same."""
    with World(spec(connect=False)) as world:
        imported(world)
        estate = worlds.Estate(world)
        estate.provision()
        estate.assign("eve@acme.example", licenses=["SPB"])
        world.sync()
        made = user(estate, "eve@acme.example")
        assert (made["onPremisesImmutableId"], made["usageLocation"]) == (source_anchor(GUID), "DK")
        assert not made["onPremisesSyncEnabled"] and len(made["assignedLicenses"]) == 1
        assert world.engine.crashes == []


@pytest.mark.parametrize("kind", ["LICENSE_ONLY", "PROFILE_SYNC"])
def test_with_entra_connect_okta_may_push_licences_only(kind: str) -> None:
    with World(spec(connect=True)) as world:
        world.sync()
        imported(world)
        estate = worlds.Estate(world)
        estate.provision()
        _type(estate, kind)
        estate.assign("eve@acme.example", licenses=["SPB"])
        world.sync()
        row, there = estate.app_user("eve@acme.example"), user(estate, "eve@acme.example")
        assert row["profile"]["immutableId"] == there["onPremisesImmutableId"] == source_anchor(GUID)
        assert there["onPremisesSyncEnabled"] is True
        if kind == "LICENSE_ONLY":
            assert row["syncState"] == "SYNCHRONIZED" and len(there["assignedLicenses"]) == 1
            return
        world.directory.patch("/users/eve", {"sn": "Dunne"})
        imported(world)  # Okta has the new name before Microsoft has
        world.sync()
        [task] = estate.okta.get(f"/api/internal/v1/tasks?appId={estate.app}")
        assert "on-premises mastered Directory Sync objects" in task["message"]
        assert world.engine.crashes == []
