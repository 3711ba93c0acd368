"""A brand's pages: error and sign-in page, default, customized and preview. /api/v1/brands/{brandId}/pages.

Source: the vendor's documentation and schemas; appendix D (E0000213). The default brand's pages keep the stock content.

# Differs: content of one's own is stored and can be previewed, without its scripts; the lab's own pages stay what they
are, with the brand's colours and labels, because what somebody else wrote never runs in them.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import branding, custom_domains, shapes, subscription
from emulator.okta.branding import MANAGE, READ
from emulator.okta.events import emit, target
from emulator.okta.links import link
from emulator.okta.params import body_object
from emulator.okta.problems import not_found
from emulator.store import Column, Kind

PAGES = Kind("brand_pages", (Column("_brandId"),), settled=True)
_AT = branding.AT + "/{brandId}/pages"
_PREVIEW = inferred("the vendor shows a preview to a signed-in administrator; who may ask here is inferred")
_EVENTS = {"error": "system.custom_error.update", "sign-in": "system.custom_signin.update"}
_STATES = ("default", "customized", "preview")
_WIDGETS = (
    "*", "^7", "^6", "^5", "^4", "^3", "^2", "^1", "7.30", "7.29", "7.28", "7.18", "6.9", "5.16", "4.5", "3.9", "2.21",
)  # fmt: skip
_version = shapes.matching(r"\*|\^?\d{1,9}(?:\.\d{1,9}){0,2}", "*, ^7, 7 or 7.18")
_MOST = 256 * 1024
_label = shapes.bounded(2000)
_KEEP = "postAuthKeepMeSignedInPrompt"
_PROMPT = ("acceptButtonText", "rejectButtonText", "subtitle", "title")
_LABELS = (
    "signInLabel", "usernameLabel", "usernameInfoTip", "passwordLabel", "passwordInfoTip", "forgotPasswordLabel",
    "forgotPasswordUrl", "unlockAccountLabel", "unlockAccountUrl", "helpLabel", "helpUrl", "customLink1Label",
    "customLink1Url", "customLink2Label", "customLink2Url", "authenticatorPageCustomLinkLabel",
    "authenticatorPageCustomLinkUrl", "classicRecoveryFlowEmailOrUsernameLabel",
)  # fmt: skip
_TEXTS = {
    "signInLabel": "Sign In", "usernameLabel": "Username", "passwordLabel": "Password",
    "forgotPasswordLabel": "Forgot password?", "unlockAccountLabel": "Unlock account?", "helpLabel": "Help",
    "classicRecoveryFlowEmailOrUsernameLabel": "Email or Username",
}  # fmt: skip


_csp = shapes.record(
    {"mode": shapes.one_of("enforced", "report_only"), "reportUri": shapes.bounded(1024), "srcList": shapes.texts}
)
_widget = shapes.record({
    **dict.fromkeys((*_LABELS, "classicFooterHelpTitle"), _label), "showPasswordVisibilityToggle": shapes.boolean,
    "showUserIdentifier": shapes.boolean, "widgetGeneration": shapes.one_of("G2", "G3"),
    _KEEP: shapes.record(dict.fromkeys(_PROMPT, _label)),
})  # fmt: skip
_ERROR: dict[str, Any] = {"pageContent": shapes.bounded(_MOST), "contentSecurityPolicySetting": _csp}
_FIELDS = {
    "error": shapes.record(_ERROR),
    "sign-in": shapes.record({**_ERROR, "widgetCustomizations": _widget, "widgetVersion": _version}),
}
_SHELL = "<!DOCTYPE html><html><head><title>{{pageTitle}}</title></head><body><h1>%s</h1></body></html>"
_STOCK: dict[str, Doc] = {
    "error": {"pageContent": _SHELL % "{{errorSummary}}"},
    "sign-in": {"pageContent": _SHELL % "{{orgName}}", "widgetVersion": "^7", "widgetCustomizations": {
        **dict.fromkeys(_LABELS, ""), **_TEXTS, "widgetGeneration": "G2", "showPasswordVisibilityToggle": True,
        "showUserIdentifier": True, _KEEP: {
            "title": "Keep me signed in", "subtitle": "You will be asked for less when you come back.",
            "acceptButtonText": "Stay signed in", "rejectButtonText": "Don't stay signed in",
        },
    }},
}  # fmt: skip
_UNSET: Doc = {
    **dict.fromkeys(_LABELS), "showPasswordVisibilityToggle": False, "showUserIdentifier": False,
    "widgetGeneration": "G3",
}  # fmt: skip


def key(brand: Doc, page: str, state: str) -> str:
    return f"{brand['id']}/{page}/{state}"


def stored(store: Any, brand: Doc, page: str, state: str = "customized") -> Doc | None:
    """A page that was customized, or its preview."""
    found: Doc | None = store.get(PAGES, key(brand, page, state))
    return found


def shown(row: Doc, page: str) -> Doc:
    """A page as it is asked for: a sign-in page has every label, and null for what nobody set (observed)."""
    found = _answered(row, page)
    if page == "sign-in":
        prompt = found["widgetCustomizations"].get(_KEEP) or {}
        found["widgetCustomizations"][_KEEP] = {**dict.fromkeys(_PROMPT), **prompt}
    return found


def _answered(row: Doc, page: str) -> Doc:
    """A page as the answer to its change has it, without a prompt that was not sent (observed)."""
    found = {key: value for key, value in public(row).items() if key != "id"}
    if page != "sign-in":
        return found
    widget = {**_UNSET, **(found.get("widgetCustomizations") or {})}
    return {"pageContent": None, "widgetVersion": None, **found, "widgetCustomizations": widget}


def _state(call: Call, page: str, state: str) -> Doc:
    brand = branding.load(call)
    if state == "default":
        return _held(call, _STOCK[page])
    found = stored(call.store, brand, page, state)
    if found is None:
        raise not_found(f"{brand['id']}/{page}/{state}", "CustomizablePage")
    return _held(call, shown(found, page))


def _held(call: Call, page: Doc) -> Doc:
    """A page without the prompt to stay signed in, where the org has not got it (observed)."""
    widget = page.get("widgetCustomizations")
    if widget is None or "earlyAccess" not in subscription.lacking(call):
        return page
    return {**page, "widgetCustomizations": {name: value for name, value in widget.items() if name != _KEEP}}


def _root(call: Call, page: str) -> Doc:
    brand = branding.load(call)
    at = f"{call.base}{branding.AT}/{brand['id']}/pages/{page}"
    links = {"self": link(at, "GET"), "default": link(f"{at}/default", "GET"),
             **{state: link(f"{at}/{state}", "GET", "PUT", "DELETE") for state in _STATES[1:]}}  # fmt: skip
    embedded: Doc = {}
    for name in branding.expansions(call, "default", "customized", "customizedUrl", "preview", "previewUrl"):
        found = _STOCK[page] if name == "default" else stored(call.store, brand, page, name.removesuffix("Url"))
        if name.endswith("Url"):
            embedded[name] = f"{call.base}{_SHOWN_AT[page]}{'/preview' if name == 'previewUrl' else ''}"
        elif found is not None:
            embedded[name] = _held(call, found if name == "default" else shown(found, page))
    return {**({"_embedded": embedded} if embedded else {}), "_links": links}


_SHOWN_AT = {"error": "/error", "sign-in": "/login"}


def _replace(call: Call, page: str, state: str) -> Doc:
    brand = branding.load(call)
    fields: Doc = _FIELDS[page](body_object(call), "")
    if brand["isDefault"] and fields.get("pageContent") not in (None, _STOCK[page]["pageContent"]):
        compared = (Compared("isDefault", True, "the brand"), Compared("pageContent", "changed", "request body"))
        raise Problem("E0000213", why=Why("The default brand's pages keep their content.", compared))
    row = {"id": key(brand, page, state), **fields, "_brandId": brand["id"]}
    call.store.save(PAGES, row)
    _log(call, brand, page)
    return _answered(row, page)


def _remove(call: Call, page: str, state: str) -> None:
    brand = branding.load(call)
    if call.store.drop(PAGES, key(brand, page, state)) is not None:
        _log(call, brand, page)


def _log(call: Call, brand: Doc, page: str) -> None:
    emit(call, _EVENTS[page], [target("Brand", brand["id"], name=brand["name"])])


_ON_ERROR: Any = {"source": DOCUMENTED, "emits": (_EVENTS["error"],), **MANAGE}
_ON_SIGN_IN: Any = {"source": DOCUMENTED, "emits": (_EVENTS["sign-in"],), **MANAGE}
_EXPAND: Any = {"source": DOCUMENTED, "query": ("expand",), **READ}


@operation("GET", _AT + "/error", **_EXPAND)
def get_error_page(call: Call) -> Doc:
    """What there is of the error page."""
    return _root(call, "error")


@operation("GET", _AT + "/error/default", source=DOCUMENTED, **READ)
def get_default_error_page(call: Call) -> Doc:
    """The stock error page."""
    return _state(call, "error", "default")


@operation("GET", _AT + "/error/customized", source=DOCUMENTED, **READ)
def get_customized_error_page(call: Call) -> Doc:
    """The error page of one's own."""
    return _state(call, "error", "customized")


