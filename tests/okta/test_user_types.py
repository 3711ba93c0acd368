"""User types, their schemas and mappings. Behaviour: okta-admin-api.md 10.1, appendix C."""

from typing import Any

import pytest

from emulator import World

from . import o365
from .worlds import SAM_ID, kinds, new_user, refused, world

AT = "/api/v1/meta/types/user"


def make(org: World, name: str = "contractor", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = org.okta.post(AT, {"name": name, "displayName": name.title(), **more})
    return made


def custom(**properties: Any) -> dict[str, Any]:
    return {"definitions": {"custom": {"properties": properties}}}


def test_a_type_has_a_life(org: World) -> None:
    made = make(org, description="From outside")
    assert list(made) == [
        "id", "displayName", "name", "description", "createdBy", "lastUpdatedBy", "created", "lastUpdated", "default",
        "_links",
    ]  # fmt: skip
    assert made["id"].startswith("oty") and made["default"] is False
    assert [kind["name"] for kind in org.okta.get(AT)] == ["user", "contractor"]
    changed = org.okta.post(f"{AT}/{made['id']}", {"displayName": "Guest"})
    assert (changed["displayName"], changed["description"]) == ("Guest", "From outside")
    changed = org.okta.put(f"{AT}/{made['id']}", {"name": "contractor", "displayName": "Guest"})
    assert changed["description"] is None
    assert org.okta.call("DELETE", f"{AT}/{made['id']}").status == 204
    assert refused(org, "GET", f"{AT}/{made['id']}")[2] == f"Not found: Resource not found: {made['id']} (CVDType)"
    assert "directory.non_default_user_profile.create" in kinds(org)


def test_what_is_refused(org: World) -> None:
    made = make(org)
    for body in ({"name": "contractor", "displayName": "C"}, {"name": "1st", "displayName": "C"}, {"displayName": "C"},
                 {"name": "x"}, {"name": "x", "displayName": "C", "description": 5}):  # fmt: skip
        assert refused(org, "POST", AT, body)[0] == 400
    assert refused(org, "PUT", f"{AT}/{made['id']}", {"name": "other", "displayName": "C"})[:2] == (400, "E0000001")
    assert refused(org, "POST", f"{AT}/{made['id']}", {"name": "other"})[:2] == (400, "E0000001")
    assert refused(org, "DELETE", f"{AT}/default")[:2] == (403, "E0000142")
    new_user(org, "kim@acme.example")
    body = {"profile": {"login": "c@acme.example", "email": "c@acme.example", "firstName": "C"}, "type": made}
    org.okta.post("/api/v1/users", {**body, "type": {"id": made["id"]}})
    assert refused(org, "DELETE", f"{AT}/{made['id']}")[:2] == (403, "E0000142")


def test_each_type_has_attributes_of_its_own(org: World) -> None:
    made = make(org)
    own = made["_links"]["schema"]["href"].partition("/api/v1")[2]
    schema = org.okta.post(f"/api/v1{own}", custom(agency={"type": "string", "required": True}))
    assert (schema["name"], schema["title"]) == ("contractor", "Contractor")
    assert schema["_links"]["type"]["href"].endswith(made["id"])
    assert "agency" not in org.okta.get("/api/v1/meta/schemas/user/default")["definitions"]["custom"]["properties"]
    profile = {"login": "c@acme.example", "email": "c@acme.example", "firstName": "C"}
    body = {"profile": profile, "type": {"id": made["id"]}}
    assert refused(org, "POST", "/api/v1/users", body)[3] == ["agency: The field cannot be left blank"]
    user = org.okta.post("/api/v1/users", {**body, "profile": {**profile, "agency": "A"}})
    assert user["_links"]["schema"]["href"].endswith(own.rpartition("/")[2])
    assert [u["id"] for u in org.okta.get(f'/api/v1/users?search=type.id+eq+"{made["id"]}"')] == [user["id"]]
    back = org.okta.put(f"/api/v1/users/{user['id']}", {"profile": profile, "type": {"id": org.okta.get(AT)[0]["id"]}})
    assert "agency" not in back["profile"] and back["type"]["id"] == org.okta.get(AT)[0]["id"]
    assert "user.account.update_user_type" in kinds(org)
    body = {"type": {"id": made["id"]}, "profile": {"agency": "B"}}
    assert org.okta.post(f"/api/v1/users/{user['id']}", body)["profile"]["agency"] == "B"
    assert refused(org, "POST", f"/api/v1/users/{SAM_ID}", {"type": {"id": "otynone"}})[0] == 404


def test_a_new_type_is_mapped_to_every_app() -> None:
    with o365.made() as made:
        before = made.okta.get("/api/v1/mappings?limit=200")
        kind = make(made)
        both = made.okta.get(f"/api/v1/mappings?sourceId={kind['id']}") + made.okta.get(
            f"/api/v1/mappings?targetId={kind['id']}"
        )
        assert len(both) == len(before)
        mapping = next(m for m in both if m["target"]["id"] == o365.APP_ID)
        change = {"properties": {"displayName": {"expression": '"C " + user.lastName', "pushStatus": "PUSH"}}}
        made.okta.post(f"/api/v1/mappings/{mapping['id']}", change)
        profile = {"login": "c@acme.example", "email": "c@acme.example", "firstName": "C", "lastName": "D"}
        body = {"profile": profile, "type": {"id": kind["id"]}, "credentials": {"password": {"value": "Tr4ining-pass"}}}
        user = made.okta.post("/api/v1/users", body)
        assigned = made.okta.post(f"/api/v1/apps/{o365.APP_ID}/users", {"id": user["id"], "scope": "USER"})
        assert assigned["profile"]["displayName"] == "C D"


def test_types_of_the_world_file() -> None:
    types = [{"name": "guest", "attributes": {"host": {"type": "string"}}}]
    users = [{"login": "g@acme.example", "firstName": "G", "type": "guest", "profile": {"host": "Dana"}}]
    with world(user_types=types, users=users, directories=[], tokens=[]) as made:
        assert made.okta is not None


@pytest.mark.parametrize("key", ["default", "nothing"])
def test_reads(org: World, key: str) -> None:
    assert org.okta.call("GET", f"{AT}/{key}").status == (200 if key == "default" else 404)
