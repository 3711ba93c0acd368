"""A headless Chromium driven through chromedriver: the WebDriver protocol over plain HTTP, standard library only."""

import base64
import contextlib
import http.client
import json
import re
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator.serving import chromium

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 20.0


def until(check: Any, what: str, seconds: float = PATIENCE) -> Any:
    """The first true result of `check`, polled."""
    ends = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < ends, f"still waiting for {what}"
        threading.Event().wait(0.03)


class Refused(Exception):
    """An error that the driver answered with."""


def _started(program: str, tries: int = 5) -> tuple["subprocess.Popen[str]", int]:
    """The running chromedriver and its port. It gives up where the port that it drew is taken on IPv6: ask again, then."""
    said: list[str] = []
    for _ in range(tries):
        process = subprocess.Popen([program, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"on port (\d+)\.", line):
                return process, int(found[1])
            said.append(line)
        process.stdout.close()
        process.wait()
    raise AssertionError(f"chromedriver does not start: {said}")


class Driver:
    """One chromedriver process and one browser session of it."""

    def __init__(self, program: str, browser: str, switches: list[str]) -> None:
        self._session = ""
        self._process, self._port = _started(program)
        try:
            wanted = {
                "browserName": "chrome", "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
                "goog:chromeOptions": {"binary": browser, "args": switches},
                "timeouts": {"pageLoad": 20_000, "script": 5_000, "implicit": 0},
            }  # fmt: skip
            self._session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.quit()
            raise

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value and "stacktrace" in value:
            raise Refused(f"{value['error']}: {value['message']}")
        return value

    def _do(self, method: str, path: str, body: Any = None) -> Any:
        return self._ask(method, f"/session/{self._session}{path}", body)

    def quit(self) -> None:
        with contextlib.suppress(Exception):
            if self._session:
                self._do("DELETE", "")
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    # -- what a person does -------------------------------------------------------------------------------------

    def open(self, url: str) -> None:
        self._do("POST", "/url", {"url": url})

    @property
    def url(self) -> str:
        return str(self._do("GET", "/url"))

    @property
    def title(self) -> str:
        return str(self._do("GET", "/title"))

    @property
    def text(self) -> str:
        """The page's visible text, "" while one page gives way to the next."""
        try:
            return str(self._do("POST", "/execute/sync", {"script": "return document.body.innerText", "args": []}))
        except Refused:
            return ""

    def run(self, script: str, *args: Any) -> Any:
        return self._do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def element(self, css: str) -> str | None:
        try:
            return str(self._do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT])
        except Refused:
            return None

    def type(self, css: str, text: str) -> None:
        found = until(lambda: self.element(css), f"{css} at {self.url}")
        self._do("POST", f"/element/{found}/clear", {})
        self._do("POST", f"/element/{found}/value", {"text": text})

    def click(self, css: str) -> None:
        found = until(lambda: self.element(css), f"{css} at {self.url}")
        self._do("POST", f"/element/{found}/click", {})

    def wait_for_text(self, text: str) -> str:
        def look() -> str:
            shown = self.text
            return shown if text in shown else ""

        try:
            return str(until(look, repr(text)))
        except AssertionError:
            raise AssertionError(f"no {text!r} at {self.url}:\n{self.text}\n{self.complaints()}") from None

    def wait_for_url(self, start: str) -> str:
        try:
            return str(until(lambda: url if (url := self.url).startswith(start) else "", start))
        except AssertionError:
            raise AssertionError(f"not at {start} but at {self.url}:\n{self.text}\n{self.complaints()}") from None

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._do("GET", "/screenshot")))

    def cookies(self, url: str) -> list[dict[str, Any]]:
        found = self._do("POST", "/goog/cdp/execute", {"cmd": "Network.getCookies", "params": {"urls": [url]}})
        return list(found["cookies"])

    def add_security_key(self) -> None:
        """Plug in a virtual authenticator that its owner always confirms."""
        self._do("POST", "/webauthn/authenticator", {
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": True,
            "isUserConsenting": True, "isUserVerified": True,
        })  # fmt: skip

    # -- what it saw --------------------------------------------------------------------------------------------

    def complaints(self) -> list[str]:
        """Console messages since the last call: refused by policy, failed to load, script errors."""
        return [entry["message"] for entry in self._do("POST", "/se/log", {"type": "browser"})]

    def requests(self) -> list[str]:
        """Addresses asked for since the last call, by documents and everything in them."""
        entries = self._do("POST", "/se/log", {"type": "performance"})
        events = [json.loads(entry["message"])["message"] for entry in entries]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


@contextlib.contextmanager
def browsing(info: dict[str, Any], hosts: list[str], *more: str) -> Iterator[Driver]:
    """A fresh headless browser under the real names of the lab of `info`; `more` switches."""
    program, browser = shutil.which("chromedriver"), chromium.find()
    assert program is not None
    profile = Path(tempfile.mkdtemp(prefix="tenantlab-browser-"))
    try:
        switches = [*chromium.arguments(info, hosts, profile), "--headless", "--window-size=1100,800", *more]
        driver = Driver(program, browser, switches)
        try:
            yield driver
        finally:
            driver.quit()
    finally:
        shutil.rmtree(profile, ignore_errors=True)


class Catcher:
    """A client's redirect URI on localhost: keeps the addresses that browsers are sent to."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.forms: list[str] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline().decode("latin-1").split(" ")
                length = 0
                while (header := self.rfile.readline().strip()) != b"":
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                if len(line) == 3 and "favicon" not in line[1]:
                    outer.forms.append(self.rfile.read(length).decode())
                    outer.paths.append(line[1])
                body = b"<!doctype html><title>client</title><link rel=icon href=data:,><p>The client has it.</p>"
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
                self.wfile.write(f"{head}Connection: close\r\n\r\n".encode() + body)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> "Catcher":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
