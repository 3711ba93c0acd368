"""Objects of any kind, contacts, invitations, what is known of tenants."""

import pytest

from .worlds import ADMIN, DANA, TENANT, app_client, error, person_client, world

INVITE = {"invitedUserEmailAddress": "bob@fabrikam.example", "inviteRedirectUrl": "https://myapps.example"}


def test_by_ids(graph):
    group = graph.get("/groups")["value"][0]["id"]
    ids = [DANA.upper(), group, "nobody", DANA]
    found = graph.post("/directoryObjects/getByIds", {"ids": ids})["value"]
    assert {item["@odata.type"] for item in found} == {"#microsoft.graph.user", "#microsoft.graph.group"}
    assert len(found) == 2
    only = graph.post("/directoryObjects/getByIds?$select=id,displayName", {"ids": ids, "types": ["group"]})["value"]
    assert only == [{"@odata.type": "#microsoft.graph.group", "id": group, "displayName": "Sales"}]
    for bad in (
        {},
        {"ids": "x"},
        {"ids": [1]},
        {"ids": ["x"] * 1001},
        {"ids": [], "types": 5},
        {"ids": [], "types": ["car"]},
    ):
        assert error(graph.call("POST", "/directoryObjects/getByIds", bad))[0] == 400


def test_one_object(graph):
    assert graph.get(f"/directoryObjects/{DANA}?$select=accountEnabled")["accountEnabled"] is True
    assert error(graph.call("GET", "/directoryObjects/nobody"))[0] == 404


def test_deleting_by_object_id(tenant, graph):
    group = graph.get("/groups")["value"][0]["id"]
    weak = app_client(tenant, "User.ReadWrite.All")
    assert error(weak.call("DELETE", f"/directoryObjects/{group}"))[0] == 403
    assert weak.call("DELETE", f"/directoryObjects/{DANA}").status == 204
    assert graph.call("DELETE", f"/directoryObjects/{group}").status == 204
    role = graph.get("/directoryRoles")["value"][0]["id"]
    assert error(graph.call("DELETE", f"/directoryObjects/{role}"))[0] == 403
    plain = person_client(tenant, graph.get("/users/lab@acme-labs.example")["id"], "User.ReadWrite.All")
    assert error(plain.call("DELETE", f"/directoryObjects/{ADMIN}"))[0] == 403


def test_validating_names(graph):
    unified = {
        "displayName": "T",
        "mailEnabled": True,
        "mailNickname": "team",
        "securityEnabled": False,
        "groupTypes": ["Unified"],
    }
    group = graph.post("/groups", unified)["id"]
    ask = {"entityType": "Group", "displayName": "X", "mailNickname": "team"}
    answer = graph.call("POST", "/directoryObjects/validateProperties", ask)
    assert error(answer)[:2] == (422, "UnprocessableEntity")
    assert graph.call("POST", "/directoryObjects/validateProperties", {**ask, "mailNickname": "free"}).status == 204
    assert graph.call("POST", f"/groups/{group}/validateProperties", ask).status == 204
    assert error(graph.call("POST", "/directoryObjects/validateProperties", {**ask, "mailNickname": "a b"}))[0] == 422
    assert error(graph.call("POST", "/directoryObjects/validateProperties", {"entityType": "Car"}))[0] == 400


# -- contacts


@pytest.fixture
def contact():
    with world(contacts=[{"displayName": "Con Tact", "mail": "con@elsewhere.example"}]) as tenant:
        graph = app_client(tenant)
        yield graph, graph.get("/contacts")["value"][0]
        assert tenant.engine.crashes == []


def test_contacts(contact):
    graph, found = contact
    assert (found["mailNickname"], found["proxyAddresses"]) == ("con", ["SMTP:con@elsewhere.example"])
    assert graph.get(f"/contacts/{found['id']}")["displayName"] == "Con Tact"
    assert graph.get("/contacts?$filter=startswith(displayName,'con')")["value"] == [found]
    assert graph.call("GET", "/contacts/$count", headers={"ConsistencyLevel": "eventual"}).text() == "1"
    assert error(graph.call("GET", "/contacts/nobody"))[0] == 404
    assert error(graph.call("GET", f"/contacts/{found['id']}/manager"))[0] == 404


