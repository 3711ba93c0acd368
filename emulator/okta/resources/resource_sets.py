"""Resource sets and their resources: /api/v1/iam/resource-sets. Source: okta-admin-api.md 16, appendix A."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import resource_names
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import not_found, taken
from emulator.okta.resources.custom_roles import admin_base, linked
from emulator.okta.role_kinds import BINDINGS, RESOURCE_SETS, ROLES, SET_RESOURCES
from emulator.store import Duplicate

_AT = "/api/v1/iam/resource-sets"
_ONE = _AT + "/{resourceSetIdOrLabel}"
_RESOURCE = _ONE + "/resources/{resourceId}"
_READ: Any = {"scope": ("okta.roles.read",), "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.roles.manage",), "source": DOCUMENTED}


def load(call: Call) -> Doc:
    """The set that the path names, by id or label. Raises 404."""
    key = call.path["resourceSetIdOrLabel"]
    found: Doc | None = call.store.get(RESOURCE_SETS, key) or call.store.find(RESOURCE_SETS, "label", key)
    if found is None:
        raise not_found(key, "IAMPolicy")
    return found


def address(call: Call, row: Doc) -> str:
    return f"{admin_base(call)}{_AT}/{row['id']}"


def _render(call: Call, row: Doc) -> Doc:
    at = address(call, row)
    links = {"self": {"href": at}, "resources": {"href": f"{at}/resources"}, "bindings": {"href": f"{at}/bindings"}}
    return {**public(row), "_links": links}


def target_of(row: Doc) -> Doc:
    return target("RESOURCE_SET", row["id"], name=row["label"])


@operation("GET", _AT, query=("after",), **_READ)
def list_resource_sets(call: Call) -> Doc:
    """Every resource set: `{resource-sets, _links}`."""
    links = {"self": {"href": f"{admin_base(call)}{_AT}"}}
    return linked(call, {"_links": links, "resource-sets": [_render(call, r) for r in call.store.all(RESOURCE_SETS)]})


@operation("POST", _AT, emits=("iam.resourceset.create",), **_MANAGE)
def create_resource_set(call: Call) -> Doc:
    """Add a set with its first resources."""
    body, at = body_object(call), stamp(call.now)
    row = {"id": call.ids.okta("iam"), **_given(body), "created": at, "lastUpdated": at}
    resources = texts(body, "resources")
    _keep(call, row, new=True)
    for text in resources:
        _add_resource(call, row, text)
    emit(call, "iam.resourceset.create", [target_of(row)])
    return linked(call, _render(call, row))


@operation("GET", _ONE, **_READ)
def get_resource_set(call: Call) -> Doc:
    """One resource set."""
    return linked(call, _render(call, load(call)))


@operation("PUT", _ONE, emits=("iam.resourceset.update",), **_MANAGE)
def replace_resource_set(call: Call) -> Doc:
    """Replace a set's label and description."""
    row = {**load(call), **_given(body_object(call)), "lastUpdated": stamp(call.now)}
    _keep(call, row, new=False)
    emit(call, "iam.resourceset.update", [target_of(row)])
    return linked(call, _render(call, row))


@operation("DELETE", _ONE, emits=("iam.resourceset.delete",), **_MANAGE)
def delete_resource_set(call: Call) -> None:
    """Delete a set with its resources and bindings."""
    row = load(call)
    for binding in call.store.drop_where(BINDINGS, "_set", row["id"]):
        call.store.drop_where(ROLES, "_binding", binding["id"])
    call.store.drop_where(SET_RESOURCES, "_set", row["id"])
    call.store.drop(RESOURCE_SETS, row["id"])
    emit(call, "iam.resourceset.delete", [target_of(row)])


# -- resources ---------------------------------------------------------------------------------------------------


@operation("GET", _ONE + "/resources", query=("after", "limit"), **_READ)
def list_resources(call: Call) -> Doc:
    """A set's resources: `{resources, _links}`."""
    row = load(call)
    rows = call.store.find_all(SET_RESOURCES, "_set", row["id"])
    at = address(call, row)
    links = {"resource-set": {"href": at}, "self": {"href": f"{at}/resources"}}
    return linked(call, {"resources": [_shown(call, row, item) for item in rows], "_links": links})