@operation("PUT", _AT + "/error/customized", **_ON_ERROR)
def replace_customized_error_page(call: Call) -> Doc:
    """Publish an error page."""
    return _replace(call, "error", "customized")


@operation("DELETE", _AT + "/error/customized", **_ON_ERROR)
def delete_customized_error_page(call: Call) -> None:
    """Go back to the stock error page."""
    _remove(call, "error", "customized")


@operation("GET", _AT + "/error/preview", source=DOCUMENTED, **READ)
def get_preview_error_page(call: Call) -> Doc:
    """The error page that is worked on."""
    return _state(call, "error", "preview")


@operation("PUT", _AT + "/error/preview", **_ON_ERROR)
def replace_preview_error_page(call: Call) -> Doc:
    """Replace the error page that is worked on."""
    return _replace(call, "error", "preview")


@operation("DELETE", _AT + "/error/preview", **_ON_ERROR)
def delete_preview_error_page(call: Call) -> None:
    """Drop the error page that is worked on."""
    _remove(call, "error", "preview")


@operation("GET", _AT + "/sign-in", **_EXPAND)
def get_sign_in_page(call: Call) -> Doc:
    """What there is of the sign-in page."""
    return _root(call, "sign-in")


@operation("GET", _AT + "/sign-in/default", source=DOCUMENTED, **READ)
def get_default_sign_in_page(call: Call) -> Doc:
    """The stock sign-in page."""
    return _state(call, "sign-in", "default")


