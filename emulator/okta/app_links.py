"""How an app is shown: the stored document with the links that the vendor prints. Source: okta-admin-api.md 5, C."""

from collections.abc import Collection

from emulator.kernel.doc import Doc, public
from emulator.okta import app_jwks
from emulator.okta.app_types import OIDC, OWN_CLIENT, SAML11, SAML20, SIGNING
from emulator.okta.apps_catalog import TYPES

_ENGINE_ONLY = frozenset({"consent_method", "participate_slo"})
_SETUP = {SAML11: "WS_FEDERATION", SAML20: "SAML_2_0", "WS_FEDERATION": "WS_FEDERATION"}


def rendered(base: str, app: Doc, *, enrollment: str | None, without: Collection[str] = ()) -> Doc:
    """The app as the API shows it.

    enrollment: the profile enrollment policy; None on a Classic org. without: products that the org has not got.
    """
    api = f"{base}/api/v1"
    at = f"{api}/apps/{app['id']}"
    mode = app["signOnMode"]
    links: Doc = _help(base, app)
    if mode == SAML20:
        links["metadata"] = {"href": f"{at}/sso/saml/metadata", "type": "application/xml"}
    links |= {
        "uploadLogo": {"href": f"{at}/logo", "hints": {"allow": ["POST"]}},
        "appLinks": [
            {"name": name, "href": link_url(base, app, name), "type": "text/html"}
            for name, on in app["visibility"]["appLinks"].items() if on
        ],
    }  # fmt: skip
    if enrollment is not None:
        links["profileEnrollment"] = {"href": f"{api}/policies/{enrollment}"}
        links["policies"] = {"href": f"{at}/policies", "hints": {"allow": ["PUT"]}}
    links |= {
        "groups": {"href": f"{at}/groups"},
        "logo": [{"name": "medium", "href": logo_url(base, app), "type": app.get("_logoType", "image/png")}],
    }
    if mode == OIDC and not TYPES[app["name"]].first_party:
        links["clientCredentials"] = [_client_credentials(app, at)]
    if app["_policyId"] and enrollment is not None:
        # Differs: a Classic org has the rules of an app in its console only; here `policies?resourceId=` finds them.
        links["accessPolicy"] = {"href": f"{api}/policies/{app['_policyId']}"}
    links["users"] = {"href": f"{at}/users"}
    action = "deactivate" if app["status"] == "ACTIVE" else "activate"
    links[action] = {"href": f"{at}/lifecycle/{action}"}
    shown = _subscribed({**_with_hooks(_with_keys(app), api), "_links": links}, without)
    return shown if enrollment is not None else _classic(shown)


def _help(base: str, app: Doc) -> Doc:
    """The page that says how to set up the other side; clients of the administrator's own have none."""
    mode, at = app["signOnMode"], f"{base}/app/{app['name']}/{app['_key']}/setup/help"
    if mode in SIGNING:
        return {"help": {"href": f"{at}/{_SETUP[mode]}/instructions", "type": "text/html"}}
    if _hides_client(app):
        return {"help": {"href": f"{at}/{mode}/external-doc", "type": "text/html"}}
    return {}


def _hides_client(app: Doc) -> bool:
    """Whether it is an OpenID Connect app of the catalogue, whose client the API does not show (observed)."""
    return app["name"] != OWN_CLIENT and "oauthClient" in app["settings"]


def _client_credentials(app: Doc, at: str) -> Doc:
    """By what the client proves itself: secrets, or keys of its own."""
    client = app["credentials"].get("oauthClient") or {}
    name = "jwks" if client.get("token_endpoint_auth_method") == "private_key_jwt" else "secrets"
    return {"name": name, "href": f"{at}/credentials/{name}"}


def _with_keys(app: Doc) -> Doc:
    """The document, with the client's keys as the API shows them; without the client that it does not show."""
    shown = public(app)
    if _hides_client(app):
        for part in ("settings", "credentials"):
            shown[part] = {name: value for name, value in app[part].items() if name != "oauthClient"}
        return shown
    client = app["settings"].get("oauthClient") or {}
    if "jwks" in client:
        whole = {**client, "jwks": {**client["jwks"], "keys": app_jwks.shown_keys(app)}}
        shown["settings"] = {**app["settings"], "oauthClient": whole}
    return shown


def _with_hooks(shown: Doc, api: str) -> Doc:
    """The document, each inline hook of its sign-on with its address."""
    sign_on = shown["settings"].get("signOn") or {}
    if sign_on.get("inlineHooks"):
        hooks = [
            {**item, "_links": {"self": {
                "href": f"{api}/inlineHooks/{item['id']}", "hints": {"allow": ["GET", "PUT", "DELETE"]},
            }}}
            for item in sign_on["inlineHooks"]
        ]  # fmt: skip
        shown["settings"] = {**shown["settings"], "signOn": {**sign_on, "inlineHooks": hooks}}
    return shown


def _subscribed(shown: Doc, without: Collection[str]) -> Doc:
    """Without what tells of products that the org has not got (observed)."""
    if "threat" in without and "universalLogout" in shown:
        shown["universalLogout"] = None
    if "governance" in without:
        shown["settings"] = {name: value for name, value in shown["settings"].items() if name != "emOptInStatus"}
    return shown


def _classic(shown: Doc) -> Doc:
    """Without what only the Identity Engine's apps have (observed)."""
    shown.pop("universalLogout", None)
    settings = {name: value for name, value in shown["settings"].items() if name != "emOptInStatus"}
    if "oauthClient" in settings:
        client = settings["oauthClient"]
        settings["oauthClient"] = {name: value for name, value in client.items() if name not in _ENGINE_ONLY}
    return {**shown, "settings": settings}


def link_url(base: str, app: Doc, name: str) -> str:
    """Where a tile leads: the app link's address on the org; `aln...` for links that no catalogue numbers."""
    listed = TYPES[app["name"]].links.get(name)
    number = listed[0] if listed else f"aln{app['_key'][3:]}"
    return f"{base}/home/{app['name']}/{app['id']}/{number}"


def logo_url(base: str, app: Doc) -> str:
    """The uploaded picture, or the vendor's."""
    if app.get("_logoId"):
        return f"{base}/bc/image/fileStoreRecord?id={app['_logoId']}"
    return f"{base}/img/logos/{app['name']}.png"