def test_a_contact_manages_and_joins(contact):
    graph, found = contact
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/contacts/{found['id']}"}
    assert graph.call("PUT", f"/users/{DANA}/manager/$ref", reference).status == 204
    assert graph.get(f"/users/{DANA}/manager")["@odata.type"] == "#microsoft.graph.orgContact"
    assert [item["id"] for item in graph.get(f"/contacts/{found['id']}/directReports")["value"]] == [DANA]
    group = graph.get("/groups")["value"][0]["id"]
    assert graph.call("POST", f"/groups/{group}/members/$ref", reference).status == 204
    assert graph.get(f"/contacts/{found['id']}/memberOf")["value"][0]["id"] == group
    assert graph.get(f"/groups/{group}/members/microsoft.graph.orgContact")["value"][0]["id"] == found["id"]


# -- guests


def test_an_invitation_makes_a_guest(tenant, graph):
    answer = graph.call("POST", "/invitations", {**INVITE, "invitedUserDisplayName": "Bob"})
    assert answer.status == 201
    made = graph.post("/invitations", INVITE)
    guest = graph.get(
        f"/users/{made['invitedUser']['id']}?$select=userPrincipalName,userType,creationType,externalUserState,mail"
    )
    assert guest["userPrincipalName"] == "bob_fabrikam.example#EXT#@acme.onmicrosoft.com"
    assert (guest["userType"], guest["creationType"], guest["externalUserState"]) == (
        "Guest",
        "Invitation",
        "PendingAcceptance",
    )
    assert made["inviteRedeemUrl"].startswith("https://login.microsoftonline.com/redeem?")
    assert (made["status"], made["invitedUserType"]) == ("PendingAcceptance", "Guest")
    assert len(graph.get("/users?$filter=userType eq 'Guest'")["value"]) == 1
    found = graph.get("/users/bob_fabrikam.example%23EXT%23@acme.onmicrosoft.com")
    assert found["mail"] == "bob@fabrikam.example"
    assert "Invite external user" in [row["type"] for row in tenant.journal(stream="directoryAudits")]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"invitedUserEmailAddress": None}, "A value is required for property 'invitedUserEmailAddress'"),
        ({"inviteRedirectUrl": None}, "A value is required for property 'inviteRedirectUrl'"),
        ({"invitedUserEmailAddress": "nobody"}, "Invalid value specified for property 'invitedUserEmailAddress'"),
        ({"inviteRedirectUrl": "javascript:x"}, "Invalid value specified for property 'inviteRedirectUrl'"),
        ({"invitedUserType": "Alien"}, "Invalid value specified for property 'invitedUserType'"),
        ({"invitedUserEmailAddress": "dana@acme.example"}, "The invited user already exists in the directory as object ID"),
        ({"invitedUserEmailAddress": "new@acme.example"}, "The domain of the email address is a verified domain"),
        ({"status": "Completed"}, "Property 'status' is read-only and cannot be set."),
    ],
)  # fmt: skip
def test_invitations_that_are_refused(graph, change, text):
    body = {key: value for key, value in {**INVITE, **change}.items() if value is not None}
    assert error(graph.call("POST", "/invitations", body))[2].startswith(text)


# -- what is known of tenants


def test_tenant_information(tenant):
    graph = app_client(tenant, "CrossTenantInformation.ReadBasic.All")
    root = "/tenantRelationships"
    by_name = graph.get(f"{root}/findTenantInformationByDomainName(domainName='acme.example')")
    assert (by_name["tenantId"], by_name["defaultDomainName"]) == (TENANT, "acme.onmicrosoft.com")
    assert graph.get(f"{root}/findTenantInformationByTenantId(tenantId='{TENANT}')")["displayName"] == "Acme"
    for path in (
        "findTenantInformationByDomainName(domainName='x.example')",
        "findTenantInformationByTenantId(tenantId='x')",
    ):
        assert error(graph.call("GET", f"{root}/{path}"))[0] == 404
