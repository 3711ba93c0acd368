"""Feature rows of provisioning, one test each, through HTTP on both sides."""

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from tests.office365.worlds import DANA_GUID, E3, Estate, spec

DANA, SAM = "dana@acme.example", "sam@acme.example"
PUSH = "application.provision.user."
SYNC = ("USER_SYNC", "UNIVERSAL_SYNC")


def account(estate: Estate, upn: str, *names: str) -> Doc:
    found: Doc = estate.entra.get(f"/users/{upn}?$select=id,{','.join(names)}")
    return found


def test_F_23_the_type_is_chosen_and_synchronising_types_switch_directory_synchronisation_on(ready: Estate) -> None:
    assert ready.okta.get(f"/api/v1/apps/{ready.app}")["settings"]["app"]["office365ProvisioningType"] == "PROFILE_SYNC"
    organization = ready.entra.get("/organization")["value"][0]
    assert not organization["onPremisesSyncEnabled"]
    ready.change(office365ProvisioningType="USER_SYNC")
    assert ready.entra.get("/organization")["value"][0]["onPremisesSyncEnabled"] is True
    login = f"svc_OKTA_sync_{ready.app}@acme.onmicrosoft.com"
    assert ready.roles(login) == ["Directory Synchronization Accounts"]
    ready.change(office365ProvisioningType="PROFILE_SYNC")
    assert ready.okta.get(f"/api/v1/apps/{ready.app}")["settings"]["app"]["office365ProvisioningType"] == "PROFILE_SYNC"


def test_F_24_licences_and_roles_only_creates_nobody_and_leaves_profiles_alone(ready: Estate) -> None:
    ready.change(office365ProvisioningType="LICENSE_ONLY")
    assert "PUSH_NEW_USERS" not in ready.okta.get(f"/api/v1/apps/{ready.app}")["features"]
    ready.assign(SAM, licenses=["SPB"])
    ready.world.sync()
    assert ready.world.entra.call("GET", f"/users/{SAM}").status == 404
    [task] = ready.tasks()
    assert "404" in task["message"]
    ready.entra.post("/users", _cloud_user(SAM, displayName="Samuel at Microsoft", onPremisesImmutableId="c2Ft"))
    ready.retry()
    assert ready.tasks() == []
    assert ready.skus(SAM) == ["SPB"]
    assert account(ready, SAM, "displayName")["displayName"] == "Samuel at Microsoft"


def _cloud_user(upn: str, **more: object) -> Doc:
    return {
        "accountEnabled": True, "displayName": upn, "mailNickname": upn.partition("@")[0], "userPrincipalName": upn,
        "usageLocation": "US", "passwordProfile": {"password": "Correct-Horse-1"}, **more,
    }  # fmt: skip


def test_F_25_profile_sync_writes_through_graph_and_the_account_stays_editable(ready: Estate) -> None:
    ready.assign(DANA)
    ready.world.sync()
    found = account(ready, DANA, "givenName", "onPremisesSyncEnabled")
    assert (found["givenName"], found["onPremisesSyncEnabled"]) == ("Dana", None)
    ready.entra.patch(f"/users/{found['id']}", {"jobTitle": "Edited at Microsoft"})


def test_F_26_user_sync_sends_its_list_and_locks_the_account(ready: Estate) -> None:
    ready.change(office365ProvisioningType="USER_SYNC")
    ready.profile(DANA, department="Sales", mobilePhone="+31 6", city="Utrecht", title="Buyer")
    ready.assign(DANA, licenses=["ENTERPRISEPACK"])
    ready.world.sync()
    assert ready.tasks() == []
    found = account(ready, DANA, "department", "mobilePhone", "city", "jobTitle", "onPremisesSyncEnabled")
    assert found["onPremisesSyncEnabled"] is True
    assert (found["department"], found["mobilePhone"], found["city"], found["jobTitle"]) == (
        "Sales", "+31 6", "Utrecht", "Buyer",
    )  # fmt: skip
    assert ready.skus(DANA) == ["ENTERPRISEPACK"]


