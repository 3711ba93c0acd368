"""HTTP/1.1 in clear on the loop itself: parsed by llhttp (through httptools), answered before the loop goes on.

A server with threads of its own takes the interpreter lock for every request that it hands over, and waits for it
whenever a statement of SQLite lets it go: that costs more than most handlers (docs/decisions/0006). So plain ports are
served here; TLS, with HTTP/2, stays with granian. Limits are those of edge.py, and a refused connection is closed.
"""

import asyncio
import contextlib
import sys
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import httptools

from emulator.kernel.exchange import Answer, Exchange
from emulator.serving import edge
from emulator.serving.delivery import half
from emulator.serving.edge import MOST_BODY, Refused
from emulator.serving.http1_text import KNOWN, METHODS, head, target, text_of
from emulator.serving.turns import Turn

_MOST_HEAD = 2 * edge.MOST_HEADERS
_MOST_HEADERS = 100
_LINGER = 5.0  # seconds for a refused client to read why, while it still sends
_IDLE = 120.0
_SMALL = 16 * 1024  # from here on a body is not worth copying behind its head
_LAST = 1.0  # seconds in which a client may still take its answer when the port stops
_BODILESS = (204, 304)
Respond = Callable[[Exchange], Answer]


class Port:
    """What the connections of one port share. patience: seconds that a request may take to arrive, asked each time.

    turn: where unwritten answers of `respond` wait; at_once: answers without that.
    """

    def __init__(
        self, respond: Respond, stopping: asyncio.Event, patience: Callable[[], float], *, turn: Turn | None = None,
        at_once: Respond | None = None,
    ) -> None:  # fmt: skip
        self.respond = respond
        self.at_once = at_once or respond
        self.turn = turn
        self.stopping = stopping
        self.patience = patience
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None

    async def start(self, address: str, port: int) -> None:
        # Further workers share the port.
        shared = True if sys.platform == "linux" else None
        self._server = await self.loop.create_server(
            lambda: Connection(self), address, port, reuse_port=shared, backlog=1024
        )
        self._sweep = self.loop.call_later(_IDLE / 2, self._swept)

    async def stop(self) -> None:
        """Take no more, finish what is being answered, close."""
        if self._sweep is not None:
            self._sweep.cancel()
        if self._server is not None:
            self._server.close()
        if self.turn is not None:
            self.turn.end()
        held = [item.held for item in self.connections if item.held is not None]
        if held:
            await asyncio.wait(held, timeout=5)
        for connection in list(self.connections):
            connection.close()
        await asyncio.sleep(0)
        last = self.loop.time() + _LAST
        while self.connections and self.loop.time() < last:
            await asyncio.sleep(0.01)
        for connection in list(self.connections):
            connection.close(at_once=True)
        await asyncio.sleep(0)

    def _swept(self) -> None:
        """Close connections that nobody has used for a while."""
        oldest = self.loop.time() - _IDLE
        for connection in list(self.connections):
            if connection.held is None and connection.used < oldest:
                connection.close()
        self._sweep = self.loop.call_later(_IDLE / 2, self._swept)


