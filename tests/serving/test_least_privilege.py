"""The permission report: per client, the least that its recorded calls needed."""

from emulator.wire.client import json_of
from tests.entra.worlds import ADMIN, DANA, app_client, person_client, world


def report(made):
    answer = app_client(made).http.request("GET", "https://graph.microsoft.com/_lab/permissions")
    return {(item["client"], item["kind"]): item for item in json_of(answer)["clients"]}


def test_needs_missing_and_surplus():
    with world() as made:
        app = app_client(made, "Directory.ReadWrite.All", "AuditLog.Read.All")
        app.get("/users")
        app.call("PATCH", f"/users/{DANA}", {"department": "Ops"})
        app.call("GET", "/identity/conditionalAccess/policies")
        person_client(made, ADMIN, "User.Read.All").get("/users")
        found = report(made)
        client = found["a0000000-0000-4000-8000-000000000001", "Application"]
        rows = {(row["method"], row["path"]): row for row in client["calls"]}
        assert rows["PATCH", "/v1.0/users/{id}"]["least"] == ["User.ReadWrite.All"]
        assert rows["GET", "/v1.0/identity/conditionalAccess/policies"]["refused"] == 1
        # Writing users covers reading them.
        assert client["needs"] == ["Policy.Read.All", "User.ReadWrite.All"]
        assert client["missing"] == ["Policy.Read.All"]
        assert client["surplus"] == ["AuditLog.Read.All", "Directory.ReadWrite.All"]
        person = found["a0000000-0000-4000-8000-000000000001", "DelegatedWork"]
        assert person["needs"] == ["User.ReadBasic.All"]


def test_parts_of_a_batch_count():
    with world() as made:
        app = app_client(made)
        body = {
            "requests": [{"id": "1", "method": "GET", "url": "/domains"}, {"id": "2", "method": "GET", "url": "/nope"}]
        }
        app.post("/$batch", body)
        client = report(made)["a0000000-0000-4000-8000-000000000001", "Application"]
        assert [row["path"] for row in client["calls"]] == ["/v1.0/domains"]


def test_two_permissions_together():
    with world() as made:
        app_client(made).call("POST", "/identity/conditionalAccess/policies", {})
        client = report(made)["a0000000-0000-4000-8000-000000000001", "Application"]
        assert client["needs"] == ["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"]


def test_okta_scopes_and_api_tokens():
    from emulator import World

    with World("acme") as made:
        made.okta.get("/api/v1/groups")
        made.entra.get("/organization")
        made.okta.http.request(
            "GET", f"https://{made.hosts.service('okta').host}/api/v1/users", headers={"authorization": ""}
        )
        answer = made.okta.http.request("GET", f"https://{made.hosts.service('okta').host}/_lab/permissions")
        found = {(item["service"], item["kind"]): item for item in json_of(answer)["clients"]}
        assert found["okta", "token"]["needs"] == ["okta.groups.read"]
        assert found["graph", "Application"]["needs"]
