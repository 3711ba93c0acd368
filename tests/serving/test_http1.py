"""HTTP/1.1 on the loop itself: framing, order, held answers, closing. What nobody should send is in test_bad_input.py."""

import asyncio
import contextlib
import select
import socket
import threading
import time

import pytest

from emulator.kernel.exchange import Answer
from emulator.serving import http1

PATIENCE = 5.0


class Served:
    """One port whose answers tell what was asked."""

    def __init__(self):
        self.seen = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self):
        self.loop, self.stopping, self._over = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.number = probe.getsockname()[1]
        self.port = http1.Port(self.answer, self.stopping, lambda: PATIENCE)
        await self.port.start("127.0.0.1", self.number)
        self._ready.set()
        await self._over.wait()
        self.stopping.set()
        await self.port.stop()

    def answer(self, exchange):
        self.seen.append(exchange)
        if exchange.path == "/crash":
            raise RuntimeError("on purpose")
        held = int(exchange.path[6:]) if exchange.path.startswith("/held/") else 0
        headers = [("X-Split", "a\r\nSet-Cookie: b=c")] if exchange.path == "/split" else []
        status = 204 if exchange.path == "/none" else 200
        body = b"" if exchange.method == "HEAD" or status == 204 else exchange.url.encode() + b"|" + exchange.body
        return Answer(status, headers, body, delay_ms=held, dropped=exchange.path == "/drop")

    def stop(self):
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def served():
    made = Served()
    yield made
    made.stop()


def test_a_port_that_stops_waits_for_no_client_that_reads_nothing():
    made = Served()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(("127.0.0.1", made.number))
        client.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000)
        assert select.select([client], [], [], 10)[0]
        made.stop()
        assert not made.port.connections


class Client:
    def __init__(self, served):
        self.stream = socket.create_connection(("127.0.0.1", served.number), timeout=10)
        self.file = self.stream.makefile("rb")

    def send(self, data):
        self.stream.sendall(data)
        return self

    def answer(self, *, head=False):
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        if status == 100:
            return status, headers, b""
        return status, headers, b"" if head else self.file.read(int(headers.get("content-length", 0)))

    def closed(self):
        return self.file.read(1) == b""


@pytest.fixture
def client(served):
    made = Client(served)
    yield made
    made.file.close()
    made.stream.close()


def get(path, *headers):
    lines = [f"GET {path} HTTP/1.1", "Host: h.example", *headers, "", ""]
    return "\r\n".join(lines).encode()


def test_a_connection_serves_many_requests_in_order(client):
    client.send(get("/1?a=%20b") + get("/2") + get("/3")[:-3])
    assert [client.answer()[2] for _ in range(2)] == [b"http://h.example/1?a=%20b|", b"http://h.example/2|"]
    client.send(get("/3")[-3:])
    assert client.answer()[2] == b"http://h.example/3|"


def test_paths_come_decoded_and_headers_lower_case(served, client):
    client.send(get("/a%2Fb/%C3%BC", "X-Thing: One", "COOKIE: a=1", "cookie: b=2")).answer()
    asked = served.seen[-1]
    assert (asked.path, asked.headers["x-thing"], asked.cookies()) == ("/a/b/ü", "One", {"a": "1", "b": "2"})
    assert asked.client == "127.0.0.1"


def test_bodies_by_length_and_in_chunks(client):
    start = b"POST /p HTTP/1.1\r\nHost: h.example\r\n"
    client.send(start + b"Content-Length: 5\r\n\r\nhel").send(b"lo")
    assert client.answer()[2] == b"http://h.example/p|hello"
    client.send(start + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").send(b"2\r\nde\r\n0\r\n\r\n")
    assert client.answer()[2] == b"http://h.example/p|abcde"
    client.send(start + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert client.answer()[0] == 100
    assert client.send(b"ok").answer()[2] == b"http://h.example/p|ok"


def test_no_body_where_none_belongs(client):
    client.send(get("/none"))
    status, headers, _ = client.answer()
    assert (status, "content-length" in headers) == (204, False)
    client.send(get("/x").replace(b"GET", b"HEAD"))
    assert client.answer(head=True)[0] == 200
    assert client.send(get("/after")).answer()[2] == b"http://h.example/after|"


def test_no_header_makes_another_one(client):
    _, headers, _ = client.send(get("/split")).answer()
    assert headers["x-split"] == "a  Set-Cookie: b=c"
    assert "set-cookie" not in headers


def test_old_clients_and_those_who_ask_are_hung_up_on(served):
    for data in (b"GET /x HTTP/1.0\r\nHost: h.example\r\n\r\n", get("/x", "Connection: close")):
        client = Client(served).send(data)
        assert client.answer()[1]["connection"] == "close"
        assert client.closed()
        client.file.close()
        client.stream.close()


def test_a_held_answer_holds_back_its_own_connection_only(served, client):
    began = time.monotonic()
    client.send(get("/held/300") + get("/next"))
    assert [client.answer()[2] for _ in range(2)] == [b"http://h.example/held/300|", b"http://h.example/next|"]
    assert time.monotonic() - began >= 0.25
    client.send(get("/held/60000"))
    other = Client(served)
    assert other.send(get("/other")).answer()[0] == 200
    assert select.select([client.stream], [], [], 0)[0] == []
    other.file.close()
    other.stream.close()


def test_a_dropped_answer_is_a_lost_connection(client):
    client.send(get("/drop"))
    with contextlib.suppress(ConnectionResetError):
        assert client.closed()


def test_a_client_that_stops_sending_still_gets_its_answer(client):
    client.send(get("/held/100"))
    client.stream.shutdown(socket.SHUT_WR)
    assert client.answer()[2] == b"http://h.example/held/100|"
    assert client.closed()


def test_an_unexpected_failure_is_an_answer_too(client, capfd):
    status, _, body = client.send(get("/crash")).answer()
    assert (status, body) == (500, b"500: the emulator failed\n")
    assert "on purpose" in capfd.readouterr().err


def test_stopping_releases_what_is_held_and_closes_the_rest(served):
    idle, waiting = Client(served), Client(served)
    idle.send(get("/x")).answer()
    waiting.send(get("/held/60000"))
    while len(served.seen) < 2:
        time.sleep(0.005)
    began = time.monotonic()
    served.stop()
    assert time.monotonic() - began < 4
    assert waiting.answer()[0] == 200
    assert idle.closed() and waiting.closed()
    for each in (idle, waiting):
        each.file.close()
        each.stream.close()


def test_connections_that_nobody_uses_are_closed(served, client, monkeypatch):
    client.send(get("/x")).answer()
    monkeypatch.setattr(http1, "_IDLE", -1.0)
    served.loop.call_soon_threadsafe(served.port._swept)
    assert client.closed()
