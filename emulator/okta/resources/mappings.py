"""Profile mappings: /api/v1/mappings. Source: okta-admin-api.md 10.2, 10.3; appendix C."""

from copy import deepcopy

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, mapping, reach
from emulator.okta.app_kinds import APPS, MAPPINGS
from emulator.okta.bad_values import bad
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit
from emulator.okta.expressions import ExpressionError, compile_expression
from emulator.okta.params import body_object, part, text_of
from emulator.okta.problems import invalid, not_found

__all__ = ["MAPPINGS"]
_PUSH = ("PUSH", "DONT_PUSH")


def render_item(call: Call, doc: Doc) -> Doc:
    """The mapping as lists show it: without its properties."""
    return {
        "id": doc["id"], "source": _end(call, doc["source"]), "target": _end(call, doc["target"]),
        "_links": {"self": {"href": f"{call.base}/api/v1/mappings/{doc['id']}"}},
    }  # fmt: skip


def render(call: Call, doc: Doc) -> Doc:
    """The mapping on its own."""
    item = render_item(call, doc)
    return {**item, "properties": doc["properties"], "_links": item["_links"]}


def _end(call: Call, end: Doc) -> Doc:
    """Source or target: a user type or an app instance, with its schema."""
    from emulator.okta.resources.user_types import of_id

    api = f"{call.base}/api/v1"
    if end["type"] == "user":
        schema = f"{api}/meta/schemas/user/{of_id(call.store, end['id'])['_schemaId']}"
        links = {"self": {"href": f"{api}/meta/types/user/{end['id']}"}, "schema": {"href": schema}}
    else:
        schema = f"{api}/meta/schemas/apps/{end['id']}/default"
        links = {"self": {"href": f"{api}/apps/{end['id']}"}, "schema": {"href": schema}}
    return {**end, "_links": links}


def load(call: Call) -> Doc:
    found: Doc | None = call.store.get(MAPPINGS, call.path["mappingId"])
    if found is None:
        raise not_found(call.path["mappingId"], "ProfileMapping")
    if not _seen(call, found):
        raise reach.outside(call, "request path", found["id"])
    return found


def _seen(call: Call, doc: Doc) -> bool:
    return all(reach.sees(call, app=end["id"]) for end in (doc["source"], doc["target"]) if end["type"] != "user")


@operation(
    "GET", "/api/v1/mappings", source=OBSERVED, scope=("okta.profileMappings.read",), paging=Paging(20, 200),
    query=("sourceId", "targetId", "limit", "after"),
)  # fmt: skip
def list_mappings(call: Call) -> Listing:
    """Mappings, of a source or to a target."""
    source, target = call.params.get("sourceId"), call.params.get("targetId")

    def keep(doc: Doc) -> bool:
        named = (not source or doc["source"]["id"] == source) and (not target or doc["target"]["id"] == target)
        return named and _seen(call, doc)

    return lists.listing(call, MAPPINGS, render_item, keep=keep)


@operation("GET", "/api/v1/mappings/{mappingId}", source=OBSERVED, scope=("okta.profileMappings.read",))
def get_mapping(call: Call) -> Doc:
    """One mapping with its expressions."""
    return render(call, load(call))


@operation(
    "POST", "/api/v1/mappings/{mappingId}", source=OBSERVED, scope=("okta.profileMappings.manage",),
    emits=("application.provision.field_mapping_rule.change",), extra={"reach": "load"},
)  # fmt: skip
def update_mapping(call: Call) -> Doc:
    """Change, add or (null) remove attributes. App users change when the mapping is next evaluated, not now."""
    from emulator.okta.resources import identity_providers

    doc = deepcopy(load(call))
    sent = body_object(call).get("properties")
    if not isinstance(sent, dict):
        cause = "properties: The field cannot be left blank"
        raise bad("updateMapping", cause, "properties", sent, "A mapping is changed by its properties.")
    app, type_id, from_app = _ends(call, doc)
    targets = _target_fields(call, doc)
    for name, item in sent.items():
        if name not in targets:
            compared = (
                Compared("field", name, "request body"),
                Compared("fields", ", ".join(sorted(targets)), "target schema"),
            )
            why = Why("The target's schema has no such attribute.", compared)
            raise invalid("updateMapping", f"Invalid target field {name}", why=why)
        if item is None:
            doc["properties"].pop(name, None)
        else:
            before = doc["properties"].get(name)
            made = _property(call, app, name, item, before, from_app=from_app, type_id=type_id)
            doc["properties"][name] = made
    call.store.put(MAPPINGS, doc)
    told = app_target(app) if "label" in app else identity_providers.target_of(app)
    emit(call, "application.provision.field_mapping_rule.change", [told])
    return render(call, doc)


