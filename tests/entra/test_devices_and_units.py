"""Devices with owners and users; administrative units with members and scoped roles."""

import pytest

from .worlds import ADMIN, DANA, error, person_client, world

DEVICE = {
    "accountEnabled": True, "alternativeSecurityIds": [{"type": 2, "key": "Y3YxN2E1MWFlYw=="}],
    "deviceId": "4c299165-6e8f-4b45-a5ba-c5d250a707ff", "displayName": "Laptop 7", "operatingSystem": "Windows",
    "operatingSystemVersion": "10.0.26100", "trustType": "AzureAd",
}  # fmt: skip
UNITS = "/directory/administrativeUnits"


def ref(id):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{id}"}


@pytest.fixture
def admin(tenant):
    return person_client(tenant, ADMIN, "Directory.AccessAsUser.All")


def kinds(tenant):
    return [row["type"] for row in tenant.journal(stream="directoryAudits")]


def test_a_device(tenant, graph, admin):
    assert error(graph.call("POST", "/devices", DEVICE))[0] == 403
    made = admin.post("/devices", DEVICE)
    assert graph.get(f"/devices(deviceId='{DEVICE['deviceId']}')")["id"] == made["id"]
    assert error(admin.call("POST", "/devices", DEVICE))[0] == 400
    assert [item["id"] for item in graph.get("/devices?$filter=operatingSystem eq 'windows'")["value"]] == [made["id"]]
    assert (
        admin.call(
            "PATCH",
            f"/devices/{made['id']}",
            {"isCompliant": True, "extensionAttributes": {"extensionAttribute1": "x"}},
        ).status
        == 204
    )
    shown = graph.get(f"/devices/{made['id']}")
    assert (shown["isCompliant"], shown["extensionAttributes"]["extensionAttribute1"], shown["profileType"]) == (
        True,
        "x",
        "RegisteredDevice",
    )
    assert error(admin.call("PATCH", f"/devices/{made['id']}", {"deviceId": DANA}))[0] == 400
    eventual = {"ConsistencyLevel": "eventual"}
    assert graph.call("GET", "/devices/$count", headers=eventual).text() == "1"
    assert admin.call("DELETE", f"/devices/{made['id']}").status == 204
    assert error(graph.call("GET", f"/devices/{made['id']}"))[0] == 404
    assert kinds(tenant) == ["Add device", "Update device", "Delete device"]


@pytest.mark.parametrize(
    "more", [{"displayName": None}, {"trustType": "Friend"}, {"onPremisesSyncEnabled": True}, {"deviceId": 5}]
)
def test_a_bad_device_is_refused(admin, more):
    assert error(admin.call("POST", "/devices", {**DEVICE, **more}))[0] == 400


def test_who_owns_and_uses_a_device(graph, admin):
    made = admin.post("/devices", DEVICE)
    owners, users = f"/devices/{made['id']}/registeredOwners", f"/devices/{made['id']}/registeredUsers"
    assert [item["id"] for item in graph.get(owners)["value"]] == [ADMIN]
    for path in (owners, users):
        assert admin.call("POST", f"{path}/$ref", ref(DANA)).status == 204
        assert error(admin.call("POST", f"{path}/$ref", ref(DANA)))[0] == 400
        assert admin.call("DELETE", f"{path}/{ADMIN}/$ref").status == 204
        assert error(admin.call("DELETE", f"{path}/{ADMIN}/$ref"))[0] == 404
    assert [item["id"] for item in graph.get(f"/users/{DANA}/ownedDevices")["value"]] == [made["id"]]
    assert graph.get(f"/devices/{made['id']}?$expand=registeredUsers")["registeredUsers"][0]["id"] == DANA


