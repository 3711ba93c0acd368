"""The scripted browser on Microsoft's own pages, and in loops. Contract: wire/agents/__init__.py."""

from urllib.parse import urlsplit

import pytest

from emulator import World
from emulator.wire.agents import Visit, sign_in
from tests.entra.login.gates import policy, settings, with_tenant
from tests.entra.login.worlds import DANA, LIN, LIN_PASSWORD, PUBLIC

PHONE = {"type": "phone", "phoneNumber": "+1 2065550185"}
APP = {"type": "authenticator", "displayName": "Lin's phone"}
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
OATH = {"type": "oath", "secretKey": SECRET}
EVERY = {"Sms": "enabled", "Voice": "enabled", "SoftwareOath": "enabled"}


def tenant(*methods, **more):
    return World(
        with_tenant((policy(),), people={LIN: {"methods": list(methods)}}, authentication_methods=EVERY, **more)
    )


def visit(world, login=LIN, password=LIN_PASSWORD, **more):
    lab = world.spec.lab
    native = {"public_client_id": PUBLIC, "redirect_uri": "http://localhost:53124"}
    lab = {**lab, "entra": {**native, **lab["entra"]}}
    return sign_in("browser", Visit(world.transport, lab, login, password=password, **more))


@pytest.mark.parametrize(
    "factors",
    [{"sms": "outbox"}, {"call": "outbox"}, {"push": "approve"}, {"totp": SECRET}, {"microsoft": {"push": "approve"}}],
)
def test_it_proves_itself_with_any_method(factors):
    with tenant(PHONE, APP, OATH) as world:
        outcome = visit(world, factors=factors)
        assert outcome.outcome == "signed_in", outcome.text
        assert "mfa" in outcome.claims.get("amr", ["mfa"])


def test_it_stops_where_the_person_has_no_answer_or_says_no():
    with tenant(PHONE, APP) as world:
        assert visit(world).outcome == "asked"
        assert visit(world, factors={"push": "ignore"}).outcome == "asked"
        refused = visit(world, factors={"push": "reject"})
        assert (refused.outcome, refused.code) == ("refused", "AADSTS500121")
        assert visit(world, factors={"sms": "000000"}).code == "AADSTS500121"


@pytest.mark.parametrize("factors", [{"totp": "shown"}, {"sms": "outbox"}, {"push": "approve"}])
def test_it_registers_what_it_has(factors):
    with tenant() as world:
        assert visit(world).title == "Keep your account secure"
        assert visit(world, factors=factors).outcome == "signed_in"
        kinds = world.entra.get(f"/users/{LIN}/authentication/methods")["value"]
        assert len(kinds) == 2, kinds


def test_stay_signed_in_terms_and_a_new_password():
    with World(with_tenant()) as world:
        settings(world, keepMeSignedIn="shown")
        assert visit(world, answers={"kmsi": "ignore"}).title == "Stay signed in?"
        for said in ({}, {"kmsi": "yes"}):
            assert visit(world, answers=said).outcome == "signed_in"
        world.entra.patch(f"/users/{LIN}", {"passwordProfile": {
            "password": LIN_PASSWORD, "forceChangePasswordNextSignIn": True,
        }})  # fmt: skip
        assert visit(world).title == "Update your password"
        assert visit(world, answers={"new_password": "Another-Horse-3"}).outcome == "signed_in"
        assert visit(world, password="Another-Horse-3").outcome == "signed_in"
        assert visit(world).code == "AADSTS50126"


def test_a_device_is_named_to_microsoft_only():
    with World("acme") as world:
        visit(world, DANA, device={"id": "d1000000-0000-4000-8000-000000000001"})
        named = {urlsplit(hop.url).netloc for hop in world.tape if "x-ms-deviceid" in dict(hop.request_headers)}
        assert named == {"login.microsoftonline.com"}


@pytest.mark.parametrize("answers", [{"sms": "outbox"}, {}])
def test_it_goes_round_until_the_tenant_stops_it(answers):
    with World("acme") as world:
        login, domain = DANA, DANA.partition("@")[2]
        [found] = world.entra.get(f"/domains/{domain}/federationConfiguration")["value"]
        at = f"/domains/{domain}/federationConfiguration/{found['id']}"
        world.entra.patch(at, {"federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"})
        user = world.entra.get(f"/users/{login}")["id"]
        world.entra.patch(
            f"https://graph.microsoft.com/beta/users/{user}/authentication/requirements",
            {"perUserMfaState": "enforced"},
        )
        password = next(person["password"] for person in world.spec.lab["users"] if person["login"] == login)
        outcome = visit(world, login, password, factors=answers)
        assert (outcome.outcome, outcome.at, outcome.code) == ("loop", "microsoft", "AADSTS50196"), outcome.text
        assert outcome.rounds == 8