def test_F_27_universal_sync_adds_aliases_and_extension_attributes(ready: Estate) -> None:
    ready.change(office365ProvisioningType="UNIVERSAL_SYNC")
    ready.map(extensionAttribute3='"floor 4"', proxyAddresses='{"SMTP:" + source.login, "smtp:d@acme.example"}')
    ready.assign(DANA)
    ready.world.sync()
    assert ready.tasks() == []
    found = account(ready, DANA, "proxyAddresses", "onPremisesExtensionAttributes")
    assert found["onPremisesExtensionAttributes"]["extensionAttribute3"] == "floor 4"
    assert sorted(found["proxyAddresses"]) == ["SMTP:dana@acme.example", "smtp:d@acme.example"]


def test_F_28_attributes_only_leaves_licences_to_others(ready: Estate) -> None:
    ready.change(office365FlexibleProvisioningMode="USER_ATTRIBUTES_ONLY")
    ready.assign(SAM)
    ready.world.sync()
    id = account(ready, SAM)["id"]
    licence = {"addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": []}
    ready.entra.post(f"/users/{id}/assignLicense", licence)
    ready.profile(SAM, lastName="Okoro-Bell")
    assert account(ready, SAM, "surname")["surname"] == "Okoro-Bell"
    assert ready.skus(SAM) == ["ENTERPRISEPACK"]


def test_F_29_create_users_makes_the_account_with_its_immutable_id(ready: Estate) -> None:
    ready.assign(DANA)
    ready.world.sync()
    assert account(ready, DANA, "onPremisesImmutableId")["onPremisesImmutableId"] == DANA_GUID
    assert ready.app_user(DANA)["status"] == "PROVISIONED"


def test_F_30_an_existing_account_is_matched_by_user_name_and_overwritten(ready: Estate) -> None:
    ready.entra.post("/users", _cloud_user(SAM, displayName="Old", onPremisesImmutableId="c2Ft"))
    before = account(ready, SAM)["id"]
    ready.assign(SAM)
    ready.edit(SAM, profile={"immutableId": "c2Ft"})
    assert ready.app_user(SAM)["externalId"] == before
    assert account(ready, SAM, "displayName")["displayName"] == "Sam Okoro"
    assert ready.tasks() == []


def test_F_31_changes_are_pushed_as_differences(ready: Estate) -> None:
    ready.assign(DANA)
    ready.world.sync()
    mark = ready.mark()
    ready.profile(DANA, lastName="Reyes-Lund")
    id = ready.app_user(DANA)["externalId"]
    assert ready.bodies(mark, "PATCH", f"/users/{id}") == [{"displayName": "Dana Reyes-Lund", "surname": "Reyes-Lund"}]
    mark = ready.mark()
    ready.okta.post(f"/api/v1/users/{DANA}", {"profile": {"nickName": "D"}})
    ready.world.sync()
    assert ready.graph_calls(mark) == []


def test_F_32_people_of_elsewhere_are_provisioned_by_graph(ready: Estate) -> None:
    mark = ready.mark()
    ready.assign(SAM)
    ready.world.sync()
    assert [call for call in ready.graph_calls(mark) if call[0] == "POST"] == [("POST", "/users")]


def test_F_33_deactivation_fires_on_unassignment_okta_deactivation_and_group_removal(ready: Estate) -> None:
    group = ready.group("Licensed", SAM)
    ready.assign_group(group, profile={})
    ready.assign(DANA)
    ready.world.sync()
    user = ready.okta.get(f"/api/v1/users/{SAM}")["id"]
    ready.okta.delete(f"/api/v1/groups/{group}/users/{user}")
    ready.okta.post(f"/api/v1/users/{DANA}/lifecycle/deactivate")
    ready.world.sync()
    assert [account(ready, upn, "accountEnabled")["accountEnabled"] for upn in (SAM, DANA)] == [False, False]


MENU = [
    # action, days, then at once and after the grace period: enabled, licences, there
    ("BLOCK_SIGN_IN", 0, (False, ["SPB"]), (False, ["SPB"])),
    ("BLOCK_SIGN_IN_REMOVE_LICENSES", 0, (False, []), (False, [])),
    ("BLOCK_SIGN_IN_REMOVE_LICENSES_AFTER_GRACE", 3, (False, ["SPB"]), (False, [])),
    ("BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE", 0, None, None),
    ("BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE_AFTER_GRACE", 3, (False, ["SPB"]), None),
]


