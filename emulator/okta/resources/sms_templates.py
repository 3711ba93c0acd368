"""SMS templates: /api/v1/templates/sms. Source: the vendor's documentation and schemas.

An org has at most one, because there is one type; without one the stock text is sent.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Why
from emulator.okta import mail_templates, shapes
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found, taken
from emulator.okta.tokens import org
from emulator.store import Column, Duplicate, Kind

TEMPLATES = Kind("sms_templates", (Column("type", unique=True),), settled=True)
_AT = "/api/v1/templates/sms"
_ONE = _AT + "/{templateId}"
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.templates.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.templates.manage",)}
TYPE = "SMS_VERIFY_CODE"
STOCK = "Your verification code for ${org.name} is ${code}."
_MOST = 160
_LANGUAGE = shapes.bounded(35, least=1)


def _message(value: Any, path: str) -> str:
    """A text that fits one message and says the code. Raises E0000001."""
    found = str(shapes.bounded(_MOST, least=1)(value, path))
    if "code" not in mail_templates.names_in(found):
        why = Why("A verification message holds the code.", (Compared(path, found, "request body"),))
        raise invalid(path, f"{path}: The template must contain ${{code}}", why=why)
    return found


def _translations(value: Any, path: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise shapes.malformed(path, value, "an object")
    return {_LANGUAGE(key, path): _message(text, f"{path}.{key[:35]}") for key, text in value.items()}


_FIELDS = {"name": shapes.bounded(50, least=1), "type": shapes.one_of(TYPE), "template": _message,
           "translations": _translations}  # fmt: skip
_whole = shapes.record(_FIELDS, needed=("name", "type", "template"))
_partial = shapes.record(_FIELDS)


def verification(call: Call, user: Doc, code: str) -> str:
    """What a message with a code says: the org's template in the person's language, else its own text, else the stock
    one."""
    rows = call.store.all(TEMPLATES)
    text = _in_language(rows[0], user["profile"]) if rows else STOCK
    return mail_templates.filled(text, {"code": code, "org.name": str(org(call)["companyName"])}, html=False)


def _in_language(template: Doc, profile: Doc) -> str:
    texts = {key.replace("_", "-").casefold(): text for key, text in (template.get("translations") or {}).items()}
    wanted = str(profile.get("preferredLanguage") or profile.get("locale") or "").replace("_", "-").casefold()
    return str(texts.get(wanted) or texts.get(wanted.partition("-")[0]) or template["template"])


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(TEMPLATES, call.path["templateId"])
    if found is None:
        raise not_found(call.path["templateId"], "SmsTemplate")
    return found


def _keep(call: Call, row: Doc, *, new: bool) -> Doc:
    try:
        call.store.add(TEMPLATES, row) if new else call.store.put(TEMPLATES, row)
    except Duplicate as error:
        raise taken("type", row["type"]) from error
    return public(row)


@operation("GET", _AT, query=("templateType",), **_READ)
def list_sms_templates(call: Call) -> list[Doc]:
    """The org's templates; `templateType` is the one type that there is."""
    asked = call.params.get("templateType")
    if asked:
        _FIELDS["type"](asked, "templateType")
    return [public(row) for row in call.store.all(TEMPLATES)]


@operation("POST", _AT, **_MANAGE)
def create_sms_template(call: Call) -> Doc:
    """Make the org's template of a type."""
    at, fields = stamp(call.now), _whole(body_object(call), "")
    row = {"id": call.ids.okta("cst"), **fields, "translations": fields.get("translations", {}), "created": at,
           "lastUpdated": at}  # fmt: skip
    return _keep(call, row, new=True)


@operation("GET", _ONE, **_READ)
def get_sms_template(call: Call) -> Doc:
    """One template."""
    return public(_load(call))


@operation("PUT", _ONE, **_MANAGE)
def replace_sms_template(call: Call) -> Doc:
    """Replace a template; translations that are left out go. The answer leaves them out (observed)."""
    row, fields = _load(call), _whole(body_object(call), "")
    kept = _keep(call, {**row, "translations": {}, **fields, "lastUpdated": stamp(call.now)}, new=False)
    return {name: value for name, value in kept.items() if name != "translations"}


@operation("POST", _ONE, **_MANAGE)
def update_sms_template(call: Call) -> Doc:
    """Change single fields and translations of a template."""
    row, fields = _load(call), _partial(body_object(call), "")
    translations = {**(row.get("translations") or {}), **fields.pop("translations", {})}
    return _keep(call, {**row, **fields, "translations": translations, "lastUpdated": stamp(call.now)}, new=False)


@operation("DELETE", _ONE, **_MANAGE)
def delete_sms_template(call: Call) -> None:
    """Go back to the stock text."""
    call.store.drop(TEMPLATES, _load(call)["id"])


def seed(seeding: Seeding) -> None:
    """`smsTemplates: [{name, template, translations?, id?}]`."""
    at = stamp(seeding.now)
    for spec in seeding.spec.get("smsTemplates", ()):
        fields = _whole({"type": TYPE, **spec}, "")
        id = spec.get("id") or seeding.ids.okta("cst")
        seeding.store.add(TEMPLATES, {"id": id, "translations": {}, **fields, "created": at, "lastUpdated": at})
