"""A blind CONNECT relay: clients that keep the vendors' host names reach our TLS port through it, and nobody else.

It never decrypts. Every host outside the emulated list, every port but 443, and every method but CONNECT is refused.
"""

import asyncio
import contextlib
from collections.abc import Callable

_MOST_HEAD = 16 * 1024
_CHUNK = 64 * 1024


class Relay:
    """Serves one proxy port; `address` tells where our own TLS port for a name is, once for each connection."""

    def __init__(self, names: set[str], address: Callable[[str], tuple[str, int]]) -> None:
        self._names = names
        self._address = address
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, address: str, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, address, port, limit=_MOST_HEAD)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            refusal = await self._tunnel(reader, writer)
            if refusal:
                body = refusal.encode()
                head = ("HTTP/1.1 403 Forbidden", "Content-Type: text/plain", f"Content-Length: {len(body)}", "", "")
                writer.write("\r\n".join(head).encode() + body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """Relay one connection; the text of a refusal when it is not for us."""
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
        parts = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(parts) != 3 or parts[0] != "CONNECT":
            return "This proxy only tunnels (CONNECT) to the emulated hosts.\n"
        name, _, port = parts[1].rpartition(":")
        if name.lower() not in self._names or port != "443":
            return f"{parts[1][:200]} is not an emulated host; this proxy reaches no other.\n"
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._address(name.lower()))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(copy(reader, upstream_writer), copy(upstream_reader, writer))
        return ""


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one to the other until either is closed."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError):
            writer.close()
