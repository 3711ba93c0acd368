"""Event hooks: documents, verification, delivery."""

import orjson
import pytest

from emulator.kernel.exchange import Answer
from emulator.okta import hook_filter
from tests.okta.worlds import DANA_ID, HOST, kinds, refused

AT = "/api/v1/eventHooks"
URI = "http://127.0.0.1:8999/hook"


def body(**more):
    config = {
        "uri": URI, "headers": [{"key": "X-Test-Header", "value": "Test Header value"}],
        "authScheme": {"type": "HEADER", "key": "Authorization", "value": "s3cret"},
    }  # fmt: skip
    return {
        "name": "My hook", "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.suspend", "group.lifecycle.create"]},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": config | more.pop("config", {})}, **more,
    }  # fmt: skip


class Receiver:
    """A receiver on loopback, without a socket: it stands in for the way out."""

    def __init__(self, world, status=200):
        self.requests, self.status = [], status
        for outward in (world.engine.outbound.__self__,):
            outward._tcp = self

    def send(self, exchange):
        self.requests.append(exchange)
        if exchange.method == "GET":
            challenge = exchange.headers["x-okta-verification-challenge"]
            return Answer(200, [], orjson.dumps({"verification": challenge}))
        return Answer(self.status)


@pytest.fixture
def receiver(org, monkeypatch):
    from emulator.serving import outward

    made = Receiver(org)
    monkeypatch.setattr(outward, "Tcp", lambda **_: made)
    return made


def test_a_hook_has_the_recorded_shape(org):
    made = org.okta.post(AT, body())
    assert made["id"].startswith("who") and (made["status"], made["verificationStatus"]) == ("ACTIVE", "UNVERIFIED")
    assert made["channel"]["config"] == {
        "uri": URI, "headers": [{"key": "X-Test-Header", "value": "Test Header value"}], "method": "POST",
        "authScheme": {"type": "HEADER", "key": "Authorization"},
    }  # fmt: skip
    assert made["events"]["filter"] is None and made["description"] is None
    assert set(made["_links"]) == {"self", "verify", "deactivate"}
    at = f"{AT}/{made['id']}"
    assert refused(org, "DELETE", at)[:2] == (400, "E0000001")
    assert set(org.okta.post(f"{at}/lifecycle/deactivate")["_links"]) == {"self", "activate", "delete"}
    assert org.okta.post(f"{at}/lifecycle/activate")["status"] == "ACTIVE"
    assert org.okta.put(at, body(name="Other"))["name"] == "Other"
    org.okta.post(f"{at}/lifecycle/deactivate")
    assert org.okta.call("DELETE", at).status == 204 and org.okta.get(AT) == []
    assert refused(org, "GET", at)[2].endswith("(Webhook)")
    assert {f"event_hook.{name}" for name in ("created", "updated", "activated", "deactivated", "deleted")} <= set(
        kinds(org)
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"), ({"config": {"uri": "nowhere"}}, "uri"), ({"channel": None}, "channel"),
        ({"events": {"type": "EVENT_TYPE", "items": []}}, "events"),
        ({"events": {"type": "EVENT_TYPE", "items": ["zone.create"]}}, "events"),
        ({"events": {"type": "EVENT_TYPE", "items": ["not an event"]}}, "events"),
        ({"config": {"headers": [{"key": "bad:header", "value": "x"}]}}, "headers"),
        ({"events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.suspend"], "filter": {"eventFilterMap": [
            {"event": "user.lifecycle.suspend", "condition": {"expression": "gibberish("}}]}}}, "filter"),
    ],
)  # fmt: skip
def test_requests_are_checked(org, change, field):
    assert refused(org, "POST", AT, body(**change))[:3] == (400, "E0000001", f"Api validation failed: {field}")


def test_at_most_ten_are_active(org):
    for number in range(10):
        org.okta.post(AT, body(name=f"Hook {number}"))
    assert refused(org, "POST", AT, body())[:2] == (400, "E0000001")


def test_strangers_are_not_asked(org):
    made = org.okta.post(AT, body(config={"uri": "https://stranger.example/hook"}))
    status, code, _, causes = refused(org, "POST", f"{AT}/{made['id']}/lifecycle/verify")
    assert (status, code, causes) == (
        400, "E0000001", ["Event hook verification failed. The endpoint could not be reached."],
    )  # fmt: skip