@pytest.mark.parametrize("kind", ["PROFILE_SYNC", "USER_SYNC"])
@pytest.mark.parametrize(("action", "days", "at_once", "later"), MENU, ids=[row[0] for row in MENU])
def test_F_34_the_five_options(
    ready: Estate, kind: str, action: str, days: int, at_once: tuple[bool, list[str]] | None,
    later: tuple[bool, list[str]] | None,
) -> None:  # fmt: skip
    if kind != "PROFILE_SYNC":
        ready.change(office365ProvisioningType=kind)
    ready.menu(action, days)
    ready.assign(SAM, licenses=["SPB"])
    ready.world.sync()
    id = account(ready, SAM)["id"]
    ready.unassign(SAM)
    assert _state(ready, id) == at_once
    ready.world.clock.advance(days=3)
    ready.world.sync()
    assert _state(ready, id) == later
    assert ready.tasks() == []
    if later is None:
        assert ready.entra.get(f"/directory/deletedItems/{id}")["id"] == id


def _state(estate: Estate, id: str) -> tuple[bool, list[str]] | None:
    if estate.world.entra.call("GET", f"/users/{id}").status == 404:
        return None
    return account(estate, id, "accountEnabled")["accountEnabled"], estate.skus(id)


def test_F_35_coming_back_within_the_grace_period_restores_the_former_state(ready: Estate) -> None:
    ready.menu("BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE_AFTER_GRACE", 3)
    ready.assign(SAM, licenses=["SPB"], roles=["Global Reader"])
    ready.world.sync()
    before = ready.app_user(SAM)
    ready.unassign(SAM)
    ready.world.clock.advance(days=2)
    ready.assign(SAM)
    ready.world.sync()
    now = ready.app_user(SAM)
    assert (now["externalId"], now["profile"]) == (before["externalId"], before["profile"])
    assert _state(ready, before["externalId"]) == (True, ["SPB"])
    assert ready.roles(SAM) == ["Global Reader"]
    ready.world.clock.advance(days=5)
    ready.world.sync()
    assert _state(ready, before["externalId"]) == (True, ["SPB"])


def test_F_36_licences_with_service_plans_and_roles(ready: Estate) -> None:
    mark = ready.mark()
    ready.assign(SAM, licenses=["SPB:INTUNE_A", "ENTERPRISEPACK"], roles=["Global Reader"])
    ready.world.sync()
    assert ready.skus(SAM) == ["ENTERPRISEPACK", "SPB"]
    assert ready.roles(SAM) == ["Global Reader"]
    [body] = ready.bodies(mark, "POST", "/assignLicense")
    off = {item["skuId"]: item["disabledPlans"] for item in body["addLicenses"]}
    assert off[E3] == [] and len(off) == 2 and body["removeLicenses"] == []


@pytest.mark.parametrize(
    ("union", "held"),
    [("DISABLE", ["ENTERPRISEPACK"]), ("ENABLE", ["ENTERPRISEPACK", "FLOW_FREE"])],
    ids=["first", "all"],
)
def test_F_37_priority_or_combined_by_the_schema(ready: Estate, union: str, held: list[str]) -> None:
    schema = ready.okta.get(f"/api/v1/meta/schemas/apps/{ready.app}/default")
    item = schema["definitions"]["base"]["properties"]["licenses"] | {"union": union}
    body = {"definitions": {"base": {"id": "#base", "type": "object", "properties": {"licenses": item}}}}
    ready.okta.post(f"/api/v1/meta/schemas/apps/{ready.app}/default", body)
    first, second = ready.group("First", SAM), ready.group("Second", SAM)
    ready.assign_group(first, priority=0, profile={"licenses": ["ENTERPRISEPACK"]})
    ready.assign_group(second, priority=1, profile={"licenses": ["FLOW_FREE"]})
    assert ready.skus(SAM) == held
    if union == "DISABLE":
        ready.assign_group(second, priority=0, profile={"licenses": ["FLOW_FREE"]})
        assert ready.skus(SAM) == ["FLOW_FREE"]
    ready.edit(SAM, scope="USER", profile={"licenses": []})
    assert ready.skus(SAM) == []


