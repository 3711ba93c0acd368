"""Licences: seats, plans, usage location, one operation for all of it, licences by groups."""

import pytest

from .worlds import DANA, E3, E5, F3, SPB, app_client, error

ADD = {"addLicenses": [{"skuId": E3}], "removeLicenses": []}
LAB = "lab@acme-labs.example"


def assign(graph, user, add=(), remove=(), **more):
    body = {"addLicenses": [item if isinstance(item, dict) else {"skuId": item, "disabledPlans": []} for item in add],
            "removeLicenses": list(remove), **more}  # fmt: skip
    return graph.call("POST", f"/users/{user}/assignLicense", body)


def held(graph, user):
    return [item["skuId"] for item in graph.get(f"/users/{user}?$select=assignedLicenses")["assignedLicenses"]]


def consumed(graph):
    return {sku["skuId"]: sku["consumedUnits"] for sku in graph.get("/subscribedSkus")["value"]}


def plan(graph, sku_id, name):
    (sku,) = [sku for sku in graph.get("/subscribedSkus")["value"] if sku["skuId"] == sku_id]
    return next(item["servicePlanId"] for item in sku["servicePlans"] if item["servicePlanName"] == name)


@pytest.fixture
def lab(graph):
    graph.patch(f"/users/{LAB}", {"usageLocation": "US"})
    return LAB


def test_subscribed_skus(graph):
    sku = next(item for item in graph.get("/subscribedSkus")["value"] if item["skuId"] == E3)
    assert sku["skuPartNumber"] == "ENTERPRISEPACK"
    assert (sku["consumedUnits"], sku["prepaidUnits"]["enabled"]) == (1, 3)
    assert len(sku["servicePlans"]) == 37
    assert graph.get(f"/subscribedSkus/{sku['id']}")["skuId"] == E3


def test_a_licence_needs_a_usage_location(graph):
    assert error(assign(graph, LAB, [E3])) == (
        400, "Request_BadRequest", "License assignment cannot be done for user with invalid usage location.",
    )  # fmt: skip


def test_add_and_remove(tenant, graph, lab):
    assert assign(graph, lab, [E3]).status == 200
    assert held(graph, lab) == [E3]
    assert consumed(graph)[E3] == 2
    (details,) = graph.get(f"/users/{lab}/licenseDetails")["value"]
    assert (details["skuPartNumber"], len(details["servicePlans"])) == ("ENTERPRISEPACK", 37)
    plans = graph.get(f"/users/{lab}?$select=assignedPlans")["assignedPlans"]
    assert {item["capabilityStatus"] for item in plans} == {"Enabled"}
    assert assign(graph, lab, remove=[E3]).status == 200
    assert held(graph, lab) == []
    assert consumed(graph)[E3] == 1
    assert {item["capabilityStatus"] for item in graph.get(f"/users/{lab}?$select=assignedPlans")["assignedPlans"]} == {
        "Deleted"
    }
    assert [row["type"] for row in tenant.journal(stream="directoryAudits")][-2:] == ["Change user license"] * 2


def test_disabled_plans(graph, lab):
    teams = plan(graph, E3, "TEAMS1")
    assign(graph, lab, [{"skuId": E3, "disabledPlans": [teams]}])
    (details,) = graph.get(f"/users/{lab}/licenseDetails")["value"]
    states = {item["servicePlanName"]: item["provisioningStatus"] for item in details["servicePlans"]}
    assert (states["TEAMS1"], states["SWAY"]) == ("Disabled", "Success")
    assign(graph, lab, [E3])
    assert graph.get(f"/users/{lab}?$select=assignedLicenses")["assignedLicenses"] == [
        {"disabledPlans": [], "skuId": E3}
    ]
    assert consumed(graph)[E3] == 2


@pytest.mark.parametrize(
    ("add", "remove", "message"),
    [
        (
            ["00000000-0000-0000-0000-000000000001"],
            [],
            "License 00000000-0000-0000-0000-000000000001 does not correspond",
        ),
        ([], [E5], "User does not have a corresponding license."),
        ([E3, F3], [], "License assignment failed because service plans "),
        ([{"skuId": E3, "disabledPlans": [DANA]}], [], f"License assignment failed because service plan {DANA} is not"),
    ],
)
def test_refused_whole(graph, lab, add, remove, message):
    status, code, text = error(assign(graph, lab, add, remove))
    assert (status, code) == (400, "Request_BadRequest")
    assert text.startswith(message)
    assert held(graph, lab) == []


def test_exclusive_plans_are_named(graph, lab):
    text = error(assign(graph, lab, [E3, F3]))[2]
    assert plan(graph, E3, "EXCHANGE_S_ENTERPRISE") in text
    assert plan(graph, F3, "EXCHANGE_S_DESKLESS") in text
    assert text.endswith("are mutually exclusive.")


def test_a_plan_needs_another(graph, lab):
    sharepoint = plan(graph, E3, "SHAREPOINTENTERPRISE")
    text = error(assign(graph, lab, [{"skuId": E3, "disabledPlans": [sharepoint]}]))[2]
    assert text == (
        f"License assignment failed because service plan {plan(graph, E3, 'SHAREPOINTWAC')} depends on "
        f"the service plan(s) {sharepoint}."
    )


