"""What a brand's domains say to the makers of phones and browsers: /api/v1/brands/{brandId}/well-known-uris.

Source: the vendor's SDK 3; an org without the feature answers as recorded. The vendor's own entries, which it adds to
what is customized, are not public, so nothing is added.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import branding, shapes
from emulator.okta.branding import MANAGE, READ
from emulator.okta.links import link
from emulator.okta.params import body_object
from emulator.okta.problems import not_found
from emulator.store import Column, Kind

URIS = Kind("brand_well_known_uris", (Column("_brandId"),), settled=True)
APPLE, ANDROID, WEBAUTHN = "apple-app-site-association", "assetlinks.json", "webauthn"
EMPTY: dict[str, Any] = {APPLE: {}, ANDROID: [], WEBAUTHN: {}}
"""The files, and what each holds where nobody customized it."""
_AT = branding.AT + "/{brandId}/well-known-uris"
_ONE = _AT + "/{path}"
_MOST = 500


def content(store: Any, brand: Doc, path: str) -> Any:
    """What somebody customized; None where nobody did."""
    found: Doc | None = store.get(URIS, f"{brand['id']}/{path}")
    return found["representation"] if found is not None else None


def _path(call: Call) -> str:
    path = call.path["path"]
    if path not in EMPTY:
        raise not_found(path, "WellKnownUri")
    return path


def _at(call: Call, brand: Doc) -> str:
    return f"{call.base}{branding.AT}/{brand['id']}/well-known-uris"


def _customized(call: Call, brand: Doc, path: str) -> Doc:
    kept = content(call.store, brand, path)
    shown = EMPTY[path] if kept is None else kept
    return {"representation": shown, "_links": {"self": link(f"{_at(call, brand)}/{path}/customized", "GET", "PUT")}}


@operation("GET", _AT, source=DOCUMENTED, query=("expand",), **READ)
def get_well_known_uris(call: Call) -> Doc:
    """Links to the files; `expand=all`, or a file's name, embeds what was customized."""
    brand, at = branding.load(call), _at(call, branding.load(call))
    asked = branding.expansions(call, "all", *EMPTY)
    found = {path: {"customized": _customized(call, brand, path)} for path in EMPTY if path in asked or "all" in asked}
    links = {"self": link(at, "GET"), **{path: link(f"{at}/{path}", "GET") for path in EMPTY}}
    return {**({"_embedded": found} if found else {}), "_links": links}


@operation("GET", _ONE, source=DOCUMENTED, query=("expand",), **READ)
def get_well_known_uri(call: Call) -> Doc:
    """What one file says."""
    brand, path = branding.load(call), _path(call)
    branding.expansions(call, "all", "customized")
    return {**_customized(call, brand, path), "_links": {"self": link(f"{_at(call, brand)}/{path}", "GET")}}


@operation("GET", _ONE + "/customized", source=DOCUMENTED, **READ)
def get_customized_uri(call: Call) -> Doc:
    """What was customized of it."""
    return _customized(call, branding.load(call), _path(call))


@operation("PUT", _ONE + "/customized", source=DOCUMENTED, **MANAGE)
def replace_customized_uri(call: Call) -> Doc:
    """Customize a file: `{representation}`, an object, or for Android a list of them."""
    brand, path = branding.load(call), _path(call)
    sent = body_object(call).get("representation")
    if sent is None:
        raise shapes.blank("representation")
    if type(sent) is not type(EMPTY[path]):
        raise shapes.malformed("representation", sent, "a list" if path == ANDROID else "an object")
    if len(sent) > _MOST:
        raise shapes.bad("representation", f"{len(sent)} entries", allowed=f"at most {_MOST}")
    row = {"id": f"{brand['id']}/{path}", "representation": sent, "_brandId": brand["id"]}
    call.store.save(URIS, row)
    return _customized(call, brand, path)