def _ends(call: Call, doc: Doc) -> tuple[Doc, str, bool]:
    """The app or identity provider, the user type's id, and whether the app is the source."""
    from emulator.okta.resources.identity_providers import IDPS

    from_app = doc["source"]["type"] == "appuser"
    app_end, user_end = ("source", "target") if from_app else ("target", "source")
    id = doc[app_end]["id"]
    return call.store.get(APPS, id) or call.store.get(IDPS, id), doc[user_end]["id"], from_app


def _target_fields(call: Call, doc: Doc) -> set[str]:
    from emulator.okta.resources import schemas

    if doc["target"]["type"] == "user":
        return set(schemas.user_attributes(call.store, doc["target"]["id"]))
    # The name of an app user comes from the app's template, not from the mapping.
    return set(schemas.app_attributes(call.store, doc["target"]["id"])) - {"userName"}


def _property(
    call: Call, app: Doc, name: str, item: object, before: Doc | None, *, from_app: bool, type_id: str
) -> Doc:
    if not isinstance(item, dict):
        raise bad("updateMapping", f"{name}: must be an object or null", name, item, "A property is an object or null.")
    expression = text_of(item, "expression") or (before or {}).get("expression")
    push = text_of(item, "pushStatus") or (before or {}).get("pushStatus") or "DONT_PUSH"
    if not expression:
        cause = f"{name}.expression: The field cannot be left blank"
        raise bad("updateMapping", cause, f"{name}.expression", expression, "A property has an expression.")
    if push not in _PUSH:
        compared = (Compared("pushStatus", push, "request body"), Compared("allowed", _PUSH, "mappings"))
        raise invalid("updateMapping", f"{name}.pushStatus: '{push}' is not valid", why=Why("No such value.", compared))
    try:
        if "label" not in app:  # what an identity provider sends is its own affair: only the language is checked
            compile_expression(expression)
        else:
            mapping.check_expression(call.store, app, expression, from_app=from_app, type_id=type_id)
    except ExpressionError as error:
        why = Why(
            "Every attribute that an expression names must exist in a schema of the org.",
            (Compared("expression", expression, f"request body, {name}"), Compared("error", error.message, "compiler")),
        )
        raise invalid("updateMapping", error.message, why=why) from error
    return {"expression": expression, "pushStatus": push}


@operation(
    "POST", "/api/internal/v1/mappings/{mappingId}/preview", source=UI_ONLY, scope=("okta.profileMappings.read",),
    commit="manual",
)  # fmt: skip
def preview_mapping(call: Call) -> Doc:
    """What the mapping to an app would give a user: `{userId, properties?}` -> `{values, errors}`; changes nothing."""
    from emulator.okta.resources import users

    doc, body = load(call), body_object(call)
    if doc["target"]["type"] != "appuser":
        why = Why(
            "The preview is of mappings from Okta users to an app.",
            (Compared("target", doc["target"]["type"], "mapping"),),
        )
        raise invalid("previewMapping", "The mapping's target is not an application", why=why)
    app, type_id, _ = _ends(call, doc)
    user = users.by_id(call, text_of(body, "userId") or "")
    reach.require(call, user=user["id"])
    tried = part(body, "properties") or {}
    override = {
        name: _property(call, app, name, item, None, from_app=False, type_id=type_id) for name, item in tried.items()
    }
    found = mapping.mapped(mapping.Setting.of(call), app, user, first=True, override=override)
    return {"values": found.values, "errors": found.failed}
