"""A served world: data directory, ports, TLS, the pump, and `lab.json`, which tells clients where everything is.

A `Lab` runs its listeners on a loop in a thread of its own, so the same class serves `tenantlab up`, `exec`, the demo
and the `live_world` fixture.
"""

import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url, machine_random
from emulator.kernel.problems import LabError
from emulator.serving import datadir, listen, rates, tls
from emulator.serving.building import unwritable
from emulator.serving.front import Front
from emulator.serving.hosts import is_loopback
from emulator.serving.impostor import Impostors, Routes
from emulator.serving.pump import Pump
from emulator.serving.workers import Workers, settle_memory
from emulator.serving.world import World
from emulator.wire.client import Http, Tcp, json_of
from emulator.wire.pool import Pooled

SERVICES = ("front", "okta", "graph", "login", "control")
LAB_FILE = "lab.json"
RATES_FILE = "rates"


_Wire = TypeVar("_Wire", bound=Tcp)


class Lab:
    """One served world. `start` returns when the first health check has passed; `stop` leaves nothing running.

    own_process: nobody else's code runs in this process, so its garbage collector may be set up for serving.
    """

    def __init__(
        self,
        world: str | Doc | None = None,
        *,
        data: Path | None = None,
        port: int = 0,
        bind: str = "127.0.0.1",
        limits: str | Doc = "off",
        lenient: bool = False,
        seed: str | int | None = None,
        allow_hosts: tuple[str, ...] = (),
        clock: str | None = None,
        workers: int = 1,
        people: int | None = None,
        https_port: int = 0,
        progress: Callable[[int, int], None] | None = None,
        own_process: bool = False,
    ) -> None:
        self._temporary = data is None
        self.data = Path(tempfile.mkdtemp(prefix="tenantlab-")) if data is None else datadir.made(data)
        self._lock = datadir.locked(self.data)
        try:
            chosen = world or datadir.kept_world(self.data) or "acme"
            self.world = World(
                chosen, data=self.data, seed=seed, limits=limits, lenient=lenient, clock=clock,
                allow_hosts=(*allow_hosts, listen.host_of(bind).strip("[]")),  # its own address is no stranger's name
                people=people, progress=progress, apart=own_process,
            )  # fmt: skip
            self.bind = bind
            if not is_loopback(bind):
                self.world.control_token = base64url(machine_random(24))
            self.control_token = self.world.control_token or base64url(machine_random(24))
            present = {service.name for service in self.world.services} | {"front", "control"}
            self.listeners, self.proxy = listen.choose(
                bind, port, [name for name in SERVICES if name in present], https=https_port
            )
            names = self.world.hosts.names()
            self.files = tls.ensure(self.data, [*names, *sorted(allow_hosts)])
        except BaseException as error:
            self._unlock()
            if self._temporary:
                shutil.rmtree(self.data, ignore_errors=True)
            if isinstance(error, (OSError, sqlite3.Error)):
                raise unwritable(self.data, error) from error
            raise
        if workers > 1:
            rates.make(self.data / RATES_FILE, workers)
            self.world.share(self.data / RATES_FILE)
        self._own_process = own_process
        self._settling = threading.Thread(target=self._settle, name="tenantlab-warm", daemon=True)
        entry, names = self.world.answer, self.world.hosts.names()
        self.impostors = Impostors(self.world, self._tls_address(), self.data)
        self.front = Front(
            entry, self.listeners, self.files, names=names, proxy=(bind, self.proxy), address=self.impostors.address,
            # Another process could restore the world before the rows are written.
            gathering=self.world.gathering if workers == 1 else None,
        )  # fmt: skip
        self.pump: Pump | None = None
        self._wire: Pooled | None = None
        self.workers = (
            Workers(workers - 1, self._order((*allow_hosts, listen.host_of(bind).strip("[]")))) if workers > 1 else None
        )
        self.info: Doc = {}

    # -- running ------------------------------------------------------------------------------------------------

    def start(self) -> "Lab":
        """Serve; LabError when the listeners do not come up or do not answer."""
        self.front.start()
        try:
            if self.workers is not None:
                self.workers.start()
            self._await_health()
        except BaseException:
            self.stop()
            raise
        if any(service.name == "okta" for service in self.world.services):
            wire = self._wire = self.transport(Pooled)
            self.pump = Pump(self.world, wire)
            self.pump.start()
        try:
            self.info = self.describe()
            tls.write_private(self.data / LAB_FILE, orjson.dumps(self.info, option=orjson.OPT_INDENT_2) + b"\n")
        except OSError as error:
            self.stop()
            raise unwritable(self.data, error) from error
        self._settling.start()
        return self

    def _settle(self) -> None:
        """What need not be done before the world is up: its parties' code is loaded before somebody waits for it."""
        try:
            self.world.warm()
        except Exception:
            self.world.engine.crashes.append(traceback.format_exc())
        if self._own_process:
            settle_memory()

    def stop(self) -> None:
        """Stop serving, remove `lab.json`, release the data directory (and delete a temporary one)."""
        if self.pump is not None:
            self.pump.stop()
        if self._wire is not None:
            self._wire.close()
        if self.workers is not None:
            self.workers.stop()
        if self._settling.is_alive():
            self._settling.join(30)
        self.front.stop()
        self.impostors.close()
        with contextlib.suppress(OSError):
            (self.data / LAB_FILE).unlink(missing_ok=True)
        self.world.close()
        self._unlock()
        if self._temporary:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> "Lab":
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _await_health(self) -> None:
        http = Http(Tcp(timeout=5), headers={"authorization": f"Bearer {self.control_token}"})
        for attempt in range(100):
            with contextlib.suppress(Exception):
                if http.request("GET", self.url("front") + "/_lab/health").status == 200:
                    return
            threading.Event().wait(0.005 * min(attempt + 1, 20))
        raise LabError("The listeners came up but do not answer.", hint="See the data directory for a log.")

    def _order(self, allow_hosts: tuple[str, ...]) -> Doc:
        """What a further worker needs to know to serve beside this process."""
        if sys.platform != "linux":
            raise LabError("More than one worker needs Linux.", hint="Leave --workers out.")
        return {
            "world": self.world.loaded.source or self.world.loaded.given, "data": str(self.data),
            "allow_hosts": list(allow_hosts), "control_token": self.world.control_token,
            "rates": str(self.data / RATES_FILE), "listeners": [asdict(item) for item in self.listeners],
            "files": {name: str(path) for name, path in self.files.items()},
        }  # fmt: skip

    # -- describing ---------------------------------------------------------------------------------------------

    def url(self, service: str, scheme: str = "http") -> str:
        return self.front.find(service, scheme).url

    def transport(self, kind: type[_Wire] = Tcp) -> _Wire:  # type: ignore[assignment]
        """A transport that reaches every emulated host on this lab's TLS port."""
        routes = Routes(self.world.hosts.names(), self.impostors.address)
        return kind(routes, ca_file=str(self.files["ca.pem"]))

    def _tls_address(self) -> tuple[str, int]:
        front = next(item for item in self.listeners if (item.service, item.scheme) == ("front", "https"))
        return ("127.0.0.1" if not is_loopback(front.address) else front.address, front.port)

    def describe(self) -> Doc:
        """The contents of `lab.json` (DESIGN.md 3.1): every key always, null where the world has no such thing."""
        lab = self.world.spec.lab
        return {
            "pid": os.getpid(), "data_dir": str(self.data.resolve()), "world": self.world.spec.world,
            "urls": {**self._urls("http"), "proxy": _proxy_url(self.bind, self.proxy)},
            "https_urls": self._urls("https"),
            "hosts": {name: self._host(name) for name in ("okta", "graph", "login")},
            "ca_file": str(self.files["ca.pem"].resolve()), "bundle_file": str(self.files["bundle.pem"].resolve()),
            "control_token": self.control_token, "emulated": self.world.hosts.names(),
            "okta": {key: lab.get("okta", {}).get(key) for key in _OKTA_KEYS} | self._signing_files(),
            "entra": {key: lab.get("entra", {}).get(key) for key in _ENTRA_KEYS},
            "users": lab.get("users", []),
        }  # fmt: skip

    def _urls(self, scheme: str) -> Doc:
        found = {item.service: item.url for item in self.listeners if item.scheme == scheme}
        return {name: found.get(name) for name in SERVICES}

    def _host(self, name: str) -> str | None:
        return next((service.host for service in self.world.services if service.name == name), None)

    def _signing_files(self) -> Doc:
        """The Office 365 app's signing key as files beside `lab.json`, for people who forge tokens on purpose."""
        from emulator.serving.files import read_fixture

        stem = self.world.spec.lab.get("okta", {}).get("signing_key")
        if not stem:
            return {"signing_key_file": None, "signing_cert_file": None}
        key, certificate = self.data / "signing.key", self.data / "signing.crt"
        tls.write_private(key, read_fixture(stem + ".key"))
        certificate.write_bytes(read_fixture(stem + ".crt"))
        return {"signing_key_file": str(key.resolve()), "signing_cert_file": str(certificate.resolve())}

    def _unlock(self) -> None:
        with contextlib.suppress(OSError):
            self._lock.close()


