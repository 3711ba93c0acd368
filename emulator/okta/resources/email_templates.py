"""Email templates of a brand, their stock content and settings: /api/v1/brands/{brandId}/templates/email.

Source: the vendor's documentation and schemas; appendix D (E0000189).
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import branding, lists, mail_templates, mails, shapes
from emulator.okta.links import link
from emulator.okta.mail_templates import CUSTOMIZATIONS, SETTINGS, TEMPLATES
from emulator.okta.params import body_object
from emulator.okta.problems import not_found
from emulator.okta.user_docs import USERS

__all__ = ["CUSTOMIZATIONS", "SETTINGS"]
AT = branding.AT + "/{brandId}/templates/email"
ONE = AT + "/{templateName}"
READ: Any = {"scope": ("okta.templates.read",)}
MANAGE: Any = {"scope": ("okta.templates.manage",)}
_recipients = shapes.one_of(mails.ALL_USERS, mails.ADMINS_ONLY, mails.NO_USERS)


def load(call: Call) -> tuple[Doc, str]:
    """The brand and the template's name that the path names. Raises E0000007."""
    brand, name = branding.load(call), call.path["templateName"]
    if name not in TEMPLATES:
        raise not_found(name, "EmailTemplate")
    return brand, name


def address(call: Call, brand: Doc, name: str) -> str:
    return f"{call.base}{branding.AT}/{brand['id']}/templates/email/{name}"


def _render(call: Call, brand: Doc, name: str, expand: list[str]) -> Doc:
    at = address(call, brand, name)
    found: Doc = {"name": name, "_links": {
        "self": link(at, "GET"), "settings": link(f"{at}/settings", "GET", "PUT"),
        "defaultContent": link(f"{at}/default-content", "GET"),
        "customizations": link(f"{at}/customizations", "GET", "POST", "DELETE"), "test": link(f"{at}/test", "POST"),
    }}  # fmt: skip
    embedded: Doc = {}
    if "settings" in expand:
        embedded["settings"] = _settings(call, brand, name)
    if "customizationCount" in expand:
        embedded["customizationCount"] = len(mails.customizations(call, brand, name))
    return {**found, "_embedded": embedded} if embedded else found


def _settings(call: Call, brand: Doc, name: str) -> Doc:
    at = address(call, brand, name)
    links = {"self": link(f"{at}/settings", "GET", "PUT"), "template": link(at, "GET")}
    return {"recipients": mails.recipients(call, brand, name), "_links": links}


@operation("GET", AT, source=DOCUMENTED, paging=Paging(20, 200), query=("after", "limit", "expand"), **READ)
def list_email_templates(call: Call) -> Listing:
    """The templates, by name; a cursor is the last one's name."""
    brand, names = branding.load(call), list(TEMPLATES)
    expand, after = branding.expansions(call, "settings", "customizationCount"), call.params.get("after")
    if after and after not in TEMPLATES:
        why = Why("The cursor names no template.", (Compared("after", after[:100], "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    start, size = names.index(after) + 1 if after else 0, lists.page_size(call)
    page = names[start : start + size]
    more = page[-1] if page and start + size < len(names) else None
    return Listing([_render(call, brand, name, expand) for name in page], more)


@operation("GET", ONE, source=DOCUMENTED, query=("expand",), **READ)
def get_email_template(call: Call) -> Doc:
    """One template."""
    brand, name = load(call)
    return _render(call, brand, name, branding.expansions(call, "settings", "customizationCount"))


@operation("GET", ONE + "/default-content", source=DOCUMENTED, query=("language",), **READ)
def get_default_content(call: Call) -> Doc:
    """The stock content."""
    # Differs: the text is our own, in English whatever the language.
    brand, name = load(call)
    at = address(call, brand, name)
    links = {"preview": link(f"{at}/default-content/preview", "GET"), "self": link(f"{at}/default-content", "GET"),
             "template": link(at, "GET"), "test": link(f"{at}/test", "POST")}  # fmt: skip
    return {**mail_templates.stock(name), "_links": links}


@operation("GET", ONE + "/default-content/preview", source=DOCUMENTED, query=("language",), **READ)
def preview_default_content(call: Call) -> Doc:
    """The stock content, filled in for the caller."""
    brand, name = load(call)
    at = address(call, brand, name)
    links = {"self": link(f"{at}/default-content/preview", "GET"), "template": link(at, "GET"),
             "defaultContent": link(f"{at}/default-content", "GET"), "test": link(f"{at}/test", "POST")}  # fmt: skip
    return {**preview(call, brand, mail_templates.stock(name)), "_links": links}


def preview(call: Call, brand: Doc, found: Doc) -> Doc:
    """Content as the caller would get it."""
    return mails.rendered(found, {**mails.samples(call), **_known(call, brand)})


def _known(call: Call, brand: Doc) -> dict[str, str]:
    user = call.store.get(USERS, call.caller.id)
    return mails.values(call, user, brand) if user is not None else {}


@operation("GET", ONE + "/settings", source=DOCUMENTED, **READ)
def get_email_settings(call: Call) -> Doc:
    """Who gets a template's mails."""
    return _settings(call, *load(call))


@operation("PUT", ONE + "/settings", source=DOCUMENTED, emits=("system.email.template.update",), **MANAGE)
def replace_email_settings(call: Call) -> Doc:
    """Say who gets a template's mails. Raises E0000189 for a value that the template does not take."""
    from emulator.okta.resources.email_customizations import log

    brand, name = load(call)
    body = body_object(call)
    if body.get("recipients") is None:
        raise shapes.blank("recipients")
    value = _recipients(body["recipients"], "recipients")
    if value == mails.ADMINS_ONLY and TEMPLATES[name].everybody:
        compared = (Compared("recipients", value, "request body"), Compared("template", name, "request path"))
        raise Problem("E0000189", why=Why("Mails of this template go to everybody or to nobody.", compared))
    row = {"id": mails.of_template(brand, name), "recipients": value, "_brandId": brand["id"]}
    call.store.save(SETTINGS, row)
    log(call, "update", brand, name)
    return _settings(call, brand, name)


@operation("POST", ONE + "/test", source=DOCUMENTED, body="none", status=204, query=("language",), **MANAGE)
def send_test_email(call: Call) -> None:
    """Send the caller a test mail, as the template stands; nobody to send it to is refused."""
    brand, name = load(call)
    user = call.store.get(USERS, call.caller.id)
    if user is None:
        raise not_found(call.caller.id, "User")
    language = call.params.get("language") or mails.language_of(user, brand)
    known = {**mails.samples(call), **mails.values(call, user, brand)}
    text = mail_templates.filled(TEMPLATES[name].text, known, html=False)
    mails.deliver(call, user, brand, name, language, known, stock_text=text, more={"test": True})
