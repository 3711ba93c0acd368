"""Tasks: what a failed push leaves on the dashboard, and how it goes again."""

from tests.okta import o365, worlds
from tests.okta.o365 import ack, app_user, assign, lease, work
from tests.okta.worlds import DANA_ID, SAM_ID, refused

TASKS = "/api/internal/v1/tasks"
INNER = (
    "Could not push profile for Office 365 user sam@acme.example, received error: Property usageLocation is invalid."
)


def fail(world, user_id=SAM_ID, **report):
    assign(world, user_id)
    [job] = lease(world)
    ack(world, job, "failed", **{"message": INNER, "errorCode": "Request_BadRequest", **report})
    return job


def test_a_failure_becomes_a_task_in_the_documented_words():
    with o365.made() as world:
        events = [{"type": "app.office365.api.error.push.profile", "outcome": "FAILURE", "reason": INNER}]
        fail(world, events=events)
        [task] = world.okta.get(TASKS)
        assert task["message"] == (
            f"Automatic provisioning of user Sam Okoro to app Microsoft Office 365 failed: {INNER}"
        )
        assert (task["type"], task["status"], task["errorCode"], task["attempts"]) == (
            "PUSH_NEW_USER", "FAILED", "Request_BadRequest", 1,
        )  # fmt: skip
        assert task["app"] == {"id": o365.APP_ID, "name": "office365", "label": "Microsoft Office 365"}
        assert task["user"] == {"id": SAM_ID, "login": "sam@acme.example", "displayName": "Sam Okoro"}
        assert world.okta.get(f"{TASKS}/{task['id']}") == task
        found = app_user(world, SAM_ID)
        assert (found["status"], found["syncState"]) == ("PENDING", "ERROR")
        [row] = [r for r in world.journal(stream="system_log") if r["type"] == "app.office365.api.error.push.profile"]
        assert row["why"]["rule"] == INNER and row["doc"]["outcome"]["reason"] == INNER


def test_a_text_that_is_framed_already_stays():
    with o365.made() as world:
        framed = "Automatic profile push of user Sam Okoro to app X failed: something"
        fail(world, message=framed)
        assert world.okta.get(TASKS)[0]["message"] == framed


def test_retry_does_the_work_with_the_state_of_today_and_the_task_disappears():
    with o365.made() as world:
        fail(world)
        [task] = world.okta.get(TASKS)
        again = world.okta.post(f"{TASKS}/{task['id']}/retry")
        assert again["status"] == "RETRYING" and app_user(world, SAM_ID)["syncState"] == "SYNCING"
        assert refused(world, "POST", f"{TASKS}/{task['id']}/retry")[:2] == (400, "E0000001")
        world.okta.post(f"{o365.APP}/users/{SAM_ID}", {"profile": {"licenses": ["E3"]}})
        [job] = work(world)
        assert job["desired"]["profile"]["licenses"] == ["E3"]
        assert world.okta.get(TASKS) == []
        assert world.okta.get(f"{TASKS}?status=COMPLETED")[0]["id"] == task["id"]


def test_a_second_failure_counts_on_the_same_task():
    with o365.made() as world:
        fail(world)
        [task] = world.okta.get(TASKS)
        world.okta.post(f"{TASKS}/{task['id']}/retry")
        [job] = lease(world)
        ack(world, job, "failed", message="again", app_user={"externalId": "ms-1"})
        [task] = world.okta.get(TASKS)
        assert (task["attempts"], task["status"], task["type"]) == (2, "FAILED", "PUSH_NEW_USER")
        assert app_user(world, SAM_ID)["externalId"] == "ms-1"


def test_many_are_retried_at_once_and_lists_filter():
    with o365.made() as world:
        for user_id in (SAM_ID, DANA_ID):
            fail(world, user_id)
        assert len(world.okta.get(f"{TASKS}?type=PUSH_NEW_USER&appId={o365.APP_ID}&q=dana")) == 1
        assert world.okta.get(f"{TASKS}?appId=0oaother") == []
        page = world.okta.call("GET", f"{TASKS}?limit=1")
        assert len(page.all_headers("link")) == 2
        assert world.okta.post(f"{TASKS}/retry", {"appId": o365.APP_ID, "type": "DEACTIVATE_USER"}) == {"retried": 0}
        assert world.okta.post(f"{TASKS}/retry", {"appId": o365.APP_ID}) == {"retried": 2}
        assert len(work(world)) == 2 and world.okta.get(TASKS) == []


def test_a_failed_deactivation_can_be_retried_without_the_assignment():
    with o365.made() as world:
        assign(world, SAM_ID)
        work(world)
        world.okta.delete(f"{o365.APP}/users/{SAM_ID}")
        [job] = lease(world)
        ack(world, job, "failed", message="403")
        [task] = world.okta.get(TASKS)
        assert task["type"] == "DEACTIVATE_USER" and "deprovisioning" in task["message"]
        world.okta.post(f"{TASKS}/{task['id']}/retry")
        [again] = lease(world)
        assert (again["kind"], again["subject"]) == (job["kind"], job["subject"])


def test_dismissing_and_what_cannot_be_retried():
    with o365.made() as world:
        fail(world)
        [task] = world.okta.get(TASKS)
        world.okta.delete(f"{o365.APP}/users/{SAM_ID}")
        assert refused(world, "POST", f"{TASKS}/{task['id']}/retry")[:2] == (409, "E0000195")
        assert world.okta.call("DELETE", f"{TASKS}/{task['id']}").status == 204
        assert world.okta.get(TASKS) == [] and "system.org.task.remove" in worlds.kinds(world)
        assert refused(world, "GET", f"{TASKS}/tsknothing")[:2] == (404, "E0000007")
