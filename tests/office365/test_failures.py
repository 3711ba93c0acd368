"""The failure rows that are the connector's: state only, then the documented symptom, then the fix."""

import pytest

from emulator import World
from emulator.serving.pump import connector_of
from tests.office365.test_features_federation import credentials, kind_of
from tests.office365.test_features_provisioning import _cloud_user, account
from tests.office365.worlds import E3, Estate, spec

DANA, SAM = "dana@acme.example", "sam@acme.example"
TAKEN = "Another object with the same value for property"


def message(estate: Estate) -> str:
    [task] = estate.tasks()
    return str(task["message"])


def stored(estate: Estate, **given: object) -> None:
    """Provisioning with a stored administrator."""
    credentials(estate, **given)
    connection = f"/api/v1/apps/{estate.app}/connections/default"
    estate.okta.post(connection, {"profile": {"authScheme": "OAUTH2"}})
    estate.okta.post(connection + "/lifecycle/activate")
    on = {"status": "ENABLED"}
    body = {"create": {"lifecycleCreate": on}, "update": {"profile": on, "lifecycleDeactivate": on}}
    estate.okta.put(f"/api/v1/apps/{estate.app}/features/USER_PROVISIONING", body)


def test_S_11_a_renamed_login_deprovisions_and_collides_until_the_account_is_renamed(ready: Estate) -> None:
    ready.assign(DANA, licenses=["SPB"])
    ready.world.sync()
    id = account(ready, DANA)["id"]
    ready.profile(DANA, login="dana.lund@acme.example", email="dana.lund@acme.example")
    assert account(ready, id, "accountEnabled")["accountEnabled"] is False
    assert TAKEN in message(ready)
    ready.entra.patch(f"/users/{id}", {"userPrincipalName": "dana.lund@acme.example"})
    ready.retry()
    assert ready.tasks() == []
    assert account(ready, "dana.lund@acme.example", "accountEnabled") == account(ready, id, "accountEnabled")
    assert account(ready, id, "accountEnabled")["accountEnabled"] is True
    assert ready.skus(id) == ["SPB"]


def test_S_12_after_a_name_change_the_account_is_not_found_and_the_immutable_id_is_taken(ready: Estate) -> None:
    ready.change(office365ProvisioningType="UNIVERSAL_SYNC")
    ready.assign(DANA)
    ready.world.sync()
    id = account(ready, DANA)["id"]
    ready.profile(DANA, login="dana.lund@acme.example", email="dana.lund@acme.example", lastName="Lund")
    assert TAKEN + " onPremisesImmutableId" in message(ready)
    item = {"type": "user", "sourceAnchor": account(ready, id, "onPremisesImmutableId")["onPremisesImmutableId"],
            "attributes": {"userPrincipalName": "dana.lund@acme.example"}}  # fmt: skip
    ready.entra.http.request("POST", "/_lab/onpremises/sync", json={"objects": [item]})
    ready.retry()
    assert ready.tasks() == []
    assert account(ready, "dana.lund@acme.example", "surname")["surname"] == "Lund"
    assert ready.app_user("dana.lund@acme.example")["externalId"] == id


def test_S_13_S_14_default_and_unverified_domains(estate: Estate) -> None:
    found = estate.federate("acme.onmicrosoft.com")
    assert found["status"] == "FAILED" and kind_of(estate, "acme.onmicrosoft.com") == "Managed"
    estate.entra.patch("/domains/acme-labs.example", {"isDefault": True})
    assert estate.choose("acme.onmicrosoft.com")["status"] == "FAILED"  # initial, though no longer the default
    assert kind_of(estate, "acme.onmicrosoft.com") == "Managed"
    assert estate.choose("acme.example")["status"] == "SUCCESS"


def test_S_15_a_federated_domain_does_not_become_the_default(ready: Estate) -> None:
    assert ready.world.entra.call("PATCH", "/domains/acme.example", {"isDefault": True}).status == 400


