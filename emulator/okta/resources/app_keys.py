"""Signing keys of apps: /api/v1/apps/{appId}/credentials/keys. Source: okta-admin-api.md 5 and the recorded JWKs."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import federating, key_material
from emulator.okta.app_kinds import APP_KEYS, APPS
from emulator.okta.app_types import OIDC
from emulator.okta.events import app_target, emit
from emulator.okta.problems import invalid, not_found
from emulator.okta.tokens import org

__all__ = ["APP_KEYS"]
_ORDER = ("kty", "created", "lastUpdated", "expiresAt", "kid", "use", "x5c", "x5t#S256", "e", "n")


def render(doc: Doc) -> Doc:
    """The key as a JWK: its public half."""
    shown = public(doc)
    return {name: shown[name] for name in _ORDER}


def keys_of(call: Call, app: Doc) -> list[Doc]:
    """An app's keys, oldest first; an OpenID Connect app has one from the start."""
    stored: list[Doc] = call.store.find_all(APP_KEYS, "_appId", app["id"])
    if app["signOnMode"] != OIDC:
        return stored
    return [key_material.first(call.ids, app, name=org(call)["subdomain"]), *stored]


def _load(call: Call, app: Doc) -> Doc:
    kid = call.path["keyId"]
    found = next((doc for doc in keys_of(call, app) if doc["kid"] == kid), None)
    if found is None:
        raise not_found(kid, "JsonWebKey")
    return found


@operation(
    "GET", "/api/v1/apps/{appId}/credentials/keys", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get"
)
def list_keys(call: Call) -> list[Doc]:
    """Every key of an app; `credentials.signing.kid` of the app names the one in use."""
    from emulator.okta.resources import apps

    return [render(doc) for doc in keys_of(call, apps.load(call))]


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

    return render(_load(call, apps.load(call)))


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
        federating.key_changed(call, app)
    call.headers.append(("Location", f"{call.base}/api/v1/apps/{app['id']}/credentials/keys/{doc['kid']}"))
    return render(doc)


@operation(
    "POST", "/api/v1/apps/{appId}/credentials/keys/{keyId}/clone", source=DOCUMENTED, scope=("okta.apps.manage",),
    bucket="apps.get", status=201, body="none", query=("targetAid",), emits=("app.keys.clone",),
)  # fmt: skip
def clone_key(call: Call) -> Doc:
    """Give another app (`targetAid`) the same key, so that both sign alike."""
    from emulator.okta.resources import apps

    found, wanted = _load(call, apps.load(call)), call.params.get("targetAid", "")
    if not wanted:
        why = Why("targetAid names the app that gets the key.", (Compared("targetAid", wanted, "query"),))
        raise Problem("E0000028", why=why)
    target = call.store.get(APPS, wanted)
    if target is None:
        raise not_found(wanted[:100], "AppInstance")
    if any(doc["kid"] == found["kid"] for doc in keys_of(call, target)):
        compared = (Compared("kid", found["kid"], "request path"), Compared("targetAid", wanted, "query"))
        raise Problem("E0000096", found["kid"], why=Why("The target app has the key already.", compared))
    made = {**found, "id": f"{target['id']}.{found['kid']}", "_appId": target["id"]}
    call.store.add(APP_KEYS, made)
    emit(call, "app.keys.clone", [app_target(target)])
    call.headers.append(("Location", f"{call.base}/api/v1/apps/{target['id']}/credentials/keys/{made['kid']}"))
    return render(made)
