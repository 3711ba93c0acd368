"""Users: creating, changing, the immutable id, names, passwords, addresses, what is read-only."""

import pytest

from .worlds import ADMIN, DANA, E3, app_client, error, person_client, world

NEW = {
    "accountEnabled": True, "displayName": "New Person", "mailNickname": "new",
    "userPrincipalName": "new@acme-labs.example", "passwordProfile": {"password": "Gr8-enough-pw"},
}  # fmt: skip
BAD = "Request_BadRequest"
ALL = "?$select=id,mail,proxyAddresses,onPremisesImmutableId,userPrincipalName,identities,usageLocation,accountEnabled"


def full(graph, key):
    return graph.get(f"/users/{key}?$select=" + ALL.partition("=")[2])


def activities(tenant):
    return [row["type"] for row in tenant.journal(stream="directoryAudits")]


def test_create_answers_the_default_properties(tenant, graph):
    answer = graph.call("POST", "/users", NEW)
    assert answer.status == 201
    body = graph.get("/users/new@acme-labs.example")
    assert answer.header("location").endswith(f"/v1.0/users/{body['id']}")
    assert body["@odata.context"] == "https://graph.microsoft.com/v1.0/$metadata#users/$entity"
    assert set(body) == {
        "@odata.context", "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
        "officeLocation", "preferredLanguage", "surname", "userPrincipalName",
    }  # fmt: skip
    assert activities(tenant) == ["Add user"]


def test_a_user_is_found_by_id_and_by_name_in_any_case_and_spelling(graph):
    by_id = graph.get(f"/users/{DANA}")
    for path in (
        "/users/DANA@acme.example",
        "/users('dana@acme.example')",
        f"/USERS/{DANA.upper()}",
        f"/users('{DANA}')",
    ):
        assert graph.get(path) == by_id
    assert error(graph.call("GET", "/users/nobody@acme.example")) == (
        404, "Request_ResourceNotFound",
        "Resource 'nobody@acme.example' does not exist or one of its queried reference-property objects are not present.",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["accountEnabled", "displayName", "mailNickname", "userPrincipalName"])
def test_required_properties(graph, name):
    body = {key: value for key, value in NEW.items() if key != name}
    assert error(graph.call("POST", "/users", body)) == (
        400, BAD, f"A value is required for property '{name}' of resource 'User'.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"passwordProfile": None}, "A password must be specified to create a new user."),
        ({"passwordProfile": {"password": "short"}}, "The specified password does not comply with password complexity"),
        ({"passwordProfile": {"password": "alllowercaseletters"}}, "The specified password does not comply"),
        ({"userPrincipalName": "new@elsewhere.example"}, "The domain portion of the userPrincipalName property is invalid."),
        ({"userPrincipalName": "new@new.example"}, "The domain portion of the userPrincipalName property is invalid."),
        ({"userPrincipalName": "new"}, "Invalid value specified for property 'userPrincipalName' of resource 'User'."),
        ({"userPrincipalName": "nèw@acme-labs.example"}, "Invalid value specified for property 'userPrincipalName'"),
        ({"userPrincipalName": "lab@acme-labs.example"}, "Another object with the same value for property userPrincipalName"),
        ({"mailNickname": "a b"}, "Invalid value specified for property 'mailNickname' of resource 'User'."),
        ({"usageLocation": "XX"}, "Invalid value specified for property 'usageLocation' of resource 'User'."),
        ({"displayName": "x" * 257}, "Invalid value specified for property 'displayName' of resource 'User'."),
        ({"accountEnabled": "yes"}, "Invalid value specified for property 'accountEnabled' of resource 'User'."),
        ({"businessPhones": ["1", "2"]}, "Invalid value specified for property 'businessPhones' of resource 'User'."),
        ({"nonsense": 1}, "Property 'nonsense' does not exist on type 'microsoft.graph.user'."),
        ({"displayname": "x"}, "Property 'displayname' does not exist on type 'microsoft.graph.user'."),
        ({"onPremisesImmutableId": "a_b"}, "Invalid value specified for property 'onPremisesImmutableId'"),
        ({"onPremisesImmutableId": "ZGFuYQ=="}, "Another object with the same value for property onPremisesImmutableId"),
        ({"proxyAddresses": ["SMTP:a@acme-labs.example"]}, "Property 'proxyAddresses' is read-only and cannot be set."),
        ({"onPremisesSyncEnabled": True}, "Property 'onPremisesSyncEnabled' is read-only and cannot be set."),
        ({"assignedLicenses": []}, "Property 'assignedLicenses' is read-only and cannot be set."),
    ],
)  # fmt: skip
def test_create_is_refused(graph, change, message):
    status, code, text = error(graph.call("POST", "/users", {**NEW, **change}))
    assert (status, code) == (400, BAD)
    assert text.startswith(message)