@pytest.mark.parametrize("kind", ["USER_SYNC", "UNIVERSAL_SYNC"])
def test_S_16_another_synchronisation_makes_saving_fail(ready: Estate, kind: str) -> None:
    body = {"objects": [{"type": "user", "sourceAnchor": "YWRkY29ubmVjdA==", "attributes": {
        "userPrincipalName": "kim@acme.example", "displayName": "Kim of AD"}}]}  # fmt: skip
    ready.entra.http.request("POST", "/_lab/onpremises/sync", json=body)
    ready.change(office365ProvisioningType=kind)
    assert message(ready) == "UNEXPECTED_ERROR"
    settings = ready.okta.get(f"/api/v1/apps/{ready.app}")["settings"]["app"]
    assert settings["office365ProvisioningType"] == "PROFILE_SYNC"
    ready.change(office365ProvisioningType="LICENSE_ONLY")
    assert ready.okta.get(f"/api/v1/apps/{ready.app}")["settings"]["app"]["office365ProvisioningType"] == "LICENSE_ONLY"


def test_S_18_custom_extension_attributes_are_in_the_way(ready: Estate) -> None:
    for number in (1, 15):
        ready.attribute(f"extensionAttribute{number}")
    whole = ready.okta.get(f"/api/v1/apps/{ready.app}")
    whole["settings"]["app"]["office365ProvisioningType"] = "UNIVERSAL_SYNC"
    answer = ready.world.okta.call("PUT", f"/api/v1/apps/{ready.app}", whole)
    assert answer.status == 400 and "extensionAttribute1, extensionAttribute15" in answer.text()


def test_S_19_a_wrong_tenant_name_fails_every_push_until_it_is_corrected(ready: Estate) -> None:
    ready.change(msftTenant="acmee")
    ready.assign(DANA)
    ready.assign(SAM)
    ready.world.sync()
    assert all("AADSTS90002" in task["message"] for task in ready.tasks()) and len(ready.tasks()) == 2
    ready.change(msftTenant="acme")
    ready.retry()
    assert ready.tasks() == []


def test_S_20_a_stale_password_of_the_stored_administrator(estate: Estate) -> None:
    stored(estate, adminPassword="Wrong-Horse-1")
    failed = estate.operation("POST", "connections/default/test")
    assert "AADSTS50126" in failed["result"]["message"]
    estate.assign(SAM)
    estate.world.sync()
    assert "AADSTS50126" in message(estate)
    credentials(estate)
    assert estate.operation("POST", "connections/default/test")["status"] == "SUCCESS"
    estate.retry()
    assert estate.tasks() == []


@pytest.mark.parametrize(
    ("state", "registered", "code"), [("enforced", False, "AADSTS50079"), ("enforced", True, "AADSTS50076")]
)
def test_S_21_multifactor_on_the_stored_administrator_and_consent_as_the_way_out(
    state: str, registered: bool, code: str
) -> None:
    given = spec()
    admin = given["parties"]["entra:acme"]["users"][0]
    admin["perUserMfaState"] = state
    if registered:
        admin["methods"] = [{"type": "phone", "phoneNumber": "+31 612345678", "phoneType": "mobile"}]
    with World(given) as world:
        estate = Estate(world)
        stored(estate)
        failed = estate.operation("POST", "connections/default/test")["result"]["message"]
        assert failed.startswith(f"Could not validate your Office 365 credentials, received error: 400 {code}: Due to")
        estate.assign(SAM)
        world.sync()
        assert f"Office365ProvisioningException: 400 {code}" in message(estate)


def test_S_22_without_the_global_administrators_role_federation_is_refused(estate: Estate) -> None:
    weak = _cloud_user("weak@acme.onmicrosoft.com")
    user = estate.entra.post("/users", weak)
    template = "fe930be7-5e62-47db-91af-98c3a49a38b1"  # User Administrator
    role = estate.entra.post("/directoryRoles", {"roleTemplateId": template})
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{user['id']}"}
    estate.entra.post(f"/directoryRoles/{role['id']}/members/$ref", reference)
    estate.entra.patch(f"/users/{user['id']}", {"passwordProfile": {
        "password": "Correct-Horse-1", "forceChangePasswordNextSignIn": False}})  # fmt: skip
    credentials(estate, adminUsername="weak@acme.onmicrosoft.com")
    estate.change(mode="SAML_1_1")
    found = estate.choose("acme.example")
    [part] = found["result"]["domains"]
    assert "httpStatusCode=403 errorCode=Authorization_RequestDenied" in part["message"]
    assert 'errorMessage="Insufficient privileges to complete the operation."' in part["message"]
    assert estate.events()[-1][0].endswith(".access.denied")
    credentials(estate)
    assert estate.choose("acme.example")["status"] == "SUCCESS"


