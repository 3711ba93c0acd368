"""The on-premises write channel: matching, conflicts, what the cloud may no longer write, deleting."""

import pytest

from emulator.wire.client import json_of

from .worlds import ADMIN, DANA, app_client, error, person_client, world

ANN = {
    "type": "user", "sourceAnchor": "YW5u", "attributes": {
        "userPrincipalName": "ann@acme-labs.example", "displayName": "Ann", "givenName": "Ann", "onPremisesSamAccountName": "ann",
        "proxyAddresses": ["SMTP:ann@acme-labs.example", "smtp:a.nn@acme-labs.example"]},
}  # fmt: skip


class Channel:
    def __init__(self, graph):
        self.http = graph.http

    def call(self, method, path, body=None):
        return self.http.request(method, f"https://graph.microsoft.com/_lab/onpremises{path}", json=body)

    def sync(self, *objects, deletions=()):
        answer = self.call("POST", "/sync", {"objects": list(objects), "deletions": list(deletions)})
        assert answer.status == 200, answer.text()
        return json_of(answer)["results"]


@pytest.fixture
def channel(graph):
    return Channel(graph)


def user(name, anchor, **attributes):
    upn = f"{name}@acme-labs.example"
    return {
        "type": "user",
        "sourceAnchor": anchor,
        "attributes": {"userPrincipalName": upn, "displayName": name, **attributes},
    }


def test_a_synchronised_user_is_the_directorys(tenant, graph, channel):
    (result,) = channel.sync(ANN)
    assert result["action"] == "added"
    shown = graph.get(
        f"/users/{result['id']}?$select=userPrincipalName,mail,proxyAddresses,onPremisesSyncEnabled,onPremisesImmutableId,givenName"
    )
    assert (shown["onPremisesSyncEnabled"], shown["onPremisesImmutableId"], shown["mail"]) == (
        True,
        "YW5u",
        "ann@acme-labs.example",
    )
    assert shown["proxyAddresses"] == ANN["attributes"]["proxyAddresses"]
    refused = error(graph.call("PATCH", f"/users/{result['id']}", {"displayName": "Anna"}))
    assert refused[2].startswith("Unable to update the specified properties for on-premises mastered")
    assert graph.call("PATCH", f"/users/{result['id']}", {"usageLocation": "US"}).status == 204
    assert graph.get("/organization?$select=onPremisesSyncEnabled")["value"][0]["onPremisesSyncEnabled"] is True
    assert [item["action"] for item in channel.sync({**ANN, "attributes": {"displayName": "Anna"}})] == ["updated"]
    assert graph.get(f"/users/{result['id']}")["displayName"] == "Anna"
    assert next(row["type"] for row in tenant.journal(stream="directoryAudits")) == "Add user"


def test_switched_off_everything_becomes_the_clouds_own(graph, channel):
    (result,) = channel.sync(ANN)
    tenant_id = graph.get("/organization?$select=id")["value"][0]["id"]
    assert graph.call("PATCH", f"/organization/{tenant_id}", {"onPremisesSyncEnabled": "off"}).status == 400
    graph.patch(f"/organization/{tenant_id}", {"onPremisesSyncEnabled": False})
    shown = graph.get(f"/users/{result['id']}?$select=onPremisesSyncEnabled,onPremisesImmutableId")
    assert (shown["onPremisesSyncEnabled"], shown["onPremisesImmutableId"]) == (None, "YW5u")
    assert graph.call("PATCH", f"/users/{result['id']}", {"displayName": "Anna"}).status == 204


def test_soft_match_takes_a_cloud_user_over_but_no_administrator(graph, channel):
    lab = graph.get("/users?$filter=userPrincipalName eq 'lab@acme-labs.example'")["value"][0]["id"]
    (result,) = channel.sync(user("lab", "bGFi"))
    assert (result["action"], result["id"]) == ("joined", lab)
    again = {
        "type": "user",
        "sourceAnchor": "YWRtaW4=",
        "attributes": {"userPrincipalName": "admin@acme.onmicrosoft.com", "displayName": "Ada"},
    }
    (other,) = channel.sync(again)
    assert (other["action"], other["conflicts"][0]["propertyCausingError"]) == ("added", "UserPrincipalName")
    assert graph.get(f"/users/{other['id']}")["userPrincipalName"].endswith("@acme.onmicrosoft.com")


def test_soft_match_can_be_blocked():
    with world(on_premises_sync={"features": {"blockSoftMatchEnabled": True}}) as made:
        (result,) = Channel(app_client(made)).sync(user("lab", "bGFi"))
        assert (result["action"], result["conflicts"][0]["propertyCausingError"]) == ("added", "UserPrincipalName")


def test_unknown_suffixes_and_taken_addresses(graph, channel):
    far = {
        "type": "user",
        "sourceAnchor": "Zg==",
        "attributes": {"userPrincipalName": "far@corp.local", "displayName": "Far"},
    }
    (result,) = channel.sync(far)
    assert graph.get(f"/users/{result['id']}")["userPrincipalName"] == "far@acme.onmicrosoft.com"
    first, second = channel.sync(
        ANN, user("bo", "Ym8=", proxyAddresses=["SMTP:bo@acme-labs.example", "smtp:ann@acme-labs.example"])
    )
    assert second["conflicts"][0]["value"] == "smtp:ann@acme-labs.example"
    errors = graph.get(f"/users/{second['id']}?$select=onPremisesProvisioningErrors,proxyAddresses")
    assert errors["proxyAddresses"] == ["SMTP:bo@acme-labs.example"]
    assert errors["onPremisesProvisioningErrors"][0]["category"] == "PropertyConflict"
    assert "conflicts" not in first


