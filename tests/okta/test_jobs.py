"""The job port: leases, checkpoints, reports, and what waits for what."""

import orjson
import pytest

from tests.okta import o365, worlds
from tests.okta.o365 import ack, answer, app_user, assign, lease, work
from tests.okta.worlds import DANA_ID, SAM_ID


def conflict(status_and_body):
    status, body = status_and_body
    assert (status, body["errorCode"]) == (409, "E0000195"), body
    return body["errorCauses"][0]["errorSummary"]


def test_agents_need_the_agent_token():
    with o365.made() as world:
        for headers in ({"authorization": "Bearer wrong"}, {"authorization": f"SSWS {worlds.TOKEN}"}):
            got = world.okta.call("POST", "/_lab/agent/jobs/lease", {}, headers=headers)
            assert got.status == 401 and orjson.loads(got.body)["errorCode"] == "E0000011"


def test_a_push_carries_all_that_a_connector_needs():
    with o365.made() as world:
        assign(world, DANA_ID, profile={"licenses": ["SPE_E5"]})
        [job] = lease(world)
        assert (job["kind"], job["attempt"], job["steps"]) == ("user.push", 1, {})
        assert job["lease"]["expiresAt"] == "2026-01-15T09:05:00.000Z" and job["lease"]["epoch"] == 0
        assert job["subject"] == {
            "appId": o365.APP_ID, "userId": DANA_ID, "appUserId": f"{o365.APP_ID}.{DANA_ID}",
            "userName": "dana@acme.example", "externalId": None, "displayName": "Dana Reyes",
        }  # fmt: skip
        assert job["desired"] == {
            "userName": "dana@acme.example", "provisioningType": "PROFILE_SYNC", "accountEnabled": True,
            "profile": {
                "immutableId": worlds.DANA_GUID, "usageLocation": "NL", "firstName": "Dana", "lastName": "Reyes",
                "displayName": "Dana Reyes", "licenses": ["SPE_E5"], "roles": None,
            },
        }  # fmt: skip
        assert job["settings"]["msftTenant"] == "acme" and job["settings"]["label"] == "Microsoft Office 365"
        assert job["secret"] == {"tenant": "acme.onmicrosoft.com", **o365.CLIENTS["provisioning"]}


