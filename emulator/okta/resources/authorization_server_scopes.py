"""Scopes of a custom authorization server. Source: Okta's API as documented; entity class okta-admin-api.md 1.4."""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.oauth.kinds import SCOPES
from emulator.okta.oauth.server_documents import scope_doc
from emulator.okta.params import body_object, text_of
from emulator.okta.problems import forbidden, not_found
from emulator.okta.resources import authorization_servers

_AT = "/api/v1/authorizationServers/{authServerId}/scopes"
_READ: Any = {"scope": ("okta.authorizationServers.read",)}
_MANAGE: Any = {"scope": ("okta.authorizationServers.manage",)}
_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")  # scope-token of RFC 6749
_CONSENT = ("REQUIRED", "IMPLICIT", "FLEXIBLE", "ADMIN")


def _render(call: Call, row: Doc) -> Doc:
    at = f"{call.base}/api/v1/authorizationServers/{row['_server']}/scopes/{row['id']}"
    shown = {key: value for key, value in public(row).items() if value is not None or key != "displayName"}
    return {
        **shown,
        "apiResourceId": None,
        "_links": {"self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}}},
    }


def _load(call: Call) -> Doc:
    server, id = authorization_servers.load(call), call.path["scopeId"]
    found: Doc | None = call.store.get(SCOPES, id)
    if found is None or found["_server"] != server["id"]:
        raise not_found(id, "OAuth2Scope")
    return found


@operation("GET", _AT, source=DOCUMENTED, query=("q", "filter", "after", "limit"), **_READ)
def list_scopes(call: Call) -> list[Doc]:
    """A server's scopes; `q` finds by the start of the name."""
    rows = call.store.find_all(SCOPES, "_server", authorization_servers.load(call)["id"])
    wanted = call.params.get("q", "").casefold()
    return [_render(call, row) for row in rows if row["name"].casefold().startswith(wanted)]


@operation("POST", _AT, source=DOCUMENTED, status=201, emits=("oauth2.scope.created",), **_MANAGE)
def create_scope(call: Call) -> Doc:
    """Add a scope."""
    server, body = authorization_servers.load(call), body_object(call)
    row = scope_doc(call.ids, server["id"], _given(call, server, body, None))
    call.store.add(SCOPES, row)
    emit(call, "oauth2.scope.created", [_target(row), authorization_servers.target_of(server)])
    return _render(call, row)


@operation("GET", _AT + "/{scopeId}", source=DOCUMENTED, **_READ)
def get_scope(call: Call) -> Doc:
    """One scope."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{scopeId}", source=DOCUMENTED, emits=("oauth2.scope.updated",), **_MANAGE)
def replace_scope(call: Call) -> Doc:
    """Replace a scope; a system scope keeps its name."""
    row, server = _load(call), authorization_servers.load(call)
    given = _given(call, server, body_object(call), row)
    if row["system"] and given["name"] != row["name"]:
        raise _system(row)
    row = {**row, **given}
    call.store.put(SCOPES, row)
    emit(call, "oauth2.scope.updated", [_target(row), authorization_servers.target_of(server)])
    return _render(call, row)


@operation("DELETE", _AT + "/{scopeId}", source=DOCUMENTED, emits=("oauth2.scope.deleted",), **_MANAGE)
def delete_scope(call: Call) -> None:
    """Delete a scope of the server's own."""
    row, server = _load(call), authorization_servers.load(call)
    if row["system"]:
        raise _system(row)
    call.store.drop(SCOPES, row["id"])
    emit(call, "oauth2.scope.deleted", [_target(row), authorization_servers.target_of(server)])


def _target(row: Doc) -> Doc:
    return target("OAuth2Scope", row["id"], name=row["name"])


def _system(row: Doc) -> Exception:
    return forbidden(Why("System scopes are not renamed or deleted.", (Compared("name", row["name"], "the scope"),)))


def _given(call: Call, server: Doc, body: Doc, before: Doc | None) -> Doc:
    name = needed_text(body, "name")
    if not _NAME.fullmatch(name) or (name.startswith("okta.") and before is None):
        raise bad("name", f"name: '{name[:100]}' is not a valid scope name", "name", name[:100], "RFC 6749 3.3.")
    for row in call.store.find_all(SCOPES, "_server", server["id"]):
        if row["name"] == name and (before is None or row["id"] != before["id"]):
            cause = "name: An object with this field already exists in the current organization"
            raise bad("name", cause, "name", name, "Names are unique in a server.")
    consent = text_of(body, "consent") or "IMPLICIT"
    publish = text_of(body, "metadataPublish") or "NO_CLIENTS"
    if consent not in _CONSENT:
        raise bad(
            "consent", f"consent: '{consent[:40]}' is not a valid value", "consent", consent[:40], "No such value."
        )
    if publish not in ("ALL_CLIENTS", "NO_CLIENTS"):
        cause = f"metadataPublish: '{publish[:40]}' is not a valid value"
        raise bad("metadataPublish", cause, "metadataPublish", publish[:40], "No such value.")
    return {
        "name": name, "description": text_of(body, "description"), "displayName": text_of(body, "displayName"),
        "metadataPublish": publish, "consent": consent, "default": _flag(body, "default"),
        "optional": _flag(body, "optional"),
    }  # fmt: skip


def _flag(body: Doc, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool) and value is not None:
        raise bad(name, f"{name}: is not a boolean", name, str(value)[:40], "true or false.")
    return bool(value)
