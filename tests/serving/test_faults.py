"""Fault rules at work: in the vendors' words in process, at the edge over TCP, one count over all workers."""

import http.client
import statistics
import sys
import threading
import time

import orjson
import pytest

from emulator import World
from emulator.kernel.clock import monotonic
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import LabError
from emulator.serving import listen
from emulator.serving.clients import ApiClient, ApiError
from emulator.serving.lab import Lab, Remote
from emulator.wire.client import Http, Tcp, Unreachable, json_of
from tests.serving.spec import SMALL

LOGIN = "https://login.microsoftonline.com"
USERS = {"service": "directory", "operation": "users.*"}


@pytest.fixture
def small():
    with World(SMALL) as world:
        yield world


@pytest.fixture
def acme():
    with World("acme") as world:
        yield world


def reason(world: World, answer) -> dict:
    """What the answer's X-Lab-Why leads to."""
    found = json_of(Http(world.transport).request("GET", answer.header("x-lab-why")))
    assert found == {**found, "requestId": answer.header("x-lab-why").rpartition("/")[2]}
    return found


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_graph_is_throttled_in_its_own_envelope_and_then_heals(acme):
    assert acme.faults.add(service="graph", status=429, retry_after="PT30S", first=1)["id"] == "f1"
    with pytest.raises(ApiError) as caught:
        acme.entra.get("/users?$top=1")
    answer = caught.value.answer
    assert (answer.status, answer.header("Retry-After"), answer.header("X-Lab-Fault")) == (429, "30", "f1")
    assert caught.value.body["error"]["code"] == "TooManyRequests"
    assert caught.value.body["error"]["innerError"]["request-id"] == answer.header("request-id")
    assert reason(acme, answer)["why"]["compared"][0] == {
        "name": "effect", "value": "refused with 429", "where": "fault rule f1",
    }  # fmt: skip
    assert "tenantlab fault clear f1" in reason(acme, answer)["why"]["hint"]
    assert acme.tape[-1].why["rule"].startswith("A fault rule")
    assert len(acme.entra.get("/users?$top=1")["value"]) == 1
    assert [(item["covered"], item["struck"]) for item in acme.faults.list()] == [(2, 1)]


def test_okta_says_429_with_the_headers_that_its_clients_wait_by(acme):
    acme.faults.add(party="okta", method="GET", path="/api/v1/groups*", status=429, retry_after=7)
    answer = acme.okta.call("GET", "/api/v1/groups")
    assert (answer.status, json_of(answer)["errorCode"]) == (429, "E0000047")
    assert answer.header("X-Rate-Limit-Remaining") == "0"
    assert int(answer.header("X-Rate-Limit-Reset")) == acme.clock.now() // 1000 + 7
    assert acme.okta.call("GET", "/api/v1/users?limit=1").status == 200


@pytest.mark.parametrize(
    ("status", "okta", "graph", "login"),
    [(500, "E0000009", "InternalServerError", 50000), (502, "E0000009", "UnknownError", 90033),
     (503, "E0000181", "ServiceUnavailable", 90033), (504, "E0000009", "UnknownError", 90033)],
)  # fmt: skip
def test_each_vendor_has_its_words_for_an_outage(acme, status, okta, graph, login):
    acme.entra.get("/organization")
    acme.faults.add(status=status)
    answers = [
        acme.okta.call("GET", "/api/v1/users/me"),
        acme.entra.call("GET", "/organization"),
        Http(acme.transport).request("POST", f"{LOGIN}/common/oauth2/v2.0/token", form={"grant_type": "x"}),
        acme.directory.call("GET", "/users"),
    ]
    assert {answer.status for answer in answers} == {status}
    assert {answer.header("X-Lab-Fault") for answer in answers} == {"f1"}
    org, tenant, sign_in, directory = map(json_of, answers)
    assert org["errorCode"] == okta
    assert tenant["error"]["code"] == graph
    assert sign_in["error_codes"] == [login]
    assert sign_in["error_description"].startswith(f"AADSTS{login}: ")
    assert directory["error"]["code"] == ("unavailable" if status == 503 else "operationsError")


def test_pages_fail_as_pages(acme):
    acme.faults.add(service="login", operation="authorize.*", status=503)
    acme.faults.add(service="okta", path="/app/office365/*", status=503)
    visitor = acme.browser
    view = visitor.get(f"{LOGIN}/common/oauth2/v2.0/authorize?client_id=x")
    assert (view.status, view.answer.header("X-Lab-Fault")) == (503, "f1")
    assert "AADSTS90033" in view.text and "fault rule f1" in view.text
    key = acme.spec.lab["okta"]["o365_external_key"]
    page = visitor.get(f"https://acme.okta.com/app/office365/{key}/sso/wsfed/passive")
    assert (page.status, page.answer.header("X-Lab-Fault")) == (503, "f2")
    assert "Service temporarily unavailable." in page.text and "fault rule f2" in page.text


