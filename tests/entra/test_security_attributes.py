"""Custom security attributes: what is defined, what may be assigned, and who sees it."""

import pytest

from .worlds import ADMIN, APP_SP, DANA, app_client, error, person_client

SETS, DEFINITIONS = "/directory/attributeSets", "/directory/customSecurityAttributeDefinitions"
KIND = "#Microsoft.DirectoryServices.CustomSecurityAttributeValue"


def defined(**more):
    return {"attributeSet": "Engineering", "description": "d", "isCollection": False, "isSearchable": True,
            "name": "ProjectDate", "status": "Available", "type": "String", "usePreDefinedValuesOnly": False, **more}  # fmt: skip


@pytest.fixture
def engineering(graph):
    graph.post(SETS, {"id": "Engineering", "description": "Attributes", "maxAttributesPerSet": 5})
    graph.post(DEFINITIONS, defined())
    graph.post(DEFINITIONS, defined(name="NumVendors", type="Integer"))
    values = [{"id": name, "isActive": True} for name in ("Alpine", "Baker")]
    graph.post(
        DEFINITIONS, defined(name="Project", isCollection=True, usePreDefinedValuesOnly=True, allowedValues=values)
    )
    return graph


def assign(graph, path: str = f"/users/{DANA}", **values):
    return graph.call("PATCH", path, {"customSecurityAttributes": {"Engineering": {"@odata.type": KIND, **values}}})


def held(graph, path: str = f"/users/{DANA}"):
    return graph.get(f"{path}?$select=customSecurityAttributes")["customSecurityAttributes"]


def test_sets_and_definitions_are_found_whatever_their_case(engineering):
    graph = engineering
    assert graph.get(f"{SETS}/engineering")["maxAttributesPerSet"] == 5
    assert graph.call("PATCH", f"{SETS}/Engineering", {"description": "x"}).status == 204
    assert [row["description"] for row in graph.get(SETS)["value"]] == ["x"]
    one = graph.get(f"{DEFINITIONS}/engineering_project?$expand=allowedValues")
    assert (one["id"], len(one["allowedValues"])) == ("Engineering_Project", 2)
    rows = graph.get(f"{DEFINITIONS}?$filter=attributeSet eq 'Engineering'")["value"]
    assert len(rows) == 3
    assert error(graph.call("POST", SETS, {"id": "ENGINEERING"}))[0] == 409
    assert error(graph.call("POST", DEFINITIONS, defined(name="projectdate")))[0] == 409
    assert error(graph.call("GET", f"{SETS}/none"))[0] == 404
    assert error(graph.call("GET", f"{DEFINITIONS}/none"))[0] == 404


@pytest.mark.parametrize("more", [
    {"attributeSet": "None"}, {"name": "a b"}, {"type": "Date"}, {"status": "Gone"}, {"isCollection": None},
    {"type": "Boolean", "isCollection": True}, {"allowedValues": [{"id": ""}]}, {"odd": 1},
])  # fmt: skip
def test_a_definition_that_makes_no_sense_is_refused(engineering, more):
    assert error(engineering.call("POST", DEFINITIONS, defined(**{"name": "Other", **more})))[0] == 400


@pytest.mark.parametrize("body", [{}, {"id": "a b"}, {"id": "x", "maxAttributesPerSet": 0}, {"id": 5}])
def test_a_set_that_makes_no_sense_is_refused(graph, body):
    assert error(graph.call("POST", SETS, body))[0] == 400


def test_values_are_merged_and_shown_with_their_types(engineering):
    graph = engineering
    assert assign(graph, ProjectDate="2022-10-01", **{"NumVendors@odata.type": "#Int32", "NumVendors": 4}).status == 204
    assert assign(graph, **{"Project@odata.type": "#Collection(String)", "Project": ["Alpine", "Baker"]}).status == 204
    assert held(graph) == {"Engineering": {
        "@odata.type": "#microsoft.graph.customSecurityAttributeValue", "ProjectDate": "2022-10-01",
        "NumVendors@odata.type": "#Int32", "NumVendors": 4, "Project@odata.type": "#Collection(String)",
        "Project": ["Alpine", "Baker"],
    }}  # fmt: skip
    found = graph.get(
        "/users?$count=true&$select=id&$filter=customSecurityAttributes/Engineering/ProjectDate eq '2022-10-01'",
        headers={"consistencylevel": "eventual"},
    )
    assert [row["id"] for row in found["value"]] == [DANA]
    assert assign(graph, ProjectDate=None, NumVendors=None, Project=[]).status == 204
    assert held(graph) is None


def test_service_principals_have_them_too(engineering):
    graph, path = engineering, f"/servicePrincipals/{APP_SP}"
    assert assign(graph, path, ProjectDate="x").status == 204
    assert held(graph, path)["Engineering"]["ProjectDate"] == "x"
    assert "customSecurityAttributes" not in graph.get(path)


@pytest.mark.parametrize("values", [
    {"ProjectDate": 5}, {"ProjectDate": ["a"]}, {"NumVendors": "4"}, {"NumVendors": True}, {"Project": "Alpine"},
    {"Project": ["Cascade"]}, {"Nothing": "x"}, {"ProjectDate": "x" * 65},
])  # fmt: skip
def test_a_value_is_of_its_attribute(engineering, values):
    assert error(assign(engineering, **values))[0] == 400


def test_deprecated_attributes_and_inactive_values_are_assigned_no_more(engineering):
    graph = engineering
    assert graph.call("PATCH", f"{DEFINITIONS}/Engineering_ProjectDate", {"status": "Deprecated"}).status == 204
    assert error(assign(graph, ProjectDate="x"))[0] == 400
    values = f"{DEFINITIONS}/Engineering_Project/allowedValues"
    assert graph.post(values, {"id": "Cascade", "isActive": True})["id"] == "Cascade"
    assert assign(graph, Project=["Cascade"]).status == 204
    assert graph.call("PATCH", f"{values}/Cascade", {"isActive": False}).status == 204
    assert graph.get(f"{values}/Cascade")["isActive"] is False
    assert len(graph.get(values)["value"]) == 3
    assert error(assign(graph, Project=["Cascade"]))[0] == 400
    delta = {"allowedValues@delta": [{"id": "Baker", "isActive": False}, {"id": "Delta", "isActive": True}]}
    assert graph.call("PATCH", f"{DEFINITIONS}/Engineering_Project", delta).status == 204
    assert {row["id"]: row["isActive"] for row in graph.get(values)["value"]}["Delta"] is True
    assert error(graph.call("GET", f"{values}/none"))[0] == 404
    assert (
        error(graph.call("PATCH", f"{DEFINITIONS}/Engineering_ProjectDate", {"usePreDefinedValuesOnly": True}))[0]
        == 400
    )
    assert error(graph.call("PATCH", f"{DEFINITIONS}/Engineering_ProjectDate", {"type": "Integer"}))[0] == 400


def test_they_are_seen_and_set_by_their_own_permissions_only(tenant, engineering):
    assert assign(engineering, ProjectDate="x").status == 204
    weak = app_client(tenant, "User.ReadWrite.All", "Directory.ReadWrite.All")
    assert held(weak) is None
    assert error(assign(weak, ProjectDate="y"))[0] == 403
    assert "customSecurityAttributes" not in weak.get(f"/users/{DANA}")
    scopes = "User.Read.All CustomSecAttributeAssignment.Read.All"
    assert held(person_client(tenant, DANA, scopes)) is None
    assert held(person_client(tenant, ADMIN, scopes))["Engineering"]["ProjectDate"] == "x"