def test_licences_only_pushes_no_profile():
    provisioning = {"type": "LICENSE_ONLY", "create": True, "update": True, "deactivate": True}
    with o365.made(provisioning=provisioning) as world:
        features = world.okta.get(o365.APP)["features"]
        assert features == ["PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "IMPORT_USER_SCHEMA"]
        assign(world, DANA_ID, profile={"licenses": ["F3"]})
        [job] = lease(world)
        assert job["desired"]["profile"] == {"licenses": ["F3"], "roles": None}
        assert job["desired"]["provisioningType"] == "LICENSE_ONLY"


def test_kinds_and_max_choose():
    with o365.made() as world:
        for user_id in (DANA_ID, SAM_ID):
            assign(world, user_id)
        assert lease(world, kinds=["domains.fetch"]) == []
        assert len(lease(world, kinds=["user.push"], max=5)) == 2
        for body in ({"max": 0}, {"max": 101}, {"kinds": "user.push"}):
            assert answer(world, "/lease", body)[0] == 400


def test_looking_for_work_writes_nothing():
    """A commit would wake the very pump that looks."""
    with o365.made() as world:
        woken = []
        world.database.on_commit.append(lambda: woken.append(1))
        assert lease(world) == [] and woken == []
        assign(world, DANA_ID)
        assert woken


def test_a_leased_job_is_nobody_elses_until_the_lease_ends():
    with o365.made() as world:
        assign(world, SAM_ID)
        [job] = lease(world)
        assert lease(world) == []
        assert answer(world, "/lease", {})[1]["next_due"] == job["lease"]["expiresAt"]
        world.clock.advance(minutes=5)
        assert "expired" in conflict(
            answer(world, f"/{job['id']}/step", {"lease": job["lease"]["token"], "name": "x", "result": {}})
        )
        [again] = lease(world)
        assert (again["id"], again["attempt"]) == (job["id"], 2)
        stale = {"lease": job["lease"]["token"], "outcome": "done"}
        assert "not the one" in conflict(answer(world, f"/{job['id']}/ack", stale))
        ack(world, again)
        assert answer(world, f"/{job['id']}/ack", stale)[0] == 404


def test_a_restore_takes_leases_away():
    with o365.made() as world:
        assign(world, SAM_ID)
        [job] = lease(world)
        world.snapshot("leased")
        world.restore("leased")
        body = {"lease": job["lease"]["token"], "outcome": "done"}
        assert "restored" in conflict(answer(world, f"/{job['id']}/ack", body))
        [again] = lease(world)
        assert again["id"] == job["id"] and again["lease"]["epoch"] == job["lease"]["epoch"] + 1


def test_steps_are_kept_and_the_first_of_a_name_wins():
    with o365.made() as world:
        assign(world, SAM_ID)
        [job] = lease(world)
        step = {"lease": job["lease"]["token"], "name": "create", "result": {"id": "1"}}
        assert answer(world, f"/{job['id']}/step", step) == (200, {"steps": {"create": {"id": "1"}}})
        assert answer(world, f"/{job['id']}/step", {**step, "result": {"id": "2"}})[1]["steps"]["create"] == {"id": "1"}
        assert answer(world, f"/{job['id']}/step", {**step, "name": ""})[0] == 400
        ack(world, job, "retry")
        world.clock.advance(minutes=1)
        [again] = lease(world)
        assert again["steps"] == {"create": {"id": "1"}} and again["attempt"] == 2


def test_retry_waits_until_it_is_told_or_backs_off():
    with o365.made() as world:
        assign(world, SAM_ID)
        [job] = lease(world)
        ack(world, job, "retry", retry_at="2026-01-15T10:00:00Z", message="429")
        assert answer(world, "/lease", {}) == (200, {"jobs": [], "next_due": "2026-01-15T10:00:00.000Z", "held": 0})
        assert app_user(world, SAM_ID)["syncState"] == "SYNCING"
        world.clock.advance(hours=1)
        [job] = lease(world)
        body = {"lease": job["lease"]["token"], "outcome": "retry", "retry_at": "soon"}
        assert answer(world, f"/{job['id']}/ack", body)[0] == 400
        ack(world, job, "retry")
        assert answer(world, "/lease", {})[1]["next_due"] == "2026-01-15T10:02:00.000Z"


def test_a_newer_state_replaces_a_pending_job_and_follows_a_leased_one():
    with o365.made() as world:
        assign(world, SAM_ID)
        world.okta.post(f"{o365.APP}/users/{SAM_ID}", {"profile": {"licenses": ["E3"]}})
        [job] = lease(world, max=5)
        assert job["desired"]["profile"]["licenses"] == ["E3"]
        world.okta.post(f"{o365.APP}/users/{SAM_ID}", {"profile": {"licenses": ["E5"]}})
        assert lease(world) == []
        ack(world, job, app_user={"externalId": "ms-1"})
        assert app_user(world, SAM_ID)["syncState"] == "SYNCING"
        [newer] = lease(world)
        assert newer["desired"]["profile"]["licenses"] == ["E5"] and newer["subject"]["externalId"] == "ms-1"
        ack(world, newer)
        assert app_user(world, SAM_ID)["syncState"] == "SYNCHRONIZED"


def test_done_writes_back_what_the_connector_learnt_and_logs_its_events():
    with o365.made() as world:
        assign(world, SAM_ID)
        [job] = lease(world)
        events = [{"type": "application.provision.user.push", "outcome": "SUCCESS", "debug": {"n": 1}}]
        ack(world, job, app_user={"externalId": "ms-1", "profile": {"displayName": "Samuel", "x": 1}}, events=events)
        found = app_user(world, SAM_ID)
        assert (found["externalId"], found["profile"]["displayName"]) == ("ms-1", "Samuel") and "x" not in found[
            "profile"
        ]
        [event] = worlds.events(world, "application.provision.user.push")
        assert [item["type"] for item in event["target"]] == ["AppUser", "AppInstance", "User"]
        assert event["actor"]["id"] == "SystemPrincipal" and event["transaction"]["type"] == "JOB"
        assert event["debugContext"]["debugData"]["n"] == "1"


def test_reports_are_checked():
    with o365.made() as world:
        assign(world, SAM_ID)
        [job] = lease(world)
        for body in ({"outcome": "maybe"}, {"outcome": "done", "events": {}}, {"outcome": "done", "result": []},
                     {"outcome": "done", "events": [{"type": "nothing"}]}):  # fmt: skip
            assert answer(world, f"/{job['id']}/ack", {"lease": job["lease"]["token"], **body})[0] == 400, body
        assert answer(world, "/jobnothing/ack", {"lease": "x", "outcome": "done"})[0] == 404


def test_unassigning_deactivates_accounts_and_nothing_else():
    with o365.made() as world:
        assign(world, SAM_ID)
        world.okta.delete(f"{o365.APP}/users/{SAM_ID}")
        assert lease(world) == []
        assign(world, SAM_ID)
        work(world)
        world.okta.delete(f"{o365.APP}/users/{SAM_ID}")
        [job] = lease(world)
        assert (job["kind"], job["desired"]) == ("user.deactivate", {"action": "BLOCK_SIGN_IN"})
        assert job["subject"]["externalId"] == "ms-sam@acme.example"


def test_an_account_made_while_its_assignment_ended_is_deactivated():
    with o365.made() as world:
        assign(world, SAM_ID)
        [job] = lease(world)
        world.okta.delete(f"{o365.APP}/users/{SAM_ID}")
        ack(world, job, app_user={"externalId": "ms-1"})
        [after] = lease(world)
        assert (after["kind"], after["subject"]["externalId"]) == ("user.deactivate", "ms-1")


def test_a_grace_period_is_a_job_for_later_that_reassigning_cancels():
    action = "BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE_AFTER_GRACE"
    provisioning = {"create": True, "update": True, "deactivate": True, "action": action, "gracePeriodDays": 3}
    with o365.made(provisioning=provisioning) as world:
        for user_id in (SAM_ID, DANA_ID):
            assign(world, user_id)
        work(world)
        for user_id in (SAM_ID, DANA_ID):
            world.okta.delete(f"{o365.APP}/users/{user_id}")
        assert [job["desired"] for job in work(world)] == [{"action": "BLOCK_SIGN_IN"}] * 2
        assert answer(world, "/lease", {})[1]["next_due"] == "2026-01-18T09:00:00.000Z"
        assign(world, SAM_ID)
        assert [job["kind"] for job in work(world)] == ["user.push"]
        world.clock.advance(days=3)
        [job] = lease(world)
        assert job["desired"] == {"action": "BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE"}
        assert job["subject"]["userId"] == DANA_ID
        assert worlds.kinds(world).count("application.provision.user.delete.schedule") == 2


def test_nothing_is_pushed_where_provisioning_is_off():
    with o365.made() as world:
        assign(world, SAM_ID)
        work(world)
        world.okta.post(f"{o365.APP}/connections/default/lifecycle/deactivate")
        assert world.okta.get(o365.APP)["features"] == []
        world.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"lastName": "X"}})
        world.okta.delete(f"{o365.APP}/users/{SAM_ID}")
        assert lease(world) == []


