"""`--people N`: linked on all sides, the same for the same seed, kept as an image, never half made."""

import base64
import re
import sqlite3
import uuid
from collections import Counter

import pytest

from emulator import World
from emulator.entra.resources import users as entra_users
from emulator.kernel.people import PASSWORD
from emulator.kernel.problems import LabError
from emulator.okta import assignments
from emulator.okta.app_kinds import APP_USERS, APPS
from emulator.okta.mapping import Setting
from emulator.okta.resources import groups
from emulator.okta.user_docs import USERS
from emulator.serving import images, opening
from emulator.serving.building import Builder
from emulator.serving.estate_names import cultures
from tests.serving.spec import SMALL

N = 250


@pytest.fixture(scope="module")
def estate():
    with World("acme", people=N) as made:
        yield made


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TENANTLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(opening, "_LARGE", 10)
    return tmp_path / "cache"


def store(world, party):
    return world.database.store(party)


def made(world):
    """The synthetic people: those with an employee number of the estate."""
    return [u for u in store(world, "okta:acme").all(USERS) if u["profile"].get("employeeNumber", "").startswith("E0")]


def dump(world):
    tables = [
        row[0] for row in world.database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]
    return {name: world.database.execute(f'SELECT * FROM "{name}" ORDER BY 1, 2').fetchall() for name in tables
            if name not in ("snapshots", "meta", "log", "journal", "journal_about")}  # fmt: skip


def test_the_same_seed_makes_the_same_people(estate):
    with World("acme", people=N) as again, World("acme", people=N, seed="other") as other:
        assert dump(again) == dump(estate)
        assert [u["id"] for u in made(other)] != [u["id"] for u in made(estate)]


def test_a_larger_estate_begins_as_a_smaller_one_does(estate):
    with World("acme", people=40) as smaller:
        few, many = made(smaller), made(estate)
        assert [u["id"] for u in few] == [u["id"] for u in many[:40]]
        assert [u["profile"]["login"] for u in few] == [u["profile"]["login"] for u in many[:40]]


def test_everybody_is_there_on_both_sides(estate):
    people = made(estate)
    assert len(people) == N
    assert len({u["profile"]["login"] for u in people}) == N
    okta, entra = store(estate, "okta:acme"), store(estate, "entra:acme")
    everyone = set(groups.member_ids(okta, groups.everyone(okta)["id"]))
    assert {u["id"] for u in okta.all(USERS)} == everyone
    for user in people:
        assert re.fullmatch(r"[a-z-]+\.[a-z-]+\d*@acme\.example", user["profile"]["login"])
        account = entra.find(entra_users.USERS, "userPrincipalName", user["profile"]["login"])
        assert (account is None) == (user["status"] == "STAGED")
        if account is not None:
            assert account["accountEnabled"] == (user["status"] != "DEPROVISIONED")
            assert account["displayName"] == user["profile"]["displayName"]


def test_assignments_link_the_two_accounts(estate):
    okta, entra = store(estate, "okta:acme"), store(estate, "entra:acme")
    app = okta.find(APPS, "name", "office365")
    linked = 0
    for user in made(estate):
        row = okta.get(APP_USERS, f"{app['id']}.{user['id']}")
        if row is None:
            continue
        linked += 1
        account = entra.get(entra_users.USERS, row["externalId"])
        assert account["onPremisesImmutableId"] == row["profile"]["immutableId"]
        assert [sku(entra, held["skuId"]) for held in account["assignedLicenses"]] == row["profile"]["licenses"]
        assert account["usageLocation"] == row["profile"]["usageLocation"] == user["profile"]["countryCode"]
        assert account["mail"] == user["profile"]["login"]
    assert linked > N * 0.85


def sku(entra, sku_id):
    from emulator.entra.resources import skus

    return skus.by_id(entra, sku_id)["skuPartNumber"]


