"""Federated claims: what an app adds to its assertions and ID tokens."""

import pytest

from tests.okta.sso.samlapp import APP_ID, made, xpath
from tests.okta.sso.test_saml import asked, response_of
from tests.okta.worlds import kinds, refused


@pytest.fixture
def at(org):
    app = org.okta.post("/api/v1/apps", {"name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
                                         "settings": {"app": {"url": "https://wiki.example"}}})  # fmt: skip
    return f"/api/v1/apps/{app['id']}/federated-claims"


def test_a_claim_is_made_read_changed_and_taken_away(org, at):
    answer = org.okta.call("POST", at, {"name": "division", "expression": "user.department"})
    claim = org.okta.get(at)[0]
    assert answer.status == 201 and list(claim) == ["id", "name", "expression", "created", "lastUpdated"]
    assert claim["id"].startswith("ofc") and claim["name"] == "division"
    one = f"{at}/{claim['id']}"
    assert org.okta.get(one) == claim
    changed = org.okta.put(one, {"name": "unit", "expression": "user.division"})
    assert (changed["id"], changed["name"], changed["expression"]) == (claim["id"], "unit", "user.division")
    assert kinds(org)[-1] == "application.lifecycle.update"
    assert org.okta.call("DELETE", one).status == 204 and org.okta.get(at) == []
    assert refused(org, "GET", one)[:2] == (404, "E0000007")


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        ({"expression": "user.email"}, "Api validation failed: name"),
        ({"name": "x"}, "Api validation failed: expression"),
        ({"name": "x", "expression": "user.("}, "Api validation failed: expression"),
        ({"name": "taken", "expression": "user.email"}, "Api validation failed: name"),
    ],
)  # fmt: skip
def test_what_is_no_claim_is_refused(org, at, body, summary):
    org.okta.post(at, {"name": "taken", "expression": "user.email"})
    assert refused(org, "POST", at, body)[:3] == (400, "E0000001", summary)


def test_a_claim_belongs_to_its_app_and_goes_with_it(org, at):
    claim = org.okta.post(at, {"name": "x", "expression": "user.email"})
    app = at.removesuffix("/federated-claims")
    other = org.okta.post("/api/v1/apps", {"name": "bookmark", "label": "Two", "signOnMode": "BOOKMARK",
                                           "settings": {"app": {"url": "https://two.example"}}})  # fmt: skip
    elsewhere = f"/api/v1/apps/{other['id']}/federated-claims/{claim['id']}"
    assert refused(org, "GET", elsewhere)[:2] == (404, "E0000007")
    org.okta.post(f"{app}/lifecycle/deactivate")
    assert org.okta.call("DELETE", app).status == 204
    assert refused(org, "GET", f"{at}/{claim['id']}")[:2] == (404, "E0000007")


def test_assertions_state_the_claims_that_have_a_value():
    with made() as world:
        at = f"/api/v1/apps/{APP_ID}/federated-claims"
        world.okta.post(at, {"name": "division", "expression": "user.department"})
        world.okta.post(at, {"name": "none", "expression": "user.nickName"})
        stated = {each.get("Name"): each[0].text for each in xpath(response_of(asked(world)[1]), "//a:Attribute")}
    assert stated["division"] == "Sales" and "none" not in stated
