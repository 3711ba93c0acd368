"""Authenticators of an Identity Engine org: /api/v1/authenticators. Source: okta-admin-api.md 14, appendix C.

They are never deleted, only switched off, which a policy that names one forbids.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import authenticator_use, rp_id, shapes, subscription
from emulator.okta.authenticator_catalogue import CATALOGUE, Authenticator, new_authenticator
from emulator.okta.events import emit, target
from emulator.okta.mfa import fastpass
from emulator.okta.params import body_object, flag, part, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import org_features
from emulator.store import Column, Kind

AUTHENTICATORS = Kind("authenticators", (Column("key"), Column("status")), settled=True)
SEED_RANK = 15
_AT = "/api/v1/authenticators"
_READ: Any = {"scope": ("okta.authenticators.read",)}
_MANAGE: Any = {"scope": ("okta.authenticators.manage",)}
_EVENT = "security.authenticator.lifecycle."
_CHOICE = "com.okta.services.factors.iface.dto.AuthenticatorCatalog"
"""What the vendor calls the key of an authenticator that is asked for (observed in a refusal)."""


def ids_by_key(store: Any) -> dict[str, str]:
    """The org's authenticators, key to id; of several of one key, the first."""
    found: dict[str, str] = {}
    for item in store.all(AUTHENTICATORS):
        found.setdefault(item["key"], item["id"])
    return found


def render(call: Call, item: Doc) -> Doc:
    """The authenticator as the API shows it; secrets of providers are written only."""
    at, kind = f"{call.base}{_AT}/{item['id']}", CATALOGUE[item["key"]]
    links: Doc = {"self": {"href": at, "hints": {"allow": ["GET", "PUT"]}}}
    if not kind.fixed:
        action = "deactivate" if item["status"] == "ACTIVE" else "activate"
        links[action] = {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}
    links["methods"] = {"href": f"{at}/methods", "hints": {"allow": ["GET"]}}
    if kind.device:
        links["enroll"] = {"href": f"{call.base}/idp/authenticators", "hints": {"allow": ["POST"]}}
    early = "earlyAccess" not in subscription.lacking(call)
    if kind.key == "webauthn" and early:
        links["aaguids"] = {"href": f"{at}/aaguids", "hints": {"allow": ["GET", "POST"]}}
    shown = public(item)
    if not early and "settings" in shown:
        shown["settings"] = {
            name: value for name, value in item["settings"].items() if name != "enrollmentSecurityLevel"
        }
    configuration = dig(item, "provider.configuration")
    if isinstance(configuration, dict):
        secrets = ("secretKey", "sharedSecret")
        open_part = {key: value for key, value in configuration.items() if key not in secrets}
        shown["provider"] = {**item["provider"], "configuration": open_part}
    return {**shown, "_links": links}


def load(call: Call) -> Doc:
    """The authenticator that the path names. Raises 404."""
    found: Doc | None = call.store.get(AUTHENTICATORS, call.path["authenticatorId"])
    if found is None:
        raise not_found(call.path["authenticatorId"], "Authenticator")
    return found


def authenticator_target(item: Doc) -> Doc:
    return target("Authenticator", item["id"], name=item["name"])


@operation("GET", _AT, source=OBSERVED, **_READ)
def list_authenticators(call: Call) -> list[Doc]:
    """Every authenticator of the org by name; never paged."""
    found = sorted(call.store.all(AUTHENTICATORS), key=lambda item: str(item["name"]).casefold())
    return [render(call, item) for item in found]


