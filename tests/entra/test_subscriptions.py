"""Webhooks: the handshake, limits, notifications that are really delivered, retries."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from .worlds import ADMIN, DANA, app_client, error, person_client


class Receiver:
    """A webhook on loopback. echo: what it answers a validation with; status: what it answers notifications with."""

    def __init__(self):
        self.got, self.status, self.echo = [], 202, None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                token = parse_qs(urlsplit(self.path).query).get("validationToken")
                if token:
                    self.reply(200, (outer.echo or token[0]).encode())
                else:
                    outer.got.append(json.loads(body))
                    self.reply(outer.status, b"")

            def reply(self, status, text):
                self.send_response(status)
                self.send_header("content-type", "text/plain")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook():
    made = Receiver()
    yield made
    made.close()


def body(hook, **more):
    return {
        "changeType": "updated,deleted", "notificationUrl": hook.url, "resource": "users",
        "expirationDateTime": "2026-01-20T09:00:00Z", "clientState": "shared", **more,
    }  # fmt: skip


def test_changes_are_delivered_once(tenant, graph, hook):
    made = graph.post("/subscriptions", body(hook))
    assert (made["applicationId"], made["latestSupportedTlsVersion"]) == (
        "a0000000-0000-4000-8000-000000000001",
        "v1_2",
    )
    graph.call("PATCH", f"/users/{DANA}", {"department": "Ops"})
    graph.post("/groups", {"displayName": "g", "mailEnabled": False, "securityEnabled": True, "mailNickname": "g"})
    graph.call("DELETE", f"/users/{DANA}")
    ran = tenant.sync()["ran"]
    assert [item["outcome"] for item in ran] == ["done", "done"]
    values = [item["value"][0] for item in hook.got]
    assert [value["changeType"] for value in values] == ["updated", "deleted"]
    assert values[0]["resource"] == f"Users/{DANA}"
    assert values[0]["resourceData"]["@odata.type"] == "#Microsoft.Graph.User"
    assert (values[0]["clientState"], values[0]["subscriptionId"]) == ("shared", made["id"])
    assert tenant.sync()["ran"] == []


def test_one_object_is_watched(tenant, graph, hook):
    graph.post("/subscriptions", body(hook, resource=f"/users/{DANA}", changeType="updated"))
    graph.call("PATCH", f"/users/{ADMIN}", {"department": "Ops"})
    graph.call("PATCH", f"/users/{DANA}", {"department": "Ops"})
    graph.call("DELETE", f"/users/{DANA}")
    tenant.sync()
    assert [item["value"][0]["resourceData"]["id"] for item in hook.got] == [DANA]


def test_a_receiver_that_fails_is_asked_again(tenant, graph, hook):
    graph.post("/subscriptions", body(hook))
    hook.status = 500
    graph.call("PATCH", f"/users/{DANA}", {"department": "Ops"})
    state = tenant.sync()
    assert ([item["outcome"] for item in state["ran"]], state["next_due"]) == (["again"], "2026-01-15T09:00:10.000Z")
    hook.status = 202
    tenant.clock.advance(minutes=1)
    assert [item["outcome"] for item in tenant.sync()["ran"]] == ["done"]
    hook.status = 500
    app_client(tenant).call("PATCH", f"/users/{DANA}", {"department": "HR"})
    tenant.clock.advance(hours=5)
    assert [item["outcome"] for item in tenant.sync()["ran"]] == ["dropped"]


def test_a_receiver_proves_itself(graph, hook):
    hook.echo = "something else"
    status, code, message = error(graph.call("POST", "/subscriptions", body(hook)))
    assert (status, code) == (400, "ValidationError")
    assert message.startswith("Subscription validation request failed.")
    assert (
        error(graph.call("POST", "/subscriptions", body(hook, notificationUrl="https://strange.example/x")))[1]
        == "ValidationError"
    )
    assert graph.get("/subscriptions")["value"] == []


@pytest.mark.parametrize(("more", "code"), [
    ({"changeType": "moved"}, "InvalidRequest"), ({"changeType": None}, "InvalidRequest"), ({"resource": "chats"}, "InvalidRequest"),
    ({"resource": "users/a/manager"}, "InvalidRequest"), ({"expirationDateTime": "2026-01-15T08:00:00Z"}, "InvalidRequest"),
    ({"expirationDateTime": "2026-02-20T09:00:00Z"}, "InvalidRequest"), ({"notificationUrl": "http://strange.example/x"}, "InvalidRequest"),
    ({"notificationUrl": "https://[::1"}, "InvalidRequest"), ({"includeResourceData": True}, "InvalidRequest"),
    ({"latestSupportedTlsVersion": "v9"}, "InvalidRequest"), ({"clientState": "x" * 129}, "Request_BadRequest"),
])  # fmt: skip
def test_a_bad_subscription_is_refused(graph, hook, more, code):
    assert error(graph.call("POST", "/subscriptions", body(hook, **more)))[:2] == (400, code)


def test_watching_needs_the_permission_to_read(tenant, hook):
    groups = app_client(tenant, "Group.Read.All")
    assert error(groups.call("POST", "/subscriptions", body(hook)))[0] == 403
    assert groups.call("POST", "/subscriptions", body(hook, resource="groups")).status == 201
    own = person_client(tenant, DANA, "User.Read")
    assert own.call("POST", "/subscriptions", body(hook, resource="me")).status == 201
    assert error(own.call("POST", "/subscriptions", body(hook, resource=f"users/{ADMIN}")))[0] == 403


def test_renewing_and_ending(tenant, graph, hook):
    made = graph.post("/subscriptions", body(hook))
    path = f"/subscriptions/{made['id']}"
    renewed = graph.call("PATCH", path, {"expirationDateTime": "2026-02-01T09:00:00Z"})
    assert (renewed.status, json.loads(renewed.text())["expirationDateTime"]) == (200, "2026-02-01T09:00:00Z")
    assert error(graph.call("PATCH", path, {"resource": "groups"}))[0] == 400
    assert graph.call("POST", f"{path}/reauthorize", {}).status == 204
    graph.call("PATCH", f"/users/{DANA}", {"department": "Ops"})
    assert graph.call("DELETE", path).status == 204
    assert tenant.sync()["ran"] == []
    assert error(graph.call("GET", path))[0] == 404


def test_an_expired_subscription_is_silent(tenant, graph, hook):
    made = graph.post("/subscriptions", body(hook))
    tenant.clock.advance(hours=24 * 6)
    later = app_client(tenant)
    assert error(later.call("GET", f"/subscriptions/{made['id']}"))[0] == 404
    later.call("PATCH", f"/users/{DANA}", {"department": "Ops"})
    tenant.sync()
    assert hook.got == []
