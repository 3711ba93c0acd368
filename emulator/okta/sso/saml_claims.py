"""What an assertion of a custom app says of a person: its name for them, their attributes, their groups.

Source: okta-admin-api.md appendix B (`SamlAttributeStatement*`, `subjectNameIdTemplate`). An expression that fails for
a person leaves its attribute out (inferred), as the mapping does.
"""

from dataclasses import replace

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import mapping
from emulator.okta.expressions import ExpressionError, compile_template
from emulator.okta.expressions.functions import text_of
from emulator.okta.oauth.custom_claims import matcher
from emulator.okta.resources import federated_claims
from emulator.protocols.saml20 import Attribute

_PLAIN = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
_MOST_GROUPS = 100
"""Okta states no more group names than this."""


def value(call: Call, app: Doc, user: Doc, app_user: Doc, template: str) -> object:
    """An expression or `${…}` template for one app user. `user.userName` is the name in the app. ExpressionError."""
    expression = compile_template(template)
    seen = mapping.environment_of(mapping.Setting.of(call), app, user, [expression], app_user)
    named = {**user["profile"], "userName": app_user["credentials"]["userName"]}
    return expression.evaluate(replace(seen, variables={**seen.variables, "user": named, "source": named}))


def name_id(call: Call, app: Doc, user: Doc, app_user: Doc, template: str) -> str:
    """The subject's name, "" where the template gives nothing."""
    try:
        return text_of(value(call, app, user, app_user, template)) or ""
    except ExpressionError as error:
        call.note(f"subjectNameIdTemplate {template!r} cannot be evaluated: {error}")
        return ""


def attributes(call: Call, app: Doc, user: Doc, app_user: Doc, statements: list[Doc]) -> tuple[Attribute, ...]:
    """The app's attribute statements and federated claims for a person, those without a value left out."""
    found = []
    claims = federated_claims.of_app(call.store, app["id"])
    for item in (*statements, *map(_as_statement, claims)):
        if item["type"] == "GROUP":
            values = group_names(call, user, item["filterType"], item["filterValue"])
        else:
            values = [text for each in item["values"] for text in texts(call, app, user, app_user, each)]
        if values:
            found.append(Attribute(item["name"], tuple(values), item["namespace"]))
    return tuple(found)


def _as_statement(claim: Doc) -> Doc:
    return {"type": "EXPRESSION", "name": claim["name"], "namespace": _PLAIN, "values": [claim["expression"]]}


def texts(call: Call, app: Doc, user: Doc, app_user: Doc, template: str) -> list[str]:
    """The values of one expression as text; none where it fails or gives nothing."""
    try:
        given = value(call, app, user, app_user, template)
    except ExpressionError as error:
        call.note(f"The attribute value {template!r} was left out: {error}")
        return []
    many = given if isinstance(given, list) else [given]
    return [text for each in many if (text := text_of(each)) is not None and text != ""]


def groups_of(call: Call, user: Doc) -> list[Doc]:
    """The person's groups, as documents."""
    from emulator.okta.resources import groups

    found: list[Doc] = call.store.get_many(groups.GROUPS, groups.groups_of(call.store, user["id"]))
    return found


def group_names(call: Call, user: Doc, kind: str, wanted: str) -> list[str]:
    """Names of the person's groups that a filter fits, in order of the alphabet."""
    fits = matcher(kind, wanted)
    names = sorted(row["profile"]["name"] for row in groups_of(call, user))
    return [name for name in names if fits(name)][:_MOST_GROUPS]
