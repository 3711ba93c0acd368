"""Least privilege: every operation wants its scope and a role. Behaviour: okta-admin-api.md 2.1, 2.2, 16."""

import re

import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.okta import role_table
from emulator.serving.parties import party_type
from tests.okta.worlds import DANA_ID, HOST, SAM_ID, events, refused
from tests.okta.worlds import world as small_world

from .clients import app, body, get, post, service, service_token

SCOPED = [
    pytest.param(item, id=f"{item.method}-{item.path}")
    for service_type in party_type("okta").services
    for item in service_type.operations
    if item.auth == "token" and item.scope
]


@pytest.fixture(scope="module")
def room():
    with small_world() as made:
        robot = service(made, "okta.certificateAuthorities.read", role="SUPER_ADMIN")
        helper = service(made, "okta.users.read", label="Helper", role=None)
        texts = {
            "unscoped": "Bearer "
            + body(service_token(made, robot, "okta.certificateAuthorities.read"))["access_token"],
            "roleless": "Bearer " + body(service_token(made, helper, "okta.users.read"))["access_token"],
        }
        yield made, texts


@pytest.mark.parametrize("item", SCOPED)
def test_no_operation_takes_a_token_without_its_scope(room, item) -> None:
    made, texts = room
    path = re.sub(r"\{[^}]*\}", "x1", item.path)
    sent = {"host": HOST, "content-type": "application/json", "authorization": texts["unscoped"]}
    answer = made.entry(Exchange(item.method, "https", HOST, path, "", sent, b"{}"))
    assert answer.status == 403 and body(answer)["errorCode"] == "E0000006", (item.name, answer.body)
    challenge = str(answer.header("www-authenticate"))
    assert 'error="insufficient_scope"' in challenge
    assert any(f'scope="{scope}"' in challenge for scope in item.scope)


@pytest.mark.parametrize("item", [p for p in SCOPED if "okta.users.read" in p.values[0].scope])
def test_no_operation_takes_a_client_without_a_role(room, item) -> None:
    made, texts = room
    sent = {"host": HOST, "content-type": "application/json", "authorization": texts["roleless"]}
    path = re.sub(r"\{[^}]*\}", "x1", item.path)
    answer = made.entry(Exchange(item.method, "https", HOST, path, "", sent, b"{}"))
    assert answer.status == 403 and answer.header("www-authenticate") is None, (item.name, answer.body)


@pytest.mark.parametrize("item", SCOPED)
def test_only_readers_operations_are_open_to_read_only_administrators(item) -> None:
    reads = any(scope.endswith(".read") for scope in item.scope)
    assert role_table.allows(role_table.ROLES["READ_ONLY_ADMIN"], item) is reads
    assert role_table.allows(role_table.ROLES["SUPER_ADMIN"], item)


def token_of(org: World, login_id: str, role: str) -> dict[str, str]:
    """An API token of a person with one role."""
    org.okta.post(f"/api/v1/users/{login_id}/roles", {"type": role})
    value = org.okta.post("/api/internal/v1/api-tokens", {"name": role, "userId": login_id})["token"]
    return {"authorization": f"SSWS {value}", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("READ_ONLY_ADMIN", ["GET /api/v1/users", "GET /api/v1/apps"], ["POST /api/v1/groups"]),
        ("USER_ADMIN", ["GET /api/v1/users", "POST /api/v1/groups"], ["POST /api/v1/apps", "GET /api/v1/zones"]),
        ("GROUP_MEMBERSHIP_ADMIN", ["GET /api/v1/groups", "PUT /api/v1/groups/{sales}/users/" + SAM_ID],
         ["POST /api/v1/groups", "POST /api/v1/users"]),
        ("HELP_DESK_ADMIN", ["GET /api/v1/users", f"POST /api/v1/users/{DANA_ID}/lifecycle/expire_password"],
         [f"POST /api/v1/users/{DANA_ID}/lifecycle/suspend", "GET /api/v1/apps"]),
        ("APP_ADMIN", ["GET /api/v1/apps", "POST /api/v1/apps"], ["POST /api/v1/users"]),
        ("API_ACCESS_MANAGEMENT_ADMIN", ["GET /api/v1/authorizationServers", "POST /api/v1/authorizationServers"],
         ["POST /api/v1/users"]),
        ("REPORT_ADMIN", ["GET /api/v1/logs"], ["GET /api/v1/zones", "POST /api/v1/groups"]),
    ],
)  # fmt: skip
def test_an_api_token_acts_with_its_owners_roles(org: World, role: str, may: list[str], may_not: list[str]) -> None:
    sent = token_of(org, SAM_ID, role)
    sales = next(g["id"] for g in org.okta.get("/api/v1/groups") if g["profile"]["name"] == "Sales")

    def forbidden(call: str) -> bool:
        method, path = call.format(sales=sales).split()
        answer = org.entry(Exchange(method, "https", HOST, path, "", {"host": HOST, **sent}, b"{}"))
        return answer.status == 403 and body(answer)["errorCode"] == "E0000006"

    assert [call for call in may if forbidden(call)] == []
    assert [call for call in may_not if not forbidden(call)] == []


