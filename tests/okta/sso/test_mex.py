"""The metadata exchange document, read by an unmodified client's parser."""

from msal.mex import Mex

from emulator.kernel.exchange import Exchange
from emulator.wire.client import Http
from tests.okta.sso.worlds import ACTIVE, APP_ID, MEX, USERNAME13, made, why_of


def test_msal_finds_the_13_endpoint_first_and_both_are_there():
    with made() as world:
        answer = world.browser.get(MEX).answer
        assert answer.status == 200
        assert answer.header("content-type") == "text/xml; charset=utf-8"
        mex = Mex(answer.text())
        assert mex.get_wstrust_username_password_endpoint() == {"address": USERNAME13, "action": Mex.ACTION_13}
        found = mex._get_endpoints(mex._get_bindings(), mex._get_username_password_policy_ids())
        assert [(item["address"], item["action"]) for item in found] == [
            (ACTIVE, Mex.ACTION_2005), (USERNAME13, Mex.ACTION_13),
        ]  # fmt: skip


def test_addresses_are_canonical_whatever_the_request_says():
    with made() as world:
        plain = Exchange("GET", "http", "127.0.0.1:8080", MEX.partition(".com")[2], headers={"host": "127.0.0.1:8080"})
        assert world.answer(plain, "okta").body == world.browser.get(MEX).answer.body


def test_unknown_key_has_no_document():
    with made() as world:
        view = world.browser.get(MEX.replace("exk", "exj"))
        assert view.status == 404
        assert "Page not found" in view.text
        assert view.answer.header("x-lab-why")


def test_deactivated_app_has_no_document():
    with made() as world:
        world.okta.post(f"/api/v1/apps/{APP_ID}/lifecycle/deactivate")
        view = world.browser.get(MEX)
        assert view.status == 404
        assert "INACTIVE" in view.text


def test_windows_transport_is_there_where_the_app_offers_it():
    url = MEX.replace("/mex", "/windowstransport").replace("acme.okta.com", "acme.kerberos.okta.com")
    with made() as world:
        app = world.okta.get(f"/api/v1/apps/{APP_ID}")
        assert url not in world.browser.get(MEX).answer.text()
        off = Http(world.transport).request("POST", url)
        assert (off.status, why_of(world, off)["rule"]) == (400, "The app offers no Windows transport.")
        app["settings"]["app"]["windowsTransportEnabled"] = True
        world.okta.put(f"/api/v1/apps/{APP_ID}", app)
        text = world.browser.get(MEX).answer.text()
        assert url in text
        assert Mex(text).get_wstrust_username_password_endpoint()["address"] == USERNAME13
        asked = Http(world.transport).request("POST", url)
        assert (asked.status, asked.header("www-authenticate")) == (401, "Negotiate")
        ticket = Http(world.transport).request("POST", url, headers={"authorization": "Negotiate YII="})
        assert (ticket.status, ticket.header("www-authenticate")) == (401, "Negotiate")
        assert b"FailedAuthentication" in ticket.body
        assert "desktop single sign-on" in why_of(world, ticket)["rule"]
