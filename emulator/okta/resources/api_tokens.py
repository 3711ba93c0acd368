"""API tokens: /api/v1/api-tokens. Source: okta-admin-api.md 2.1, appendices B, C.

There is no public way to make one; `POST /api/internal/v1/api-tokens` is ours (2.1).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import admins, reach
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.console import UI_ONLY
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import not_found
from emulator.okta.tokens import API_TOKENS, digest
from emulator.okta.user_docs import USERS

_AT = "/api/v1/api-tokens"
_READ: Any = {"scope": ("okta.apiTokens.read",)}
_MANAGE: Any = {"scope": ("okta.apiTokens.manage",)}
_LIFE = 30 * DAY


def _render(call: Call, token: Doc) -> Doc:
    at = f"{call.base}{_AT}/{token['id']}"
    return {
        **public(token),
        "_links": {
            "self": {"href": at, "hints": {"allow": ["DELETE", "GET"]}},
            "user": {"href": f"{call.base}/api/v1/users/{token['userId']}", "hints": {"allow": ["GET"]}},
        },
    }


def _load(call: Call) -> Doc:
    id = call.path["apiTokenId"]
    found: Doc | None = call.store.get(API_TOKENS, id)
    if found is None:
        raise not_found(id, "Token")
    reach.require(call, user=found["userId"])
    return found


def _target(token: Doc) -> Doc:
    return target("Token", token["id"], name=token["name"])


@operation("GET", _AT, source=OBSERVED, query=("after", "limit", "q"), **_READ)
def list_tokens(call: Call) -> list[Doc]:
    """The org's API tokens, never their values."""
    return [_render(call, token) for token in call.store.all(API_TOKENS) if reach.sees(call, user=token["userId"])]


@operation("DELETE", _AT + "/current", source=DOCUMENTED, emits=("system.api_token.revoke",))
def revoke_current_token(call: Call) -> None:
    """Revoke the token of this very request."""
    id = call.caller.extra.get("tokenId", "")
    if call.store.drop(API_TOKENS, id) is None:
        raise not_found("current", "Token")
    emit(call, "system.api_token.revoke", [target("Token", id, name=call.caller.name)])


@operation("GET", _AT + "/{apiTokenId}", source=OBSERVED, **_READ)
def get_token(call: Call) -> Doc:
    """One API token."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{apiTokenId}", source=DOCUMENTED, emits=("system.api_token.update",), **_MANAGE)
def replace_token(call: Call) -> Doc:
    """Change a token's name and the networks it may come from."""
    token, body = _load(call), body_object(call)
    name = needed_text(body, "name")
    network = _network(part(body, "network"))
    token = {**token, "name": name, "network": network or token["network"], "lastUpdated": stamp(call.now)}
    call.store.put(API_TOKENS, token)
    emit(call, "system.api_token.update", [_target(token)])
    return _render(call, token)


@operation("DELETE", _AT + "/{apiTokenId}", source=OBSERVED, emits=("system.api_token.revoke",), **_MANAGE)
def revoke_token(call: Call) -> None:
    """Revoke an API token."""
    token = _load(call)
    call.store.drop(API_TOKENS, token["id"])
    emit(call, "system.api_token.revoke", [_target(token)])


@operation(
    "POST", "/api/internal/v1/api-tokens", source=UI_ONLY, emits=("system.api_token.create",), **_MANAGE
)  # fmt: skip
def create_token(call: Call) -> Doc:
    """Make an API token for an administrator: `{name, userId?}` to the token and, once, its value `token`."""
    body = body_object(call)
    name, user_id = needed_text(body, "name"), text_of(body, "userId") or call.caller.id
    user = call.store.get(USERS, user_id)
    if user is None:
        raise not_found(user_id, "User")
    if user_id != call.caller.id:
        admins.needs_super(call, "make tokens for others")
    if admins.of_user(call.store, user_id) == ():
        why = Why("Only administrators have API tokens.", (Compared("userId", user_id, "request body"),))
        raise bad("userId", "userId: The user is not an administrator", "userId", user_id, why.rule)
    value, at = "00" + call.ids.secret_text("apiToken", 40), stamp(call.now)
    token = {
        "id": call.ids.okta("00T"), "name": name, "userId": user_id, "clientName": "Okta API", "tokenWindow": "P30D",
        "network": {"connection": "ANYWHERE"}, "created": at, "lastUpdated": at,
        "expiresAt": iso((call.now + _LIFE) // 1000 * 1000), "_hash": digest(value),
    }  # fmt: skip
    call.store.add(API_TOKENS, token)
    emit(call, "system.api_token.create", [_target(token)])
    return {**_render(call, token), "token": value}


def _network(given: Doc | None) -> Doc | None:
    if given is None:
        return None
    connection = text_of(given, "connection") or "ANYWHERE"
    if connection not in ("ANYWHERE", "ZONE"):
        cause = f"connection: '{connection[:40]}' is not a valid value"
        raise bad("network", cause, "network.connection", connection[:40], "ANYWHERE or ZONE.")
    found: Doc = {"connection": connection}
    for name in ("include", "exclude"):
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise bad("network", f"{name}: must be a list of zones", f"network.{name}", str(value)[:100], "Zone ids.")
        found[name] = value
    return found
