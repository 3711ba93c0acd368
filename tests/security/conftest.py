"""The world that is fired at, and the canary: a test in this room that opens a socket fails."""

import socket
from collections.abc import Iterator

import pytest

from emulator import World


@pytest.fixture(scope="module")
def acme() -> Iterator[World]:
    with World("acme") as made:
        yield made
        assert made.engine.crashes == []


@pytest.fixture
def world(acme: World) -> World:
    """The healthy estate, as new."""
    acme.restore("start")
    return acme


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whatever tries to reach out is written down here, and refused."""
    tried: list[object] = []

    def refuse(*asked: object, **_: object) -> None:
        tried.append(asked)
        raise OSError("the canary: nothing is fetched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "sendto", refuse)
    return tried