def test_seeded_and_synchronised_devices():
    with world(
        devices=[
            {"displayName": "Old", "owner": "dana@acme.example", "onPremisesSyncEnabled": True, "trustType": "ServerAd"}
        ]
    ) as made:
        admin = person_client(made, ADMIN, "Directory.AccessAsUser.All")
        device = admin.get(f"/users/{DANA}/registeredDevices")["value"][0]
        refused = error(admin.call("PATCH", f"/devices/{device['id']}", {"displayName": "New"}))
        assert refused[2].startswith("Unable to update the specified properties for on-premises mastered")


def test_units_and_members(tenant, graph):
    made = graph.post(UNITS, {"displayName": "North", "description": "All of it"})
    assert made["isMemberManagementRestricted"] is False
    path = f"{UNITS}/{made['id']}"
    assert graph.call("PATCH", path, {"displayName": "South"}).status == 204
    assert graph.call("POST", f"{path}/members/$ref", ref(DANA)).status == 204
    assert error(graph.call("POST", f"{path}/members/$ref", ref(DANA)))[0] == 400
    assert [item["id"] for item in graph.get(f"{path}/members")["value"]] == [DANA]
    assert graph.get(f"{path}/members/microsoft.graph.group")["value"] == []
    assert graph.get(f"{path}?$expand=members")["members"][0]["id"] == DANA
    assert graph.call("DELETE", f"{path}/members/{DANA}/$ref").status == 204
    assert error(graph.call("DELETE", f"{path}/members/{DANA}/$ref"))[0] == 404
    for body in (
        {},
        {"displayName": ""},
        {"displayName": "x", "visibility": "Hidden"},
        {"displayName": "x", "membershipType": "Dynamic"},
    ):
        assert error(graph.call("POST", UNITS, body))[0] == 400
    eventual = {"ConsistencyLevel": "eventual"}
    assert graph.call("GET", f"{UNITS}/$count", headers=eventual).text() == "1"
    assert graph.call("DELETE", path).status == 204
    assert [
        item["id"] for item in graph.get("/directory/deletedItems/microsoft.graph.administrativeUnit")["value"]
    ] == [made["id"]]
    assert kinds(tenant)[:3] == [
        "Add administrative unit",
        "Update administrative unit",
        "Add member to administrative unit",
    ]


def test_roles_over_a_unit(graph):
    unit = graph.post(UNITS, {"displayName": "North"})
    path = f"{UNITS}/{unit['id']}/scopedRoleMembers"
    role = graph.post("/directoryRoles", {"roleTemplateId": "fe930be7-5e62-47db-91af-98c3a49a38b1"})
    body = {"roleId": role["id"], "roleMemberInfo": {"id": DANA}}
    made = graph.post(path, body)
    assert made["roleMemberInfo"] == {"id": DANA, "displayName": "Dana Fox"}
    assert error(graph.call("POST", path, body))[0] == 400
    assert error(graph.call("POST", path, {**body, "roleId": DANA}))[0] == 404
    assert error(graph.call("POST", path, {"roleId": role["id"]}))[0] == 400
    assert graph.get(f"{path}/{made['id']}")["roleId"] == role["id"]
    assert graph.get(f"/users/{DANA}/scopedRoleMemberOf")["value"] == graph.get(path)["value"]
    scoped = graph.get(f"/roleManagement/directory/roleAssignments?$filter=principalId eq '{DANA}'")["value"]
    assert scoped[0]["directoryScopeId"] == f"/administrativeUnits/{unit['id']}"
    assert graph.call("DELETE", f"{path}/{made['id']}").status == 204
    assert graph.get(path)["value"] == []


def test_seeded_units():
    with world(administrative_units=[{"displayName": "North", "members": ["dana@acme.example", "Sales"]}]) as made:
        graph = person_client(made, ADMIN, "Directory.AccessAsUser.All")
        unit = graph.get(UNITS)["value"][0]
        assert len(graph.get(f"{UNITS}/{unit['id']}/members")["value"]) == 2
        assert unit["id"] in [item["id"] for item in graph.get(f"/users/{DANA}/memberOf")["value"]]
