"""The import engine: matching, confirmation, pages, settings, schedules; the agent's side is played by hand."""

from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.okta import cron
from tests.okta import o365, worlds
from tests.okta.o365 import APP, APP_ID, INTERNAL
from tests.okta.worlds import DANA_ID, SAM_ID, refused

PORT = f"/_lab/agent/apps/{APP_ID}/import"


def person(id: str, name: str, first: str = "Pat", last: str = "Quill", **more: Any) -> Doc:
    profile = {"firstName": first, "lastName": last, "displayName": f"{first} {last}", "email": name,
               "immutableId": f"anchor-{id}"}  # fmt: skip
    return {"externalId": id, "userName": name, "profile": profile, "eligible": True, **more}


def agent(world: World, path: str, body: Doc) -> tuple[int, Doc]:
    got = world.okta.call("POST", path, body, headers={"authorization": f"Bearer {worlds.AGENT}"})
    return got.status, orjson.loads(got.body)


def rules(world: World, **values: Any) -> None:
    world.okta.put(f"{APP}/features/INBOUND_PROVISIONING", {"importRules": {"userCreateAndMatch": values}})


def begin(world: World, mode: str = "FULL") -> tuple[Doc, Doc]:
    """Ask for an import and lease its job: the operation and the job."""
    asked = world.okta.post(f"{INTERNAL}/import", {"mode": mode})
    assert asked["status"] == "PENDING" and asked["type"] == "import"
    [job] = o365.lease(world, kinds=["users.import"])
    return asked, job


def page(world: World, job: Doc, **body: Any) -> Doc:
    status, found = agent(world, PORT, {"jobId": job["id"], "lease": job["lease"]["token"], **body})
    assert status == 200, found
    return found


def brought(world: World, *users: Doc, mode: str = "FULL", **last: Any) -> Doc:
    """A whole import of one page; its report."""
    asked, job = begin(world, mode)
    page(world, job, users=list(users), last=True, **last)
    o365.ack(world, job)
    done = world.okta.get(f"/api/internal/v1/operations/{asked['id']}")
    assert done["status"] == "SUCCESS"
    return {**done["result"], "id": asked["importId"]}


def counts(report: Doc) -> Doc:
    return {name: value for name, value in report.items() if isinstance(value, int) and value}


def results(world: World, report: Doc, query: str = "") -> list[Doc]:
    found: list[Doc] = world.okta.get(f"{INTERNAL}/imports/{report['id']}/users{query}")
    return found


def test_the_job_says_what_is_wanted():
    with o365.made() as world:
        _, job = begin(world)
        assert job["desired"] == {"mode": "FULL", "cursor": None, "groups": True, "provisioningType": "PROFILE_SYNC"}
        assert job["secret"]["client_id"] == o365.CLIENTS["provisioning"]["client_id"]
        page(world, job, last=True, cursor="later")
        o365.ack(world, job)
        _, job = begin(world, "INCREMENTAL")
        assert job["desired"]["cursor"] == "later"


def test_an_exact_match_waits_or_is_confirmed_by_itself():
    with o365.made() as world:
        report = brought(world, person("ms-1", "Dana@acme.example", "Dana", "R"))
        assert counts(report) == {"scanned": 1, "unconfirmed": 1}
        [row] = results(world, report)
        assert (row["match"], row["userId"], row["action"]) == ("EXACT", DANA_ID, "MATCH")
        rules(world, autoConfirmExactMatch=True)
        assert counts(brought(world, person("ms-1", "dana@acme.example", "Dana", "R"))) == {"scanned": 1, "matched": 1}
        found = o365.app_user(world, DANA_ID)
        assert (found["externalId"], found["status"], found["scope"]) == ("ms-1", "PROVISIONED", "USER")
        assert found["profile"]["immutableId"] == "anchor-ms-1" and found["profile"]["firstName"] == "Dana"
        assert results(world, report) == []
        assert world.okta.get(f"/api/v1/users/{DANA_ID}")["profile"]["lastName"] == "Reyes"  # no source of profiles
        told = worlds.kinds(world)
        for kind in ("system.import.session.triggered", "system.import.start", "system.import.user.match",
                     "application.provision.user.import", "application.user_membership.add", "system.import.complete"):  # fmt: skip
            assert kind in told
        again = brought(world, person("ms-1", "dana@acme.example", "Dana", "R"))
        assert counts(again) == {"scanned": 1, "unchanged": 1}
        assert counts(brought(world, person("ms-1", "dana@acme.example", "Dana", "Rey"))) == {
            "scanned": 1,
            "updated": 1,
        }
        assert "application.provision.user.import_profile" in worlds.kinds(world)


