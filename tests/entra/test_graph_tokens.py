"""Which tokens Graph accepts, and what it says of the others; /me; permissions."""

import pytest

from .worlds import ADMIN, APP_SP, DANA, app_client, client, error, mint, person_client

INVALID = "InvalidAuthenticationToken"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"aud": "https://other.example"}, "Access token validation failure. Invalid audience."),
        ({"iss": "https://sts.windows.net/other/"}, "Signing key is invalid."),
        ({"exp": 1_700_000_000}, "Access token has expired or is not yet valid."),
        ({"nbf": 1_900_000_000}, "Access token has expired or is not yet valid."),
    ],
)
def test_claims_are_checked(tenant, claims, message):
    token = mint(tenant, {"idtyp": "app", "oid": APP_SP, "roles": ["User.Read.All"], **claims})
    assert error(client(tenant, token).call("GET", "/users")) == (401, INVALID, message)


def test_keys_and_shape_are_checked(tenant):
    foreign = mint(tenant, {"idtyp": "app", "oid": APP_SP, "roles": ["User.Read.All"]}, key="certificates/foreign")
    answer = client(tenant, foreign).call("GET", "/users")
    assert error(answer) == (401, INVALID, "Signing key is invalid.")
    assert answer.header("www-authenticate").startswith('Bearer realm="", authorization_uri=')
    assert error(client(tenant, "junk").call("GET", "/users"))[2].startswith("IDX14100")
    assert error(client(tenant, "").call("GET", "/users"))[2] == "Access token is empty."


def test_both_spellings_of_the_audience(tenant):
    for aud in ("https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"):
        token = mint(tenant, {"idtyp": "app", "oid": APP_SP, "roles": ["User.Read.All"], "aud": aud})
        assert client(tenant, token).call("GET", "/users").status == 200


def test_a_permission_is_needed_and_named_in_the_why(tenant):
    answer = app_client(tenant, "Group.Read.All").call("GET", "/users")
    assert error(answer) == (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    compared = {item["name"]: item["value"] for item in tenant.why(answer.header("request-id"))["compared"]}
    assert compared["permissions held"] == "Group.Read.All"
    assert "User.Read.All" in compared["any one of"]


def test_a_token_without_permissions_of_either_kind(tenant):
    assert error(client(tenant, mint(tenant, {"oid": DANA})).call("GET", "/me"))[0] == 401


def test_me(tenant):
    dana = person_client(tenant, DANA, "User.Read")
    assert dana.get("/me")["userPrincipalName"] == "dana@acme.example"
    assert dana.get("/me?$select=usageLocation")["usageLocation"] == "US"
    assert dana.get("/me/licenseDetails")["value"][0]["skuPartNumber"] == "ENTERPRISEPACK"
    assert dana.get("/me/memberOf")["value"][0]["displayName"] == "Sales"
    assert dana.get("/me/manager")["displayName"] == "Lab Person"
    assert (
        error(app_client(tenant).call("GET", "/me"))[2]
        == "/me request is only valid with delegated authentication flow."
    )


def test_a_disabled_or_deleted_user_is_out_at_once(tenant, graph):
    dana = person_client(tenant, DANA, "User.Read")
    graph.patch(f"/users/{DANA}", {"accountEnabled": False})
    assert error(dana.call("GET", "/me"))[:2] == (401, INVALID)
    graph.patch(f"/users/{DANA}", {"accountEnabled": True})
    assert dana.call("GET", "/me").status == 200
    graph.delete(f"/users/{DANA}")
    assert error(dana.call("GET", "/me"))[:2] == (401, INVALID)


def test_a_token_from_before_a_revocation(tenant, graph):
    old = person_client(tenant, DANA, "User.Read", xms_cc=["CP1"])
    simple = person_client(tenant, DANA, "User.Read")
    tenant.clock.advance(seconds=10)
    graph.post(f"/users/{DANA}/revokeSignInSessions")
    assert simple.call("GET", "/me").status == 200, "whoever does not take part hears of it at the next token"
    answer = old.call("GET", "/me")
    assert error(answer)[2].endswith("code: TokenIssuedBeforeRevocationTimestamp")
    assert 'error="insufficient_claims", claims="' in answer.header("www-authenticate")
    assert person_client(tenant, DANA, "User.Read").call("GET", "/me").status == 200


def test_one_may_revoke_and_change_ones_own(tenant):
    scopes = "User.ReadWrite Directory.AccessAsUser.All"
    lab = person_client(tenant, ADMIN, scopes)
    assert lab.post("/me/revokeSignInSessions")["value"] is True
    body = {"currentPassword": "Correct-Horse-1", "newPassword": "Another-Horse-2"}
    assert error(lab.call("POST", "/me/changePassword", {**body, "currentPassword": "wrong"}))[0] == 400
    assert error(lab.call("POST", "/me/changePassword", {**body, "newPassword": "weak"}))[2].startswith(
        "The specified password does not comply"
    )
    assert lab.call("POST", "/me/changePassword", body).status == 204
    assert (
        lab.call(
            "POST", "/me/changePassword", {**body, "currentPassword": "Another-Horse-2", "newPassword": "Third-Horse-3"}
        ).status
        == 204
    )
    federated = person_client(tenant, DANA, scopes).call("POST", "/me/changePassword", body)
    assert error(federated)[0] == 400


def test_unknown_paths_and_methods(tenant, graph):
    assert error(graph.call("GET", "/planets")) == (400, "BadRequest", "Resource not found for the segment 'planets'.")
    assert error(graph.call("PUT", "/users", {}))[0] == 405


def test_directory_objects_of_any_kind(graph):
    assert graph.get(f"/directoryObjects/{DANA}")["@odata.type"] == "#microsoft.graph.user"
    assert graph.get(f"/directoryObjects/{APP_SP}")["@odata.type"] == "#microsoft.graph.servicePrincipal"
    assert error(graph.call("GET", "/directoryObjects/nope"))[0] == 404


@pytest.mark.parametrize("body", ["{", "[]", "5", '"x"', "null"])
def test_bodies_that_are_no_objects(tenant, graph, body):
    answer = graph.http.request(
        "POST",
        "https://graph.microsoft.com/v1.0/users",
        body=body.encode(),
        headers={"content-type": "application/json"},
    )
    assert error(answer)[:2] == (400, "BadRequest")
