"""A network of its own for one command: clients that ignore proxies reach the emulated names, and nothing else exists.

In a new Linux network namespace there is only loopback. The emulated names stand in its own /etc/hosts, port 443 leads
to the lab's TLS port, and the system's certificate files hold our authority as well. Everything is undone by the
kernel when the last process ends. Works unprivileged where user namespaces are allowed.
"""

import asyncio
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from emulator.kernel.problems import LabError
from emulator.serving.relay import copy

INSIDE = "TENANTLAB_INSIDE_NETNS"
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)  # fmt: skip
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def entering(arguments: list[str]) -> list[str]:
    """The command that runs `tenantlab ARGUMENTS` in a network namespace of its own. LabError where none can be."""
    if sys.platform != "linux":
        raise LabError("--netns needs Linux: no other system has network namespaces.", hint="Leave --netns out.")
    return [*_way(), sys.executable, "-m", "emulator", *arguments]


def _way() -> list[str]:
    """The `unshare` command that works here: in a user namespace, or as root without one."""
    program = shutil.which("unshare")
    if program is None or shutil.which("mount") is None:
        raise LabError("--netns needs util-linux (unshare, mount), which is not installed.", hint="Leave --netns out.")
    said = ""
    for way in ([program, "--map-root-user", "--net", "--mount"], [program, "--net", "--mount"]):
        tried = subprocess.run([*way, "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return way
        said = said or tried.stderr.strip().rpartition(": ")[2]
    raise LabError(
        f"This machine does not let us make a network namespace ({said or 'unshare failed'}).",
        hint="In a container, allow user namespaces (seccomp=unconfined) or CAP_SYS_ADMIN; or leave --netns out.",
    )


class Inside:
    """The namespace as the lab furnishes it, until the block ends."""

    def __init__(self, names: list[str], bundle: str, tls: tuple[str, int]) -> None:
        self._names = names
        self._bundle = bundle
        self._gate = _Gate(lambda: tls)

    def __enter__(self) -> "Inside":
        self._folder = tempfile.TemporaryDirectory(prefix="tenantlab-netns-")
        folder = Path(self._folder.name)
        hosts = ["127.0.0.1 localhost", *(f"127.0.0.1 {name}" for name in self._names)]
        self._lay(folder / "hosts", "\n".join(hosts) + "\n", "/etc/hosts")
        self._lay(folder / "nsswitch", _files_only(), "/etc/nsswitch.conf")
        for path in _SYSTEM_BUNDLES:
            if Path(path).is_file():
                _mount(self._bundle, str(Path(path).resolve()))
        self._gate.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._gate.stop()
        self._folder.cleanup()

    def _lay(self, path: Path, text: str, over: str) -> None:
        path.write_text(text)
        if Path(over).is_file():
            _mount(str(path), str(Path(over).resolve()))


def loopback_up() -> None:
    """A new namespace's loopback is down; nothing can listen before it is up."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("16sh", fcntl.ioctl(probe, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _files_only() -> str:
    """The name service switch, with hosts looked up in /etc/hosts alone: no resolver outside is asked."""
    path = Path("/etc/nsswitch.conf")
    lines = path.read_text().splitlines() if path.is_file() else []
    kept = [line for line in lines if not line.strip().startswith("hosts:")]
    return "\n".join([*kept, "hosts: files", ""])


def _mount(source: str, target: str) -> None:
    done = subprocess.run(["mount", "--bind", source, target], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(
            f"{target} cannot be replaced in the namespace: {done.stderr.strip()}", hint="Leave --netns out."
        )


class _Gate:
    """Port 443 of the namespace's loopback, relayed to the lab's TLS port."""

    def __init__(self, address: Callable[[], tuple[str, int]]) -> None:
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tenantlab-gate", daemon=True)

    def start(self) -> None:
        self._thread.start()
        made = asyncio.start_server(self._serve, "127.0.0.1", 443)
        self._server = asyncio.run_coroutine_threadsafe(made, self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection(*self._address())
        await asyncio.gather(copy(reader, onward), copy(there, writer))
