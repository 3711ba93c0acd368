"""One property of an object by its path: /users/{id}/displayName, /users/{id}/displayName/$value.

Source: OData 4.01 part 2, 4.6; graph-entra.md 1.1.
"""

from collections.abc import Callable

import orjson

from emulator.entra import queries, shaping
from emulator.entra.graph import version
from emulator.entra.odata import QueryOptions, properties
from emulator.entra.resources import applications, groups, organization, service_principals, users
from emulator.entra.resources.user_paths import load as load_user
from emulator.entra.shaping import Shape
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why, not_emulated


def _organization(call: Call) -> Doc:
    return dict(tenant(call))


_OWNERS: dict[str, tuple[Shape, Callable[[Call], Doc]]] = {
    "users": (users.SHAPE, load_user), "me": (users.SHAPE, load_user), "groups": (groups.SHAPE, groups.load),
    "applications": (applications.SHAPE, applications.load),
    "servicePrincipals": (service_principals.SHAPE, service_principals.load),
    "organization": (organization.SHAPE, _organization),
}  # fmt: skip


@operation("GET", "/v1.0/users/{id}/{property}", source=DOCUMENTED)
@operation("GET", "/v1.0/me/{property}", source=DOCUMENTED)
@operation("GET", "/v1.0/groups/{id}/{property}", source=DOCUMENTED)
@operation("GET", "/v1.0/applications/{id}/{property}", source=DOCUMENTED)
@operation("GET", "/v1.0/servicePrincipals/{id}/{property}", source=DOCUMENTED)
@operation("GET", "/v1.0/organization/{id}/{property}", source=DOCUMENTED)
def get_property(call: Call) -> Doc | Answer:
    """The value of one property, with its own context."""
    context, value = _value(call)
    base = f"{call.base}/{version(call)}/$metadata#{context}"
    if value is None:
        return {"@odata.context": base, "@odata.null": True}
    if isinstance(value, dict):
        return {"@odata.context": base, **value}
    return {"@odata.context": base, "value": value}


@operation("GET", "/v1.0/users/{id}/{property}/$value", source=DOCUMENTED)
@operation("GET", "/v1.0/me/{property}/$value", source=DOCUMENTED)
@operation("GET", "/v1.0/groups/{id}/{property}/$value", source=DOCUMENTED)
def get_raw_value(call: Call) -> Answer:
    """The bare text of one property; nothing (204) where it has no value."""
    _, value = _value(call)
    if value is None:
        return Answer(204, list(call.headers))
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return Answer(200, [*call.headers, ("Content-Type", "text/plain")], text.encode())


def _value(call: Call) -> tuple[str, object]:
    """The context and value of the property that the path names. Raises 400 for what is none."""
    name = call.operation.path.split("/")[2]
    shape, load = _OWNERS[name]
    known = properties(shape.resource).get(call.path["property"].lower())
    if known is None or known.navigation:
        compared = (Compared("segment", call.path["property"], "request"), Compared("type", shape.resource, "schema"))
        rule = f"microsoft.graph.{shape.resource} has no such property."
        why = not_emulated(f"The relationship {known.name}") if known else Why(rule, compared)
        raise Problem("segment", call.path["property"], why=why)
    doc = load(call)
    wanted = QueryOptions(select=(known.name,))
    shaping.guard(call, shape, wanted)
    value = queries.shown(call, shape, doc, wanted).get(known.name)
    return f"{shape.set}('{doc['id']}')/{known.name}", value
