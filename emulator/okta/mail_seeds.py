"""Email templates of a world file's brands: `emails` and `recipients`, see `resources/brands.py`."""

from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.kernel.problems import LabError
from emulator.okta.mail_templates import CUSTOMIZATIONS, SETTINGS, TEMPLATES
from emulator.okta.mails import of_template
from emulator.okta.params import stamp

_FIELDS = ("language", "subject", "body")


def seed(seeding: Seeding, brand: Doc, spec: Doc) -> None:
    seen: set[str] = set()
    for given in spec.get("emails", ()):
        name = _known(given.get("template"))
        missing = [key for key in _FIELDS if not isinstance(given.get(key), str)]
        if missing:
            raise LabError(f"An email of template {name} lacks {', '.join(missing)}.", hint="Each is a text.")
        row = {key: given[key] for key in _FIELDS}
        row |= {"id": given.get("id") or seeding.ids.okta("oel"), "isDefault": given.get("isDefault", name not in seen)}
        at = stamp(seeding.now)
        own = {"_brandId": brand["id"], "_template": name, "_of": of_template(brand, name)}
        seeding.store.add(CUSTOMIZATIONS, {**row, "created": at, "lastUpdated": at, **own})
        seen.add(name)
    for name, recipients in (spec.get("recipients") or {}).items():
        id = of_template(brand, _known(name))
        seeding.store.add(SETTINGS, {"id": id, "recipients": recipients, "_brandId": brand["id"]})


def _known(name: object) -> str:
    if name not in TEMPLATES:
        raise LabError(f"There is no email template {name!r}.", hint=f"Templates: {', '.join(TEMPLATES)}.")
    return str(name)
