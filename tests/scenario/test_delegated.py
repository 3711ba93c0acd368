"""What people do in a scenario rather than applications: consent, Graph with their own token; and lists of people."""

from pathlib import Path

import pytest

from emulator import World
from emulator.kernel.problems import LabError
from emulator.scenario import delegated
from emulator.scenario.cast import predeclared
from emulator.scenario.members import Person
from emulator.scenario.references import Unknown, resolve
from emulator.scenario.runner import verify
from emulator.scenario.stage import Stage, of_world
from emulator.scenario.template import FILES

ADMIN, PASSWORD = "admin@fresh.onmicrosoft.com", "Test-only-02-Lab"
NEW = {"name": "office365", "label": "365", "signOnMode": "AUTO_LOGIN"}
SETTINGS = {"app": {"domain": "a.example", "msftTenant": "fresh"}}


def staged(world: World) -> Stage:
    stage = of_world(world)
    stage.aliases.update(predeclared(stage, "1"))
    return stage


def test_an_administrator_consents_in_a_browser() -> None:
    with World("empty") as world:
        stage = staged(world)
        app = stage.okta.post("/api/v1/apps", {**NEW, "settings": SETTINGS})["id"]
        found = delegated.consent(stage, app, "FEDERATION", by=Person(stage, ADMIN, password=PASSWORD))
        assert found["outcome"] == "accepted"
        modes = stage.okta.get(f"/api/internal/v1/apps/{app}/office365/credentials")["authMode"]
        assert modes == {"FEDERATION": "OAUTH_CONSENT", "GRAPH": None}


def test_somebody_with_a_wrong_password_consents_to_nothing() -> None:
    with World("empty") as world:
        stage = staged(world)
        app = stage.okta.post("/api/v1/apps", {**NEW, "settings": SETTINGS})["id"]
        with pytest.raises(LabError, match="The consent was not given"):
            delegated.consent(stage, app, "GRAPH", by=Person(stage, ADMIN, password="wrong"))
        with pytest.raises(LabError, match="AADSTS50126"):
            delegated.graph(stage, Person(stage, ADMIN, password="wrong"))


def test_graph_as_a_person() -> None:
    with World("empty") as world:
        client = delegated.graph(staged(world), Person(of_world(world), ADMIN, password=PASSWORD))
        assert client.get("/v1.0/me")["userPrincipalName"] == ADMIN


def test_a_name_after_a_list_is_that_part_of_each() -> None:
    aliases = {"people": [{"id": 1, "more": {"deep": "a"}}, {"id": 2, "more": {"deep": "b"}}], "none": []}
    assert resolve("$people.id", aliases) == [1, 2]
    assert resolve("$people.more.deep", aliases) == ["a", "b"]
    assert resolve("$people.1.id", aliases) == 2
    for reference in ("$people.2", "$none.id", "$people.nothing"):
        with pytest.raises(Unknown):
            resolve(reference, aliases)


LISTS = """\
id: X-02
title: A list of people
level: 1
minutes: 5
teaches: [lists]
world: acme
cast:
  people: {new: person, on: okta, assigned: true, count: 2}
  admin: {pick: person, source: entra, where: {role: admin}}
cause:
  - app_user: $people
    profile: {immutableId: null}
expect:
  - sign_in: $people
    is: {count: 2, all: {outcome: refused, at: okta}}
  - entra: GET /me
    by: $admin
    is: {body: {userPrincipalName: $admin.login}}
check:
  - sign_in: $people
    is: {count: 2, all: {outcome: signed_in}}
wrong:
  - say: one of them
    do: [{app_user: $people.0, profile: {immutableId: $people.0.entra.onPremisesImmutableId}}]
solve:
  - mapping: {immutableId: 'user.getInternalProperty("id")'}
  - okta: POST /api/internal/v1/apps/${app}/sync
  - sync: true
"""


def test_a_line_may_be_about_a_list_of_people(tmp_path: Path) -> None:
    for name, text in {**FILES, "scenario.yaml": LISTS}.items():
        (tmp_path / name).write_text(text)
    assert verify(str(tmp_path / "scenario.yaml")).problems == []
