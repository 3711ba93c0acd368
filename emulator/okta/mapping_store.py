"""Profile mappings as stored: two per app and user type, made with them. Source: okta-admin-api.md 10.2, 10.3."""

from collections.abc import Mapping
from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.app_kinds import APPS, MAPPINGS
from emulator.okta.apps_catalog import TYPES


def create_for(store: Any, ids: Any, app: Doc) -> None:
    """Two mappings of a new app for every user type, with the catalogue's expressions; the default type's first."""
    from emulator.okta.resources.user_types import USER_TYPES

    kind = TYPES[app["name"]]
    if kind.first_party:
        return
    instance = {"id": app["id"], "name": app["name"], "type": "appuser"}
    for user_type in store.all(USER_TYPES):
        user = _user_end(user_type)
        for source, target, given in ((instance, user, kind.to_user), (user, instance, kind.to_app)):
            properties = {name: {"expression": text, "pushStatus": push} for name, (text, push) in given.items()}
            store.add(MAPPINGS, {"id": ids.okta("prm"), "source": source, "target": target, "properties": properties})


# Observed with providers of these types: what their people bring is mapped, and nothing is pushed.
_PROVIDERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "OIDC": ("oidc_idp", {
        "login": "appuser.email", "displayName": "appuser.displayName", "nickName": "appuser.nickname",
        "firstName": "appuser.firstName", "middleName": "appuser.middleName", "lastName": "appuser.lastName",
        "email": "appuser.email", "profileUrl": "appuser.profile",
        "timezone": 'appuser.zoneinfo == null ? "America/Los_Angeles" : appuser.zoneinfo',
        "primaryPhone": "appuser.phoneNumber", "streetAddress": "appuser.street_address",
        "city": "appuser.locality", "state": "appuser.region", "zipCode": "appuser.postalCode",
        "countryCode": "appuser.country",
    }),
    "SAML2": ("saml_idp", {
        "firstName": "source.firstName", "lastName": "source.lastName", "email": "source.email",
        "mobilePhone": "source.mobilePhone", "login": "source.userName",
    }),
}  # fmt: skip


def create_for_provider(store: Any, ids: Any, idp: Doc) -> None:
    """A mapping from a new identity provider's people to each user type; types not observed have none."""
    from emulator.okta.resources.user_types import USER_TYPES

    if idp["type"] not in _PROVIDERS:
        return
    name, given = _PROVIDERS[idp["type"]]
    source = {"id": idp["id"], "name": name, "type": "appuser"}
    properties = {field: {"expression": text, "pushStatus": "DONT_PUSH"} for field, text in given.items()}
    for kind in store.all(USER_TYPES):
        store.add(MAPPINGS, {
            "id": ids.okta("prm"), "source": source, "target": _user_end(kind), "properties": dict(properties),
        })  # fmt: skip


def _user_end(kind: Doc) -> Doc:
    return {"id": kind["id"], "name": kind["name"], "type": "user"}


def create_for_type(store: Any, ids: Any, kind: Doc) -> None:
    """The mappings of a new user type with every app: as the default type's are now (inferred)."""
    from emulator.okta.resources.user_types import default_type

    default, own = default_type(store)["id"], _user_end(kind)
    for path, end in (("source.id", "source"), ("target.id", "target")):
        for found in store.find_all(MAPPINGS, path, default):
            store.add(MAPPINGS, {**found, "id": ids.okta("prm"), end: own})


def remove_for(store: Any, app: Doc) -> None:
    store.drop_where(MAPPINGS, "source.id", app["id"])
    store.drop_where(MAPPINGS, "target.id", app["id"])


remove_for_type = remove_for


def to_app(store: Any, app_id: str, type_id: str | None = None) -> Doc | None:
    """The mapping from Okta users of a type to an app's users; the default type's unless told otherwise."""
    found: list[Doc] = store.find_all(MAPPINGS, "target.id", app_id)
    own = (item for item in found if item["source"]["id"] == type_id)
    return next(own, found[0] if found else None)


def properties_to_app(store: Any, app_id: str, type_id: str | None = None) -> Mapping[str, Doc]:
    """What that mapping sets, by attribute; shared, not to be changed in place."""

    def made() -> Mapping[str, Doc]:
        found = to_app(store, app_id, type_id)
        return found["properties"] if found is not None else {}

    shared: Mapping[str, Doc] = store.settled(("properties to app", app_id, type_id), made)
    return shared


def variables(store: Any) -> dict[str, Doc]:
    """App instances by the name that expressions know them by: `active_directory`, the second one with `_2`.

    Inferred: the vendor appends a text of its own to the names of further instances.
    """
    found: dict[str, Doc] = {}
    for app in store.all(APPS):
        count = 1 + sum(item["name"] == app["name"] for item in found.values())
        found[app["name"] if count == 1 else f"{app['name']}_{count}"] = app
    return found
