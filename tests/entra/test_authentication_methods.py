"""Authentication methods of users, the policy about them, the report, per-user MFA."""

import pytest

from emulator.entra.resources import authentication_methods, authentication_methods_policy, per_user_mfa

from .worlds import ADMIN, DANA, app_client, error, person_client, world

METHODS = f"/users/{DANA}/authentication"
PASSWORD = "28c10230-6103-485e-b985-444c60001490"
MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"
POLICY = "/policies/authenticationMethodsPolicy"
PHONE = {"phoneNumber": "+1 2065555555", "phoneType": "mobile"}


def kinds(tenant):
    return [row["type"] for row in tenant.journal(stream="directoryAudits")]


def configure(graph, name, **fields):
    kind = name[0].lower() + name[1:]
    body = {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethodConfiguration", **fields}
    assert graph.call("PATCH", f"{POLICY}/authenticationMethodConfigurations/{name}", body).status == 204


def test_phones(tenant, graph):
    made = graph.post(f"{METHODS}/phoneMethods", PHONE)
    assert (made["id"], made["smsSignInState"]) == (MOBILE, "notAllowedByPolicy")
    assert error(graph.call("POST", f"{METHODS}/phoneMethods", PHONE))[:2] == (400, "badRequest")
    assert graph.call("PATCH", f"{METHODS}/phoneMethods/{MOBILE}", {"phoneNumber": "+1 2065555554"}).status == 204
    assert graph.call("PUT", f"{METHODS}/phoneMethods/{MOBILE}", {"phoneNumber": "+1 2065555553"}).status == 204
    assert graph.get(f"{METHODS}/phoneMethods")["value"][0]["phoneNumber"] == "+1 2065555553"
    types = [item["@odata.type"].rpartition(".")[2] for item in graph.get(f"{METHODS}/methods")["value"]]
    assert types == ["passwordAuthenticationMethod", "phoneAuthenticationMethod"]
    assert graph.get(f"{METHODS}/methods/{MOBILE}")["phoneType"] == "mobile"
    assert graph.call("DELETE", f"{METHODS}/phoneMethods/{MOBILE}").status == 204
    assert error(graph.call("GET", f"{METHODS}/phoneMethods/{MOBILE}"))[0] == 404
    assert kinds(tenant) == [
        "Admin registered security info", "Admin updated security info", "Admin updated security info",
        "Admin deleted security info",
    ]  # fmt: skip


@pytest.mark.parametrize("body", [
    {}, {"phoneType": "mobile"}, {"phoneNumber": "123", "phoneType": "mobile"}, {**PHONE, "phoneType": "fax"},
    {**PHONE, "phoneType": "alternateMobile"}, {**PHONE, "smsSignInState": "ready"}, {**PHONE, "nope": 1},
])  # fmt: skip
def test_a_bad_phone_is_refused(graph, body):
    assert error(graph.call("POST", f"{METHODS}/phoneMethods", body))[0] == 400


def test_signing_in_by_text_message(tenant, graph):
    graph.post(f"{METHODS}/phoneMethods", PHONE)
    enable = f"{METHODS}/phoneMethods/{MOBILE}/enableSmsSignIn"
    assert error(graph.call("POST", enable, {}))[0] == 400
    configure(
        graph,
        "Sms",
        state="enabled",
        includeTargets=[{"targetType": "group", "id": "all_users", "isUsableForSignIn": True}],
    )
    assert graph.get(f"{METHODS}/phoneMethods/{MOBILE}")["smsSignInState"] == "notEnabled"
    assert graph.call("POST", enable, {}).status == 204
    assert graph.get(f"{METHODS}/phoneMethods/{MOBILE}")["smsSignInState"] == "ready"
    graph.post(f"/users/{ADMIN}/authentication/phoneMethods", PHONE)
    taken = graph.call("POST", f"/users/{ADMIN}/authentication/phoneMethods/{MOBILE}/enableSmsSignIn", {})
    assert "phoneNumberNotUnique" in error(taken)[2]
    assert graph.call("POST", f"{METHODS}/phoneMethods/{MOBILE}/disableSmsSignIn", {}).status == 204


def test_mail(graph):
    made = graph.post(f"{METHODS}/emailMethods", {"emailAddress": "dana@home.example"})
    assert graph.call("PATCH", f"{METHODS}/emailMethods/{made['id']}", {"emailAddress": "d@home.example"}).status == 204
    assert graph.get(f"{METHODS}/emailMethods/{made['id']}")["emailAddress"] == "d@home.example"
    assert error(graph.call("POST", f"{METHODS}/emailMethods", {"emailAddress": "nope"}))[0] == 400
    assert graph.call("DELETE", f"{METHODS}/emailMethods/{made['id']}").status == 204


def test_a_temporary_access_pass_is_shown_once_and_ends(tenant, graph):
    path = f"{METHODS}/temporaryAccessPassMethods"
    made = graph.post(path, {"lifetimeInMinutes": 60, "isUsableOnce": False})
    text = made["temporaryAccessPass"]
    assert len(text) == 8
    shown = graph.get(f"{path}/{made['id']}")
    assert (shown["temporaryAccessPass"], shown["isUsable"], shown["methodUsabilityReason"]) == (
        None,
        True,
        "EnabledByPolicy",
    )
    store, now = tenant.services[0].store, tenant.clock.now()
    assert authentication_methods.pass_ok(store, DANA, text, now)["_id"] == made["id"]
    assert authentication_methods.pass_ok(store, DANA, "other", now) is None
    assert error(graph.call("POST", path, {}))[0] == 400
    assert error(graph.call("POST", path, {"lifetimeInMinutes": 5}))[0] == 400
    tenant.clock.advance(hours=2)
    later = app_client(tenant)
    assert later.get(f"{path}/{made['id']}")["methodUsabilityReason"] == "Expired"
    assert authentication_methods.pass_ok(store, DANA, text, tenant.clock.now()) is None
    configure(later, "TemporaryAccessPass", state="disabled")
    assert later.get(f"{path}/{made['id']}")["methodUsabilityReason"] == "DisabledByPolicy"
    assert error(later.call("POST", path, {}))[0] == 400


def test_resetting_a_password_is_for_signed_in_administrators(tenant, graph):
    lab = graph.get("/users?$filter=userPrincipalName eq 'lab@acme-labs.example'")["value"][0]["id"]
    path = f"/users/{lab}/authentication/methods/{PASSWORD}/resetPassword"
    assert error(graph.call("POST", path, {}))[:2] == (403, "accessDenied")
    admin = person_client(tenant, ADMIN, "UserAuthenticationMethod.ReadWrite.All")
    answer = admin.call("POST", path, {})
    assert answer.status == 202
    assert admin.get(answer.header("location").partition("/v1.0")[2])["status"] == "succeeded"
    assert admin.call("POST", path, {"newPassword": "Correct-Horse-9"}).status == 202
    assert error(admin.call("POST", path, {"newPassword": "weak"}))[0] == 400
    federated = f"{METHODS}/methods/{PASSWORD}/resetPassword"
    assert error(admin.call("POST", federated, {"newPassword": "Correct-Horse-9"}))[2].startswith(
        "The password of a federated"
    )
    assert error(admin.call("POST", f"{METHODS}/methods/{MOBILE}/resetPassword", {}))[0] == 404


def test_ones_own_methods_and_others(tenant):
    own = person_client(tenant, DANA, "UserAuthenticationMethod.ReadWrite")
    assert own.call("POST", "/me/authentication/phoneMethods", PHONE).status == 201
    assert own.get("/me/authentication/phoneMethods")["value"]
    assert error(own.call("GET", f"/users/{ADMIN}/authentication/methods"))[0] == 403
    wide = person_client(tenant, DANA, "UserAuthenticationMethod.ReadWrite.All")
    assert error(wide.call("GET", f"/users/{ADMIN}/authentication/methods"))[0] == 403
    admin = person_client(tenant, ADMIN, "UserAuthenticationMethod.ReadWrite.All")
    assert admin.call("GET", f"{METHODS}/methods").status == 200
    assert kinds(tenant)[-1] == "User registered security info"


def test_the_policy(graph):
    found = graph.get(POLICY)
    assert [item["id"] for item in found["authenticationMethodConfigurations"]][:2] == [
        "Fido2",
        "MicrosoftAuthenticator",
    ]
    assert not any(key.startswith("_") for key in found)
    campaign = {"snoozeDurationInDays": 3, "state": "enabled"}
    answer = graph.call(
        "PATCH", POLICY, {"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": campaign}}
    )
    assert answer.status == 200
    kept = graph.get(POLICY)["registrationEnforcement"]["authenticationMethodsRegistrationCampaign"]
    assert (kept["snoozeDurationInDays"], kept["state"], len(kept["includeTargets"])) == (3, "enabled", 1)
    campaign["snoozeDurationInDays"] = 15
    refused = {"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": campaign}}
    assert error(graph.call("PATCH", POLICY, refused))[0] == 400
    one = f"{POLICY}/authenticationMethodConfigurations/fido2"
    assert graph.get(one)["keyRestrictions"]["isEnforced"] is False
    assert (
        error(graph.call("PATCH", one, {"@odata.type": "#microsoft.graph.smsAuthenticationMethodConfiguration"}))[0]
        == 400
    )
    assert error(graph.call("PATCH", one, {"state": "perhaps"}))[0] == 400
    assert error(graph.call("GET", f"{POLICY}/authenticationMethodConfigurations/magic"))[0] == 404
    assert len(graph.get(f"{POLICY}/authenticationMethodConfigurations")["value"]) == 8
    short = {"defaultLifetimeInMinutes": 5}
    assert (
        error(graph.call("PATCH", f"{POLICY}/authenticationMethodConfigurations/TemporaryAccessPass", short))[0] == 400
    )


