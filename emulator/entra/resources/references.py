"""References between directory objects: `@odata.id` bodies, and objects of any kind by id.

Source: graph-entra.md 1.8 (manager), 1.9 (members), 1.13 (roles).
"""

from urllib.parse import unquote, urlsplit

from emulator.entra import queries
from emulator.entra.graph import Entity
from emulator.entra.odata import ODataError, split_path
from emulator.entra.problems import not_found, refused_query, required
from emulator.entra.queries import Shape
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why

TYPES = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal", "directoryRole": "Role"}
MEMBERS = ("user", "group", "servicePrincipal")
SETS = {"users": "user", "groups": "group", "serviceprincipals": "servicePrincipal", "directoryobjects": ""}


def shapes() -> dict[str, Shape]:
    """The kinds of objects that can be referred to."""
    from emulator.entra.resources import directory_roles, groups, service_principals, users

    return {
        "user": users.SHAPE, "group": groups.SHAPE, "servicePrincipal": service_principals.SHAPE,
        "directoryRole": directory_roles.SHAPE,
    }  # fmt: skip


def directory_object(call: Call, id: str) -> Doc | None:
    """The live object of that id, with its audit type as `_type` and its schema type as `_resource`."""
    for resource, shape in shapes().items():
        found = call.store.get(shape.kind, id)
        if found is not None:
            return marked(found, resource)
    return None


def marked(doc: Doc, resource: str) -> Doc:
    """A document that knows its type, for mixed collections."""
    return {**doc, "_type": TYPES[resource], "_resource": resource}


def rendered(call: Call, item: Doc) -> Doc:
    """An object as an item of a mixed collection."""
    resource = item["_resource"]
    shape = shapes()[resource]
    doc = queries.shown(
        call,
        shape,
        {key: value for key, value in item.items() if key not in ("_type", "_resource")},
        queries.QueryOptions(),
    )
    return {"@odata.type": f"#microsoft.graph.{resource}", **doc}


def bind(body: Doc) -> str:
    """The `@odata.id` of a reference body."""
    value = body.get("@odata.id")
    if not isinstance(value, str) or not value:
        raise required("@odata.id", "ReferenceCreate")
    return value


def referenced(call: Call, url: str, *, only: tuple[str, ...] = ()) -> Doc:
    """The object that a reference names (`…/users/{id or UPN}`, `…/directoryObjects/{id}`). Raises 404, 400."""
    try:
        segments = [segment.text for segment in split_path(unquote(urlsplit(url).path))]
    except ODataError as error:
        raise refused_query(error, url) from error
    if segments[:1] and segments[0].lower() in ("v1.0", "beta"):
        segments = segments[1:]
    resource = SETS.get(segments[0].lower()) if len(segments) >= 2 else None
    if resource is None:
        why = Why("A reference is the URL of a directory object.", (Compared("@odata.id", url, "request body"),))
        raise Problem("bad", f"Invalid URL value '{url}' specified for the property '@odata.id'.", why=why)
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


def _by_key(call: Call, resource: str, key: str) -> Doc | None:
    if resource == "user" and "@" in key:
        from emulator.entra.resources import users

        user = users.by_upn(call.store, key)
        return marked(user, "user") if user else None
    return directory_object(call, key.lower())


@operation("GET", "/v1.0/directoryObjects/{id}", source=DOCUMENTED)
def get_object(call: Call) -> Entity:
    """An object of any kind."""
    found = directory_object(call, call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"])
    return Entity("directoryObjects/$entity", rendered(call, found))
