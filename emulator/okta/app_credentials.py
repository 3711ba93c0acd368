"""`credentials` of an app in each sign-on mode. Source: okta-admin-api.md 5, 6.1, appendix B and C."""

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import app_oauth
from emulator.okta.app_types import BUILT_IN_NAME, OIDC, PASSWORDS, SIGNING
from emulator.okta.app_values import boolean, choice
from emulator.okta.apps_catalog import TYPES
from emulator.okta.bad_values import bad
from emulator.okta.expressions import ExpressionError, compile_template
from emulator.okta.params import part, text_of
from emulator.okta.problems import invalid

EDITABLE, SHARED = "EDIT_USERNAME_AND_PASSWORD", "SHARED_USERNAME_AND_PASSWORD"
_SCHEMES = (EDITABLE, "ADMIN_SETS_CREDENTIALS", "EDIT_PASSWORD_ONLY", "EXTERNAL_PASSWORD_SYNC", SHARED)
_TEMPLATE_TYPES = ("NONE", "BUILT_IN", "CUSTOM")
_LONGEST_TEMPLATE = 1024


def credentials(app: Doc, mode: str, sent: Doc, before: Doc | None) -> Doc:
    """What a request gives; the signing key and the OAuth client stay. Raises E0000001."""
    template = name_template(part(sent, "userNameTemplate") or {})
    signing = dict((before or {}).get("signing") or {})
    if mode in PASSWORDS:
        return _passwords(template, sent, before or {})
    if mode == OIDC:
        kind = app["settings"].get("oauthClient", {}).get("application_type", "web")
        found: Doc = {"userNameTemplate": template, "signing": signing}
        if not TYPES[app["name"]].first_party:
            kept = (before or {}).get("oauthClient")
            found["oauthClient"] = app_oauth.credentials(sent, kept, kind=kind, app_id=app["id"])
        return found
    return {"userNameTemplate": template, "signing": signing if mode in SIGNING else {}}


def _passwords(template: Doc, sent: Doc, before: Doc) -> Doc:
    scheme = choice(sent, "scheme", _SCHEMES, EDITABLE)
    found: Doc = {
        "scheme": scheme, "userNameTemplate": template, "revealPassword": boolean(sent, "revealPassword", False),
        "signing": {},
    }  # fmt: skip
    if scheme == SHARED:
        name = text_of(sent, "userName")
        if not name:
            cause = "userName: The field cannot be left blank"
            raise bad("credentials.userName", cause, "userName", name, "Shared credentials have a user name.")
        if not part(sent, "password") and before.get("password") != {}:
            cause = "password: The field cannot be left blank"
            raise bad("credentials.password", cause, "password", None, "Shared credentials have a password.")
        # The password itself is not kept: nothing here plays it back.
        found |= {"userName": name, "password": {}}
    return found


def name_template(sent: Doc) -> Doc:
    """A checked userNameTemplate; `pushStatus` shows for CUSTOM ones. Raises E0000001."""
    kind = choice(sent, "type", _TEMPLATE_TYPES, str(BUILT_IN_NAME["type"]))
    template = text_of(sent, "template") or str(BUILT_IN_NAME["template"])
    if len(template) > _LONGEST_TEMPLATE:
        cause = "template: The field is too long"
        raise bad("template", cause, "template", f"{len(template)} characters", f"At most {_LONGEST_TEMPLATE}.")
    try:
        compile_template(template)
    except ExpressionError as error:
        why = Why("The user name template is no expression.", (Compared("template", template, "request body"),))
        raise invalid("template", error.message, why=why) from error
    found: Doc = {"template": template, "type": kind}
    for name in ("suffix", "userSuffix"):
        if sent.get(name):
            found[name] = text_of(sent, name)
    pushed = choice(sent, "pushStatus", ("PUSH", "DONT_PUSH", "NOT_CONFIGURED"), None)
    if kind == "CUSTOM" or pushed:
        found["pushStatus"] = pushed or "DONT_PUSH"
    return found
