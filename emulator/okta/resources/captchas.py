"""CAPTCHAs: /api/v1/captchas and the org's use of one, /api/v1/org/captcha.

Source: the vendor's SDK models; okta-admin-api.md (E0000166, E0000168, system.org.captcha.*).

# Differs: no page of the org shows one, for that would load a provider's script.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import shapes
from emulator.okta.events import emit, target
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.okta.shapes import many, one_of, record
from emulator.store import Kind

CAPTCHAS = Kind("captchas", settled=True)
SETTINGS = Kind("captcha_settings", settled=True)
_AT, _ORG = "/api/v1/captchas", "/api/v1/org/captcha"
_READ: Any = {"scope": ("okta.captchas.read",)}
_MANAGE: Any = {"scope": ("okta.captchas.manage",)}
_ONLY = "org"
_EVENT = "system.org.captcha."
_PARTS: dict[str, shapes.Read] = {
    "name": shapes.bounded(255, least=1), "type": one_of("HCAPTCHA", "RECAPTCHA_V2"),
    "siteKey": shapes.bounded(255, least=1), "secretKey": shapes.bounded(255, least=1),
}  # fmt: skip
_WHOLE, _SOME = record(_PARTS, needed=tuple(_PARTS)), record(_PARTS)
_USE = record({"captchaId": shapes.bounded(100), "enabledPages": many(one_of("SIGN_IN", "SSPR", "SSR"), most=3)})


def _render(call: Call, item: Doc) -> Doc:
    shown = {name: value for name, value in public(item).items() if name != "secretKey"}
    links = {"self": {"href": f"{call.base}{_AT}/{item['id']}", "hints": {"allow": ["GET", "POST", "PUT", "DELETE"]}}}
    return {**shown, "_links": links}


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(CAPTCHAS, call.path["captchaId"])
    if found is None:
        raise not_found(call.path["captchaId"], "CAPTCHAInstance")
    return found


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_captchas(call: Call) -> list[Doc]:
    """The org's CAPTCHA, as a list."""
    return [_render(call, item) for item in call.store.all(CAPTCHAS)]


@operation("POST", _AT, source=DOCUMENTED, status=201, **_MANAGE)
def create_captcha(call: Call) -> Doc:
    """Set up a CAPTCHA; an org has one. E0000166 for a second."""
    fields: Doc = _WHOLE(body_object(call), "")
    present = call.store.all(CAPTCHAS)
    if present:
        compared = (Compared("present", present[0]["id"], "the org"),)
        raise Problem("E0000166", why=Why("An org has one CAPTCHA at most.", compared))
    made = {"id": call.ids.okta("uab"), **fields}
    call.store.add(CAPTCHAS, made)
    return _render(call, made)


@operation("GET", _AT + "/{captchaId}", source=DOCUMENTED, **_READ)
def get_captcha(call: Call) -> Doc:
    """One CAPTCHA."""
    return _render(call, _load(call))


@operation("POST", _AT + "/{captchaId}", source=DOCUMENTED, **_MANAGE)
def update_captcha(call: Call) -> Doc:
    """Change what the request names."""
    item = _load(call)
    return _stored(call, {**item, **_SOME(body_object(call), "")})


@operation("PUT", _AT + "/{captchaId}", source=DOCUMENTED, **_MANAGE)
def replace_captcha(call: Call) -> Doc:
    """Replace a CAPTCHA."""
    return _stored(call, {"id": _load(call)["id"], **_WHOLE(body_object(call), "")})


def _stored(call: Call, item: Doc) -> Doc:
    call.store.put(CAPTCHAS, item)
    return _render(call, item)


@operation("DELETE", _AT + "/{captchaId}", source=DOCUMENTED, **_MANAGE)
def delete_captcha(call: Call) -> None:
    """Remove a CAPTCHA. E0000168 while the org uses it."""
    item, use = _load(call), _settings(call)
    if use["captchaId"] == item["id"]:
        compared = (Compared("captchaId", item["id"], "the org's CAPTCHA settings"),)
        raise Problem("E0000168", why=Why("The org uses the CAPTCHA.", compared, "DELETE /api/v1/org/captcha first."))
    call.store.drop(CAPTCHAS, item["id"])


# -- the org's use of it -----------------------------------------------------------------------------------------------


def _settings(call: Call) -> Doc:
    found: Doc | None = call.store.get(SETTINGS, _ONLY)
    return found or {"id": _ONLY, "captchaId": None, "enabledPages": None}


def _shown(call: Call, use: Doc) -> Doc:
    links: Doc = {"self": {"href": f"{call.base}{_ORG}", "hints": {"allow": ["GET", "PUT", "DELETE"]}}}
    if use["captchaId"]:
        links["captcha"] = {"href": f"{call.base}{_AT}/{use['captchaId']}", "hints": {"allow": ["GET", "POST", "PUT"]}}
    return {"captchaId": use["captchaId"], "enabledPages": use["enabledPages"], "_links": links}


@operation("GET", _ORG, source=DOCUMENTED, **_READ)
def get_org_captcha(call: Call) -> Doc:
    """Which pages ask for which CAPTCHA."""
    return _shown(call, _settings(call))


@operation("PUT", _ORG, source=DOCUMENTED, emits=(_EVENT + "activate", _EVENT + "deactivate"), **_MANAGE)
def replace_org_captcha(call: Call) -> Doc:
    """Say which pages ask for it; without pages none does."""
    sent: Doc = _USE(body_object(call), "")
    id = sent.get("captchaId")
    if id and call.store.get(CAPTCHAS, id) is None:
        why = Why("The org has no such CAPTCHA.", (Compared("captchaId", id, "request body"),))
        raise invalid("captchaId", "captchaId: is not valid", why=why)
    use = {"id": _ONLY, "captchaId": id or None, "enabledPages": sent.get("enabledPages") or None}
    if use["enabledPages"] and not id:
        raise shapes.blank("captchaId")
    _use(call, use)
    return _shown(call, use)


@operation("DELETE", _ORG, source=DOCUMENTED, emits=(_EVENT + "deactivate",), **_MANAGE)
def delete_org_captcha(call: Call) -> None:
    """Let no page ask for it."""
    _use(call, {"id": _ONLY, "captchaId": None, "enabledPages": None})


def _use(call: Call, use: Doc) -> None:
    before = _settings(call)
    call.store.save(SETTINGS, use)
    kind = "activate" if use["enabledPages"] else "deactivate"
    about = use["captchaId"] or before["captchaId"] or _ONLY
    emit(call, _EVENT + kind, [target("CAPTCHA", about)])
