"""API service integrations: clients with scopes and a secret, beside the apps."""

import base64

import pytest

from tests.okta.oauth.clients import body, error, get, post
from tests.okta.worlds import ADMIN_ID, kinds, refused

AT = "/integrations/api/v1/api-services"


@pytest.fixture
def made(org):
    return org.okta.post(AT, {"type": "log_shipper", "grantedScopes": ["okta.logs.read", "okta.groups.read"]})


def token(org, service, secret, scope="okta.groups.read"):
    text = base64.b64encode(f"{service['id']}:{secret}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": scope}
    return post(org, "/oauth2/v1/token", form, headers={"authorization": f"Basic {text}"})


def test_an_instance_reads_back_and_shows_its_secret_once(org, made):
    assert list(made) == ["id", "type", "name", "createdAt", "createdBy", "clientSecret", "configGuideUrl",
                          "grantedScopes", "properties", "_links"]  # fmt: skip
    assert (made["type"], made["name"], made["createdBy"]) == ("log_shipper", "Log Shipper", ADMIN_ID)
    assert made["grantedScopes"] == ["okta.logs.read", "okta.groups.read"] and len(made["clientSecret"]) == 64
    shown = {name: value for name, value in made.items() if name != "clientSecret"}
    assert org.okta.get(f"{AT}/{made['id']}") == shown and org.okta.get(AT) == [shown]
    assert set(made["_links"]) == {"self", "client", "logo"} and made["_links"]["logo"]["name"] == "medium"
    assert made["id"] not in {app["id"] for app in org.okta.get("/api/v1/apps")}
    assert org.okta.get(f"/oauth2/v1/clients/{made['id']}")["client_name"] == "Log Shipper"
    assert kinds(org)[-1] == "app.oauth2.client.lifecycle.create"


def test_it_acts_with_its_scopes_and_no_role(org, made):
    access = body(token(org, made, made["clientSecret"]))["access_token"]
    sent = {"authorization": f"Bearer {access}"}
    assert get(org, "/api/v1/groups", headers=sent).status == 200
    assert get(org, "/api/v1/users", headers=sent).status == 403
    assert error(token(org, made, made["clientSecret"], "okta.users.manage"))[1] == "invalid_scope"
    assert org.okta.call("DELETE", f"{AT}/{made['id']}").status == 204
    assert get(org, "/api/v1/groups", headers=sent).status == 401
    assert error(token(org, made, made["clientSecret"]))[1] == "invalid_client"
    assert refused(org, "GET", f"{AT}/{made['id']}")[:2] == (404, "E0000007")


def test_secrets_are_rolled(org, made):
    at = f"{AT}/{made['id']}/credentials/secrets"
    [first] = org.okta.get(at)
    assert first["client_secret"] == "***" + made["clientSecret"][-4:] and set(first["_links"]) == {"deactivate"}
    assert refused(org, "POST", f"{at}/{first['id']}/lifecycle/deactivate")[:2] == (400, "E0000001")
    second = org.okta.post(at)
    assert len(second["client_secret"]) == 64
    assert refused(org, "POST", at)[:2] == (400, "E0000001")
    assert refused(org, "DELETE", f"{at}/{first['id']}")[:2] == (400, "E0000001")
    stopped = org.okta.post(f"{at}/{first['id']}/lifecycle/deactivate")
    assert stopped["status"] == "INACTIVE" and set(stopped["_links"]) == {"activate", "delete"}
    assert error(token(org, made, made["clientSecret"]))[1] == "invalid_client"
    assert token(org, made, second["client_secret"]).status == 200
    assert org.okta.post(f"{at}/{first['id']}/lifecycle/activate")["status"] == "ACTIVE"
    org.okta.post(f"{at}/{first['id']}/lifecycle/deactivate")
    assert org.okta.call("DELETE", f"{at}/{first['id']}").status == 204
    assert [row["id"] for row in org.okta.get(at)] == [second["id"]]
    assert refused(org, "DELETE", f"{at}/{first['id']}")[:2] == (404, "E0000007")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": None}, "E0000001"), ({"type": "Not this"}, "E0000001"), ({"grantedScopes": []}, "E0000001"),
        ({"grantedScopes": ["openid"]}, "E0000001"), ({"grantedScopes": "okta.logs.read"}, "E0000001"),
        ({"properties": 7}, "E0000003"),
    ],
)  # fmt: skip
def test_what_is_no_integration_is_refused(org, change, code):
    sent = {"type": "x", "grantedScopes": ["okta.logs.read"], **change}
    assert refused(org, "POST", AT, sent)[:2] == (400, code)
