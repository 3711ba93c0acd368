"""Rollover of the federation's signing key, step by step, as a browser that signs in sees each of them."""

from collections.abc import Iterator

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.scenario.decisions import decisions
from emulator.scenario.stage import of_world
from emulator.wire.agents import Outcome, Visit
from emulator.wire.agents import sign_in as sign_in_with

DANA, DOMAIN = "dana@acme.example", "acme.example"


@pytest.fixture
def world() -> Iterator[World]:
    with World("acme") as made:
        yield made


def sign_in(world: World) -> Outcome:
    person = next(each for each in world.spec.lab["users"] if each["login"] == DANA)
    return sign_in_with("browser", Visit(world.transport, world.spec.lab, DANA, person["password"]))


def app(world: World) -> Doc:
    found: Doc = world.okta.get(f"/api/v1/apps/{world.spec.lab['okta']['o365_app_id']}")
    return found


def federation(world: World) -> Doc:
    found: Doc = world.entra.get(f"/domains/{DOMAIN}/federationConfiguration")["value"][0]
    return found


def generate(world: World) -> Doc:
    found: Doc = world.okta.post(f"/api/v1/apps/{app(world)['id']}/credentials/keys/generate?validityYears=2")
    return found


def switch(world: World, key: Doc) -> None:
    whole = app(world)
    whole["credentials"]["signing"] = {"kid": key["kid"]}
    world.okta.put(f"/api/v1/apps/{whole['id']}", whole)


def test_a_rollover_in_its_order_is_never_noticed(world: World) -> None:
    old = federation(world)["signingCertificate"]
    assert sign_in(world).outcome == "signed_in"
    made = generate(world)
    assert sign_in(world).outcome == "signed_in"
    world.sync()
    assert (federation(world)["signingCertificate"], federation(world)["nextSigningCertificate"]) == (
        old,
        made["x5c"][0],
    )
    assert sign_in(world).outcome == "signed_in"
    switch(world, made)  # half done: the org signs with the key that Microsoft knows as the next one
    assert sign_in(world).outcome == "signed_in"
    world.sync()
    assert (federation(world)["signingCertificate"], federation(world)["nextSigningCertificate"]) == (
        made["x5c"][0],
        None,
    )
    assert sign_in(world).outcome == "signed_in"


def test_a_key_that_is_switched_before_microsoft_knows_it_locks_people_out_until_the_connector_has_run(
    world: World,
) -> None:
    switch(world, generate(world))
    refused = sign_in(world)
    assert (refused.outcome, refused.code, refused.at) == ("refused", "AADSTS5000811", "microsoft")
    world.sync()
    assert sign_in(world).outcome == "signed_in"


def test_nobody_updates_a_domain_for_a_manual_app(world: World) -> None:
    whole = app(world)
    issuer = federation(world)["issuerUri"]
    whole["settings"]["app"]["wsFedConfigureType"] = "MANUAL"
    world.okta.put(f"/api/v1/apps/{whole['id']}", whole)
    manual = f"https://{world.spec.lab['okta']['o365_external_key']}"
    path = f"/domains/{DOMAIN}/federationConfiguration/{federation(world)['id']}"
    assert sign_in(world).code == "AADSTS50107" and issuer != manual
    assert world.entra.call("PATCH", path, {"issuerUri": manual}).status in (200, 204)
    assert sign_in(world).outcome == "signed_in"
    made = generate(world)
    switch(world, made)
    world.sync()
    assert sign_in(world).code == "AADSTS5000811"
    assert world.entra.call("PATCH", path, {"nextSigningCertificate": made["x5c"][0]}).status in (200, 204)
    assert sign_in(world).outcome == "signed_in"


def test_an_old_key_that_is_forgotten_too_early_is_missed(world: World) -> None:
    made = generate(world)
    path = f"/domains/{DOMAIN}/federationConfiguration/{federation(world)['id']}"
    world.entra.call("PATCH", path, {"signingCertificate": made["x5c"][0], "nextSigningCertificate": None})
    assert sign_in(world).code == "AADSTS5000811"
    switch(world, made)
    assert sign_in(world).outcome == "signed_in"


def test_saving_again_sets_right_what_was_changed_at_microsoft_and_the_refusal_is_found_under_the_typed_name(world):
    own = federation(world)
    wrong = own["issuerUri"] + "X"
    world.entra.patch(f"/domains/{DOMAIN}/federationConfiguration/{own['id']}", {"issuerUri": wrong})
    assert sign_in(world).code == "AADSTS50107"  # the token's user is nobody's until its issuer is known
    last = decisions(of_world(world).control("GET", "journal?limit=1000")["rows"], DANA)[-1]
    assert (last["side"], last["who"], last["outcome"]) == ("Microsoft", DANA, "failure")
    assert {item["name"] for item in last["compared"]} == {"Issuer", "issuerUri"}

    begun = world.okta.put(f"/api/internal/v1/apps/{app(world)['id']}/office365/domains", {"names": [DOMAIN]})
    world.sync()
    done = world.okta.get(f"/api/internal/v1/operations/{begun['id']}")
    assert done["result"]["domains"] == [{"domain": DOMAIN, "action": "federate", "status": "SUCCESS"}]
    assert federation(world)["issuerUri"] == own["issuerUri"] and sign_in(world).outcome == "signed_in"


def test_a_deleted_account_is_named_where_its_immutable_id_finds_nobody(world):
    account = world.entra.get(f"/users/{DANA}?$select=id")["id"]
    world.entra.delete(f"/users/{account}")
    assert sign_in(world).code == "AADSTS51004"
    last = decisions(of_world(world).control("GET", "journal?limit=1000")["rows"], DANA)[-1]
    assert any(item["where"] == f"deleted user {account} has that id" for item in last["compared"])
    assert "Restore" in last["hint"]
    world.entra.post(f"/directory/deletedItems/{account}/restore")
    assert sign_in(world).outcome == "signed_in"
