"""directoryAudits and signIns, read from the journal."""

from .worlds import ADMIN, DANA, app_client, error, person_client, world


def names(body):
    return [item["activityDisplayName"] for item in body["value"]]


def make_changes(graph):
    graph.patch(f"/users/{DANA}", {"jobTitle": "a"})
    graph.patch(f"/users/{DANA}", {"accountEnabled": False})
    graph.post("/domains", {"id": "x.example"})


def test_newest_first_in_pages(graph):
    make_changes(graph)
    newest = ["Add unverified domain", "Disable account", "Update user", "Update user"]
    assert names(graph.get("/auditLogs/directoryAudits")) == newest
    assert names(graph.get("/auditLogs/directoryAudits?$orderby=activityDateTime asc")) == newest[::-1]
    first = graph.get("/auditLogs/directoryAudits?$top=3")
    assert names(first) + names(graph.get(first["@odata.nextLink"])) == newest


def test_filters(tenant, graph):
    make_changes(graph)
    tenant.clock.advance(hours=1)
    graph.patch(f"/users/{DANA}", {"accountEnabled": True})
    log = "/auditLogs/directoryAudits?$filter="
    assert names(graph.get(log + "activityDisplayName eq 'Disable account'")) == ["Disable account"]
    assert names(graph.get(log + "category eq 'DirectoryManagement'")) == ["Add unverified domain"]
    assert names(graph.get(log + "activityDateTime ge 2026-01-15T09:30:00Z")) == ["Enable account", "Update user"]
    assert (
        names(graph.get(log + f"targetResources/any(t:t/id eq '{DANA}') and result eq 'success'"))[0]
        == "Enable account"
    )
    assert names(graph.get(log + "initiatedBy/app/displayName eq 'nobody'")) == []
    assert error(graph.call("GET", log + "nonsense eq 1"))[1] == "BadRequest"
    assert error(graph.call("GET", "/auditLogs/directoryAudits?$orderby=category"))[1] == "Request_UnsupportedQuery"


def test_one_record(graph):
    make_changes(graph)
    record = graph.get("/auditLogs/directoryAudits")["value"][0]
    assert graph.get(f"/auditLogs/directoryAudits/{record['id']}")["id"] == record["id"]
    assert error(graph.call("GET", "/auditLogs/directoryAudits/nope"))[0] == 404


def test_who_did_it(tenant):
    from .worlds import ADMIN

    person_client(tenant, ADMIN, "User.ReadWrite.All").patch(f"/users/{DANA}", {"jobTitle": "a"})
    record = app_client(tenant).get("/auditLogs/directoryAudits")["value"][0]
    assert record["initiatedBy"]["user"]["userPrincipalName"] == "admin@acme.onmicrosoft.com"
    assert record["initiatedBy"]["app"] is None


def test_a_refused_change_leaves_no_record(graph):
    assert graph.call("PATCH", f"/users/{DANA}", {"usageLocation": "XX"}).status == 400
    assert graph.get("/auditLogs/directoryAudits")["value"] == []


def test_sign_in_logs_need_a_premium_subscription(graph):
    assert graph.get("/auditLogs/signIns")["value"] == []
    with world(skus=[{"skuPartNumber": "ENTERPRISEPACK"}]) as plain:
        found = error(app_client(plain).call("GET", "/auditLogs/signIns"))
        assert found[:2] == (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")


def test_sign_ins_are_read_from_the_journal(tenant, graph):
    from emulator.kernel.journal import Entry
    from emulator.store import journal

    rows = [
        {
            "id": f"s{n}",
            "createdDateTime": f"2026-01-15T09:00:0{n}Z",
            "userPrincipalName": "dana@acme.example",
            "status": {"errorCode": code},
        }
        for n, code in enumerate((0, 51004, 0))
    ]
    with tenant.database.write():
        journal.append(
            tenant.database,
            "entra:acme",
            "r",
            tenant.clock.now(),
            [Entry("signIns", "signIn", "x", row) for row in rows],
        )
    assert [row["id"] for row in graph.get("/auditLogs/signIns")["value"]] == ["s2", "s1", "s0"]
    failed = graph.get(
        "/auditLogs/signIns?$filter=status/errorCode eq 51004 and userPrincipalName eq 'dana@acme.example'"
    )
    assert [row["id"] for row in failed["value"]] == ["s1"]
    assert graph.get("/auditLogs/signIns/s1")["status"]["errorCode"] == 51004


def test_permissions_and_roles_of_the_logs(tenant):
    path = "/auditLogs/directoryAudits"
    refused = error(app_client(tenant, "User.Read.All").call("GET", path))
    assert refused == (
        403, "Authentication_MSGraphPermissionMissing",
        "Calling principal does not have required MSGraph permissions AuditLog.Read.All",
    )  # fmt: skip
    refused = error(person_client(tenant, DANA, "AuditLog.Read.All").call("GET", path))
    assert refused == (403, "Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles")
    assert person_client(tenant, ADMIN, "AuditLog.Read.All").call("GET", path).status == 200


def test_the_provisioning_log_is_empty(graph):
    assert graph.get("/auditLogs/provisioning?$top=5")["value"] == []
