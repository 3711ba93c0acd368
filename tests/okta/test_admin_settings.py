"""Switches about administrators and the Admin Console, and what a new service app may do."""

import pytest

from tests.okta.worlds import events, refused, world

SERVICE = {
    "name": "oidc_client", "label": "Nightly job", "signOnMode": "OPENID_CONNECT",
    "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
    "settings": {"oauthClient": {"grant_types": ["client_credentials"], "application_type": "service", "response_types": ["token"]}},
}  # fmt: skip
PRIVILEGES = "/api/v1/org/settings/clientPrivilegesSetting"
CONSOLE = "/api/v1/first-party-app-settings/admin-console"


@pytest.fixture(scope="module")
def org():
    with world() as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "field", "first"),
    [
        ("POST", "/api/v1/org/orgSettings/thirdPartyAdminSetting", "thirdPartyAdmin", False),
        ("POST", "/api/v1/org/settings/autoAssignAdminAppSetting", "autoAssignAdminAppSetting", True),
        ("PUT", PRIVILEGES, "clientPrivilegesSetting", False),
    ],
)
def test_a_switch_is_read_and_set(org, method, path, field, first):
    with org.rolled_back():
        assert org.okta.get(path) == {field: first}
        assert getattr(org.okta, method.lower())(path, {field: not first}) == {field: not first} == org.okta.get(path)
        assert refused(org, method, path, {field: "perhaps"})[0] == 400
        assert org.okta.get(path) == {field: not first}


def test_a_new_service_app_is_a_super_administrator_where_the_org_has_it_so(org):
    with org.rolled_back():
        before = org.okta.post("/api/v1/apps", SERVICE)
        assert org.okta.get(f"/oauth2/v1/clients/{before['id']}/roles") == []
        org.okta.put(PRIVILEGES, {"clientPrivilegesSetting": True})
        after = org.okta.post("/api/v1/apps", {**SERVICE, "label": "Another"})
        assert [role["type"] for role in org.okta.get(f"/oauth2/v1/clients/{after['id']}/roles")] == ["SUPER_ADMIN"]
        assert events(org)[-1]["eventType"] == "app.oauth2.client.privilege.grant"
        web = {"client_name": "Portal", "redirect_uris": ["https://a.example/cb"], "response_types": ["code"],
               "grant_types": ["authorization_code"], "application_type": "web"}  # fmt: skip
        registered = org.okta.post("/oauth2/v1/clients", web)
        assert org.okta.get(f"/oauth2/v1/clients/{registered['client_id']}/roles") == []


def test_sessions_of_the_console_last_as_long_as_they_are_set_to(org):
    with org.rolled_back():
        assert org.okta.get(CONSOLE) == {"sessionIdleTimeoutMinutes": 15, "sessionMaxLifetimeMinutes": 720}
        sent = {"sessionIdleTimeoutMinutes": 30, "sessionMaxLifetimeMinutes": 60}
        assert org.okta.put(CONSOLE, sent) == sent == org.okta.get(CONSOLE)
        event = events(org, "application.lifecycle.update")[-1]
        assert event["target"][0]["displayName"] == "Okta Admin Console"
        assert event["debugContext"]["debugData"]["sessionIdleTimeoutMinutes"] == "30"
        for wrong, code in ((4, "E0000001"), (721, "E0000001"), ("30", "E0000003"), (7.5, "E0000003")):
            assert refused(org, "PUT", CONSOLE, {"sessionIdleTimeoutMinutes": wrong})[:2] == (400, code)
        assert org.okta.get(CONSOLE) == sent


def test_no_other_app_has_such_settings_and_no_classic_org(org):
    assert refused(org, "GET", "/api/v1/first-party-app-settings/dashboard")[:2] == (404, "E0000007")
    with world(engine="classic") as old:
        assert refused(old, "GET", CONSOLE)[:2] == (404, "E0000007")


def test_personal_accounts_are_kept_from_domains(org):
    at = "/okta-personal-settings/api/v1/"
    with org.rolled_back():
        assert org.okta.get(at + "export-blocklists") == {"domains": []}
        assert org.okta.call("PUT", at + "export-blocklists", {"domains": ["rival.example"]}).status == 204
        assert org.okta.get(at + "export-blocklists") == {"domains": ["rival.example"]}
        assert refused(org, "PUT", at + "export-blocklists", {"domains": ["no domain"]})[0] == 400
        assert org.okta.call("PUT", at + "edit-feature", {"enableExportApps": False}).status == 204
        assert refused(org, "PUT", at + "edit-feature", {"enableExportApps": "no"})[0] == 400