def test_a_taken_name_says_which_property(graph):
    answer = graph.call("POST", "/users", {**NEW, "userPrincipalName": "LAB@acme-labs.example"})
    from emulator.wire.client import json_of

    (detail,) = json_of(answer)["error"]["details"]
    assert detail["code"] == "ObjectConflict"
    assert detail["target"] == "userPrincipalName"


def test_a_federated_user_is_created_with_an_immutable_id(graph):
    federated = {**NEW, "userPrincipalName": "new@acme.example"}
    assert error(graph.call("POST", "/users", federated))[2] == (
        "SourceAnchor is a required property for creation of a federated user."
    )
    assert graph.call("POST", "/users", {**federated, "onPremisesImmutableId": "bmV3"}).status == 201


def test_the_immutable_id_is_fixed_under_a_federated_name(tenant, graph):
    for value in ("b3RoZXI=", None):
        status, _, text = error(graph.call("PATCH", f"/users/{DANA}", {"onPremisesImmutableId": value}))
        assert (status, text) == (
            400,
            "You must provide a required property: Parameter name: FederatedUser.SourceAnchor",
        )
    assert graph.call("PATCH", f"/users/{DANA}", {"onPremisesImmutableId": "ZGFuYQ=="}).status == 204
    assert full(graph, DANA)["onPremisesImmutableId"] == "ZGFuYQ=="


def test_the_detour_over_a_managed_name(graph):
    assert graph.call("PATCH", f"/users/{DANA}", {"userPrincipalName": "dana@acme.onmicrosoft.com"}).status == 204
    assert graph.call("PATCH", f"/users/{DANA}", {"onPremisesImmutableId": None}).status == 204
    back = graph.call("PATCH", f"/users/{DANA}", {"userPrincipalName": "dana@acme.example"})
    assert error(back)[2] == "You must provide a required property: Parameter name: FederatedUser.SourceAnchor"
    assert graph.call("PATCH", f"/users/{DANA}", {"onPremisesImmutableId": "bmV3"}).status == 204
    assert graph.call("PATCH", f"/users/{DANA}", {"userPrincipalName": "dana@acme.example"}).status == 204
    found = full(graph, "dana@acme.example")
    assert found["onPremisesImmutableId"] == "bmV3"
    assert found["identities"] == [
        {"signInType": "userPrincipalName", "issuer": "acme.onmicrosoft.com", "issuerAssignedId": "dana@acme.example"}
    ]


def test_lenient_immutable_id_is_a_setting_of_the_tenant():
    from .worlds import SPEC

    part = SPEC["parties"]["entra:acme"]["tenant"]
    with world(tenant={**part, "settings": {"lenientImmutableId": True}}) as lenient:
        graph = app_client(lenient)
        assert graph.call("PATCH", f"/users/{DANA}", {"onPremisesImmutableId": "bmV3"}).status == 204


def test_patch_answers_nothing_unless_asked(graph):
    assert graph.call("PATCH", f"/users/{DANA}", {"jobTitle": "Buyer"}).body == b""
    answer = graph.call("PATCH", f"/users/{DANA}", {"jobTitle": "Seller"}, headers={"prefer": "return=representation"})
    assert answer.status == 200
    assert graph.get(f"/users/{DANA}")["jobTitle"] == "Seller"


def test_what_was_changed_is_in_the_audit_log(tenant, graph):
    graph.patch(f"/users/{DANA}", {"accountEnabled": False, "department": "Ops"})
    rows = tenant.journal(stream="directoryAudits")
    assert [row["type"] for row in rows] == ["Update user", "Disable account"]
    changed = {item["displayName"]: item for item in rows[0]["doc"]["targetResources"][0]["modifiedProperties"]}
    assert changed["Department"] == {"displayName": "Department", "oldValue": '["Sales"]', "newValue": '["Ops"]'}
    assert rows[0]["doc"]["initiatedBy"]["app"]["displayName"] == "Lab"


