"""Profile mappings as stored: two per app, made with it. Source: okta-admin-api.md 10.2, 10.3."""

from collections.abc import Mapping
from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import APPS, MAPPINGS
from emulator.okta.apps_catalog import TYPES


def create_for(store: Any, ids: Any, app: Doc) -> None:
    """The two mappings of a new app, with the catalogue's expressions."""
    from emulator.okta.resources.user_types import default_type

    kind = TYPES[app["name"]]
    if kind.first_party:
        return
    user = {"id": default_type(store)["id"], "name": "user", "type": "user"}
    instance = {"id": app["id"], "name": app["name"], "type": "appuser"}
    for source, target, given in ((instance, user, kind.to_user), (user, instance, kind.to_app)):
        properties = {name: {"expression": text, "pushStatus": push} for name, (text, push) in given.items()}
        store.add(MAPPINGS, {"id": ids.okta("prm"), "source": source, "target": target, "properties": properties})


def remove_for(store: Any, app: Doc) -> None:
    store.drop_where(MAPPINGS, "source.id", app["id"])
    store.drop_where(MAPPINGS, "target.id", app["id"])


def to_app(store: Any, app_id: str) -> Doc | None:
    """The mapping from Okta users to an app's users."""
    found: Doc | None = store.find(MAPPINGS, "target.id", app_id)
    return found


def properties_to_app(store: Any, app_id: str) -> Mapping[str, Doc]:
    found = to_app(store, app_id)
    return found["properties"] if found is not None else {}


def variables(store: Any) -> dict[str, Doc]:
    """App instances by the name that expressions know them by: `active_directory`, the second one with `_2`.

    Inferred: the vendor appends a text of its own to the names of further instances.
    """
    found: dict[str, Doc] = {}
    for app in store.all(APPS):
        count = 1 + sum(item["name"] == app["name"] for item in found.values())
        found[app["name"] if count == 1 else f"{app['name']}_{count}"] = app
    return found