def test_S_23_after_the_cut_off_the_older_connection_ends_and_sign_in_goes_on(estate: Estate) -> None:
    stored(estate, legacyUntil="2026-02-01T00:00:00Z")
    estate.change(mode="SAML_1_1")
    estate.choose("acme.example")
    estate.world.clock.advance(days=30)
    estate.assign(SAM)
    estate.world.sync()
    assert "410 Gone" in message(estate)
    assert estate.choose("acme.example", "acme-labs.example")["status"] == "FAILED"
    assert kind_of(estate) == "Federated"
    estate.consent("GRAPH")
    estate.consent("FEDERATION")
    estate.retry()
    assert estate.tasks() == []
    assert estate.choose("acme.example", "acme-labs.example")["status"] == "SUCCESS"


def test_S_24_assigned_before_create_users_was_on(estate: Estate) -> None:
    estate.assign(SAM)
    estate.provision()
    estate.world.sync()
    assert estate.app_user(SAM)["externalId"] is None
    estate.operation("POST", "sync")
    assert estate.app_user(SAM)["externalId"] == account(estate, SAM)["id"]


def test_S_25_a_licence_that_the_tenant_no_longer_has(ready: Estate) -> None:
    ready.assign(SAM, licenses=["SPB"])
    ready.world.sync()
    store = ready.world.database.store("entra:acme")
    skus = next(kind for kind in store.kinds.values() if kind.name == "subscribed_skus")
    [gone] = [row for row in store.all(skus) if row.get("skuPartNumber") == "SPB"]
    with store.write():
        store.drop(skus, gone["id"])
    ready.operation("POST", "sync")
    assert "400 Unable to assign this license" in message(ready)


def test_S_26_S_27_names_are_graphs_and_new_licences_wait_for_a_refresh(ready: Estate) -> None:
    at = f"/api/internal/v1/apps/{ready.app}/office365/licenses"
    assert ready.okta.get(f"{at}?q=Business%20Premium")["items"] == []
    assert len(ready.okta.get(f"{at}?q=SPB")["items"]) == 1


def test_S_28_only_the_first_groups_licences(ready: Estate) -> None:
    first, second = ready.group("G1", SAM), ready.group("G2", SAM)
    ready.assign_group(first, priority=1, profile={"licenses": ["SPB"]})
    ready.assign_group(second, priority=2, profile={"licenses": ["FLOW_FREE"]})
    assert ready.skus(SAM) == ["SPB"]


def test_S_29_linking_with_blanks_takes_everything_away(ready: Estate) -> None:
    made = ready.entra.post("/users", _cloud_user(SAM, onPremisesImmutableId="c2Ft"))
    ready.entra.post(f"/users/{made['id']}/assignLicense", {
        "addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": []})  # fmt: skip
    mark = ready.mark()
    ready.assign(SAM, immutableId="c2Ft")
    ready.world.sync()
    [body] = ready.bodies(mark, "POST", "/assignLicense")
    assert body == {"addLicenses": [], "removeLicenses": [E3]}