def test_a_synced_user_takes_cloud_properties_only():
    synced = {"userPrincipalName": "sync@acme-labs.example", "displayName": "Synced", "onPremisesSyncEnabled": True}
    with world(users=[synced], groups=[]) as tenant:
        graph = app_client(tenant)
        for body in ({"displayName": "x"}, {"accountEnabled": False}, {"onPremisesImmutableId": "x"}):
            assert error(graph.call("PATCH", "/users/sync@acme-labs.example", body))[2].startswith(
                "Unable to update the specified properties for on-premises mastered Directory Sync objects"
            )
        assert graph.call("PATCH", "/users/sync@acme-labs.example", {"usageLocation": "de"}).status == 204
        assert full(graph, "sync@acme-labs.example")["usageLocation"] == "DE"
        renamed = {"userPrincipalName": "renamed@acme-labs.example"}
        assert graph.call("PATCH", "/users/sync@acme-labs.example", renamed).status == 204
        assert full(graph, "renamed@acme-labs.example")["usageLocation"] == "DE"


def test_mail_becomes_the_primary_address(graph):
    graph.post("/users", NEW)
    graph.patch("/users/new@acme-labs.example", {"mail": "first@acme-labs.example"})
    graph.patch("/users/new@acme-labs.example", {"mail": "second@acme-labs.example"})
    found = full(graph, "new@acme-labs.example")
    assert found["proxyAddresses"] == ["SMTP:second@acme-labs.example", "smtp:first@acme-labs.example"]


def test_an_address_of_somebody_else_is_mail_but_no_proxy_address(graph):
    graph.post("/users", {**NEW, "mail": "lab@acme-labs.example"})
    found = full(graph, "new@acme-labs.example")
    assert (found["mail"], found["proxyAddresses"]) == ("lab@acme-labs.example", [])


def test_an_exchange_plan_gives_addresses_and_drops_foreign_ones(graph):
    graph.post("/users", {**NEW, "usageLocation": "US", "mail": "new@somewhere.example"})
    graph.post("/users/new@acme-labs.example/assignLicense", {"addLicenses": [{"skuId": E3}], "removeLicenses": []})
    assert full(graph, "new@acme-labs.example")["proxyAddresses"] == ["smtp:new@acme.onmicrosoft.com"]


def test_a_mailbox_moves_with_the_user_name(graph):
    graph.patch(f"/users/{DANA}", {"userPrincipalName": "dana.fox@acme.example"})
    found = full(graph, DANA)
    assert found["mail"] == "dana.fox@acme.example"
    assert found["proxyAddresses"][:2] == ["SMTP:dana.fox@acme.example", "smtp:dana@acme.example"]


def test_a_password_reset_ends_sessions(tenant, graph):
    tenant.clock.advance(hours=1)
    graph.patch(f"/users/{ADMIN}", {"passwordProfile": {"password": "Another-Horse-2"}})
    found = graph.get(
        f"/users/{ADMIN}?$select=signInSessionsValidFromDateTime,lastPasswordChangeDateTime,passwordProfile"
    )
    assert found["signInSessionsValidFromDateTime"] == "2026-01-15T10:00:00Z"
    assert found["lastPasswordChangeDateTime"] == "2026-01-15T10:00:00Z"
    assert found["passwordProfile"]["password"] is None
    assert "Reset user password" in activities(tenant)


def test_delegated_writes_need_a_directory_role(tenant):
    scopes = "User.ReadWrite.All"
    refused = person_client(tenant, DANA, scopes).call("PATCH", f"/users/{DANA}", {"jobTitle": "Boss"})
    assert error(refused)[:2] == (403, "Authorization_RequestDenied")
    assert person_client(tenant, ADMIN, scopes).call("PATCH", f"/users/{DANA}", {"jobTitle": "Boss"}).status == 204


def test_user_read_reaches_the_signed_in_user_only(tenant):
    dana = person_client(tenant, DANA, "User.Read")
    assert dana.get(f"/users/{DANA}")["id"] == DANA
    assert error(dana.call("GET", f"/users/{ADMIN}"))[:2] == (403, "Authorization_RequestDenied")


