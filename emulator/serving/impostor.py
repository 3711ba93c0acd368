"""TLS ports that show a wrong certificate, for fault rules; behind them is the right port.

A client that checks certificates goes away; one that does not gets through to the world. Ports are opened when a rule
first sends somebody there.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.serving.fault_moments import certificate
from emulator.serving.faults import any_rules
from emulator.serving.relay import copy
from emulator.serving.tls import wrong_file

if TYPE_CHECKING:
    from emulator.serving.world import World

Address = tuple[str, int]


class Impostors:
    """Where connections to a world's emulated hosts go: to the right TLS port, unless a rule says otherwise."""

    def __init__(self, world: "World", right: Address, folder: Path) -> None:
        self._world = world
        self._right = right
        self._folder = folder
        self._guard = threading.Lock()
        self._open: dict[str, Address] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def address(self, host: str) -> Address:
        """Where a new connection to `host` goes; fault rules count it."""
        shown = certificate(self._world, host) if any_rules(self._world) else ""
        return self._port(shown) if shown else self._right

    def _port(self, shown: str) -> Address:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, name="tenantlab-impostor", daemon=True)
                self._thread.start()
            if shown not in self._open:
                listening = asyncio.run_coroutine_threadsafe(self._listen(shown), self._loop)
                self._open[shown] = listening.result(10)
            return self._open[shown]

    def close(self) -> None:
        """Close the ports and what is open on them."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _run(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(asyncio.sleep(0))  # what was aborted is closed
        finally:
            self._loop.close()

    async def _listen(self, shown: str) -> Address:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / wrong_file(shown))
        plain = socket.create_server(("127.0.0.1", 0))
        at: Address = plain.getsockname()[:2]
        serving = await asyncio.start_server(self._serve, sock=plain, ssl=context)
        keeping = asyncio.ensure_future(serving.serve_forever())
        keeping.add_done_callback(lambda _: serving.close())
        return at

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client that did not look at the certificate: it gets through."""
        inner = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        inner.check_hostname, inner.verify_mode = False, ssl.CERT_NONE  # our own port on loopback
        ends = [writer]
        try:
            with contextlib.suppress(OSError):
                there, back = await asyncio.open_connection(*self._right, ssl=inner)
                ends.append(back)
                await asyncio.gather(copy(reader, back), copy(there, writer))
            for end in ends:
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
        except asyncio.CancelledError:
            for end in ends:
                end.transport.abort()  # the loop is about to close: nobody waits for TLS to say goodbye
            raise


class Routes(Mapping[str, Address]):
    """The addresses of emulated hosts as a connecting client looks them up, one look-up a connection."""

    def __init__(self, names: list[str], address: Callable[[str], Address]) -> None:
        self._names = dict.fromkeys(names)
        self._address = address

    def __getitem__(self, name: str) -> Address:
        if name not in self._names:
            raise KeyError(name)
        return self._address(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
