"""The mapping engine: an app user's profile and name from an Okta user.

Source: okta-admin-api.md 10, 11; seed-catalogue.md 1.2.

An expression that cannot be evaluated for a user leaves the attribute empty and is told in the log (inferred).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.party import Seeding
from emulator.okta import profiles
from emulator.okta.app_kinds import APP_USERS
from emulator.okta.directory_users import (
    CORE,
    Directory,
    ad_instances,
    group_functions,
    internal_property,
    seen,
    user_methods,
)
from emulator.okta.expressions import (
    Environment,
    Expression,
    ExpressionError,
    compile_template,
    invalid_property,
    references,
)
from emulator.okta.expressions import compile_expression as compiled
from emulator.okta.expressions.functions import DIRECTORY_FUNCTIONS, GROUP_FUNCTIONS, text_of
from emulator.okta.mapping_store import properties_to_app, variables
from emulator.okta.tokens import ORG


@dataclass(frozen=True, slots=True)
class Setting:
    """Where expressions are evaluated: the org's store and the world time."""

    store: Any
    now: int

    @staticmethod
    def of(place: Call | Seeding) -> "Setting":
        return Setting(place.store, place.now)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a mapping gave: values by attribute (None: no value), and the attributes whose expression failed."""

    values: Doc
    failed: dict[str, str]


def mapped(
    setting: Setting, app: Doc, user: Doc, *, first: bool, present: Doc | None = None, override: Doc | None = None
) -> Mapped:
    """Evaluate an app's mapping for a user.

    first: on creation, when DONT_PUSH attributes are set, too. override: properties to try in place of the stored ones.
    """
    from emulator.okta.resources import schemas

    stored = properties_to_app(setting.store, app["id"], user["type"]["id"])
    properties = {
        name: item for name, item in {**stored, **(override or {})}.items()
        if first or item["pushStatus"] == "PUSH"
    }  # fmt: skip
    values: Doc = {}
    failed: dict[str, str] = {}
    expressions: dict[str, Expression] = {}
    for name, item in properties.items():
        try:
            expressions[name] = compiled(item["expression"])
        except ExpressionError as error:
            failed[name] = error.message
    environment = environment_of(setting, app, user, expressions.values(), present)
    known = schemas.app_attributes(setting.store, app["id"]) if expressions else {}
    for name, expression in expressions.items():
        try:
            values[name] = _fitting(_plain(expression.evaluate(environment)), known.get(name) or {}, name)
        except ExpressionError as error:
            values[name], failed[name] = None, error.message
    return Mapped(values, failed)


def user_name(setting: Setting, app: Doc, user: Doc) -> str | None:
    """The app user name by the app's template; None where the template is of type NONE or gives nothing."""
    template = app["credentials"]["userNameTemplate"]
    if template["type"] == "NONE":
        return None
    expression = compile_template(template["template"])
    value = expression.evaluate(environment_of(setting, app, user, [expression], None))
    text = str(value) if value is not None else ""
    return text + (template.get("suffix") or template.get("userSuffix") or "") if text else None


def environment_of(
    setting: Setting, app: Doc, user: Doc, expressions: Iterable[Expression], present: Doc | None
) -> Environment:
    """What the expressions of one user see. App instances are looked up only where one is named."""
    profile = user["profile"]
    internal = internal_property(user)
    known: dict[str, Mapping[str, object] | None] = {
        "user": profile, "source": profile, "appuser": seen(present) or {}, "org": _org(setting.store),
        "app": app["settings"]["app"],
    }  # fmt: skip
    named = {reference.partition(".")[0] for item in expressions for reference in references(item)} - set(known)
    known |= _instances(setting.store, user, named)
    functions: dict[str, Callable[..., object]] = {
        "user.getInternalProperty": internal, "source.getInternalProperty": internal,
        **Directory(setting.store, user).functions(), **group_functions(setting.store, user),
        **user_methods(setting.store, user),
    }  # fmt: skip
    return Environment(known, functions, setting.now)