@operation("GET", _AT + "/sign-in/customized", source=DOCUMENTED, **READ)
def get_customized_sign_in_page(call: Call) -> Doc:
    """The sign-in page of one's own."""
    return _state(call, "sign-in", "customized")


@operation("PUT", _AT + "/sign-in/customized", **_ON_SIGN_IN)
def replace_customized_sign_in_page(call: Call) -> Doc:
    """Publish a sign-in page."""
    return _replace(call, "sign-in", "customized")


@operation("DELETE", _AT + "/sign-in/customized", **_ON_SIGN_IN)
def delete_customized_sign_in_page(call: Call) -> None:
    """Go back to the stock sign-in page."""
    _remove(call, "sign-in", "customized")


@operation("GET", _AT + "/sign-in/preview", source=DOCUMENTED, **READ)
def get_preview_sign_in_page(call: Call) -> Doc:
    """The sign-in page that is worked on."""
    return _state(call, "sign-in", "preview")


@operation("PUT", _AT + "/sign-in/preview", **_ON_SIGN_IN)
def replace_preview_sign_in_page(call: Call) -> Doc:
    """Replace the sign-in page that is worked on."""
    return _replace(call, "sign-in", "preview")


@operation("DELETE", _AT + "/sign-in/preview", **_ON_SIGN_IN)
def delete_preview_sign_in_page(call: Call) -> None:
    """Drop the sign-in page that is worked on."""
    _remove(call, "sign-in", "preview")


@operation("GET", _AT + "/sign-in/widget-versions", source=DOCUMENTED, **READ)
def list_widget_versions(call: Call) -> Any:
    """Versions of the sign-in widget that a page may name."""
    # Differs: no widget runs here; the versions are a sample.
    branding.load(call)
    return list(_WIDGETS)


# -- previews as pages -------------------------------------------------------------------------------------------------


@operation("GET", _SHOWN_AT["error"] + "/preview", source=_PREVIEW, query=("brandId",), **READ)
def show_error_preview(call: Call) -> Answer:
    """The error page that is worked on, as a page without its scripts."""
    return _show(call, "error")


@operation("GET", _SHOWN_AT["sign-in"] + "/preview", source=_PREVIEW, query=("brandId",), **READ)
def show_sign_in_preview(call: Call) -> Answer:
    """The sign-in page that is worked on, as a page without its scripts."""
    return _show(call, "sign-in")


def _show(call: Call, page: str) -> Answer:
    call.path["brandId"] = call.params.get("brandId") or custom_domains.brand_of(call)["id"]
    found = _state(call, page, "preview")
    # Nothing that somebody else wrote runs, loads or posts.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; sandbox"
    headers = [("Content-Type", "text/html;charset=utf-8"), ("Content-Security-Policy", policy)]
    return Answer(200, [*call.headers, *headers], (found.get("pageContent") or _STOCK[page]["pageContent"]).encode())
