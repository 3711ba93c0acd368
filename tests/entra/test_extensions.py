"""Directory extensions and schema extensions: defining them, and using them on users and groups."""

import pytest

from .worlds import APP, DANA, app_client, client, error, mint

SCHEMA = {
    "id": "courses", "description": "Courses", "targetTypes": ["User"],
    "properties": [{"name": "level", "type": "Integer"}, {"name": "title", "type": "String"}],
}  # fmt: skip


@pytest.fixture
def app(graph):
    return graph.get(f"/applications(appId='{APP}')")["id"]


def define(graph, app, name, kind="String", **more):
    body = {"name": name, "dataType": kind, "targetObjects": ["User", "Group"], **more}
    return graph.post(f"/applications/{app}/extensionProperties", body)


# -- directory extensions


def test_a_definition(graph, app):
    made = define(graph, app, "badge")
    assert made["name"] == f"extension_{APP.replace('-', '')}_badge"
    assert (made["appDisplayName"], made["isMultiValued"]) == ("Lab", False)
    url = f"/applications/{app}/extensionProperties"
    assert [item["id"] for item in graph.get(url)["value"]] == [made["id"]]
    assert graph.get(f"{url}/{made['id']}")["name"] == made["name"]
    assert error(graph.call("POST", url, {"name": "badge", "dataType": "String", "targetObjects": ["User"]}))[0] == 400
    found = graph.post("/directoryObjects/getAvailableExtensionProperties", {"isSyncedFromOnPremises": False})["value"]
    assert [item["name"] for item in found] == [made["name"]]
    assert graph.call("DELETE", f"{url}/{made['id']}").status == 204
    assert error(graph.call("GET", f"{url}/{made['id']}"))[0] == 404


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": "a b"},
        {"dataType": "Text"},
        {"targetObjects": ["Car"]},
        {"targetObjects": None},
        {"nonsense": 1},
    ],
)
def test_definitions_that_are_refused(graph, app, change):
    body = {"name": "x", "dataType": "String", "targetObjects": ["User"], **change}
    body = {key: value for key, value in body.items() if value is not None}
    assert error(graph.call("POST", f"/applications/{app}/extensionProperties", body))[0] == 400


def test_values_are_written_selected_and_found(graph, app):
    badge, level = define(graph, app, "badge")["name"], define(graph, app, "level", "Integer")["name"]
    assert graph.call("PATCH", f"/users/{DANA}", {badge: "B-1", level: 7, "jobTitle": "x"}).status == 204
    found = graph.get(f"/users/{DANA}?$select=id,{badge},{level}")
    assert (found[badge], found[level]) == ("B-1", 7)
    assert badge not in graph.get(f"/users/{DANA}")
    for clause in (f"{badge} eq 'b-1'", f"startswith({badge},'B')", f"{level} eq 7", f"{badge} in ('B-1','B-2')"):
        assert [item["id"] for item in graph.get(f"/users?$filter={clause}")["value"]] == [DANA], clause
    advanced = {"ConsistencyLevel": "eventual"}
    assert len(graph.get(f"/users?$filter={badge} ne 'B-1'&$count=true", headers=advanced)["value"]) == 2
    graph.patch(f"/users/{DANA}", {badge: None})
    assert graph.get(f"/users?$filter={badge} eq 'B-1'")["value"] == []


def test_changes_are_followed(graph, app):
    badge = define(graph, app, "badge")["name"]
    link = graph.get(f"/users/delta?$deltatoken=latest&$select=id,{badge}")["@odata.deltaLink"]
    graph.patch(f"/users/{DANA}", {badge: "B-1"})
    assert graph.get(link)["value"] == [{"id": DANA, badge: "B-1"}]


def test_values_that_are_refused(graph, app):
    badge, many = define(graph, app, "badge")["name"], define(graph, app, "many", isMultiValued=True)["name"]
    for body in ({badge: 5}, {badge: ["x"]}, {many: "x"}, {badge: "x" * 257}):
        assert error(graph.call("PATCH", f"/users/{DANA}", body))[2].startswith("Invalid value specified for property")
    assert graph.call("PATCH", f"/users/{DANA}", {many: ["a", "b"]}).status == 204
    assert graph.get(f"/users/{DANA}?$select={many}")[many] == ["a", "b"]
    unknown = error(graph.call("PATCH", f"/users/{DANA}", {"extension_x_y": "z"}))
    assert unknown[2] == "The following extension properties are not available: extension_x_y."
    assert "extension property" in error(graph.call("GET", "/users?$filter=extension_x_y eq 'z'"))[2]