class Connection(asyncio.Protocol):
    """One client's connection: requests in order, each answered whole before the next is looked at."""

    __slots__ = (
        "_client", "_expects", "_head", "_headers", "_open", "_parser", "_parts", "_port", "_refused", "_size",
        "_timer", "_transport", "_unwritten", "_url", "_waiting", "_whole", "held", "used",
    )  # fmt: skip

    def __init__(self, port: Port) -> None:
        self._port = port
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._client = ""
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[tuple[Exchange | Refused, bool]] = deque()
        self._refused = self._unwritten = False
        self.held: asyncio.Task[None] | None = None
        self.used = 0.0
        self._expects = False
        self._headers: list[tuple[str, str]] = []
        self._parts: list[bytes] = []
        self.on_message_begin()
        self._whole = True  # nothing of a request is outstanding

    # -- the transport's side -----------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._client = str((transport.get_extra_info("peername") or ("127.0.0.1",))[0])
        self.used = self._port.loop.time()
        self._port.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.connections.discard(self)
        self._patient()
        if self.held is not None:
            self.held.cancel()

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self.held is None:
            self._transport.resume_reading()

    def close(self, *, at_once: bool = False) -> None:
        """Close when what is written has been taken, or at once."""
        if at_once:
            self._transport.abort()
        else:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self.used = self._port.loop.time()
        try:
            self._parser.feed_data(data)
            if not self._whole:
                self._head += 0 if self._open else len(data)
                if self._head > _MOST_HEAD:
                    raise Refused(431, f"headers may hold at most {edge.MOST_HEADERS} bytes")
                self._impatient()
        except httptools.HttpParserUpgrade:
            self._stop_reading()  # answered as what it is without; nothing else is spoken here
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._take(cause if isinstance(cause, Refused) else Refused(400, "the request cannot be read"))
        except httptools.HttpParserError:
            self._take(Refused(400, "the request is not HTTP/1.1"))
        except Refused as refused:
            self._take(refused)

    def eof_received(self) -> bool:
        """The client sends no more; what was asked is still answered."""
        if self._unwritten and self._port.turn is not None:
            self._port.turn.end()
        if self.held is None and not self._waiting:
            return False
        self._stop_reading()
        return True

    # -- the parser's side --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._url, self._headers, self._parts = b"", [], []
        self._head = self._size = 0
        self._open = self._whole = False

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > edge.MOST_PATH:
            raise Refused(414, f"a path and query may hold at most {edge.MOST_PATH} characters")

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) >= _MOST_HEADERS:
            raise Refused(431, f"a request may have at most {_MOST_HEADERS} headers")
        pair = KNOWN.get((name, value)) or text_of(name, value)
        self._headers.append(pair)
        if pair[0] == "content-length" and pair[1].isdigit() and int(pair[1]) > MOST_BODY:
            raise Refused(413, f"a body may hold at most {MOST_BODY} bytes")
        if pair[0] == "expect" and pair[1].lower() == "100-continue":
            self._expects = True

    def on_headers_complete(self) -> None:
        self._open = True
        if self._expects:
            self._expects = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MOST_BODY:
            raise Refused(413, f"a body may hold at most {MOST_BODY} bytes")
        self._parts.append(body)

    def on_message_complete(self) -> None:
        self._whole = True
        if self._timer is not None:
            self._patient()
        self._take(self._exchange())

    def _exchange(self) -> Exchange | Refused:
        try:
            if self._parser.get_http_version() not in ("1.1", "1.0"):
                raise Refused(400, "the request is not HTTP/1.1")
            method = METHODS.get(sent := self._parser.get_method()) or sent.decode()
            authority, path, query = target(method, self._url)
            headers = edge.headers_of(self._headers, authority)
            body = b"".join(self._parts) if self._parts else b""
            return edge.checked(Exchange(method, "http", headers["host"], path, query, headers, body, self._client))
        except Refused as refused:
            return refused

    # -- answering ----------------------------------------------------------------------------------------------

    def _take(self, asked: Exchange | Refused) -> None:
        keep = isinstance(asked, Exchange) and self._parser.should_keep_alive()
        if self.held is not None or self._unwritten:
            self._waiting.append((asked, keep))
        elif not self._refused:
            self._answer(asked, keep=keep)

    def _answer(self, asked: Exchange | Refused, *, keep: bool) -> None:
        if isinstance(asked, Refused):
            self._deliver(asked.answer(), asked, keep=keep)
            return
        answer = _ask(self._port.respond, asked)
        if answer.unwritten and self._port.turn is not None:
            self._unwritten = True
            self._port.turn.add(partial(self._resume, answer, asked, keep))
            return
        self._deliver(answer, asked, keep=keep)

    def _resume(self, answer: Answer, asked: Exchange, keep: bool, written: bool) -> None:  # noqa: FBT001
        """The turn has ended: the answer goes out, or is made anew where its rows could not be written."""
        self._unwritten = False
        if self._transport.is_closing():
            return
        self._deliver(answer if written else _ask(self._port.at_once, asked), asked, keep=keep)
        self._go_on()

    def _deliver(self, answer: Answer, asked: Exchange | Refused, *, keep: bool) -> None:
        if answer.plain:
            self._write(answer, asked, keep=keep)
            return
        self._transport.pause_reading()
        self.held = self._port.loop.create_task(self._later(answer, asked, keep=keep))

    async def _later(self, answer: Answer, asked: Exchange | Refused, *, keep: bool) -> None:
        """An answer that a fault rule holds back, or never gives; what was asked after it waits."""
        if answer.delay_ms:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._port.stopping.wait(), answer.delay_ms / 1000)
        self.held = None
        if answer.dropped:
            self._transport.abort()
            return
        self._write(answer, asked, keep=keep and not answer.cut)
        self._go_on()
        if self.held is None and not self._refused:
            self._transport.resume_reading()

    def _go_on(self) -> None:
        """Answer what was asked meanwhile."""
        while self._waiting and self.held is None and not self._unwritten and not self._refused:
            following, keep = self._waiting.popleft()
            self._answer(following, keep=keep)

    def _write(self, answer: Answer, asked: Exchange | Refused, *, keep: bool) -> None:
        body = answer.body
        lines = [f"{name}: {value}\r\n" for name, value in answer.headers]
        if answer.status not in _BODILESS and not (isinstance(asked, Exchange) and asked.method == "HEAD"):
            lines.append(f"Content-Length: {len(body)}\r\n")
        if not keep and not isinstance(asked, Refused):  # a refusal says so itself
            lines.append("Connection: close\r\n")
        start = head(answer.status, lines)
        if answer.cut:
            body = half(answer)
        if len(body) < _SMALL:
            self._transport.write(start + body)
        else:
            self._transport.write(start)
            self._transport.write(body)
        if not keep:
            self._stop_reading()

    def _stop_reading(self) -> None:
        """Close when the answer is out: politely, for closing on a client that still sends would lose the answer."""
        if self._refused:
            return
        self._refused = True
        if self._whole:
            self._transport.close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._patient()
        self._timer = self._port.loop.call_later(_LINGER, self._transport.close)

    # -- patience -----------------------------------------------------------------------------------------------

    def _impatient(self) -> None:
        """A request has begun to arrive: it has so long to do so."""
        if self._timer is None:
            self._timer = self._port.loop.call_later(self._port.patience(), self._too_slow)

    def _patient(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        self._take(Refused(408, f"the request did not arrive within {self._port.patience():g} seconds"))


def _ask(respond: Respond, asked: Exchange) -> Answer:
    try:
        return respond(asked)
    except Exception:  # nothing that `respond` knows of: the client is not left waiting
        traceback.print_exc()
        return Answer(500, [("Content-Type", "text/plain; charset=utf-8")], b"500: the emulator failed\n")