def test_F_38_the_catalogue_is_a_copy_until_it_is_refreshed(ready: Estate) -> None:
    at = f"/api/internal/v1/apps/{ready.app}/office365/licenses"
    assert [item["skuPartNumber"] for item in ready.okta.get(f"{at}?q=enterprisepack")["items"]] == ["ENTERPRISEPACK"]
    assert ready.okta.get(f"{at}?q=Office%20365%20E3")["items"] == []
    fetched = ready.okta.get(at)["fetchedAt"]
    ready.world.clock.advance(hours=1)
    assert ready.okta.get(at)["fetchedAt"] == fetched
    ready.operation("POST", "metadata/refresh")
    assert ready.okta.get(at)["fetchedAt"] != fetched


def test_F_39_a_push_is_authoritative_blank_included(ready: Estate) -> None:
    ready.assign(SAM, licenses=["FLOW_FREE"])
    ready.world.sync()
    id = account(ready, SAM)["id"]
    body = {"addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": []}
    ready.entra.post(f"/users/{id}/assignLicense", body)
    ready.operation("POST", "sync")
    assert ready.skus(SAM) == ["FLOW_FREE"]
    ready.edit(SAM, profile={"licenses": []})
    assert ready.skus(SAM) == []


def password_events(estate: Estate) -> list[str]:
    return [kind for kind, _ in estate.events(PUSH) if "password" in kind]


def test_F_40_sync_password_sends_new_okta_passwords_to_managed_domains_only(managed: Estate) -> None:
    managed.capabilities(password={"status": "ENABLED", "seed": "OKTA", "change": "CHANGE"})
    managed.assign(SAM)
    managed.world.sync()
    managed.okta.post(f"/api/v1/users/{SAM}", {"credentials": {"password": {"value": "Brand-new-9"}}})
    managed.world.sync()
    assert "access_token" in managed.ropc(SAM, "Brand-new-9")
    assert password_events(managed) == [PUSH + "push_okta_password"]
    managed.federate("acme.example")
    mark = managed.mark()
    managed.okta.post(f"/api/v1/users/{SAM}", {"credentials": {"password": {"value": "Brand-new-10"}}})
    managed.world.sync()
    assert not any("passwordProfile" in str(body) for body in managed.bodies(mark, "PATCH", ""))
    assert password_events(managed) == [PUSH + "push_okta_password"]


