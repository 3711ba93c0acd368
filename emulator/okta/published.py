"""JSON that others publish: key sets, and descriptions that name them.

Source: okta-admin-api.md 2.2; security.md F1. The address is asked outside any transaction, through the world's one way
out, which reaches loopback and emulated hosts only; an answer counts for an hour of world time (inferred), and is asked
for again when a key is not in it, at most once in five minutes.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.problems import Compared

_MOST_BYTES = 64 * 1024
_AGAIN = 5 * MINUTE
_MOST_REMEMBERED = 500


class Unreached(Exception):
    """The address gave nothing of use: the rule that it broke, and what was compared."""

    def __init__(self, rule: str, *compared: Compared) -> None:
        super().__init__(rule)
        self.rule = rule
        self.compared = compared


def keys_at(call: Call, address: str, kid: object) -> list[Any]:
    """The keys of a published set, one with `kid` among them where there is one. Raises Unreached."""

    def known(found: Doc) -> bool:
        return any(isinstance(key, dict) and key.get("kid") == kid for key in found["keys"])

    def read(found: Mapping[str, Any]) -> bool:
        return isinstance(found.get("keys"), list)

    keys: list[Any] = _remembered(call, address, read, known)["keys"]
    return keys


def document_at(call: Call, address: str, *texts: str) -> Doc:
    """A published description that has those texts. Raises Unreached."""

    def read(found: Mapping[str, Any]) -> bool:
        return all(isinstance(found.get(name), str) for name in texts)

    return _remembered(call, address, read, lambda found: True)


def _remembered(
    call: Call, address: str, read: Callable[[Mapping[str, Any]], bool], serves: Callable[[Doc], bool]
) -> Doc:
    remembered: dict[str, tuple[int, Doc]] = call.counters.setdefault("published", {})
    at, found = remembered.get(address, (-HOUR, {}))
    age = call.now - at
    if 0 <= age < HOUR and read(found) and (age < _AGAIN or serves(found)):
        return found
    found = _ask(call, address)
    if not read(found):
        raise Unreached("It is not the JSON that belongs there.", Compared("answer", sorted(found)[:20], "the address"))
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()
    remembered[address] = (call.now, found)
    return found


def _ask(call: Call, address: str) -> Doc:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise Unreached("It is no address.", Compared("address", address[:200], "the description")) from error
    sent = Exchange(
        "GET", parts.scheme, parts.netloc, parts.path or "/", parts.query,
        {"host": parts.netloc, "accept": "application/json"},
    )  # fmt: skip
    answer = call.outbound(sent) if call.outbound else None
    if answer is None or answer.status != 200 or len(answer.body) > _MOST_BYTES:
        got = Compared("answer", answer.status if answer else "none", "the address")
        raise Unreached("The address must be on this machine or emulated, and answer 200 with at most 64 KiB.", got)
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Unreached("No JSON object.", Compared("answer", f"{len(answer.body)} bytes", "the address"))
    return found
