"""The tenant's own document."""

from .worlds import SPEC, TENANT, app_client, error, world


def test_organization(graph):
    (found,) = graph.get("/organization")["value"]
    assert (found["id"], found["displayName"], found["onPremisesSyncEnabled"]) == (TENANT, "Acme", None)
    default = next(item for item in found["verifiedDomains"] if item["isDefault"])
    assert default["name"] == "acme.onmicrosoft.com"
    assert found["assignedPlans"]
    assert graph.get(f"/organization/{TENANT}?$select=displayName")["displayName"] == "Acme"
    assert error(graph.call("GET", "/organization/nope"))[0] == 404


def test_changes(tenant, graph):
    at = f"/organization/{TENANT}"
    assert graph.call("PATCH", at, {"technicalNotificationMails": ["it@acme.example"]}).status == 204
    assert graph.get(at)["technicalNotificationMails"] == ["it@acme.example"]
    assert (
        error(graph.call("PATCH", at, {"displayName": "x"}))[2]
        == "Property 'displayName' is read-only and cannot be set."
    )
    assert error(graph.call("PATCH", at, {"defaultUsageLocation": "XX"}))[0] == 400
    assert [row["type"] for row in tenant.journal(stream="directoryAudits")] == ["Set company information"]


def test_synchronised_tenant():
    part = SPEC["parties"]["entra:acme"]["tenant"]
    with world(tenant={**part, "onPremisesSyncEnabled": True}) as tenant:
        assert app_client(tenant).get("/organization")["value"][0]["onPremisesSyncEnabled"] is True
