"""Nothing that clients do often reads a whole table: the plans of the statements that Graph's operations run."""

import pytest

from .worlds import ADMIN, DANA, app_client, world

EVENTUAL = {"ConsistencyLevel": "eventual"}
TABLES = ('"entra:acme/users"', '"entra:acme/groups"', '"entra:acme/group_members"', '"entra:acme/+multi"', "log")


@pytest.fixture(scope="module")
def tenant():
    with world() as made:
        yield made
        assert made.engine.crashes == []


@pytest.fixture(scope="module")
def links(tenant):
    graph = app_client(tenant)
    return {name: graph.get(f"/{name}/delta?$deltatoken=latest")["@odata.deltaLink"] for name in ("users", "groups")}


def plans(tenant, path, headers):
    """What SQLite does for a request: every step of every plan."""
    statements = []
    database = tenant.database._db
    database.set_trace_callback(statements.append)
    try:
        answer = app_client(tenant).call("GET", path, headers=headers)
    finally:
        database.set_trace_callback(None)
    assert answer.status == 200, answer.text()
    reads = [text for text in statements if text.lstrip().upper().startswith(("SELECT", "WITH"))]
    return [(row[3], text) for text in reads for row in tenant.database.execute(f"EXPLAIN QUERY PLAN {text}")]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/users/{DANA}", {}), ("/users/dana@acme.example", {}),
        ("/users?$filter=mail eq 'dana@acme.example'", {}), ("/users?$filter=startswith(displayName,'Da')", {}),
        ("/users?$filter=startswith(displayName,'D') and accountEnabled eq true", {}),
        ("/users?$filter=department eq 'Sales'&$top=5", {}), ("/users?$filter=createdDateTime ge 2026-01-01T00:00:00Z", {}),
        ("/users?$filter=proxyAddresses/any(p:p eq 'SMTP:dana@acme.example')", {}),
        ("/users?$filter=assignedLicenses/any(l:l/skuId eq 6fd2c87f-b296-42f0-b197-1e91e994b900)", {}),
        (f"/users?$filter=manager/id eq '{ADMIN}'", {}), ("/users?$top=2&$orderby=displayName desc", {}),
        ("/users/$count?$filter=department eq 'Sales'", EVENTUAL),
        (f"/users/{DANA}/memberOf", {}), (f"/users/{DANA}/transitiveMemberOf", {}), (f"/users/{DANA}/directReports", {}),
        ("/groups?$filter=displayName eq 'Sales'", {}), ("/groups?$filter=groupTypes/any(c:c eq 'Unified')", {}),
    ],
)  # fmt: skip
def test_an_index_leads_there(tenant, path, headers):
    for step, text in plans(tenant, path, headers):
        walks = "USING INDEX" in step and "LIMIT" in text  # along an index, as far as the page goes
        whole = step.startswith("SCAN") and not walks and any(name.strip('"') in step for name in TABLES)
        assert not whole, (step, text)
        assert "TEMP B-TREE" not in step or "users" not in text, (step, text)


@pytest.mark.parametrize("name", ["users", "groups"])
def test_a_delta_reads_the_log_from_the_token_on(tenant, links, name):
    app_client(tenant).patch(f"/users/{DANA}", {"jobTitle": name})
    steps = [step for step, text in plans(tenant, links[name], {}) if "FROM log" in text]
    assert steps
    assert not [step for step in steps if step.startswith("SCAN log") and "max" not in step], steps