def test_a_soap_endpoint_fails_with_a_soap_fault(acme):
    acme.faults.add(operation="active.*", status=503)
    key = acme.spec.lab["okta"]["o365_external_key"]
    answer = Http(acme.transport).request("POST", f"https://acme.okta.com/app/office365/{key}/sso/wsfed/active")
    assert answer.status == 503 and b":Fault>" in answer.body


def test_a_rule_may_name_the_vendors_own_code(acme):
    acme.faults.add(service="okta", problem="E0000007", values=["Resource not found: a (User)"], nth=1)
    answer = acme.okta.call("GET", "/api/v1/users/me")
    assert (answer.status, json_of(answer)["errorSummary"]) == (404, "Not found: Resource not found: a (User)")
    acme.entra.get("/organization")
    acme.faults.add(service="graph", problem="Request_ThrottledTemporarily", nth=1)
    assert json_of(acme.entra.call("GET", "/organization"))["error"]["code"] == "Request_ThrottledTemporarily"
    acme.faults.add(service="login", problem="AADSTS50196", status=429, nth=1)
    answer = Http(acme.transport).request("POST", f"{LOGIN}/common/oauth2/v2.0/token", form={})
    assert (answer.status, json_of(answer)["error_codes"]) == (429, [50196])


def test_an_unknown_path_is_covered_too(acme):
    acme.faults.add(path="/api/v9/*", status=503)
    assert acme.okta.call("GET", "/api/v9/x").status == 503
    assert acme.okta.call("GET", "/api/v8/x").status == 404


# -- delays and losses in process -------------------------------------------------------------------------------------


def test_in_process_nothing_sleeps_and_the_delay_is_on_tape(small):
    small.faults.add(**USERS, latency="PT5M")
    before, started = small.clock.now(), monotonic()
    answer = small.directory.call("GET", "/users")
    assert (answer.status, answer.delay_ms, answer.header("X-Lab-Fault")) == (200, 300_000, "f1")
    assert (small.clock.now(), monotonic() - started < 5) == (before, True)
    assert reason(small, answer)["why"]["compared"][0]["value"] == "held back for PT300S"
    hop = small.tape[0]
    assert (hop.status, hop.why["rule"][:12]) == (200, "A fault rule")
    assert ("X-Lab-Fault", "f1") in hop.response_headers
    [row] = small.journal(stream="fault")
    assert (row["outcome"], row["type"]) == ("DELAYED", "held back for PT300S by fault rule f1")


def test_a_delayed_refusal_keeps_its_own_reason(small):
    small.faults.add(**USERS, latency="PT1S")
    answer = small.directory.call("GET", "/users/nobody")
    assert (answer.status, answer.delay_ms) == (404, 1000)
    assert len(answer.all_headers("X-Lab-Why")) == 1
    rule = reason(small, answer)["why"]["rule"]
    assert "fault" not in rule
    assert small.why(reason(small, answer)["requestId"])["rule"] == rule


@pytest.mark.parametrize(("drop", "made"), [(True, False), ("answer", True)])
def test_a_lost_connection_is_lost_before_or_after_the_work(small, drop, made):
    small.faults.add(**USERS, method="POST", drop=drop, nth=1)
    person = {"sAMAccountName": "sam", "userPrincipalName": "sam@small.example"}
    with pytest.raises(Unreachable, match="dropped by a fault rule"):
        small.directory.post("/users", person)
    hop = small.tape[0]
    assert (hop.status, hop.response_body) == (0, b"")
    assert ("X-Lab-Fault", "f1") in hop.response_headers
    names = [user["sAMAccountName"] for user in small.directory.get("/users")["value"]]
    assert ("sam" in names) is made
    [row] = small.journal(stream="fault")
    assert row["outcome"] == "DROPPED"
    if not made:
        small.directory.post("/users", person)


def test_two_rules_may_both_strike(small):
    small.faults.add(**USERS, id="slow", latency="PT2S")
    small.faults.add(**USERS, id="busy", status=503, probability=1)
    answer = small.directory.call("GET", "/users")
    assert (answer.status, answer.delay_ms, answer.header("X-Lab-Fault")) == (503, 2000, "slow, busy")
    assert reason(small, answer)["why"]["compared"][0]["value"] == "refused with 503"