@operation("POST", _AT, source=OBSERVED, query=("activate",), emits=(_EVENT + "create",), **_MANAGE)
def create_authenticator(call: Call) -> Doc:
    """Set up another authenticator. E0000157 (409) where the org has one of that key already.

    What every org has from its first day is no choice at all (observed: E0000001).
    """
    body = body_object(call)
    kind = CATALOGUE[shapes.one_of(*CATALOGUE)(body.get("key"), "key")]
    name = shapes.bounded(255, least=1)(body["name"], "name") if body.get("name") is not None else kind.name
    org_features.check_authenticator(call, kind.key)
    present = call.store.find_all(AUTHENTICATORS, "key", kind.key)
    if present and not kind.many:
        compared = (Compared("key", kind.key, "request body"), Compared("present", present[0]["id"], "authenticators"))
        why = Why("An org has one authenticator of this key.", compared)
        if kind.seeded == "ACTIVE":
            raise invalid(_CHOICE, "The field has an invalid value", why=why)
        raise Problem("E0000157", kind.key, why=why)
    status = "ACTIVE" if flag(call, "activate", True) else "INACTIVE"
    made = new_authenticator(kind, id=call.ids.okta("aut"), now=call.now, status=status)
    made["name"] = name
    _change(made, kind, body)
    call.store.add(AUTHENTICATORS, made)
    emit(call, _EVENT + "create", [authenticator_target(made)])
    return render(call, made)


@operation("GET", _AT + "/{authenticatorId}", source=OBSERVED, **_READ)
def get_authenticator(call: Call) -> Doc:
    """One authenticator."""
    return render(call, load(call))


@operation("PUT", _AT + "/{authenticatorId}", source=OBSERVED, emits=(_EVENT + "update",), **_MANAGE)
def replace_authenticator(call: Call) -> Doc:
    """Replace name, settings and provider; settings that are left out keep their values (inferred)."""
    item, body = load(call), body_object(call)
    if body.get("key") is not None and body["key"] != item["key"]:
        raise shapes.bad("key", body["key"], allowed=item["key"])
    if body.get("name") is not None:
        item["name"] = shapes.bounded(255, least=1)(body["name"], "name")
    _change(item, CATALOGUE[item["key"]], body)
    save(call, item)
    return render(call, item)


def _change(item: Doc, kind: Authenticator, body: Doc) -> None:
    """Read settings and provider of a request into the document."""
    sent = part(body, "settings")
    if sent is not None and kind.read:
        item["settings"] = shapes.over(item.get("settings", {}), shapes.record(kind.read)(sent, "settings"))
    sent = part(body, "provider")
    if sent is not None and kind.provider_read:
        item["provider"] = shapes.over(item.get("provider", {}), shapes.record(kind.provider_read)(sent, "provider"))


@operation(
    "POST", _AT + "/{authenticatorId}/lifecycle/activate", source=OBSERVED, body="none", emits=(_EVENT + "activate",),
    **_MANAGE,
)  # fmt: skip
def activate_authenticator(call: Call) -> Doc:
    """Switch an authenticator on."""
    return _set_status(call, load(call), "ACTIVE")


@operation(
    "POST", _AT + "/{authenticatorId}/lifecycle/deactivate", source=OBSERVED, body="none",
    emits=(_EVENT + "deactivate",), **_MANAGE,
)  # fmt: skip
def deactivate_authenticator(call: Call) -> Doc:
    """Switch an authenticator off; not while policies need it (E0000148, E0000001)."""
    item = load(call)
    if item["status"] == "ACTIVE":
        authenticator_use.refuse_used(call, item)
    return _set_status(call, item, "INACTIVE")


def _set_status(call: Call, item: Doc, status: str) -> Doc:
    if item["status"] != status:
        item["status"] = status
        save(call, item, _EVENT + ("activate" if status == "ACTIVE" else "deactivate"))
    return render(call, item)


def save(call: Call, item: Doc, event: str = _EVENT + "update") -> None:
    """Keep an authenticator that has changed, and log it."""
    item["lastUpdated"] = stamp(call.now)
    call.store.put(AUTHENTICATORS, item)
    emit(call, event, [authenticator_target(item)])


def _method(call: Call) -> tuple[Doc, str]:
    item, name = load(call), call.path["methodType"]
    if name not in item["_methods"]:
        raise not_found(name, "AuthenticatorMethod")
    return item, name


