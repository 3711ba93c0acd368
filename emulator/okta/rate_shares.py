"""How much of a rate limit one API token or OAuth client may use, and how browsers are counted one by one.

Source: the vendor's SDK models (PrincipalRateLimitEntity, PerClientRateLimitSettings) and recorded traffic; the numbers
are in the vendor's help on client-based rate limits.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta.events import client_address
from emulator.store import Column, Kind

SHARES = Kind("principal_rate_limits", (Column("principalId", unique=True), Column("principalType")), settled=True)
SETTINGS = Kind("rate_limit_settings", settled=True)
NOTICES, CLIENT, THRESHOLD = "admin-notifications", "per-client", "warning-threshold"
"""Ids of the settings, as their addresses end."""
ENFORCE, PREVIEW, DISABLE = "ENFORCE", "PREVIEW", "DISABLE"
PER_CLIENT = 60
"""Requests a minute of one browser at one address to the pages that are counted so."""
_CASES = {"/login/login.htm": "LOGIN_PAGE", "/oauth2/v1/authorize": "OAUTH2_AUTHORIZE"}


def setting(call: Call, id: str) -> Doc:
    """One of the org's settings."""
    found: Doc = call.store.settled(("rate limit setting", id), lambda: call.store.get(SETTINGS, id))
    return found


def share(call: Call) -> tuple[str, int] | None:
    """The caller whose share somebody has set, and the percentage; None for whoever takes from the org's whole.

    Inferred: until then the whole is counted, as answers of tokens with the first share show it.
    """
    shares: dict[str, int] = call.store.settled(
        ("principal rate limits",),
        lambda: {row["principalId"]: row["defaultPercentage"] for row in call.store.all(SHARES)},
    )
    if not shares:
        return None
    id = str(call.caller.extra.get("tokenId") or (call.caller.id if call.caller.kind == "app" else ""))
    return (id, shares[id]) if id in shares else None


def client_of(call: Call) -> tuple[str, str] | None:
    """The browser that a page counts by itself, and whether it is stopped, told of or let be (the mode)."""
    case = _CASES.get(call.exchange.path)
    if case is None:
        return None
    found = setting(call, CLIENT)
    mode = (found.get("useCaseModeOverrides") or {}).get(case) or found["defaultMode"]
    agent = call.exchange.headers.get("user-agent", "")
    return f"{case} {client_address(call)} {agent[:200]}", str(mode)