def test_an_administrator_is_guarded(tenant):
    """User.ReadWrite.All alone does not disable, delete or reset an administrator."""
    plain = app_client(tenant, "User.ReadWrite.All")
    assert error(plain.call("PATCH", f"/users/{ADMIN}", {"accountEnabled": False}))[0] == 403
    assert error(plain.call("DELETE", f"/users/{ADMIN}"))[0] == 403
    assert plain.call("PATCH", f"/users/{ADMIN}", {"jobTitle": "Boss"}).status == 204
    able = app_client(tenant, "User.ReadWrite.All", "User.EnableDisableAccount.All")
    assert able.call("PATCH", f"/users/{ADMIN}", {"accountEnabled": False}).status == 204


def test_manager_and_direct_reports(tenant, graph):
    assert graph.get(f"/users/{DANA}/manager")["userPrincipalName"] == "lab@acme-labs.example"
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{ADMIN}"}
    assert graph.call("PUT", f"/users/{DANA}/manager/$ref", reference).status == 204
    assert [item["id"] for item in graph.get(f"/users/{ADMIN}/directReports")["value"]] == [DANA]
    assert graph.get(f"/users/{DANA}?$expand=manager($select=id)")["manager"]["id"] == ADMIN
    assert graph.call("DELETE", f"/users/{DANA}/manager/$ref").status == 204
    assert error(graph.call("GET", f"/users/{DANA}/manager"))[2].startswith("Resource 'manager' does not exist")
    for url in ("https://graph.microsoft.com/v1.0/users/nobody", "nonsense"):
        assert error(graph.call("PUT", f"/users/{DANA}/manager/$ref", {"@odata.id": url}))[0] in (400, 404)


def test_revoke_sign_in_sessions(tenant, graph):
    tenant.clock.advance(minutes=5)
    assert graph.post(f"/users/{DANA}/revokeSignInSessions")["value"] is True
    found = graph.get(f"/users/{DANA}?$select=signInSessionsValidFromDateTime")
    assert found["signInSessionsValidFromDateTime"] == "2026-01-15T09:05:00Z"


def test_member_of_and_groups_of_a_user(graph):
    (group,) = graph.get(f"/users/{DANA}/memberOf")["value"]
    assert (group["@odata.type"], group["displayName"]) == ("#microsoft.graph.group", "Sales")
    (role,) = graph.get(f"/users/{ADMIN}/memberOf/microsoft.graph.directoryRole")["value"]
    assert role["displayName"] == "Global Administrator"
    assert graph.get(f"/users/{DANA}/memberOf/microsoft.graph.directoryRole")["value"] == []
    ids = graph.post(f"/users/{DANA}/getMemberGroups", {"securityEnabledOnly": True})["value"]
    assert ids == [group["id"]]
    assert graph.post(f"/users/{ADMIN}/getMemberObjects", {"securityEnabledOnly": False})["value"] == [role["id"]]
    assert graph.post(f"/users/{DANA}/checkMemberGroups", {"groupIds": [*ids, ADMIN]})["value"] == ids
    assert graph.get(f"/users/{DANA}/transitiveMemberOf")["value"][0]["id"] == group["id"]


def test_extension_attributes_are_merged(graph):
    graph.patch(f"/users/{DANA}", {"onPremisesExtensionAttributes": {"extensionAttribute1": "a"}})
    graph.patch(f"/users/{DANA}", {"onPremisesExtensionAttributes": {"extensionAttribute2": "b"}})
    found = graph.get(f"/users/{DANA}?$select=onPremisesExtensionAttributes")["onPremisesExtensionAttributes"]
    assert {name: value for name, value in found.items() if value} == {
        "extensionAttribute1": "a",
        "extensionAttribute2": "b",
    }
    assert len(found) == 15


def test_what_sharepoint_keeps_is_written_alone(graph):
    assert graph.call("PATCH", f"/users/{DANA}", {"aboutMe": "Likes cats", "skills": ["cats"]}).status == 204
    assert graph.get(f"/users/{DANA}?$select=aboutMe,skills")["skills"] == ["cats"]
    refused = error(graph.call("PATCH", f"/users/{DANA}", {"aboutMe": "x", "jobTitle": "y"}))
    assert refused == (400, "BadRequest", "The request is currently not supported on the targeted entity set")


def test_identities_name_issuer_and_type(graph):
    extra = {"signInType": "emailAddress", "issuer": "acme.onmicrosoft.com", "issuerAssignedId": "x@elsewhere.example"}
    assert graph.call("PATCH", f"/users/{DANA}", {"identities": [extra]}).status == 204
    assert [item["signInType"] for item in full(graph, DANA)["identities"]] == ["emailAddress", "userPrincipalName"]
    for bad in ({"signInType": "emailAddress"}, {**extra, "signInType": "telepathy"}):
        assert error(graph.call("PATCH", f"/users/{DANA}", {"identities": [bad]}))[0] == 400


