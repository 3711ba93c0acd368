"""How an app document is made from a request, replaced by one, and shown.

Source: okta-admin-api.md 5, 6.1, appendix C.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from emulator.kernel.doc import Doc, public
from emulator.kernel.problems import Compared, Why, not_emulated
from emulator.okta.apps_catalog import BUILT_IN_NAME, TYPES, AppType
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.expressions import ExpressionError, compile_template
from emulator.okta.params import part, stamp, text_of
from emulator.okta.problems import invalid

_SWA, _SAML = "BROWSER_PLUGIN", "SAML_1_1"
_TEMPLATE_TYPES = ("NONE", "BUILT_IN", "CUSTOM")


def type_of(body: Doc) -> AppType:
    """The catalogue entry that a request to add an app names. Raises E0000001 `name`."""
    name = text_of(body, "name")
    found = TYPES.get(name) if name else None
    if found is None and body.get("signOnMode") == "BOOKMARK" and not name:
        found = TYPES["bookmark"]
    if found is None or not found.creatable:
        what = f"Adding an app named {name!r} with sign-on mode {body.get('signOnMode')!r}"
        raise invalid("name", "errors in the field: name", why=not_emulated(what))
    return found


def mode_of(kind: AppType, asked: str | None) -> str:
    """The sign-on mode as it will read back. Raises E0000001 `signOnMode`."""
    wanted = asked or kind.modes[0]
    mode = kind.coerced.get(wanted, wanted)
    if mode not in kind.modes:
        modes = Compared("modes", ", ".join(kind.modes), f"catalogue, {kind.name}")
        compared = (Compared("signOnMode", asked, "request body"), modes)
        why = Why("The app does not offer this sign-on mode.", compared)
        raise invalid("signOnMode", f"signOnMode: '{asked}' is not supported by this application", why=why)
    return mode


def new_app(kind: AppType, *, id: str, key: str, org_id: str, now: int) -> Doc:
    """An ACTIVE app document with the catalogue's values; `applied` fills in what a request gives."""
    at = stamp(now)
    licensing = {"licensing": {"seatCount": 0}} if kind.provisioning else {}
    logout = {"universalLogout": deepcopy(kind.universal_logout)} if kind.universal_logout else {}
    return {
        "id": id, "orn": f"orn:okta:idp:{org_id}:apps:{kind.name}:{id}", "name": kind.name, "label": kind.label,
        "status": "ACTIVE", "lastUpdated": at, "created": at, "accessibility": _accessibility({}), **licensing,
        "visibility": _visibility(kind, {}), "features": [], "signOnMode": kind.modes[0],
        "credentials": credentials(kind.modes[0], {}, None), **logout,
        "settings": {
            "app": deepcopy(dict(kind.settings)), **_common_settings({}),
            **({"signOn": _sign_on({})} if kind.modes[0] == _SAML else {}),
        },
        "_key": key, "_policyId": None, "_consent": {},
    }  # fmt: skip


def applied(app: Doc, body: Doc, *, server_keys: tuple[str, ...] = ()) -> None:
    """Give an app what a POST or PUT says, in place; what is left out goes back to the catalogue's value.

    Keys of `settings.app` that are left out keep their value (inferred: the vendor's typed clients send only two of
    the ten of office365); `server_keys` of it are not the client's to write. Raises E0000001.
    """
    kind = TYPES[app["name"]]
    label = needed_text(body, "label", most=100, blank="Label must be specified")
    mode = mode_of(kind, text_of(body, "signOnMode"))
    settings = part(body, "settings") or {}
    sent = part(body, "credentials") or {}
    app["label"], app["signOnMode"] = label, mode
    app["accessibility"] = _accessibility(part(body, "accessibility") or {})
    app["visibility"] = _visibility(kind, part(body, "visibility") or {})
    app["credentials"] = credentials(mode, sent, app["credentials"])
    app["settings"] = {
        "app": _app_settings(kind, app["settings"]["app"], part(settings, "app") or {}, server_keys),
        **_common_settings(settings), **({"signOn": _sign_on(part(settings, "signOn") or {})} if mode == _SAML else {}),
    }  # fmt: skip


def _accessibility(sent: Doc) -> Doc:
    return {
        "selfService": bool(sent.get("selfService", False)), "errorRedirectUrl": text_of(sent, "errorRedirectUrl"),
        "loginRedirectUrl": text_of(sent, "loginRedirectUrl"),
    }  # fmt: skip


def _visibility(kind: AppType, sent: Doc) -> Doc:
    """Links that the catalogue does not list are dropped."""
    hide, links = part(sent, "hide") or {}, part(sent, "appLinks") or {}
    return {
        "autoLaunch": bool(sent.get("autoLaunch", False)),
        "autoSubmitToolbar": bool(sent.get("autoSubmitToolbar", False)),
        "hide": {"iOS": bool(hide.get("iOS", False)), "web": bool(hide.get("web", False))},
        "appLinks": {name: bool(links.get(name, on)) for name, (_, on) in kind.links.items()},
    }  # fmt: skip


def credentials(mode: str, sent: Doc, before: Doc | None) -> Doc:
    """`credentials` of an app in a sign-on mode; the signing key stays."""
    template = name_template(part(sent, "userNameTemplate") or {})
    signing = (before or {}).get("signing") or {}
    if mode == _SWA:
        return {
            "scheme": "EDIT_USERNAME_AND_PASSWORD", "userNameTemplate": template,
            "revealPassword": bool(sent.get("revealPassword", False)), "signing": {},
        }  # fmt: skip
    return {"userNameTemplate": template, "signing": dict(signing) if mode in (_SAML, "OPENID_CONNECT") else {}}


