"""How the org's pages look for the brand that a request is for: its name, its theme's colours, its labels.

Source: the vendor's documentation of theme variants. `OKTA_DEFAULT` leaves the lab's own look. Only colours that were
checked when they were stored, and texts that the templates escape, come onto a page: no markup, no script.
"""

from dataclasses import dataclass, field

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import branding, custom_domains
from emulator.okta.resources import custom_pages

_NONE: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Look:
    """name: the brand's, where it is not the default one. Colours are `#rrggbb`, empty where the lab's own stay."""

    name: str = ""
    primary: str = ""
    on_primary: str = ""
    background: str = ""
    on_background: str = ""
    privacy: str = ""
    labels: "Labels" = field(default_factory=lambda: Labels(_NONE))


class Labels:
    """Labels of a sign-in page by name; empty where there are none."""

    def __init__(self, given: Doc) -> None:
        self._given = given

    def __getitem__(self, name: str) -> str:
        return str(self._given.get(name) or "")


def of_page(call: Call, *, error: bool) -> Look:
    """The look of an error page or of any other."""
    brand = custom_domains.brand_of(call)
    found: Look = call.store.settled(("look", brand["id"], error), lambda: _made(call, brand, error=error))
    return found


def _made(call: Call, brand: Doc, *, error: bool) -> Look:
    theme = branding.theme_of(call.store, brand)
    variant = theme["errorPageTouchPointVariant" if error else "signInPageTouchPointVariant"]
    page = custom_pages.stored(call.store, brand, "sign-in") or {}
    themed = variant != "OKTA_DEFAULT"
    # Differs: a background picture is not shown, because pages load nothing; its variant shows the secondary colour.
    return Look(
        name="" if brand["isDefault"] else str(brand["name"]),
        primary=theme["primaryColorHex"] if themed else "",
        on_primary=theme["primaryColorContrastHex"] if themed else "",
        background=theme["secondaryColorHex"] if themed else "",
        on_background=theme["secondaryColorContrastHex"] if themed else "",
        privacy=brand["customPrivacyPolicyUrl"] or "",
        labels=Labels(page.get("widgetCustomizations") or {}),
    )
