"""The public keys of a client: those registered with it, or those that its `jwks_uri` names.

Source: okta-admin-api.md 2.2; security.md F1.
"""

from collections.abc import Mapping
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared
from emulator.okta.oauth.errors import invalid_client
from emulator.okta.published import Unreached, keys_at

UNREACHED = "The client's JWKS could not be retrieved from its jwks_uri."


def signing_keys(call: Call, settings: Doc, kid: object) -> list[Mapping[str, Any]]:
    """The client's signing keys that are in use. Raises 401 where `jwks_uri` gives none."""
    address = settings.get("jwks_uri")
    try:
        keys = keys_at(call, address, kid) if address else (settings.get("jwks") or {}).get("keys") or []
    except Unreached as error:
        asked = Compared("jwks_uri", str(address)[:200], "the client")
        raise invalid_client(UNREACHED, asked, *error.compared, rule=error.rule) from error
    return signing(keys)


def signing(keys: list[Any]) -> list[Mapping[str, Any]]:
    """Those of a key set that sign, and are in use."""
    return [
        key for key in keys
        if isinstance(key, dict) and key.get("use") in (None, "sig") and key.get("status", "ACTIVE") == "ACTIVE"
    ]  # fmt: skip