def name_template(sent: Doc) -> Doc:
    """A checked userNameTemplate; `pushStatus` shows for CUSTOM ones. Raises E0000001."""
    kind = text_of(sent, "type") or BUILT_IN_NAME["type"]
    if kind not in _TEMPLATE_TYPES:
        why = Why("userNameTemplate.type has no such value.", (Compared("type", kind, "request body"),))
        raise invalid("type", f"type: '{kind}' is not valid", why=why)
    template = text_of(sent, "template") or BUILT_IN_NAME["template"]
    try:
        compile_template(template)
    except ExpressionError as error:
        why = Why("The user name template is no expression.", (Compared("template", template, "request body"),))
        raise invalid("template", error.message, why=why) from error
    found: Doc = {"template": template, "type": kind}
    for name in ("suffix", "userSuffix"):
        if sent.get(name):
            found[name] = text_of(sent, name)
    pushed = text_of(sent, "pushStatus")
    if kind == "CUSTOM" or pushed:
        found["pushStatus"] = pushed or "DONT_PUSH"
    if found.get("pushStatus") not in (None, "PUSH", "DONT_PUSH", "NOT_CONFIGURED"):
        cause = f"pushStatus: '{pushed}' is not valid"
        raise bad("pushStatus", cause, "pushStatus", pushed, "pushStatus has no such value.")
    return found


def _app_settings(kind: AppType, before: Mapping[str, Any], sent: Doc, server_keys: tuple[str, ...]) -> Doc:
    """`settings.app`: the catalogue's keys and no others, each of its type. Raises E0000001."""
    found: Doc = {}
    for name, first in kind.settings.items():
        found[name] = sent[name] if name in sent and name not in server_keys else before.get(name, first)
        wanted = type(first) if isinstance(first, bool | str) else None
        if wanted is not None and not isinstance(found[name], wanted):
            cause = f"{name}: '{found[name]}' is not a {'boolean' if wanted is bool else 'string'}"
            raise bad("settings", cause, name, found[name], f"{name} is of another type.")
    for name in kind.required:
        if not isinstance(found[name], str) or not found[name].strip():
            why = Why(f"settings.app.{name} is required.", (Compared(name, found[name], "settings.app"),))
            raise invalid("settings", f"{name}: The field cannot be left blank", why=why)
    return found


def _common_settings(sent: Doc) -> Doc:
    notes = part(sent, "notes") or {}
    vpn = part(part(sent, "notifications") or {}, "vpn") or {}
    return {
        "notifications": {"vpn": {
            "network": part(vpn, "network") or {"connection": "DISABLED"}, "message": vpn.get("message"),
            "helpUrl": vpn.get("helpUrl"),
        }},
        "manualProvisioning": bool(sent.get("manualProvisioning", False)),
        "implicitAssignment": bool(sent.get("implicitAssignment", False)), "emOptInStatus": "NONE",
        "notes": {"admin": text_of(notes, "admin"), "enduser": text_of(notes, "enduser")},
    }  # fmt: skip


def _sign_on(sent: Doc) -> Doc:
    names = ("defaultRelayState", "ssoAcsUrlOverride", "audienceOverride", "recipientOverride")
    return {name: text_of(sent, name) for name in names}


def rendered(base: str, app: Doc, *, enrollment: str | None) -> Doc:
    """The app as the API shows it. enrollment: the profile enrollment policy (Identity Engine only)."""
    api = f"{base}/api/v1"
    at = f"{api}/apps/{app['id']}"
    kind = TYPES[app["name"]]
    links: Doc = {}
    if app["signOnMode"] == _SAML:
        help_page = f"{base}/app/{app['name']}/{app['_key']}/setup/help/WS_FEDERATION/instructions"
        links["help"] = {"href": help_page, "type": "text/html"}
    links |= {
        "uploadLogo": {"href": f"{at}/logo", "hints": {"allow": ["POST"]}},
        "appLinks": [
            {"name": name, "href": link_url(base, app, name), "type": "text/html"}
            for name in kind.links if app["visibility"]["appLinks"].get(name)
        ],
    }  # fmt: skip
    if enrollment is not None:
        links["profileEnrollment"] = {"href": f"{api}/policies/{enrollment}"}
    links |= {
        "policies": {"href": f"{at}/policies", "hints": {"allow": ["PUT"]}},
        "groups": {"href": f"{at}/groups"},
        "logo": [{"name": "medium", "href": f"{base}/img/logos/{app['name']}.png", "type": "image/png"}],
    }
    if app["_policyId"]:
        links["accessPolicy"] = {"href": f"{api}/policies/{app['_policyId']}"}
    links["users"] = {"href": f"{at}/users"}
    action = "deactivate" if app["status"] == "ACTIVE" else "activate"
    links[action] = {"href": f"{at}/lifecycle/{action}"}
    return {**public(app), "_links": links}


def link_url(base: str, app: Doc, name: str) -> str:
    """Where a tile leads: the app link's address on the org."""
    number, _ = TYPES[app["name"]].links[name]
    return f"{base}/home/{app['name']}/{app['id']}/{number}"
