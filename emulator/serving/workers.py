"""Further processes on one data directory and the same ports: `tenantlab up --workers N`.

The kernel spreads connections over them (SO_REUSEPORT). State, clock, codes and counters are in the store, so one
winner is one winner over all of them; each keeps a tape of its own. A worker ends when its standard input closes,
so nothing outlives a parent that was killed.
"""

import contextlib
import ctypes
import gc
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.serving.front import Front
from emulator.serving.listen import Listener
from emulator.serving.world import World

READY = b"ready\n"
_START = "from emulator import cache; cache.keep_bytecode(); from emulator.serving.workers import main; main()"


class Workers:
    """The parent's side: starts `count` processes and stops them."""

    def __init__(self, count: int, order: Doc) -> None:
        self._count = count
        self._order = order
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all; LabError when one does not come up."""
        for number in range(1, self._count + 1):
            child = subprocess.Popen([sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._children.append(child)
            assert child.stdin is not None
            child.stdin.write(orjson.dumps({**self._order, "worker": number}) + b"\n")
            child.stdin.flush()
        for child in self._children:
            assert child.stdout is not None
            if child.stdout.readline() != READY:
                self.stop()
                raise LabError("A worker did not start.", hint="Try --workers 1.", exit_code=3)

    def stop(self) -> None:
        """End all: politely, then for good."""
        for child in self._children:
            for pipe in (child.stdin, child.stdout):
                _close(pipe)
        for child in self._children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.clear()

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in self._children]


def settle_memory() -> None:
    """What is there when a world is up stays: it need not be looked through for garbage at every turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # glibc keeps what making a world took; others do not
            ctypes.CDLL(None).malloc_trim(0)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()


def main() -> None:
    """A worker: one line of orders on standard input, then serve until that closes."""
    order = orjson.loads(sys.stdin.buffer.readline())
    world = World(
        order["world"], data=Path(order["data"]), worker=order["worker"], allow_hosts=tuple(order["allow_hosts"])
    )
    world.control_token = order["control_token"]
    world.share(Path(order["rates"]))
    listeners = [Listener(**item) for item in order["listeners"]]
    files = {name: Path(path) for name, path in order["files"].items()}
    front = Front(world.answer, listeners, files, names=world.hosts.names())
    front.start()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    ended = threading.Event()

    def watch() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    world.warm()
    settle_memory()
    with contextlib.suppress(KeyboardInterrupt):
        ended.wait()
    front.stop()
    world.close()
