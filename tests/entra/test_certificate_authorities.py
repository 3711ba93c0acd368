"""The authorities whose certificates people may sign in with: one configuration for a tenant."""

import pytest

from emulator import World


@pytest.fixture(scope="module")
def acme():
    with World("acme") as world:
        world.snapshot("start")
        yield world


@pytest.fixture
def trusting(acme):
    """acme, the path of its configuration, and an authority to trust."""
    acme.restore("start")
    at = f"/organization/{acme.spec.lab['entra']['tenant_id']}/certificateBasedAuthConfiguration"
    return (
        acme,
        at,
        {"isRootAuthority": True, "certificate": acme.directory.get("/certification-authority")["certificate"]},
    )


def status(world, method, path, body=None):
    return world.entra.call(method, path, body).status


def test_a_tenant_has_one(trusting):
    world, at, authority = trusting
    assert world.entra.get(at)["value"] == []
    made = world.entra.post(at, {"certificateAuthorities": [authority]})
    one = f"{at}/{made['id']}"
    [shown] = world.entra.get(one)["certificateAuthorities"]
    assert shown["issuer"].startswith("CN=") and shown["issuerSki"] and shown["certificateRevocationListUrl"] is None
    assert status(world, "POST", at, {"certificateAuthorities": [authority]}) == 400
    assert status(world, "GET", f"{at}/none") == status(world, "DELETE", f"{at}/none") == 404
    assert status(world, "DELETE", one) == 204 and world.entra.get(at)["value"] == []
    changes = [row["activityDisplayName"] for row in world.entra.get("/auditLogs/directoryAudits?$top=5")["value"]]
    assert changes.count("Set company information") == 2


@pytest.mark.parametrize("change", [
    {"certificate": "bm8gY2VydGlmaWNhdGU="}, {"certificate": None}, {"isRootAuthority": None},
    {"certificateRevocationListUrl": "ftp://dc.example/x.crl"}, {"certificateRevocationListUrl": "https://dc.example/x.crl"},
])  # fmt: skip
def test_what_is_no_authority(trusting, change):
    world, at, authority = trusting
    assert status(world, "POST", at, {"certificateAuthorities": [{**authority, **change}]}) == 400
    assert status(world, "POST", at, {"certificateAuthorities": []}) == 400
    assert world.entra.get(at)["value"] == []
