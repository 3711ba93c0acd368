"""How an app document is made from a request, and replaced by one.

Source: okta-admin-api.md 5, 6.1, appendix C.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import app_oauth, app_saml
from emulator.okta.app_credentials import credentials, name_template
from emulator.okta.app_kinds import APPS, CLIENT_ID
from emulator.okta.app_links import link_url, rendered
from emulator.okta.app_types import AUTO, BOOKMARK, BUILT_IN_NAME, MODES, OIDC, OWN_CLIENT, PLUGIN, SAML11, SAML20
from emulator.okta.app_values import boolean
from emulator.okta.apps_catalog import TYPES, AppType
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.params import part, stamp, text_of
from emulator.okta.problems import invalid, taken

__all__ = ["applied", "link_url", "mode_of", "name_template", "new_app", "rendered", "type_of"]
CUSTOM_MODES = (AUTO, SAML20)
"""Modes whose apps may be made without a catalogue entry: they get a name of the org's own."""
_BY_MODE = {
    BOOKMARK: "bookmark", OIDC: OWN_CLIENT, PLUGIN: "template_swa", "BASIC_AUTH": "template_basic_auth",
    "SECURE_PASSWORD_STORE": "template_sps", "WS_FEDERATION": "template_wsfed",
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_GLOBAL_LOGOUT: Doc = {
    "status": "DISABLED", "supportType": "FULL", "identityStack": "NOT_SHARED", "protocol": "GLOBAL_TOKEN_REVOCATION",
}  # fmt: skip
# Observed: the older kinds of app do not tell it.
_TELLS_OPT_IN = frozenset({BOOKMARK, SAML20, OIDC})


def type_of(body: Doc) -> AppType | None:
    """The catalogue entry that a request to add an app names; None for a custom app. Raises E0000001."""
    name, mode = (text_of(body, "name") or "").lower(), text_of(body, "signOnMode")
    if mode is not None and mode not in MODES:
        raise bad("signOnMode", f"signOnMode: '{mode[:60]}' is not a valid value", "signOnMode", mode[:60],
                  f"A sign-on mode is one of {', '.join(MODES)}.")  # fmt: skip
    if not name:
        if mode in CUSTOM_MODES:
            return None
        name = _BY_MODE.get(mode or "", "")
    found = TYPES[name] if name and _NAME.fullmatch(name) else None
    if found is None or not found.creatable or (not found.listed and mode not in found.modes):
        compared = (Compared("name", name or None, "request body"), Compared("signOnMode", mode, "request body"))
        why = Why("No app of that name can be added.", compared)
        raise invalid("name", "errors in the field: name", why=why)
    return found


def custom_name(subdomain: str, label: str, taken: list[str]) -> str:
    """`{sub}_{labelslug}_{n}`, n counting the apps of that stem."""
    stem = f"{subdomain}_{re.sub(r'[^a-z0-9]', '', label.casefold()) or 'app'}_"
    used = [int(name[len(stem) :]) for name in taken if name.startswith(stem) and name[len(stem) :].isdigit()]
    return f"{stem}{max(used, default=0) + 1}"


def mode_of(kind: AppType, asked: str | None, before: str | None = None) -> str:
    """The sign-on mode as it will read back. Raises E0000001 `signOnMode`."""
    wanted = asked or before or kind.modes[0]
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
    app: Doc = {
        "id": id, "orn": f"orn:okta:idp:{org_id}:apps:{kind.name}:{id}", "name": kind.name, "label": kind.label,
        "status": "ACTIVE", "lastUpdated": at, "created": at, "accessibility": _accessibility({}), **licensing,
        "visibility": _visibility({}, _links(kind, kind.modes[0], custom=False)), "features": [],
        "signOnMode": kind.modes[0], "credentials": {"userNameTemplate": dict(BUILT_IN_NAME), "signing": {}},
        "settings": {"app": deepcopy(dict(kind.settings)), **_common_settings({}, tells=True)},
        "_key": key, "_policyId": None, "_consent": {}, "_custom": False,
    }  # fmt: skip
    if kind.universal_logout:
        app["universalLogout"] = deepcopy(kind.universal_logout)
    return app


def made(body: Doc, *, store: Any, ids: Any, now: int, org: Doc) -> Doc:
    """A new app of the kind that a request, or a world file's item, names; not stored. Raises E0000001."""
    kind = type_of(body)
    id, client_id = body.get("id") or ids.okta("0oa"), app_oauth.asked_client_id(body)
    if client_id and store.find(APPS, CLIENT_ID, client_id) is not None:
        raise taken("client_id", client_id)
    custom = kind is None
    if kind and kind.name.startswith(f"{org['subdomain']}_"):
        _not_of_a_custom_app(kind.name, store)
    if kind is None:
        label = needed_text(body, "label", most=100, blank="Label must be specified")
        kind = TYPES[custom_name(org["subdomain"], label, [app["name"] for app in store.all(APPS)])]
    app = new_app(kind, id=id, key=body.get("key") or ids.okta("exk"), org_id=org["id"], now=now)
    app["_custom"] = custom
    return app


def _not_of_a_custom_app(name: str, store: Any) -> None:
    """The name of a custom app is made once, and no request takes it. Raises E0000001 `mediated`."""
    for app in store.all(APPS):
        if app["_custom"] and app["name"] == name:
            compared = (Compared("name", name, "request body"), Compared("app", app["id"], "apps"))
            why = Why("The name is that of a custom app.", compared, "Leave name out to make another one.")
            raise invalid("mediated", "Cannot create an existing App Wizard App", why=why)


def applied(app: Doc, body: Doc, *, server_keys: tuple[str, ...] = ()) -> None:
    """Give an app what a POST or PUT says, in place; what is left out goes back to the catalogue's value.

    Keys of `settings.app` that are left out of office365 keep their value (inferred: the vendor's typed clients send
    only two of its ten); `server_keys` of it are not the client's to write. Raises E0000001.
    """
    kind = TYPES[app["name"]]
    label = needed_text(body, "label", most=100, blank="Label must be specified")
    asked = text_of(body, "signOnMode")
    mode = (asked or app["signOnMode"]) if app["_custom"] else mode_of(kind, asked)
    settings = part(body, "settings") or {}
    app["label"], app["signOnMode"] = label, mode
    app["accessibility"] = _accessibility(part(body, "accessibility") or {})
    app["visibility"] = _visibility(part(body, "visibility") or {}, _links(kind, mode, custom=app["_custom"], app=app))
    tells = mode in _TELLS_OPT_IN or kind.provisioning
    app["settings"] = {
        "app": _app_settings(kind, app, part(settings, "app") or {}, server_keys),
        **_common_settings(settings, tells=tells, opted=app["settings"].get("emOptInStatus")),
        **_mode_settings(app, mode, settings),
    }  # fmt: skip
    app["credentials"] = credentials(app, mode, part(body, "credentials") or {}, app["credentials"])
    _logout(app, kind, mode)
    profile = part(body, "profile")
    if profile is not None:
        app["profile"] = profile
    else:
        app.pop("profile", None)


def _mode_settings(app: Doc, mode: str, sent: Doc) -> Doc:
    sign_on = part(sent, "signOn") or {}
    if mode == SAML11:
        return {"signOn": app_saml.saml11(sign_on)}
    if mode == SAML20:
        return {"signOn": app_saml.saml20(sign_on, custom=app["_custom"] or bool(sign_on.get("ssoAcsUrl")))}
    if mode == AUTO and app["_custom"]:
        return {"signOn": app_saml.auto_login(sign_on)}
    if mode == OIDC:
        return {"oauthClient": _client(app, part(sent, "oauthClient"))}
    return {}


def _client(app: Doc, sent: Doc | None) -> Doc:
    """The client; one of the catalogue's needs no addresses, and is not shown, so that it stays when none is sent."""
    if app["name"] == OWN_CLIENT:
        return app_oauth.settings(sent or {})
    kept: Doc | None = app["settings"].get("oauthClient")
    return kept if kept and not sent else app_oauth.settings(sent or {}, own=False)


def _logout(app: Doc, kind: AppType, mode: str) -> None:
    """What universal logout the app supports; the older kinds of app do not tell."""
    if kind.universal_logout or mode not in (SAML20, OIDC):
        return
    foreign = mode == OIDC and app["name"] != OWN_CLIENT
    app["universalLogout"] = {"status": "UNSUPPORTED"} if foreign else dict(_GLOBAL_LOGOUT)


def _accessibility(sent: Doc) -> Doc:
    return {
        "selfService": boolean(sent, "selfService", False), "errorRedirectUrl": text_of(sent, "errorRedirectUrl"),
        "loginRedirectUrl": text_of(sent, "loginRedirectUrl"),
    }  # fmt: skip


def _links(kind: AppType, mode: str, *, custom: bool, app: Doc | None = None) -> dict[str, bool]:
    """The app links that there are, and whether each is on from the start."""
    if kind.links or kind.first_party:
        return {name: on for name, (_, on) in kind.links.items()}
    if mode == OIDC or custom:
        return {f"{(app or {}).get('name', kind.name)}_link": True}
    return {} if kind.listed else {"login": True}


def _visibility(sent: Doc, links: dict[str, bool]) -> Doc:
    """Links that the app does not have are dropped."""
    hide, asked = part(sent, "hide") or {}, part(sent, "appLinks") or {}
    return {
        "autoLaunch": boolean(sent, "autoLaunch", False),
        "autoSubmitToolbar": boolean(sent, "autoSubmitToolbar", False),
        "hide": {"iOS": boolean(hide, "iOS", False), "web": boolean(hide, "web", False)},
        "appLinks": {name: boolean(asked, name, on) for name, on in links.items()},
    }


def _app_settings(kind: AppType, app: Doc, sent: Doc, server_keys: tuple[str, ...]) -> Doc:
    """`settings.app`: the catalogue's keys and, of an open entry, any others. Raises E0000001."""
    before: Mapping[str, Any] = app["settings"]["app"] if kind.keeps else {}
    found: Doc = {}
    for name, first in kind.settings.items():
        found[name] = sent[name] if name in sent and name not in server_keys else before.get(name, first)
        wanted = type(first) if isinstance(first, bool | str) else None
        if wanted is not None and not isinstance(found[name], wanted):
            cause = f"{name}: '{found[name]}' is not a {'boolean' if wanted is bool else 'string'}"
            raise bad("settings", cause, name, found[name], f"{name} is of another type.")
    if kind.open:
        found |= {name: value for name, value in sent.items() if name not in found and not name.startswith("_")}
    # Observed: an empty text reads back as null.
    found = {name: None if value == "" else value for name, value in found.items()}
    for name in kind.required:
        if not isinstance(found[name], str) or not found[name].strip():
            why = Why(f"settings.app.{name} is required.", (Compared(name, found[name], "settings.app"),))
            raise invalid("settings", f"{name}: The field cannot be left blank", why=why)
    return found


def _common_settings(sent: Doc, *, tells: bool, opted: str | None = None) -> Doc:
    notes = part(sent, "notes") or {}
    vpn = part(part(sent, "notifications") or {}, "vpn") or {}
    return {
        "notifications": {"vpn": {
            "network": part(vpn, "network") or {"connection": "DISABLED"}, "message": text_of(vpn, "message"),
            "helpUrl": text_of(vpn, "helpUrl"),
        }},
        "manualProvisioning": boolean(sent, "manualProvisioning", False),
        "implicitAssignment": boolean(sent, "implicitAssignment", False),
        **({"emOptInStatus": opted or "NONE"} if tells else {}),
        "notes": {"admin": text_of(notes, "admin"), "enduser": text_of(notes, "enduser")},
    }  # fmt: skip
