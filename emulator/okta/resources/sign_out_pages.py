"""Where people are led who sign out: /api/v1/brands/{brandId}/pages/sign-out. Source: the vendor's schemas."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import branding, shapes
from emulator.okta.branding import MANAGE, READ
from emulator.okta.events import emit, target
from emulator.okta.params import body_object
from emulator.okta.problems import invalid
from emulator.okta.resources import custom_pages

_AT = branding.AT + "/{brandId}/pages"
_hosted = shapes.record(
    {"type": shapes.one_of("OKTA_DEFAULT", "EXTERNALLY_HOSTED"), "url": shapes.bounded(1024)}, needed=("type",)
)


def _clean(url: str) -> bool:
    """Whether an address can stand in a header."""
    return url.isascii() and url.isprintable() and " " not in url


def sign_out_page(store: Any, brand: Doc) -> Doc:
    """`{type}`, and the `url` where it is hosted elsewhere."""
    found = custom_pages.stored(store, brand, "sign-out")
    return custom_pages.shown(found, "sign-out") if found is not None else {"type": "OKTA_DEFAULT"}


@operation("GET", _AT + "/sign-out/customized", source=DOCUMENTED, **READ)
def get_sign_out_page(call: Call) -> Doc:
    """Where people are led who sign out."""
    return sign_out_page(call.store, branding.load(call))


@operation(
    "PUT", _AT + "/sign-out/customized", source=DOCUMENTED, emits=("system.brand.update",), **MANAGE
)  # fmt: skip
def replace_sign_out_page(call: Call) -> Doc:
    """Lead people who sign out to a page of one's own, or to the stock one."""
    brand = branding.load(call)
    fields: Doc = _hosted(body_object(call), "")
    if fields["type"] == "OKTA_DEFAULT":
        fields.pop("url", None)
    elif not fields.get("url", "").startswith(("https://", "http://")) or not _clean(fields["url"]):
        compared = (Compared("url", fields.get("url"), "request body"),)
        raise invalid(
            "url", "url: The URL is not valid", why=Why("A page elsewhere has an address of the web.", compared)
        )
    row = {"id": custom_pages.key(brand, "sign-out", "customized"), **fields, "_brandId": brand["id"]}
    call.store.save(custom_pages.PAGES, row)
    emit(call, "system.brand.update", [target("Brand", brand["id"], name=brand["name"])])
    return fields
