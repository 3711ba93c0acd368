"""Okta Verify on a device: asked by the org's pages, it signs their challenge with the key it was enrolled with."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.protocols.keys import b64url, b64url_decode
from emulator.wire.agents import Visit
from emulator.wire.browser import Browser
from emulator.wire.client import Http, Unreachable, doc_of

PATH = "/idp/authenticators/okta_verify/challenge"
_OK = 204


class App:
    """The app beside one browser; it proves the device once to each org that the browser comes to."""

    def __init__(self, browser: Browser, visit: Visit) -> None:
        self._browser, self._visit = browser, visit
        self._asked: set[str] = set()

    def prove(self, host: str, *, owner: bool = False) -> None:
        """Answer the org's challenge, once; the browser carries what the org gives for it. owner: the app has seen the
        owner's finger, face or PIN, and is asked again for that."""
        enrolled = self._visit.device.get("okta")
        if not isinstance(enrolled, Mapping) or not enrolled.get("key") or (host in self._asked and not owner):
            return
        self._asked.add(host)
        http, url = Http(self._visit.transport), f"https://{host}{PATH}"
        client = self._browser.client
        try:
            challenge = doc_of(http.request("GET", url, client=client)).get("challengeRequest", "")
            claims = {"iss": enrolled["id"], "aud": f"https://{host}", "nonce": challenge, "userVerification": owner}
            response = signed(claims, enrolled["key"])
            answer = http.request("POST", url, json={"challengeResponse": response}, client=client)
        except (Unreachable, ValueError):  # no org of this name, or none that asks: the browser goes on without
            return
        if answer.status == _OK:
            name, _, value = (answer.header("set-cookie") or "").partition(";")[0].partition("=")
            self._browser.jar.setdefault(host, {})[name] = value


def signed(claims: Doc, key: Mapping[str, Any]) -> str:
    """A JWT of the device: ES256 with a private EC JWK (P-256)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    head = {"alg": "ES256", "typ": "okta-devicebind+jwt"}
    text = ".".join(b64url(orjson.dumps(part)) for part in (head, claims))
    first, second = decode_dss_signature(_private(str(key["d"])).sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64url(first.to_bytes(32, 'big') + second.to_bytes(32, 'big'))}"


@lru_cache(maxsize=64)
def _private(d: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(int.from_bytes(b64url_decode(d), "big"), ec.SECP256R1())


def key_of(secret: bytes) -> Doc:
    """A private EC JWK (P-256) made from 32 random bytes."""
    number = int.from_bytes(secret, "big") % (2**255) + 1
    d = b64url(number.to_bytes(32, "big"))
    public = _private(d).public_key().public_numbers()
    x, y = (b64url(part.to_bytes(32, "big")) for part in (public.x, public.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d}


def public_of(key: Mapping[str, Any]) -> Doc:
    """The public half."""
    return {name: value for name, value in key.items() if name != "d"}