def test_without_rules_nothing_is_written(small):
    small.faults.add(**USERS, status=503)
    small.faults.clear()
    writes = []
    small.database.on_commit.append(lambda: writes.append(1))
    assert small.directory.call("GET", "/users").status == 200
    small.faults.add(operation="users.create_*", status=503)
    del writes[:]
    assert small.directory.call("GET", "/users").header("X-Lab-Fault") is None
    assert writes == []


def test_windows_follow_the_world_clock(small):
    small.faults.add(**USERS, status=503, between=["2026-01-15T10:00:00Z", "2026-01-15T11:00:00Z"])
    seen = []
    for _ in range(3):
        seen.append(small.directory.call("GET", "/users").status)
        small.clock.advance(hours=1)
    assert seen == [200, 503, 200]


def test_the_same_seed_strikes_the_same_requests():
    def run(seed: str) -> list[int]:
        with World(SMALL, seed=seed) as world:
            world.faults.add(**USERS, status=503, probability=0.5)
            return [world.directory.call("GET", "/users").status for _ in range(24)]

    assert run("a") == run("a")
    assert set(run("a")) == {200, 503}
    assert run("a") != run("b")


def test_rules_and_counts_are_settings_which_a_restore_leaves_alone(small):
    small.snapshot("before")
    small.faults.add(**USERS, status=503, first=1)
    assert small.directory.call("GET", "/users").status == 503
    small.restore("before")
    assert [(item["id"], item["struck"]) for item in small.faults.list()] == [("f1", 1)]
    assert small.directory.call("GET", "/users").status == 200


# -- adding, listing, clearing ----------------------------------------------------------------------------------------


def ask(world, method, path, body=None):
    headers = {"host": "localhost", **({"content-type": "application/json"} if body is not None else {})}
    path, _, query = path.partition("?")
    data = b"" if body is None else orjson.dumps(body)
    answer = world.answer(Exchange(method, "http", "localhost", path, query, headers, data), "front")
    return answer.status, json_of(answer)


def test_control_routes_add_list_and_clear(small):
    status, made = ask(small, "POST", "/_lab/faults", {**USERS, "status": 503})
    assert (status, made) == (200, {"id": "f1", **USERS, "status": 503, "covered": 0, "struck": 0})
    for id in ("a", "b", "c"):
        ask(small, "POST", "/_lab/faults", {"id": id, "latency": "PT1S"})
    assert [item["id"] for item in ask(small, "GET", "/_lab/faults")[1]["faults"]] == ["f1", "a", "b", "c"]
    for path, body in (("/a", None), ("?id=b", None), ("", {"id": "c"})):
        assert ask(small, "DELETE", f"/_lab/faults{path}", body)[0] == 200
    assert [item["id"] for item in ask(small, "GET", "/_lab/faults")[1]["faults"]] == ["f1"]
    assert ask(small, "DELETE", "/_lab/faults") == (200, {"faults": []})


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({}, "one effect"), ({"status": 503, "nope": 1}, "has no 'nope'"),
        ({"status": 503, "service": "graph"}, "covers no service"), ({"status": 503, "party": "okta"}, "covers no"),
        ({"status": 503, "operation": "users.get_usr"}, "No operation"),
        ({"problem": "E0000007"}, "directory has no problem"), ({"status": 503, "id": "taken"}, "already"),
    ],
)  # fmt: skip
def test_a_rule_that_can_never_strike_is_refused_with_a_hint(small, rule, told):
    small.faults.add(id="taken", latency="PT1S")
    status, found = ask(small, "POST", "/_lab/faults", rule)
    assert status == 400
    assert told in found["error"]["message"]
    assert found["error"]["hint"]
    assert len(small.faults.list()) == 1


def test_clearing_what_is_not_there_is_refused(small):
    small.faults.add(latency="PT1S")
    assert ask(small, "DELETE", "/_lab/faults/x")[0] == 400
    assert ask(small, "DELETE", "/_lab/faults?name=f1")[0] == 400
    with pytest.raises(LabError, match="no fault rule"):
        small.faults.clear("x")
    assert len(small.faults.list()) == 1


def test_a_near_miss_is_told_the_right_name(small):
    with pytest.raises(LabError) as caught:
        small.faults.add(operation="users.list_user", status=503)
    assert "Did you mean users.list_users" in caught.value.hint


