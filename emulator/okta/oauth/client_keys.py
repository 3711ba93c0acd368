"""The public keys of a client: those registered with it, or those that its `jwks_uri` names.

Source: okta-admin-api.md 2.2; security.md F1. The address is asked outside any transaction, through the world's one way
out, which reaches loopback and emulated hosts only; an answer counts for an hour of world time (inferred), and is asked
for again when a kid is not in it, at most once in five minutes.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import Compared
from emulator.okta.oauth.errors import invalid_client

_MOST_BYTES = 64 * 1024
_AGAIN = 5 * MINUTE
_MOST_REMEMBERED = 500
UNREACHED = "The client's JWKS could not be retrieved from its jwks_uri."


def signing_keys(call: Call, settings: Doc, kid: object) -> list[Mapping[str, Any]]:
    """The client's signing keys that are in use. Raises 401 where `jwks_uri` gives none."""
    address = settings.get("jwks_uri")
    keys = _fetched(call, address, kid) if address else (settings.get("jwks") or {}).get("keys") or []
    return [
        key for key in keys
        if isinstance(key, dict) and key.get("use") in (None, "sig") and key.get("status", "ACTIVE") == "ACTIVE"
    ]  # fmt: skip


def _fetched(call: Call, address: str, kid: object) -> list[Any]:
    remembered: dict[str, tuple[int, list[Any]]] = call.counters.setdefault("jwks_uri", {})
    at, keys = remembered.get(address, (-HOUR, []))
    age = call.now - at
    known = any(isinstance(key, dict) and key.get("kid") == kid for key in keys)
    if 0 <= age < HOUR and (known or age < _AGAIN) and keys:
        return keys
    keys = _ask(call, address)
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()
    remembered[address] = (call.now, keys)
    return keys


def _ask(call: Call, address: str) -> list[Any]:
    parts = urlsplit(address)
    sent = Exchange(
        "GET", parts.scheme, parts.netloc, parts.path or "/", parts.query,
        {"host": parts.netloc, "accept": "application/json"},
    )  # fmt: skip
    answer = call.outbound(sent) if call.outbound else None
    if answer is None or answer.status != 200 or len(answer.body) > _MOST_BYTES:
        got = Compared("answer", answer.status if answer else "none", "the address")
        rule = "The address must be on this machine or emulated, and answer 200 with at most 64 KiB."
        raise invalid_client(UNREACHED, Compared("jwks_uri", address[:200], "the client"), got, rule=rule)
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list):
        got = Compared("answer", f"{len(answer.body)} bytes", "the address")
        raise invalid_client(UNREACHED, Compared("jwks_uri", address[:200], "the client"), got, rule="No JWK set.")
    return keys
