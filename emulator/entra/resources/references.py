"""References between directory objects: `@odata.id` bodies, and objects of any kind by id.

Source: graph-entra.md 1.8 (manager), 1.9 (members), 1.13 (roles).
"""

from urllib.parse import parse_qs, unquote, urlsplit

from emulator.entra import shaping
from emulator.entra.odata import ODataError, QueryOptions, split_path
from emulator.entra.problems import not_found, refused_query, required
from emulator.entra.shaping import Shape
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why

TYPES = {
    "user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal", "directoryRole": "Role",
    "application": "Application", "orgContact": "Contact", "device": "Device",
    "administrativeUnit": "AdministrativeUnit",
}  # fmt: skip
MEMBERS = ("user", "group", "servicePrincipal", "orgContact", "device")
SETS = {
    "users": "user", "groups": "group", "serviceprincipals": "servicePrincipal", "directoryobjects": "",
    "contacts": "orgContact", "applications": "application", "devices": "device", "directoryroles": "directoryRole",
}  # fmt: skip
# Modules of other resources that may have a SHAPE of a directory object, in the order in which ids are looked up.
_MODULES = {
    "user": "users", "group": "groups", "servicePrincipal": "service_principals", "directoryRole": "directory_roles",
    "application": "applications", "device": "devices", "orgContact": "contacts",
    "administrativeUnit": "administrative_units",
}  # fmt: skip
_shapes: dict[str, Shape] = {}


def shapes() -> dict[str, Shape]:
    """The kinds of objects that can be referred to, by resource."""
    from importlib import import_module
    from importlib.util import find_spec

    if not _shapes:
        found = {}
        for resource, name in _MODULES.items():
            if find_spec(f"emulator.entra.resources.{name}") is not None:
                found[resource] = import_module(f"emulator.entra.resources.{name}").SHAPE
        _shapes.update(found)
    return _shapes


def directory_object(call: Call, id: str) -> Doc | None:
    """The live object of that id, with its audit type as `_type` and its schema type as `_resource`."""
    return objects(call, [id]).get(id)


def objects(call: Call, ids: list[str], *, only: str | None = None) -> dict[str, Doc]:
    """The live objects of those ids; `only`: of one type. Each kind is asked once for all that are still sought."""
    found: dict[str, Doc] = {}
    open_ids = ids
    for resource, shape in shapes().items():
        if only not in (None, resource):
            continue
        if not open_ids:
            break
        for doc in call.store.get_many(shape.kind, open_ids):
            if not doc.get("_external"):  # an application of another tenant
                found[doc["id"]] = marked(doc, resource)
        open_ids = [id for id in open_ids if id not in found]
    return found


def marked(doc: Doc, resource: str) -> Doc:
    """A document that knows its type, for mixed collections."""
    return {**doc, "_type": TYPES[resource], "_resource": resource}


def rendered(call: Call, item: Doc, wanted: QueryOptions | None = None, *, typed: bool = True) -> Doc:
    """An object as an item of a mixed collection; `wanted` is what is selected of it."""
    resource = item["_resource"]
    bare = {key: value for key, value in item.items() if key not in ("_type", "_resource")}
    shape = shapes()[resource]
    asked = QueryOptions(select=_known(resource, wanted.select), expand=wanted.expand) if wanted else QueryOptions()
    if wanted is not None and wanted.select and not asked.select:
        asked = QueryOptions(select=("id",), expand=wanted.expand)
    doc = shaping.shown(call, shape, bare, asked)
    return {"@odata.type": f"#microsoft.graph.{resource}", **doc} if typed else doc


def _known(resource: str, select: tuple[str, ...]) -> tuple[str, ...]:
    """Of a selection over mixed types, what one of them has."""
    from emulator.entra.odata import properties

    known = properties(resource)
    return tuple(name for name in select if name == "*" or name.partition("/")[0].lower() in known or "_" in name)


def bind(body: Doc) -> str:
    """The `@odata.id` of a reference body."""
    value = body.get("@odata.id")
    if not isinstance(value, str) or not value:
        raise required("@odata.id", "ReferenceCreate")
    return value


def named_in_query(call: Call) -> str:
    """The id that `DELETE …/$ref?@id=https://…` names. Raises 400."""
    for name in ("@id", "$id", "@odata.id"):
        values = parse_qs(call.exchange.query).get(name, [])
        if values:
            return str(referenced(call, values[0])["id"])
    why = Why("A reference in a list is removed by its URL.", (Compared("@id", None, "query"),))
    raise Problem("bad", "The reference to remove must be given as '@id'.", why=why)


def referenced(call: Call, url: str, *, only: tuple[str, ...] = ()) -> Doc:
    """The object that a reference names (`…/users/{id or UPN}`, `…/directoryObjects/{id}`). Raises 404, 400."""
    try:
        segments = [segment.text for segment in split_path(unquote(urlsplit(url).path))]
    except (ODataError, ValueError) as error:
        if isinstance(error, ODataError):
            raise refused_query(error, url) from error
        raise _no_url(url) from error
    if segments[:1] and segments[0].lower() in ("v1.0", "beta"):
        segments = segments[1:]
    elif len(segments) > 2 and segments[0].lower() == "v2":  # as Graph itself writes references
        segments = segments[2:]
    resource = SETS.get(segments[0].lower()) if len(segments) >= 2 else None
    if resource is None:
        raise _no_url(url)
    found = _by_key(call, resource, segments[1])
    if found is None or (resource and found["_resource"] != resource):
        raise not_found(segments[1], what=resource or "object")
    if only and found["_resource"] not in only:
        compared = (
            Compared("type", found["_resource"], "tenant"),
            Compared("allowed", ", ".join(only), call.operation.name),
        )
        text = "Unable to set the property: the referenced object is of the wrong type."
        raise Problem("bad", text, why=Why("The relationship holds other types.", compared))
    return found


def _no_url(url: str) -> Problem:
    why = Why("A reference is the URL of a directory object.", (Compared("@odata.id", url, "request body"),))
    return Problem("bad", f"Invalid URL value '{url}' specified for the property '@odata.id'.", why=why)


def _by_key(call: Call, resource: str, key: str) -> Doc | None:
    if resource == "user" and "@" in key:
        from emulator.entra.resources import users

        user = users.by_upn(call.store, key)
        return marked(user, "user") if user else None
    return directory_object(call, key.lower())