def test_switching_provisioning_off_holds_what_is_pending():
    """F-61: the first step of a repair."""
    with o365.made() as world:
        assign(world, SAM_ID)
        world.okta.post(f"{o365.APP}/connections/default/lifecycle/deactivate")
        assert lease(world) == []
        world.okta.post(f"{o365.APP}/connections/default/lifecycle/activate")
        assert len(lease(world)) == 1


def test_a_deactivated_app_keeps_its_users_jobs_until_it_is_active_again():
    with o365.made() as world:
        assign(world, SAM_ID)
        world.okta.post(f"{o365.APP}/lifecycle/deactivate")
        assert answer(world, "/lease", {}) == (200, {"jobs": [], "next_due": None, "held": 0})
        world.okta.post(f"{o365.APP}/lifecycle/activate")
        assert len(lease(world)) == 1


def test_assigned_before_create_users_waits_for_a_sync():
    """S-24."""
    provisioning = {"create": False, "update": True, "deactivate": True}
    with o365.made(provisioning=provisioning) as world:
        assign(world, SAM_ID)
        assert lease(world) == []
        body = {"create": {"lifecycleCreate": {"status": "ENABLED"}}}
        world.okta.put(f"{o365.APP}/features/USER_PROVISIONING", body)
        assert lease(world) == []
        assert world.okta.post(f"{o365.INTERNAL}/sync")["result"]["pushed"] == 1
        [job] = lease(world)
        assert job["subject"]["externalId"] is None


@pytest.mark.parametrize("seed", ["one", "two"])
def test_leases_repeat_with_the_seed(seed):
    from emulator import World

    def token():
        spec = worlds.spec()
        spec["parties"]["okta:acme"]["apps"] = [o365.seeded()]
        with World(spec, seed=seed) as world:
            assign(world, SAM_ID)
            return lease(world)[0]["lease"]["token"]

    assert token() == token()