@operation("POST", _ONE + "/resources", emits=("iam.resourceset.resources.add",), **_MANAGE)
def add_resource(call: Call) -> Doc:
    """Add one resource, by ORN or address."""
    row, body = load(call), body_object(call)
    made = _add_resource(call, row, needed_text(body, "resourceOrnOrUrl", most=1024), part(body, "conditions"))
    emit(call, "iam.resourceset.resources.add", [target_of(row)])
    return _shown(call, row, made)


@operation("PATCH", _ONE + "/resources", emits=("iam.resourceset.resources.add",), **_MANAGE)
def add_resources(call: Call) -> Doc:
    """Add several resources."""
    row = load(call)
    for text in texts(body_object(call), "additions"):
        _add_resource(call, row, text)
    emit(call, "iam.resourceset.resources.add", [target_of(row)])
    return _render(call, row)


@operation("GET", _RESOURCE, **_READ)
def get_resource(call: Call) -> Doc:
    """One resource of a set."""
    row = load(call)
    return _shown(call, row, _resource(call, row))


@operation("PUT", _RESOURCE, emits=("iam.resourceset.resources.update",), **_MANAGE)
def replace_resource(call: Call) -> Doc:
    """Replace a resource's conditions."""
    row = load(call)
    item = _resource(call, row)
    conditions = part(body_object(call), "conditions")
    item = {**item, "conditions": conditions, "lastUpdated": stamp(call.now)}
    call.store.put(SET_RESOURCES, item)
    emit(call, "iam.resourceset.resources.update", [target_of(row)])
    return _shown(call, row, item)


@operation("DELETE", _RESOURCE, emits=("iam.resourceset.resources.delete",), **_MANAGE)
def delete_resource(call: Call) -> None:
    """Take a resource from a set."""
    row = load(call)
    call.store.drop(SET_RESOURCES, _resource(call, row)["id"])
    emit(call, "iam.resourceset.resources.delete", [target_of(row)])


def _resource(call: Call, row: Doc) -> Doc:
    id = call.path["resourceId"]
    found: Doc | None = call.store.get(SET_RESOURCES, id)
    if found is None or found["_set"] != row["id"]:
        raise not_found(id, "IAMResource")
    return found


def _add_resource(call: Call, row: Doc, text: str, conditions: Doc | None = None) -> Doc:
    if not text.startswith(("orn:", "https://", "http://")) or len(text) > 1024:
        raise bad("resources", f"Invalid resource '{text[:100]}'", "resource", text[:200], "An ORN or an address.")
    for item in call.store.find_all(SET_RESOURCES, "_set", row["id"]):
        if text in (item.get("orn"), item.get("_href")):
            found: Doc = item
            return found
    at = stamp(call.now)
    made: Doc = call.store.add(SET_RESOURCES, {
        "id": call.ids.okta("ire"), **({"orn": text} if text.startswith("orn:") else {}), "created": at,
        "lastUpdated": at, **({"conditions": conditions} if conditions else {}), "_set": row["id"],
        "_href": text if not text.startswith("orn:") else None,
    })  # fmt: skip
    return made


def _shown(call: Call, row: Doc, item: Doc) -> Doc:
    given = item.get("orn") or item["_href"]
    shown = {"id": item["id"], **resource_names.named(call, given), **public(item)}
    one = {"resource": {"href": f"{address(call, row)}/resources/{item['id']}"}}
    return {**shown, "_links": {**resource_names.links(call, given), **one}}


def _given(body: Doc) -> Doc:
    return {"label": needed_text(body, "label"), "description": text_of(body, "description") or ""}


def texts(body: Doc, name: str) -> list[str]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad(name, f"{name}: must be a list of strings", name, str(value)[:100], "A list of texts.")
    return value


def _keep(call: Call, row: Doc, *, new: bool) -> None:
    try:
        call.store.add(RESOURCE_SETS, row) if new else call.store.put(RESOURCE_SETS, row)
    except Duplicate as error:
        raise taken("label", str(error.value)) from error