def test_people_say_some_things_about_themselves(tenant):
    dana = person_client(tenant, DANA, "User.ReadWrite")
    assert dana.call("PATCH", "/me", {"mobilePhone": "1"}).status == 204
    assert dana.get("/me")["mobilePhone"] == "1"
    assert error(dana.call("PATCH", "/me", {"jobTitle": "Boss"}))[0] == 403
    admin = person_client(tenant, ADMIN, "User.ReadWrite")
    assert admin.call("PATCH", "/me", {"jobTitle": "Boss"}).status == 204


def test_leaving_is_guarded(tenant, graph):
    plain = app_client(tenant, "User.ReadWrite.All")
    body = {"employeeLeaveDateTime": "2026-02-01T00:00:00Z"}
    assert error(plain.call("PATCH", f"/users/{DANA}", body))[0] == 403
    able = app_client(tenant, "User.ReadWrite.All", "User-LifeCycleInfo.ReadWrite.All")
    assert able.call("PATCH", f"/users/{DANA}", body).status == 204
    assert able.get(f"/users/{DANA}?$select=employeeLeaveDateTime")["employeeLeaveDateTime"] == "2026-02-01T00:00:00Z"
    assert error(plain.call("GET", f"/users/{DANA}?$select=employeeLeaveDateTime"))[0] == 403


def test_sign_in_activity_comes_from_the_log(tenant, graph):
    assert graph.get(f"/users/{DANA}?$select=signInActivity") == {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users(signInActivity)/$entity", "id": DANA,
        "signInActivity": None,
    }  # fmt: skip
    weak = app_client(tenant, "User.Read.All")
    assert error(weak.call("GET", f"/users/{DANA}?$select=signInActivity"))[0] == 403


def test_sponsors(graph):
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{ADMIN}"}
    assert graph.call("POST", f"/users/{DANA}/sponsors/$ref", reference).status == 204
    assert error(graph.call("POST", f"/users/{DANA}/sponsors/$ref", reference))[0] == 400
    assert [item["id"] for item in graph.get(f"/users/{DANA}/sponsors")["value"]] == [ADMIN]
    assert graph.get(f"/users/{DANA}?$expand=sponsors")["sponsors"][0]["id"] == ADMIN
    assert graph.call("DELETE", f"/users/{DANA}/sponsors/{ADMIN}/$ref").status == 204
    assert error(graph.call("DELETE", f"/users/{DANA}/sponsors/{ADMIN}/$ref"))[0] == 404


def test_the_older_names_are_betas(graph):
    beta = "https://graph.microsoft.com/beta"
    assert graph.post(f"{beta}/users/{DANA}/invalidateAllRefreshTokens")["value"] is True
    assert error(graph.call("POST", f"/users/{DANA}/invalidateAllRefreshTokens"))[2] == (
        "Resource not found for the segment 'invalidateAllRefreshTokens'."
    )
    found = graph.post(f"{beta}/users/validatePassword", {"password": "abc"})
    assert (found["isValid"], found["validationResults"][0]["validationPassed"]) == (False, False)
    assert graph.post(f"{beta}/users/validatePassword", {"password": "Gr8-enough-pw"})["isValid"] is True


def test_nobody_manages_themselves(graph):
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{DANA}"}
    assert error(graph.call("PUT", f"/users/{DANA}/manager/$ref", reference))[0] == 400


def test_managers_above_managers(graph):
    lab = graph.get("/users/lab@acme-labs.example")["id"]
    graph.put(f"/users/{lab}/manager/$ref", {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{ADMIN}"})
    path = f"/users/{DANA}?$select=id&$expand=manager($levels=max;$select=id)&$count=true"
    found = graph.get(path, headers={"ConsistencyLevel": "eventual"})
    assert (found["manager"]["id"], found["manager"]["manager"]["id"]) == (lab, ADMIN)
    assert "manager" not in found["manager"]["manager"]
    reports = graph.get(f"https://graph.microsoft.com/beta/users/{ADMIN}/transitiveReports")["value"]
    assert [item["id"] for item in reports] == [lab, DANA]
    assert error(graph.call("GET", "/users?$expand=manager($levels=2)"))[0] == 400
