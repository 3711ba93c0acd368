"""Who issues an OIDC client's ID tokens, for whom, and with which claim of groups: what Terraform asks after every app.

Not documented; observed. The claim is kept as `_idToken` of the app; oauth/custom_claims.py puts it into tokens.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta import shapes
from emulator.okta.app_kinds import APPS
from emulator.okta.app_types import OIDC
from emulator.okta.events import app_target, emit
from emulator.okta.oauth.servers import canonical
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import not_found

_AT = "/api/v1/internal/apps/{appId}/settings/oauth/idToken"
EXPRESSION, GROUPS = "EXPRESSION", "GROUPS"
_FILTERS = ("STARTS_WITH", "EQUALS", "CONTAINS", "REGEX")
_BODY = shapes.record(
    {
        "issuerMode": shapes.one_of("ORG_URL", "CUSTOM_URL", "DYNAMIC"),
        "valueType": shapes.one_of(EXPRESSION, GROUPS), "name": shapes.bounded(100),
        "groupFilterType": shapes.one_of(*_FILTERS), "value": shapes.bounded(1024),
    }
)  # fmt: skip
_CLAIM = ("valueType", "name", "groupFilterType", "value")


def _load(call: Call) -> Doc:
    app: Doc | None = call.store.get(APPS, call.path["appId"])
    # The org's own apps are OIDC apps, too, but no clients.
    if app is None or app["signOnMode"] != OIDC or "oauthClient" not in app["settings"]:
        raise not_found(call.path["appId"], "OAuth2AppInstance")
    return app


def _shown(app: Doc, issuer: str | None, audience: str | None) -> Doc:
    return {
        "issuer": issuer, "orgUrl": None, "customUrl": None, "audience": audience,
        "issuerMode": app["settings"]["oauthClient"]["issuer_mode"], **(app.get("_idToken") or {}),
    }  # fmt: skip


@operation("GET", _AT, source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get")
def get_id_token_settings(call: Call) -> Doc:
    """Issuer, audience and claim of a client's ID tokens. Raises 404 for an app that is none."""
    app = _load(call)
    return _shown(app, canonical(call), app["credentials"]["oauthClient"]["client_id"])


@operation(
    "POST", _AT, source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("application.lifecycle.update",),
)  # fmt: skip
def set_id_token_settings(call: Call) -> Doc:
    """Set issuer mode and claim; a body without a claim takes it away. The answer tells no issuer (observed)."""
    app = _load(call)
    sent: Doc = _BODY(body_object(call), "")
    app["settings"]["oauthClient"]["issuer_mode"] = sent.get("issuerMode") or _mode(app)
    app["_idToken"] = _claim(sent)
    app["lastUpdated"] = stamp(call.now)
    call.store.put(APPS, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return _shown(app, None, None)


def _mode(app: Doc) -> Any:
    return app["settings"]["oauthClient"]["issuer_mode"]


def _claim(sent: Doc) -> Doc:
    """The claim of a body, {} where there is none. Raises E0000001 for half of one."""
    kind = sent.get("valueType")
    if kind is None:
        return {}
    for name in ("name", "value"):
        if not (sent.get(name) or "").strip():
            raise shapes.blank(name)
    first = {"groupFilterType": "STARTS_WITH"} if kind == GROUPS else {}
    found = {**first, **sent}
    if kind == EXPRESSION:
        found.pop("groupFilterType", None)
    return {name: found[name] for name in _CLAIM if name in found}
