"""The org's logo: POST /api/v1/org/logo, the older way to set what is now the logo of the default brand's theme.

Source: the vendor's documentation of the org API and of brands: it still works, and pages show the theme's logo.
"""

from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.okta import branding, pictures
from emulator.okta.branding import THEMES
from emulator.okta.events import emit, target

_SOURCE = inferred("documented; that it sets the logo of the default brand's theme is inferred")


@operation(
    "POST", "/api/v1/org/logo", source=_SOURCE, scope=("okta.orgs.manage",), body="bytes", status=201,
    emits=("system.brand.update",),
)  # fmt: skip
def upload_org_logo(call: Call) -> Answer:
    """Take a PNG, JPG or GIF of at most 1 MB from a multipart form's `file`: 201 with its Location."""
    brand = branding.default_brand(call.store)
    theme = branding.theme_of(call.store, brand)
    data = pictures.form_file(call)
    kind = pictures.checked(data, kinds=pictures.KINDS, most_kb=1024)
    id = pictures.kept(call, data, kind, instead_of=theme["_logo"])
    call.store.put(THEMES, {**theme, "_logo": id})
    emit(call, "system.brand.update", [target("Brand", brand["id"], name=brand["name"])])
    return Answer(201, [*call.headers, ("Location", pictures.url(call, id))])
