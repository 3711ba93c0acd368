"""Administrator roles of users. Behaviour: okta-admin-api.md 1.2, 16."""

import pytest

from emulator import World

from .worlds import ADMIN_ID, SAM_ID, kinds, refused

AT = f"/api/v1/users/{SAM_ID}/roles"


@pytest.mark.parametrize(
    ("kind", "id"),
    [
        ("APP_ADMIN", "IFIFAX2BIRGUSTQ"), ("USER_ADMIN", "KVJUKUS7IFCE2SKO"),
        ("HELP_DESK_ADMIN", "JBCUYUC7IRCVGS27IFCE2SKO"),
        ("GROUP_MEMBERSHIP_ADMIN", "I5JE6VKQL5GUKTKCIVJFGSCJKBPUCRCNJFHA"),
    ],
)  # fmt: skip
def test_a_role_has_the_same_id_in_every_org(org: World, kind: str, id: str) -> None:
    answer = org.okta.call("POST", AT, {"type": kind})
    assert answer.status == 201
    role = org.okta.get(AT)[0]
    assert list(role) == ["id", "label", "type", "status", "created", "lastUpdated", "assignmentType", "_links"]
    assert (role["id"], role["type"], role["status"], role["assignmentType"]) == (id, kind, "ACTIVE", "USER")
    assert role["_links"] == {"assignee": {"href": f"https://acme.okta.com/api/v1/users/{SAM_ID}"}}
    assert org.okta.get(f"{AT}/{id}") == role
    assert refused(org, "POST", AT, {"type": kind})[:2] == (409, "E0000090")
    assert org.okta.call("DELETE", f"{AT}/{id}").status == 204
    assert refused(org, "DELETE", f"{AT}/{id}")[2] == f"Not found: Resource not found: {id} (RoleAssignment)"
    assert kinds(org) == ["user.account.privilege.grant", "user.account.privilege.revoke"]


def test_a_seeded_super_administrator(org: World) -> None:
    role = org.okta.get(f"/api/v1/users/{ADMIN_ID}/roles")[0]
    assert role["type"] == "SUPER_ADMIN" and role["id"].startswith("ra1") and len(role["id"]) == 20


def test_roles_that_are_refused(org: World) -> None:
    assert refused(org, "POST", AT, {"type": "EMPEROR"})[:2] == (400, "E0000001")
    assert refused(org, "POST", AT, {"type": "CUSTOM"})[:2] == (400, "E0000001")
    assert refused(org, "GET", f"{AT}/none")[:2] == (404, "E0000007")
