"""How an app is shown: the stored document with the links that the vendor prints. Source: okta-admin-api.md 5, C."""

from emulator.kernel.doc import Doc, public
from emulator.okta.app_types import OIDC, SAML11, SAML20, SIGNING
from emulator.okta.apps_catalog import TYPES

_SETUP = {SAML11: "WS_FEDERATION", SAML20: "SAML_2_0", "WS_FEDERATION": "WS_FEDERATION"}


def rendered(base: str, app: Doc, *, enrollment: str | None) -> Doc:
    """The app as the API shows it. enrollment: the profile enrollment policy (Identity Engine only)."""
    api = f"{base}/api/v1"
    at = f"{api}/apps/{app['id']}"
    mode = app["signOnMode"]
    links: Doc = {}
    if mode in SIGNING:
        help_page = f"{base}/app/{app['name']}/{app['_key']}/setup/help/{_SETUP[mode]}/instructions"
        links["help"] = {"href": help_page, "type": "text/html"}
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
    links |= {
        "policies": {"href": f"{at}/policies", "hints": {"allow": ["PUT"]}},
        "groups": {"href": f"{at}/groups"},
        "logo": [{"name": "medium", "href": logo_url(base, app), "type": app.get("_logoType", "image/png")}],
    }
    if mode == OIDC:
        links["clientCredentials"] = [{"name": "secret", "href": f"{at}/credentials/secrets"}]
    if app["_policyId"]:
        links["accessPolicy"] = {"href": f"{api}/policies/{app['_policyId']}"}
    links["users"] = {"href": f"{at}/users"}
    action = "deactivate" if app["status"] == "ACTIVE" else "activate"
    links[action] = {"href": f"{at}/lifecycle/{action}"}
    return {**public(app), "_links": links}


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
