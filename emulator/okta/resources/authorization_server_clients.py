"""Clients that hold refresh tokens of a custom authorization server. Source: Okta's API as documented."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.okta import reach
from emulator.okta.app_kinds import APPS
from emulator.okta.oauth import refresh_docs
from emulator.okta.resources import authorization_servers

_AT = "/api/v1/authorizationServers/{authServerId}/clients"
_TOKENS = _AT + "/{clientId}/tokens"
_READ: Any = {"scope": ("okta.authorizationServers.read",), "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.authorizationServers.manage",), "source": DOCUMENTED}
_ENDS = ("app.oauth2.token.revoke",)


@operation("GET", _AT, **_READ)
def list_server_clients(call: Call) -> list[Doc]:
    """The clients with refresh tokens of this server."""
    server = authorization_servers.load(call)
    ids = list(dict.fromkeys(row["clientId"] for row in refresh_docs.of(call, "_server", server["id"])))
    at = f"{call.base}/api/v1/authorizationServers/{server['id']}/clients"
    return [
        {
            "client_id": app["id"], "client_name": app["label"],
            "client_uri": app["settings"]["oauthClient"].get("client_uri"),
            "logo_uri": app["settings"]["oauthClient"].get("logo_uri"),
            "_links": {"tokens": {"href": f"{at}/{app['id']}/tokens", "hints": {"allow": ["GET", "DELETE"]}}},
        }
        for app in call.store.get_many(APPS, ids) if reach.sees(call, app=app["id"])
    ]  # fmt: skip


def _rows(call: Call) -> tuple[list[Doc], str]:
    server, client = authorization_servers.load(call), call.path["clientId"]
    at = f"{call.base}/api/v1/authorizationServers/{server['id']}/clients/{client}/tokens"
    return refresh_docs.of(call, "_server", server["id"], clientId=client), at


@operation("GET", _TOKENS, paging=Paging(20, 200), query=("expand", "after", "limit"), **_READ)
def list_server_tokens(call: Call) -> Listing:
    """A client's refresh tokens of this server."""
    return refresh_docs.listed(call, *_rows(call))


@operation("DELETE", _TOKENS, emits=_ENDS, **_MANAGE)
def revoke_server_tokens(call: Call) -> None:
    """End a client's refresh tokens of this server."""
    refresh_docs.revoke(call, _rows(call)[0])


@operation("GET", _TOKENS + "/{tokenId}", query=("expand",), **_READ)
def get_server_token(call: Call) -> Doc:
    """One refresh token of a client."""
    rows, at = _rows(call)
    return refresh_docs.render(call, refresh_docs.one(call, rows), at)


@operation("DELETE", _TOKENS + "/{tokenId}", emits=_ENDS, **_MANAGE)
def revoke_server_token(call: Call) -> None:
    """End one refresh token of a client."""
    refresh_docs.revoke(call, [refresh_docs.one(call, _rows(call)[0])])
