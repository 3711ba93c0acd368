"""What refers to a domain, and deleting one by force."""

import pytest

from .worlds import APP, app_client, error, world

USERS = [
    {"userPrincipalName": "admin@acme.onmicrosoft.com", "displayName": "Ada Min", "roles": ["Global Administrator"]},
    {"userPrincipalName": "lab@acme-labs.example", "displayName": "Lab", "mail": "lab@acme-labs.example"},
    {"userPrincipalName": "two@acme.onmicrosoft.com", "displayName": "Two", "mail": "two@acme-labs.example"},
    {"userPrincipalName": "lab@acme.onmicrosoft.com", "displayName": "Other Lab"},
]  # fmt: skip


@pytest.fixture
def graph():
    with world(
        users=USERS, groups=[{"displayName": "List", "mail": "list@acme-labs.example", "mailEnabled": True}]
    ) as made:
        yield app_client(made)
        assert made.engine.crashes == []


def tool(graph, **more):
    return graph.post(
        "/applications", {"displayName": "Tool", "identifierUris": ["https://acme-labs.example/tool"], **more}
    )


def test_what_refers_to_a_domain(graph):
    tool(graph)
    path = "/domains/acme-labs.example/domainNameReferences"
    found = graph.get(path)["value"]
    assert sorted(item["displayName"] for item in found) == ["Lab", "List", "Tool", "Two"]
    assert [item["displayName"] for item in graph.get(f"{path}/microsoft.graph.group")["value"]] == ["List"]
    refused = error(graph.call("GET", "/domains/acme.example/domainNameReferences"))
    assert refused == (400, "Request_UnsupportedQuery", "This API is not supported for federated domains.")
    assert error(graph.call("DELETE", "/domains/acme-labs.example"))[0] == 400


def test_by_force_everything_moves_to_the_initial_domain(graph):
    app = tool(graph)
    assert graph.call("POST", "/domains/acme-labs.example/forceDelete", {"disableUserAccounts": True}).status == 204
    users = {
        item["displayName"]: item
        for item in graph.get("/users?$select=displayName,userPrincipalName,mail,accountEnabled")["value"]
    }
    assert users["Lab"]["userPrincipalName"].endswith("@acme.onmicrosoft.com")
    assert users["Lab"]["userPrincipalName"] != "lab@acme.onmicrosoft.com"
    assert (users["Lab"]["accountEnabled"], users["Two"]["accountEnabled"]) == (False, True)
    assert users["Two"]["mail"] == "two@acme.onmicrosoft.com"
    assert graph.get("/groups?$select=mail")["value"][0]["mail"] == "list@acme.onmicrosoft.com"
    assert graph.get(f"/applications/{app['id']}")["identifierUris"] == [f"api://{app['appId']}"]
    assert error(graph.call("GET", "/domains/acme-labs.example"))[0] == 404


def test_accounts_can_stay_enabled(graph):
    assert graph.call("POST", "/domains/acme-labs.example/forceDelete", {"disableUserAccounts": False}).status == 204
    found = graph.get("/users?$filter=displayName eq 'Lab'&$select=accountEnabled")["value"]
    assert found[0]["accountEnabled"] is True


@pytest.mark.parametrize(("name", "body"), [
    ("acme.onmicrosoft.com", {}), ("acme.example", {}), ("acme-labs.example", {"disableUserAccounts": "yes"}),
])  # fmt: skip
def test_force_is_refused(graph, name, body):
    before = graph.get("/domains")["value"]
    assert error(graph.call("POST", f"/domains/{name}/forceDelete", body))[0] == 400
    assert graph.get("/domains")["value"] == before


def test_not_with_subdomains_or_multi_tenant_applications(graph):
    graph.post("/domains", {"id": "eu.acme-labs.example"})
    assert error(graph.call("POST", "/domains/acme-labs.example/forceDelete", {}))[0] == 400
    graph.call("DELETE", "/domains/eu.acme-labs.example")
    tool(graph, signInAudience="AzureADMultipleOrgs")
    assert "multi-tenant" in error(graph.call("POST", "/domains/acme-labs.example/forceDelete", {}))[2]


def test_an_application_holds_a_domain_too(graph):
    with world(users=USERS[:1], groups=[]) as made:
        own = app_client(made)
        tool(own)
        assert error(own.call("DELETE", "/domains/acme-labs.example"))[0] == 400
        assert own.get(f"/applications(appId='{APP}')")["displayName"] == "Lab"
