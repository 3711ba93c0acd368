"""Directory roles: templates, activation, members, and what they permit."""

from .worlds import ADMIN, DANA, app_client, error, person_client

USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"


def ref(id):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{id}"}


def test_templates(graph):
    found = {item["displayName"]: item["id"] for item in graph.get("/directoryRoleTemplates")["value"]}
    assert found["User Administrator"] == USER_ADMINISTRATOR
    assert graph.get(f"/directoryRoleTemplates/{USER_ADMINISTRATOR}")["displayName"] == "User Administrator"
    assert error(graph.call("GET", f"/directoryRoleTemplates/{DANA}"))[0] == 404


def test_activate_give_and_take(tenant, graph):
    assert [item["displayName"] for item in graph.get("/directoryRoles")["value"]] == ["Global Administrator"]
    role = graph.post("/directoryRoles", {"roleTemplateId": USER_ADMINISTRATOR})
    assert role["displayName"] == "User Administrator"
    assert error(graph.call("POST", "/directoryRoles", {"roleTemplateId": USER_ADMINISTRATOR}))[2].startswith(
        "A conflicting object"
    )
    by_template = f"/directoryRoles(roleTemplateId='{USER_ADMINISTRATOR}')"
    assert graph.get(by_template)["id"] == role["id"] == graph.get(f"/directoryRoles/{role['id']}")["id"]
    assert graph.call("POST", f"{by_template}/members/$ref", ref(DANA)).status == 204
    assert error(graph.call("POST", f"{by_template}/members/$ref", ref(DANA)))[2].startswith(
        "One or more added object references"
    )
    assert [item["id"] for item in graph.get(f"{by_template}/members")["value"]] == [DANA]
    scopes = "User.ReadWrite.All"
    assert person_client(tenant, DANA, scopes).call("PATCH", f"/users/{DANA}", {"jobTitle": "Boss"}).status == 204
    assert graph.call("DELETE", f"/directoryRoles/{role['id']}/members/{DANA}/$ref").status == 204
    assert person_client(tenant, DANA, scopes).call("PATCH", f"/users/{DANA}", {"jobTitle": "x"}).status == 403
    assert error(graph.call("DELETE", f"/directoryRoles/{role['id']}/members/{DANA}/$ref"))[0] == 404
    kinds = [row["type"] for row in tenant.journal(stream="directoryAudits")]
    assert kinds == ["Add role from template", "Add member to role", "Update user", "Remove member from role"]


def test_a_role_that_is_not_active_is_not_found(graph):
    assert error(graph.call("GET", f"/directoryRoles(roleTemplateId='{USER_ADMINISTRATOR}')"))[0] == 404
    assert error(graph.call("POST", "/directoryRoles", {"roleTemplateId": DANA}))[0] == 404
    assert error(graph.call("POST", "/directoryRoles", {}))[2].startswith("A value is required")


def test_giving_roles_needs_the_permission(tenant, graph):
    role = graph.get("/directoryRoles")["value"][0]["id"]
    weak = app_client(tenant, "Directory.ReadWrite.All")
    assert error(weak.call("POST", f"/directoryRoles/{role}/members/$ref", ref(DANA)))[0] == 403


def test_lookup_for_the_sign_in_service(tenant):
    from emulator.entra.resources.directory_roles import GLOBAL_ADMINISTRATOR, roles_of_user

    store = tenant.database.store("entra:acme")
    assert roles_of_user(store, ADMIN) == [
        {"roleTemplateId": GLOBAL_ADMINISTRATOR, "displayName": "Global Administrator"}
    ]
    assert roles_of_user(store, DANA) == []
