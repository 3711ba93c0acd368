"""Customizations of email templates: …/templates/email/{templateName}/customizations.

Source: the vendor's documentation and schemas; appendix D (E0000182 to E0000185, E0000236, E0000237). A template that
has customizations has exactly one default among them, the first.
"""

import re
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.okta import lists, mail_templates, mails, shapes
from emulator.okta.events import emit, target
from emulator.okta.links import link
from emulator.okta.mail_templates import CUSTOMIZATIONS, LANGUAGES, TEMPLATES
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.email_templates import MANAGE, ONE, READ, address, load, preview
from emulator.store.where import compile_for

_AT = ONE + "/customizations"
_ONE = _AT + "/{customizationId}"
_EVENT = "system.email.template."
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_fields = shapes.record(
    {"language": shapes.text, "isDefault": shapes.boolean, "subject": shapes.bounded(500, least=1),
     "body": shapes.bounded(256 * 1024, least=1)},
    needed=("language", "subject", "body"),
)  # fmt: skip


def log(call: Call, what: str, brand: Doc, name: str, row: Doc | None = None) -> None:
    """The System Log event of a change: `create`, `update` or `delete`."""
    about = [target("Brand", brand["id"], name=brand["name"]), target("EmailTemplate", name, name=name)]
    if row is not None:
        about.append(target("EmailCustomization", row["id"], name=row["language"]))
    emit(call, _EVENT + what, about)


def _render(call: Call, brand: Doc, name: str, row: Doc) -> Doc:
    at = address(call, brand, name)
    one = f"{at}/customizations/{row['id']}"
    return {**public(row), "_links": {
        "preview": link(f"{one}/preview", "GET"), "self": link(one, "GET", "PUT", "DELETE"),
        "template": link(at, "GET"), "test": link(f"{at}/test", "POST"),
        "settings": link(f"{at}/settings", "GET", "PUT"),
    }}  # fmt: skip


def _load(call: Call) -> tuple[Doc, str, Doc]:
    brand, name = load(call)
    id = call.path["customizationId"]
    found: Doc | None = call.store.get(CUSTOMIZATIONS, id)
    if found is None or found["_of"] != mails.of_template(brand, name):
        raise not_found(id, "EmailCustomization")
    return brand, name, found


def _read(call: Call, name: str) -> Doc:
    fields: Doc = _fields(body_object(call), "")
    language = fields["language"]
    if _TAG.fullmatch(language) is None:
        why = Why("A language is a BCP 47 tag.", (Compared("language", language[:60], "request body"),))
        raise Problem("E0000236", why=why)
    known = next((tag for tag in LANGUAGES if tag.casefold() == language.casefold()), None)
    if known is None:
        compared = (Compared("language", language, "request body"), Compared("languages", ", ".join(LANGUAGES), "org"))
        raise Problem("E0000237", why=Why("Mails are not customized in this language.", compared))
    needs = TEMPLATES[name].needs
    if needs and not mail_templates.names_in(fields["body"]) & set(needs):
        wanted = " or ".join(f"${{{item}}}" for item in needs)
        why = Why("The body lacks what the mail is for.", (Compared("needed", wanted, f"template {name}"),))
        raise invalid("body", f"body: The template must contain {wanted}", why=why)
    return {**fields, "language": known}


def _taken(row: Doc, code: str, rule: str) -> Problem:
    compared = (Compared("customization", row["id"], "the template"), Compared("language", row["language"], "it"))
    return Problem(code, why=Why(rule, compared))


def _refuse_language(rows: list[Doc], language: str) -> None:
    for row in rows:
        if row["language"] == language:
            raise _taken(row, "E0000183", "Another customization is in this language.")


@operation("GET", _AT, source=DOCUMENTED, paging=Paging(20, 200), query=("after", "limit"), **READ)
def list_email_customizations(call: Call) -> Listing:
    """A template's customizations, the oldest first."""
    brand, name = load(call)
    key = mails.of_template(brand, name)
    where = compile_for(Compare(("_of",), "eq", key), CUSTOMIZATIONS, call.store.multi_table)
    return lists.listing(call, CUSTOMIZATIONS, lambda of, row: _render(of, brand, name, row), where=where)


