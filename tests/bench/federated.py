"""Whole federated sign-ins against a running lab, as a browser and a public client make them: a program of its own.

`python -m tests.bench.federated` reads an order from standard input, `{okta, login, tenant, client, redirect, people:
[{login, cookie}], path, seconds, lines}` (`okta`, `login`: [address, port]), and writes `{rate, steps: {name: ms}}`:
sign-ins a second over `lines` parallel ones, and what each step takes when nothing else goes on. It speaks HTTP by
hand, because a client library would cost as much as the server.
"""

import base64
import hashlib
import html
import itertools
import json
import re
import socket
import sys
import threading
import time
from urllib.parse import quote, urlencode, urlsplit

_VERIFIER = "bench-" + "v" * 50
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
_FIELD = re.compile(r'name="(wa|wresult|wctx)" value="([^"]*)"')
_CODE = re.compile(r"[?&]code=([^&]+)")
STEPS = ("authorize", "Okta passive", "login.srf", "token")


class Line:
    """One kept connection."""

    def __init__(self, address: list) -> None:
        self.plain = socket.create_connection(tuple(address), timeout=30)
        self.plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, target: str, *, host: str, cookie: str = "", form: str = "") -> tuple[str, str]:
        """Head and body of the answer, which must be a 2xx or 3xx."""
        lines = [
            f"{method} {target} HTTP/1.1",
            f"Host: {host}",
            "User-Agent: Mozilla/5.0 (Windows NT 10.0) Chrome/142.0",
        ]
        lines += [f"Cookie: {cookie}"] if cookie else []
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"]
        self.plain.sendall(("\r\n".join(lines) + "\r\n\r\n" + form).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        length = int(re.search(r"(?i)\r\ncontent-length: *(\d+)", text)[1])
        while len(body) < length:
            body += self._more()
        assert text[9] in "23", f"{method} {target[:100]}: {text[:200]} {body[:500]!r}"
        return text, body.decode()

    def _more(self) -> bytes:
        part = self.plain.recv(65536)
        assert part, "the server closed the connection"
        return part


class Person:
    """Somebody who is signed in at Okta and knows nothing of Microsoft yet."""

    def __init__(self, order: dict, number: int) -> None:
        self.order = order
        self.who = order["people"][number % len(order["people"])]
        self.okta, self.login = Line(order["okta"]), Line(order["login"])

    def sign_in(self) -> list[float]:
        """Seconds of each step."""
        order, times = self.order, [time.perf_counter()]
        query = urlencode({
            "client_id": order["client"], "response_type": "code", "redirect_uri": order["redirect"], "state": "s",
            "scope": "openid profile offline_access User.Read", "login_hint": self.who["login"],
            "code_challenge": _CHALLENGE, "code_challenge_method": "S256",
        })  # fmt: skip
        microsoft = "login.microsoftonline.com"
        head, _ = self.login.ask("GET", f"/{order['tenant']}/oauth2/v2.0/authorize?{query}", host=microsoft)
        times.append(time.perf_counter())
        parts = urlsplit(_location(head))
        target = f"{parts.path}?{parts.query}"
        _, page = self.okta.ask("GET", target, host=parts.netloc, cookie=self.who["cookie"])
        times.append(time.perf_counter())
        fields = {name: html.unescape(value) for name, value in _FIELD.findall(page)}
        form = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
        head, _ = self.login.ask("POST", "/login.srf", host=microsoft, form=form)
        times.append(time.perf_counter())
        form = urlencode({
            "grant_type": "authorization_code", "client_id": order["client"], "redirect_uri": order["redirect"],
            "code": _CODE.search(_location(head))[1], "code_verifier": _VERIFIER,
        })  # fmt: skip
        _, body = self.login.ask("POST", f"/{order['tenant']}/oauth2/v2.0/token", host=microsoft, form=form)
        times.append(time.perf_counter())
        assert '"access_token"' in body
        return [after - before for before, after in itertools.pairwise(times)]


def _location(head: str) -> str:
    return re.search(r"(?i)\r\nlocation: *([^\r]+)", head)[1]


def main() -> None:
    order = json.load(sys.stdin)
    first = Person(order, 0)
    alone = [first.sign_in() for _ in range(40)][10:]
    steps = {name: sorted(row[place] for row in alone)[15] * 1000 for place, name in enumerate(STEPS)}
    done = [0] * order["lines"]
    began = time.perf_counter()

    def go(number: int) -> None:
        person = Person(order, number)
        while time.perf_counter() - began < order["seconds"]:
            person.sign_in()
            done[number] += 1

    threads = [threading.Thread(target=go, args=(number,)) for number in range(order["lines"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(done) / (time.perf_counter() - began)
    print(json.dumps({"rate": rate, "steps": steps, "lines": sum(count > 0 for count in done)}))


if __name__ == "__main__":
    main()