def test_roles_reach_their_targets_only(org: World) -> None:
    groups = {g["profile"]["name"]: g["id"] for g in org.okta.get("/api/v1/groups")}
    sent = token_of(org, SAM_ID, "USER_ADMIN")
    at = f"/api/v1/users/{SAM_ID}/roles/KVJUKUS7IFCE2SKO/targets"
    assert org.okta.call("PUT", f"{at}/groups/{groups['Sales']}").status == 204
    assert [g["id"] for g in org.okta.get(f"{at}/groups")] == [groups["Sales"]]
    assert len(org.okta.get(at)) == 1
    assert get(org, f"/api/v1/groups/{groups['Sales']}", headers=sent).status == 200
    assert get(org, f"/api/v1/groups/{groups['Everyone']}", headers=sent).status == 403
    assert get(org, f"/api/v1/users/{DANA_ID}", headers=sent).status == 200
    assert get(org, f"/api/v1/users/{SAM_ID}", headers=sent).status == 403
    assert refused(org, "DELETE", f"{at}/groups/{groups['Sales']}")[:2] == (400, "E0000001")
    assert refused(org, "PUT", f"{at}/catalog/apps/bookmark")[:2] == (400, "E0000091")


def test_app_targets(org: World) -> None:
    sent = token_of(org, SAM_ID, "APP_ADMIN")
    one, other = app(org, label="One"), app(org, label="Two")
    at = f"/api/v1/users/{SAM_ID}/roles/IFIFAX2BIRGUSTQ/targets/catalog/apps"
    assert org.okta.call("PUT", f"{at}/oidc_client/{one['id']}").status == 204
    assert org.okta.get(at)[0]["id"] == one["id"]
    assert get(org, f"/api/v1/apps/{one['id']}", headers=sent).status == 200
    assert get(org, f"/api/v1/apps/{other['id']}", headers=sent).status == 403
    assert org.okta.call("PUT", f"{at}/oidc_client").status == 204
    assert org.okta.call("DELETE", f"{at}/oidc_client").status == 204
    assert org.okta.call("PUT", at).status == 200
    assert get(org, f"/api/v1/apps/{other['id']}", headers=sent).status == 200


def test_groups_give_their_roles_to_their_members(org: World) -> None:
    groups = {g["profile"]["name"]: g["id"] for g in org.okta.get("/api/v1/groups")}
    at = f"/api/v1/groups/{groups['Sales']}/roles"
    made = org.okta.post(at, {"type": "READ_ONLY_ADMIN"})
    assert made["id"].startswith("gra") and made["assignmentType"] == "GROUP"
    assert refused(org, "POST", f"/api/v1/groups/{groups['Everyone']}/roles", {"type": "APP_ADMIN"})[1] == "E0000211"
    value = org.okta.post("/api/internal/v1/api-tokens", {"name": "d", "userId": DANA_ID})["token"]
    sent = {"authorization": f"SSWS {value}"}
    assert get(org, "/api/v1/users", headers=sent).status == 200
    assert [r["id"] for r in org.okta.get(f"/api/v1/users/{DANA_ID}/roles")] == [made["id"]]
    assert DANA_ID in [u["id"] for u in org.okta.get("/api/v1/iam/assignees/users")["value"]]
    assert org.okta.call("DELETE", f"{at}/{made['id']}").status == 204
    assert get(org, "/api/v1/users", headers=sent).status == 403
    assert events(org, "group.privilege.revoke")


