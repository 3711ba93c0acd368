"""Claims that an app adds to what it says of a person: /api/v1/apps/{appId}/federated-claims.

Source: the vendor's SDK 3 (ApplicationSSOFederatedClaimsApi) and observed traffic. They go into SAML assertions and
ID tokens. The catalogue of event types has none of their own: inferred that they are an update of the app.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.app_kinds import FEDERATED_CLAIMS
from emulator.okta.events import app_target, emit
from emulator.okta.expressions import ExpressionError, compile_template
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found, taken

_AT = "/api/v1/apps/{appId}/federated-claims"
_ONE = _AT + "/{claimId}"
_UPDATE = "application.lifecycle.update"
_READ: Any = {"source": OBSERVED, "scope": ("okta.apps.read",), "bucket": "apps.get"}
_MANAGE: Any = {"source": OBSERVED, "scope": ("okta.apps.manage",), "bucket": "apps.get", "emits": (_UPDATE,)}
_BODY = shapes.record(
    {"name": shapes.bounded(255, least=1), "expression": shapes.bounded(1024, least=1)}, needed=("name", "expression")
)


def of_app(store: Any, app_id: str) -> list[Doc]:
    """An app's claims, oldest first."""
    found: list[Doc] = store.find_all(FEDERATED_CLAIMS, "_appId", app_id)
    return found


def _shown(claim: Doc) -> Doc:
    return {name: claim[name] for name in ("id", "name", "expression", "created", "lastUpdated")}


def _app(call: Call) -> Doc:
    from emulator.okta.resources import apps

    return apps.load(call)


def _load(call: Call) -> tuple[Doc, Doc]:
    app = _app(call)
    found: Doc | None = call.store.get(FEDERATED_CLAIMS, call.path["claimId"])
    if found is None or found["_appId"] != app["id"]:
        raise not_found(call.path["claimId"][:100], "FederatedClaim")
    return app, found


def _sent(call: Call, app: Doc, before: str | None) -> Doc:
    sent: Doc = _BODY(body_object(call), "")
    if any(row["name"] == sent["name"] and row["id"] != before for row in of_app(call.store, app["id"])):
        raise taken("name", sent["name"])
    try:
        compile_template(sent["expression"])
    except ExpressionError as error:
        compared = (Compared("expression", sent["expression"], "request body"),)
        why = Why("The claim's value is an expression.", compared)
        raise invalid("expression", f"expression: {error.message}", why=why) from error
    return sent


@operation("GET", _AT, **_READ)
def list_federated_claims(call: Call) -> list[Doc]:
    """An app's claims."""
    return [_shown(claim) for claim in of_app(call.store, _app(call)["id"])]


@operation("POST", _AT, status=201, **_MANAGE)
def create_federated_claim(call: Call) -> Doc:
    """Add a claim: `{name, expression}`."""
    app = _app(call)
    at = stamp(call.now)
    claim = {"id": call.ids.okta("ofc"), **_sent(call, app, None), "created": at, "lastUpdated": at,
             "_appId": app["id"]}  # fmt: skip
    call.store.add(FEDERATED_CLAIMS, claim)
    emit(call, _UPDATE, [app_target(app)])
    return _shown(claim)


@operation("GET", _ONE, **_READ)
def get_federated_claim(call: Call) -> Doc:
    """One claim."""
    return _shown(_load(call)[1])


@operation("PUT", _ONE, **_MANAGE)
def replace_federated_claim(call: Call) -> Doc:
    """Replace a claim's name and expression."""
    app, claim = _load(call)
    claim = {**claim, **_sent(call, app, claim["id"]), "lastUpdated": stamp(call.now)}
    call.store.put(FEDERATED_CLAIMS, claim)
    emit(call, _UPDATE, [app_target(app)])
    return _shown(claim)


@operation("DELETE", _ONE, **_MANAGE)
def delete_federated_claim(call: Call) -> None:
    """Delete a claim."""
    app, claim = _load(call)
    call.store.drop(FEDERATED_CLAIMS, claim["id"])
    emit(call, _UPDATE, [app_target(app)])
