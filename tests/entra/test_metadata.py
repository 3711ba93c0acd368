"""The metadata document, levels of metadata, single properties, preferences, budgets."""

import pytest
from lxml import etree

from emulator import World

from .worlds import DANA, app_client, error, spec

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def test_the_document_is_whole(tenant):
    from emulator.wire.client import Http

    answer = Http(tenant.transport, base="https://graph.microsoft.com").request("GET", "/v1.0/$metadata")
    assert (answer.status, answer.header("content-type")) == (200, "application/xml")
    root = etree.fromstring(answer.body)
    names = {item.get("Name") for tag in ("EntityType", "ComplexType", "EnumType") for item in root.iter(EDM + tag)}
    used = {item.get(key) for item in root.iter() for key in ("Type", "BaseType", "EntityType") if item.get(key)}
    for name in used:
        inner = name.removeprefix("Collection(").removesuffix(")")
        assert inner.startswith("Edm.") or inner.removeprefix("graph.") in names, name
    (user,) = [item for item in root.iter(EDM + "EntityType") if item.get("Name") == "user"]
    assert user.get("BaseType") == "graph.directoryObject"
    assert {"userPrincipalName", "manager"} <= {item.get("Name") for item in user}


def test_the_service_document(graph):
    body = graph.get("https://graph.microsoft.com/v1.0")
    assert {"name": "users", "kind": "EntitySet", "url": "users"} in body["value"]


def test_levels(graph):
    path = f"/users/{DANA}?$select=id,createdDateTime,businessPhones,displayName"
    none = graph.call("GET", path, headers={"accept": "application/json;odata.metadata=none"})
    assert none.header("content-type").startswith("application/json;odata.metadata=none")
    assert b"@odata" not in none.body
    full = graph.get(path, headers={"accept": "application/json; odata.metadata=full"})
    assert full["@odata.type"] == "#microsoft.graph.user"
    assert full["@odata.id"].endswith(f"/directoryObjects/{DANA}")
    assert full["createdDateTime@odata.type"] == "#DateTimeOffset"
    assert full["businessPhones@odata.type"] == "#Collection(String)"
    assert full["manager@odata.navigationLink"].endswith("/manager")
    listed = graph.get("/users?$top=1", headers={"accept": "application/json;odata.metadata=none"})
    assert "@odata.nextLink" in listed and "@odata.context" not in listed
    mixed = graph.get(f"/users/{DANA}/memberOf", headers={"accept": "application/json;odata.metadata=full"})
    assert mixed["value"][0]["groupTypes@odata.type"] == "#Collection(String)"


def test_single_properties(graph):
    found = graph.get(f"/users/{DANA}/displayName")
    assert (found["@odata.context"], found["value"]) == (
        f"https://graph.microsoft.com/v1.0/$metadata#users('{DANA}')/displayName", "Dana Fox",
    )  # fmt: skip
    assert graph.call("GET", f"/users/{DANA}/displayName/$value").text() == "Dana Fox"
    assert graph.call("GET", f"/users/{DANA}/jobTitle/$value").status == 204
    assert graph.get(f"/users/{DANA}/jobTitle")["@odata.null"] is True
    assert graph.get(f"/users/{DANA}/onPremisesExtensionAttributes")["extensionAttribute1"] is None
    assert graph.get(f"/users/{DANA}/assignedLicenses")["value"]
    group = graph.get("/groups")["value"][0]["id"]
    assert graph.get(f"/groups/{group}/DisplayName")["value"] == "Sales"
    tenant_id = graph.get("/organization")["value"][0]["id"]
    assert graph.get(f"/organization/{tenant_id}/displayName")["value"] == "Acme"
    for method, path in (
        ("GET", f"/users/{DANA}/nope"),
        ("POST", f"/users/{DANA}/nope"),
        ("GET", f"/users/{DANA}/calendar"),
    ):
        assert error(graph.call(method, path, {} if method == "POST" else None))[1] == "BadRequest"


def test_page_size_by_preference(graph):
    answer = graph.call("GET", "/users", headers={"prefer": "odata.maxpagesize=2"})
    assert answer.header("preference-applied") == "odata.maxpagesize=2"
    from emulator.wire.client import json_of

    body = json_of(answer)
    assert len(body["value"]) == 2 and "@odata.nextLink" in body
    assert len(graph.get("/users?$top=1", headers={"prefer": "odata.maxpagesize=2"})["value"]) == 1
    assert graph.call("GET", "/users", headers={"prefer": "odata.maxpagesize=0, respond-async"}).status == 200


@pytest.mark.parametrize(
    ("path", "units"),
    [("/users", "2"), ("/users?$select=id", "1"), ("/users?$expand=manager", "3"), ("/groups", "1"),
     ("/subscribedSkus", "3"), ("/organization", "1")],
)  # fmt: skip
def test_resource_units(graph, path, units):
    assert graph.call("GET", path).header("x-ms-resource-unit") == units


def test_budgets_where_limits_are_on():
    with World(spec(), limits={"graph.units": 5, "graph.writes": 1, "graph.reports": 1}) as tenant:
        graph = app_client(tenant)
        assert [graph.call("GET", "/users").status for _ in range(3)] == [200, 200, 429]
        answer = graph.call("GET", "/users")
        assert error(answer)[1] == "TooManyRequests"
        assert answer.header("retry-after") == "10"
        assert answer.header("x-ms-throttle-information") == "ResourceUnitLimitExceeded"
        tenant.clock.advance(seconds=10)
        graph = app_client(tenant)
        assert graph.call("PATCH", f"/users/{DANA}", {"jobTitle": "x"}).status == 204
        assert graph.call("PATCH", f"/users/{DANA}", {"jobTitle": "y"}).status == 429
        assert graph.call("GET", "/users").status == 200
