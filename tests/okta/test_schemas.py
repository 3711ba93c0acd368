"""User and app-user schemas, user types. Behaviour: okta-admin-api.md 10.1, appendix C."""

from typing import Any

import pytest

from emulator import World

from . import o365
from .worlds import AD_ID, DANA_ID, SAM_ID, kinds, refused

AT = "/api/v1/meta/schemas/user/default"
BASE_ORDER = [
    "login",
    "firstName",
    "lastName",
    "middleName",
    "honorificPrefix",
    "honorificSuffix",
    "email",
    "title",
    "displayName",
    "nickName",
    "profileUrl",
    "secondEmail",
    "mobilePhone",
    "primaryPhone",
    "streetAddress",
    "city",
    "state",
    "zipCode",
    "countryCode",
    "postalAddress",
    "preferredLanguage",
    "locale",
    "timezone",
    "userType",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
    "managerId",
    "manager",
]


def custom(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": properties, "required": []}}}


def test_the_user_schema_has_the_recorded_shape(org: World) -> None:
    schema = org.okta.get(AT)
    kind = org.okta.get("/api/v1/meta/types/user")[0]
    own = kind["_links"]["schema"]["href"].rpartition("/")[2]
    assert own.startswith("osc") and kind["id"].startswith("oty")
    assert schema["id"] == f"https://acme.okta.com/meta/schemas/user/{own}"
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert (schema["name"], schema["title"], schema["type"]) == ("user", "User", "object")
    base = schema["definitions"]["base"]
    assert list(base["properties"]) == BASE_ORDER
    assert base["required"] == ["login", "firstName", "email"]
    assert base["properties"]["login"] == {
        "title": "Username", "type": "string", "required": True, "minLength": 5, "maxLength": 100,
        "mutability": "READ_WRITE", "scope": "NONE", "permissions": [{"principal": "SELF", "action": "READ_WRITE"}],
        "master": {"type": "PROFILE_MASTER"},
    }  # fmt: skip
    assert schema["definitions"]["custom"] == {"id": "#custom", "type": "object", "properties": {}, "required": []}
    assert schema["properties"]["profile"]["allOf"] == [
        {"$ref": "#/definitions/custom"},
        {"$ref": "#/definitions/base"},
    ]
    assert schema["_links"] == {
        "self": {"rel": "self", "href": f"https://acme.okta.com/api/v1/meta/schemas/user/{own}", "method": "GET"},
        "type": {"rel": "type", "href": f"https://acme.okta.com/api/v1/meta/types/user/{kind['id']}", "method": "GET"},
    }
    assert org.okta.get(f"/api/v1/meta/schemas/user/{own}") == schema
    assert (
        org.okta.get(f"/api/v1/meta/types/user/{kind['id']}") == kind == org.okta.get("/api/v1/meta/types/user/default")
    )
    assert kind["default"] is True and kind["name"] == "user"


def test_an_attribute_comes_and_goes(org: World) -> None:
    made = org.okta.post(AT, custom(badge={"title": "Badge", "type": "string", "required": True, "maxLength": 4}))
    assert made["definitions"]["custom"]["required"] == ["badge"]
    assert made["definitions"]["custom"]["properties"]["badge"] == {
        "title": "Badge", "mutability": "READ_WRITE", "scope": "NONE",
        "permissions": [{"principal": "SELF", "action": "READ_ONLY"}], "master": {"type": "PROFILE_MASTER"},
        "type": "string", "required": True, "maxLength": 4,
    }  # fmt: skip
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": {"title": "x"}})[3] == [
        "badge: The field cannot be left blank"
    ]
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "1234"}})
    changed = org.okta.post(AT, custom(badge={"required": False}))["definitions"]["custom"]["properties"]["badge"]
    assert "required" not in changed and changed["maxLength"] == 4
    org.okta.post(AT, custom(badge=None))
    assert "badge" not in org.okta.get(f"/api/v1/users/{SAM_ID}")["profile"]
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "1"}})[2].endswith("newUser")
    assert kinds(org).count("directory.user_profile.update") == 3


@pytest.mark.parametrize(
    "change",
    [
        custom(login={"type": "string"}), custom(**{"no spaces": {"type": "string"}}),
        custom(**{"1st": {"type": "string"}}),
        custom(badge={"title": "Badge"}), custom(badge={"type": "blob"}), custom(badge="text"),
        custom(badge={"type": "string", "mutability": "SOMETIMES"}), custom(badge={"type": "string", "maxLength": "9"}),
        custom(badge={"type": "string", "oneOf": ["a"]}), custom(badge={"type": "array", "items": []}),
        custom(badge={"type": "string", "enum": "a"}),
        {"definitions": {"base": {"properties": {"shoe": {"type": "string"}}}}},
        {"definitions": {"base": {"properties": {"title": None}}}},
        {"definitions": {"base": {"properties": {"title": {"type": "integer"}}}}},
        {"definitions": {"base": {"properties": {"login": {"pattern": "(a+)+"}}}}},
        {"definitions": {"base": {"properties": {"login": {"pattern": "[z-a]+"}}}}},
        {"definitions": []}, {"definitions": {"custom": {"properties": []}}},
    ],
)  # fmt: skip
def test_changes_that_are_refused(org: World, change: dict[str, Any]) -> None:
    status, code = refused(org, "POST", AT, change)[:2]
    assert status == 400 and code in ("E0000001", "error")