def test_F_45_group_push_makes_a_security_group(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    group = ready.group("Project X", SAM, DANA)
    at = f"/api/v1/apps/{ready.app}/group-push/mappings"
    ready.okta.post(at, {"sourceGroupId": group, "targetGroupName": "Project X"})
    ready.world.sync()
    [found] = ready.entra.get("/groups?$filter=displayName%20eq%20'Project%20X'")["value"]
    assert (found["securityEnabled"], found["mailEnabled"], found["groupTypes"]) == (True, False, [])
    members = ready.entra.get(f"/groups/{found['id']}/members")["value"]
    assert [item["userPrincipalName"] for item in members] == [SAM]  # only who is provisioned
    ready.assign(DANA)
    ready.world.sync()
    members = ready.entra.get(f"/groups/{found['id']}/members")["value"]
    assert sorted(item["userPrincipalName"] for item in members) == [DANA, SAM]


def test_F_46_manager_by_custom_attribute_in_profile_sync(ready: Estate) -> None:
    ready.attribute("manager")
    ready.assign(SAM)
    ready.world.sync()
    ready.assign(DANA, manager=SAM)
    ready.world.sync()
    assert ready.entra.get(f"/users/{DANA}/manager")["userPrincipalName"] == SAM
    ready.edit(DANA, profile={"manager": "nobody@acme.example"})
    [task] = ready.tasks()
    assert "nobody@acme.example" in task["message"]
    assert ready.entra.get(f"/users/{DANA}/manager")["userPrincipalName"] == SAM


def test_a_manager_who_comes_late_is_set_when_they_come(ready: Estate) -> None:
    ready.attribute("manager")
    ready.assign(DANA, manager=SAM.upper())
    ready.world.sync()
    [task] = ready.tasks()
    assert "404" in task["message"]
    ready.assign(SAM)
    ready.world.sync()
    assert ready.entra.get(f"/users/{DANA}/manager")["userPrincipalName"] == SAM
    assert ready.tasks() == []


def test_under_user_sync_a_late_manager_is_active_directorys() -> None:
    given, dn = spec(), "CN=Sam Okoro,OU=People,DC=corp,DC=acme,DC=example"
    [directory] = given["parties"]["okta:acme"]["directories"]
    directory["users"][0]["profile"]["managerDn"] = dn
    directory["users"].append({"user": SAM, "externalId": "AAAAAAAAAAAAAAAAAAAAAQ==",
                               "profile": {"samAccountName": "sam", "dn": dn.upper()}})  # fmt: skip
    with World(given) as world:
        estate = Estate(world)
        estate.federate("acme.example")
        estate.provision()
        estate.change(office365ProvisioningType="USER_SYNC")
        estate.assign(DANA)
        world.sync()
        assert estate.entra.call("GET", f"/users/{DANA}/manager").status == 404
        assert "app.api.error.manager.not_found_for_user" in [
            row["eventType"] for row in estate.okta.get("/api/v1/logs?limit=1000")
        ]
        estate.assign(SAM)
        world.sync()
        assert estate.entra.get(f"/users/{DANA}/manager")["userPrincipalName"] == SAM
        assert world.engine.crashes == []


@pytest.mark.parametrize("kind", ["PROFILE_SYNC", "USER_SYNC", "UNIVERSAL_SYNC"])
def test_F_47_aliases_are_universal_syncs_alone(ready: Estate, kind: str) -> None:
    if kind == "UNIVERSAL_SYNC":
        ready.change(office365ProvisioningType=kind)
        ready.map(proxyAddresses='{"smtp:alias@acme.example"}')
    else:
        ready.attribute("proxyAddresses", type="array", items={"type": "string"})
        if kind != "PROFILE_SYNC":
            ready.change(office365ProvisioningType=kind)
        ready.map(proxyAddresses='{"smtp:alias@acme.example"}')
    ready.assign(SAM)
    ready.world.sync()
    assert ready.tasks() == []
    held = account(ready, SAM, "proxyAddresses")["proxyAddresses"]
    assert ("smtp:alias@acme.example" in held) == (kind == "UNIVERSAL_SYNC")
    assert sum(item.startswith("SMTP:") for item in held) <= 1


def test_F_48_usage_location_by_the_default_mapping(ready: Estate) -> None:
    ready.assign(DANA)
    ready.assign(SAM)
    ready.world.sync()
    assert [account(ready, upn, "usageLocation")["usageLocation"] for upn in (DANA, SAM)] == ["NL", "US"]


def test_F_49_extension_attributes_are_base_attributes_of_universal_sync(ready: Estate) -> None:
    ready.attribute("extensionAttribute1")
    whole = ready.okta.get(f"/api/v1/apps/{ready.app}")
    whole["settings"]["app"]["office365ProvisioningType"] = "UNIVERSAL_SYNC"
    refused = ready.world.okta.call("PUT", f"/api/v1/apps/{ready.app}", whole)
    assert refused.status == 400 and "extensionAttribute1" in refused.text()
    body = {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {"extensionAttribute1": None}}}}
    ready.okta.post(f"/api/v1/meta/schemas/apps/{ready.app}/default", body)
    ready.change(office365ProvisioningType="UNIVERSAL_SYNC")
    schema = ready.okta.get(f"/api/v1/meta/schemas/apps/{ready.app}/default")["definitions"]
    assert {f"extensionAttribute{number}" for number in range(1, 16)} <= set(schema["base"]["properties"])
    assert "extensionAttribute1" not in schema["custom"]["properties"]


def test_F_50_custom_attributes_flow_when_the_type_knows_them(ready: Estate) -> None:
    for name in ("jobTitle", "favouriteColour"):
        ready.attribute(name)
    ready.map(jobTitle="source.title", favouriteColour="source.nickName")
    ready.profile(SAM, title="Engineer", nickName="blue")
    mark = ready.mark()
    ready.assign(SAM)
    ready.world.sync()
    assert account(ready, SAM, "jobTitle")["jobTitle"] == "Engineer"
    assert "blue" not in str(ready.bodies(mark, "POST", "/users"))


