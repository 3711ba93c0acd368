"""Feature rows of governance, workflows and logs, one test each (F-86 to F-92), and what refuses around them."""

from typing import Any

import orjson
import pytest

from emulator.kernel.doc import Doc
from emulator.scenario.stage import of_world
from emulator.serving.clients import ApiClient
from emulator.wire.agents import Visit, sign_in
from emulator.wire.client import Http
from tests.office365.worlds import ADMIN, MAIL_CLIENT, PASSWORD, Estate

DANA, SAM, ADA = "dana@acme.example", "sam@acme.example", "ada@acme.example"
REQUESTS = "/api/internal/v1/access-requests"
CONNECTIONS = "/api/internal/v1/workflows/connections"
GOVERNANCE = "/governance/api/v1"


def own(estate: Estate, login: str) -> ApiClient:
    """The org as that person."""
    return of_world(estate.world).with_session(login, PASSWORD)


def user_id(estate: Estate, login: str) -> str:
    return str(estate.okta.get(f"/api/v1/users/{login}")["id"])


def self_service(estate: Estate, *steps: Doc) -> Any:
    body = {"enabled": True, "note": "", "steps": list(steps)}
    return estate.okta.call("PUT", f"/api/internal/v1/apps/{estate.app}/self-service", body)


def step(approver: str, **attributes: str) -> Doc:
    return {"approvers": [{"type": "USER", "id": approver}], "attributes": attributes}


# -- requests -----------------------------------------------------------------------------------------------------


def test_F_86_a_request_is_approved_with_licences(ready: Estate) -> None:
    assert self_service(ready).status == 400
    sam, dana = own(ready, SAM), own(ready, DANA)
    assert sam.call("POST", REQUESTS, {"appId": ready.app}).status == 403
    assert self_service(ready, step(user_id(ready, DANA), licenses="WRITE", roles="READ")).status == 200
    assert ready.okta.get(f"/api/v1/apps/{ready.app}")["accessibility"]["selfService"] is True
    made = sam.post(REQUESTS, {"appId": ready.app, "note": "I need mail"})
    assert (made["status"], made["step"]["number"], made["requester"]["login"]) == ("PENDING", 1, SAM)
    assert sam.call("POST", REQUESTS, {"appId": ready.app}).status == 400
    at = f"{REQUESTS}/{made['id']}"
    assert dana.get(at)["attributes"] == {
        "licenses": {"access": "WRITE", "value": None}, "roles": {"access": "READ", "value": None},
    }  # fmt: skip
    assert [item["id"] for item in dana.get(REQUESTS + "?status=PENDING")] == [made["id"]]
    assert sam.call("POST", at + "/approve", {}).status == 403
    assert dana.call("POST", at + "/approve", {"profile": {"roles": ["User Administrator"]}}).status == 403
    assert dana.call("POST", at + "/approve", {"profile": {"licenses": ["NONE"]}}).status == 400
    done = dana.post(at + "/approve", {"profile": {"licenses": ["SPB"]}, "note": "fine"})
    assert (done["status"], done["decisions"][0]["by"]) == ("APPROVED", user_id(ready, DANA))
    ready.world.sync()
    assert ready.skus(SAM) == ["SPB"]
    told = [row["eventType"] for row in ready.okta.get('/api/v1/logs?filter=eventType sw "app.access_request"')]
    assert told == [f"app.access_request.{name}" for name in ("request", "approver.approve", "grant")]


def test_a_request_that_is_approved_without_licences_gives_an_account_without(ready: Estate) -> None:
    self_service(ready, step(user_id(ready, DANA)))
    made = own(ready, SAM).post(REQUESTS, {"appId": ready.app})
    dana = own(ready, DANA)
    answer = dana.call("POST", f"{REQUESTS}/{made['id']}/approve", {"profile": {"licenses": ["SPB"]}})
    assert answer.status == 403
    dana.post(f"{REQUESTS}/{made['id']}/approve")
    ready.world.sync()
    assert ready.skus(SAM) == [] and ready.microsoft(SAM)["accountEnabled"]