@pytest.mark.parametrize(
    ("criterion", "row"),
    [
        ("USERNAME", person("1", "dana@acme.example")),
        ("EMAIL", {**person("1", "someone@else.example"), "profile": {"email": "DANA@acme.example"}}),
        ("department", {**person("1", "x@y.example"), "profile": {"department": "Sales"}}),
    ],
)
def test_what_counts_as_an_exact_match(criterion: str, row: Doc):
    with o365.made() as world:
        rules(world, exactMatchCriteria=criterion, autoConfirmExactMatch=True)
        assert counts(brought(world, row)) == {"scanned": 1, "matched": 1}
        assert o365.app_user(world, DANA_ID)["externalId"] == "1"


def test_a_partial_match_is_by_first_and_last_name():
    with o365.made() as world:
        row = person("ms-1", "d.reyes@elsewhere.example", "dana", "reyes")
        assert results(world, brought(world, row))[0]["match"] == "NONE"
        rules(world, allowPartialMatch=True)
        report = brought(world, row)
        [found] = results(world, report, "?match=PARTIAL")
        assert found["userId"] == DANA_ID and results(world, report, "?match=EXACT") == []
        rules(world, autoConfirmPartialMatch=True)
        assert counts(brought(world, row)) == {"scanned": 1, "matched": 1}


def test_new_people_are_created_and_activated_as_the_settings_say():
    with o365.made() as world:
        rules(world, autoConfirmNewUsers=True)
        assert counts(brought(world, person("1", "new@acme.example"))) == {"scanned": 1, "new": 1}
        made = world.okta.get("/api/v1/users/new@acme.example")
        assert (made["status"], made["profile"]["firstName"]) == ("STAGED", "Pat")
        assert made["credentials"]["provider"]["type"] == "OKTA"
        rules(world, autoActivateNewUsers=True)
        brought(world, person("1", "new@acme.example"), person("2", "two@acme.example"))
        assert world.okta.get("/api/v1/users/two@acme.example")["status"] == "PROVISIONED"
        everyone = world.okta.get("/api/v1/groups?q=Everyone")[0]["id"]
        logins = [user["profile"]["login"] for user in world.okta.get(f"/api/v1/groups/{everyone}/users")]
        assert "two@acme.example" in logins


def test_who_does_not_fit_is_skipped_with_the_reason():
    with o365.made() as world:
        rules(world, autoConfirmNewUsers=True, autoConfirmExactMatch=True)
        report = brought(
            world, person("1", "dana@acme.example"), person("2", "x@acme.example", eligible=False, reason="No license."),
            person("3", "not an address"), person("4", "dana@acme.example"),
        )  # fmt: skip
        assert counts(report) == {"scanned": 4, "matched": 1, "skipped": 3, "skippedCount": 3} or counts(report) == {
            "scanned": 4, "matched": 1, "skippedCount": 3,
        }  # fmt: skip
        reasons = {row["externalId"]: row["reason"] for row in report["skipped"]}
        assert reasons["2"] == "No license."
        assert "email address" in reasons["3"] or "pattern" in reasons["3"]
        assert "already exists" in reasons["4"]  # the login is taken, by somebody linked to another account
        run = world.okta.get(f"{INTERNAL}/imports/{report['id']}")
        assert run["usersSkipped"] == 3 and run["skipped"] == report["skipped"] and run["status"] == "COMPLETED"


def test_results_are_confirmed_by_hand():
    with o365.made() as world:
        report = brought(
            world, person("1", "dana@acme.example"), person("2", "new@acme.example"), person("3", "s@x.example"),
            person("4", "no@x.example"),
        )  # fmt: skip
        at = f"{INTERNAL}/imports/{report['id']}/confirm"
        given = [
            {"externalId": "1"}, {"externalId": "2", "action": "NEW"},
            {"externalId": "3", "action": "MATCH", "userId": SAM_ID}, {"externalId": "4", "action": "IGNORE"},
        ]  # fmt: skip
        done = world.okta.post(at, {"assignments": given, "activate": True})["results"]
        assert [row["status"] for row in done] == ["CONFIRMED", "CONFIRMED", "CONFIRMED", "IGNORED"]
        assert o365.app_user(world, DANA_ID)["externalId"] == "1" and o365.app_user(world, SAM_ID)["externalId"] == "3"
        assert world.okta.get("/api/v1/users/new@acme.example")["status"] == "PROVISIONED"
        assert results(world, report) == [] and len(results(world, report, "?status=IGNORED")) == 1
        later = brought(world, *(person(n, f"{n}@x.example") for n in "1234"))
        assert [row["reason"] for row in later["skipped"]] == ["An administrator ignored the account."]
        assert world.okta.post(at, {"assignments": [{"externalId": "4", "action": "UNIGNORE"}]})
        assert len(results(world, report)) == 1
        told = worlds.kinds(world)
        assert told.count("system.import.user_match.confirm") == 3 and "system.import.user_match.unignore" in told


