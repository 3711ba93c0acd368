"""The person's home page with a tile for each enabled link of their apps, and the links themselves.

Source: okta-admin-api.md 6.1 (`/home/office365/{appId}/{linkId}`), seed-catalogue.md.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import office365
from emulator.okta.app_types import SAML20, SIGNING
from emulator.okta.events import full_name
from emulator.okta.resources import app_users, apps
from emulator.okta.sso import flow, gate, pages, passive, saml, saml11_post, template_wsfed
from emulator.protocols.html import redirect

_NOT_YET = ("STAGED", "PENDING")
"""Where the app provisions its users, the tile comes last: after the account at the other side."""


@operation("GET", "/", source=inferred("the org's address leads people home"), bucket="login", **pages.as_page())
def front(call: Call) -> Answer:
    """The way to the home page."""
    return redirect(flow.HOME, headers=call.headers)


@operation(
    "GET", flow.HOME, source=inferred("content is documented, looks are ours"), bucket="login", **pages.as_page()
)
def home(call: Call) -> Answer:
    """Tiles of the apps that are assigned to the person."""
    found = gate.person(call)
    if found is None:
        return redirect(flow.sign_in_url(flow.HOME), headers=call.headers)
    _, user = found
    assigned = call.store.find_all(app_users.APP_USERS, "userId", user["id"])
    tiles = [tile for item in assigned for tile in _tiles(call, item)]
    values = {"title": "Home", "name": full_name(user), "login": user["profile"]["login"], "tiles": tiles}
    return pages.show(call, pages.Page("home.html", values))


@operation(
    "GET", "/home/{appName}/{appId}/{linkId}", source=DOCUMENTED, bucket="wsfed.passive",
    emits=("policy.evaluate_sign_on", "user.authentication.sso", "app.generic.unauth_app_access_attempt",
           "application.policy.sign_on.deny_access"),
    **pages.as_page(),
)  # fmt: skip
def follow_link(call: Call) -> Answer:
    """Start a sign-in to an app from a tile: nobody asked for it, so the answer repeats nothing of a request."""
    app = call.store.get(apps.APPS, call.path["appId"])
    here = f"/home/{call.path['appName']}/{call.path['appId']}/{call.path['linkId']}"
    links = [urlsplit(link["href"]).path for link in _links(call, app)] if app else []
    if app is None or here not in links or app["signOnMode"] not in SIGNING:
        compared = (Compared("link", here, "request path"), Compared("enabled links", " ".join(links), "app"))
        what = pages.notice("Page not found", "There is no application link at this address.")
        why = Why("No active app of this org that people are signed in to has that link enabled.", compared)
        raise pages.stop(call, "E0000007", what, status=404, why=why)
    found = gate.person(call)
    if found is None:
        return redirect(flow.sign_in_url(here), headers=call.headers)
    respond = _protocol(app)
    return respond(call, app, *found, where=here)


def _protocol(app: Doc) -> Callable[..., Answer]:
    """How the app is spoken to."""
    if app["signOnMode"] == SAML20:
        return saml.respond
    if template_wsfed.speaks(app):
        return template_wsfed.respond
    return passive.respond if office365.is_office365(app) else saml11_post.respond


def _tiles(call: Call, app_user: Doc) -> list[Doc]:
    app = call.store.get(apps.APPS, app_user["appId"])
    if app is None or app["visibility"]["hide"]["web"] or app_user["status"] in _NOT_YET:
        return []
    return [
        {"name": link["name"], "label": app["label"], "href": urlsplit(link["href"]).path} for link in _links(call, app)
    ]


def _links(call: Call, app: Doc) -> list[Doc]:
    """The enabled links of an active app, as its own representation lists them."""
    if app["status"] != "ACTIVE":
        return []
    found: list[Doc] = apps.render(call, app)["_links"]["appLinks"]
    return found