def test_the_mapping_has_nothing_left_to_change(estate):
    okta = store(estate, "okta:acme")
    app = okta.find(APPS, "name", "office365")
    setting = Setting(okta, estate.clock.now())
    for user in made(estate)[:60]:
        row = okta.get(APP_USERS, f"{app['id']}.{user['id']}")
        if (
            row is not None and row["profile"]["immutableId"] != user["id"]
        ):  # else the first value goes by design (F-52)
            after = {**row, "profile": dict(row["profile"])}
            assert assignments.evaluate(setting, app, user, after) == {}
            assert after == row


def test_people_of_the_directory(estate):
    from emulator.directory.resources.users import USERS as ENTRIES

    okta, forest = store(estate, "okta:acme"), store(estate, "directory:corp")
    app = okta.find(APPS, "name", "active_directory")
    found = 0
    for user in made(estate):
        row = okta.get(APP_USERS, f"{app['id']}.{user['id']}")
        entry = forest.find(ENTRIES, "userPrincipalName", user["profile"]["login"])
        assert (row is None) == (entry is None) == (user["credentials"]["provider"]["type"] == "OKTA")
        if row is None:
            continue
        found += 1
        assert base64.b64decode(row["externalId"]) == uuid.UUID(entry["objectGUID"]).bytes_le
        assert row["profile"]["dn"] == entry["distinguishedName"]
        assert len(entry["sAMAccountName"]) <= 20
        assert row["profile"].get("managerDn") == entry.get("manager")
    assert N * 0.3 < found < N * 0.5


def test_managers_form_a_tree(estate):
    entra = store(estate, "entra:acme")
    people = {u["profile"]["login"]: u for u in made(estate)}
    roots = [u for u in people.values() if not u["profile"].get("managerId")]
    assert [u["profile"]["title"] for u in roots] == ["Chief Executive Officer"]
    for user in people.values():
        seen = [user["profile"]["login"]]
        while (above := people[seen[-1]]["profile"].get("managerId")) is not None:
            assert above not in seen
            seen.append(above)
        assert len(seen) < 8
    reports = Counter(u["profile"].get("managerId") for u in people.values())
    assert max(reports.values()) <= 10
    boss = entra.find(entra_users.USERS, "userPrincipalName", roots[0]["profile"]["login"])
    assert len(entra.find_all(entra_users.USERS, "_manager", boss["id"])) == reports[roots[0]["profile"]["login"]]


def test_seats_are_counted_and_suffice(estate):
    rows = estate.entra.get("/subscribedSkus")["value"]
    held = Counter(
        item["skuId"]
        for user in store(estate, "entra:acme").all(entra_users.USERS)
        for item in user["assignedLicenses"]
    )
    for row in rows:
        assert row["consumedUnits"] == held[row["skuId"]]
        assert row["prepaidUnits"]["enabled"] >= row["consumedUnits"]
    assert len([row for row in rows if row["consumedUnits"]]) == 5


def test_the_apis_show_them(estate):
    user = made(estate)[0]
    shown = estate.okta.get(f"/api/v1/users/{user['profile']['login']}")
    assert shown["id"] == user["id"]
    assert estate.entra.get(f"/users/{shown['profile']['login']}")["givenName"] == user["profile"]["firstName"]
    team = estate.okta.get("/api/v1/groups?q=Engineering")[0]
    assert len(estate.okta.get(f"/api/v1/groups/{team['id']}/users?limit=1000")) > N / 10


def test_a_person_signs_in_with_the_shared_password():
    with World("acme", people=60) as world:
        app = store(world, "okta:acme").find(APPS, "name", "office365")
        person = next(
            u for u in made(world)
            if u["status"] == "ACTIVE" and store(world, "okta:acme").get(APP_USERS, f"{app['id']}.{u['id']}")
        )  # fmt: skip
        assert world.browser.sign_in(person["profile"]["login"], PASSWORD).ok


def test_nothing_is_left_to_push():
    with World("acme", people=30) as world:
        assert world.sync()["ran"] == []


