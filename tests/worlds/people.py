"""What the tests of the worlds do with their people: read the file, sign in with a browser or with a password."""

import re
from typing import Any

from emulator import World
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.protocols import wstrust
from emulator.protocols.wstrust_client import TokenReply, build_rst, parse_rstr_envelope
from emulator.serving.worldfile import load
from emulator.wire.browser import View
from emulator.wire.client import Http, json_of

OKTA_ID = re.compile(r"(?:00[ogu]|0oa|exk|nzo|osc|oty)[0-9A-Za-z]{17}")
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def part(world: str, party: str) -> Doc:
    """A party's part of a world file."""
    return load(world).spec.parties[party]


def lab(world: str) -> Doc:
    return load(world).spec.lab


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """(path, value) of everything in a document that is neither mapping nor list."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in leaves(item, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for item in value for found in leaves(item, path + "[]")]
    return [(path, value)]


def sign_in_at_okta(world: World, login: str, password: str) -> View:
    """An IdP-initiated sign-in: Okta's page, then whatever Microsoft shows."""
    key = world.spec.lab["okta"]["o365_external_key"]
    host = world.hosts.service("okta").host
    query = "wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline&wctx="
    browser = world.browser
    view = browser.get(f"https://{host}/app/office365/{key}/sso/wsfed/passive?{query}")
    return browser.fill(view, {"username": login, "password": password})


def over_ws_trust(world: World, login: str, password: str) -> TokenReply:
    """User name and password at Okta's WS-Trust endpoint. Raises WsTrustFault when it is refused."""
    key = world.spec.lab["okta"]["o365_external_key"]
    url = f"https://{world.hosts.service('okta').host}/app/office365/{key}/sso/wsfed/username13"
    body = build_rst(
        "13",
        login,
        password=password,
        url=url,
        message_id="3f8a9d10-0000-4000-8000-000000000001",
        now_ms=world.clock.now(),
    )
    headers = {"content-type": "application/soap+xml; charset=utf-8", "soapaction": wstrust.ACTION_13}
    answer = Http(world.transport).request("POST", url, body=body, headers=headers)
    return parse_rstr_envelope(answer.body)


def by_password(world: World, login: str, password: str) -> Doc:
    """User name and password at Microsoft's token endpoint, as the lab's public client."""
    entra = world.spec.lab["entra"]
    form = {
        "grant_type": "password", "client_id": entra["public_client_id"], "username": login, "password": password,
        "scope": "openid profile https://graph.microsoft.com/User.Read",
    }  # fmt: skip
    url = f"https://login.microsoftonline.com/{entra['tenant_id']}/oauth2/v2.0/token"
    found = json_of(Http(world.transport).request("POST", url, form=form))
    assert isinstance(found, dict)
    return found


def start(world: str) -> int:
    return parse_iso(load(world).spec.clock)
