"""How an answer leaves the edge: at once, held back, or not at all because the connection is cut.

Waiting happens here and nowhere else: no lock is held and no transaction is open, so a held answer delays nobody.
"""

import asyncio
import os
import socket
import stat
import threading
from typing import Any

from emulator.kernel.exchange import Answer


async def deliver(answer: Answer, client: str, protocol: Any, stopping: asyncio.Event) -> None:
    """Answer an RSGI request as its answer's fault says; `client` is the peer as the server names it (`ip:port`)."""
    if answer.delay_ms:
        await _unless(stopping.wait(), answer.delay_ms / 1000)
    if answer.cut:
        transport = protocol.response_stream(answer.status, answer.headers)
        await transport.send_bytes(half(answer))
        await _unless(stopping.wait(), _FLUSHED_S)
        cut(client)
        return
    if not answer.dropped:
        protocol.response_bytes(answer.status, answer.headers, answer.body)
        return
    if not cut(client):
        # No way to the socket on this system: no answer comes, and the client goes away by itself.
        waits = [asyncio.ensure_future(protocol.client_disconnect()), asyncio.ensure_future(stopping.wait())]
        _, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()


_FLUSHED_S = 0.05
"""The server writes in its own time: half an answer is out after so long."""


def half(answer: Answer) -> bytes:
    """The part of a body that still gets out."""
    return bytes(answer.body[: len(answer.body) // 2])


async def _unless(event: Any, seconds: float) -> None:
    try:
        await asyncio.wait_for(event, seconds)
    except TimeoutError:
        return


def hold(answer: Answer, connection: socket.socket | None) -> None:
    """The same for a server with a thread for each request. A server that does not show its socket drops it itself.

    Raises ConnectionAbortedError where there is no answer.
    """
    if answer.delay_ms:
        threading.Event().wait(answer.delay_ms / 1000)
    if answer.dropped:
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError("dropped by a fault rule")


def cut(client: str) -> bool:
    """Close the connection of this process whose peer is `client`; False where it is not to be found.

    The server offers no way to drop a connection, so it is found among the open files (Linux, macOS).
    """
    address, _, port = client.rpartition(":")
    wanted = (address.strip("[]"), port)
    try:
        names = os.listdir("/dev/fd")  # noqa: PTH208  (the folder itself is one of the open files)
    except OSError:
        return False
    return any(_cut_if(int(name), wanted) for name in names if name.isdigit())


def _cut_if(number: int, wanted: tuple[str, str]) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        # A copy: the server goes on owning its own.
        with socket.socket(fileno=os.dup(number)) as plain:
            if plain.family not in (socket.AF_INET, socket.AF_INET6):
                return False
            peer = plain.getpeername()
            if (str(peer[0]), str(peer[1])) != wanted:
                return False
            plain.shutdown(socket.SHUT_RDWR)
            return True
    except OSError:
        return False