@pytest.mark.parametrize(
    ("change", "code", "summary"),
    [
        ({"type": "array"}, "error", "Items not present for array property: badge."),
        ({"type": "string", "pattern": 7}, "error",
         "Schema validation failed on the property pattern: value has incorrect type."),
        ({"type": "string", "enum": ["a"], "oneOf": [{"const": "b", "title": "B"}]}, "E0000123", "Array specified in"),
        ({"type": "array", "items": {"type": "string", "enum": ["a"], "oneOf": [{"const": "b", "title": "B"}]}},
         "E0000123", "Array specified in"),
        ({"type": "string", "minimum": 1}, "E0000001", "Api validation failed: minimum"),
        ({"type": "string", "minLength": 5, "maxLength": 4}, "E0000001", "Api validation failed: minLength"),
        ({"type": "string", "unique": "SOMEWHAT"}, "E0000001", "Api validation failed: unique"),
        ({"type": "string", "permissions": [{"principal": "SELF", "action": "SING"}]}, "E0000001",
         "Api validation failed: action"),
        ({"type": "string", "master": {"type": "OVERRIDE"}}, "E0000001", "Api validation failed: master"),
        ({"type": "integer", "enum": ["1"]}, "error", "Schema validation failed on the property enum"),
        ({"type": "string", "enum": ["a", "a"]}, "E0000001", "Api validation failed: enum"),
    ],
)  # fmt: skip
def test_definitions_that_are_refused(org: World, change: dict[str, Any], code: str, summary: str) -> None:
    found = refused(org, "POST", AT, custom(badge=change))
    assert found[:2] == (400, code) and found[2].startswith(summary)


def test_every_kind_of_attribute_holds_values(org: World) -> None:
    org.okta.post(AT, custom(
        size={"type": "string", "enum": ["S", "M"], "oneOf": [{"const": "S", "title": "Small"},
                                                                {"const": "M", "title": "Medium"}]},
        floor={"type": "integer", "minimum": 0, "maximum": 9}, ratio={"type": "number"}, here={"type": "boolean"},
        teams={"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}, "union": "ENABLE"},
        code={"type": "string", "master": {"type": "OVERRIDE", "priority": [{"type": "OKTA", "value": "x"}]}},
    ))  # fmt: skip
    good = {"size": "S", "floor": 3, "ratio": 1.5, "here": True, "teams": ["red"], "code": "x"}
    assert org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": good})["profile"].items() >= good.items()
    for wrong in (
        {"size": "L"},
        {"floor": 10},
        {"floor": 1.5},
        {"here": "yes"},
        {"teams": ["green"]},
        {"teams": "red"},
    ):
        assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": wrong})[:2] == (400, "E0000001")


def test_unique_attributes(org: World) -> None:
    org.okta.post(AT, custom(badge={"type": "string", "unique": "UNIQUE_VALIDATED"}, desk={"type": "string"}))
    for user in (SAM_ID, DANA_ID):
        org.okta.post(f"/api/v1/users/{user}", {"profile": {"desk": "7"}})
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "b-1"}})
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "B-1"}})
    causes = refused(org, "POST", f"/api/v1/users/{DANA_ID}", {"profile": {"badge": "b-1"}})[3]
    assert causes == ["badge: An object with this field already exists in the current organization"]
    assert refused(org, "POST", AT, custom(desk={"unique": "UNIQUE_VALIDATED"}))[:2] == (400, "E0000001")
    org.okta.post(f"/api/v1/users/{DANA_ID}", {"profile": {"desk": "8"}})
    assert org.okta.post(AT, custom(desk={"unique": True}))["definitions"]["custom"]["properties"]["desk"][
        "unique"
    ] == ("UNIQUE_VALIDATED")


def test_immutable_and_read_only_attributes(org: World) -> None:
    org.okta.post(AT, custom(birth={"type": "string", "mutability": "IMMUTABLE"},
                             grade={"type": "string", "mutability": "READ_ONLY"}))  # fmt: skip
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"birth": "1"}})
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": {"birth": "2"}})[1] == "E0000078"
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": {"grade": "2"}})[1] == "E0000077"