def test_F_51_the_app_user_is_what_is_pushed_and_hand_set_values_stay(ready: Estate) -> None:
    ready.map(displayName='"From mapping"')
    ready.assign(SAM)
    ready.edit(SAM, profile={"immutableId": "aGFuZA=="})
    ready.profile(SAM, lastName="Changed")
    assert ready.app_user(SAM)["profile"]["immutableId"] == "aGFuZA=="
    assert account(ready, SAM, "displayName")["displayName"] == "From mapping"


def test_F_52_immutable_id_of_directory_people_and_the_substitute_of_others(ready: Estate) -> None:
    ready.assign(DANA)
    ready.assign(SAM)
    ready.world.sync()
    assert ready.app_user(DANA)["profile"]["immutableId"] == DANA_GUID
    substitute = ready.app_user(SAM)["profile"]["immutableId"]
    assert account(ready, SAM, "onPremisesImmutableId")["onPremisesImmutableId"] == substitute
    ready.profile(SAM, department="Elsewhere", lastName="New")
    assert ready.app_user(SAM)["profile"]["immutableId"] is None
    assert account(ready, SAM, "onPremisesImmutableId")["onPremisesImmutableId"] == substitute


def test_F_53_the_immutable_id_is_read_and_moved_at_microsoft(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    id = account(ready, SAM)["id"]
    assert ready.world.entra.call("PATCH", f"/users/{id}", {"onPremisesImmutableId": "bmV3"}).status == 400
    ready.entra.patch(f"/users/{id}", {"userPrincipalName": "sam@acme-labs.example"})
    ready.entra.patch(f"/users/{id}", {"onPremisesImmutableId": "bmV3"})
    ready.entra.patch(f"/users/{id}", {"userPrincipalName": SAM})
    assert account(ready, SAM, "onPremisesImmutableId")["onPremisesImmutableId"] == "bmV3"


def test_F_54_both_ways_of_changing_a_user_name(ready: Estate) -> None:
    ready.assign(DANA, licenses=["SPB"])
    ready.world.sync()
    id = account(ready, DANA)["id"]
    ready.edit(DANA, credentials={"userName": "dana.r@acme.example"})
    assert account(ready, "dana.r@acme.example", "accountEnabled") | {"id": id} == account(ready, id, "accountEnabled")
    assert ready.tasks() == []


def test_F_55_the_name_of_an_assignment_is_edited(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    ready.edit(SAM, credentials={"userName": "s.okoro@acme.example"})
    assert ready.app_user(SAM)["credentials"]["userName"] == "s.okoro@acme.example"
    assert account(ready, "s.okoro@acme.example")["id"] == ready.app_user(SAM)["externalId"]


def test_F_56_force_sync_pushes_everybody_and_its_preview_changes_nothing(ready: Estate) -> None:
    ready.assign(SAM)
    ready.world.sync()
    id = account(ready, SAM)["id"]
    ready.entra.patch(f"/users/{id}", {"surname": "Edited at Microsoft"})
    ready.map(displayName='"Mr " + source.lastName')
    before = ready.app_user(SAM)
    shown = ready.okta.post(f"/api/internal/v1/apps/{ready.app}/sync/preview")
    [change] = shown["changes"]
    assert change["changes"]["displayName"] == {"from": "Sam Okoro", "to": "Mr Okoro"}
    assert ready.app_user(SAM) == before
    done = ready.operation("POST", "sync")["result"]
    assert (done["users"], done["changed"], done["pushed"]) == (1, 1, 1)
    assert account(ready, SAM, "displayName", "surname") == {
        **account(ready, SAM, "displayName", "surname"), "displayName": "Mr Okoro", "surname": "Okoro",
    }  # fmt: skip


def test_F_57_tasks_are_grouped_retried_and_gone_on_success(ready: Estate) -> None:
    ready.assign(SAM, licenses=["ENTERPRISEPACK"])
    ready.assign(DANA, licenses=["ENTERPRISEPACK"])
    ready.world.sync()
    [task] = ready.okta.get(f"/api/internal/v1/tasks?appId={ready.app}&type=PUSH_PROFILE_UPDATE")
    assert task["user"]["login"] == DANA and task["status"] == "FAILED"
    ready.edit(SAM, profile={"licenses": []})
    ready.edit(DANA, profile={"licenses": ["ENTERPRISEPACK"]})  # editing the assignment tries again
    assert ready.tasks() == []
    assert ready.skus(DANA) == ["ENTERPRISEPACK"]


@pytest.mark.parametrize("kind", SYNC)
def test_F_58_accounts_show_as_synchronised_and_edits_are_refused(ready: Estate, kind: str) -> None:
    ready.change(office365ProvisioningType=kind)
    ready.assign(SAM)
    ready.world.sync()
    found = account(ready, SAM, "onPremisesSyncEnabled")
    assert found["onPremisesSyncEnabled"] is True
    refused = ready.world.entra.call("PATCH", f"/users/{found['id']}", {"displayName": "X"})
    assert refused.status == 400 and "on-premises mastered Directory Sync objects" in refused.text()
    ready.profile(SAM, lastName="Pushed")
    assert account(ready, SAM, "surname")["surname"] == "Pushed"


@pytest.mark.parametrize("kind", ["LICENSE_ONLY", "PROFILE_SYNC", *SYNC])
def test_F_59_a_new_okta_password_ends_older_refresh_tokens(ready: Estate, kind: str) -> None:
    ready.assign(SAM)
    ready.world.sync()
    if kind != "PROFILE_SYNC":
        ready.change(office365ProvisioningType=kind)
        ready.operation("POST", "sync")
    before = account(ready, SAM, "signInSessionsValidFromDateTime")["signInSessionsValidFromDateTime"]
    ready.world.clock.advance(hours=2)
    ready.okta.post(f"/api/v1/users/{SAM}", {"credentials": {"password": {"value": "Another-9-word"}}})
    ready.world.sync()
    after = account(ready, SAM, "signInSessionsValidFromDateTime")["signInSessionsValidFromDateTime"]
    assert (before, after) == ("2026-01-15T09:00:00Z", "2026-01-15T11:00:00Z")
    assert ready.tasks() == []


def test_F_60_licences_only_beside_entra_connect(ready: Estate) -> None:
    ready.change(office365ProvisioningType="LICENSE_ONLY")
    body = {"objects": [{"type": "user", "sourceAnchor": DANA_GUID, "attributes": {
        "userPrincipalName": DANA, "displayName": "Dana of AD", "usageLocation": "NL"}}]}  # fmt: skip
    ready.entra.http.request("POST", "/_lab/onpremises/sync", json=body)
    ready.assign(DANA, licenses=["SPB"])
    ready.world.sync()
    assert ready.tasks() == []
    assert ready.skus(DANA) == ["SPB"]
    ready.change(office365ProvisioningType="PROFILE_SYNC")
    ready.operation("POST", "sync")
    [task] = ready.tasks()
    assert "on-premises mastered Directory Sync objects" in task["message"]


def test_F_61_with_provisioning_off_nothing_is_pushed_and_everything_stays(ready: Estate) -> None:
    ready.assign(SAM, licenses=["SPB"])
    ready.world.sync()
    ready.okta.post(f"/api/v1/apps/{ready.app}/connections/default/lifecycle/deactivate")
    mark = ready.mark()
    ready.profile(SAM, lastName="Quiet")
    ready.unassign(SAM)
    assert ready.graph_calls(mark) == []
    assert _state(ready, account(ready, SAM)["id"]) == (True, ["SPB"])
    assert ready.entra.get("/domains/acme.example")["authenticationType"] == "Federated"


def test_F_62_a_brand_new_person_isolates_a_fault(ready: Estate) -> None:
    ready.okta.post("/api/v1/users?activate=true", {
        "profile": {"login": "test@acme.example", "email": "test@acme.example", "firstName": "Test", "lastName": "New"},
        "credentials": {"password": {"value": "Tr4ining-pass"}},
    })  # fmt: skip
    ready.assign("test@acme.example", licenses=["SPB"])
    ready.world.sync()
    assert ready.tasks() == []
    assert ready.skus("test@acme.example") == ["SPB"]
