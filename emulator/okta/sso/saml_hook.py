"""The SAML inline hook of an app: what the org is about to say of a person, and the patches of it.

Source: Okta's reference of com.okta.saml.tokens.transform and com.okta.assertion.patch. The assertion goes out as the
document below; what comes back is read from the patched one.
"""

from dataclasses import replace
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.okta import inline_hooks
from emulator.okta.inline_hooks import SAML
from emulator.okta.sso import saml_target
from emulator.protocols.saml20 import Attribute
from emulator.protocols.saml20_idp import Statement

PATCH = "com.okta.assertion.patch"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_SHORTEST_S, _LONGEST_S, _MOST_TEXT = 10, 3600, 10_000


def hooked(call: Call, app: Doc, user: Doc, said: Statement) -> Statement:
    """The statement as the app's inline hooks leave it. Raises HookError where one refuses the sign-in."""
    for item in app["settings"]["signOn"].get("inlineHooks") or ():
        hook = inline_hooks.active(call, item["id"], SAML)
        if hook is None:
            continue
        about = _document(said)
        source = f"https://{call.info['host']}/app/{app['name']}/{app['_key']}/sso/saml"
        commands = inline_hooks.ask(call, hook, source, {"context": _context(call, app, user), "assertion": about})
        if not commands:
            continue
        try:
            said = _read(said, inline_hooks.patched(about, inline_hooks.operations(commands, PATCH)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            inline_hooks.executed(call, hook, f"A command does not fit the assertion: {error}")
            continue
        inline_hooks.executed(call, hook, "")
    return said


def _context(call: Call, app: Doc, user: Doc) -> Doc:
    profile, at = user["profile"], f"https://{call.info['host']}/api/v1/users/{user['id']}"
    exchange = call.exchange
    return {
        "request": {"id": call.request_id, "method": exchange.method, "url": {"value": exchange.url},
                    "ipAddress": exchange.client},
        "protocol": {"type": "SAML2.0", "issuer": {"id": app["id"], "name": app["label"],
                                                   "uri": saml_target.issuer(app)}},
        "user": {
            "id": user["id"], "passwordChanged": user.get("passwordChanged"),
            "profile": {"login": profile["login"], "firstName": profile.get("firstName"),
                        "lastName": profile.get("lastName"), "locale": profile.get("locale") or "en",
                        "timeZone": profile.get("timezone") or "America/Los_Angeles"},
            "_links": {"groups": {"href": f"{at}/groups"}, "factors": {"href": f"{at}/factors"}},
        },
    }  # fmt: skip


def _document(said: Statement) -> Doc:
    """The assertion as the hook sees it."""
    return {
        "subject": {"nameId": said.name_id, "nameFormat": said.name_id_format,
                    "confirmation": {"method": _BEARER, "data": {"recipient": said.recipient}}},
        "authentication": {"sessionIndex": said.session_index, "authnInstant": iso(said.authn_instant_ms),
                           "authnContext": {"authnContextClassRef": said.authn_context}},
        "conditions": {"audienceRestriction": [said.audience]},
        "claims": {item.name: {"attributes": {"NameFormat": item.name_format}, "attributeValues": [
            {"attributes": {"xsi:type": "xs:string"}, "value": value} for value in item.values]}
            for item in said.attributes},
        "lifetime": {"expiration": (said.until_ms - said.issued_ms) // 1000},
    }  # fmt: skip


def _read(said: Statement, found: Doc) -> Statement:
    """The statement that a patched document says; the recipient and the confirmation are not the hook's to change."""
    subject, authentication = found["subject"], found["authentication"]
    life = found["lifetime"]["expiration"]
    if isinstance(life, bool) or not isinstance(life, int) or not _SHORTEST_S <= life <= _LONGEST_S:
        raise ValueError(f"a lifetime of {str(life)[:20]}; {_SHORTEST_S} to {_LONGEST_S} seconds are allowed")
    if subject["confirmation"] != {"method": _BEARER, "data": {"recipient": said.recipient}}:
        raise ValueError("the confirmation of the subject cannot be changed")
    audiences = found["conditions"]["audienceRestriction"]
    if not isinstance(audiences, list) or len(audiences) != 1:
        raise ValueError("an assertion is for one audience")
    until = said.issued_ms + life * 1000
    return replace(
        said, name_id=_text(subject["nameId"]), name_id_format=_text(subject["nameFormat"]),
        session_index=_text(authentication["sessionIndex"]), audience=_text(audiences[0]),
        authn_context=_text(authentication["authnContext"]["authnContextClassRef"]),
        until_ms=until, confirmed_until_ms=until, attributes=tuple(_attributes(found["claims"])),
    )  # fmt: skip


def _attributes(claims: Doc) -> list[Attribute]:
    made = []
    for name, item in claims.items():
        values = tuple(_text(value["value"]) for value in item["attributeValues"])
        form = (item.get("attributes") or {}).get("NameFormat")
        if values and name:
            made.append(Attribute(_text(name), values, _text(form)) if form else Attribute(_text(name), values))
    return made


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or len(str(value)) > _MOST_TEXT:
        raise ValueError(f"a value that is no text: {str(value)[:40]}")
    return str(value)
