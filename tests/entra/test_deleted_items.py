"""The recycle bin: what a deletion frees and keeps, restoring, thirty days."""

from .worlds import DANA, E3, app_client, error

NEW = {
    "accountEnabled": True, "displayName": "Again", "mailNickname": "dana", "userPrincipalName": "dana@acme.example",
    "passwordProfile": {"password": "Gr8-enough-pw"},
}  # fmt: skip
BIN = "/directory/deletedItems"


def seats(graph):
    return next(sku["consumedUnits"] for sku in graph.get("/subscribedSkus")["value"] if sku["skuId"] == E3)


def test_a_deleted_user(tenant, graph):
    assert graph.call("DELETE", f"/users/{DANA}").status == 204
    assert error(graph.call("GET", f"/users/{DANA}"))[0] == 404
    assert seats(graph) == 0
    (found,) = graph.get(f"{BIN}/microsoft.graph.user")["value"]
    assert found["userPrincipalName"] == DANA.replace("-", "") + "dana@acme.example"
    assert found["deletedDateTime"] == "2026-01-15T09:00:00Z"
    assert graph.get(f"{BIN}/{DANA}")["@odata.type"] == "#microsoft.graph.user"
    assert graph.get("/groups")["value"][0]["displayName"] == "Sales"


def test_the_name_is_free_the_immutable_id_is_not(graph):
    graph.delete(f"/users/{DANA}")
    clash = graph.call("POST", "/users", {**NEW, "onPremisesImmutableId": "ZGFuYQ=="})
    assert error(clash)[2] == "Another object with the same value for property onPremisesImmutableId already exists."
    assert graph.call("DELETE", f"{BIN}/{DANA}").status == 204
    assert graph.call("POST", "/users", {**NEW, "onPremisesImmutableId": "ZGFuYQ=="}).status == 201
    assert error(graph.call("GET", f"{BIN}/{DANA}"))[0] == 404


def test_restore_brings_licences_and_groups_back(tenant, graph):
    graph.delete(f"/users/{DANA}")
    answer = graph.post(f"{BIN}/{DANA}/restore")
    assert answer["userPrincipalName"] == "dana@acme.example"
    assert seats(graph) == 1
    found = graph.get(f"/users/{DANA}?$select=assignedLicenses,deletedDateTime,onPremisesImmutableId")
    assert (found["assignedLicenses"][0]["skuId"], found["deletedDateTime"]) == (E3, None)
    assert graph.get(f"/users/{DANA}/memberOf")["value"][0]["displayName"] == "Sales"
    assert [row["type"] for row in tenant.journal(stream="directoryAudits")] == ["Delete user", "Restore user"]


def test_restore_needs_the_name_or_another(graph):
    graph.delete(f"/users/{DANA}")
    graph.post("/users", {**NEW, "onPremisesImmutableId": "bmV3"})
    assert error(graph.call("POST", f"{BIN}/{DANA}/restore", {}))[2].startswith(
        "Another object with the same value for property userPrincipalName"
    )
    restored = graph.post(f"{BIN}/{DANA}/restore", {"newUserPrincipalName": "dana2@acme.example"})
    assert restored["userPrincipalName"] == "dana2@acme.example"


def test_addresses_taken_meanwhile(graph):
    graph.delete(f"/users/{DANA}")
    graph.patch("/users/lab@acme-labs.example", {"mail": "dana@acme.example"})
    assert error(graph.call("POST", f"{BIN}/{DANA}/restore", {}))[2].startswith(
        "Another object with the same value for property proxyAddresses"
    )
    graph.post(f"{BIN}/{DANA}/restore", {"autoReconcileProxyConflict": True})
    assert "SMTP:dana@acme.example" not in graph.get(f"/users/{DANA}?$select=proxyAddresses")["proxyAddresses"]


def test_thirty_days(tenant, graph):
    graph.delete(f"/users/{DANA}")
    tenant.clock.advance(days=29, hours=23)
    fresh = app_client(tenant)
    assert len(fresh.get(f"{BIN}/microsoft.graph.user")["value"]) == 1
    tenant.clock.advance(hours=1)
    assert fresh.get(f"{BIN}/microsoft.graph.user")["value"] == []
    assert error(fresh.call("POST", f"{BIN}/{DANA}/restore", {}))[0] == 404
    assert fresh.call("POST", "/users", {**NEW, "onPremisesImmutableId": "ZGFuYQ=="}).status == 201
    fresh.delete("/users/lab@acme-labs.example")