def test_a_chain_of_approvals_ends_with_the_last_yes_or_the_first_no(ready: Estate) -> None:
    sales = ready.okta.get("/api/v1/groups?q=Sales")[0]["id"]
    second = {"approvers": [{"type": "GROUP", "id": sales}], "attributes": {"licenses": "WRITE"}}
    assert self_service(ready, *[step(ADMIN)] * 11).status == 400
    self_service(ready, step(user_id(ready, SAM)), second)
    made = ready.okta.post(REQUESTS, {"appId": ready.app, "requesterId": user_id(ready, ADA)})
    at, sam, dana = f"{REQUESTS}/{made['id']}", own(ready, SAM), own(ready, DANA)
    assert dana.call("POST", at + "/approve").status == 403
    assert sam.post(at + "/approve")["status"] == "PENDING"
    assert dana.post(at + "/approve", {"profile": {"licenses": ["SPB"]}})["status"] == "APPROVED"
    assert ready.okta.call("POST", at + "/deny").status == 400
    own_request = sam.post(REQUESTS, {"appId": ready.app})
    assert sam.post(f"{REQUESTS}/{own_request['id']}/deny", {"note": "no"})["status"] == "DENIED"
    other = sam.post(REQUESTS, {"appId": ready.app})
    assert dana.call("DELETE", f"{REQUESTS}/{other['id']}").status == 403
    assert sam.call("DELETE", f"{REQUESTS}/{other['id']}").status == 204
    assert sam.get(f"{REQUESTS}/{other['id']}")["status"] == "CANCELLED"
    assert own(ready, ADA).call("GET", f"{REQUESTS}/{other['id']}").status == 404
    assert dana.call("POST", REQUESTS, {"appId": ready.app, "requesterId": user_id(ready, SAM)}).status == 403
    shown = ready.okta.get(f"/api/internal/v1/apps/{ready.app}/self-service")
    assert [len(item["approvers"]) for item in shown["steps"]] == [1, 1]


@pytest.mark.parametrize("body", [
    {}, {"enabled": "yes"}, {"enabled": True, "steps": [{"approvers": []}]},
    {"enabled": True, "steps": [{"approvers": [{"type": "USER", "id": "00unobody"}]}]},
    {"enabled": True, "steps": [{"approvers": [{"type": "USER", "id": ADMIN}], "attributes": {"nothing": "READ"}}]},
    {"enabled": True, "steps": [{"approvers": [{"type": "USER", "id": ADMIN}], "attributes": {"roles": "MAYBE"}}]},
    {"enabled": True, "steps": [{"approvers": [{"type": "USER", "id": ADMIN}], "attributes": []}]},
])  # fmt: skip
def test_self_service_settings_that_are_refused(ready: Estate, body: Doc) -> None:
    assert ready.okta.call("PUT", f"/api/internal/v1/apps/{ready.app}/self-service", body).status == 400


# -- entitlements -------------------------------------------------------------------------------------------------


def entitlement(estate: Estate, name: str) -> Doc:
    query = f'parent.externalId eq "{estate.app}" AND parent.type eq "APPLICATION"'
    rows = estate.okta.get(f"{GOVERNANCE}/entitlements?filter={query.replace(' ', '%20')}")["data"]
    return next(row for row in rows if row["externalValue"] == name)


def chosen(row: Doc, *names: str) -> Doc:
    return {"id": row["id"], "values": [{"id": item["id"]} for item in row["values"] if item["externalValue"] in names]}


def grant(estate: Estate, login: str, **more: Any) -> Doc:
    target = {"externalId": estate.app, "type": "APPLICATION"}
    principal = {"externalId": user_id(estate, login), "type": "OKTA_USER"}
    found: Doc = estate.okta.post(f"{GOVERNANCE}/grants", {"targetPrincipal": principal, "target": target, **more})
    return found


def enabled(estate: Estate) -> Estate:
    found = estate.okta.put(f"{GOVERNANCE}/entitlement-settings/{estate.app}", {"enabled": True})
    assert (found["enabled"], found["status"]) == (True, "ENABLED")
    return estate