def test_both_arrays_are_required(graph, lab):
    found = error(graph.call("POST", f"/users/{lab}/assignLicense", {"removeLicenses": []}))
    assert found[2] == (
        "One or more parameters of the operation 'assignLicense' are missing from the request payload. "
        "The missing parameters are: addLicenses."
    )


def test_seats_run_out_and_a_swap_needs_none(graph, lab):
    assert assign(graph, lab, [SPB]).status == 200
    assert (
        error(assign(graph, "admin@acme.onmicrosoft.com", [SPB]))[2]
        == f"Subscription with SKU {SPB} does not have any available licenses."
    )
    assert assign(graph, lab, [E3], [SPB]).status == 200
    assert assign(graph, "admin@acme.onmicrosoft.com", [SPB]).status == 200
    assert consumed(graph)[SPB] == 1


def test_one_seat_by_two_ways(graph):
    """A user who holds a SKU directly and by a group uses one seat."""
    group = graph.get("/groups")["value"][0]["id"]
    answer = graph.call("POST", f"/groups/{group}/assignLicense", ADD)
    assert answer.status == 202
    assert consumed(graph)[E3] == 1
    states = graph.get(f"/users/{DANA}?$select=licenseAssignmentStates")["licenseAssignmentStates"]
    assert [(row["assignedByGroup"], row["state"]) for row in states] == [(None, "Active"), (group, "Active")]
    assert assign(graph, DANA, remove=[E3]).status == 200
    assert held(graph, DANA) == [E3]
    assert error(assign(graph, DANA, remove=[E3]))[2].startswith("User license is inherited from a group membership")
    assert graph.call("DELETE", f"/groups/{group}/members/{DANA}/$ref").status == 204
    assert held(graph, DANA) == []
    assert consumed(graph)[E3] == 0


def test_a_member_without_a_seat_has_an_error(graph, lab):
    group = graph.get("/groups")["value"][0]["id"]
    assign(graph, lab, [SPB])
    graph.post(f"/groups/{group}/assignLicense", {"addLicenses": [{"skuId": SPB}], "removeLicenses": []})
    (row,) = [
        row for row in graph.get(f"/users/{DANA}?$select=licenseAssignmentStates")["licenseAssignmentStates"]
        if row["assignedByGroup"]
    ]  # fmt: skip
    assert (row["state"], row["error"]) == ("Error", "CountViolation")
    assert [item["id"] for item in graph.get(f"/groups/{group}/membersWithLicenseErrors")["value"]] == [DANA]
    assert graph.get(f"/groups/{group}?$select=hasMembersWithLicenseErrors")["hasMembersWithLicenseErrors"] is True
    assert (
        error(graph.call("DELETE", f"/groups/{group}"))[2]
        == "The group cannot be deleted because it has licenses assigned to it."
    )


def test_permission(tenant):
    assert assign(app_client(tenant, "LicenseAssignment.ReadWrite.All"), DANA, remove=[E3]).status == 200
    assert error(assign(app_client(tenant, "LicenseAssignment.Read.All"), DANA, [E5]))[0] == 403


def test_a_plan_keeps_the_date_of_its_assignment(tenant, graph, lab):
    def dates():
        found = graph.get(f"/users/{lab}?$select=assignedPlans")["assignedPlans"]
        return {(item["assignedDateTime"], item["capabilityStatus"]) for item in found}

    teams = {"skuId": E3, "disabledPlans": [plan(graph, E3, "TEAMS1")]}
    first, second, third = (f"2026-01-15T09:{n}0:00Z" for n in range(3))
    assign(graph, lab, [teams])
    assert dates() == {(first, "Enabled")}
    tenant.clock.advance(minutes=10)
    assign(graph, lab, [E3])
    assert dates() == {(first, "Enabled"), (second, "Enabled")}
    assign(graph, lab, [teams])
    assert dates() == {(first, "Enabled"), (second, "Deleted")}
    tenant.clock.advance(minutes=10)
    assign(graph, lab, [E3])
    assert dates() == {(first, "Enabled"), (third, "Enabled")}
    assign(graph, lab, remove=[E3])
    assert dates() == {(first, "Deleted"), (third, "Deleted")}


def test_plans_can_be_filtered_by(graph, lab):
    assign(graph, lab, [E3])
    wanted = "$filter=assignedPlans/any(p:p/service eq 'exchange' and p/capabilityStatus eq 'Enabled')&$count=true"
    found = graph.get(f"/users?{wanted}", headers={"ConsistencyLevel": "eventual"})["value"]
    assert lab in {user["id"] for user in found} | {user["userPrincipalName"] for user in found}
    assert len(found) < len(graph.get("/users")["value"])


def test_assignments_are_processed_anew(graph):
    before = held(graph, DANA)
    answer = graph.call("POST", f"/users/{DANA}/reprocessLicenseAssignment")
    assert answer.status == 200 and held(graph, DANA) == before
    assert graph.call("POST", "/users/nobody@acme.example/reprocessLicenseAssignment").status == 404