def test_an_app_attribute_that_goes_takes_its_values_and_mapping_with_it() -> None:
    with o365.made() as world:
        at = f"/api/v1/meta/schemas/apps/{o365.APP_ID}/default"
        world.okta.post(at, custom(shade={"type": "string"}))
        to_app = next(item["id"] for item in world.okta.get("/api/v1/mappings") if item["target"]["id"] == o365.APP_ID)
        body = {"properties": {"shade": {"expression": "user.lastName", "pushStatus": "PUSH"}}}
        world.okta.post(f"/api/v1/mappings/{to_app}", body)
        made = world.okta.post(f"/api/v1/apps/{o365.APP_ID}/users", {"id": SAM_ID, "scope": "USER"})
        assert made["profile"]["shade"] == "Okoro"
        world.okta.post(at, custom(shade=None))
        assert "shade" not in world.okta.get(f"/api/v1/apps/{o365.APP_ID}/users/{SAM_ID}")["profile"]
        assert "shade" not in world.okta.get(f"/api/v1/mappings/{to_app}")["properties"]


def test_a_type_is_for_life(org: World) -> None:
    org.okta.post(AT, custom(badge={"title": "Badge", "type": "string"}))
    assert refused(org, "POST", AT, custom(badge={"type": "integer"}))[:2] == (400, "E0000001")


def test_enum_and_one_of_must_agree(org: World) -> None:
    one_of = [{"const": "S", "title": "Small"}, {"const": "L", "title": "Large"}]
    wrong = {"type": "string", "enum": ["L", "S"], "oneOf": one_of}
    assert refused(org, "POST", AT, custom(size=wrong))[:2] == (400, "E0000123")
    in_items = {"type": "array", "items": {"type": "string", "enum": ["S"], "oneOf": one_of}}
    assert refused(org, "POST", AT, custom(sizes=in_items))[:2] == (400, "E0000123")
    org.okta.post(AT, custom(size={**wrong, "enum": ["S", "L"]}))
    assert org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"size": "L"}})["profile"]["size"] == "L"
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": {"size": "M"}})[:2] == (400, "E0000001")


def test_a_login_pattern_replaces_the_email_form(org: World) -> None:
    org.okta.post(AT, {"definitions": {"base": {"properties": {"login": {"pattern": "[a-z0-9]+"}}}}})
    body = {"profile": {"login": "kimlee", "email": "kim@acme.example", "firstName": "Kim"}}
    assert org.okta.post("/api/v1/users", body)["profile"]["login"] == "kimlee"
    body["profile"]["login"] = "Kim-Lee"
    assert refused(org, "POST", "/api/v1/users", body)[3] == ["login: Does not match required pattern"]


def test_mutability(org: World) -> None:
    org.okta.post(AT, custom(badge={"type": "string", "mutability": "IMMUTABLE"}))
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "1"}})
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "2"}})[:3] == (
        403, "E0000078", "Cannot modify the badge attribute because it is immutable.",
    )  # fmt: skip
    org.okta.post(AT, custom(badge={"mutability": "READ_ONLY"}))
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "2"}})[:2] == (403, "E0000077")
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "1", "title": "x"}})


def test_a_unique_attribute(org: World) -> None:
    org.okta.post(AT, custom(badge={"type": "string", "unique": "UNIQUE_VALIDATED"}))
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"badge": "1"}})
    assert refused(org, "POST", "/api/v1/users/me", {"profile": {"badge": "1"}})[3] == [
        "badge: An object with this field already exists in the current organization"
    ]


def test_app_schemas(org: World) -> None:
    at = f"/api/v1/meta/schemas/apps/{AD_ID}/default"
    schema = org.okta.get(at)
    assert schema["id"] == f"https://acme.okta.com/meta/schemas/apps/{AD_ID}/default"
    assert schema["name"] == "active_directory"
    base = schema["definitions"]["base"]["properties"]
    assert next(iter(base)) == "userName" and base["userName"]["required"] is True
    assert "msExchUsageLocation" in base
    made = org.okta.post(at, custom(shoe={"title": "Shoe", "type": "number"}))
    assert made["definitions"]["custom"]["properties"]["shoe"]["type"] == "number"
    assert "directory.app_user_profile.update" in kinds(org)


def test_unknown_schemas(org: World) -> None:
    assert refused(org, "GET", "/api/v1/meta/schemas/user/oscnone")[:2] == (404, "E0000007")
    assert refused(org, "POST", "/api/v1/meta/schemas/user/oscnone", {})[:2] == (404, "E0000007")
    assert refused(org, "GET", "/api/v1/meta/types/user/otynone")[:2] == (404, "E0000007")
    for method in ("GET", "POST"):
        body = {} if method == "POST" else None
        assert refused(org, method, "/api/v1/meta/schemas/apps/0oanone/default", body)[:2] == (404, "E0000007")
