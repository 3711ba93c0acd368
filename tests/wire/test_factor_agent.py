"""A scripted browser that answers factor challenges, against both sides. Contract: wire/agents/__init__.py."""

import pytest

from emulator import World
from emulator.protocols import otp
from emulator.scenario.decisions import decisions, told
from emulator.wire.agents import Visit, sign_in

DANA = "dana@acme.example"


@pytest.fixture
def world():
    """The acme world, whose Office 365 wants two factors and tells Microsoft of them."""
    with World("acme") as made:
        two_factors(made)
        yield made
        assert made.engine.crashes == []


def two_factors(world):
    app = world.spec.lab["okta"]["o365_app_id"]
    policy = world.okta.get(f"/api/v1/apps/{app}")["_links"]["accessPolicy"]["href"].rpartition("/")[2]
    world.okta.put(f"/api/internal/v1/apps/{app}/office365/mfa", {"supportsMfa": True})
    world.okta.post(f"/api/v1/policies/{policy}/rules", {
        "name": "Two", "type": "ACCESS_POLICY", "priority": 1, "actions": {"appSignOn": {
            "access": "ALLOW",
            "verificationMethod": {"type": "ASSURANCE", "factorMode": "2FA", "reauthenticateIn": "PT2H"},
        }},
    })  # fmt: skip


def enrol(world, kind):
    user = world.okta.get(f"/api/v1/users/{DANA}")["id"]
    at = f"/api/v1/users/{user}/factors"
    profile = {"profile": {"phoneNumber": "+14155550123"}} if kind == "sms" else {}
    factor = world.okta.post(f"{at}?activate=true", {"factorType": kind, "provider": "OKTA", **profile})
    if kind == "push":
        [message] = world.okta.get(f"/_lab/outbox?to={DANA}")["messages"]
        world.okta.post(f"/_lab/outbox/{message['id']}/answer", {"answer": "approve"})
    return factor.get("_embedded", {}).get("activation", {}).get("sharedSecret")


def visit(world, **factors):
    password = next(person["password"] for person in world.spec.lab["users"] if person["login"] == DANA)
    return sign_in("browser", Visit(world.transport, world.spec.lab, DANA, password=password, factors=factors))


@pytest.mark.parametrize(("kind", "answers"), [("sms", {"sms": "outbox"}), ("push", {"push": "approve"})])
def test_it_gets_through_with_a_factor(world, kind, answers):
    enrol(world, kind)
    outcome = visit(world, **answers)
    assert outcome.outcome == "signed_in", outcome.text
    assert outcome.assertion["mfa"] is True


def test_it_stops_where_the_person_does_not_answer(world):
    enrol(world, "push")
    assert visit(world, push="ignore").at == "okta"
    refused = visit(world, push="reject")
    assert (refused.outcome, refused.at) == ("refused", "okta")
    assert "You said no" in refused.text
    assert visit(world).outcome != "signed_in"


def test_an_app_made_on_the_spot_shows_its_code_and_the_decision_is_told(world):
    user = world.okta.get(f"/api/v1/users/{DANA}")["id"]
    assert "Another factor is needed" in visit(world, totp="shown").text
    secret = enrol(world, "token:software:totp")
    [factor] = world.okta.get(f"/api/v1/users/{user}/factors")
    code = otp.totp(otp.decoded(secret), world.clock.now())
    world.okta.post(f"/api/v1/users/{user}/factors/{factor['id']}/lifecycle/activate", {"passCode": code})
    world.clock.advance(minutes=1)
    assert visit(world, totp=secret).outcome == "signed_in"
    rows = world.journal(party="okta:acme", limit=5000)
    found = decisions(rows, DANA)
    okta = [item for item in found if item["side"] == "Okta"]
    assert "CHALLENGE" in [item["outcome"] for item in okta]
    assert okta[-1]["rule"].startswith("The claim is sent")
    assert any(fact["name"].startswith("rule 1 'Two'") for fact in okta[-1]["compared"])
    assert "rule 1 'Two'" in told(okta[-1])
    assert decisions(rows, "nobody@acme.example") == []
