"""Refresh tokens of an app: /api/v1/apps/{id}/tokens. Source: okta-admin-api.md appendices A, F."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.okta.oauth import refresh_docs

_AT = "/api/v1/apps/{appId}/tokens"
_READ: Any = {"scope": ("okta.apps.read",), "bucket": "apps", "source": OBSERVED}
_MANAGE: Any = {"scope": ("okta.apps.manage",), "bucket": "apps", "source": OBSERVED}
_ENDS = ("app.oauth2.token.revoke",)


def _rows(call: Call) -> tuple[list[Doc], str]:
    from emulator.okta.resources import apps

    app = apps.load(call)
    return refresh_docs.of(call, "clientId", app["id"]), f"{call.base}/api/v1/apps/{app['id']}/tokens"


@operation("GET", _AT, paging=Paging(20, 200), query=("expand", "after", "limit"), **_READ)
def list_app_tokens(call: Call) -> Listing:
    """The refresh tokens of an app's users."""
    return refresh_docs.listed(call, *_rows(call))


@operation("DELETE", _AT, emits=_ENDS, **_MANAGE)
def revoke_app_tokens(call: Call) -> None:
    """End all refresh tokens of an app."""
    refresh_docs.revoke(call, _rows(call)[0])


@operation("GET", _AT + "/{tokenId}", query=("expand",), **_READ)
def get_app_token(call: Call) -> Doc:
    """One refresh token of an app."""
    rows, at = _rows(call)
    return refresh_docs.render(call, refresh_docs.one(call, rows), at)


@operation("DELETE", _AT + "/{tokenId}", emits=_ENDS, **_MANAGE)
def revoke_app_token(call: Call) -> None:
    """End one refresh token of an app."""
    refresh_docs.revoke(call, [refresh_docs.one(call, _rows(call)[0])])