def test_a_method_can_be_for_a_group(tenant, graph):
    store = tenant.services[0].store
    sales = graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]
    assert not authentication_methods_policy.allows(store, "Voice", DANA)
    configure(graph, "Voice", state="enabled", includeTargets=[{"targetType": "group", "id": sales}])
    assert authentication_methods_policy.allows(store, "Voice", DANA)
    assert not authentication_methods_policy.allows(store, "Voice", ADMIN)
    configure(graph, "Voice", excludeTargets=[{"targetType": "group", "id": sales}])
    assert not authentication_methods_policy.allows(store, "Voice", DANA)


def test_who_has_registered_what():
    users = [
        {"id": DANA, "userPrincipalName": "dana@acme-labs.example", "displayName": "Dana", "methods": [
            {"type": "authenticator"}, {"type": "email", "emailAddress": "d@home.example"}]},
        {"userPrincipalName": "bo@acme-labs.example", "displayName": "Bo", "methods": [{"type": "email", "emailAddress": "b@home.example"}]},
    ]  # fmt: skip
    path = "/reports/authenticationMethods/userRegistrationDetails"
    with world(users=users, groups=[], self_service_password_reset="all") as made:
        graph = app_client(made)
        rows = {row["userDisplayName"]: row for row in graph.get(path)["value"]}
        assert rows["Dana"]["methodsRegistered"] == ["microsoftAuthenticatorPush", "softwareOneTimePasscode", "email"]
        assert (rows["Dana"]["isMfaRegistered"], rows["Bo"]["isMfaRegistered"]) == (True, False)
        assert (rows["Bo"]["isSsprRegistered"], rows["Bo"]["isSsprCapable"]) == (True, True)
        assert [row["id"] for row in graph.get(f"{path}?$filter=isMfaRegistered eq true")["value"]] == [DANA]
        assert graph.get(f"{path}/{DANA}")["userPreferredMethodForSecondaryAuthentication"] == "push"
        assert error(graph.call("GET", f"{path}/{ADMIN}"))[0] == 404
        arguments = "(includedUserTypes='all',includedUserRoles='all')"
        counts = graph.get(f"/reports/authenticationMethods/usersRegisteredByMethod{arguments}")
        assert {"authenticationMethod": "email", "userCount": 2} in counts["userRegistrationMethodCounts"]
        features = graph.get(f"/reports/authenticationMethods/usersRegisteredByFeature{arguments}")
        assert features["totalUserCount"] == 2
        assert {"feature": "mfaCapable", "userCount": 1} in features["userRegistrationFeatureCounts"]
        wrong = "/reports/authenticationMethods/usersRegisteredByMethod(includedUserTypes='x',includedUserRoles='all')"
        assert error(graph.call("GET", wrong))[0] == 400
        assert authentication_methods.has_mfa(made.services[0].store, DANA)


def test_the_report_needs_p1_a_permission_and_a_role(tenant):
    path = "/reports/authenticationMethods/userRegistrationDetails"
    refused = error(app_client(tenant, "User.Read.All").call("GET", path))
    assert refused[1:] == (
        "Authentication_MSGraphPermissionMissing",
        "Calling principal does not have required MSGraph permissions AuditLog.Read.All",
    )
    assert error(person_client(tenant, DANA, "AuditLog.Read.All").call("GET", path))[0] == 403
    with world(skus=[], users=[], groups=[]) as bare:
        assert error(app_client(bare).call("GET", path))[1] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


def test_per_user_mfa(tenant, graph):
    path = f"https://graph.microsoft.com/beta/users/{DANA}/authentication/requirements"
    admin = person_client(tenant, ADMIN, "Policy.ReadWrite.AuthenticationMethod").http
    assert admin.request("GET", path).text().count('"disabled"') == 1
    assert admin.request("PATCH", path, json={"perUserMfaState": "enforced"}).status == 204
    assert per_user_mfa.mfa_state(tenant.services[0].store, DANA) == "enforced"
    assert admin.request("PATCH", path, json={"perUserMfaState": "maybe"}).status == 400
    assert kinds(tenant) == ["Enable Strong Authentication"]
