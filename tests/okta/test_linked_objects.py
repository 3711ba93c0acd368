"""Linked objects. Behaviour: the vendor's linked objects guide, okta-admin-api.md 3.3."""

from typing import Any

from emulator import World

from .worlds import ADMIN_ID, DANA_ID, SAM_ID, kinds, refused

AT = "/api/v1/meta/schemas/user/linkedObjects"


def definition(primary: str = "manager", associated: str = "subordinate") -> dict[str, Any]:
    return {
        end: {"name": name, "title": name.title(), "description": "", "type": "USER"}
        for end, name in (("primary", primary), ("associated", associated))
    }


def links(org: World, user: str, name: str) -> list[str]:
    found = org.okta.get(f"/api/v1/users/{user}/linkedObjects/{name}")
    return [item["_links"]["self"]["href"].rpartition("/")[2] for item in found]


def test_definitions(org: World) -> None:
    answer = org.okta.call("POST", AT, definition())
    assert answer.status == 201
    made = org.okta.get(AT)[0]
    assert list(made) == ["primary", "associated", "_links"]
    assert made["_links"]["self"]["href"].endswith("/linkedObjects/manager")
    assert org.okta.get(f"{AT}/subordinate") == made == org.okta.get(f"{AT}/manager")
    assert org.okta.get("/api/v1/meta/schemas/user/default/linkedObjects") == [made]
    for wrong in (definition("boss", "subordinate"), definition("x", "x")):
        assert refused(org, "POST", AT, wrong)[:2] == (409, "E0000127")
    for wrong in (definition("1st"), {"primary": {}}, {**definition("a", "b"), "associated": {"name": "b"}}):
        assert refused(org, "POST", AT, wrong)[:2] == (400, "E0000001")
    assert org.okta.call("DELETE", f"{AT}/subordinate").status == 204
    assert org.okta.get(AT) == []
    assert refused(org, "GET", f"{AT}/manager")[2] == "Not found: Resource not found: manager (LinkedObjectProperty)"
    assert kinds(org) == ["directory.linked_object.create", "directory.linked_object.delete"]


def test_links_between_users(org: World) -> None:
    org.okta.post(AT, definition())
    put = f"/api/v1/users/{DANA_ID}/linkedObjects/manager"
    assert links(org, DANA_ID, "manager") == []
    assert org.okta.call("PUT", f"{put}/{SAM_ID}").status == 204
    assert (links(org, DANA_ID, "manager"), links(org, SAM_ID, "subordinate")) == ([SAM_ID], [DANA_ID])
    org.okta.call("PUT", f"{put}/{ADMIN_ID}")
    assert (links(org, DANA_ID, "manager"), links(org, SAM_ID, "subordinate")) == ([ADMIN_ID], [])
    assert refused(org, "PUT", f"/api/v1/users/{DANA_ID}/linkedObjects/subordinate/{SAM_ID}")[0] == 404
    assert refused(org, "PUT", f"{put}/00unone")[0] == 404
    assert org.okta.call("DELETE", put).status == org.okta.call("DELETE", put).status == 204
    assert links(org, ADMIN_ID, "subordinate") == []
    org.okta.call("PUT", f"{put}/{SAM_ID}")
    for _ in range(2):
        org.okta.delete(f"/api/v1/users/{SAM_ID}")
    assert links(org, DANA_ID, "manager") == []
