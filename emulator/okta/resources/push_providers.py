"""Providers of push messages for apps of one's own: /api/v1/push-providers. Source: the vendor's SDK 3 and recordings.

# Differs: nothing is pushed, so a provider's key is not kept.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import shapes
from emulator.okta.links import link
from emulator.okta.params import body_object, part, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.authenticators import AUTHENTICATORS
from emulator.store import Column, Kind

PROVIDERS = Kind("push_providers", (Column("providerType"),), settled=True)
_AT = "/api/v1/push-providers"
_ONE = _AT + "/{pushProviderId}"
_READ: Any = {"source": OBSERVED, "scope": ("okta.pushProviders.read",)}
_MANAGE: Any = {"source": OBSERVED, "scope": ("okta.pushProviders.manage",)}
_line = shapes.bounded(255, least=1)
_kind = shapes.one_of("APNS", "FCM")
_Fields = dict[str, dict[str, shapes.Read]]
_SHOWN: _Fields = {
    "APNS": {"fileName": _line, "teamId": _line, "keyId": _line}, "FCM": {"fileName": _line, "projectId": _line},
}  # fmt: skip
_KEY: _Fields = {
    "APNS": {"tokenSigningKey": shapes.bounded(8192, least=1)}, "FCM": {"serviceAccountJson": shapes.anything},
}  # fmt: skip
_NEEDED = {"APNS": ("teamId", "keyId", "tokenSigningKey"), "FCM": ("serviceAccountJson",)}


def _render(call: Call, provider: Doc) -> Doc:
    links = {"self": link(f"{call.base}{_AT}/{provider['id']}", "GET", "PUT", "DELETE")}
    return {**provider, "_links": links}


def _load(call: Call) -> Doc:
    id = call.path["pushProviderId"]
    found: Doc | None = call.store.get(PROVIDERS, id)
    if found is None:
        raise not_found(id, "PushProviderConfigEntity")
    return found


def _read(call: Call, before: Doc | None) -> Doc:
    """Name, type and configuration of a request; a replacement may leave the key out. Raises E0000001."""
    body = body_object(call)
    missing = [name for name in ("name", "providerType", "configuration") if body.get(name) is None]
    if missing:
        why = Why("A provider has them all.", tuple(Compared(name, None, "request body") for name in missing))
        raise invalid(missing[0], *(f"{name}: The field cannot be left blank" for name in missing), why=why)
    kind = str(_kind(body["providerType"], "providerType"))
    if before is not None and before["providerType"] != kind:
        raise shapes.bad("providerType", kind, allowed=before["providerType"])
    needed = tuple(name for name in _NEEDED[kind] if before is None or name not in _KEY[kind])
    read: Doc = shapes.record({**_SHOWN[kind], **_KEY[kind]}, needed=needed)(body["configuration"], "configuration")
    account = part(read, "serviceAccountJson")
    if account is not None and isinstance(account.get("project_id"), str):
        read["projectId"] = account["project_id"]
    shown = {name: read[name] for name in _SHOWN[kind] if name in read}
    return {
        "providerType": kind, "name": _line(body["name"], "name"), "lastUpdatedDate": stamp(call.now),
        "configuration": {**(before["configuration"] if before else {}), **shown},
    }  # fmt: skip


@operation("GET", _AT, query=("type",), **_READ)
def list_push_providers(call: Call) -> list[Doc]:
    """Providers, all or of one `type`."""
    kind = call.params.get("type")
    found = call.store.find_all(PROVIDERS, "providerType", _kind(kind, "type")) if kind else call.store.all(PROVIDERS)
    return [_render(call, provider) for provider in found]


@operation("POST", _AT, **_MANAGE)
def create_push_provider(call: Call) -> Doc:
    """Add a provider: APNs with team and key, or FCM with a service account."""
    made = _read(call, None)
    provider = {"id": call.ids.okta("ppc"), **made}
    call.store.add(PROVIDERS, provider)
    return _render(call, provider)


@operation("GET", _ONE, **_READ)
def get_push_provider(call: Call) -> Doc:
    """One provider."""
    return _render(call, _load(call))


@operation("PUT", _ONE, **_MANAGE)
def replace_push_provider(call: Call) -> Doc:
    """Replace a provider."""
    provider = _load(call)
    provider |= _read(call, provider)
    call.store.put(PROVIDERS, provider)
    return _render(call, provider)


@operation("DELETE", _ONE, **_MANAGE)
def delete_push_provider(call: Call) -> None:
    """Delete a provider that no authenticator pushes by. Raises E0000187."""
    provider = _load(call)
    for item in call.store.all(AUTHENTICATORS):
        used = dig(item, "provider.configuration") or {}
        if provider["id"] in (dig(used, "fcm.id"), dig(used, "apns.id")):
            why = Why("An authenticator pushes by it.", (Compared("authenticator", item["id"], "authenticators"),))
            raise Problem("E0000187", why=why)
    call.store.drop(PROVIDERS, provider["id"])