def test_custom_roles_on_resource_sets(org: World) -> None:
    groups = {g["profile"]["name"]: g["id"] for g in org.okta.get("/api/v1/groups")}
    role = org.okta.post(
        "/api/v1/iam/roles", {"label": "Readers", "description": "d", "permissions": ["okta.groups.read"]}
    )
    assert role["_links"]["self"]["href"] == f"https://acme-admin.okta.com/api/v1/iam/roles/{role['id']}"
    held = org.okta.post("/api/v1/iam/resource-sets", {
        "label": "Sales only", "description": "d", "resources": [f"https://{HOST}/api/v1/groups/{groups['Sales']}"],
    })  # fmt: skip
    org.okta.post(f"/api/v1/users/{SAM_ID}/roles", {"type": "CUSTOM", "role": role["id"], "resource-set": held["id"]})
    shown = org.okta.get(f"/api/v1/users/{SAM_ID}/roles")[0]
    assert (shown["type"], shown["resource-set"], shown["role"]) == ("CUSTOM", held["id"], role["id"])
    value = org.okta.post("/api/internal/v1/api-tokens", {"name": "s", "userId": SAM_ID})["token"]
    sent = {"authorization": f"SSWS {value}"}
    assert get(org, f"/api/v1/groups/{groups['Sales']}", headers=sent).status == 200
    assert get(org, f"/api/v1/groups/{groups['Everyone']}", headers=sent).status == 403
    assert get(org, "/api/v1/apps", headers=sent).status == 403
    at = f"/api/v1/iam/resource-sets/{held['id']}/bindings/{role['id']}"
    members = org.okta.get(f"{at}/members")["members"]
    assert [m["id"] for m in members] == [shown["id"]]
    assert (
        org.okta.call("PATCH", f"{at}/members", {"additions": [f"https://{HOST}/api/v1/users/{DANA_ID}"]}).status == 200
    )
    assert len(org.okta.get(f"{at}/members")["members"]) == 2
    assert refused(org, "PATCH", f"{at}/members", {"additions": ["x"]})[1] == "E0000001"
    assert org.okta.call("POST", f"/api/v1/iam/roles/{role['id']}/permissions/okta.apps.read").status == 204
    assert refused(org, "POST", f"/api/v1/iam/roles/{role['id']}/permissions/okta.magic")[1] == "E0000001"
    assert len(org.okta.get("/api/v1/iam/roles/Readers/permissions")["permissions"]) == 2
    assert org.okta.call("DELETE", at).status == 204
    assert org.okta.get(f"/api/v1/users/{SAM_ID}/roles") == []
    assert org.okta.call("DELETE", f"/api/v1/iam/resource-sets/{held['id']}").status == 204
    assert org.okta.call("DELETE", f"/api/v1/iam/roles/{role['id']}").status == 204


def test_roles_of_clients_are_for_service_apps(org: World) -> None:
    made = app(org)
    assert refused(org, "POST", f"/oauth2/v1/clients/{made['id']}/roles", {"type": "APP_ADMIN"})[:2] == (
        400,
        "E0000227",
    )
    assert refused(org, "GET", "/oauth2/v1/clients/0oanone/roles")[1] == "E0000007"


def test_api_tokens(org: World) -> None:
    listed = org.okta.get("/api/v1/api-tokens")
    assert list(listed[0]) == ["id", "name", "userId", "clientName", "tokenWindow", "network", "created", "lastUpdated",
                               "expiresAt", "_links"]  # fmt: skip
    sent = token_of(org, SAM_ID, "READ_ONLY_ADMIN")
    made = next(t for t in org.okta.get("/api/v1/api-tokens") if t["name"] == "READ_ONLY_ADMIN")
    assert (
        org.okta.call(
            "PUT", f"/api/v1/api-tokens/{made['id']}", {"name": "n", "network": {"connection": "ANYWHERE"}}
        ).status
        == 200
    )
    assert (
        org.entry(Exchange("DELETE", "https", HOST, "/api/v1/api-tokens/current", "", {"host": HOST, **sent})).status
        == 204
    )
    assert get(org, "/api/v1/users", headers=sent).status == 401
    assert (
        refused(org, "GET", f"/api/v1/api-tokens/{made['id']}")[2]
        == f"Not found: Resource not found: {made['id']} (Token)"
    )
    assert post(org, "/api/internal/v1/api-tokens", b"{}", headers=sent).status == 401
