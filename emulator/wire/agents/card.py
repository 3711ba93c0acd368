"""The smart card in a person's reader: shown to the hosts that ask for certificates, and to nobody else.

`Visit.device["card"]`: {certificate: base64 DER, privateKey: PEM}, as the domain's authority gave it out.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from emulator.protocols.client_certificates import headers_of
from emulator.wire.agents import Visit
from emulator.wire.agents.soap import moment
from emulator.wire.browser import Browser

_ASKING = (".mtls.", "certauth.")


def shown(host: str, visit: Visit, browser: Browser) -> dict[str, str]:
    """The headers with the card's certificate; nothing without a card, or for a host that asks for none."""
    card = visit.device.get("card")
    if not isinstance(card, Mapping) or not any(part in host for part in _ASKING):
        return {}
    now = next((at for view in reversed(browser.history) if (at := moment(view.answer))), 0)
    return headers_of(str(card["certificate"]), _key(str(card["privateKey"])), host=host, now_ms=now)


@lru_cache(maxsize=64)
def _key(pem: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem.encode(), password=None)