def test_groups(tenant, graph):
    group = graph.get("/groups")["value"][0]["id"]
    graph.delete(f"/groups/{group}")
    assert graph.get(f"/users/{DANA}/memberOf")["value"] == []
    assert graph.get(f"{BIN}/microsoft.graph.group")["value"][0]["displayName"] == "Sales"
    graph.post(f"{BIN}/{group}/restore")
    assert graph.get(f"/users/{DANA}/memberOf")["value"][0]["id"] == group
    graph.delete(f"/groups/{group}")
    assert graph.call("DELETE", f"{BIN}/{group}").status == 204
    assert error(graph.call("POST", f"{BIN}/{group}/restore", {}))[0] == 404


def test_without_a_free_seat_a_licence_comes_back_as_an_error(graph):
    graph.delete(f"/users/{DANA}")
    for name in ("lab@acme-labs.example", "admin@acme.onmicrosoft.com"):
        graph.patch(f"/users/{name}", {"usageLocation": "US"})
        graph.post(f"/users/{name}/assignLicense", {"addLicenses": [{"skuId": E3}], "removeLicenses": []})
    graph.post(
        "/users", {**NEW, "userPrincipalName": "c@acme-labs.example", "usageLocation": "US", "mailNickname": "c"}
    )
    graph.post("/users/c@acme-labs.example/assignLicense", {"addLicenses": [{"skuId": E3}], "removeLicenses": []})
    graph.post(f"{BIN}/{DANA}/restore")
    found = graph.get(f"/users/{DANA}?$select=assignedLicenses,licenseAssignmentStates")
    assert found["assignedLicenses"] == []
    assert found["licenseAssignmentStates"][0]["error"] == "CountViolation"


def test_every_type_has_its_bin(tenant, graph):
    app = graph.post("/applications", {"displayName": "Gone"})
    principal = graph.post("/servicePrincipals", {"appId": app["appId"]})
    graph.delete(f"/applications/{app['id']}")
    root = "/directory/deletedItems"
    assert [item["id"] for item in graph.get(f"{root}/microsoft.graph.application")["value"]] == [app["id"]]
    assert [item["id"] for item in graph.get(f"{root}/graph.servicePrincipal")["value"]] == [principal["id"]]
    assert graph.get(f"{root}/{app['id']}")["@odata.type"] == "#microsoft.graph.application"
    back = graph.post(f"{root}/{app['id']}/restore")
    assert (back["id"], back["deletedDateTime"]) == (app["id"], None)
    assert graph.get(f"/servicePrincipals/{principal['id']}")["appId"] == app["appId"]
    assert graph.get(f"{root}/microsoft.graph.administrativeUnit")["value"] == []
    weak = app_client(tenant, "User.Read.All")
    assert error(weak.call("GET", f"{root}/microsoft.graph.application"))[0] == 403
    assert weak.get(f"{root}/microsoft.graph.user")["value"] == []


def test_counting_what_is_deleted(graph):
    graph.delete(f"/users/{DANA}")
    eventual = {"ConsistencyLevel": "eventual"}
    assert graph.call("GET", "/directory/deletedItems/microsoft.graph.user/$count", headers=eventual).text() == "1"
    for bad in ({"userId": None}, {"userId": DANA, "type": "Car"}):
        assert error(graph.call("POST", "/directory/deletedItems/getUserOwnedObjects", bad))[0] == 400


def test_a_user_comes_back_into_groups_and_licences_as_they_are_now(graph):
    sales = graph.get("/groups")["value"][0]["id"]
    graph.post(f"/users/{DANA}/assignLicense", {"addLicenses": [], "removeLicenses": [E3]})
    graph.post(f"/groups/{sales}/assignLicense", {"addLicenses": [{"skuId": E3}], "removeLicenses": []})
    graph.delete(f"/users/{DANA}")
    assert graph.get(f"/groups/{sales}/members")["value"] == []
    graph.post(f"/groups/{sales}/assignLicense", {"addLicenses": [], "removeLicenses": [E3]})
    graph.post(f"/directory/deletedItems/{DANA}/restore")
    assert graph.get(f"/users/{DANA}?$select=assignedLicenses")["assignedLicenses"] == []
    assert [item["id"] for item in graph.get(f"/groups/{sales}/members")["value"]] == [DANA]