def test_groups_members_managers_and_contacts(graph, channel):
    group = {"type": "group", "sourceAnchor": "Zw==", "members": ["YW5u", "Yw==", "bm9uZQ=="],
             "attributes": {"displayName": "Staff", "mailNickname": "staff", "mailEnabled": False, "securityEnabled": True}}  # fmt: skip
    contact = {
        "type": "contact",
        "sourceAnchor": "Yw==",
        "attributes": {"displayName": "Con", "proxyAddresses": ["SMTP:con@far.example"]},
    }
    results = channel.sync(group, {**ANN, "manager": "ZGFuYQ=="}, contact)
    assert results[0]["unknownMembers"] == ["bm9uZQ=="]
    members = graph.get(f"/groups/{results[0]['id']}/members")["value"]
    assert sorted(item["displayName"] for item in members) == ["Ann", "Con"]
    assert graph.get(f"/users/{results[1]['id']}/manager")["id"] == DANA
    assert graph.get(f"/contacts/{results[2]['id']}")["onPremisesSyncEnabled"] is True
    ref = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{ADMIN}"}
    assert error(graph.call("POST", f"/groups/{results[0]['id']}/members/$ref", ref))[0] == 400
    channel.sync({**group, "members": []}, {**ANN, "manager": None})
    assert graph.get(f"/groups/{results[0]['id']}/members")["value"] == []
    assert error(graph.call("GET", f"/users/{results[1]['id']}/manager"))[0] == 404
    deletions = [{"type": "group", "sourceAnchor": "Zw=="}, {"type": "contact", "sourceAnchor": "Yw=="}]
    assert [item["action"] for item in channel.sync(deletions=deletions)] == ["deleted", "deleted"]


def test_what_leaves_the_directory_is_deleted_and_comes_back(graph, channel):
    (added,) = channel.sync(ANN)
    gone = {"type": "user", "sourceAnchor": "YW5u"}
    assert [item["action"] for item in channel.sync(deletions=[gone, gone])] == ["deleted", "unknown"]
    assert error(graph.call("GET", f"/users/{added['id']}"))[0] == 404
    (back,) = channel.sync(ANN)
    assert (back["action"], back["id"]) == ("restored", added["id"])
    assert graph.get(f"/users/{added['id']}")["userPrincipalName"] == "ann@acme-labs.example"


def test_mass_deletion_is_stopped(graph):
    guard = {"configuration": {"accidentalDeletionPrevention": {"alertThreshold": 1}}}
    with world(on_premises_sync=guard) as made:
        channel = Channel(app_client(made))
        channel.sync(ANN, user("bo", "Ym8="))
        both = {"deletions": [{"type": "user", "sourceAnchor": anchor} for anchor in ("YW5u", "Ym8=")]}
        assert error(channel.call("POST", "/sync", both))[1] == "StagingErrorAccidentalDeletes"
        assert len(json_of(channel.call("GET", "/objects?type=user"))["value"]) == 2


def test_password_hashes(tenant, channel):
    channel.sync({**ANN, "password": "Correct-Horse-7"})
    from emulator.entra.resources.user_store import by_immutable_id, password_ok

    ann = by_immutable_id(tenant.services[0].store, "YW5u")
    assert password_ok(ann, "Correct-Horse-7")
    assert ann["signInSessionsValidFromDateTime"] == "2026-01-15T09:00:00Z"


def test_one_bad_object_does_not_stop_the_others(graph, channel):
    bad = {"type": "user", "sourceAnchor": "eA==", "attributes": {"nope": 1}}
    typed = {"type": "user", "sourceAnchor": "eQ==", "attributes": {"displayName": 5}}
    results = channel.sync(bad, typed, ANN)
    assert [item["action"] for item in results] == ["failed", "failed", "added"]
    for body in (
        {"objects": 5},
        {"objects": [1]},
        {"objects": [{"type": "printer", "sourceAnchor": "x"}]},
        {"deletions": [{"type": "user"}]},
    ):
        assert error(channel.call("POST", "/sync", body))[0] == 400
    assert error(channel.call("GET", "/objects?type=printer"))[0] == 400


def test_who_may_write(tenant):
    small = Channel(app_client(tenant, "User.Read.All"))
    assert error(small.call("GET", "/configuration"))[0] == 403
    person = Channel(person_client(tenant, DANA, "Directory.ReadWrite.All"))
    assert error(person.call("POST", "/sync", {}))[0] == 403
    connect = Channel(app_client(tenant, "OnPremDirectorySynchronization.ReadWrite.All"))
    found = json_of(connect.call("GET", "/configuration"))
    assert (found["enabled"], "proxyAddresses" in found["attributes"]["user"]) == (False, True)
    assert connect.sync() == []
    assert json_of(connect.call("GET", "/configuration"))["enabled"] is True


def test_objects_are_listed_with_their_anchors(channel):
    channel.sync(ANN)
    found = json_of(channel.call("GET", "/objects?type=user"))
    assert (found["value"][0]["sourceAnchor"], found["next"]) == ("YW5u", None)
    assert found["value"][0]["proxyAddresses"] == ANN["attributes"]["proxyAddresses"]
