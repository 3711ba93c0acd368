"""Which scopes a request gets. Source: okta-admin-api.md 2.2; texts other than the first two: inferred.

The org's own server knows the OpenID scopes, and `okta.*` scopes where an administrator has granted them to the client;
a custom server knows the scopes that it defines.
"""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.errors import stop
from emulator.okta.oauth.kinds import GRANTS, SCOPES
from emulator.okta.oauth.servers import ORG_SCOPES, Server, scope_names

UNKNOWN = "One or more scopes are not configured for the authorization server resource."
NO_DEFAULT = "The authorization server resource does not have any configured default scopes, 'scope' must be provided."
OPENID = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})
_OKTA = re.compile(r"okta\.[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*\.(?:read|manage|create|register)(?:\.self)?")


def is_okta_scope(name: str) -> bool:
    """Whether a name has the form of the vendor's API scopes."""
    # Differs: the vendor keeps a list; any name of the right form can be granted here.
    return len(name) <= 128 and _OKTA.fullmatch(name) is not None


def asked(form: Doc) -> list[str]:
    """The scopes of a request, each once, in order."""
    return list(dict.fromkeys(str(form.get("scope") or "").split()))


def for_client(call: Call, server: Server, client: Client, wanted: list[str]) -> list[str]:
    """The scopes of a client that acts for itself. Raises 400 invalid_scope."""
    wanted = wanted or _defaults(call, server)
    personal = [name for name in wanted if name in OPENID]
    if personal:
        rule = "Scopes about a person are for sign-ins, not for a client of its own."
        raise _refused(UNKNOWN, Compared("scope", " ".join(personal), "request"), rule)
    _check_known(call, server, client, wanted)
    return wanted


def for_person(call: Call, server: Server, client: Client, wanted: list[str]) -> list[str]:
    """The scopes of a sign-in. Raises 400 invalid_scope."""
    wanted = wanted or _defaults(call, server)
    _check_known(call, server, client, wanted)
    return wanted


def _defaults(call: Call, server: Server) -> list[str]:
    rows = [] if server.is_org else call.store.find_all(SCOPES, "_server", server.id)
    found = [row["name"] for row in rows if row["default"]]
    if not found:
        raise _refused(NO_DEFAULT, Compared("scope", None, "request"), NO_DEFAULT)
    return found


def _check_known(call: Call, server: Server, client: Client, wanted: list[str]) -> None:
    known = set(ORG_SCOPES) | granted(call.store, client.id) if server.is_org else set(scope_names(call.store, server))
    strange = [name for name in wanted if name not in known]
    if strange:
        where = "grants of the client" if server.is_org else f"scopes of {server.doc['name']}"
        shown = Compared("known", " ".join(sorted(known)), where)
        rule = "The org server gives the scopes granted to the client; a custom one those it defines."
        raise _refused(UNKNOWN, Compared("scope", " ".join(strange)[:300], "request"), rule, shown)


def granted(store: Any, client_id: str) -> set[str]:
    """`okta.*` scopes that an administrator has granted to a client."""
    rows = store.find_all(GRANTS, "clientId", client_id)
    return {row["scopeId"] for row in rows if row["source"] == "ADMIN" and row["status"] == "ACTIVE"}


def _refused(text: str, compared: Compared, rule: str, *more: Compared) -> Problem:
    return stop("invalid_scope", text, compared, *more, rule=rule)
