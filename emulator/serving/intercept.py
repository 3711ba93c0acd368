"""In-process interception: unmodified client code reaches the emulator under the vendors' real host names.

While it is on, emulated names resolve to stand-in loopback addresses whose port 443 and 80 lead to our own listeners,
TLS contexts trust our authority for those names only, and every other host is refused. The patch is process-wide,
counted, and undone when the last block ends. # Differs: code that resolves names in C (uvloop) is not seen.
"""

import contextlib
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.serving import listen, tls
from emulator.serving.front import Front
from emulator.serving.hosts import is_loopback
from emulator.serving.impostor import Impostors

if TYPE_CHECKING:
    from emulator.serving.world import World

_STAND_IN = ipaddress.ip_address("127.77.0.1")
_files: dict[tuple[str, ...], dict[str, Path]] = {}
_folders: list[Any] = []
_guard = threading.Lock()


class HostRefused(OSError):
    """A connection to a host that no intercepted world emulates."""


class _Patch:
    """The patch itself: names to stand-in addresses, stand-ins to our ports. One per process, counted."""

    def __init__(self) -> None:
        self.routes: dict[str, str] = {}
        self.ports: dict[tuple[str, int], Callable[[], tuple[str, int]]] = {}
        self.authorities: dict[str, str] = {}
        self.users = 0
        self.real: dict[str, Any] = {}

    def install(self) -> None:
        self.real = {
            "getaddrinfo": socket.getaddrinfo, "connect": socket.socket.connect, "connect_ex": socket.socket.connect_ex,
            "wrap_socket": ssl.SSLContext.wrap_socket, "wrap_bio": ssl.SSLContext.wrap_bio,
        }  # fmt: skip
        patch = self

        def getaddrinfo(host: Any, port: Any, *args: Any, **more: Any) -> Any:
            return patch.resolve(host, port, *args, **more)

        def connect(self: socket.socket, address: Any) -> None:
            patch.real["connect"](self, patch.target(address))

        def connect_ex(self: socket.socket, address: Any) -> int:
            return int(patch.real["connect_ex"](self, patch.target(address)))

        def wrap_socket(self: ssl.SSLContext, *args: Any, **more: Any) -> Any:
            patch.trust(self, more.get("server_hostname"))
            return patch.real["wrap_socket"](self, *args, **more)

        def wrap_bio(self: ssl.SSLContext, *args: Any, **more: Any) -> Any:
            patch.trust(self, more.get("server_hostname", args[3] if len(args) > 3 else None))
            return patch.real["wrap_bio"](self, *args, **more)

        socket.getaddrinfo = getaddrinfo
        socket.socket.connect = connect  # type: ignore[method-assign,assignment]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign,assignment]
        ssl.SSLContext.wrap_socket = wrap_socket  # type: ignore[method-assign]
        ssl.SSLContext.wrap_bio = wrap_bio  # type: ignore[method-assign]

    def remove(self) -> None:
        socket.getaddrinfo = self.real["getaddrinfo"]
        socket.socket.connect = self.real["connect"]  # type: ignore[method-assign]
        socket.socket.connect_ex = self.real["connect_ex"]  # type: ignore[method-assign]
        ssl.SSLContext.wrap_socket = self.real["wrap_socket"]  # type: ignore[method-assign]
        ssl.SSLContext.wrap_bio = self.real["wrap_bio"]  # type: ignore[method-assign]

    def resolve(self, host: Any, port: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        route = self.routes.get(name.lower()) if isinstance(name, str) else None
        if route is not None:
            return self.real["getaddrinfo"](route, port, *args, **more)
        if name is None or name == "" or is_loopback(str(name).lower()):
            return self.real["getaddrinfo"](host, port, *args, **more)
        raise socket.gaierror(socket.EAI_NONAME, f"{name!r} is not an emulated host, and no other is reached here")

    def target(self, address: Any) -> Any:
        """Where a connection really goes. Raises `HostRefused`."""
        if not isinstance(address, tuple) or len(address) < 2:
            return address  # a Unix socket
        name, port = str(address[0]).lower(), address[1]
        if name in self.routes:
            name = self.routes[name]
        found = self.ports.get((name, port))
        if found is not None:
            return found()
        if not is_loopback(name):
            raise HostRefused(f"{address[0]}:{port} is not an emulated host, and no other is reached here")
        return address

    def trust(self, context: ssl.SSLContext, name: Any) -> None:
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name or "")
        authority = self.authorities.get(text.lower())
        if authority is not None and context.verify_mode != ssl.CERT_NONE:
            context.load_verify_locations(authority)


_patch = _Patch()


@contextlib.contextmanager
def intercept(world: "World") -> Iterator[None]:
    """Route this process's connections to `world` while the block runs."""
    names = world.hosts.names()
    files = _tls(tuple(names))
    listeners = [
        listen.Listener("front", scheme, "127.0.0.1", listen.probe("127.0.0.1", 0)) for scheme in ("http", "https")
    ]
    front = Front(world.answer, listeners, files, names=names)
    front.start()
    plain, right = (front.find("front", scheme).port for scheme in ("http", "https"))
    impostors = Impostors(world, ("127.0.0.1", right), files["ca.pem"].parent)
    try:
        with _guard:
            taken = set(_patch.routes.values())
            clash = [name for name in names if name in _patch.routes]
            if clash:
                raise RuntimeError(f"another world already answers for {clash[0]} in this process")
            stand_ins = [str(_STAND_IN + n) for n in range(1, 1000) if str(_STAND_IN + n) not in taken]
            for name, stand_in in zip(names, stand_ins, strict=False):
                _patch.routes[name] = stand_in
                _patch.authorities[name] = str(files["ca.pem"])
                _patch.ports[stand_in, 80] = partial(_plain, plain)
                _patch.ports[stand_in, 443] = partial(impostors.address, name)
            if _patch.users == 0:
                _patch.install()
            _patch.users += 1
        try:
            yield
        finally:
            with _guard:
                for name in names:
                    stand_in = _patch.routes.pop(name)
                    _patch.authorities.pop(name)
                    for port in (80, 443):
                        _patch.ports.pop((stand_in, port))
                _patch.users -= 1
                if _patch.users == 0:
                    _patch.remove()
    finally:
        front.stop()
        impostors.close()


def _plain(port: int) -> tuple[str, int]:
    return "127.0.0.1", port


def _tls(names: tuple[str, ...]) -> dict[str, Path]:
    """An authority and leaf for these names, made once per process."""
    with _guard:
        if names not in _files:
            folder = tempfile.TemporaryDirectory(prefix="tenantlab-tls-")
            _folders.append(folder)
            _files[names] = tls.ensure(Path(folder.name), list(names))
        return _files[names]