def test_F_87_a_licence_comes_through_an_entitlement(ready: Estate) -> None:
    ready.assign(DANA, licenses=["SPB"])
    assert ready.okta.call("POST", f"{GOVERNANCE}/entitlements", {
        "name": "Tier", "externalValue": "tier", "dataType": "string",
        "parent": {"externalId": ready.app, "type": "APPLICATION"},
    }).status == 400  # fmt: skip
    enabled(ready)
    assert ready.okta.get(f"/api/v1/apps/{ready.app}")["settings"]["emOptInStatus"] == "ENABLED"
    licences = entitlement(ready, "licenses")
    made = grant(ready, SAM, grantType="CUSTOM", entitlements=[chosen(licences, "ENTERPRISEPACK")])
    assert (made["status"], made["entitlements"][0]["values"][0]["name"]) == ("ACTIVE", "ENTERPRISEPACK")
    ready.world.sync()
    assert (ready.skus(SAM), ready.skus(DANA)) == (["ENTERPRISEPACK"], ["SPB"])
    refused = ready.okta.call(
        "POST", f"/api/v1/apps/{ready.app}/users/{user_id(ready, SAM)}", {"profile": {"licenses": ["SPB"]}}
    )
    assert refused.status == 400 and "managed by entitlements" in refused.text()
    query = (
        f'parent.externalId eq "{ready.app}" AND parent.type eq "APPLICATION" AND '
        f'targetPrincipal.externalId eq "{user_id(ready, SAM)}" AND targetPrincipal.type eq "OKTA_USER"'
    )
    [mine] = ready.okta.get(f"{GOVERNANCE}/principal-entitlements?filter={query.replace(' ', '%20')}")["data"]
    assert [value["externalValue"] for value in mine["values"]] == ["ENTERPRISEPACK"]
    orn = f"orn:okta:governance:00oacme000000000000x:entitlement-values:{mine['values'][0]['id']}"
    who = f"orn:okta:directory:00oacme000000000000x:users:{user_id(ready, SAM)}"
    ready.okta.post("/governance/api/v2/revoke-principal-access", {"principalOrn": who, "revokeOrns": [orn]})
    ready.world.sync()
    assert ready.skus(SAM) == []


def test_bundles_add_to_what_people_have(ready: Estate) -> None:
    enabled(ready)
    licences = entitlement(ready, "licenses")
    target = {"externalId": ready.app, "type": "APPLICATION"}
    body = {"name": "Power", "target": target, "entitlements": [chosen(licences, "FLOW_FREE")]}
    bundle = ready.okta.post(f"{GOVERNANCE}/entitlement-bundles", body)
    assert set(bundle["entitlements"][0]) == {"id", "values"} and bundle["status"] == "ACTIVE"
    full = ready.okta.get(f"{GOVERNANCE}/entitlement-bundles/{bundle['id']}")["entitlements"][0]
    assert (full["externalValue"], full["values"][0]["externalValue"]) == ("licenses", "FLOW_FREE")
    assert ready.okta.get(f"{GOVERNANCE}/entitlement-bundles")["data"][0]["id"] == bundle["id"]
    grant(ready, SAM, grantType="CUSTOM", entitlements=[chosen(licences, "SPB")])
    grant(ready, SAM, grantType="ENTITLEMENT-BUNDLE", entitlementBundleId=bundle["id"])
    ready.world.sync()
    assert ready.skus(SAM) == ["FLOW_FREE", "SPB"]
    assert ready.okta.call("DELETE", f"{GOVERNANCE}/entitlement-bundles/{bundle['id']}").status == 204
    ready.world.sync()
    assert ready.skus(SAM) == ["SPB"]
    listed = ready.okta.get(f'{GOVERNANCE}/grants?filter=target.externalId%20eq%20"{ready.app}"')["data"]
    assert sorted(row["grantType"] for row in listed) == ["CUSTOM", "ENTITLEMENT-BUNDLE"]
    assert ready.okta.get(f"{GOVERNANCE}/grants/{listed[0]['id']}")["id"] == listed[0]["id"]
    who = f"orn:okta:directory:00oacme000000000000x:users:{user_id(ready, SAM)}"
    app = f"orn:okta:idp:00oacme000000000000x:apps:office365:{ready.app}"
    ready.okta.post("/governance/api/v2/revoke-principal-access", {"principalOrn": who, "revokeOrns": [app]})
    assert ready.okta.call("GET", f"/api/v1/apps/{ready.app}/users/{user_id(ready, SAM)}").status == 404


