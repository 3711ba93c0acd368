"""What an org looks like to people: its brands and their themes, and which of them a request is for.

Source: the vendor's schemas of brands and themes; colours' defaults and variants as documented. A new org has one
brand, the default one, with one theme.
"""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.problems import invalid, not_found
from emulator.store import Column, Kind

BRANDS = Kind(
    "brands", (Column("name", fold=True, unique=True), Column("isDefault", kind="bool"), Column("emailDomainId")),
    settled=True,
)  # fmt: skip
THEMES = Kind("themes", (Column("_brandId"),), settled=True)
AT = "/api/v1/brands"
READ: Any = {"scope": ("okta.brands.read",)}
MANAGE: Any = {"scope": ("okta.brands.manage",)}
# Which variants there are, in the order in which the vendor's refusals list them.
VARIANTS: dict[str, tuple[str, ...]] = {
    "signInPageTouchPointVariant": ("OKTA_DEFAULT", "BACKGROUND_SECONDARY_COLOR", "BACKGROUND_IMAGE"),
    "endUserDashboardTouchPointVariant":
        ("OKTA_DEFAULT", "WHITE_LOGO_BACKGROUND", "FULL_THEME", "LOGO_ON_FULL_WHITE_BACKGROUND"),
    "errorPageTouchPointVariant": ("OKTA_DEFAULT", "BACKGROUND_SECONDARY_COLOR", "BACKGROUND_IMAGE"),
    "emailTemplateTouchPointVariant": ("OKTA_DEFAULT", "FULL_THEME"),
    "loadingPageTouchPointVariant": ("OKTA_DEFAULT", "NONE"),
}  # fmt: skip
COLOURS = {"primaryColorHex": "#1662dd", "secondaryColorHex": "#ebebed"}
CONTRASTS = {"primaryColorContrastHex": "primaryColorHex", "secondaryColorContrastHex": "secondaryColorHex"}
HEX = re.compile(r"#[0-9a-fA-F]{6}")
PICTURES = {"logo": "_logo", "favicon": "_favicon", "background-image": "_background"}


def contrast(colour: str) -> str:
    """Black or white, whichever is read better on a colour (WCAG 2 relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#ffffff"


def new_brand(name: str, *, id: str, default: bool = False) -> Doc:
    """A brand as it is made."""
    return {
        "id": id, "name": name, "isDefault": default, "agreeToCustomPrivacyPolicy": False,
        "removePoweredByOkta": False, "customPrivacyPolicyUrl": None,
        "defaultApp": {"appInstanceId": None, "appLinkName": None, "classicApplicationUri": None},
        "locale": None, "emailDomainId": None,
    }  # fmt: skip


def new_theme(brand: Doc, *, id: str) -> Doc:
    """A brand's theme as it is made: the vendor's colours, no pictures of its own."""
    colours = {**COLOURS, **{name: contrast(COLOURS[of]) for name, of in CONTRASTS.items()}}
    variants = dict.fromkeys(VARIANTS, "OKTA_DEFAULT")
    return {"id": id, **colours, **variants, **dict.fromkeys(PICTURES.values()), "_brandId": brand["id"]}


def load(call: Call) -> Doc:
    """The brand that the path names. Raises E0000007."""
    found: Doc | None = call.store.get(BRANDS, call.path["brandId"])
    if found is None:
        raise not_found(call.path["brandId"], "Brand")
    return found


def default_brand(store: Any) -> Doc:
    found: Doc = store.settled(("default brand",), lambda: store.find(BRANDS, "isDefault", 1))
    return found


def theme_of(store: Any, brand: Doc) -> Doc:
    found: Doc = store.settled(("theme", brand["id"]), lambda: store.find(THEMES, "_brandId", brand["id"]))
    return found


def expansions(call: Call, *allowed: str) -> list[str]:
    """What `expand` asks for, given once, again and again, or with commas. Raises E0000001 for an unknown one."""
    asked = [part.strip() for name, text in call.multi if name == "expand" for part in text.split(",")]
    for part in asked:
        if part and part not in allowed:
            compared = (Compared("expand", part[:100], "query"), Compared("allowed", ", ".join(allowed), "operation"))
            why = Why("The list has nothing of that name to expand.", compared)
            raise invalid("RequestParams", "Expand query is malformed.", why=why)
    return [part for part in allowed if part in asked]
