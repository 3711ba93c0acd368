"""A lab in a container, for tests that use testcontainers: `with Tenantlab() as lab: ...`.

`testcontainers` is not a dependency; it is imported when a lab is made without a container of one's own.
"""

import json
import tempfile
import threading
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError

PORTS = (443, *range(8000, 8011))
"""The image's ports: 443 is the front's TLS; then front, okta, graph, login, control, these over TLS, the proxy."""
_PATIENCE = 60.0


class Container(Protocol):
    """What is used of testcontainers' `DockerContainer`."""

    def start(self) -> Any: ...
    def stop(self) -> Any: ...
    def exec(self, command: list[str], /) -> Any: ...
    def get_container_host_ip(self) -> str: ...
    def get_exposed_port(self, port: int, /) -> int: ...


class Tenantlab:
    """A running container. `info` is its lab.json as this machine sees it, `environment()` what clients need."""

    def __init__(self, image: str = "tenantlab", *, world: str = "acme", container: Container | None = None) -> None:
        self._container = container if container is not None else _docker(image, world)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.info: Doc = {}

    def __enter__(self) -> "Tenantlab":
        self._container.start()
        try:
            self._await()
            self._folder = tempfile.TemporaryDirectory(prefix="tenantlab-container-")
            self.info = self._described(Path(self._folder.name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._container.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def environment(self) -> dict[str, str]:
        """The variables that point this machine's clients at the container (see `tenantlab exec`)."""
        from emulator.serving.environment import environment

        return environment(self.info)

    def _await(self) -> None:
        tick = 0.2
        for _ in range(int(_PATIENCE / tick)):
            if self._container.exec(["tenantlab", "status", "--data", "/data"])[0] == 0:
                return
            threading.Event().wait(tick)
        raise LabError("The container's lab did not come up in a minute.", hint="Look at the container's log.")

    def _described(self, folder: Path) -> Doc:
        info: Doc = json.loads(self._read("lab.json"))
        for name in ("ca.pem", "ca.p12", "bundle.pem"):
            (folder / name).write_bytes(self._read(name))
        files = {"ca_file": str(folder / "ca.pem"), "bundle_file": str(folder / "bundle.pem"), "data_dir": str(folder)}
        described = {**info, **files, **{key: self._mapped(info[key]) for key in ("urls", "https_urls")}}
        (folder / "lab.json").write_text(json.dumps(described))
        return described

    def _mapped(self, urls: dict[str, str | None]) -> dict[str, str | None]:
        """The same services under the ports that the container's have on this machine."""
        host = self._container.get_container_host_ip()
        found = {}
        for name, url in urls.items():
            parts = urlsplit(url or "")
            found[name] = url and f"{parts.scheme}://{host}:{self._container.get_exposed_port(int(parts.port or 0))}"
        return found

    def _read(self, name: str) -> bytes:
        code, output = self._container.exec(["cat", f"/data/{name}"])
        if code != 0:
            raise LabError(f"The container has no /data/{name}.", hint="Was the image built from this version?")
        return bytes(output)


def _docker(image: str, world: str) -> Container:
    try:
        from testcontainers.core.container import DockerContainer
    except ImportError as error:
        raise LabError("testcontainers is not installed.", hint="pip install 'tenantlab[containers]'.") from error
    up = ["up", "--world", world, "--data", "/data", "--bind", "0.0.0.0", "--i-know-these-are-test-passwords"]  # noqa: S104
    made: Container = DockerContainer(image).with_exposed_ports(*PORTS)
    return made.with_command([*up, "--port", "8000", "--https-port", "443"])  # type: ignore[attr-defined,no-any-return]