@pytest.mark.world(SMALL)
@pytest.mark.faults({**USERS, "latency": "PT1S"}, {"id": "busy", "status": 503, "nth": 2})
@pytest.mark.faults(id="first", operation="users.create_user", status=500)
def test_the_marker_adds_rules_to_the_world(world):
    assert sorted(item["id"] for item in world.faults.list()) == ["busy", "f1", "first"]
    assert [world.directory.call("GET", "/users").status for _ in range(3)] == [200, 503, 200]


# -- the connector ----------------------------------------------------------------------------------------------------


def make_person(okta: ApiClient, app: str, name: str) -> str:
    """A person of the org who is assigned Office 365; their user principal name."""
    login = f"{name}@acme.example"
    profile = {"login": login, "email": login, "firstName": name.title(), "lastName": "Late", "displayName": name,
               "countryCode": "NL"}  # fmt: skip
    user = okta.post(
        "/api/v1/users?activate=true", {"profile": profile, "credentials": {"password": {"value": "Test-only-99-Lab"}}}
    )
    okta.post(f"/api/v1/apps/{app}/users", {"id": user["id"], "scope": "USER", "profile": {"licenses": ["SPE_E3"]}})
    return login


def test_the_connector_waits_as_long_as_graph_says_and_then_converges(acme):
    app = acme.spec.lab["okta"]["o365_app_id"]
    acme.sync()
    acme.faults.add(service="graph", operation="users.*", status=429, retry_after="PT45S", first=1)
    login = make_person(acme.okta, app, "paula")
    [tried] = [item for item in acme.sync()["ran"] if item["kind"] == "user.push"]
    assert tried["outcome"] == "retry"
    assert tried["retry_at"] == "2026-01-15T09:00:45.000Z"
    assert acme.journal(stream="system_log")[-1]["type"] == "app.office365.graph.api.error.rate-limit.exceeded"
    acme.clock.advance(seconds=44)
    assert acme.sync()["ran"] == []
    acme.clock.advance(seconds=1)
    assert [item["outcome"] for item in acme.sync()["ran"]] == ["done"]
    assert acme.entra.get(f"/users/{login}")["userPrincipalName"] == login
    assert [item["struck"] for item in acme.faults.list()] == [1]


@pytest.mark.parametrize(("drop", "posts"), [("request", 2), ("answer", 1)])
def test_the_connector_survives_a_lost_connection_without_creating_anybody_twice(acme, drop, posts):
    app = acme.spec.lab["okta"]["o365_app_id"]
    acme.sync()
    acme.faults.add(service="graph", operation="users.create_user", drop=drop, nth=1)
    acme.faults.add(service="graph", operation="licences.assign_license", drop=drop, nth=1)
    login = make_person(acme.okta, app, "paula")
    outcomes = []
    for _ in range(3):
        outcomes += [item["outcome"] for item in acme.sync()["ran"]]
        acme.clock.advance(hours=1)
    assert outcomes == ["retry", "retry", "done"]
    assert [item["struck"] for item in acme.faults.list()] == [1, 1]
    assert sum((hop.service, hop.operation) == ("graph", "users.create_user") for hop in acme.tape) == posts
    found = acme.entra.get(f"/users/{login}?$select=id,assignedLicenses")
    assert len(found["assignedLicenses"]) == 1


# -- over TCP ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab():
    with Lab(SMALL) as running:
        yield running


@pytest.fixture
def served(lab):
    yield lab
    lab.world.faults.clear()


def client_of(lab: Lab, scheme: str = "http") -> ApiClient:
    urls = lab.info["urls" if scheme == "http" else "https_urls"]
    return ApiClient(Http(Tcp(ca_file=lab.info["ca_file"]), base=urls["front"]), prefix="/_lab/directory")