_OKTA_KEYS = ("token", "agent_token", "o365_app_id", "o365_external_key")
_ENTRA_KEYS = (
    "tenant_id", "client_id", "client_secret", "public_client_id", "redirect_uri", "federated_domain", "managed_domain",
)  # fmt: skip


def _proxy_url(bind: str, port: int) -> str:
    return f"http://{listen.host_of(bind)}:{port}"


def find(data: str | None = None) -> Doc:
    """The running lab's `lab.json`: by --data, TENANTLAB_DATA, or ./.tenantlab. LabError when none runs there."""
    folder = Path(data or os.environ.get("TENANTLAB_DATA") or ".tenantlab")
    path = folder / LAB_FILE
    try:
        info: Doc = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise LabError(f"No lab is running on {folder}.", hint="Start one with `tenantlab up`.") from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise LabError(f"{path} cannot be read: {error}.", hint="Start the lab again.") from error
    return info


class Remote:
    """A running lab as other processes reach it: its control routes and its hosts."""

    def __init__(self, info: Doc) -> None:
        self.info = info
        front = info["https_urls"]["front"].rpartition(":")
        address = (front[0].removeprefix("https://").strip("[]"), int(front[2]))
        hosts = json_of(self._plain(info).request("GET", "/_lab/health"))["hosts"]
        self.transport = Tcp(dict.fromkeys(hosts, address), ca_file=info["ca_file"])
        self._http = self._plain(info)

    @staticmethod
    def _plain(info: Doc) -> Http:
        headers = {"authorization": f"Bearer {info['control_token']}"}
        return Http(Tcp(), base=info["urls"]["control"], headers=headers)

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """One control request; LabError with the lab's own sentence when it is refused."""
        answer = self._http.request(method, f"/_lab/{path}", json=json)
        body = json_of(answer)
        if answer.status >= 400:
            error = (body or {}).get("error", {}) if isinstance(body, dict) else {}
            raise LabError(error.get("message") or f"the lab answered {answer.status}", hint=error.get("hint", ""))
        return body
