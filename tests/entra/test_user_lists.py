"""Lists of users: pages, filters, orders, search, counts. The rules of OData are in test_odata.py."""

import pytest

from .worlds import DANA, E3, app_client, error, world

EVENTUAL = {"ConsistencyLevel": "eventual"}
PEOPLE = [
    {"userPrincipalName": f"p{n}@acme-labs.example", "displayName": f"Person {n % 5} {n:02d}", "mailNickname": f"p{n}",
     "department": "Sales" if n % 2 else None, "accountEnabled": n % 3 != 0}
    for n in range(25)
]  # fmt: skip


@pytest.fixture(scope="module")
def graph():
    with world(users=PEOPLE, groups=[]) as tenant:
        yield app_client(tenant)
        assert tenant.engine.crashes == []


def names(body):
    return [item["displayName"] for item in body["value"]]


def walk(graph, path, **more):
    """Every page, by its next link."""
    pages, url = [], path
    while url:
        body = graph.get(url, **more)
        pages.append(body)
        url = body.get("@odata.nextLink")
    return pages


def test_pages_are_complete_and_do_not_overlap(graph):
    pages = walk(graph, "/users?$top=10&$select=displayName")
    assert [len(page["value"]) for page in pages] == [10, 10, 5]
    assert [name for page in pages for name in names(page)] == [user["displayName"] for user in PEOPLE]
    assert pages[0]["@odata.context"].endswith("#users(displayName)")


@pytest.mark.parametrize("way", ["", "%20desc"])
def test_an_order_holds_over_pages(graph, way):
    pages = walk(graph, f"/users?$top=4&$orderby=displayName{way}&$select=displayName")
    found = [name for page in pages for name in names(page)]
    assert found == sorted((user["displayName"] for user in PEOPLE), reverse=bool(way))


def test_orders_and_filters_together_are_advanced(graph):
    path = "/users?$filter=startswith(displayName,'Person 1')&$orderby=displayName&$top=2&$count=true"
    assert error(graph.call("GET", path))[1] == "Request_UnsupportedQuery"
    pages = walk(graph, path, headers=EVENTUAL)
    assert pages[0]["@odata.count"] == 5
    assert "@odata.count" not in pages[1]
    assert [name for page in pages for name in names(page)] == [f"Person 1 {n:02d}" for n in (1, 6, 11, 16, 21)]


def test_filters(graph):
    assert names(graph.get("/users?$filter=userPrincipalName eq 'P3@acme-labs.example'")) == ["Person 3 03"]
    assert len(graph.get("/users?$filter=department eq 'sales' and accountEnabled eq true&$top=999")["value"]) == 8
    assert len(graph.get("/users?$filter=mailNickname in ('p1','p2','zz')")["value"]) == 2
    assert len(graph.get("/users?$filter=department eq null&$count=true", headers=EVENTUAL)["value"]) == 13
    assert len(graph.get("/users?$filter=createdDateTime ge 2026-01-15T08:00:00Z&$top=999")["value"]) == 25
    assert error(graph.call("GET", "/users?$filter=nonsense eq 'x'"))[:2] == (400, "BadRequest")
    assert error(graph.call("GET", "/users?$filter=accountEnabled ne true"))[1] == "Request_UnsupportedQuery"


def test_ids_and_immutable_ids_are_found(graph):
    id = graph.get("/users/p7@acme-labs.example")["id"]
    assert names(graph.get(f"/users?$filter=id eq '{id.upper()}'")) == ["Person 2 07"]
    assert graph.get("/users?$filter=onPremisesImmutableId eq 'x'")["value"] == []


def test_licence_filter(tenant):
    graph = app_client(tenant)
    assert [item["id"] for item in graph.get(f"/users?$filter=assignedLicenses/any(a:a/skuId eq {E3})")["value"]] == [
        DANA
    ]
    path = "/users?$filter=assignedLicenses/$count eq 0&$count=true"
    assert graph.get(path, headers=EVENTUAL)["@odata.count"] == 2
    assert [
        item["id"] for item in graph.get("/users?$filter=proxyAddresses/any(p:p eq 'SMTP:dana@acme.example')")["value"]
    ] == [DANA]


def test_search(graph):
    path = '/users?$search="displayName:person 4"&$top=2'
    assert error(graph.call("GET", path))[1] == "Request_UnsupportedQuery"
    pages = walk(graph, path, headers=EVENTUAL)
    found = [name for page in pages for name in names(page)]
    assert found == [f"Person 4 {n:02d}" for n in (4, 9, 14, 19, 24)]


def test_counts(graph):
    answer = graph.call("GET", "/users/$count", headers=EVENTUAL)
    assert (answer.header("content-type"), answer.text()) == ("text/plain", "25")
    assert graph.call("GET", "/users/$count?$filter=startswith(displayName,'Person 1')", headers=EVENTUAL).text() == "5"
    assert error(graph.call("GET", "/users/$count"))[2] == "$count is not currently supported."


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$top=0", "Request_UnsupportedQuery"), ("$top=1000", "Request_UnsupportedQuery"), ("$skip=1", "Request_BadRequest"),
        ("$select=nope", "BadRequest"), ("$expand=nope", "BadRequest"), ("$nope=1", "BadRequest"),
        ("$skiptoken=nope", "Directory_ExpiredPageToken"), ("$orderby=surname", "Request_UnsupportedQuery"),
    ],
)  # fmt: skip
def test_queries_that_are_refused(graph, query, code):
    assert error(graph.call("GET", f"/users?{query}"))[:2] == (400, code)


def test_parameters_without_a_dollar_are_ignored(graph):
    assert len(graph.get("/users?top=1&anything=x")["value"]) == 25


def test_select_everything_and_beta(graph):
    beta = graph.get("https://graph.microsoft.com/beta/users/p1@acme-labs.example")
    assert beta["onPremisesImmutableId"] is None
    assert beta["@odata.context"].startswith("https://graph.microsoft.com/beta/")
    assert "assignedPlans" in graph.get("/users/p1@acme-labs.example?$select=*")
    assert not any(key.startswith("_") for key in beta)


def test_every_answer_carries_graphs_headers(graph):
    answer = graph.call("GET", "/users?$top=1", headers={"client-request-id": "my-own-id"})
    assert answer.header("request-id")
    assert answer.header("client-request-id") == "my-own-id"
    assert answer.header("odata-version") == "4.0"
    assert answer.header("content-type").startswith("application/json;odata.metadata=minimal")