@operation("POST", _AT, source=DOCUMENTED, status=201, emits=(_EVENT + "create",), **MANAGE)
def create_email_customization(call: Call) -> Doc:
    """Customize a template in a language; the first one is the default."""
    brand, name = load(call)
    fields, rows = _read(call, name), mails.customizations(call, brand, name)
    default = fields.get("isDefault", not rows)
    _refuse_language(rows, fields["language"])
    held = next((row for row in rows if row["isDefault"]), None)
    if default and held is not None:
        raise _taken(held, "E0000182", "A template has one default customization.")
    if not default and held is None:
        raise _must_be_default(default)
    at = stamp(call.now)
    made = {
        "id": call.ids.okta("oel"), "language": fields["language"], "isDefault": default, "subject": fields["subject"],
        "body": fields["body"], "created": at, "lastUpdated": at, "_brandId": brand["id"], "_template": name,
        "_of": mails.of_template(brand, name),
    }  # fmt: skip
    call.store.add(CUSTOMIZATIONS, made)
    log(call, "create", brand, name, made)
    return _render(call, brand, name, made)


def _must_be_default(value: Any) -> Problem:
    compared = (Compared("isDefault", value, "request body"), Compared("other default", None, "the template"))
    return Problem("E0000185", why=Why("A template that is customized has a default customization.", compared))


@operation("DELETE", _AT, source=DOCUMENTED, emits=(_EVENT + "delete",), **MANAGE)
def delete_all_customizations(call: Call) -> None:
    """Go back to the stock content."""
    brand, name = load(call)
    for row in call.store.drop_where(CUSTOMIZATIONS, "_of", mails.of_template(brand, name)):
        log(call, "delete", brand, name, row)


@operation("GET", _ONE, source=DOCUMENTED, **READ)
def get_email_customization(call: Call) -> Doc:
    """One customization."""
    return _render(call, *_load(call))


@operation("PUT", _ONE, source=DOCUMENTED, emits=(_EVENT + "update",), **MANAGE)
def replace_email_customization(call: Call) -> Doc:
    """Replace a customization; one that becomes the default takes the place of the other."""
    brand, name, row = _load(call)
    fields = _read(call, name)
    others = [other for other in mails.customizations(call, brand, name) if other["id"] != row["id"]]
    _refuse_language(others, fields["language"])
    default = fields.get("isDefault", row["isDefault"])
    if row["isDefault"] and not default:
        raise _must_be_default(default)
    for other in others:
        if default and other["isDefault"]:
            call.store.put(CUSTOMIZATIONS, {**other, "isDefault": False, "lastUpdated": stamp(call.now)})
    changed = {**row, **fields, "isDefault": default, "lastUpdated": stamp(call.now)}
    call.store.put(CUSTOMIZATIONS, changed)
    log(call, "update", brand, name, changed)
    return _render(call, brand, name, changed)


@operation("DELETE", _ONE, source=DOCUMENTED, emits=(_EVENT + "delete",), **MANAGE)
def delete_email_customization(call: Call) -> None:
    """Delete a customization that is not the default."""
    brand, name, row = _load(call)
    if row["isDefault"]:
        raise _taken(row, "E0000184", "The default customization goes with all the others, or not at all.")
    call.store.drop(CUSTOMIZATIONS, row["id"])
    log(call, "delete", brand, name, row)


@operation("GET", _ONE + "/preview", source=DOCUMENTED, **READ)
def preview_email_customization(call: Call) -> Doc:
    """A customization, filled in for the caller."""
    brand, name, row = _load(call)
    at = address(call, brand, name)
    one = f"{at}/customizations/{row['id']}"
    links = {"self": link(f"{one}/preview", "GET"), "contentSource": link(one, "GET", "PUT", "DELETE"),
             "template": link(at, "GET"), "test": link(f"{at}/test", "POST")}  # fmt: skip
    return {**preview(call, brand, row), "_links": links}
