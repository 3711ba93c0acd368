"""From an app's user to an Okta user: the mapping that imports run. Source: okta-admin-api.md 10.2, 11.

An expression that gives nothing leaves the attribute empty; one that cannot be evaluated leaves it alone (inferred).
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta import profiles
from emulator.okta.app_kinds import MAPPINGS
from emulator.okta.directory_users import seen
from emulator.okta.expressions import Environment, ExpressionError
from emulator.okta.expressions import compile_expression as compiled
from emulator.okta.mapping import Setting
from emulator.okta.tokens import ORG


def properties_to_user(store: Any, app_id: str, type_id: str | None = None) -> Doc:
    """The mapping's properties from an app's users to Okta users of a type; the default one's, where it has none."""
    found: list[Doc] = store.find_all(MAPPINGS, "source.id", app_id)
    own = (item for item in found if item["target"]["id"] == type_id)
    chosen: Doc | None = next(own, found[0] if found else None)
    return chosen["properties"] if chosen is not None else {}


def user_profile(setting: Setting, app: Doc, app_user: Doc, user: Doc | None) -> Doc:
    """The attributes that the mapping gives an Okta user; on creation those that are not pushed later, too."""
    from emulator.okta.resources import schemas

    known = schemas.user_attributes(setting.store, user["type"]["id"] if user else None)
    environment = _environment(setting, app, app_user, user)
    found: Doc = {}
    for name, item in properties_to_user(setting.store, app["id"], user["type"]["id"] if user else None).items():
        if name not in known or (user is not None and item["pushStatus"] != "PUSH"):
            continue
        try:
            value = compiled(item["expression"]).evaluate(environment)
        except ExpressionError:
            continue
        if value is None or profiles.is_of(known[name]["type"], value):
            found[name] = value
    return found


def named(setting: Setting, app: Doc, app_user: Doc, expression: str) -> str | None:
    """An Okta user name by a custom expression over the imported user."""
    try:
        value = compiled(expression).evaluate(_environment(setting, app, app_user, None))
    except ExpressionError:
        return None
    return str(value) if value else None


def _environment(setting: Setting, app: Doc, app_user: Doc, user: Doc | None) -> Environment:
    own = seen(app_user) or {}
    org = setting.store.all(ORG)[0]
    known = {
        "appuser": own, "source": own, "user": user["profile"] if user else {}, app["name"]: own,
        "org": {"name": org["companyName"], "subDomain": org["subdomain"]}, "app": app["settings"]["app"],
    }  # fmt: skip
    return Environment(known, {}, setting.now)
