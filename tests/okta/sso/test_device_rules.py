"""A rule that wants a managed device holds for every protocol by which somebody enters an app: SAML, OpenID Connect."""

import pytest

from emulator.okta.sso.device_proof import COOKIE
from emulator.wire.agents import okta_verify
from tests.okta.oauth.clients import parts
from tests.okta.oauth.test_sign_in import authorize, portal
from tests.okta.oauth.test_sign_in import sign_in as session_of
from tests.okta.sso import samlapp
from tests.okta.sso.worlds import ORG, sign_in

KEY = okta_verify.key_of(b"a laptop")


def proof(world, *, managed):
    """The cookie of a browser on a device that Dana enrolled."""
    user = world.okta.get("/api/v1/users/dana@acme.example")["id"]
    made = world.okta.post("/api/internal/v1/devices", {
        "userId": user, "managed": managed, "key": okta_verify.public_of(KEY),
        "profile": {"displayName": "Laptop", "platform": "MACOS"},
    })  # fmt: skip
    nonce = world.okta.get(okta_verify.PATH)["challengeRequest"]
    answer = okta_verify.signed({"iss": made["id"], "aud": ORG, "nonce": nonce}, KEY)
    sent = world.okta.call("POST", okta_verify.PATH, {"challengeResponse": answer})
    return sent.header("set-cookie").partition(";")[0].partition("=")[2]


def managed_only(world, app_id):
    """Each rule of the app's policy but the last is for managed devices; the last denies."""
    app = world.okta.get(f"/api/v1/apps/{app_id}")
    rules = f"/api/v1/policies/{app['_links']['accessPolicy']['href'].rpartition('/')[2]}/rules"
    for rule in world.okta.get(rules):
        if rule["system"]:
            rule["actions"]["appSignOn"] = {**rule["actions"]["appSignOn"], "access": "DENY"}
        else:
            rule["conditions"] = {**(rule["conditions"] or {}), "device": {"registered": True, "managed": True}}
            rule["actions"]["appSignOn"]["verificationMethod"]["factorMode"] = "1FA"
        world.okta.put(f"{rules}/{rule['id']}", rule)


@pytest.mark.parametrize(("managed", "enters"), [(True, True), (False, False), (None, False)])
def test_openid_connect(org, managed, enters):
    made = portal(org)
    managed_only(org, made["id"])
    cookie = session_of(org)
    if managed is not None:
        cookie = f"{cookie}; {COOKIE}={proof(org, managed=managed)}"
    answer = parts(authorize(org, made, cookie).header("location"))
    assert ("code" in answer) is enters, answer
    assert enters or answer["error"] == "access_denied"


@pytest.mark.parametrize(("managed", "enters"), [(True, True), (False, False), (None, False)])
def test_saml(managed, enters):
    with samlapp.made() as world:
        managed_only(world, samlapp.APP_ID)
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        if managed is not None:
            browser.jar[ORG.removeprefix("https://")][COOKIE] = proof(world, managed=managed)
        browser.stop_at = lambda target: not target.startswith(ORG)
        view = browser.get(samlapp.url(world))
        assert view.url.startswith(samlapp.ACS) is enters, view.text
        assert enters or (view.answer.status, "does not let you in from here" in view.text) == (403, True)
        assert world.engine.crashes == []