def test_entitlements_as_recorded(ready: Estate) -> None:
    enabled(ready)
    body = {
        "dataType": "array", "description": "Some license entitlement", "externalValue": "bundle", "multiValue": True,
        "name": "Entitlement Bundle", "parent": {"externalId": ready.app, "type": "APPLICATION"},
        "values": [{"description": "one", "externalValue": "value_1", "name": "value1"}],
    }  # fmt: skip
    answer = ready.okta.call("POST", f"{GOVERNANCE}/entitlements", body)
    made = orjson.loads(answer.body)
    assert answer.status == 201 and made["id"].startswith("esp") and made["values"][0]["id"].startswith("ent")
    assert set(made) == {
        "parentResourceOrn", "parent", "values", "_links", "metadata", "id", "name", "externalValue", "description",
        "multiValue", "required", "dataType",
    }  # fmt: skip
    assert ready.okta.get(f"{GOVERNANCE}/entitlements/{made['id']}") == made
    assert ready.okta.call("POST", f"{GOVERNANCE}/entitlements", body).status == 400
    changed = ready.okta.put(f"{GOVERNANCE}/entitlements/{made['id']}", {**body, "name": "Other", "values": []})
    assert (changed["name"], changed["metadata"]) == ("Other", {"total": 0})
    assert ready.okta.call("DELETE", f"{GOVERNANCE}/entitlements/{made['id']}").status == 204
    assert ready.okta.call("GET", f"{GOVERNANCE}/entitlements/{made['id']}").status == 404
    assert ready.okta.call("GET", f"{GOVERNANCE}/entitlements").status == 400
    assert ready.okta.call("GET", f'{GOVERNANCE}/entitlements?filter=name%20co%20"x"').status == 400
    assert ready.okta.put(f"{GOVERNANCE}/entitlement-settings/{ready.app}", {"enabled": False})["status"] == "NONE"
    assert ready.okta.get(f"{GOVERNANCE}/entitlement-settings/{ready.app}")["enabled"] is False


def test_F_88_a_joiner_flow_makes_raw_graph_calls_as_its_connection(ready: Estate) -> None:
    made = connect(ready, ready.okta, "admin@acme.onmicrosoft.com", "everybody")
    body = {"method": "GET", "path": "/v1.0/me?$select=userPrincipalName"}
    found = ready.okta.post(f"{CONNECTIONS}/{made['id']}/action", body)
    assert found["statusCode"] == 200 and found["body"]["userPrincipalName"] == "admin@acme.onmicrosoft.com"
    mail = {"subject": "Welcome", "toRecipients": [{"emailAddress": {"address": "admin@acme.onmicrosoft.com"}}]}
    sent = ready.okta.post(
        f"{CONNECTIONS}/{made['id']}/action", {"method": "POST", "path": "/v1.0/groups", "body": mail}
    )
    assert sent["statusCode"] == 403
    assert ready.okta.call("POST", f"{CONNECTIONS}/{made['id']}/action", {"method": "GET", "path": "/x"}).status == 400


# -- connections --------------------------------------------------------------------------------------------------


def connect(estate: Estate, client: ApiClient, upn: str, consent: str, *, password: str = "Correct-Horse-1") -> Doc:
    prompt = {"prompt": "consent"} if consent == "everybody" else {}
    made = client.post(CONNECTIONS, {"connector": "office365mail", "nickname": "mail", **prompt})
    assert made["status"] == "PENDING"
    sign_at(estate, made["authorizeUrl"], upn, consent, password=password)
    found: Doc = client.get(f"{CONNECTIONS}/{made['id']}")
    return found


def sign_at(estate: Estate, url: str, upn: str, consent: str, *, password: str = "Correct-Horse-1") -> Any:
    lab = estate.world.spec.lab | {
        "entra": {**estate.world.spec.lab["entra"], "redirect_uri": "http://nowhere.invalid"}
    }
    lab["entra"]["public_client_id"] = MAIL_CLIENT
    return sign_in("browser", Visit(estate.world.transport, lab, upn, password=password, start=url, consent=consent))


def grants_of(estate: Estate) -> list[Doc]:
    sp = estate.entra.get(f"/servicePrincipals?$filter=appId eq '{MAIL_CLIENT}'")["value"]
    if not sp:
        return []
    found: list[Doc] = estate.entra.get(f"/servicePrincipals/{sp[0]['id']}/oauth2PermissionGrants")["value"]
    return found


def cloud_user(estate: Estate, name: str) -> str:
    upn = f"{name}@acme.onmicrosoft.com"
    estate.entra.post("/users", {
        "accountEnabled": True, "displayName": name, "mailNickname": name, "userPrincipalName": upn,
        "usageLocation": "NL", "passwordProfile": {"password": "Correct-Horse-1",
                                                   "forceChangePasswordNextSignIn": False},
    })  # fmt: skip
    return upn