def _instances(store: Any, user: Doc, named: set[str]) -> dict[str, Mapping[str, object] | None]:
    names = {name for name in named if not name.endswith("()")}
    if not names:
        return {}
    found: dict[str, Mapping[str, object] | None] = {}
    for name, app in variables(store).items():
        if name in names:
            found[name] = seen(store.get(APP_USERS, f"{app['id']}.{user['id']}"))
        if f"{name}_app" in names:
            found[f"{name}_app"] = app["settings"]["app"]
    return found


def _org(store: Any) -> Doc:
    org = store.all(ORG)[0]
    return {"name": org["companyName"], "subDomain": org["subdomain"]}


def _plain(value: object) -> object:
    """A value as a profile holds it; an object that an expression yields whole is no value."""
    return None if isinstance(value, Mapping) else value


def _fitting(value: object, item: Doc, name: str) -> object:
    """A value as its attribute holds it: numbers and Booleans become text where text is wanted (inferred).

    ExpressionError for any other value of another type.
    """
    kind = item.get("type")
    if value is None or kind is None:
        return value
    element = (item.get("items") or {}).get("type")
    if kind == "array" and isinstance(value, list):
        return [_fitting(one, {"type": element}, name) for one in value if one is not None]
    if kind == "string" and isinstance(value, bool | int | float):
        return text_of(value)
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if profiles.is_of(kind, value):
        return value
    raise ExpressionError(f"The value of {name} is not of type {kind}")


_METHODS = frozenset({"getInternalProperty()", "getLinkedObject()", "isMemberOf()", "getGroups()"})
_LIBRARIES = frozenset({"String", "Arrays", "Convert", "Iso3166Convert", "Time", "Groups"})


def check_expression(store: Any, app: Doc, text: str, *, from_app: bool, type_id: str | None = None) -> None:
    """Refuse an expression that names what is not there. Raises ExpressionError in Okta's words.

    `from_app`: the mapping app user -> Okta user, in which `source` is the app user.
    """
    known = _attributes(store, app, type_id, from_app=from_app)
    nobody = {"id": ""}
    supplied = {*Directory(store, nobody).functions(), *group_functions(store, nobody)}
    for reference in sorted(references(compiled(text))):
        root, _, rest = reference.partition(".")
        attribute = rest.partition(".")[0]
        called = reference.partition("()")[0] if "()" in reference else ""
        if called in GROUP_FUNCTIONS | DIRECTORY_FUNCTIONS and called not in supplied:
            raise invalid_property(called, text)
        if root in _LIBRARIES or (root == f"{called}()" and root not in known):
            continue
        if root not in known:
            raise invalid_property(root, text)
        if attribute and attribute not in known[root] | _METHODS:
            raise invalid_property(attribute.removesuffix("()"), text)


def _attributes(store: Any, app: Doc, type_id: str | None, *, from_app: bool) -> dict[str, frozenset[str]]:
    """Attributes by the name of the object that has them."""
    from emulator.okta.resources import schemas

    user = frozenset(schemas.user_attributes(store, type_id))
    own = frozenset(schemas.app_attributes(store, app["id"])) | frozenset(CORE)
    known: dict[str, frozenset[str]] = {
        "user": user, "source": own if from_app else user, "appuser": own, "org": frozenset({"name", "subDomain"}),
        "app": frozenset(app["settings"]["app"]),
    }  # fmt: skip
    directory = frozenset(CORE).union(*(schemas.app_attributes(store, item["id"]) for item in ad_instances(store)))
    for name in ("findDirectoryUser()", "getManagerAppUser()", "getAssistantAppUser()"):
        known[name] = directory
    known["getManagerUser()"] = known["getAssistantUser()"] = user
    for name, item in variables(store).items():
        known[name] = frozenset(schemas.app_attributes(store, item["id"])) | frozenset(CORE)
        known[f"{name}_app"] = frozenset(item["settings"]["app"])
    return known