def test_S_30_blanks_of_a_later_push_overwrite(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    id = account(ready, SAM)["id"]
    ready.entra.post(f"/users/{id}/assignLicense", {
        "addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": []})  # fmt: skip
    ready.profile(SAM, lastName="Okoro-Bell")
    assert ready.skus(SAM) == []


def test_S_31_a_pushed_group_is_never_mail_enabled(ready: Estate) -> None:
    group = ready.group("News")
    ready.okta.post(f"/api/v1/apps/{ready.app}/group-push/mappings",
                    {"sourceGroupId": group, "targetGroupName": "News"})  # fmt: skip
    mark = ready.mark()
    ready.world.sync()
    [body] = ready.bodies(mark, "POST", "/groups")
    assert (body["securityEnabled"], body["mailEnabled"]) == (True, False)


def test_S_32_a_manager_who_is_no_directory_object_is_not_sent(ready: Estate) -> None:
    ready.change(office365ProvisioningType="USER_SYNC")
    ready.map(manager="source.managerId")
    ready.profile(DANA, managerId=SAM)
    ready.assign(SAM)
    ready.assign(DANA)
    ready.world.sync()
    assert ready.world.entra.call("GET", f"/users/{DANA}/manager").status == 404
    rows = ready.okta.get("/api/v1/logs?limit=1000")
    assert any(row["eventType"] == "app.api.error.manager.not_found_for_user" for row in rows)


def test_S_33_the_default_usage_location_needs_a_directory() -> None:
    given = spec()
    del given["parties"]["okta:acme"]["directories"]
    with World(given) as world:
        estate = Estate(world)
        mapping = next(item for item in world.okta.get(f"/api/v1/mappings?targetId={estate.app}"))
        text = "hasDirectoryUser()?findDirectoryUser().msExchUsageLocation:'US'"
        body = {"properties": {"usageLocation": {"expression": text, "pushStatus": "PUSH"}}}
        answer = world.okta.call("POST", f"/api/v1/mappings/{mapping['id']}", body)
        assert answer.status == 400 and "Invalid property msExchUsageLocation in expression" in answer.text()


def test_S_34_S_54_aliases_are_computed_or_not_sent_otherwise(ready: Estate) -> None:
    ready.change(office365ProvisioningType="UNIVERSAL_SYNC")
    ready.assign(SAM, licenses=["ENTERPRISEPACK"])
    ready.world.sync()
    held = account(ready, SAM, "proxyAddresses")["proxyAddresses"]
    assert all("alias" not in item for item in held)
    ready.map(proxyAddresses='{"smtp:alias@acme.example"}')
    ready.operation("POST", "sync")
    held = account(ready, SAM, "proxyAddresses")["proxyAddresses"]
    assert "smtp:alias@acme.example" in held and sum(item.startswith("SMTP:") for item in held) <= 1


def test_S_35_with_delegated_authentication_the_tile_never_comes_and_nothing_says_so(ready: Estate) -> None:
    assert ready.okta.get(f"/api/v1/users/{DANA}")["credentials"]["provider"]["type"] == "ACTIVE_DIRECTORY"
    ready.capabilities(password={"status": "ENABLED"})
    for who in (DANA, SAM):
        ready.assign(who)
    ready.world.sync()
    assert ready.tasks() == []
    assert account(ready, DANA)["id"] == ready.app_user(DANA)["externalId"]
    assert ready.okta.get(f"/api/v1/users/{DANA}/appLinks") == []
    assert len(ready.okta.get(f"/api/v1/users/{SAM}/appLinks")) == 1
    assert all(outcome == "SUCCESS" for _, outcome in ready.events())
    ready.capabilities(password={"status": "DISABLED"})
    ready.unassign(DANA)
    ready.assign(DANA)
    ready.world.sync()
    assert len(ready.okta.get(f"/api/v1/users/{DANA}/appLinks")) == 1


def test_S_36_no_password_is_sent_for_three_reasons(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    mark = ready.mark()
    ready.okta.post(f"/api/v1/users/{SAM}", {"credentials": {"password": {"value": "Brand-new-9"}}})
    ready.world.sync()
    assert not any("passwordProfile" in str(body) for body in ready.bodies(mark, "PATCH", ""))


def test_S_48_the_okta_password_arrives_after_the_switch_to_swa(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    ready.capabilities(password={"status": "ENABLED", "seed": "OKTA", "change": "CHANGE"})
    ready.change(mode="BROWSER_PLUGIN")
    assert ready.ropc(SAM, "Tr4ining-pass")["error_codes"] == [50126]
    body = {"username": SAM, "password": "Tr4ining-pass"}
    ready.world.okta.http.request("POST", "/api/v1/authn", json=body)
    ready.world.sync()
    assert (("application.provision.user.push_okta_password", "SUCCESS")) in ready.events()
    assert "access_token" in ready.ropc(SAM, "Tr4ining-pass")


def test_S_50_the_issuer_of_another_instance_is_not_the_domains(estate: Estate) -> None:
    estate.federate("acme.example")
    second = Estate(estate.world)
    second.federate("acme-labs.example")
    issuers = {
        name: estate.entra.get(f"/domains/{name}/federationConfiguration")["value"][0]["issuerUri"]
        for name in ("acme.example", "acme-labs.example")
    }
    assert issuers["acme.example"].partition(":")[2] != issuers["acme-labs.example"].partition(":")[2]


def test_S_51_a_deleted_manual_app_leaves_the_domain_federated_and_its_endpoint_dead(ready: Estate) -> None:
    passive = ready.entra.get("/domains/acme.example/federationConfiguration")["value"][0]["passiveSignInUri"]
    ready.change(wsFedConfigureType="MANUAL")
    ready.okta.post(f"/api/v1/apps/{ready.app}/lifecycle/deactivate")
    ready.okta.delete(f"/api/v1/apps/{ready.app}")
    ready.world.sync()
    assert kind_of(ready) == "Federated"
    assert ready.world.browser.get(passive).status == 404
    ready.entra.patch("/domains/acme.example", {"authenticationType": "Managed"})
    assert kind_of(ready) == "Managed"


def test_S_57_synchronised_people_are_changed_at_the_source(ready: Estate) -> None:
    ready.change(office365ProvisioningType="USER_SYNC")
    ready.assign(SAM)
    ready.world.sync()
    assert ready.world.entra.call("PATCH", f"/users/{SAM}", {"jobTitle": "X"}).status == 400
    ready.profile(SAM, title="Engineer")
    assert account(ready, SAM, "jobTitle")["jobTitle"] == "Engineer"


def test_S_58_a_blank_user_name_is_a_task_and_no_app_user(ready: Estate) -> None:
    whole = ready.okta.get(f"/api/v1/apps/{ready.app}")
    template = {"template": "user.nickName", "type": "CUSTOM"}
    ready.okta.put(f"/api/v1/apps/{ready.app}", {**whole, "credentials": {"userNameTemplate": template}})
    ready.assign_group(ready.group("All", SAM), profile={})
    [task] = ready.tasks()
    assert task["message"].startswith("App could not be assigned automatically.")
    assert "is an invalid value for userName field (code blank)." in task["message"]
    user = ready.okta.get(f"/api/v1/users/{SAM}")["id"]
    assert ready.world.okta.call("GET", f"/api/v1/apps/{ready.app}/users/{user}").status == 404
    ready.profile(SAM, nickName=SAM)
    ready.okta.post(f"/api/internal/v1/tasks/{task['id']}/retry")
    ready.world.sync()
    assert ready.tasks() == []
    assert ready.app_user(SAM)["credentials"]["userName"] == SAM


def test_S_64_pushes_go_to_the_linked_object_whoever_holds_the_immutable_id(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    linked = ready.app_user(SAM)["externalId"]
    other = ready.entra.post("/users", _cloud_user("sam.two@acme.example", onPremisesImmutableId="dHdv"))
    ready.profile(SAM, lastName="Linked")
    assert account(ready, linked, "surname")["surname"] == "Linked"
    assert account(ready, other["id"], "surname")["surname"] is None


@pytest.mark.parametrize("combined", [False, True])
def test_S_65_the_substitute_is_lost_at_the_next_evaluation(ready: Estate, combined: bool) -> None:
    if combined:
        ready.map(immutableId='hasDirectoryUser()?findDirectoryUser().externalId:user.getInternalProperty("id")')
    ready.assign(SAM)
    ready.world.sync()
    values = [ready.app_user(SAM)["profile"]["immutableId"]]
    for name in ("A", "B", "C"):
        ready.profile(SAM, lastName=name)
        values.append(ready.app_user(SAM)["profile"]["immutableId"])
    assert len(set(values)) == (1 if combined else 2)
    assert (values[-1] is None) is not combined


def test_a_client_that_was_deleted_and_consented_to_again_takes_a_new_token() -> None:
    with World(spec()) as world:
        estate = Estate(world)
        estate.provision()
        world.sync()
        connector = connector_of(world, world.transport)
        estate.assign("sam@acme.example")
        assert connector.run_once() is not None  # it keeps a token now
        [client] = estate.entra.get("/servicePrincipals?$filter=displayName eq 'Okta Microsoft Graph Client'")["value"]
        estate.entra.delete(f"/servicePrincipals/{client['id']}")
        estate.consent("GRAPH")
        estate.assign("dana@acme.example")
        done = connector.run_once()
        assert done is not None and done["outcome"] == "done", done