def test_F_89_a_connection_is_made_by_a_person_who_consents_for_themselves(ready: Estate) -> None:
    kim = cloud_user(ready, "kim")
    assert grants_of(ready) == []
    made = connect(ready, own(ready, SAM), kim, "accept")
    assert (made["status"], made["account"], made["error"]) == ("AUTHORIZED", kim, None)
    [granted] = grants_of(ready)
    assert granted["consentType"] == "Principal" and "Mail.Send" in granted["scope"]
    assert own(ready, DANA).get(CONNECTIONS) == []
    assert [row["nickname"] for row in ready.okta.get(CONNECTIONS)] == ["mail"]
    assert own(ready, DANA).call("GET", f"{CONNECTIONS}/{made['id']}").status == 404
    again = own(ready, SAM).post(f"{CONNECTIONS}/{made['id']}/reauthorize")
    assert again["status"] == "AUTHORIZED" and "authorizeUrl" in again
    sign_at(ready, again["authorizeUrl"], kim, "decline")
    ready.world.clock.advance(hours=2)
    body = {"method": "GET", "path": "/v1.0/me"}
    sam = own(ready, SAM)
    assert sam.post(f"{CONNECTIONS}/{made['id']}/action", body)["statusCode"] == 200
    kim_id = ready.entra.get(f"/users/{kim}")["id"]
    ready.world.clock.advance(minutes=5)
    ready.entra.post(f"/users/{kim_id}/revokeSignInSessions")
    assert sam.post(f"{CONNECTIONS}/{made['id']}/action", body)["statusCode"] == 200
    ready.world.clock.advance(hours=2)
    assert own(ready, SAM).call("POST", f"{CONNECTIONS}/{made['id']}/action", body).status == 400
    assert "AADSTS" in ready.okta.get(f"{CONNECTIONS}/{made['id']}")["error"]
    assert ready.okta.call("DELETE", f"{CONNECTIONS}/{made['id']}").status == 204


def test_F_90_a_tenant_wide_consent_lets_everybody_connect(ready: Estate) -> None:
    kim = cloud_user(ready, "kim")
    policy = {"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": []}}
    ready.entra.patch("/policies/authorizationPolicy", policy)
    stopped = own(ready, SAM).post(CONNECTIONS, {"connector": "office365mail", "nickname": "mine"})
    outcome = sign_at(ready, stopped["authorizeUrl"], kim, "accept")
    assert outcome.code == "AADSTS90094"
    connect(ready, ready.okta, "admin@acme.onmicrosoft.com", "accept")
    assert sign_at(ready, stopped["authorizeUrl"], kim, "accept").code == "AADSTS90094"
    connect(ready, ready.okta, "admin@acme.onmicrosoft.com", "everybody")
    assert "AllPrincipals" in [row["consentType"] for row in grants_of(ready)]
    sign_at(ready, stopped["authorizeUrl"], kim, "")
    assert own(ready, SAM).get(f"{CONNECTIONS}/{stopped['id']}")["status"] == "AUTHORIZED"


@pytest.mark.parametrize("query", ["", "?state=unknown&code=x"])
def test_a_return_that_nobody_waits_for_is_refused(ready: Estate, query: str) -> None:
    assert ready.okta.call("GET", f"{CONNECTIONS}/callback{query}").status == 400


# -- logs and logout ----------------------------------------------------------------------------------------------


def test_F_91_the_log_is_asked_by_type_actor_and_target_and_leads_to_microsofts(ready: Estate) -> None:
    ready.assign(DANA)
    ready.assign(SAM, licenses=["SPB"])
    ready.world.sync()
    pushed = ready.okta.get('/api/v1/logs?filter=eventType eq "application.provision.user.push"')
    assert {row["outcome"]["result"] for row in pushed} == {"SUCCESS"} and len(pushed) == 2
    by_target = ready.okta.get(f'/api/v1/logs?filter=target.id eq "{user_id(ready, SAM)}"')
    assert {row["eventType"] for row in by_target} >= {"application.provision.user.push"}
    by_actor = ready.okta.get(
        f'/api/v1/logs?filter=actor.id eq "{ADMIN}" and eventType sw "application.user_membership"'
    )
    assert [row["eventType"] for row in by_actor] == ["application.user_membership.add"] * 2
    ids = {row["debugContext"]["debugData"].get("clientRequestId") for row in pushed}
    audits = ready.entra.get("/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Add user'")["value"]
    assert ids <= {row["correlationId"] for row in audits}


def tokens(estate: Estate, upn: str) -> Doc:
    return estate.ropc(upn, "Correct-Horse-1")


