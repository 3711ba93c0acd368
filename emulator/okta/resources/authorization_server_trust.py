"""Authorization servers that one trusts: /api/v1/authorizationServers/{authServerId}/associatedServers.

Source: the vendor's SDK 3 and recordings of it; texts of refusals are inferred.

# Differs: no server exchanges tokens of a server that it trusts here, so the trust is kept and read by nobody.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, inferred, operation
from emulator.okta import lists
from emulator.okta.bad_values import bad
from emulator.okta.events import emit
from emulator.okta.oauth.kinds import SERVERS, TRUST
from emulator.okta.params import body_object, flag
from emulator.okta.problems import not_found
from emulator.okta.resources import authorization_servers
from emulator.okta.resources.authorization_servers import load, target_of
from emulator.okta.shapes import blank, texts

_AT = "/api/v1/authorizationServers/{authServerId}/associatedServers"
_ADD, _DELETE = "app.oauth2.trusted_server.add", "app.oauth2.trusted_server.delete"
_READ: Any = {"scope": ("okta.authorizationServers.read",)}
_MANAGE: Any = {"scope": ("okta.authorizationServers.manage",)}
_LISTED = inferred("observed with trusted=true; that it is so without the parameter too is inferred")


def _key(server: Doc, trusted: str) -> str:
    return f"{server['id']}/{trusted}"


def _trusted(call: Call, server: Doc) -> set[str]:
    return {row["_trusted"] for row in call.store.find_all(TRUST, "_server", server["id"])}


def _render(call: Call, server: Doc) -> Doc:
    """A server beside another one is shown without its links (observed)."""
    return {**authorization_servers.render(call, server), "_links": None}


@operation("GET", _AT, source=_LISTED, paging=Paging(200, 200), query=("trusted", "q", "limit", "after"), **_READ)
def list_associated_servers(call: Call) -> Listing:
    """Servers that this one trusts, or with `trusted=false` the others; `q` finds by the start of name or audience."""
    server, wanted = load(call), call.params.get("q", "").casefold()
    known, trusted = _trusted(call, server), flag(call, "trusted", True)

    def fits(other: Doc) -> bool:
        if other["id"] == server["id"] or (other["id"] in known) != trusted:
            return False
        return any(text.casefold().startswith(wanted) for text in (other["name"], *other["audiences"]))

    page = lists.listing(call, SERVERS, _render, keep=fits)
    if page.next is None and isinstance(page.items, list) and page.items and "limit" not in call.params:
        page.next = page.items[-1]["id"]  # the vendor knows no last page where no size was asked for (observed)
    return page


@operation("POST", _AT, source=OBSERVED, emits=(_ADD,), **_MANAGE)
def trust_servers(call: Call) -> list[Doc]:
    """Trust further servers: `{trusted: [ids]}`. Answers with them."""
    server, body = load(call), body_object(call)
    if body.get("trusted") is None:
        raise blank("trusted")
    found = [_other(call, server, id) for id in dict.fromkeys(texts(body["trusted"], "trusted"))]
    for other in found:
        row = {"id": _key(server, other["id"]), "_server": server["id"], "_trusted": other["id"]}
        if call.store.get(TRUST, row["id"]) is None:
            call.store.add(TRUST, row)
            emit(call, _ADD, [target_of(server), target_of(other)])
    return [_render(call, other) for other in found]


def _other(call: Call, server: Doc, id: str) -> Doc:
    found: Doc | None = call.store.get(SERVERS, id)
    if found is None:
        raise not_found(id, "AuthorizationServer")
    if id == server["id"]:
        raise bad("trusted", "trusted: An authorization server can't trust itself", "trusted", id, "It is the server.")
    return found


@operation("DELETE", _AT + "/{associatedServerId}", source=OBSERVED, emits=(_DELETE,), **_MANAGE)
def distrust_server(call: Call) -> None:
    """No longer trust a server."""
    server, id = load(call), call.path["associatedServerId"]
    if call.store.drop(TRUST, _key(server, id)) is None:
        raise not_found(id, "AuthorizationServer")
    other = call.store.get(SERVERS, id)
    emit(call, _DELETE, [target_of(server), target_of(other)])