def test_a_second_of_latency_on_one_operation_delays_no_other_request(served):
    served.world.faults.add(service="directory", operation="users.get_user", latency="PT1S")
    client = client_of(served)
    took = {}

    def slow(n: int) -> None:
        started = monotonic()
        took[n] = (client.call("GET", "/users/dana").header("X-Lab-Fault"), monotonic() - started)

    threads = [threading.Thread(target=slow, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    others = []
    while any(thread.is_alive() for thread in threads):
        for method, path, body in (("GET", "/users", None), ("PATCH", "/users/dana", {"title": f"{len(others)}"})):
            started = monotonic()
            assert client.call(method, path, body).status == 200
            others.append(monotonic() - started)
    for thread in threads:
        thread.join()
    assert [id for id, _ in took.values()] == ["f1"] * 3
    assert all(seconds >= 1.0 for _, seconds in took.values()), took
    assert statistics.median(others) < 0.5, "the others do not wait for the second"


def raw(lab: Lab, scheme: str) -> http.client.HTTPConnection:
    listener = lab.front.find("front", scheme)
    if scheme == "http":
        return http.client.HTTPConnection(listener.address, listener.port, timeout=5)
    import ssl

    context = ssl.create_default_context(cafile=lab.info["ca_file"])
    return http.client.HTTPSConnection(listener.address, listener.port, timeout=5, context=context)


@pytest.mark.skipif(sys.platform == "win32", reason="there the request stays unanswered instead")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dropped_connection_is_closed_without_a_byte(served, scheme):
    served.world.faults.add(**USERS, drop=True, nth=2)
    connection, other = raw(served, scheme), raw(served, scheme)
    for item in (connection, other):
        item.request("GET", "/_lab/health")
        item.getresponse().read()
    for n in range(2):
        connection.request("GET", "/_lab/directory/users")
        if n == 0:
            assert connection.getresponse().read()
            continue
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError, OSError)) as caught:
            connection.getresponse()
        assert "timed out" not in str(caught.value)
    connection.close()
    other.request("GET", "/_lab/directory/users")  # the neighbour's connection is not touched
    assert other.getresponse().status == 200
    other.close()
    assert client_of(served, scheme).get("/users")["value"]


def test_the_fallback_server_holds_back_and_drops_too(monkeypatch):
    monkeypatch.setattr(
        listen, "make",
        lambda listeners, entry, *, certificate, key, gathering: [listen.Threaded(listeners, entry, certificate, key)],
    )  # fmt: skip
    with Lab(SMALL) as lab:
        lab.world.faults.add(**USERS, drop=True, nth=1)
        lab.world.faults.add(**USERS, latency="PT0.2S", nth=2)
        for scheme in ("http", "https"):
            client = client_of(lab, scheme)
            with pytest.raises(Unreachable):
                client.get("/users")
            started = monotonic()
            assert client.call("GET", "/users").header("X-Lab-Fault") == "f2"
            assert monotonic() - started >= 0.2
            lab.world.faults.clear()
            lab.world.faults.add(**USERS, drop="answer", nth=1)
            lab.world.faults.add(**USERS, latency="PT0.2S", nth=2)
        assert not lab.world.engine.crashes


def test_a_held_answer_does_not_hold_up_the_end():
    with Lab(SMALL) as lab:
        lab.world.faults.add(**USERS, latency="PT5M")
        client = client_of(lab)
        asking = threading.Thread(target=lambda: client.call("GET", "/users"))
        asking.start()
        while not lab.world.faults.list()[0]["struck"]:
            time.sleep(0.005)
        started = monotonic()
    assert monotonic() - started < 60, "five minutes were asked for"
    asking.join(60)
    assert not asking.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="workers share ports on Linux only")
def test_two_workers_share_rules_and_counts():
    with Lab(SMALL, workers=2) as lab:
        remote, client = Remote(lab.info), client_of(lab)
        remote.control("POST", "faults", {**USERS, "status": 503, "first": 5})
        # Each request is a connection of its own, so both processes are asked.
        assert sorted(client.call("GET", "/users").status for _ in range(30)) == [200] * 25 + [503] * 5
        [rule] = remote.control("GET", "faults")["faults"]
        assert (rule["covered"], rule["struck"]) == (30, 5)
        remote.control("DELETE", "faults")
        assert {client.call("GET", "/users").status for _ in range(10)} == {200}


def test_moving_the_clock_of_a_served_world_wakes_the_job_that_was_waiting():
    with Lab("acme") as lab:
        remote = Remote(lab.info)
        remote.control("PATCH", "clock", {"freeze": True})
        remote.control("POST", "faults", {"service": "graph", "operation": "users.*", "status": 503, "retry_after": 7200, "first": 1})  # fmt: skip
        headers = {"authorization": f"SSWS {lab.info['okta']['token']}"}
        okta = ApiClient(Http(Tcp(), base=lab.info["urls"]["okta"], headers=headers))
        login = make_person(okta, lab.info["okta"]["o365_app_id"], "paula")

        def pushed() -> bool:
            return any(
                row["type"] == "application.provision.user.push" and login in str(row["doc"])
                for row in lab.world.journal(stream="system_log")
            )

        wait_until(lambda: remote.control("GET", "faults")["faults"][0]["struck"] == 1)
        wait_until(lambda: remote.control("POST", "sync")["next_due"] is not None)
        assert not pushed()
        remote.control("PATCH", "clock", {"advance": "PT2H"})
        wait_until(pushed)


def wait_until(condition) -> None:
    ends = monotonic() + 60
    while not condition():
        assert monotonic() < ends, "it never came"
        time.sleep(0.01)
