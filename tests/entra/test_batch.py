"""$batch: parts, dependencies, refusals of the whole."""

import pytest

from emulator.wire.client import json_of

from .worlds import ADMIN, DANA, app_client, error, person_client

JSON = {"Content-Type": "application/json"}
GROUP = {"displayName": "Team", "mailEnabled": False, "mailNickname": "team", "securityEnabled": True}


def ask(graph, *parts):
    body = graph.post("/$batch", {"requests": list(parts)})
    return {item["id"]: item for item in body["responses"]}


def part(id, method, url, **more):
    return {"id": id, "method": method, "url": url, **more}


def test_parts_are_answered_as_they_would_be_alone(tenant, graph):
    found = ask(
        graph,
        part("1", "GET", f"/users/{DANA}?$select=id,displayName"),
        part("2", "GET", "users/nobody@acme.example"),
        part("3", "POST", "/groups", headers=JSON, body=GROUP),
        part("4", "GET", "/users/$count", headers={"ConsistencyLevel": "eventual"}),
        part("5", "DELETE", "/users/lab@acme-labs.example"),
    )
    assert [found[id]["status"] for id in "12345"] == [200, 404, 201, 200, 204]
    alone = graph.get(f"/users/{DANA}?$select=id,displayName")
    assert found["1"]["body"] == alone
    assert found["1"]["headers"]["OData-Version"] == "4.0"
    assert found["2"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert found["3"]["headers"]["Location"].endswith(found["3"]["body"]["id"])
    assert found["4"]["body"] == 3
    assert "body" not in found["5"]
    assert error(graph.call("GET", "/users/lab@acme-labs.example"))[0] == 404
    assert [row["type"] for row in tenant.journal(stream="directoryAudits")] == ["Add group", "Delete user"]


def test_a_refused_part_has_its_own_why(tenant, graph):
    found = ask(
        graph, part("1", "GET", "/users/nobody@acme.example"), part("2", "POST", "/groups", headers=JSON, body={})
    )
    for item in found.values():
        request_id = item["body"]["error"]["innerError"]["request-id"]
        assert tenant.why(request_id)["rule"]


def test_only_the_batch_is_on_the_tape(tenant, graph):
    before = len(tenant.tape)
    ask(graph, part("1", "GET", "/users"), part("2", "GET", "/groups"))
    assert len(tenant.tape) == before + 1


def test_dependencies(graph):
    found = graph.post("/$batch", {"requests": [
        part("3", "GET", "/users/team@acme-labs.example", dependsOn=["2"]),
        part("2", "PATCH", f"/users/{DANA}", headers=JSON, body={"nonsense": 1}, dependsOn=["1"]),
        part("1", "GET", "/organization"),
        part("4", "GET", "/groups"),
    ]})["responses"]  # fmt: skip
    assert [(item["id"], item["status"]) for item in found] == [("1", 200), ("4", 200), ("2", 400), ("3", 424)]
    assert found[-1]["body"]["error"]["code"] == "FailedDependency"


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        (None, "Invalid batch payload format."),
        ([], "Invalid batch payload format."),
        (["x"], "Invalid batch payload format."),
        ([part("1", "GET", "/users")] * 2, "Request Id 1 has to be unique in a batch."),
        ([part(str(n), "GET", "/users") for n in range(21)], "Number of batch request steps exceeds the maximum value of 20."),
        ([part("1", "GET", "/users", dependsOn=["9"])], "Request 1 depends on request 9"),
        ([part("1", "GET", "/users", dependsOn=["2"]), part("2", "GET", "/users", dependsOn=["1"])], "Circular dependency"),
        ([part("1", "STEAL", "/users")], "Invalid method for request 1."),
        ([part("1", "GET", 5)], "Invalid url for request 1."),
        ([part("1", "GET", "/users", headers=[1])], "Invalid headers for request 1."),
        ([part("1", "POST", "/users", body={})], "Write request id : 1 does not contain Content-Type header or body."),
        ([part("1", "PATCH", "/users/x", headers=JSON)], "Write request id : 1 does not contain Content-Type header or body."),
        ([{"method": "GET", "url": "/users"}], "Invalid batch payload format"),
    ],
)  # fmt: skip
def test_refused_whole(graph, requests, message):
    status, code, text = error(graph.call("POST", "/$batch", {"requests": requests}))
    assert (status, code) == (400, "BadRequest")
    assert text.startswith(message)


def test_the_version_is_the_batchs_and_batches_do_not_nest(graph):
    body = graph.post("https://graph.microsoft.com/beta/$batch", {"requests": [
        part("1", "GET", f"/users/{DANA}"), part("2", "POST", "/$batch", headers=JSON, body={"requests": []}),
    ]})  # fmt: skip
    one, two = body["responses"]
    assert one["body"]["@odata.context"].startswith("https://graph.microsoft.com/beta/")
    assert (two["status"], two["body"]["error"]["code"]) == (400, "BadRequest")


def test_parts_have_the_rights_of_the_caller(tenant):
    weak = app_client(tenant, "User.Read.All")
    found = ask(weak, part("1", "GET", "/users"), part("2", "GET", "/groups"))
    assert (found["1"]["status"], found["2"]["status"]) == (200, 403)
    dana = person_client(tenant, DANA, "User.Read")
    assert ask(dana, part("1", "GET", "/me?$select=id"))["1"]["body"]["id"] == DANA
    assert error(app_client(tenant).call("POST", "/$batch", {"requests": []}))[0] == 400


def test_each_part_is_a_transaction_of_its_own(graph):
    found = ask(
        graph,
        part("1", "PATCH", f"/users/{DANA}", headers=JSON, body={"jobTitle": "Kept"}),
        part("2", "PATCH", f"/users/{ADMIN}", headers=JSON, body={"jobTitle": "x" * 129}),
    )
    assert (found["1"]["status"], found["2"]["status"]) == (204, 400)
    assert graph.get(f"/users/{DANA}")["jobTitle"] == "Kept"


def test_a_fault_strikes_a_part(tenant, graph):
    tenant.faults.add({"path": f"/v1.0/users/{DANA}", "status": 429, "retry_after": "PT7S"})
    found = ask(graph, part("1", "GET", f"/users/{DANA}"), part("2", "GET", f"/users/{ADMIN}"))
    assert (found["1"]["status"], found["2"]["status"]) == (429, 200)
    assert found["1"]["headers"]["Retry-After"] == "7"


def test_bodies_that_are_not_json_travel_in_base64(graph):
    found = ask(graph, part("1", "POST", "/users", headers={"Content-Type": "text/plain"}, body="bm90IGpzb24="))
    assert found["1"]["status"] == 400
    assert json_of(graph.call("GET", "/organization"))["value"]
