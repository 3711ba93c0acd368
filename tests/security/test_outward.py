"""What the lab itself asks for: nothing outside. F1, F3, L6, X2, J3."""

import socket
from typing import Any

import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.serving.outward import Outward
from emulator.wire.client import doc_of
from tests.security.lines import covers

STRANGERS = [
    "http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/", "http://2852039166/", "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/", "http://localhost.evil.example/", "http://127.0.0.1.nip.io/", "http://acme.okta.com@evil.example/",
    "https://example.com/", "http://10.0.0.1/", "http://0.0.0.0.evil.example/", "http://metadata.google.internal/",
]  # fmt: skip
SCHEMES = [
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://127.0.0.1/",
    "dict://127.0.0.1:11211/",
    "javascript:alert(1)",
    "data:,x",
]


@covers("F1")
@pytest.mark.parametrize("url", STRANGERS)
def test_the_way_out_leads_to_no_stranger(world: World, canary: list[object], url: str) -> None:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    way = Outward(world, world.transport)
    assert way.send(Exchange("GET", scheme, host, f"/{path}", headers={"host": host})) is None
    assert canary == []


def hook(url: str) -> dict[str, Any]:
    return {
        "name": f"hook {url[:40]}", "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": url, "headers": [], "authScheme": None}},
    }  # fmt: skip


@covers("F1")
@pytest.mark.parametrize("url", [*STRANGERS, *SCHEMES])
def test_hooks_and_subscriptions_reach_no_stranger(world: World, canary: list[object], url: str) -> None:
    made = world.okta.call("POST", "/api/v1/eventHooks", json=hook(url))
    assert made.status in (200, 400)
    if made.status == 200:
        verified = world.okta.call("POST", f"/api/v1/eventHooks/{doc_of(made)['id']}/lifecycle/verify")
        assert verified.status == 400, url
    body = {
        "changeType": "updated",
        "notificationUrl": url,
        "resource": "users",
        "expirationDateTime": "2026-01-15T10:00:00Z",
    }
    assert world.entra.call("POST", "/subscriptions", json=body).status == 400
    world.sync()
    assert canary == []


@covers("F3")
def test_a_hooks_secret_is_never_shown(world: World) -> None:
    secret = "S3CR3T-hook-0001"
    body = hook("https://hooks.example/x")
    body["channel"]["config"]["authScheme"] = {"type": "HEADER", "key": "Authorization", "value": secret}
    made = world.okta.call("POST", "/api/v1/eventHooks", json=body)
    assert made.status == 200, made.text()
    assert secret not in made.text()
    assert secret not in str(world.okta.get("/api/v1/eventHooks"))
    assert secret not in str(world.okta.get("/api/v1/logs?limit=100"))
    assert secret not in str(world.journal())


@covers("L6")
def test_a_whole_sign_in_and_a_sync_open_no_socket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    def refuse(*asked: object, **_: object) -> None:
        tried.append(asked)
        raise OSError("nothing is fetched")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert world.browser.sign_in("dana@acme.example").tokens
    world.okta.post("/api/v1/users/dana@acme.example", json={"profile": {"title": "x"}})
    world.sync()
    assert tried == []
