"""Mails as people get them: the template of the brand that the request is for, in their language, filled in.

Source: the vendor's documentation of email templates: the customization of the person's language, else the default
one, else the stock text; settings say who gets a template's mails at all.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import admins, custom_domains, mail_templates
from emulator.okta.mail_templates import CUSTOMIZATIONS, SETTINGS
from emulator.okta.mfa import outbox
from emulator.okta.tokens import org

ALL_USERS, ADMINS_ONLY, NO_USERS = "ALL_USERS", "ADMINS_ONLY", "NO_USERS"


def of_template(brand: Doc, name: str) -> str:
    """The key under which a template's rows of one brand stand."""
    return f"{brand['id']}/{name}"


def customizations(call: Call, brand: Doc, name: str) -> list[Doc]:
    rows: list[Doc] = call.store.find_all(CUSTOMIZATIONS, "_of", of_template(brand, name))
    return rows


def recipients(call: Call, brand: Doc, name: str) -> str:
    """Who gets the mails of a template."""
    found = call.store.get(SETTINGS, of_template(brand, name))
    return str(found["recipients"]) if found is not None else ALL_USERS


def language_of(user: Doc, brand: Doc) -> str:
    """A person's language, else the brand's, else English."""
    profile = user["profile"]
    return str(profile.get("preferredLanguage") or profile.get("locale") or brand["locale"] or "en")


def values(call: Call, user: Doc, brand: Doc) -> dict[str, str]:
    """The variables that every mail knows: `user.…`, `org.…`, `brand.name`, `baseURL`."""
    found = org(call)
    known = {
        "org.name": str(found["companyName"]), "org.subDomain": str(found["subdomain"]), "org.id": str(found["id"]),
        "org.locale": brand["locale"] or "en", "brand.name": str(brand["name"]), "baseURL": call.base,
        "baseUrl": call.base, "orgSupportEmail": str(found.get("endUserSupportHelpURL") or ""),
        "recipient.name": str(user["profile"].get("firstName") or ""), "user.id": str(user["id"]),
    }  # fmt: skip
    for name, value in user["profile"].items():
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            known[f"user.{name}"] = known[f"user.profile.{name}"] = str(value)
    return known


def content(call: Call, brand: Doc, name: str, language: str | None) -> Doc:
    """The content that goes out: `{subject, body}`, with `id` and `language` where it is a customization."""
    rows = customizations(call, brand, name)
    return mail_templates.chosen(rows, language) or mail_templates.stock(name)


def rendered(found: Doc, known: dict[str, str]) -> Doc:
    """`{subject, body}` with the variables filled in; the subject is text, the body HTML."""
    return {
        "subject": mail_templates.filled(found["subject"], known, html=False),
        "body": mail_templates.filled(found["body"], known, html=True),
    }


def samples(call: Call) -> dict[str, str]:
    """What a preview and a test mail show for values that only a real mail has."""
    link = f"{call.base}/preview"
    names = {
        need
        for item in mail_templates.TEMPLATES.values()
        for need in (*item.needs, *mail_templates.names_in(item.text))
    }
    made = {name: link if name.lower().endswith("link") else "123456" for name in names if "." not in name}
    return {**made, "baseURL": call.base}


def send(call: Call, user: Doc, name: str, stock_text: str, *, known: dict[str, str], **more: object) -> None:
    """Put a person's mail into the outbox, as the template has it. stock_text: what it says uncustomised."""
    brand = custom_domains.brand_of(call)
    if not wanted(call, user, recipients(call, brand, name)):
        call.note(f"No mail: the brand's setting of {name} leaves this person out.")
        return
    deliver(call, user, brand, name, language_of(user, brand), {**values(call, user, brand), **known},
            stock_text=stock_text, more=dict(more))  # fmt: skip


def wanted(call: Call, user: Doc, setting: str) -> bool:
    """Whether somebody gets mails of such a setting."""
    if setting != ADMINS_ONLY:
        return setting == ALL_USERS
    roles = admins.of_user(call.store, user["id"])
    return roles is None or bool(roles)


def deliver(
    call: Call, user: Doc, brand: Doc, name: str, language: str, known: dict[str, str], *, stock_text: str, more: Doc
) -> None:
    """Render and put into the outbox."""
    found = content(call, brand, name, language)
    made = rendered(found, known)
    text = mail_templates.plain(made["body"]) if "id" in found else stock_text
    shown = {"template": name, "subject": made["subject"], "html": made["body"]}
    if "id" in found:
        shown |= {"language": found["language"]}
    to = str(more.pop("to", None) or user["profile"]["email"])
    outbox.send(call, user, "email", to, text, **shown, **more)
