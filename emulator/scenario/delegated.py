"""What only people may do: Graph requests with a person's own token, and a tenant administrator's consent."""

from typing import Any
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.scenario.stage import Stage
from emulator.serving.clients import ApiClient
from emulator.wire.agents import Visit
from emulator.wire.agents.browser import through_pages
from emulator.wire.browser import Browser
from emulator.wire.client import Http, json_of
from emulator.wire.public_client import LOGIN

COMMAND_LINE = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph Command Line Tools."""
GRAPH = "https://graph.microsoft.com"


def graph(stage: Stage, person: Any) -> ApiClient:
    """Graph as a person. LabError with Microsoft's own words when they get no token."""
    form = {
        "grant_type": "password", "client_id": COMMAND_LINE, "username": person.part("login"),
        "password": person.secret, "scope": f"{GRAPH}/.default",
    }  # fmt: skip
    url = f"{LOGIN}/{stage.aliases['tenant']['id']}/oauth2/v2.0/token"
    found = json_of(Http(stage.transport).request("POST", url, form=form)) or {}
    if "access_token" not in found:
        text = str(found.get("error_description", found))[:300]
        raise LabError(f"{person.part('login')} gets no token for Graph: {text}", hint="See the sign-in log.")
    return ApiClient(Http(stage.transport, base=GRAPH, headers={"authorization": f"Bearer {found['access_token']}"}))


def consent(stage: Stage, app: str, kind: str, *, by: Any) -> Doc:
    """Open the org's consent link as `by`, accept, and bring Microsoft's answer back: {outcome, url, text}."""
    asked = stage.okta.post(f"/api/internal/v1/apps/{app}/office365/consent", {"kind": kind})
    browser = Browser(stage.transport)
    browser.stop_at = lambda url: "/consent/callback?" in url
    visit = Visit(stage.transport, stage.lab, str(by.part("login")), password=by.secret, consent="accept")
    view = through_pages(browser, browser.get(asked["authorizeUrl"]), visit)
    query = urlsplit(view.url).query
    if not browser.stop_at(view.url):
        raise LabError(f"The consent was not given: {view.text[:300]}", hint="Only some roles may consent.")
    name = stage.okta.get(f"/api/v1/apps/{app}")["name"]
    answer = stage.okta.call("POST", f"/api/v1/apps/{name}/{app}/oauth2/callback?{query}")
    if answer.status >= 400:
        raise LabError(f"The org does not take the consent: {answer.text()[:300]}", hint="Begin again.")
    return {"outcome": "accepted", "url": view.url}