def _render_method(call: Call, item: Doc, name: str) -> Doc:
    """The method as the API shows it; the only one, and a fixed one, goes on and off with its authenticator."""
    at, method = f"{call.base}{_AT}/{item['id']}/methods/{name}", item["_methods"][name]
    links: Doc = {"self": {"href": at, "hints": {"allow": ["GET", "PUT"]}}}
    if len(item["_methods"]) > 1 and not CATALOGUE[item["key"]].methods[name].fixed:
        action = "deactivate" if method["status"] == "ACTIVE" else "activate"
        links[action] = {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}
    return {"type": name, **method, "_links": links}


@operation("GET", _AT + "/{authenticatorId}/methods", source=OBSERVED, **_READ)
def list_authenticator_methods(call: Call) -> list[Doc]:
    """The methods of an authenticator, ACTIVE ones first (observed in two orgs)."""
    item = load(call)
    names = sorted(item["_methods"], key=lambda name: item["_methods"][name]["status"] != "ACTIVE")
    return [_render_method(call, item, name) for name in names]


@operation("GET", _AT + "/{authenticatorId}/methods/{methodType}", source=DOCUMENTED, **_READ)
def get_authenticator_method(call: Call) -> Doc:
    """One method of an authenticator."""
    return _render_method(call, *_method(call))


@operation(
    "PUT", _AT + "/{authenticatorId}/methods/{methodType}", source=DOCUMENTED, emits=(_EVENT + "update",), **_MANAGE
)
def replace_authenticator_method(call: Call) -> Doc:
    """Replace a method's settings, and its status where one is sent."""
    (item, name), body = _method(call), body_object(call)
    method, kind = item["_methods"][name], CATALOGUE[item["key"]].methods[name]
    if body.get("status") is not None:
        method["status"] = shapes.one_of("ACTIVE", "INACTIVE")(body["status"], "status")
    sent = part(body, "settings")
    if sent is not None and kind.read:
        given, before = shapes.record(kind.read)(sent, "settings"), method.get("settings", {})
        if "rpId" in given:
            given["rpId"] = rp_id.merged(call, before.get("rpId"), given["rpId"] or {})
        method["settings"] = shapes.over(before, given)
    save(call, item)
    return _render_method(call, item, name)


@operation(
    "POST", _AT + "/{authenticatorId}/methods/{methodType}/lifecycle/activate", source=DOCUMENTED, body="none",
    emits=(_EVENT + "update",), **_MANAGE,
)  # fmt: skip
def activate_authenticator_method(call: Call) -> Doc:
    """Switch a method on."""
    return _set_method(call, "ACTIVE")


@operation(
    "POST", _AT + "/{authenticatorId}/methods/{methodType}/lifecycle/deactivate", source=DOCUMENTED, body="none",
    emits=(_EVENT + "update",), **_MANAGE,
)  # fmt: skip
def deactivate_authenticator_method(call: Call) -> Doc:
    """Switch a method off; an ACTIVE authenticator keeps one (inferred)."""
    item, name = _method(call)
    others = [other for other, method in item["_methods"].items() if other != name and method["status"] == "ACTIVE"]
    if item["status"] == "ACTIVE" and not others and item["_methods"][name]["status"] == "ACTIVE":
        authenticator_use.refuse_used(call, item)
    fastpass.refuse_needed(call, item["key"], name)
    return _set_method(call, "INACTIVE")


def _set_method(call: Call, status: str) -> Doc:
    item, name = _method(call)
    if item["_methods"][name]["status"] != status:
        item["_methods"][name]["status"] = status
        save(call, item)
    return _render_method(call, item, name)


def seed(seeding: Seeding) -> None:
    """The authenticators of a new Identity Engine org; a Classic one has none (its factors are elsewhere)."""
    if seeding.spec.get("engine", "oie") == "classic":
        return
    for kind in CATALOGUE.values():
        if kind.seeded:
            id = seeding.ids.okta("aut")
            seeding.store.add(AUTHENTICATORS, new_authenticator(kind, id=id, now=seeding.now, status=kind.seeded))
