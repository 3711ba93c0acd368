"""Themes of brands and their pictures: /api/v1/brands/{brandId}/themes. Source: the vendor's documentation."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import branding, pictures, shapes
from emulator.okta.branding import AT, COLOURS, CONTRASTS, HEX, MANAGE, PICTURES, READ, THEMES, VARIANTS
from emulator.okta.events import emit, target
from emulator.okta.links import link
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found

_AT = AT + "/{brandId}/themes"
_ONE = _AT + "/{themeId}"
# Inferred: the vendor's catalogue is known to hold events of brands; a theme's changes are its brand's.
_EVENT = "system.brand.update"
_CHANGES: Any = {"source": DOCUMENTED, "emits": (_EVENT,), **MANAGE}
_SHOWN = {"_logo": "logo", "_favicon": "favicon", "_background": "backgroundImage"}
_STOCK = {"_logo": "/assets/img/logos/okta-logo.png", "_favicon": "/favicon.ico", "_background": None}
_KINDS = {"logo": pictures.KINDS, "favicon": pictures.ICON, "background-image": pictures.KINDS}
_MOST_KB = {"logo": 1024, "favicon": 1024, "background-image": 2048}


def render(call: Call, theme: Doc) -> Doc:
    at = f"{call.base}{AT}/{theme['_brandId']}/themes/{theme['id']}"
    found: Doc = {"id": theme["id"]}
    for field, name in _SHOWN.items():
        stock = _STOCK[field]
        found[name] = pictures.url(call, theme[field]) if theme[field] else stock and call.base + stock
    links = {name: link(f"{at}/{name}", "POST", "DELETE") for name in PICTURES}
    return {**found, **public(theme), "_links": {**links, "self": link(at, "GET", "PUT")}}


def _load(call: Call) -> tuple[Doc, Doc]:
    brand = branding.load(call)
    found: Doc | None = call.store.get(THEMES, call.path["themeId"])
    if found is None or found["_brandId"] != brand["id"]:
        raise not_found(call.path["themeId"], "Theme")
    return brand, found


def fields(body: Doc, before: Doc) -> Doc:
    """What a theme is replaced with. Raises E0000001 with every cause, or E0000003 for a value of another type.

    A contrast colour that is not given follows its colour, unless somebody once chose it.
    """
    found: Doc = {}
    wrong: list[tuple[str, str, Any]] = []
    for name in (*COLOURS, *CONTRASTS):
        value = body.get(name)
        if value is not None and HEX.fullmatch(shapes.text(value, name)) is None:
            wrong.append((name, f"{name}: Invalid color hex: {value[:40]}.", value[:40]))
        elif name in CONTRASTS and value is not None and value.lower() not in ("#000000", "#ffffff"):
            wrong.append((name, f"{name}: '{value}' is invalid. Valid values: [#000000, #ffffff].", value))
        elif value is not None:
            found[name] = value
    for name, allowed in VARIANTS.items():
        value = body.get(name)
        if value is not None and shapes.text(value, name) not in allowed:
            cause = f"{name}: '{value[:60]}' is invalid. Valid values: [{', '.join(allowed)}]."
            wrong.append((name, cause, value[:60]))
        elif value is not None:
            found[name] = value
    if wrong:
        compared = tuple(Compared(name, value, "request body") for name, _, value in wrong)
        raise invalid(wrong[0][0], *(cause for _, cause, _ in wrong), why=Why("A theme has no such value.", compared))
    chosen = {*before.get("_chosen", ()), *(name for name in CONTRASTS if name in found)}
    for name, of in CONTRASTS.items():
        if name not in chosen:
            found[name] = branding.contrast(str(found.get(of) or before[of]))
    return {**found, "_chosen": sorted(chosen)}


@operation("GET", _AT, source=DOCUMENTED, **READ)
def list_themes(call: Call) -> list[Doc]:
    """A brand's themes: there is one."""
    return [render(call, branding.theme_of(call.store, branding.load(call)))]


@operation("GET", _ONE, source=DOCUMENTED, **READ)
def get_theme(call: Call) -> Doc:
    """One theme."""
    return render(call, _load(call)[1])


@operation("PUT", _ONE, **_CHANGES)
def replace_theme(call: Call) -> Doc:
    """Replace a theme's colours and variants; its pictures stay."""
    brand, theme = _load(call)
    body = body_object(call)
    for name in (*COLOURS, *VARIANTS):
        if body.get(name) is None and name != "loadingPageTouchPointVariant":
            raise shapes.blank(name)
    return render(call, _keep(call, brand, {**theme, **fields(body, theme)}))


def _keep(call: Call, brand: Doc, theme: Doc) -> Doc:
    call.store.put(THEMES, theme)
    about = [target("Brand", brand["id"], name=brand["name"]), target("Theme", theme["id"], name=brand["name"])]
    emit(call, _EVENT, about)
    return theme


def _upload(call: Call, picture: str) -> Doc:
    brand, theme = _load(call)
    data = pictures.form_file(call)
    kind = pictures.checked(data, kinds=_KINDS[picture], most_kb=_MOST_KB[picture])
    field = PICTURES[picture]
    id = pictures.kept(call, data, kind, instead_of=theme[field])
    _keep(call, brand, {**theme, field: id})
    return {"url": pictures.url(call, id)}


def _remove(call: Call, picture: str) -> None:
    from emulator.okta.resources.app_logos import LOGOS

    brand, theme = _load(call)
    field = PICTURES[picture]
    if theme[field]:
        call.store.drop(LOGOS, theme[field])
        _keep(call, brand, {**theme, field: None})


@operation("POST", _ONE + "/logo", body="bytes", **_CHANGES)
def upload_theme_logo(call: Call) -> Doc:
    """Take a PNG, JPG or GIF of at most 1 MB as the theme's logo."""
    return _upload(call, "logo")


@operation("DELETE", _ONE + "/logo", **_CHANGES)
def delete_theme_logo(call: Call) -> None:
    """Go back to the stock logo."""
    _remove(call, "logo")


@operation("POST", _ONE + "/favicon", body="bytes", status=201, **_CHANGES)
def upload_theme_favicon(call: Call) -> Doc:
    """Take a PNG or ICO as the theme's favicon."""
    return _upload(call, "favicon")


@operation("DELETE", _ONE + "/favicon", **_CHANGES)
def delete_theme_favicon(call: Call) -> None:
    """Go back to the stock favicon."""
    _remove(call, "favicon")


@operation("POST", _ONE + "/background-image", body="bytes", status=201, **_CHANGES)
def upload_theme_background(call: Call) -> Doc:
    """Take a PNG, JPG or GIF of at most 2 MB as the background of the theme's pages."""
    return _upload(call, "background-image")


@operation("DELETE", _ONE + "/background-image", **_CHANGES)
def delete_theme_background(call: Call) -> None:
    """Take the background picture away."""
    _remove(call, "background-image")
