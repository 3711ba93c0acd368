"""A person's consents, and what an app holds of theirs: /api/v1/users/{id}/grants and /clients/{clientId}.

Source: okta-admin-api.md appendix A.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.okta import reach
from emulator.okta.events import emit, user_target
from emulator.okta.oauth import clients, grant_docs, refresh_docs
from emulator.okta.oauth.kinds import GRANTS
from emulator.okta.problems import not_found

_AT = "/api/v1/users/{userId}"
_CLIENT = _AT + "/clients/{clientId}"
_READ: Any = {"scope": ("okta.users.read",), "bucket": "users", "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.users.manage",), "bucket": "users", "source": DOCUMENTED}
_PAGED: Any = {**_READ, "paging": Paging(20, 200)}
_ENDS = ("app.oauth2.token.revoke",)
_TAKES = ("app.oauth2.consent.revoke",)


def _user(call: Call) -> Doc:
    from emulator.okta.resources import users

    return users.load(call)


def _grants(call: Call, user: Doc) -> list[Doc]:
    rows: list[Doc] = call.store.find_all(GRANTS, "userId", user["id"])
    scope, client = call.params.get("scopeId"), call.path.get("clientId")
    return [
        row for row in rows
        if scope in (None, row["scopeId"]) and client in (None, row["clientId"])
        and reach.sees(call, app=_app_id(call, row))
    ]  # fmt: skip


def _app_id(call: Call, grant: Doc) -> str:
    app = clients.stored(call.store, grant["clientId"])
    return str(app["id"] if app else grant["clientId"])


def _shown(call: Call, grant: Doc) -> Doc:
    app = clients.stored(call.store, grant["clientId"])
    at = f"{call.base}/api/v1/users/{grant['userId']}/grants/{grant['id']}"
    return grant_docs.render(call, grant, app, at=at)


def _client(call: Call) -> Doc:
    """The app that the path names. Raises 404."""
    found: Doc | None = clients.stored(call.store, call.path["clientId"])
    if found is None:
        raise not_found(call.path["clientId"], "PublicClientApp")
    return found


def _take(call: Call, user: Doc, grants: list[Doc]) -> None:
    for grant in grants:
        call.store.drop(GRANTS, grant["id"])
        emit(call, "app.oauth2.consent.revoke", [user_target(user)], debug={"scope": grant["scopeId"]})


@operation("GET", _AT + "/grants", query=("scopeId", "expand", "after", "limit"), **_PAGED)
def list_user_grants(call: Call) -> Listing:
    """The scopes that a person has consented to."""
    return Listing([_shown(call, row) for row in _grants(call, _user(call))])


@operation("DELETE", _AT + "/grants", emits=_TAKES, **_MANAGE)
def revoke_user_grants(call: Call) -> None:
    """Take back all of a person's consents."""
    user = _user(call)
    _take(call, user, _grants(call, user))


@operation("GET", _AT + "/grants/{grantId}", query=("expand",), **_READ)
def get_user_grant(call: Call) -> Doc:
    """One consent of a person."""
    return _shown(call, _one(call, _user(call)))


@operation("DELETE", _AT + "/grants/{grantId}", emits=_TAKES, **_MANAGE)
def revoke_user_grant(call: Call) -> None:
    """Take back one consent."""
    user = _user(call)
    _take(call, user, [_one(call, user)])


def _one(call: Call, user: Doc) -> Doc:
    for row in _grants(call, user):
        if row["id"] == call.path["grantId"]:
            return row
    raise not_found(call.path["grantId"], "OAuth2ScopeConsentGrant")


@operation("GET", _CLIENT + "/grants", query=("expand", "after", "limit"), **_PAGED)
def list_client_grants_of_user(call: Call) -> Listing:
    """A person's consents to one app."""
    user = _user(call)
    _client(call)
    return Listing([_shown(call, row) for row in _grants(call, user)])


@operation("DELETE", _CLIENT + "/grants", emits=_TAKES, **_MANAGE)
def revoke_client_grants_of_user(call: Call) -> None:
    """Take back a person's consents to one app."""
    user = _user(call)
    _client(call)
    _take(call, user, _grants(call, user))


def _tokens(call: Call) -> tuple[list[Doc], str]:
    user, app = _user(call), _client(call)
    at = f"{call.base}/api/v1/users/{user['id']}/clients/{app['id']}/tokens"
    return refresh_docs.of(call, "userId", user["id"], clientId=app["id"]), at


@operation("GET", _CLIENT + "/tokens", query=("expand", "after", "limit"), **_PAGED)
def list_user_tokens(call: Call) -> Listing:
    """A person's refresh tokens at one app."""
    return refresh_docs.listed(call, *_tokens(call))


@operation("DELETE", _CLIENT + "/tokens", emits=_ENDS, **_MANAGE)
def revoke_user_tokens(call: Call) -> None:
    """End a person's refresh tokens at one app."""
    refresh_docs.revoke(call, _tokens(call)[0])


@operation("GET", _CLIENT + "/tokens/{tokenId}", query=("expand",), **_READ)
def get_user_token(call: Call) -> Doc:
    """One refresh token of a person at one app."""
    rows, at = _tokens(call)
    return refresh_docs.render(call, refresh_docs.one(call, rows), at)


@operation("DELETE", _CLIENT + "/tokens/{tokenId}", emits=_ENDS, **_MANAGE)
def revoke_user_token(call: Call) -> None:
    """End one refresh token of a person at one app."""
    refresh_docs.revoke(call, [refresh_docs.one(call, _tokens(call)[0])])
