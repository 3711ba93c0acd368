"""What a scenario remembers of people at work: browser profiles between its parts, and another application's portal."""

from pathlib import Path

from emulator import World
from emulator.scenario.files import read
from emulator.scenario.runner import mutations, verify
from emulator.scenario.stage import of_world
from emulator.scenario.verbs import VERBS
from emulator.scenario.vocabulary import SignIn
from emulator.wire.agents import Visit, sign_in

DANA = "dana@acme.example"
KEPT = """\
id: X-02
title: A laptop that stays signed in
level: 1
minutes: 5
teaches: [sessions]
world: acme
cast:
  person: {new: person, on: okta, assigned: true}
cause:
  - sign_in: $person
    browser: laptop
expect:
  - sign_in: $person
    browser: laptop
    password: forgotten
    is: {outcome: signed_in}
check:
  - sign_in: $person
    browser: laptop
    password: forgotten
    is: {outcome: asked, at: okta}
solve:
  - advance: PT1M
  - okta: DELETE /api/v1/users/${person.id}/sessions
  - entra: POST /users/${person.object}/revokeSignInSessions
"""


def test_every_part_begins_with_the_cookies_of_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(KEPT)
    (tmp_path / "brief.md").write_text("x")
    (tmp_path / "solution.md").write_text("x")
    assert verify(str(path)).problems == []
    assert mutations(str(path)) == []


def test_profiles_as_plain_values() -> None:
    with World("acme") as world:
        stage = of_world(world)
        line = SignIn(sign_in=DANA, browser="laptop")
        assert VERBS["sign_in"](stage, line, asking=False)["outcome"] == "signed_in"
        kept = stage.profiles()
        assert kept["laptop"]["jar"]["acme.okta.com"]["sid"]
        other = of_world(world)
        other.open_profiles(kept)
        assert other.profiles() == kept
        again = SignIn(sign_in=DANA, browser="laptop", password="forgotten")
        assert VERBS["sign_in"](other, again, asking=False)["outcome"] == "signed_in"
        other.open_profiles({})
        assert VERBS["sign_in"](other, again, asking=False)["outcome"] != "signed_in"


def test_the_portal_gets_its_own_code() -> None:
    portal = {
        "client_id": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        "redirect_uri": "https://portal.azure.com/signin/index/",
    }
    with World("acme") as world:
        password = next(user["password"] for user in world.spec.lab["users"] if user["login"] == DANA)
        world.entra.patch("/_lab/microsoft/settings", {"adminPortalMfa": False})
        found = sign_in("browser", Visit(world.transport, world.spec.lab, DANA, password=password, asked=portal))
        assert (found.outcome, found.at, found.claims) == ("signed_in", "microsoft", {})
        assert found.url.startswith(portal["redirect_uri"])
        assert "code" in found.to_doc()["tokens"]


def test_the_sign_on_policy_has_an_alias(tmp_path: Path) -> None:
    from emulator.scenario.cast import predeclared

    with World("acme") as world:
        stage = of_world(world)
        app = predeclared(stage, "1")["app"]
        href = world.okta.get(f"/api/v1/apps/{app['id']}")["_links"]["accessPolicy"]["href"]
        assert href.endswith(f"/policies/{app['policy']}")
    with World("empty") as world:
        assert predeclared(of_world(world), "1")["app"]["policy"] == ""


def test_a_scenario_may_bring_its_world() -> None:
    found = read(Path("scenarios/mfa/exempt-yet-claimed/scenario.yaml"))
    assert str(found.world()).endswith("exempt-yet-claimed/world.yaml")


def test_decisions_of_both_sides_as_data() -> None:
    from emulator.scenario.decisions import decisions, told

    block = {"displayName": "Nobody", "state": "enabled", "grantControls": {"operator": "OR", "builtInControls": ["block"]},
             "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                            "clientAppTypes": ["all"]}}  # fmt: skip
    phones = {**block, "displayName": "No phones",
              "conditions": {**block["conditions"], "platforms": {"includePlatforms": ["iOS"]}}}  # fmt: skip
    with World("acme") as world:
        stage = of_world(world)
        world.entra.post("/identity/conditionalAccess/policies", block)
        world.entra.post("/identity/conditionalAccess/policies", phones)
        assert VERBS["sign_in"](stage, SignIn(sign_in=DANA), asking=False)["code"] == "AADSTS53003"
        found = decisions(stage.control("GET", "journal?limit=1000")["rows"], DANA)
        assert len({item["side"] for item in found}) == 2
        last = found[-1]
        assert last["outcome"] == "failure"
        results = {item["displayName"]: item for item in last["decision"]["conditionalAccess"]}
        assert results["Nobody"]["result"] == "failure" and results["No phones"]["conditionsNotSatisfied"]
        assert [item["code"] for item in last["decision"]["missing"]] == ["53003"]
        text = told(last)
        assert "policy 'Nobody': failure" in text and "missing: refused (53003)" in text
        sso = next(item for item in found if "claim" in item["rule"])
        assert sso["decision"] == {} and sso["compared"]
