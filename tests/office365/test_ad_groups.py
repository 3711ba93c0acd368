"""Universal Sync takes Active Directory's security groups to the tenant, with the members who have accounts there."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import World


@pytest.fixture
def acme() -> Iterator[World]:
    with World("acme") as world:
        yield world
        assert world.engine.crashes == []


def app_of(world: World) -> str:
    return str(world.spec.lab["okta"]["o365_app_id"])


def choose(world: World, kind: str) -> None:
    whole = world.okta.get(f"/api/v1/apps/{app_of(world)}")
    whole["settings"]["app"]["office365ProvisioningType"] = kind
    world.okta.put(f"/api/v1/apps/{app_of(world)}", whole)
    world.sync()


def import_all(world: World) -> None:
    [done] = world.directory.post("/_lab/directory/import")["imports"]
    assert done["status"] == "SUCCESS"
    world.sync()


def synced(world: World) -> dict[str, Any]:
    """Synchronised groups by name, with the names of their members."""
    rows = world.entra.get("/groups?$top=999")["value"]
    return {
        row["displayName"]: sorted(
            item["userPrincipalName"] for item in world.entra.get(f"/groups/{row['id']}/members")["value"]
        )
        for row in rows if row["onPremisesSyncEnabled"]
    }  # fmt: skip


def member(world: World) -> str:
    """Somebody of the directory who has an account at Microsoft."""
    found = world.directory.get("/users")["value"]
    rows = world.okta.get(f"/api/v1/apps/{app_of(world)}/users?limit=200")
    names = {row["credentials"]["userName"] for row in rows if row["externalId"]}
    return str(next(user["sAMAccountName"] for user in found if user["userPrincipalName"] in names))


def test_groups_follow_the_directory_under_universal_sync_alone(acme: World) -> None:
    who = member(acme)
    acme.directory.post("/groups", {"sAMAccountName": "finance"})
    acme.directory.put(f"/groups/finance/members/{who}")
    import_all(acme)
    assert synced(acme) == {}, "Profile Sync sends none"
    choose(acme, "UNIVERSAL_SYNC")
    login = acme.directory.get(f"/users/{who}")["userPrincipalName"]
    assert synced(acme) == {"finance": [login]}
    acme.directory.post("/groups", {"sAMAccountName": "sales"})
    acme.directory.delete(f"/groups/finance/members/{who}")
    import_all(acme)
    assert synced(acme) == {"finance": [], "sales": []}
    acme.directory.delete("/groups/finance")
    import_all(acme)
    assert synced(acme) == {"sales": []}
    told = acme.okta.get('/api/v1/logs?filter=eventType sw "application.provision.group."')
    kinds = {row["eventType"].rpartition(".")[2] for row in told}
    assert {"add", "remove"} <= kinds and acme.okta.get("/api/internal/v1/tasks") == []


def test_a_group_that_microsoft_refuses_is_a_task_that_can_be_retried(acme: World) -> None:
    choose(acme, "UNIVERSAL_SYNC")
    acme.directory.post("/groups", {"sAMAccountName": "finance"})
    account = f"svc_OKTA_sync_{app_of(acme)}@"
    [sync] = [row for row in acme.entra.get("/users?$top=999")["value"] if row["userPrincipalName"].startswith(account)]
    acme.entra.patch(f"/users/{sync['id']}", {"accountEnabled": False})
    import_all(acme)
    [task] = acme.okta.get("/api/internal/v1/tasks")
    assert task["message"].startswith("Unable to push group Active Directory groups to app") and synced(acme) == {}
    acme.entra.patch(f"/users/{sync['id']}", {"accountEnabled": True})
    acme.okta.post(f"/api/internal/v1/tasks/{task['id']}/retry")
    acme.sync()
    assert synced(acme) == {"finance": []} and acme.okta.get("/api/internal/v1/tasks") == []
