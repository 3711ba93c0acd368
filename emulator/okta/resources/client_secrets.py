"""Client secrets: /api/v1/apps/{id}/credentials/secrets. Source: okta-admin-api.md appendix A; texts inferred.

A client has two at the most; the last active one stays.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.app_oauth import SECRET_METHODS
from emulator.okta.bad_values import bad
from emulator.okta.events import app_target, emit
from emulator.okta.oauth import secrets
from emulator.okta.oauth.clients import of_app
from emulator.okta.params import body_object, stamp, text_of
from emulator.okta.problems import invalid, not_found

_AT = "/api/v1/apps/{appId}/credentials/secrets"
_ONE = _AT + "/{secretId}"
_READ: Any = {"scope": ("okta.apps.read",), "bucket": "apps", "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.apps.manage",), "bucket": "apps", "source": DOCUMENTED}
_UPDATE = "app.oauth2.client.lifecycle.update"


def _app(call: Call) -> Doc:
    from emulator.okta.resources import apps

    app = apps.load(call)
    client = of_app(app)
    if client is None or client.method not in SECRET_METHODS:
        method = Compared("token_endpoint_auth_method", client.method if client else None, f"app {app['label']}")
        why = Why("Only clients that prove themselves with a secret have secrets.", (method,))
        raise invalid("appInstance", "The application does not use client secrets.", why=why)
    return app


def _load(call: Call) -> tuple[Doc, list[Doc], Doc]:
    app = _app(call)
    rows = secrets.secrets_of(app)
    for row in rows:
        if row["id"] == call.path["secretId"]:
            return app, rows, row
    raise not_found(call.path["secretId"], "OAuth2ClientSecret")


def _render(call: Call, app: Doc, row: Doc) -> Doc:
    at = f"{call.base}/api/v1/apps/{app['id']}/credentials/secrets/{row['id']}"
    shown = {name: row[name] for name in ("id", "created", "lastUpdated", "secret_hash", "client_secret", "status")}
    links: Doc = {}
    if row["status"] == "ACTIVE":
        links["deactivate"] = {"href": f"{at}/lifecycle/deactivate", "hints": {"allow": ["POST"]}}
    else:
        links["activate"] = {"href": f"{at}/lifecycle/activate", "hints": {"allow": ["POST"]}}
        links["delete"] = {"href": at, "hints": {"allow": ["DELETE"]}}
    return {**shown, "_links": links}


@operation("GET", _AT, emits=("app.oauth2.client.read_client_secret",), **_READ)
def list_secrets(call: Call) -> list[Doc]:
    """A client's secrets."""
    app = _app(call)
    emit(call, "app.oauth2.client.read_client_secret", [app_target(app)])
    return [_render(call, app, row) for row in secrets.secrets_of(app)]


@operation("POST", _AT, status=201, body="optional_json", emits=(_UPDATE,), **_MANAGE)
def create_secret(call: Call) -> Doc:
    """Add a second secret: the one given, or a new one."""
    app, body = _app(call), body_object(call)
    rows = secrets.secrets_of(app)
    if len(rows) >= secrets.MOST:
        compared = (Compared("secrets", len(rows), f"app {app['label']}"), Compared("most", secrets.MOST, "documented"))
        why = Why("A client has two secrets at the most.", compared)
        raise invalid("clientSecret", "You've reached the maximum number of client secrets per client.", why=why)
    given, status = text_of(body, "client_secret"), text_of(body, "status") or "ACTIVE"
    if given is not None and not 14 <= len(given) <= 100:
        cause = "client_secret: must have 14 to 100 characters"
        raise bad("client_secret", cause, "client_secret", f"{len(given)} characters", "A secret has 14 to 100.")
    if status not in ("ACTIVE", "INACTIVE"):
        raise bad("status", f"status: '{status[:40]}' is not a valid value", "status", status[:40], "No such value.")
    secret, at = given or call.ids.secret("clientSecret", 48), stamp(call.now)
    if any(row["client_secret"] == secret for row in rows):
        raise bad("client_secret", "client_secret: must be unique", "client_secret", "the same", "It is there already.")
    row = {"id": call.ids.okta("ocs"), "created": at, "lastUpdated": at, "secret_hash": secrets.secret_hash(secret),
           "client_secret": secret, "status": status}  # fmt: skip
    _keep(call, app, [*rows, row])
    return _render(call, app, row)


@operation("GET", _ONE, emits=("app.oauth2.client.read_client_secret",), **_READ)
def get_secret(call: Call) -> Doc:
    """One secret of a client."""
    app, _, row = _load(call)
    emit(call, "app.oauth2.client.read_client_secret", [app_target(app)])
    return _render(call, app, row)


@operation("DELETE", _ONE, emits=(_UPDATE,), **_MANAGE)
def delete_secret(call: Call) -> None:
    """Delete an inactive secret."""
    app, rows, row = _load(call)
    if row["status"] == "ACTIVE":
        why = Why("An active secret is not deleted.", (Compared("status", "ACTIVE", f"secret {row['id']}"),))
        raise invalid("clientSecret", "Only an inactive client secret can be deleted.", why=why)
    _keep(call, app, [item for item in rows if item["id"] != row["id"]])


@operation("POST", _ONE + "/lifecycle/activate", body="none", emits=(_UPDATE,), **_MANAGE)
def activate_secret(call: Call) -> Doc:
    """Let a secret count again."""
    return _set_status(call, "ACTIVE")


@operation("POST", _ONE + "/lifecycle/deactivate", body="none", emits=(_UPDATE,), **_MANAGE)
def deactivate_secret(call: Call) -> Doc:
    """Stop a secret; not the last active one."""
    app, rows, row = _load(call)
    if row["status"] == "ACTIVE" and sum(item["status"] == "ACTIVE" for item in rows) == 1:
        why = Why("A client keeps an active secret.", (Compared("active secrets", 1, f"app {app['label']}"),))
        raise invalid("clientSecret", "You can't deactivate the only active client secret.", why=why)
    return _set_status(call, "INACTIVE")


def _set_status(call: Call, status: str) -> Doc:
    app, rows, row = _load(call)
    changed = {**row, "status": status, "lastUpdated": stamp(call.now)}
    _keep(call, app, [changed if item["id"] == row["id"] else item for item in rows])
    return _render(call, app, changed)


def _keep(call: Call, app: Doc, rows: list[Doc]) -> None:
    from emulator.okta.resources import apps

    app = dict(app)
    secrets.keep(app, rows)
    apps.touch(call, app)
    emit(call, _UPDATE, [app_target(app)])
