"""Forms of self-service registration: /api/v1/meta/uischemas. Source: the vendor's SDK 3 and recordings of it.

# Differs: people here register with the fields that their enrolment policy names; how a form is laid out is kept only.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.okta import shapes
from emulator.okta.links import link
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import not_found
from emulator.store import Kind

FORMS = Kind("ui_schemas", settled=True)
_AT = "/api/v1/meta/uischemas"
_ONE = _AT + "/{id}"
_READ: Any = {"source": OBSERVED, "scope": ("okta.uischemas.read",)}
_MANAGE: Any = {"source": OBSERVED, "scope": ("okta.uischemas.manage",)}
_label = shapes.bounded(1024)
_control = shapes.record({
    "type": _label, "scope": shapes.bounded(1024, least=1), "label": _label,
    "options": shapes.record({"format": shapes.one_of("text", "radio", "select", "checkbox", "radio_yes_no",
                                                      "radio_true_false")}),
}, needed=("scope",))  # fmt: skip
_whole = shapes.record({
    "uiSchema": shapes.record(
        {"type": _label, "label": _label, "buttonLabel": _label, "elements": shapes.many(_control, most=100)}
    ),
}, needed=("uiSchema",))  # fmt: skip
_FIRST = (("firstName", "First name"), ("lastName", "Last name"), ("email", "Email"))


def _render(call: Call, form: Doc) -> Doc:
    return {**form, "_links": {"self": link(f"{call.base}{_AT}/{form['id']}", "GET", "PUT", "DELETE")}}


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(FORMS, call.path["id"])
    if found is None:
        raise not_found(call.path["id"], "UISchemaEntity")
    return found


@operation("GET", _AT, **_READ)
def list_ui_schemas(call: Call) -> list[Doc]:
    """Every form."""
    return [_render(call, form) for form in call.store.all(FORMS)]


@operation("POST", _AT, **_MANAGE)
def create_ui_schema(call: Call) -> Doc:
    """Add a form: `{uiSchema: {type, label, buttonLabel, elements}}`."""
    sent: Doc = _whole(body_object(call), "")
    at = stamp(call.now)
    form = {"id": call.ids.okta("uis"), **sent, "created": at, "lastUpdated": at}
    call.store.add(FORMS, form)
    return _render(call, form)


@operation("GET", _ONE, **_READ)
def get_ui_schema(call: Call) -> Doc:
    """One form."""
    return _render(call, _load(call))


@operation("PUT", _ONE, **_MANAGE)
def replace_ui_schema(call: Call) -> Doc:
    """Replace a form."""
    form = _load(call)
    form |= {**_whole(body_object(call), ""), "lastUpdated": stamp(call.now)}
    call.store.put(FORMS, form)
    return _render(call, form)


@operation("DELETE", _ONE, **_MANAGE)
def delete_ui_schema(call: Call) -> None:
    """Delete a form; one that is not there is no mistake (observed)."""
    call.store.drop(FORMS, call.path["id"])


def first_form(place: Seeding | Call) -> str:
    """Store the form that a policy of profile enrolment begins with, the new org's among them; its id.

    Recorded: first and last name, and email.
    """
    at, id = stamp(place.now), place.ids.okta("uis")
    elements = [
        {"type": "Control", "scope": f"#/properties/{name}", "label": label, "options": {"format": "text"}}
        for name, label in _FIRST
    ]
    schema = {"type": "Group", "elements": elements}
    place.store.add(FORMS, {"id": id, "uiSchema": schema, "created": at, "lastUpdated": at})
    return str(id)