def test_a_deleted_definition_hides_its_values(graph, app):
    made = define(graph, app, "badge")
    graph.patch(f"/users/{DANA}", {made["name"]: "B-1"})
    graph.delete(f"/applications/{app}/extensionProperties/{made['id']}")
    assert made["name"] not in graph.get(f"/users/{DANA}?$select=id,{made['name']}")


def test_on_groups_and_new_objects(graph, app):
    badge = define(graph, app, "badge")["name"]
    body = {"displayName": "T", "mailEnabled": False, "mailNickname": "t", "securityEnabled": True, badge: "G-1"}
    made = graph.post("/groups", body)["id"]
    assert graph.get(f"/groups?$filter={badge} eq 'G-1'&$select=id,{badge}")["value"] == [{"id": made, badge: "G-1"}]


def test_a_hundred_values(graph, app):
    names = [define(graph, app, f"n{n}")["name"] for n in range(101)]
    assert graph.call("PATCH", f"/users/{DANA}", dict.fromkeys(names[:100], "x")).status == 204
    assert error(graph.call("PATCH", f"/users/{DANA}", {names[100]: "x"}))[0] == 400


# -- schema extensions


def test_a_schema_and_its_values(graph):
    made = graph.post("/schemaExtensions", SCHEMA)
    name = made["id"]
    assert name.startswith("ext") and name.endswith("_courses")
    assert (made["status"], made["owner"]) == ("InDevelopment", APP)
    graph.patch(f"/users/{DANA}", {name: {"level": 3, "title": "Welding"}})
    graph.patch(f"/users/{DANA}", {name: {"level": 4}})
    assert graph.get(f"/users/{DANA}?$select={name}")[name] == {"level": 4, "title": "Welding"}
    for clause in (f"{name}/title eq 'welding'", f"{name}/level eq 4", f"startswith({name}/title,'Weld')"):
        assert [item["id"] for item in graph.get(f"/users?$filter={clause}")["value"]] == [DANA], clause
    for bad in ({name: {"nope": 1}}, {name: {"level": "x"}}, {name: "x"}):
        assert error(graph.call("PATCH", f"/users/{DANA}", bad))[0] == 400
    graph.patch(f"/users/{DANA}", {name: None})
    assert (
        name not in graph.get(f"/users/{DANA}?$select=id,{name}")
        or graph.get(f"/users/{DANA}?$select={name}")[name] is None
    )


def test_the_life_of_a_schema(tenant, graph):
    name = graph.post("/schemaExtensions", {**SCHEMA, "id": "acme_courses"})["id"]
    assert name == "acme_courses"
    url = f"/schemaExtensions/{name}"
    assert "already exists" in error(graph.call("POST", "/schemaExtensions", {**SCHEMA, "id": name}))[2]
    assert [item["id"] for item in graph.get("/schemaExtensions?$filter=id eq 'acme_courses'")["value"]] == [name]
    other = client(tenant, mint(tenant, {"idtyp": "app", "oid": "a0000000-0000-4000-8000-0000000000f1", "appid": "x",
                                         "roles": ["Application.ReadWrite.All"]}))  # fmt: skip
    assert error(other.call("PATCH", url, {"description": "x"}))[0] == 403
    assert graph.call("PATCH", url, {"status": "Available"}).status == 204
    assert error(graph.call("PATCH", url, {"status": "InDevelopment"}))[0] == 400
    assert error(graph.call("PATCH", url, {"properties": SCHEMA["properties"][:1]}))[0] == 400
    grown = [*SCHEMA["properties"], {"name": "when", "type": "DateTime"}]
    assert graph.call("PATCH", url, {"properties": grown}).status == 204
    assert error(graph.call("DELETE", url))[0] == 400
    assert graph.call("PATCH", url, {"status": "Deprecated"}).status == 204


@pytest.mark.parametrize(
    "change",
    [{"id": "not ours_x"}, {"id": "elsewhere_x"}, {"id": None}, {"description": None}, {"targetTypes": ["Car"]},
     {"properties": [{"name": "x", "type": "Text"}]}, {"properties": []}, {"owner": "nobody"}],
)  # fmt: skip
def test_schemas_that_are_refused(graph, change):
    body = {key: value for key, value in {**SCHEMA, **change}.items() if value is not None}
    assert error(graph.call("POST", "/schemaExtensions", body))[0] in (400, 403)


def test_only_while_in_development_it_is_deleted(graph, tenant):
    name = graph.post("/schemaExtensions", SCHEMA)["id"]
    assert graph.call("DELETE", f"/schemaExtensions/{name}").status == 204
    assert error(graph.call("GET", f"/schemaExtensions/{name}"))[0] == 404
    assert error(app_client(tenant, "User.Read.All").call("POST", "/schemaExtensions", SCHEMA))[0] == 403
