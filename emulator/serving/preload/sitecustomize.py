"""Loaded by any Python that `tenantlab exec` starts (PYTHONPATH), for the clients that ignore HTTPS_PROXY.

Connections to an emulated host's port 443 go to the lab's own TLS port, and no other host but loopback is reached.
Standard library only, any Python from 3.8 on. # Differs: code that resolves names in C (uvloop) is not seen.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_HOSTS = [name for name in os.environ.get("TENANTLAB_HOSTS", "").lower().split(",") if name]
_FRONT = urlsplit(os.environ.get("TENANTLAB_TLS", "https://127.0.0.1:0"))
_STAND_INS = {name: f"127.78.{number // 250}.{number % 250 + 1}" for number, name in enumerate(_HOSTS)}
_TARGETS = dict.fromkeys(_STAND_INS.values(), (_FRONT.hostname or "127.0.0.1", _FRONT.port or 0))
_REFUSAL = "is not an emulated host, and no other is reached here"


def _name(host: Any) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
    return text.lower().rstrip(".")


def _loopback(name: str) -> bool:
    if name in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _target(address: Any) -> Any:
    """Where a connection really goes. Raises ConnectionRefusedError."""
    if not isinstance(address, tuple) or len(address) < 2:
        return address  # a Unix socket
    name = _STAND_INS.get(_name(address[0]), _name(address[0]))
    if name in _TARGETS and address[1] == 443:
        return _TARGETS[name]
    if name in _TARGETS or not _loopback(name):
        raise ConnectionRefusedError(f"{address[0]}:{address[1]} {_REFUSAL}")
    return address


def _install() -> None:
    resolve, connect, connect_ex = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        if host is None or _loopback(_name(host)):
            return resolve(host, *args, **more)
        stand_in = _STAND_INS.get(_name(host))
        if stand_in is None:
            raise socket.gaierror(socket.EAI_NONAME, f"{_name(host)} {_REFUSAL}")
        return resolve(stand_in, *args, **more)

    def connecting(self: socket.socket, address: Any) -> None:
        connect(self, _target(address))

    def connecting_ex(self: socket.socket, address: Any) -> int:
        return connect_ex(self, _target(address))

    setattr(socket, "getaddrinfo", getaddrinfo)  # noqa: B010 - the type checker knows what it replaces
    setattr(socket.socket, "connect", connecting)  # noqa: B010
    setattr(socket.socket, "connect_ex", connecting_ex)  # noqa: B010


def _run_the_next() -> None:
    """Run the sitecustomize that this one stands before, if there is one."""
    here = Path(__file__).resolve().parent
    path = [each for each in sys.path if Path(each or ".").resolve() != here]
    found = PathFinder.find_spec("sitecustomize", path)
    if found is not None and found.loader is not None:
        found.loader.exec_module(sys.modules[__name__])


if _HOSTS:
    _install()
_run_the_next()