def test_a_world_without_federation_has_people_too():
    with World("empty", people=20) as world:
        (account,) = [u for u in store(world, "entra:fresh").all(entra_users.USERS) if u.get("employeeId") == "E000001"]
        assert account["userPrincipalName"].endswith("@fresh.onmicrosoft.com")
        assert account.get("onPremisesImmutableId") is None
        assert entra_users.password_ok(account, PASSWORD)
        assert account["assignedLicenses"] == []


def test_an_inline_world_takes_people():
    with World(SMALL, people=5) as world:
        assert world.database.settings()["people"] == 5


def test_names_are_of_many_cultures():
    found = set(cultures())
    assert len(found) > 25
    for culture in found:
        assert len(culture.given) >= 8 and len(culture.family) >= 8
        assert all(len(country) == 2 for country, _, _ in culture.places)
    letters = "".join(name for culture in found for name in culture.given + culture.family)
    assert not letters.isascii()
    assert all(ord(letter) < 0x2000 for letter in letters)


# -- images and data directories ----------------------------------------------------------------------------------


def test_an_image_is_made_once_and_copied(cache, monkeypatch):
    with World("acme", people=12) as first:
        before = dump(first)
    (kept,) = cache.glob("*.db")
    monkeypatch.setattr(Builder, "build", None)
    with World("acme", people=12) as second:
        assert dump(second) == before
        second.okta.post("/api/v1/groups", {"profile": {"name": "New"}})
    with World("acme", people=12) as third:
        assert dump(third) == before
    assert list(cache.iterdir()) == [kept]


def test_a_broken_image_is_made_again(cache):
    World("acme", people=12).close()
    (kept,) = cache.glob("*.db")
    whole = kept.read_bytes()
    for broken in (b"", b"no database at all" * 100, whole[: len(whole) // 2]):
        kept.write_bytes(broken)
        with World("acme", people=12) as world:
            assert len(made(world)) == 12
        assert kept.stat().st_size == len(whole)


def test_images_differ_by_world_seed_and_number(cache):
    for options in ({"people": 12}, {"people": 13}, {"people": 12, "seed": "x"}):
        World("acme", **options).close()
    assert len(list(cache.glob("*.db"))) == 3
    World("acme", people=14).close()
    World("acme", people=15).close()
    assert len(list(cache.glob("*.db"))) == images._KEPT


def test_a_build_that_is_stopped_leaves_nothing(cache, tmp_path):
    def stop(made, people):
        raise KeyboardInterrupt

    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(KeyboardInterrupt):
        World("acme", people=12, data=data, progress=stop)
    left = [path.name for path in cache.iterdir() if not path.name.startswith("kinds-")]
    assert left == [] and list(data.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TENANTLAB_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(opening, "_LARGE", 10)
    with World("acme", people=12) as world:
        assert len(made(world)) == 12


def test_a_data_directory_keeps_its_number(cache, tmp_path):
    World("acme", people=12, data=tmp_path).close()
    secret = sqlite3.connect(tmp_path / "world.db").execute("SELECT settings FROM meta").fetchone()[0]
    assert "secret" in secret
    with World("acme", data=tmp_path) as kept:
        assert kept.people == 12 and len(made(kept)) == 12
    with pytest.raises(LabError, match="holds a world with 12 people, not 13"):
        World("acme", people=13, data=tmp_path)


def test_two_data_directories_have_secrets_of_their_own(cache, tmp_path):
    secrets = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with World("acme", people=12, data=tmp_path / name) as world:
            secrets.add(world.database.settings()["secret"])
    assert len(secrets) == 2


def test_the_number_has_bounds():
    for people in (-1, 1_000_001):
        with pytest.raises(LabError):
            World("acme", people=people)


def test_progress_is_told(cache):
    told = []
    World("acme", people=12, progress=lambda made, people: told.append((made, people))).close()
    assert told == [(12, 12)]
