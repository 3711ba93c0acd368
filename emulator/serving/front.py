"""Listeners (and the relay) on a loop in a thread of their own: what a served world and an interception share."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from emulator.kernel.problems import LabError
from emulator.serving import listen
from emulator.serving.relay import Relay


class Front:
    """Runs listeners around one entry. `start` returns when they are bound; `stop` when they are gone.

    proxy: where the relay listens. address: where the relay takes a connection to a host. gathering: for listeners that
    can answer the requests of a turn together.
    """

    def __init__(
        self,
        entry: listen.Entry,
        listeners: list[listen.Listener],
        files: dict[str, Path],
        *,
        names: list[str],
        proxy: tuple[str, int] | None = None,
        address: Callable[[str], tuple[str, int]] | None = None,
        gathering: listen.Gathering | None = None,
    ) -> None:
        self._entry = entry
        self._gathering = gathering
        self.listeners = listeners
        self._files = files
        self._names = set(names)
        self._proxy = proxy
        self._address = address
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="tenantlab-serve", daemon=True)

    def start(self) -> None:
        """Serve; LabError when the listeners do not come up."""
        self._thread.start()
        self._started.wait(20)
        if self._failure is not None:
            self.stop()
            raise LabError(f"The listeners did not start: {self._failure}.", hint="Try other ports.") from self._failure

    def stop(self) -> None:
        if self._thread.is_alive() and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)

    def find(self, service: str, scheme: str) -> listen.Listener:
        """The listener of a service and scheme."""
        return next(item for item in self.listeners if (item.service, item.scheme) == (service, scheme))

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=listen.loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        serving = listen.make(
            self.listeners, self._entry, certificate=self._files["tls.crt"], key=self._files["tls.key"],
            gathering=self._gathering,
        )  # fmt: skip
        for server in serving:
            await server.start()
        relay = None
        if self._proxy is not None:
            front = self.find("front", "https")
            relay = Relay(self._names, self._address or (lambda name: (front.address, front.port)))
            await relay.start(*self._proxy)
        self._started.set()
        await self._stopping.wait()
        if relay is not None:
            await relay.stop()
        for server in serving:
            await server.stop()