def test_F_92_universal_logout_ends_refresh_tokens_and_leaves_access_tokens(ready: Estate) -> None:
    put = f"/api/internal/v1/apps/{ready.app}/universal-logout"
    assert ready.okta.get(put)["status"] == "DISABLED"
    ready.assign(SAM)
    ready.world.sync()
    account = ready.microsoft(SAM)
    assert ready.okta.post(f"/api/internal/v1/users/{user_id(ready, SAM)}/universal-logout")["apps"] == []
    assert ready.okta.put(put, {"enabled": True}) == {
        "status": "ENABLED", "supportType": "PARTIAL", "identityStack": "SHARED", "protocol": "PROPRIETARY",
    }  # fmt: skip
    before = ready.entra.get(f"/users/{account['id']}?$select=signInSessionsValidFromDateTime")
    ready.world.clock.advance(minutes=5)
    session = own(ready, SAM)
    told = ready.okta.post(f"/api/internal/v1/users/{user_id(ready, SAM)}/universal-logout")["apps"]
    assert [(item["id"], item["supportType"]) for item in told] == [(ready.app, "PARTIAL")]
    assert session.call("GET", "/api/v1/users/me").status in (401, 403)
    ready.world.sync()
    after = ready.entra.get(f"/users/{account['id']}?$select=signInSessionsValidFromDateTime")
    assert after["signInSessionsValidFromDateTime"] > before["signInSessionsValidFromDateTime"]
    rows = ready.okta.get('/api/v1/logs?filter=eventType sw "user.authentication.universal_logout"')
    assert [row["eventType"].rpartition(".")[2] for row in rows] == ["scheduled", "universal_logout"]
    ready.world.sync()


def test_a_rule_for_high_risk_logs_out_everywhere(ready: Estate) -> None:
    ready.okta.put(f"/api/internal/v1/apps/{ready.app}/universal-logout", {"enabled": True})
    ready.assign(SAM)
    ready.world.sync()
    [policy] = ready.okta.get("/api/v1/policies?type=ENTITY_RISK")
    rule = {
        "name": "High", "type": "ENTITY_RISK", "conditions": {"entityRisk": {"level": "HIGH"}},
        "actions": {"entityRisk": {"actions": [{"action": "TERMINATE_ALL_SESSIONS"}]}},
    }  # fmt: skip
    ready.okta.post(f"/api/v1/policies/{policy['id']}/rules", rule)
    risk = f"/api/v1/users/{user_id(ready, SAM)}/risk"
    query = '/api/v1/logs?filter=eventType sw "user.authentication.universal_logout"'
    ready.okta.put(risk, {"riskLevel": "LOW"})
    assert ready.okta.get(query) == []
    ready.okta.put(risk, {"riskLevel": "HIGH"})
    ready.world.sync()
    assert len(ready.okta.get(query)) == 2


def test_universal_logout_is_refused_where_it_is_not_supported(ready: Estate) -> None:
    made = ready.okta.post("/api/v1/apps", {
        "name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
        "settings": {"app": {"requestIntegration": False, "url": "https://wiki.example"}},
    })  # fmt: skip
    at = f"/api/internal/v1/apps/{made['id']}/universal-logout"
    assert ready.okta.get(at) == {"status": "UNSUPPORTED"}
    assert ready.okta.call("PUT", at, {"enabled": True}).status == 400
    assert ready.okta.call("PUT", f"{GOVERNANCE}/entitlement-settings/{made['id']}", {"enabled": True}).status == 400
    assert Http(ready.world.transport).request("GET", f"https://acme.okta.com{at}").status == 401


def test_an_openid_app_has_entitlements_too(ready: Estate) -> None:
    app = ready.okta.post("/api/v1/apps", {
        "name": "oidc_client", "label": "Ledger", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {
            "response_types": ["code"], "grant_types": ["authorization_code"], "application_type": "web",
            "redirect_uris": ["https://ledger.example/cb"],
        }},
    })  # fmt: skip
    assert ready.okta.put(f"{GOVERNANCE}/entitlement-settings/{app['id']}", {"enabled": True})["status"] == "ENABLED"
    answer = ready.okta.call("POST", f"{GOVERNANCE}/entitlements", {
        "name": "Role", "externalValue": "role", "dataType": "string", "multiValue": False,
        "parent": {"externalId": app["id"], "type": "APPLICATION"},
        "values": [{"name": "Clerk", "externalValue": "clerk"}],
    })  # fmt: skip
    at = orjson.loads(answer.body)["_links"]["self"]["href"]
    assert (answer.status, answer.header("location"), answer.header("link")) == (201, at, f'<{at}>; rel="self"')