def test_a_verified_hook_gets_what_happens_from_then_on(org, receiver):
    made = org.okta.post(AT, body())
    org.okta.post(f"/api/v1/users/{DANA_ID}/lifecycle/suspend")
    org.okta.post(f"/api/v1/users/{DANA_ID}/lifecycle/unsuspend")
    assert org.sync()["ran"] == []
    assert org.okta.post(f"{AT}/{made['id']}/lifecycle/verify")["verificationStatus"] == "VERIFIED"
    asked = receiver.requests.pop()
    assert asked.method == "GET" and asked.headers["authorization"] == "s3cret"
    org.okta.post(f"/api/v1/users/{DANA_ID}/lifecycle/suspend")
    org.okta.post("/api/v1/groups", {"profile": {"name": "New"}})
    [ran] = org.sync()["ran"]
    assert (ran["kind"], ran["outcome"]) == ("hook.deliver", "done")
    [sent] = receiver.requests
    assert (sent.method, sent.url) == ("POST", URI)
    assert (sent.headers["authorization"], sent.headers["x-test-header"]) == ("s3cret", "Test Header value")
    doc = orjson.loads(sent.body)
    assert (doc["eventType"], doc["source"]) == ("com.okta.event_hook", f"https://{HOST}{AT}/{made['id']}")
    assert [event["eventType"] for event in doc["data"]["events"]] == [
        "user.lifecycle.suspend",
        "group.lifecycle.create",
    ]
    assert org.sync()["ran"] == [] and "event_hook.delivery" in kinds(org)


def test_a_batch_is_tried_twice_and_then_lost(org, receiver):
    made = org.okta.post(AT, body())
    org.okta.post(f"{AT}/{made['id']}/lifecycle/verify")
    receiver.requests, receiver.status = [], 503
    org.okta.post(f"/api/v1/users/{DANA_ID}/lifecycle/suspend")
    assert [ran["outcome"] for ran in org.sync()["ran"]] == ["failed", "failed"]
    assert len(receiver.requests) == 2
    event = next(item for item in org.okta.get("/api/v1/logs") if item["eventType"] == "event_hook.delivery")
    assert event["outcome"] == {"result": "FAILURE", "reason": "The endpoint answered 503"}


def test_filters_choose(org, receiver):
    wanted = {"event": "group.lifecycle.create", "condition": {
        "version": None, "expression": "event.target.?[displayName eq 'Wanted'].size()>0"}}  # fmt: skip
    items = {"type": "EVENT_TYPE", "items": ["group.lifecycle.create"],
             "filter": {"type": "EXPRESSION_LANGUAGE", "eventFilterMap": [wanted]}}  # fmt: skip
    made = org.okta.post(AT, body(events=items))
    assert made["events"]["filter"]["eventFilterMap"] == [wanted]
    org.okta.post(f"{AT}/{made['id']}/lifecycle/verify")
    receiver.requests.clear()
    for name in ("Other", "Wanted"):
        org.okta.post("/api/v1/groups", {"profile": {"name": name}})
    org.sync()
    [sent] = receiver.requests
    assert [event["target"][0]["displayName"] for event in orjson.loads(sent.body)["data"]["events"]] == ["Wanted"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event.target.?[type eq 'UserGroup'].size()>0", True), ("event.target.?[type eq 'User'].size() == 0", True),
        ("event.target.?[type eq 'User'].size()>0 && event.outcome.result eq 'SUCCESS'", False),
        ("event.target.?[type eq 'User'].size()>0 || event.outcome.result eq 'SUCCESS'", True),
        ("event.outcome.result ne 'SUCCESS'", False),
    ],
)  # fmt: skip
def test_filter_expressions(text, expected):
    event = {"target": [{"type": "UserGroup"}], "outcome": {"result": "SUCCESS"}}
    assert hook_filter.readable(text) and hook_filter.holds(text, event) is expected


def test_the_couriers_port_wants_its_lease(org):
    made = org.okta.post(AT, body())
    headers = {"authorization": "Bearer agent-token-for-tests"}
    assert orjson.loads(org.okta.call("POST", "/_lab/agent/hooks/lease", {}, headers=headers).body) == {
        "delivery": None
    }
    answer = org.okta.call(
        "POST", f"/_lab/agent/hooks/{made['id']}/ack", {"lease": "x", "status": 200}, headers=headers
    )
    assert answer.status == 409
