"""People in a browser, over the whole federation, in process."""

import pytest

from emulator import World
from emulator.kernel.problems import LabError
from emulator.protocols.jose import read_unverified
from emulator.serving.explain import decode


def somebody(world, *, federated=True, role="person"):
    return next(u for u in world.spec.lab["users"] if u["role"] == role and u["federated"] is federated)["login"]


@pytest.mark.parametrize("federated", [True, False])
def test_a_person_signs_in(world, federated):
    login = somebody(world, federated=federated)
    found = world.browser.sign_in(login)
    assert found.ok, found.text
    claims = read_unverified(found.tokens["id_token"]).claims
    assert claims["preferred_username"].casefold() == login.casefold()
    assert any("okta" in hop.url for hop in world.tape) is federated


def test_a_second_sign_in_is_silent(world):
    browser = world.browser
    login = somebody(world)
    assert browser.sign_in(login).ok
    before = len(world.tape)
    assert browser.sign_in(login).ok
    assert not any("acme.okta.com" in hop.url for hop in world.tape[before:])


def test_a_wrong_password_stays_on_the_page(world):
    for federated in (True, False):
        found = world.browser.sign_in(somebody(world, federated=federated), "Wrong-password-1!")
        assert not found.ok and found.view.forms


def test_an_unknown_person_needs_a_password(world):
    with pytest.raises(LabError, match="no password"):
        world.browser.sign_in("nobody@acme.example")


def app_user(world, login):
    app = world.spec.lab["okta"]["o365_app_id"]
    rows = world.okta.get(f"/api/v1/apps/{app}/users?limit=500")
    return app, next(row for row in rows if row["credentials"]["userName"].casefold() == login.casefold())


def test_a_blank_immutable_id_stops_at_okta_and_leaves_no_trace_at_microsoft(world):
    login = somebody(world)
    app, row = app_user(world, login)
    world.okta.post(f"/api/v1/apps/{app}/users/{row['id']}", {"profile": {"immutableId": None}})
    before = len(world.journal(party="entra:acme", limit=5000))
    found = world.browser.sign_in(login)
    assert not found.ok
    assert "Office 365 Login Failure" in found.text
    assert found.view.url.startswith("https://acme.okta.com/")
    assert len(world.journal(party="entra:acme", limit=5000)) == before
    assert not any("login.srf" in hop.url for hop in world.tape)
    (refusal,) = world.journal(party="okta:acme", stream="refusal")
    assert refusal["why"]["compared"]


def test_a_mismatch_reaches_microsoft_which_names_both_values(world):
    login = somebody(world)
    app, row = app_user(world, login)
    world.okta.post(f"/api/v1/apps/{app}/users/{row['id']}", {"profile": {"immutableId": "d3Jvbmc="}})
    found = world.browser.sign_in(login)
    assert "AADSTS51004:" in found.text
    values = {item["value"] for item in world.journal(party="entra:acme", stream="refusal")[-1]["why"]["compared"]}
    assert {"d3Jvbmc=", row["profile"]["immutableId"]} <= values
    hop = next(hop for hop in world.tape if hop.url.endswith("/login.srf"))
    assert decode(hop.request_body)["immutableId"] == "d3Jvbmc="


def run(seed):
    with World("acme", seed=seed) as world:
        login = somebody(world)
        world.okta.post(
            "/api/v1/users",
            {"profile": {"login": "x@acme.example", "email": "x@acme.example", "firstName": "X", "lastName": "Y"}},
        )
        world.browser.sign_in(login)
        world.sync()
        world.okta.call("GET", "/api/v1/users/nobody")
        return world.engine.tape.dump()


def test_the_same_seed_gives_the_same_tape_over_the_whole_federation():
    assert run("7") == run("7")
    assert run("7") != run("8")
