"""The permission report: per client, the least privileges that its recorded calls needed, for Graph and for Okta.

Read from the tape: who called (the claims of the token, not verified again), what, and what the operation accepts.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from emulator.entra import permissions
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.operations import Operation
from emulator.kernel.problems import Problem
from emulator.serving.parties import party_type, routes_of
from emulator.wire.tape import Hop

if TYPE_CHECKING:
    from emulator.serving.world import World

_PARTIES = {"graph": "entra", "okta": "okta"}
APPLICATION, DELEGATED = "Application", "DelegatedWork"


@dataclass(slots=True)
class _Client:
    """Who called, what the tokens held, and the calls by method and path: how often, what they accept."""

    service: str
    name: str
    kind: str
    held: set[str] = field(default_factory=set)
    calls: dict[tuple[str, str], Doc] = field(default_factory=dict)


def report(world: "World", *, after: int = 0) -> Doc:
    """`{clients: [{client, service, kind, needs, holds, missing, surplus, calls}]}`.

    calls: `{method, path, count, refused, least}`.

    needs: the fewest privileges that cover every call. missing: of these, what no token of the client held; surplus:
    what tokens held that no call needed (or a lesser privilege would have done for).
    """
    clients: dict[tuple[str, str, str], _Client] = {}
    for hop in world.engine.tape.hops(after):
        if hop.service in _PARTIES and hop.status != 401:
            _count(clients, hop)
    return {
        "clients": [_shown(client) for client in sorted(clients.values(), key=lambda item: (item.service, item.name))]
    }


# -- who ----------------------------------------------------------------------------------------------------------


def _claims(authorization: str) -> Doc:
    """The claims of a bearer JWT; empty for anything else."""
    parts = authorization.partition(" ")[2].split(".")
    if len(parts) != 3:
        return {}
    try:
        found = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _who(hop: Hop) -> tuple[str, str, set[str]] | None:
    """Name and kind of the caller, and what its token holds; None for calls without a credential."""
    authorization = next((value for key, value in hop.request_headers if key == "authorization"), "")
    scheme = authorization.partition(" ")[0].lower()
    if scheme == "ssws":
        return "API token", "token", set()
    if scheme not in ("bearer", "dpop"):
        return None
    claims = _claims(authorization)
    name = str(claims.get("appid") or claims.get("azp") or claims.get("cid") or "")
    if not name:
        return None
    if hop.service == "graph":
        app = claims.get("idtyp") == "app"
        held = claims.get("roles") if app else str(claims.get("scp", "")).split()
        return name, APPLICATION if app else DELEGATED, {str(item) for item in held or ()}
    scopes = claims.get("scp") or []
    return name, "OAuth", {str(item) for item in (scopes if isinstance(scopes, list) else str(scopes).split())}


# -- what ---------------------------------------------------------------------------------------------------------


def _count(clients: dict[tuple[str, str, str], _Client], hop: Hop) -> None:
    found = _who(hop)
    if found is None:
        return
    name, kind, held = found
    client = clients.setdefault((hop.service, name, kind), _Client(hop.service, name, kind))
    client.held |= held
    for method, path, status in _requests(hop):
        item = _operation(hop.service, method, path)
        if item is None or item.auth == "none" or item.extra.get("any"):
            continue
        key = (method, item.path)
        row = client.calls.setdefault(key, {"count": 0, "refused": 0, **_accepted(item, hop.service, kind)})
        row["count"] += 1
        row["refused"] += status in (403, 0)


def _requests(hop: Hop) -> Iterator[tuple[str, str, int]]:
    """The hop's request, or the parts of a batch: method, path, status."""
    path = urlsplit(hop.url).path
    if not path.endswith("/$batch"):
        yield hop.method, path, hop.status
        return
    try:
        parts, answers = orjson.loads(hop.request_body)["requests"], orjson.loads(hop.response_body)["responses"]
        codes = {str(item["id"]): int(item["status"]) for item in answers}
        base = path.removesuffix("/$batch")
        for part in parts:
            yield (
                str(part["method"]).upper(),
                base + "/" + str(part["url"]).partition("?")[0].lstrip("/"),
                codes.get(str(part["id"]), 0),
            )
    except (KeyError, TypeError, ValueError):
        return


def _operation(service: str, method: str, path: str) -> Operation | None:
    party = _PARTIES[service]
    dialect = next(item for item in party_type(party).services if item.name == service).dialect
    try:
        match = routes_of(party, service).match(method, dialect.path(Exchange(method, "https", "", path)))
    except Problem:
        return None
    return match[0] if match else None


def _accepted(item: Operation, service: str, kind: str) -> Doc:
    """What an operation accepts, and the least of it."""
    if service == "okta":
        return {"least": list(item.scope[:1]), "any": set(item.scope)}
    return {
        "least": permissions.least(item, kind),
        "any": set(permissions.accepted(item, kind) or ()) | set(item.extra.get("together", ())),
    }


# -- the fewest ---------------------------------------------------------------------------------------------------


def _needs(calls: list[Doc]) -> list[str]:
    """The least privilege of each call, without those that another one makes superfluous."""
    kept = {name for row in calls for name in row["least"]}
    for name in sorted(kept):
        others = kept - {name}
        if all(name not in row["least"] or (len(row["least"]) == 1 and row["any"] & others) for row in calls):
            kept = others
    return sorted(kept)


def _shown(client: _Client) -> Doc:
    calls = list(client.calls.values())
    needs = _needs(calls)
    used = {name for row in calls for name in row["any"]}
    covered = [row for row in calls if not row["any"] or row["any"] & client.held]
    missing = [name for name in needs if not all(row in covered for row in calls if name in row["least"])]
    rows = [
        {"method": method, "path": path, "count": row["count"], "refused": row["refused"], "least": row["least"]}
        for (method, path), row in sorted(client.calls.items(), key=lambda pair: (pair[0][1], pair[0][0]))
    ]
    surplus = sorted(name for name in client.held if name not in used or name not in needs)
    return {
        "client": client.name, "service": client.service, "kind": client.kind, "needs": needs,
        "holds": sorted(client.held), "missing": missing, "surplus": surplus, "calls": rows,
    }  # fmt: skip