def test_confirmations_that_cannot_be():
    with o365.made() as world:
        report = brought(world, person("1", "dana@acme.example"), person("2", "x@y.example"))
        at = f"{INTERNAL}/imports/{report['id']}/confirm"
        world.okta.post(at, {"assignments": [{"externalId": "1"}]})
        for body, status, code in (
            ({}, 400, "E0000001"), ({"assignments": [1]}, 400, "E0000001"),
            ({"assignments": [{"externalId": "9"}]}, 404, "E0000007"),
            ({"assignments": [{"externalId": "2", "action": "EAT"}]}, 400, "E0000001"),
            ({"assignments": [{"externalId": "2", "action": "MATCH"}]}, 400, "E0000001"),
            ({"assignments": [{"externalId": "2", "action": "MATCH", "userId": "00unobody"}]}, 404, "E0000007"),
            ({"assignments": [{"externalId": "2", "action": "MATCH", "userId": DANA_ID}]}, 409, "E0000062"),
        ):  # fmt: skip
            assert refused(world, "POST", at, body)[:2] == (status, code), body
        assert refused(world, "POST", f"{INTERNAL}/imports/impnothing/confirm", {})[:2] == (404, "E0000007")
        assert refused(world, "GET", f"{INTERNAL}/imports/impnothing")[:2] == (404, "E0000007")


def test_a_full_import_takes_away_what_it_does_not_bring():
    with o365.made() as world:
        rules(world, autoConfirmExactMatch=True)
        brought(world, person("1", "dana@acme.example"), person("2", "sam@acme.example"), person("3", "x@y.example"))
        report = brought(world, person("2", "sam@acme.example", eligible=False, reason="Sign-in is blocked."))
        assert counts(report)["removed"] == 1  # who is no longer eligible is still there
        assert world.okta.call("GET", f"{APP}/users/{DANA_ID}").status == 404
        assert o365.app_user(world, SAM_ID)["externalId"] == "2"
        assert o365.lease(world) == []  # nothing is done to an account that is gone
        assert "system.import.user.delete" in worlds.kinds(world)
        assert counts(brought(world, mode="INCREMENTAL", removed=["2"]))["removed"] == 1


def test_an_assignment_by_group_stays_without_its_account():
    with o365.made() as world:
        sales = world.okta.get("/api/v1/groups?q=Sales")[0]["id"]
        world.okta.put(f"{APP}/groups/{sales}", {})
        o365.work(world, external_id="ms-dana")
        assert o365.app_user(world, DANA_ID)["externalId"] == "ms-dana"
        brought(world)
        found = o365.app_user(world, DANA_ID)
        assert (found["externalId"], found["scope"]) == (None, "GROUP")


# -- groups --------------------------------------------------------------------------------------------------------


def group(id: str, name: str, *members: str, **more: Any) -> Doc:
    return {"externalId": id, "name": name, "type": "Security", "description": None, "members": list(members), **more}


def test_groups_become_app_groups_with_members():
    with o365.made() as world:
        rules(world, autoConfirmExactMatch=True)
        users = [person("1", "dana@acme.example"), person("2", "later@acme.example")]
        report = brought(world, *users, groups=[group("g1", "Team", "1", "2"), {**group("g2", "AD"), "eligible": False,
                                                "reason": "The group is sourced from Active Directory."}])  # fmt: skip
        assert report["groups"]["added"] == 1 and report["groups"]["skipped"] == 1
        assert report["memberships"] == {"added": 1, "removed": 0}
        [team] = [item for item in world.okta.get("/api/v1/groups?q=Team") if item["type"] == "APP_GROUP"]
        assert team["source"]["id"] == APP_ID
        members = f"/api/v1/groups/{team['id']}/users"
        assert [user["id"] for user in world.okta.get(members)] == [DANA_ID]
        # Who is confirmed later joins what names them.
        at = f"{INTERNAL}/imports/{report['id']}/confirm"
        world.okta.post(at, {"assignments": [{"externalId": "2", "action": "NEW"}]})
        assert len(world.okta.get(members)) == 2
        report = brought(world, *users, groups=[group("g1", "Crew", "2")])
        assert report["groups"]["updated"] == 1 and report["memberships"]["removed"] == 1
        assert world.okta.get(f"/api/v1/groups/{team['id']}")["profile"]["name"] == "Crew"
        assert brought(world, *users)["groups"]["removed"] == 1
        assert world.okta.call("GET", f"/api/v1/groups/{team['id']}").status == 404


