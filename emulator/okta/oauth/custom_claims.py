"""Claims that a custom server's administrators define. Source: Okta's claims API as documented.

`RESOURCE` claims go into access tokens, `IDENTITY` ones into ID tokens; `conditions.scopes` limits them to requests
with one of these scopes; an ID token beside an access token only gets those that are always included. A claim whose
expression fails is left out (inferred).
"""

import re
from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import mapping
from emulator.okta.expressions import ExpressionError, compile_expression
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.kinds import CLAIMS
from emulator.okta.oauth.person import STANDARD, Told
from emulator.okta.oauth.servers import Server
from emulator.okta.resources import federated_claims

SUBJECT = "(appuser != null) ? appuser.userName : app.clientId"
"""The value of `sub` in access tokens, unless an administrator writes another."""
_MOST_GROUPS = 100
_COSTLY = re.compile(r"[+*}]\)?[+*{]|\([^()]*[+*{|][^()]*\)[+*{]|\\\d")
"""Patterns that can take exponential time: repeated repetitions and back references."""


def evaluated(
    call: Call, server: Server, client: Client, user: Doc | None, scopes: list[str], *, kind: str, thin: bool = False
) -> Doc:
    """Name to value of a server's claims of a kind (`RESOURCE`, `IDENTITY`) for one request."""
    found: Doc = _of_client(call, client, user, scopes, org=server.is_org) if kind == "IDENTITY" else {}
    if server.is_org:
        return found
    for claim in call.store.find_all(CLAIMS, "_server", server.id):
        wanted = (claim.get("conditions") or {}).get("scopes") or []
        if claim["claimType"] != kind or claim["status"] != "ACTIVE" or claim["valueType"] == "SYSTEM":
            continue
        if claim["system"] and claim["value"] == SUBJECT:
            continue
        if (wanted and not set(wanted) & set(scopes)) or (thin and not claim["alwaysIncludeInToken"]):
            continue
        value = _groups(call, claim, user) if claim["valueType"] == "GROUPS" else _value(call, claim, client, user)
        if value is not None:
            found[claim["name"]] = value
    return found


def told(store: Any, server: Server) -> Told:
    """The system claims that a server tells of people, by scope."""
    if server.is_org:
        return STANDARD
    return {
        row["name"]: (row["conditions"]["scopes"], row["alwaysIncludeInToken"])
        for row in store.find_all(CLAIMS, "_server", server.id)
        if row["valueType"] == "SYSTEM" and row["status"] == "ACTIVE"
    }


def _of_client(call: Call, client: Client, user: Doc | None, scopes: list[str], *, org: bool) -> Doc:
    """What the app itself adds to its ID tokens: federated claims, and, of the org's own server, its claim of groups.

    That one is for whoever asks for the scope `groups` (documented).
    """
    found: Doc = {}
    if user is None:
        return found
    for row in federated_claims.of_app(call.store, client.app["id"]):
        found[row["name"]] = _value(call, {"name": row["name"], "value": row["expression"]}, client, user)
    own = client.app.get("_idToken") or {}
    if org and own and "groups" in scopes:
        claim = {**own, "group_filter_type": own.get("groupFilterType")}
        by_group = own["valueType"] == "GROUPS"
        found[own["name"]] = _groups(call, claim, user) if by_group else _value(call, claim, client, user)
    return {name: value for name, value in found.items() if value is not None}


def _value(call: Call, claim: Doc, client: Client, user: Doc | None) -> object:
    nobody: Doc = {"id": "", "type": {"id": ""}, "profile": {}, "status": ""}
    try:
        expression = compile_expression(claim["value"])
        setting = mapping.Setting.of(call)
        seen = mapping.environment_of(setting, client.app, user or nobody, [expression], None)
        return expression.evaluate(seen)
    except (ExpressionError, KeyError) as error:
        call.note(f"The claim {claim['name']!r} was left out: {error}")
        return None


def _groups(call: Call, claim: Doc, user: Doc | None) -> list[str] | None:
    """Names of the person's groups that the claim's filter fits."""
    from emulator.okta.resources import groups

    if user is None:
        return None
    rows = call.store.get_many(groups.GROUPS, groups.groups_of(call.store, user["id"]))
    names = [row["profile"]["name"] for row in rows]
    fits = matcher(claim.get("group_filter_type") or "STARTS_WITH", claim["value"])
    return [name for name in names if fits(name)][:_MOST_GROUPS]


def matcher(kind: str, value: str) -> Callable[[str], bool]:
    """A test of group names. A pattern that is none, or may take for ever, fits nothing."""
    if kind == "REGEX":
        # Differs: patterns with nested repetition are refused, because they could hold up the emulator.
        if len(value) > 256 or _COSTLY.search(value):
            return lambda name: False
        try:
            pattern = re.compile(value)
        except re.error:
            return lambda name: False
        return lambda name: pattern.fullmatch(name) is not None
    tests: dict[str, Callable[[str, str], bool]] = {
        "STARTS_WITH": str.startswith,
        "EQUALS": str.__eq__,
        "CONTAINS": str.__contains__,
    }
    test = tests.get(kind, str.startswith)
    return lambda name: bool(test(name, value))
