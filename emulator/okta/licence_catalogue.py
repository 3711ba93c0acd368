"""The licence catalogue of an Office 365 app: a copy of the tenant's, and the values that `licenses` may have.

Source: seed-catalogue.md.
"""

from collections.abc import Iterable
from typing import Any

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.okta import governance
from emulator.okta.app_kinds import LICENSES
from emulator.okta.params import stamp


def keep(store: Any, app_id: str, given: Iterable[Any], *, now: int) -> None:
    """Keep `[{id, skuPartNumber, servicePlans: [names]}]`; the app's schema then lists `SKU` and `SKU:PLAN`."""
    items = [
        {"id": item.get("id"), "skuPartNumber": str(item["skuPartNumber"]),
         "servicePlans": [str(plan) for plan in item.get("servicePlans") or ()]}
        for item in given if isinstance(item, dict) and item.get("skuPartNumber")
    ]  # fmt: skip
    row = {"id": app_id, "fetchedAt": iso(now), "items": items}
    store.save(LICENSES, row)
    _enumerate(store, app_id, items, now=now)


def _enumerate(store: Any, app_id: str, items: list[Doc], *, now: int) -> None:
    from emulator.okta.resources import schemas

    names = [
        name for item in items
        for name in (item["skuPartNumber"], *(f"{item['skuPartNumber']}:{plan}" for plan in item["servicePlans"]))
    ]  # fmt: skip
    schema = schemas.app_schema(store, app_id)
    if schema is None or "licenses" not in schema["definitions"]["base"]["properties"]:
        return
    schema["definitions"]["base"]["properties"]["licenses"]["items"] = {"type": "string", "enum": names}
    schema["lastUpdated"] = stamp(now)
    store.put(schemas.APP_SCHEMAS, schema)
    governance.refresh_values(store, app_id, "licenses", names)