def test_a_group_that_okta_pushes_is_not_imported():
    with o365.made() as world:
        sales = world.okta.get("/api/v1/groups?q=Sales")[0]["id"]
        body = {"sourceGroupId": sales, "targetGroupName": "Sales", "status": "ACTIVE"}
        world.okta.post(f"/api/v1/apps/{APP_ID}/group-push/mappings", body)
        [job] = o365.lease(world)
        o365.ack(world, job, result={"externalId": "g-pushed"})
        report = brought(world, groups=[group("g-pushed", "Sales")])
        assert report["groups"]["skipped"] == 1 and report["groups"]["added"] == 0
        assert report["skipped"][0]["reason"] == "The group is pushed from Okta."


# -- the port ------------------------------------------------------------------------------------------------------


def test_pages_are_checked():
    with o365.made() as world:
        _, job = begin(world)
        held = {"jobId": job["id"], "lease": job["lease"]["token"]}
        bad = ({"users": 1}, {"users": [1]}, {"users": [{"externalId": "1"}]}, {"groups": [group("", "x")]},
               {"groups": [{**group("1", "x"), "members": [1]}]}, {"removed": "x"}, {"last": "perhaps"},
               {"users": [{**person("1", "x"), "profile": []}]})  # fmt: skip
        for body in bad:
            assert agent(world, PORT, {**held, **body})[0] == 400, body
        assert agent(world, PORT, {"jobId": "jobnothing", "lease": "x"})[0] == 404
        assert agent(world, PORT, {**held, "lease": "wrong"})[0] == 409
        assert world.okta.call("POST", PORT, held).status == 401
        other = world.okta.post(
            "/api/v1/apps", {"name": "bookmark", "label": "W", "settings": {"app": {"url": "https://w"}}}
        )
        assert agent(world, PORT.replace(APP_ID, other["id"]), held)[0] == 409


def test_a_page_keeps_the_lease_alive_and_a_lost_one_begins_again():
    with o365.made() as world:
        rules(world, autoConfirmNewUsers=True)
        asked, job = begin(world)
        world.clock.advance(minutes=4)
        assert page(world, job, users=[person("1", "a@acme.example")])["expiresAt"] == "2026-01-15T09:09:00.000Z"
        world.clock.advance(minutes=6)
        held = {"jobId": job["id"], "lease": job["lease"]["token"]}
        assert agent(world, PORT, held)[0] == 409
        [again] = o365.lease(world, kinds=["users.import"])
        page(world, again, users=[person("1", "a@acme.example"), person("2", "b@acme.example")], last=True)
        o365.ack(world, again)
        report = world.okta.get(f"/api/internal/v1/operations/{asked['id']}")["result"]
        assert counts(report) == {"scanned": 2, "new": 1, "unchanged": 1}


def test_a_failed_import_says_so_and_keeps_what_it_brought():
    with o365.made() as world:
        rules(world, autoConfirmExactMatch=True)
        asked, job = begin(world)
        page(world, job, users=[person("1", "dana@acme.example")])
        told = {"type": "app.office365.api.error.download.users", "outcome": "FAILURE", "reason": "403"}
        o365.ack(world, job, "failed", message="Could not download users", events=[told])
        done = world.okta.get(f"/api/internal/v1/operations/{asked['id']}")
        assert (done["status"], done["result"]["message"]) == ("FAILED", "Could not download users")
        assert o365.app_user(world, DANA_ID)["externalId"] == "1"
        [event] = worlds.events(world, "system.import.complete")
        assert event["outcome"] == {"result": "FAILURE", "reason": "Could not download users"}
        assert brought(world, person("1", "dana@acme.example"))["unchanged"] == 1


