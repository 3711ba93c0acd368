"""Signing keys of apps: /api/v1/apps/{appId}/credentials/keys. Source: okta-admin-api.md 5 and the recorded JWKs."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import key_material
from emulator.okta.app_kinds import APP_KEYS
from emulator.okta.events import app_target, emit
from emulator.okta.problems import invalid, not_found
from emulator.okta.tokens import org

__all__ = ["APP_KEYS"]
_ORDER = ("kty", "created", "lastUpdated", "expiresAt", "kid", "use", "x5c", "x5t#S256", "e", "n")


def render(doc: Doc) -> Doc:
    """The key as a JWK: its public half."""
    shown = public(doc)
    return {name: shown[name] for name in _ORDER}


@operation(
    "GET", "/api/v1/apps/{appId}/credentials/keys", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get"
)
def list_keys(call: Call) -> list[Doc]:
    """Every key of an app; `credentials.signing.kid` of the app names the one in use."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    return [render(doc) for doc in call.store.find_all(APP_KEYS, "_appId", app["id"])]


@operation(
    "GET",
    "/api/v1/apps/{appId}/credentials/keys/{keyId}",
    source=OBSERVED,
    scope=("okta.apps.read",),
    bucket="apps.get",
)
def get_key(call: Call) -> Doc:
    """One key."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    found = call.store.get(APP_KEYS, call.path["keyId"])
    if found is None or found["_appId"] != app["id"]:
        raise not_found(call.path["keyId"], "JsonWebKey")
    return render(found)


@operation(
    "POST", "/api/v1/apps/{appId}/credentials/keys/generate", source=DOCUMENTED, scope=("okta.apps.manage",),
    bucket="apps.get", status=201, body="none", commit="manual", query=("validityYears",), emits=("app.keys.generate",),
)  # fmt: skip
def generate_key(call: Call) -> Doc:
    """Make another key, valid 2 to 10 years; it signs once the app's `credentials.signing.kid` names it."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    text = call.params.get("validityYears", "")
    if not text.isascii() or not text.isdigit() or not 2 <= int(text[:4]) <= 10:
        why = Why("validityYears is a whole number from 2 to 10.", (Compared("validityYears", text, "query"),))
        raise invalid("validityYears", "validityYears: must be between 2 and 10", why=why)
    material = key_material.make(call.ids, name=org(call)["subdomain"], now=call.now, years=int(text))
    doc = key_material.document(material, app_id=app["id"], now=call.now)
    with call.commit():
        call.store.add(APP_KEYS, doc)
        emit(call, "app.keys.generate", [app_target(app)])
    call.headers.append(("Location", f"{call.base}/api/v1/apps/{app['id']}/credentials/keys/{doc['kid']}"))
    return render(doc)
