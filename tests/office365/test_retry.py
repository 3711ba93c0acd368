"""Throttling, outages and lost leases: retried on the servers' time, given up after a while, never done twice."""

import pytest

from emulator.kernel.clock import http_date, iso
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.problems import LabError
from emulator.office365.connector import MOST_ATTEMPTS, Connector
from emulator.wire.client import Unreachable
from tests.office365.fakes import START, Cloud, connector, finish
from tests.office365.small_graph import graph_error, reply
from tests.office365.test_push import BOB, bob, events, push

LOOK = ("GET", f"/v1.0/users/{BOB}")


def test_throttling_waits_as_long_as_microsoft_says_and_is_logged() -> None:
    cloud = Cloud()
    job = push(cloud)
    cloud.answers[LOOK] = [graph_error(429, "TooManyRequests", "Too many requests", ("Retry-After", "17"))]
    working = connector(cloud)
    done = working.run_once()
    assert done is not None
    assert (done["outcome"], done["retry_at"]) == ("retry", iso(START + 17_000))
    [ack] = job["acks"]
    assert events(ack) == [("graph.api.error.rate-limit.exceeded", "FAILURE")]
    assert working.run_once() is None
    assert working.next_due() == iso(START + 17_000)
    cloud.now += 17_000
    assert (working.run_once() or {})["outcome"] == "done"
    assert working.run_once() is None
    assert working.next_due() is None


def test_a_date_in_retry_after_is_understood() -> None:
    cloud = Cloud()
    job = push(cloud)
    cloud.answers[LOOK] = [graph_error(503, "ServiceUnavailable", "", ("Retry-After", http_date(START + 90_000)))]
    connector(cloud).run_once()
    assert job["acks"][0]["retry_at"] == iso(START + 90_000)
    assert job["acks"][0]["events"] == []


def test_back_off_doubles_by_attempt_and_is_given_up_in_the_end() -> None:
    cloud = Cloud()
    job = push(cloud)
    cloud.answers[LOOK] = [graph_error(504, "UnknownError", "") for _ in range(MOST_ATTEMPTS)]
    waits = []
    while job["ack"] is None:
        connector(cloud).run_once()
        if job["ack"] is None:
            waits.append((job["not_before"] - cloud.now) // 1000)
            cloud.now = job["not_before"]
    assert waits == [30, 60, 120, 240, 480, 960, 1920]
    assert job["ack"]["outcome"] == "failed"
    assert "Received response with HTTP status code 504" in job["ack"]["message"]
    assert events(job["ack"]) == [
        ("verify_exists", "FAILURE"),
        ("api.error.check.user.exists", "FAILURE"),
    ]


@pytest.mark.parametrize("at", [1, 2])
def test_a_lost_connection_is_retried(at: int) -> None:
    cloud = Cloud()
    job = push(cloud)
    cloud.lose_at = at
    done = connector(cloud).run_once()
    assert done is not None
    assert done["outcome"] == "retry"
    assert "connection reset" in done["message"]
    finish(cloud, job)
    assert job["ack"]["outcome"] == "done"


def test_a_busy_sign_in_service_is_retried() -> None:
    cloud = Cloud()
    job = push(cloud)
    cloud.sign_in_error = reply(429, {"error": "temporarily_unavailable"}, ("Retry-After", "5"))
    connector(cloud).run_once()
    assert job["acks"][0]["retry_at"] == iso(START + 5_000)


def test_an_account_just_made_that_the_tenant_does_not_show_yet_is_waited_for() -> None:
    cloud = Cloud()
    job = push(cloud, licenses=["ENTERPRISEPACK"])
    cloud.answers["GET", "/v1.0/subscribedSkus"] = [graph_error(503, "ServiceUnavailable", "")]
    connector(cloud).run_once()
    [user] = cloud.users.values()
    assert job["acks"][0]["app_user"] == {"externalId": user["id"]}
    hidden = f"/v1.0/users/{user['id']}"
    cloud.answers["GET", hidden] = [graph_error(404, "Request_ResourceNotFound", "not yet")]
    cloud.now += 30_000
    assert (connector(cloud).run_once() or {})["outcome"] == "retry"
    ack = finish(cloud, job)
    assert events(ack) == [("verify_exists", "SUCCESS"), ("push", "SUCCESS")]
    assert cloud.counted("POST", "/v1.0/users") == 1


class Slow(Cloud):
    """Time passes while Microsoft works."""

    def _microsoft(self, exchange: Exchange, path: str) -> Answer:
        self.now += 61_000
        return super()._microsoft(exchange, path)


def test_a_name_that_changes_between_attempts_is_looked_up_anew() -> None:
    cloud = Cloud()
    job = push(cloud, licenses=["ENTERPRISEPACK"], immutableId=None)
    cloud.answers["GET", "/v1.0/subscribedSkus"] = [graph_error(503, "ServiceUnavailable", "")]
    connector(cloud).run_once()
    job["desired"]["userName"] = "robert@acme.example"
    ack = finish(cloud, job)
    assert [user["userPrincipalName"] for user in cloud.users.values()] == [BOB, "robert@acme.example"]
    assert events(ack) == [("verify_exists", "SUCCESS"), ("push", "SUCCESS")]


def test_a_job_whose_lease_ran_out_meanwhile_is_let_go() -> None:
    cloud = Slow()
    job = push(cloud)
    done = connector(cloud).run_once()
    assert done is not None
    assert done["outcome"] == "lost"
    assert job["ack"] is None


def test_tokens_are_kept_until_shortly_before_they_expire() -> None:
    cloud = Cloud()
    user = bob(cloud)
    working = connector(cloud)
    for seconds, tokens in ((0, 1), (3_000, 1), (290, 1), (20, 2)):
        cloud.now += seconds * 1000
        push(cloud, external=user["id"])
        assert (working.run_once() or {})["outcome"] == "done"
        assert cloud.tokens == tokens


def test_a_token_that_graph_no_longer_takes_is_renewed_once() -> None:
    cloud = Cloud()
    user = bob(cloud)
    working = connector(cloud)
    push(cloud, external=user["id"])
    working.run_once()
    cloud.tokens += 1  # the kept token is not the newest any more
    push(cloud, external=user["id"])
    assert (working.run_once() or {})["outcome"] == "done"


def test_request_ids_are_guids_that_repeat_with_the_job_and_never_within_it() -> None:
    seen = []
    for _ in range(2):
        cloud = Cloud()
        push(cloud, licenses=["ENTERPRISEPACK"])
        connector(cloud).run_once()
        seen.append([headers["client-request-id"] for headers in cloud.headers])
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == len(seen[0]) >= 4
    assert all(len(item) == 36 for item in seen[0])


def test_an_org_that_refuses_the_agent_is_an_error_with_a_hint() -> None:
    class Org:
        def send(self, exchange: object) -> object:
            return reply(401, {"errorCode": "E0000011"})

    with pytest.raises(LabError) as caught:
        Connector(Org(), org="https://acme.okta.com", agent_token="wrong").run_once()  # type: ignore[arg-type]
    assert "agent_token" in caught.value.hint


def test_an_org_out_of_reach_is_unreachable() -> None:
    class Nowhere:
        def send(self, exchange: object) -> object:
            raise Unreachable("down")

    with pytest.raises(Unreachable):
        Connector(Nowhere(), org="https://acme.okta.com", agent_token="agent").run_once()  # type: ignore[arg-type]