def test_one_import_at_a_time_and_only_where_there_is_a_connection():
    with o365.made() as world:
        begin(world)
        got = refused(world, "POST", f"{INTERNAL}/import", {"mode": "FULL"})
        assert got[2:] == ("Api validation failed: import", ["An import is already in progress."])
        assert refused(world, "POST", f"{INTERNAL}/imports", {"type": "SOME"})[:2] == (400, "E0000001")
        assert [run["status"] for run in world.okta.get(f"{INTERNAL}/imports")] == ["RUNNING"]
    with o365.made(provisioning=None) as world:
        got = refused(world, "POST", f"{INTERNAL}/import")
        assert got[3] == ["The application does not import users."]
    with worlds.world() as world:
        wiki = world.okta.post(
            "/api/v1/apps", {"name": "bookmark", "label": "W", "settings": {"app": {"url": "https://w"}}}
        )
        assert refused(world, "POST", f"/api/internal/v1/apps/{wiki['id']}/import")[:2] == (400, "E0000001")


def test_an_app_that_goes_takes_its_imports_with_it():
    with o365.made() as world:
        asked, _ = begin(world)
        world.okta.post(f"{APP}/lifecycle/deactivate")
        world.clock.advance(minutes=6)
        assert o365.lease(world, kinds=["users.import"]) == []
        assert world.okta.get(f"/api/internal/v1/operations/{asked['id']}")["status"] == "FAILED"
        world.okta.delete(APP)
        store = world.database.store("okta:acme")
        assert store.all(store.kinds["imports"]) == []


# -- schedules -----------------------------------------------------------------------------------------------------


def test_imports_by_schedule():
    with o365.made() as world:
        at = f"{APP}/features/INBOUND_PROVISIONING"
        schedule = {"status": "ENABLED", "fullImport": {"expression": "30 9 * * thu", "timezone": "UTC"},
                    "incrementalImport": {"expression": "0 * * * *", "timezone": "America/New_York"}}  # fmt: skip
        shown = world.okta.put(at, {"importSettings": {"schedule": schedule}})["capabilities"]
        assert shown["importSettings"]["schedule"] == schedule
        assert o365.lease(world, kinds=["users.import"]) == []
        world.clock.advance(minutes=30)
        [job] = o365.lease(world, kinds=["users.import"])
        assert job["desired"]["mode"] == "FULL"
        world.clock.advance(minutes=30)
        [again] = o365.lease(world, kinds=["users.import"])  # the lease is over; the hourly one waits its turn
        assert again["id"] == job["id"]
        page(world, again, last=True)
        o365.ack(world, again)
        world.clock.advance(hours=1)
        [hourly] = o365.lease(world, kinds=["users.import"])
        assert hourly["desired"]["mode"] == "INCREMENTAL"
        page(world, hourly, last=True)
        o365.ack(world, hourly)
        assert [run["trigger"] for run in world.okta.get(f"{INTERNAL}/imports")] == ["SCHEDULED", "SCHEDULED"]
        world.okta.put(at, {"importSettings": {"schedule": {"status": "DISABLED", "fullImport": None}}})
        world.clock.advance(hours=24 * 8)
        assert o365.lease(world, kinds=["users.import"]) == []


@pytest.mark.parametrize(
    ("expression", "zone"),
    [("", "UTC"), ("* * * *", "UTC"), ("60 * * * *", "UTC"), ("5-1 * * * *", "UTC"), ("*/0 * * * *", "UTC"),
     ("a * * * *", "UTC"), ("0 0 30 feb *", "UTC"), ("0 0 * * *", "Mars/Olympus"), ("0 0 * * *", "../etc/passwd")],
)  # fmt: skip
def test_schedules_that_cannot_be(expression: str, zone: str):
    with o365.made() as world:
        schedule = {"status": "ENABLED", "fullImport": {"expression": expression, "timezone": zone}}
        body = {"importSettings": {"schedule": schedule}}
        assert refused(world, "PUT", f"{APP}/features/INBOUND_PROVISIONING", body)[:2] == (400, "E0000001")


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("expression", "zone", "now", "then"),
    [
        ("0 0 * * *", "UTC", 0, 24 * HOUR),
        ("*/15 * * * *", "UTC", 1, HOUR // 4),
        ("0 21 * * mon-fri", "UTC", 0, 21 * HOUR),  # the epoch was a Thursday
        ("0 0 * * 0", "UTC", 0, 3 * 24 * HOUR),
        ("0 0 * * 7", "UTC", 0, 3 * 24 * HOUR),
        ("0 0 1 * 6", "UTC", HOUR, 2 * 24 * HOUR),  # either of the two days
        ("0 9 * jan,mar *", "Europe/Oslo", 0, 8 * HOUR),
        ("30 2,4 ? * ?", "UTC", 3 * HOUR, 4 * HOUR + HOUR // 2),
    ],
)
def test_when_a_schedule_is_due(expression: str, zone: str, now: int, then: int):
    assert cron.parse(expression, zone).after(now) == then
